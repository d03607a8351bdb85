"""`tf.nn.rnn_cell.RNNCell`: what one step of a recurrent net is, and the shapes of states."""

from typing import Any, NamedTuple

from jax_slim.tf1.graph import conversion, dtypes, graphs, known_values, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, joining, layer_base, structures, variable_scope


class LSTMStateTuple(NamedTuple):
    """The state of an LSTM: the cell's memory `c` and its output `h`."""

    c: Any
    h: Any

    @property
    def dtype(self) -> Any:
        """The type of both; a TypeError if they differ."""
        if self.c.dtype != self.h.dtype:
            raise TypeError(f"Inconsistent internal state: {self.c.dtype} vs {self.h.dtype}")
        return self.c.dtype


def assert_like_rnncell(cell_name: str, cell: Any) -> None:
    """Raises TypeError unless an object can be used as a cell."""
    missing = [name for name in ("output_size", "state_size") if not hasattr(cell, name)]
    if not (hasattr(cell, "zero_state") or hasattr(cell, "get_initial_state")):
        missing.append("zero_state or get_initial_state")
    if not callable(cell):
        missing.append("a call")
    if missing:
        raise TypeError(f"The argument {cell_name!r} ({cell}) is not an RNNCell: it has no {', no '.join(missing)}.")


def join_shapes(prefix: Any, suffix: Any) -> Tensor:
    """[*prefix, *suffix] as a tensor; each is a number, a shape, or a tensor."""
    parts = [_as_vector(prefix), _as_vector(suffix)]
    if any(p is None for p in parts):
        raise ValueError(f"Provided a prefix or suffix of None: {prefix} and {suffix}")
    return joining.concat(parts, 0)


def _as_vector(part: Any) -> Any:
    if isinstance(part, Tensor):
        if part.shape.ndims == 0:
            return array.expand_dims(part, 0)
        if part.shape.ndims != 1:
            raise ValueError(f"prefix tensor must be either a scalar or vector, but saw tensor: {part}")
        return part
    shape = _as_shape(part)
    return constant_op.constant(shape.as_list(), dtype=dtypes.int32) if shape.is_fully_defined() else None


def _as_shape(part: Any) -> shapes.TensorShape:
    if isinstance(part, Tensor):
        value = known_values.constant_value(part)
        if value is None:
            return shapes.TensorShape([None]) if part.shape.ndims == 0 else shapes.unknown_shape()
        return shapes.TensorShape(value.reshape(-1).tolist())
    if part is None or isinstance(part, int) or hasattr(part, "value"):
        return shapes.TensorShape([part])
    return shapes.as_shape(part)


def join_static_shapes(prefix: Any, suffix: Any) -> shapes.TensorShape:
    """What is known of `join_shapes`."""
    return _as_shape(prefix).concatenate(_as_shape(suffix))


class RNNCell(layer_base.Layer):
    """One step of a recurrent net: `outputs, state = cell(inputs, state)`.

    A class of one's own defines `call(inputs, state)` and the properties `state_size` (a number, a shape, or a nested
    structure of them) and `output_size`.
    """

    def __init__(self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._opened: Any = None

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """One step.

        Args:
          inputs: [batch, size] (what the cell takes).
          state: in the structure of `state_size`.
          scope: the variable scope of the cell's variables, by default one named after its class.
        """
        if scope is not None:
            with variable_scope.variable_scope(scope, custom_getter=self._kept) as opened:
                return super().__call__(inputs, state, scope=opened)
        if getattr(self, "_opened", None) is None:
            self._opened = variable_scope.variable_scope(variable_scope.get_variable_scope(), custom_getter=self._kept)
        with self._opened:
            return super().__call__(inputs, state)

    def _kept(self, getter: Any, *args: Any, **kwargs: Any) -> Any:
        """Notes the variables that a step asks for as the cell's own."""
        made = getter(*args, **kwargs)
        trained = [v for v in graphs.get_collection("trainable_variables") if v is made]
        kept = self._trainable_weights if trained else self._non_trainable_weights
        if not any(v is made for v in kept):
            kept.append(made)
        return made

    @property
    def state_size(self) -> Any:
        """The size of the state: a number, a shape, or a structure of them."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        """The size of the outputs."""
        raise NotImplementedError("Abstract method")

    def build(self, _: Any) -> None:
        """Variables are made by `call`."""
        self.built = True

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """`zero_state` for a batch like `inputs`, or of a size and type."""
        if inputs is not None:
            inputs = conversion.convert_to_tensor(inputs, name="inputs")
            if batch_size is None:
                batch_size = inputs.shape[0].value or array.shape(inputs)[0]
            dtype = inputs.dtype if dtype is None else dtype
            if inputs.dtype.base_dtype != dtypes.as_dtype(dtype).base_dtype:
                raise ValueError(f"dtype {dtype} must be that of the inputs, {inputs.dtype}.")
        if batch_size is None or dtype is None:
            raise ValueError(
                f"batch_size and dtype cannot be None while constructing initial state: batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """A state of zeros [batch_size, ...], in the structure of `state_size`."""
        with graphs.name_scope(f"{type(self).__name__}ZeroState", None, [batch_size]):
            return zero_state_tensors(self.state_size, batch_size, dtype)


def zero_state_tensors(state_size: Any, batch_size: Any, dtype: Any) -> Any:
    """Zeros for each size of a structure."""

    def zeros(size: Any) -> Tensor:
        tensor = constant_op.zeros(join_shapes(batch_size, size), dtype=dtype)
        tensor.set_shape(join_static_shapes(batch_size, size))
        return tensor

    return structures.map_structure(zeros, state_size)


class LayerRNNCell(RNNCell):
    """A cell that makes its variables in `build`, as layers do."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        return layer_base.Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)


def input_depth(inputs_shape: Any) -> int:
    """The last size of a step's inputs.

    Raises:
      ValueError: it is not known.
    """
    shape = shapes.as_shape(inputs_shape)
    size = shape[-1].value if shape.ndims else None
    if size is None:
        raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {shape}")
    return size
