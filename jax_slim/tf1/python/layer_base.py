"""`tf.layers.Layer`: variables made at the first call, in a scope that the layer keeps; what layers ask of their inputs."""

import re
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import initializers, variable_scope
from jax_slim.tf1.python.partitioned import PartitionedVariable
from jax_slim.tf1.python.variables import Variable

_names: Any = weakref.WeakKeyDictionary()  # graph -> how often each layer name was given


def snake_case(name: str) -> str:
    """`BatchNormalization` as `batch_normalization`."""
    text = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    text = re.sub("([a-z])([A-Z])", r"\1_\2", text).lower()
    return f"private{text}" if text.startswith("_") else text


def unique_name(name: str, zero_based: bool = False) -> str:
    """The name with a number that no layer of the graph has got yet: `dense_1`, or with `zero_based` first `dense`."""
    counts = _names.setdefault(graphs.get_default_graph(), {})
    while True:
        if zero_based:
            number = counts.get(name, -1) + 1
            found = name if number == 0 else f"{name}_{number}"
        else:
            number = counts.get(name, 0) + 1
            found = f"{name}_{number}"
        counts[name] = number
        return found


def reset_names() -> None:
    """Has names of layers of the default graph begin again."""
    _names.pop(graphs.get_default_graph(), None)


class InputSpec:
    """What a layer asks of an input: type, rank, shape, sizes of some axes."""

    def __init__(self, dtype: Any = None, shape: Any = None, ndim: int | None = None, max_ndim: int | None = None,
                 min_ndim: int | None = None, axes: dict[int, Any] | None = None) -> None:  # fmt: skip
        self.dtype = None if dtype is None else dtypes.as_dtype(dtype).name
        self.shape = shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(k): v for k, v in (axes or {}).items()}

    def check(self, index: int, tensor: Tensor, layer: str) -> None:
        """Raises ValueError where an input does not fit."""
        start = f"Input {index} of layer {layer} is incompatible with the layer: "
        ndim = tensor.shape.ndims
        if self.ndim is None and self.min_ndim is None and self.max_ndim is None and not self.axes:
            return
        if ndim is None:
            raise ValueError(f"{start}its rank is undefined, but the layer requires a defined rank.")
        full = f"Full shape received: {tensor.shape.as_list()}"
        if self.ndim is not None and ndim != self.ndim:
            raise ValueError(f"{start}expected ndim={self.ndim}, found ndim={ndim}. {full}")
        if self.max_ndim is not None and ndim > self.max_ndim:
            raise ValueError(f"{start}expected max_ndim={self.max_ndim}, found ndim={ndim}")
        if self.min_ndim is not None and ndim < self.min_ndim:
            raise ValueError(f"{start}: expected min_ndim={self.min_ndim}, found ndim={ndim}. {full}")
        if self.dtype is not None and tensor.dtype.base_dtype.name != self.dtype:
            raise ValueError(f"{start}expected dtype={self.dtype}, found dtype={tensor.dtype}")
        sizes = tensor.shape.as_list()
        for axis, value in self.axes.items():
            value = shapes.dimension_value(value)
            if value is not None and sizes[axis] not in (value, None):
                raise ValueError(
                    f"{start}expected axis {axis} of input shape to have value {value} but received input with shape {sizes}"
                )
        for asked, size in zip(self.shape or [], sizes, strict=False):
            if asked is not None and size is not None and asked != size:
                raise ValueError(f"{start}expected shape={self.shape}, found shape={sizes}")


def flatten(values: Any) -> list[Any]:
    """The entries of nested lists, tuples and dicts."""
    if isinstance(values, dict):
        return [v for key in sorted(values) for v in flatten(values[key])]
    if isinstance(values, list | tuple):
        return [v for entry in values for v in flatten(entry)]
    return [values]


class Call(NamedTuple):
    """What a layer was called with, and gave."""

    inputs: Any
    outputs: Any
    args: tuple[Any, ...] = ()
    kwargs: Any = None


