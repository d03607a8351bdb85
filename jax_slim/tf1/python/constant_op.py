"""Tensors of values known beforehand: `tf.constant`, `zeros`, `ones`, `fill`, `range`, `linspace`, `eye`, and shapes as tensors."""

import numbers
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, joining, math

_SMALL = 1000  # elements from which zeros are written as a Fill, so that files stay small


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False
) -> Tensor:
    """A `Const` node of a value: whole numbers are int32 (int64 where needed), others float32, arrays keep their type.

    With a larger shape the last value is repeated.

    Raises:
      TypeError: the value is of another kind than `dtype`.
      ValueError: it has more elements than the shape, or is no regular array.
    """
    return conversion.constant(value, dtype, shape, name or "Const", verify_shape)


def _of_shape(value: Any, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Tensor:
    if not value.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape to a Tensor: {value}")
    return _of_sizes(value.as_list(), "TensorShape", dtype, name)


def _of_dimension(value: Any, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Tensor:
    if value.value is None:
        raise ValueError(f"Cannot convert an unknown Dimension to a Tensor: {value}")
    return _of_sizes(value.value, "Dimension", dtype, name)


def _of_sizes(sizes: Any, what: str, dtype: Any, name: str | None) -> Tensor:
    if dtype is not None and dtype not in (dtypes.int32, dtypes.int64):
        raise TypeError(f"Cannot convert a {what} to dtype: {dtype}")
    kind = dtype if dtype is not None else (dtypes.int64 if np.max(sizes, initial=0) >= 2**31 else dtypes.int32)
    return conversion.constant(np.array(sizes, kind.as_numpy_dtype), kind, name=name or "shape_as_tensor")


conversion.register_tensor_conversion_function(shapes.TensorShape, _of_shape, 100)
conversion.register_tensor_conversion_function(shapes.Dimension, _of_dimension, 100)


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of shape `dims`, every element of which is the scalar `value`."""
    return building.make("Fill", dims, value, name=name)


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """A tensor of zeros, of False, or of empty texts. A constant where it is small and its shape known."""
    kind = dtypes.as_dtype(dtype).base_dtype
    return _filled(shape, False if kind.is_bool else "" if kind == dtypes.string else 0, kind, name, "zeros")


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """A tensor of ones, or of True. A constant where it is small and its shape known."""
    kind = dtypes.as_dtype(dtype).base_dtype
    return _filled(shape, True if kind.is_bool else 1, kind, name, "ones")


def _filled(shape: Any, value: Any, kind: dtypes.DType, name: str | None, default: str) -> Tensor:
    with graphs.name_scope(name, default, [shape]) as scope:
        if not isinstance(shape, Tensor):
            try:
                total = _number_of_elements(shape)
                if total is not None and total < _SMALL and not isinstance(shape, numbers.Integral | shapes.Dimension):
                    return conversion.constant(value, kind, shape, name=scope)
                shape = _of_shape(shapes.TensorShape(shape))
            except (TypeError, ValueError):
                if kind == dtypes.string and value == 1:
                    raise
                shape = conversion.convert_to_tensor(shape, dtype=dtypes.int32)
        if not shape.shape.sizes:
            shape = array.reshape(shape, [-1])
        return fill(shape, conversion.constant(value, kind), name=scope)


def _number_of_elements(shape: Any) -> int | None:
    """What NumPy multiplies sizes to; for tensors among them that is a node `mul`, compared by `Less`, as TF leaves them in the graph."""
    total: Any = 1
    sizes = shape.dims if isinstance(shape, shapes.TensorShape) else shape
    for place, size in enumerate(sizes if isinstance(sizes, list | tuple | np.ndarray) else [sizes]):
        total = size if place == 0 else total * size
    if isinstance(total, Tensor):
        _ = total < _SMALL
        return None
    if total is None:
        raise TypeError("unsupported operand type(s) for *: 'NoneType'")
    return shapes.dimension_value(total)


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Zeros of a tensor's shape, and of its type if `dtype` says no other."""
    with graphs.name_scope(name, "zeros_like", [tensor]) as scope:
        tensor = conversion.convert_to_tensor(tensor, name="tensor")
        if optimize and tensor.shape.is_fully_defined() and tensor.dtype != dtypes.variant:
            return zeros(tensor.shape, dtype=dtype or tensor.dtype, name=scope)
        if dtype is not None and dtypes.as_dtype(dtype) != tensor.dtype.base_dtype:
            return zeros(array.shape_internal(tensor, optimize=optimize), dtype=dtype, name=scope)
        return building.make("ZerosLike", tensor, name=scope)


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Ones of a tensor's shape, and of its type if `dtype` says no other."""
    with graphs.name_scope(name, "ones_like", [tensor]) as scope:
        tensor = conversion.convert_to_tensor(tensor, name="tensor")
        made = ones(array.shape_internal(tensor, optimize=optimize), dtype=dtype or tensor.dtype, name=scope)
        made.set_shape(tensor.shape)
        return made


_RANGE_TYPES = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """start, start + delta, ... up to, without, limit. One argument is the limit. Mixed types become the widest of them.

    Raises:
      ValueError: a known limit lies on the wrong side of a known start.
    """
    if limit is None:
        start, limit = 0, start
    with graphs.name_scope(name, "Range", [start, limit, delta]) as scope:
        start = conversion.convert_to_tensor(start, dtype=dtype, name="start")
        limit = conversion.convert_to_tensor(limit, dtype=dtype, name="limit")
        delta = conversion.convert_to_tensor(delta, dtype=dtype, name="delta")
        if dtype is None:
            widest = max((t.dtype.base_dtype for t in (start, limit, delta)), key=_RANGE_TYPES.index)
            start, limit, delta = (math.cast(t, widest) for t in (start, limit, delta))
        return building.make("Range", start, limit, delta, name=scope)


def lin_space(start: Any, stop: Any, num: Any, name: str | None = None) -> Tensor:
    """`num` numbers at equal distances from `start` to `stop`, both included."""
    return building.make("LinSpace", start, stop, num, name=name)


linspace = lin_space


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Identity matrices [batch_shape..., num_rows, num_columns].

    Raises:
      TypeError: the sizes are no whole numbers.
    """
    with graphs.name_scope(name, "eye", [num_rows, num_columns, batch_shape]):
        square = num_columns is None
        num_columns = num_rows if num_columns is None else num_columns
        if isinstance(num_rows, Tensor) or isinstance(num_columns, Tensor):
            size: Any = math.minimum(num_rows, num_columns)
        elif not isinstance(num_rows, int | np.integer) or not isinstance(num_columns, int | np.integer):
            raise TypeError("num_rows and num_columns must be positive integer values.")
        else:
            square, size = num_rows == num_columns, min(num_rows, num_columns)
        batch: Any = [] if batch_shape is None else batch_shape
        whole: Any = None
        if isinstance(batch, Tensor) or isinstance(size, Tensor):
            batch = conversion.convert_to_tensor(batch, name="shape", dtype=dtypes.int32)
            diagonal = array.concat([batch, [size]], 0)
            whole = None if square else array.concat([batch, [num_rows, num_columns]], 0)
        else:
            batch = [int(b) for b in batch]
            diagonal, whole = [*batch, size], [*batch, num_rows, num_columns]
        on = ones(diagonal, dtype=dtype)
        if square:
            return building.make("MatrixDiag", on, name="diag")
        return building.make("MatrixSetDiag", zeros(whole, dtype=dtype), on, name="set_diag")


def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """For coordinates along each axis, those of all points of the grid: a tensor for each axis. `indexing` is 'xy' or 'ij'."""
    indexing, name = kwargs.pop("indexing", "xy"), kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"'{next(iter(kwargs))}' is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError("indexing parameter must be either 'xy' or 'ij'")
    with graphs.name_scope(name, "meshgrid", args):
        count = len(args)
        axes = (1,) * count
        found = [array.reshape(joining.stack(x), (axes[:i] + (-1,) + axes[i + 1 :])) for i, x in enumerate(args)]
        sizes = [array.size(x) for x in args]
        kind = conversion.convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and count > 1:
            found[0] = array.reshape(found[0], (1, -1) + (1,) * (count - 2))
            found[1] = array.reshape(found[1], (-1, 1) + (1,) * (count - 2))
            sizes[0], sizes[1] = sizes[1], sizes[0]
        whole: Any = ones(sizes, kind)
        return [x * whole for x in found]
