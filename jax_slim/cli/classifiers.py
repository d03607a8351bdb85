"""What says what photographs show: a net with a checkpoint, or an ONNX file."""

import argparse
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jax_slim.cli.failures import CommandError

if TYPE_CHECKING:
    from jax_slim.cli.kept_predictors import Entry
    from jax_slim.preprocessing.preparation import Preparation


class Classifier(NamedTuple):
    """A net ready to be used.

    Attributes:
      channels: that photographs are read with.
      prepare: pixels, uint8 [height, width, channels] -> what the net takes.
      probabilities: prepared photographs -> those of the classes, for each.
      labels: the name of each class, in order, or None.
    """

    channels: int
    prepare: Callable[[Any], Any]
    probabilities: Callable[[Sequence[Any]], np.ndarray]
    labels: list[str] | None


def of_checkpoint(options: argparse.Namespace, batch_size: int) -> Classifier:
    """The net of a run or checkpoint, compiled for batches of one size: other numbers of images are filled up."""
    from jax_slim.cli.inputs import preparing
    from jax_slim.cli.kept_predictors import Entry
    from jax_slim.preprocessing.preparation import Framing, Preparation

    entry = Entry(options, ["probabilities", batch_size])
    found = entry.read()
    if found is not None:
        predict, facts = found
        framing = facts["framing"] and Framing(**facts["framing"])
        preparation, labels = Preparation(**facts["preparation"])._replace(framing=framing), facts["labels"]
    else:
        predict, preparation, labels = _made(options, batch_size, entry)
    prepare = preparing(preparation)  # as in training and evaluation

    def probabilities(prepared: Sequence[Any]) -> np.ndarray:
        images = np.stack(prepared)
        images = np.pad(images, [(0, batch_size - len(images)), (0, 0), (0, 0), (0, 0)])
        return np.asarray(predict(images))[: len(prepared)]

    return Classifier(4 if preparation.channels == 4 else 3, prepare, probabilities, labels)


def _made(
    options: argparse.Namespace, batch_size: int, entry: "Entry"
) -> tuple[Callable[[Any], Any], "Preparation", list[str] | None]:
    """Prepared images -> probabilities, and what else there is to know, of the checkpoint itself."""
    import jax

    from jax_slim.cli.calibrating import calibrated
    from jax_slim.cli.runs import model_of
    from jax_slim.inference import predictor

    model, labels, _ = model_of(options, options.checkpoint_path, options.moving_average)

    def chances(images: jax.Array) -> jax.Array:
        logits, _ = model.function(images, is_training=False)
        return jax.nn.softmax(logits.reshape(logits.shape[0], logits.shape[-1]))

    preparation = model.preparation
    predict = predictor(*calibrated(chances, model, model.variables, options.calibrate))
    framing = preparation.framing and preparation.framing._asdict()
    facts = {"preparation": preparation._replace(framing=None)._asdict(), "framing": framing, "labels": labels}
    images = np.zeros((batch_size, *model.input_shape), np.float32)
    return entry.made(predict, images, facts), preparation, labels


def of_onnx(options: argparse.Namespace) -> Classifier:
    """An ONNX file that `jax-slim export` wrote, run by onnxruntime.

    Raises:
      CommandError: onnxruntime is not installed, or the file is none of these.
    """
    path = options.checkpoint_path
    try:
        import onnxruntime
    except ImportError as error:
        raise CommandError(
            f"{path}: ONNX files are run by onnxruntime ({error}). Install it: pip install onnxruntime."
        ) from None
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(path, quiet, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common class
        raise CommandError(f"{path} is no ONNX file that onnxruntime reads: {str(error).splitlines()[0]}") from None
    said = session.get_modelmeta().custom_metadata_map
    inputs, outputs = session.get_inputs(), [output.name for output in session.get_outputs()]
    if [one.name for one in inputs] != ["image"] or "logits" not in outputs or len(inputs[0].shape) != 4:
        raise CommandError(
            f"{path} is no classifier that `jax-slim export` wrote: it must take 'image' [batch, height, width, "
            f"channels] and give 'logits', got {[one.name for one in inputs]} and {outputs}."
        )
    _, height, width, channels = inputs[0].shape
    labels = json.loads(said["labels"]) if "labels" in said else None
    if options.labels:
        from jax_slim.cli.runs import read_labels

        labels = read_labels(options.labels)
    if inputs[0].type == "tensor(uint8)":
        prepare = np.asarray
    else:
        prepare = _preparation(path, options.preprocessing_name or said.get("preprocessing"), height, width, channels)

    def probabilities(prepared: Sequence[Any]) -> np.ndarray:
        # One after the other: with the preprocessing in the file, photographs come in their own sizes.
        logits = np.concatenate([session.run(["logits"], {"image": image[None]})[0] for image in prepared])
        shifted = np.exp(logits - logits.max(-1, keepdims=True))
        return shifted / shifted.sum(-1, keepdims=True)

    return Classifier(
        1 if prepare is np.asarray and channels == 1 else 4 if channels == 4 else 3, prepare, probabilities, labels
    )


def _preparation(path: str, name: str | None, height: int, width: int, channels: int) -> Callable[[Any], Any]:
    """What is done to photographs for a file that takes prepared ones."""
    from jax_slim.cli.runs import check_preprocessing
    from jax_slim.preprocessing.preprocessing_factory import get_preprocessing

    if name is None:
        raise CommandError(f"{path} takes prepared images and does not say how. Give --preprocessing_name.")
    name = name.removesuffix(" (not included)")
    check_preprocessing(name)
    function = get_preprocessing(name, False, channels == 1)
    return lambda pixels: np.asarray(function(pixels, height, width), np.float32)
