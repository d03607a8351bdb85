"""`tf.contrib.layers`: dense tensors as sparse ones, and back to lists of ids (`sparse_ops`)."""

from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.python import array, constant_op, gathering, joining, math, reductions, segments


def dense_to_sparse_tensor(dense_tensor: Any, ignore_value: Any = None) -> SparseTensor:
    """The elements of a tensor that are not `ignore_value`; by default not 0, the empty text or False."""
    with graphs.name_scope("DenseToSparseTensor"):
        dense_tensor = conversion.convert_to_tensor(dense_tensor)
        indices = gathering.where(math.not_equal(dense_tensor, _ignored(dense_tensor, ignore_value)), name="indices")
        return SparseTensor(
            indices,
            gathering.gather_nd(dense_tensor, indices, name="values"),
            array.shape(dense_tensor, out_type=dtypes.int64, name="dense_shape"),
        )


def indicators_to_sparse_ids(indicators: Any, ignore_value: Any = None, dtype: Any = dtypes.int64) -> SparseTensor:
    """For each row the places along the last axis at which something other than `ignore_value` is, from the left on.

    [[0, 0, 10, 0], [0, 5, 0, 2]] gives [[2], [1, 3]].

    Raises:
      ValueError: `dtype` is no integer type.
    """
    if not dtype.is_integer:
        raise ValueError(f"Invalid dtype {dtype} not integer.")
    with graphs.name_scope(None, "indicators_to_sparse_ids", (indicators, ignore_value)):
        indicators = conversion.convert_to_tensor(indicators, name="indicators")
        there = math.not_equal(indicators, _ignored(indicators, ignore_value))
        counted = math.cast(there, dtypes.int64)
        # 1 for the first that is there in its row, 2 for the second; 0 where nothing is.
        numbers = reductions.cumsum(counted, axis=-1) * counted
        width = array.reshape(reductions.reduce_max(numbers), [1])
        found = dense_to_sparse_tensor(numbers, 0)
        indices = joining.concat([found.indices[:, :-1], array.reshape(found.values - 1, [-1, 1])], 1)
        shape = joining.concat([found.dense_shape[:-1], width], 0)
        return SparseTensor(indices, math.cast(found.indices[:, -1], dtype), shape)


def sparse_row_envelope(sparse_input: Any, row_axis: int = 0, col_axis: int = 1, name: str | None = None) -> Any:
    """For each row the column after its last element; 0 for a row without any.

    Raises:
      ValueError: axes that are no integers, or the same one.
    """
    if not isinstance(row_axis, int) or not isinstance(col_axis, int):
        raise ValueError("`row_axis` and `col_axis` must be integers.")
    if row_axis == col_axis:
        raise ValueError("Row and column can not be the same axis.")
    with graphs.name_scope(name, "sparse_row_envelope", [sparse_input]):
        count = math.cast(sparse_input.dense_shape[row_axis], dtypes.int32)
        columns, owners = sparse_input.indices[:, col_axis] + 1, sparse_input.indices[:, row_axis]
        ends = segments.unsorted_segment_max(columns, owners, count, name=name)
        return math.maximum(ends, constant_op.zeros_like(ends))


def _ignored(tensor: Any, value: Any) -> Any:
    if value is None:
        value = "" if tensor.dtype.base_dtype == dtypes.string else tensor.dtype.base_dtype.as_numpy_dtype()
    return constant_op.constant(value, tensor.dtype.base_dtype, name="ignore_value")
