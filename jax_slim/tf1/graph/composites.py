"""What stands for several tensors: `SparseTensor` and `IndexedSlices`, and their values."""

from typing import Any, NamedTuple

from jax_slim.tf1.graph import conversion, dtypes, graphs, known_values, shapes
from jax_slim.tf1.graph.tensors import Tensor


class SparseTensorValue(NamedTuple):
    """The value of a `SparseTensor`: arrays of indices [n, rank], values [n] and the shape [rank]."""

    indices: Any
    values: Any
    dense_shape: Any


class SparseTensor:
    """A tensor of which only some elements are there: `indices` [n, rank] int64, `values` [n], `dense_shape` [rank] int64."""

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:

        with graphs.name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self._indices = conversion.convert_to_tensor(indices, name="indices", dtype=dtypes.int64)
            self._values = conversion.convert_to_tensor(values, name="values")
            self._dense_shape = conversion.convert_to_tensor(dense_shape, name="dense_shape", dtype=dtypes.int64)
        self._indices.shape.with_rank(2)
        self._values.shape.with_rank(1)
        self._dense_shape.shape.with_rank(1)

    indices = property(lambda self: self._indices)
    values = property(lambda self: self._values)
    dense_shape = property(lambda self: self._dense_shape)
    op = property(lambda self: self._values.op)
    dtype = property(lambda self: self._values.dtype)
    graph = property(lambda self: self._values.graph)
    shape = property(lambda self: self.get_shape())

    @classmethod
    def from_value(cls, value: Any) -> "SparseTensor":
        if isinstance(value, SparseTensor):
            return value
        if not isinstance(value, SparseTensorValue):
            raise TypeError(f"Neither a SparseTensor nor SparseTensorValue: {value}.")
        return cls(*value)

    def get_shape(self) -> shapes.TensorShape:
        return known_values.constant_value_as_shape(self._dense_shape)

    def eval(self, feed_dict: Any = None, session: Any = None) -> SparseTensorValue:
        return SparseTensorValue(*self.graph.session_for(session, "evaluate a SparseTensor").run(
            [self._indices, self._values, self._dense_shape], feed_dict))  # fmt: skip

    def __str__(self) -> str:
        return f"SparseTensor(indices={self._indices}, values={self._values}, dense_shape={self._dense_shape})"

    __repr__ = __str__


class IndexedSlicesValue(NamedTuple):
    """The value of `IndexedSlices`."""

    values: Any
    indices: Any
    dense_shape: Any


class IndexedSlices:
    """Some rows of a tensor: `values[i]` belongs to row `indices[i]`; rows may repeat. Gradients of gathers are such."""

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Any = None) -> None:
        self._values, self._indices, self._dense_shape = values, indices, dense_shape

    values = property(lambda self: self._values)
    indices = property(lambda self: self._indices)
    dense_shape = property(lambda self: self._dense_shape)
    name = property(lambda self: self._values.name)
    device = property(lambda self: self._values.device)
    op = property(lambda self: self._values.op)
    dtype = property(lambda self: self._values.dtype)
    graph = property(lambda self: self._values.graph)

    @property
    def shape(self) -> shapes.TensorShape:

        return (
            shapes.unknown_shape()
            if self._dense_shape is None
            else known_values.constant_value_as_shape(self._dense_shape)
        )

    def get_shape(self) -> shapes.TensorShape:
        return self.shape

    def __str__(self) -> str:
        return f"IndexedSlices(indices={self._indices}, values={self._values})"

    __repr__ = __str__


def convert_to_tensor_or_sparse_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Sparse tensors and their values as a SparseTensor, anything else as a tensor."""
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    return value if isinstance(value, SparseTensor) else conversion.convert_to_tensor(value, dtype, name)


def convert_to_tensor_or_indexed_slices(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """IndexedSlices as they are, anything else as a tensor."""
    return value if isinstance(value, IndexedSlices) else conversion.convert_to_tensor(value, dtype, name)


def _refused(value: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Tensor:
    raise TypeError(
        f"Failed to convert object of type {type(value)} to Tensor. Contents: {value}. Consider casting elements to a supported type."
    )


conversion.register_tensor_conversion_function(SparseTensor, _refused)