class Layer:
    """A layer: `build(input_shape)` makes its variables by `add_weight`, `call(inputs)` its operations.

    Args:
      trainable: whether its variables are part of the trainable ones.
      name: names its scope; by default the class's name, made unique.
      dtype: of its variables; by default the first input's.
      _scope, _reuse: the variable scope that it lives in, and whether its variables are there already.
    """

    def __init__(self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self._activity_regularizer = kwargs.pop("activity_regularizer", None)
        input_shape, whole_shape = kwargs.pop("input_shape", None), kwargs.pop("batch_input_shape", None)
        kwargs.pop("weights", None)
        if kwargs:
            raise TypeError("Keyword argument not understood:", next(iter(kwargs)))
        self._batch_input_shape = whole_shape if input_shape is None else (None, *input_shape)
        self.trainable, self.built, self.input_spec, self.stateful = trainable, False, None, False
        self._dtype = None if dtype is None else dtypes.as_dtype(dtype).name
        self._trainable_weights: list[Any] = []
        self._non_trainable_weights: list[Any] = []
        self._updates: list[Any] = []
        self._losses: list[Any] = []
        self._graph = graphs.get_default_graph()
        self._scope: Any = None
        self._current_scope: Any = None
        self._always_reuse: Any = None
        self._inbound: list[Call] = []
        self._use_resource_variables = False
        self._set_name(name)
        if scope is not None and scope != "":
            with variable_scope.variable_scope(scope) as captured:
                self._scope = captured

    def _set_name(self, name: Any) -> None:
        if isinstance(name, variable_scope.VariableScope):
            name = name.name
        self._base_name = name
        if not name:
            self._base_name = snake_case(type(self).__name__)
            name = unique_name(self._base_name)
        self._name = name

    name = property(lambda self: self._name)
    dtype = property(lambda self: self._dtype)
    graph = property(lambda self: self._graph)
    activity_regularizer = property(lambda self: self._activity_regularizer)

    @property
    def scope_name(self) -> str:
        if self._scope is None:
            raise ValueError(
                f'No name available for layer scope because the layer "{self._name}" has not been used yet. The scope name is determined the first time the layer instance is called.'
            )
        return self._scope.name

    @property
    def updates(self) -> list[Any]:
        return list(self._updates) if self.trainable or self.stateful else []

    @property
    def losses(self) -> list[Any]:
        return list(self._losses)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        return self.updates

    def get_losses_for(self, inputs: Any) -> list[Any]:
        return list(self._losses)

    @property
    def trainable_weights(self) -> list[Any]:
        return list(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        return (
            list(self._non_trainable_weights)
            if self.trainable
            else self._trainable_weights + self._non_trainable_weights
        )

    weights = property(lambda self: self.trainable_weights + self.non_trainable_weights)
    variables = property(lambda self: self.weights)
    trainable_variables = property(lambda self: self.trainable_weights)
    non_trainable_variables = property(lambda self: self.non_trainable_weights)

    def count_params(self) -> int:
        """The number of elements of its variables."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. You can build it manually via: `{self.name}.build(batch_input_shape)`."
            )
        return int(sum(np.prod(w.get_shape().as_list()) for w in self.weights))

    def get_weights(self) -> list[Any]:
        """The values of its variables in the default session."""
        session = graphs.get_default_session()
        return session.run(self.weights)

    def set_weights(self, weights: Any) -> None:
        """Gives its variables values in the default session."""
        for variable, value in zip(self.weights, weights, strict=True):
            variable.load(value, graphs.get_default_session())

    @property
    def input(self) -> Any:
        return self._inbound[0][0]

    @property
    def output(self) -> Any:
        return self._inbound[0][1]

    input_shape = property(lambda self: tuple(self.input.shape.as_list()))
    output_shape = property(lambda self: tuple(self.output.shape.as_list()))

    def build(self, input_shape: Any) -> None:
        """Makes the variables; called once, before the first `call`."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Makes the operations; what it gives is what the layer gives."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Keeps operations that change variables, and adds them to the collection UPDATE_OPS."""
        made = [
            u() if callable(u) and not isinstance(u, Tensor) else u
            for u in (updates if isinstance(updates, list | tuple) else [updates])
        ]
        made = [getattr(u, "op", u) if isinstance(u, Tensor) else u for u in made if u is not None]
        self._updates.extend(made)
        if self.trainable or self.stateful:
            self._collect(made, GraphKeys.UPDATE_OPS)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Keeps losses, and adds them to the collection REGULARIZATION_LOSSES."""
        made = [
            loss() if callable(loss) and not isinstance(loss, Tensor) else loss
            for loss in (losses if isinstance(losses, list | tuple) else [losses])
        ]
        made = [loss for loss in made if loss is not None]
        self._losses.extend(made)
        self._collect(made, GraphKeys.REGULARIZATION_LOSSES)

    def _collect(self, elements: list[Any], collection: str) -> None:
        there = set(map(id, graphs.get_collection(collection)))
        for element in elements:
            if id(element) not in there:
                graphs.add_to_collection(collection, element)

    def _name_scope(self) -> str:
        return self._current_scope.original_name_scope

    def _set_scope(self, scope: Any = None) -> None:
        if self._scope is not None:
            return
        if self._reuse:
            opened = variable_scope.variable_scope(scope if scope is not None else self._base_name)
        else:
            opened = variable_scope.variable_scope(scope, default_name=self._base_name)
        with opened as captured:
            self._scope = captured

    def add_weight(self, name: str, shape: Any, dtype: Any = None, initializer: Any = None, regularizer: Any = None, trainable: bool | None = None,
                   constraint: Any = None, use_resource: bool | None = None, synchronization: Any = None, aggregation: Any = None,
                   partitioner: Any = None, **kwargs: Any) -> Any:  # fmt: skip
        """A variable of the layer, made by `get_variable` in its scope, with the regularizer's loss where it is new."""
        if trainable is None:
            trainable = synchronization != 3
        elif trainable and synchronization == 3:
            raise ValueError("Synchronization value can be set to VariableSynchronization.ON_READ only for non-trainable variables. "
                             "You have specified trainable=True and synchronization=VariableSynchronization.ON_READ.")  # fmt: skip
        there = set(map(id, graphs.get_collection(GraphKeys.GLOBAL_VARIABLES))) if regularizer else set()
        kind = dtypes.as_dtype(dtype or self._dtype or dtypes.float32)
        self._set_scope(None)
        reuse = self.built or self._reuse
        with variable_scope.variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            with graphs.name_scope(self._name_scope()):
                if initializer is None:
                    initializer = scope.initializer
                initializer = initializers.get(initializer)
                if initializer is None and not kind.is_floating and not (kind.is_integer or kind.is_bool):
                    raise ValueError(
                        f"An initializer for variable {name} of type {kind.base_dtype} is required for layer {self.name}"
                    )
                made = variable_scope.get_variable(
                    name, shape=shape, dtype=kind, initializer=initializer, constraint=constraint, trainable=bool(trainable and self.trainable),
                    partitioner=partitioner, use_resource=use_resource or self._use_resource_variables or scope.use_resource or None,
                    synchronization=synchronization, aggregation=aggregation)  # fmt: skip
                parts = list(made) if isinstance(made, PartitionedVariable) else [made]
                if regularizer and not any(id(p) in there for p in parts):
                    self._add_regularization(name, parts, regularizer)
                # A custom getter may have decided otherwise.
                trained = graphs.get_collection(GraphKeys.TRAINABLE_VARIABLES)
                is_trained = bool(trainable and self.trainable) and (
                    any(p is t for p in parts for t in reversed(trained)) or not isinstance(made, Variable)
                )
                (
                    self._trainable_weights
                    if is_trained or (trainable and not self.trainable)
                    else self._non_trainable_weights
                ).extend(parts)
        return made

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """`add_weight`, by its first name."""
        return self.add_weight(*args, **kwargs)

    def _add_regularization(self, name: str, parts: list[Any], regularizer: Callable[[Any], Any]) -> None:
        for part in parts:

            def loss(part: Any = part) -> Any:
                with graphs.name_scope(name + "/Regularizer"):
                    return regularizer(part)

            self.add_loss(loss)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Makes the operations for inputs, at the first call the variables too."""
        scope_given = kwargs.pop("scope", None)
        tensors = flatten(inputs)
        graph = graphs.graph_of(tensors)
        with graph.as_default():
            self._set_scope(scope_given)
            if self.built:
                if self._always_reuse is None:
                    self._always_reuse = variable_scope.variable_scope(
                        self._scope, reuse=True, auxiliary_name_scope=False
                    )
                entered = self._always_reuse
            else:
                entered = variable_scope.variable_scope(self._scope, reuse=self._reuse, auxiliary_name_scope=False)
            with entered as scope:
                self._current_scope = scope
                return self._called(inputs, tensors, args, kwargs)

    def _called(self, inputs: Any, tensors: list[Any], args: Any, kwargs: Any) -> Any:
        if any(isinstance(t, np.ndarray | float | int) for t in tensors) and not isinstance(
            inputs, list | tuple | dict
        ):
            inputs = conversion.convert_to_tensor(inputs, self._dtype if isinstance(inputs, float | int) else None)
            tensors = [inputs]
        with graphs.name_scope(self._name_scope()):
            if not self.built:
                self._check(tensors)
                if self._dtype is None and tensors and hasattr(tensors[0], "dtype"):
                    self._dtype = dtypes.as_dtype(tensors[0].dtype).base_dtype.name
                found = [t.get_shape() for t in tensors if hasattr(t, "get_shape")]
                self.build(found[0] if len(tensors) == 1 and not isinstance(inputs, list | tuple) else found)
                self.built = True
            else:
                self._check(tensors)
            outputs = self.call(inputs, *args, **kwargs)
            if self._activity_regularizer is not None:
                for output in flatten(outputs):
                    with graphs.name_scope("ActivityRegularizer"):
                        self.add_loss(self._activity_regularizer(output))
        return self._remembered(inputs, tensors, outputs, args, kwargs)

    def _remembered(self, inputs: Any, tensors: list[Any], outputs: Any, args: Any, kwargs: Any) -> Any:
        """Notes a call; what comes of a `tf.keras.Input` carries (layer, number of the call) so that models find back."""
        if any(hasattr(t, "_keras_history") for t in tensors):
            from jax_slim.tf1.python import array, nest

            # A tensor that passes a layer unchanged is one tensor no more: it has two places in a model.
            outputs = nest.map_structure(lambda t: array.identity(t) if any(t is i for i in tensors) else t, outputs)
            for tensor in flatten(outputs):
                if isinstance(tensor, Tensor):
                    tensor._keras_history = (self, len(self._inbound))
        self._inbound.append(Call(inputs, outputs, args, kwargs))
        return outputs

    def _check(self, tensors: list[Any]) -> None:
        specs = self.input_spec if isinstance(self.input_spec, list | tuple) else [self.input_spec] * len(tensors)
        for place, (spec, tensor) in enumerate(zip(specs, tensors, strict=False)):
            if spec is not None and not isinstance(tensor, SparseTensor):
                spec.check(
                    place, tensor if hasattr(tensor, "shape") else conversion.convert_to_tensor(tensor), self.name
                )

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer."""
        return self(inputs, *args, **kwargs)

    def __deepcopy__(self, memo: Any) -> Any:
        copied = object.__new__(type(self))
        memo[id(self)] = copied
        import copy

        for key, value in self.__dict__.items():
            shared = key in ("_graph", "_scope", "_always_reuse", "_current_scope")
            setattr(copied, key, value if shared else copy.deepcopy(value, memo))
        return copied
