"""`tf.ragged.constant`, `constant_value` and `placeholder`: ragged tensors, and values of them, from nested lists and feeds."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import dtypes, graphs, shapes
from jax_slim.tf1.python import array, constant_op
from jax_slim.tf1.python.ragged import RaggedTensor, RaggedTensorValue


def constant(pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None, name: str | None = None,
             row_splits_dtype: Any = dtypes.int64) -> Any:  # fmt: skip
    """A ragged tensor of nested lists; without a ragged axis, a tensor.

    Args:
      ragged_rank: how many axes are ragged; by default all but the innermost, and those of `inner_shape`.
      inner_shape: the sizes of the innermost axes, which are not ragged.

    Raises:
      ValueError: lists of different depths.
    """
    with graphs.name_scope(name, "RaggedConstant"):
        values, splits, shape = _parsed(pylist, ragged_rank, inner_shape)
        kind = dtype if dtype is not None or len(values) else dtypes.float32
        result = constant_op.constant(values, kind, shape=shape)
        kind = dtypes.as_dtype(row_splits_dtype)
        for found in reversed(splits):
            result = RaggedTensor.from_row_splits(result, constant_op.constant(found.astype(kind.as_numpy_dtype)))
        return result


def constant_value(pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None,
                   row_splits_dtype: Any = "int64") -> Any:  # fmt: skip
    """What `constant` would be, as a `RaggedTensorValue`; an array without a ragged axis."""
    kind = dtypes.as_dtype(row_splits_dtype).as_numpy_dtype
    values, splits, shape = _parsed(pylist, ragged_rank, inner_shape)
    wanted = None if dtype is None else dtypes.as_dtype(dtype).as_numpy_dtype
    result: Any = np.array(values, wanted)
    result = result if shape is None else result.reshape(shape)
    for found in reversed(splits):
        result = RaggedTensorValue(result, found.astype(kind))
    return result


def placeholder(dtype: Any, ragged_rank: int, value_shape: Any = None, name: str | None = None) -> Any:
    """A placeholder that takes a `RaggedTensorValue` of so many ragged axes.

    Args:
      value_shape: the shape of the innermost values; of unknown rank by default.
    """
    if ragged_rank == 0:
        return array.placeholder(dtype, value_shape, name)
    with graphs.name_scope(name, "RaggedPlaceholder", []):
        shape = shapes.TensorShape([None]).concatenate(value_shape)
        result: Any = array.placeholder(dtype, shape, "flat_values")
        for place in reversed(range(ragged_rank)):
            result = RaggedTensor.from_row_splits(
                result, array.placeholder(dtypes.int64, [None], f"row_splits_{place}")
            )
        return result


def _parsed(pylist: Any, ragged_rank: int | None, inner_shape: Any) -> tuple[Any, list[np.ndarray], Any]:
    """Nested lists as the innermost values, the row splits of each ragged axis, and the shape that no values have."""
    values, splits = pylist, []
    if ragged_rank is None:
        ragged_rank = max(0, _depth(pylist) - 1 - (0 if inner_shape is None else len(inner_shape)))
    for _ in range(ragged_rank):
        if not all(isinstance(v, list | tuple | np.ndarray) for v in values):
            raise ValueError("all scalar values must have the same nesting depth")
        splits.append(np.cumsum([0, *map(len, values)]))
        values = [item for row in values for item in row]
    deep = [isinstance(v, list | tuple) for v in values] if isinstance(values, list | tuple) else []
    if any(deep) != all(deep):
        raise ValueError("all scalar values must have the same nesting depth")
    return values, splits, None if inner_shape is None or len(values) else [0, *inner_shape]


def _depth(values: Any) -> int:
    if isinstance(values, list | tuple):
        return 1 + max(map(_depth, values), default=0)
    return np.ndim(values)
