"""`tf.estimator.export`: what a served model takes and gives."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jax_slim.tf1.graph import dtypes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, parsing, saved_model
from jax_slim.tf1.python.saved_model_constants import DEFAULT_SERVING_SIGNATURE_DEF_KEY


class ExportOutput:
    """What a served model gives."""

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        """The signature for these inputs."""
        raise NotImplementedError


def _text_input(receiver_tensors: dict[str, Any], kind: str) -> Any:
    if len(receiver_tensors) != 1:
        raise ValueError(f"{kind} input must be a single string Tensor; got {receiver_tensors}")
    ((_, examples),) = receiver_tensors.items()
    if examples.dtype != dtypes.string:
        raise ValueError(f"{kind} input must be a single string Tensor; got {receiver_tensors}")
    return examples


class ClassificationOutput(ExportOutput):
    """Scores [batch, classes] and the classes' names, or one of them."""

    def __init__(self, scores: Any = None, classes: Any = None) -> None:
        if scores is None and classes is None:
            raise ValueError("At least one of scores and classes must be set.")
        if scores is not None and not (isinstance(scores, Tensor) and scores.dtype.is_floating):
            raise ValueError(f"Classification scores must be a float32 Tensor; got {scores}")
        if classes is not None and not (isinstance(classes, Tensor) and classes.dtype == dtypes.string):
            raise ValueError(f"Classification classes must be a string Tensor; got {classes}")
        self.scores, self.classes = scores, classes

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        return saved_model.classification_signature_def(
            _text_input(receiver_tensors, "Classification"), self.classes, self.scores
        )


class RegressionOutput(ExportOutput):
    """Numbers [batch]."""

    def __init__(self, value: Any) -> None:
        if not (isinstance(value, Tensor) and value.dtype.is_floating):
            raise ValueError(f"Regression output value must be a float32 Tensor; got {value}")
        self.value = value

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        return saved_model.regression_signature_def(_text_input(receiver_tensors, "Regression"), self.value)


class PredictOutput(ExportOutput):
    """Tensors by name; a tensor alone is called `output`."""

    def __init__(self, outputs: Any) -> None:
        self.outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
        for name, value in self.outputs.items():
            if not isinstance(name, str | tuple):
                raise ValueError(f"Prediction output key must be a string; got {name}.")
            if not isinstance(value, Tensor):
                raise ValueError(f"Prediction output value must be a Tensor; got {value}.")

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        return saved_model.predict_signature_def(receiver_tensors, self.outputs)


def signatures(receiver_tensors: dict[str, Any], export_outputs: Any, predictions: Any) -> dict[str, Any]:
    """The signatures of all outputs; the predictions are the default where none are named.

    Raises:
      TypeError: the outputs are no dictionary.
      ValueError: several, and none is the default.
    """
    default = DEFAULT_SERVING_SIGNATURE_DEF_KEY
    if not export_outputs:
        export_outputs = {default: PredictOutput(predictions)}
    if not isinstance(export_outputs, dict):
        raise TypeError(f"export_outputs must be dict, given: {export_outputs}")
    export_outputs = dict(export_outputs)
    if default not in export_outputs:
        if len(export_outputs) > 1:
            raise ValueError(
                "Multiple export_outputs were provided, but none of them is specified as the default. "
                "Do this by naming one of them with signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY."
            )
        export_outputs[default] = next(iter(export_outputs.values()))
    found = {}
    for name, output in export_outputs.items():
        try:
            found[name] = output.as_signature_def(receiver_tensors)
        except ValueError:  # an output that needs serialized examples, of a model that gets something else
            continue
    return found


class ServingInputReceiver(NamedTuple):
    """Features, and the tensors that are fed to get them."""

    features: Any
    receiver_tensors: Any
    receiver_tensors_alternatives: Any = None


class TensorServingInputReceiver(NamedTuple):
    """`ServingInputReceiver` of a model whose features are one tensor."""

    features: Any
    receiver_tensors: Any
    receiver_tensors_alternatives: Any = None


def receivers(given: Any) -> tuple[Any, dict[str, Any]]:
    """(features, fed tensors by name)."""
    features, fed = given.features, given.receiver_tensors
    if isinstance(features, Tensor | SparseTensor) and not isinstance(given, TensorServingInputReceiver):
        features = {"feature": features}
    return features, dict(fed) if isinstance(fed, dict) else {"input": fed}


def build_raw_serving_input_receiver_fn(features: Any, default_batch_size: int | None = None) -> Callable[[], Any]:
    """A function that makes a placeholder like each of the features, with any batch size."""

    def made() -> Any:
        def like(name: str, tensor: Any) -> Any:
            shape = tensor.get_shape().as_list()
            return array.placeholder(tensor.dtype.base_dtype, [default_batch_size, *shape[1:]], name=name)

        if not isinstance(features, dict):
            fed = like(features.op.name, features)
            return TensorServingInputReceiver(fed, fed)
        fed = {name: like(tensor.op.name or name, tensor) for name, tensor in features.items()}
        return ServingInputReceiver(fed, fed)

    return made


def build_parsing_serving_input_receiver_fn(
    feature_spec: Any, default_batch_size: int | None = None
) -> Callable[[], Any]:
    """A function that makes a placeholder for serialized tf.Examples and parses them."""

    def made() -> Any:
        serialized = array.placeholder(dtypes.string, [default_batch_size], name="input_example_tensor")
        return ServingInputReceiver(parsing.parse_example(serialized, feature_spec), {"examples": serialized})

    return made
