"""`tf.reduce_sum` and its kin of ragged tensors, over any axes."""

from typing import Any

from jax_slim.tf1.graph import dtypes, graphs
from jax_slim.tf1.python import array, constant_op, math, ragged, ragged_joining, reductions
from jax_slim.tf1.python.ragged import RaggedTensor


def reduced(kind: str, input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None) -> Any:
    """What `tf.reduce_sum` and its kin, which `kind` says, give for a ragged tensor.

    Over the first axis, element j of the result is made of the elements j of those rows that have one; the mean of none is NaN.

    Raises:
      ValueError: an axis that is not there, or one given twice.
    """
    rows = ragged.ragged_or_tensor(input_tensor)
    if axis is None:
        found = getattr(reductions, kind)(rows.flat_values, name=None if keepdims else name)
        for _ in range(rows.shape.ndims if keepdims else 0):
            found = array.expand_dims(found, 0)
        return found
    rank = rows.shape.ndims
    axes = [axis] if not isinstance(axis, list | tuple) else list(axis)
    if any(not isinstance(a, int) or not -rank <= a < rank for a in axes):
        raise ValueError(f"{kind}: axis of a RaggedTensor must be ints from {-rank} to {rank - 1}, got {axis}.")
    axes = sorted(a % rank for a in axes)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{kind}: axis of a RaggedTensor must have each axis once, got {axis}.")
    with graphs.name_scope(name, "RaggedReduce" + kind.removeprefix("reduce_").title(), [rows]):
        if kind in ("reduce_all", "reduce_any"):
            numbers = ragged.map_flat_values(math.cast, rows, dtypes.int32)
            found = _over("min" if kind == "reduce_all" else "max", numbers, axes)
            return _kept(ragged.map_flat_values(math.greater, found, 0), axes, keepdims)
        if kind == "reduce_mean":
            sums = _over("sum", rows, axes)
            counts = _over("sum", ragged.map_flat_values(constant_op.ones_like, rows), axes)
            return _kept(ragged.map_flat_values(math.truediv, sums, counts), axes, keepdims)
        return _kept(_over(kind.removeprefix("reduce_"), rows, axes), axes, keepdims)


def _over(name: str, rows: Any, axes: list[int]) -> Any:
    """The last axis first, as those before keep their numbers then."""
    for axis in reversed(axes):
        rows = _over_one(name, rows, axis)
    return rows


def _over_one(name: str, rows: Any, axis: int) -> Any:
    if not isinstance(rows, RaggedTensor):
        return getattr(reductions, f"reduce_{name}")(rows, axis=axis)
    if axis > 1:
        return rows.with_values(_over_one(name, rows.values, axis - 1))
    if axis == 1:
        return ragged_joining.unsorted_segment(name, rows.values, rows.value_rowids(), rows.nrows())
    lengths = rows.row_lengths()
    longest = reductions.reduce_max(ragged.with_zero(lengths))
    places = ragged.ragged_range(lengths).values
    return ragged_joining.unsorted_segment(name, rows.values, places, longest)


def _kept(found: Any, axes: list[int], keepdims: Any) -> Any:
    """With the axes that were reduced, as ones of size 1."""
    for axis in axes if keepdims else []:
        found = ragged_joining.expand_dims(found, axis)
    return found
