"""Ragged tensors together: `tf.concat`, `tf.stack`, `tf.tile`, `tf.expand_dims` and `tf.where` of them, `tf.ragged.stack`."""

from collections.abc import Sequence
from typing import Any

from jax_slim.tf1.graph import dtypes, graphs
from jax_slim.tf1.python import (
    array,
    checks,
    constant_op,
    gathering,
    joining,
    math,
    ragged,
    ragged_indexing,
    reductions,
    segments,
)
from jax_slim.tf1.python.ragged import RaggedTensor


def concat(values: Any, axis: Any, name: str | None = None) -> Any:
    """Ragged tensors of one rank (tensors among them) one after the other along an axis: `[[1], [2, 3]]` and `[[4], []]` along 1 are
    `[[1, 4], [2, 3]]`.

    Raises:
      ValueError: nothing to join, ranks that differ or an axis beyond them.
    """
    values = list(values) if isinstance(values, list | tuple) else [values]
    with graphs.name_scope(name, "RaggedConcat", values):
        return _joined(values, axis, stacks=False)


def stack(values: Any, axis: Any = 0, name: str | None = None) -> Any:
    """Tensors of one rank (ragged or not, of any sizes) along a new axis; scalars become a vector."""
    values = list(values) if isinstance(values, list | tuple) else [values]
    with graphs.name_scope(name, "RaggedStack", values):
        return _joined(values, axis, stacks=True)


def _joined(values: list[Any], axis: Any, stacks: bool) -> Any:
    if not values:
        raise ValueError("rt_inputs may not be empty.")
    values = [ragged.ragged_or_tensor(v) for v in values]
    ranks = {v.shape.ndims for v in values}
    if len(ranks) > 1 or None in ranks:
        raise ValueError(f"concat: values of RaggedTensors must have one known rank, got {sorted(map(str, ranks))}.")
    rank = ranks.pop()
    last = rank + (1 if stacks else 0)
    if not isinstance(axis, int) or not -last <= axis < last:
        raise ValueError(f"axis={axis} out of bounds: expected {-last}<=axis<{last}")
    axis %= last
    if len(values) == 1 and not stacks:
        return values[0]
    if not any(isinstance(v, RaggedTensor) for v in values) and rank == 0:
        return joining.stack(values)
    if rank == 1:
        return _along_first(values, stacks) if axis == 0 else joining.stack(values, 1)
    depth = max(1, *(getattr(v, "ragged_rank", 0) for v in values))
    return _at_axis([_of_depth(v, depth) for v in values], axis, stacks)


def _at_axis(values: list[Any], axis: int, stacks: bool) -> Any:
    if axis == 0:
        return _along_first(values, stacks)
    first = values[0]
    if not isinstance(first, RaggedTensor):
        return joining.stack(values, axis) if stacks else joining.concat(values, axis)
    if axis == 1:
        return _along_second(values, stacks)
    alike = [checks.assert_equal(v.row_splits, first.row_splits, message="values must have the same rows") for v in values[1:]]  # fmt: skip
    with graphs.control_dependencies(alike):
        return first.with_values(_at_axis([v.values for v in values], axis - 1, stacks))


def _along_first(values: list[Any], stacks: bool) -> Any:
    """The rows of all; with `stacks` each tensor's in a row of its own."""
    if isinstance(values[0], RaggedTensor):
        inner = _along_first([v.values for v in values], stacks=False)
        splits, offset = [values[0].row_splits], values[0].row_splits[-1]
        for value in values[1:]:
            splits.append(value.row_splits[1:] + offset)
            offset = offset + value.row_splits[-1]
        found: Any = RaggedTensor.from_row_splits(inner, joining.concat(splits, 0))
    else:
        found = joining.concat(values, 0)
    if not stacks:
        return found
    return RaggedTensor.from_row_lengths(found, joining.stack([ragged.count_of(v, dtypes.int64) for v in values]))


def _along_second(values: list[RaggedTensor], stacks: bool) -> Any:
    """Row i of each, one after the other."""
    count = values[0].nrows()
    alike = [checks.assert_equal(v.nrows(), count, message="values must have as many rows") for v in values[1:]]
    with graphs.control_dependencies(alike):
        whole = _along_first(values, stacks=False)
        places = array.reshape(constant_op.range(0, count * len(values)), joining.stack([len(values), math.cast(count, dtypes.int32)]))  # fmt: skip
        turns = ragged_indexing.gather(whole, array.reshape(array.transpose(places), [-1]))
    if stacks:
        return RaggedTensor.from_row_splits(turns, constant_op.range(0, count * len(values) + 1, len(values)))
    return RaggedTensor.from_row_splits(turns.values, turns.row_splits[:: len(values)])


def _of_depth(value: Any, depth: int) -> Any:
    """The same, with so many of its axes ragged (as many as it has at most)."""
    if not isinstance(value, RaggedTensor):
        depth = min(depth, value.shape.ndims - 1)
        return RaggedTensor.from_tensor(value, ragged_rank=depth) if depth > 0 else value
    return value if depth <= value.ragged_rank else value.with_values(_of_depth(value.values, depth - 1))


def stack_dynamic_partitions(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> Any:
    """Elements by the numbers that `partitions` gives them: row i of the result has those of number i, in their order.

    Args:
      data: a tensor or ragged tensor, its first axes those of `partitions`.
      partitions: int32 or int64, of known rank.
      num_partitions: a scalar.
    """
    with graphs.name_scope(name, "SegmentStack", [data, partitions, num_partitions]):
        data, partitions = ragged.ragged_or_tensor(data), ragged.ragged_or_tensor(partitions)
        if isinstance(partitions, RaggedTensor):
            if not isinstance(data, RaggedTensor):
                data = RaggedTensor.from_tensor(data, ragged_rank=partitions.ragged_rank)
            alike = checks.assert_equal(data.row_splits, partitions.row_splits, message="data and partitions must have the same rows")  # fmt: skip
            with graphs.control_dependencies([alike]):
                return stack_dynamic_partitions(data.values, partitions.values, num_partitions)
        if partitions.shape.ndims is None:
            raise ValueError("partitions must have known rank")
        if partitions.shape.ndims == 0:
            return RaggedTensor.from_value_rowids(joining.stack([data]) if not isinstance(data, RaggedTensor) else stack([data]), partitions[None], num_partitions)  # fmt: skip
        if partitions.shape.ndims > 1:
            if isinstance(data, RaggedTensor):
                partitions = RaggedTensor.from_tensor(partitions, ragged_rank=partitions.shape.ndims - 1)
                return stack_dynamic_partitions(data, partitions, num_partitions)
            rest = array.shape(data)[partitions.shape.ndims :]
            data = array.reshape(data, joining.concat([[-1], rest], 0))
            partitions = array.reshape(partitions, [-1])
        from jax_slim.tf1.python import sorting

        order = sorting.argsort(partitions, stable=True)
        ids = math.cast(gathering.gather(partitions, order), dtypes.int64)
        # Values whose number is not below `num_partitions` are an error, as of segments that are not there.
        return RaggedTensor.from_value_rowids(ragged_indexing.gather(data, order), ids, math.cast(num_partitions, dtypes.int64))  # fmt: skip


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """A new axis of size 1: before the rows (0), before the elements of each row (1), or further in."""
    axis = array.deprecated("axis", axis, "dim", dim)
    with graphs.name_scope(name, "RaggedExpandDims", [input]):
        rows = ragged.ragged_or_tensor(input)
        if not isinstance(rows, RaggedTensor):
            return array.expand_dims(rows, axis)
        rank = rows.shape.ndims
        if axis < 0 and rank is None:
            raise ValueError("expand_dims: axis must not be negative where the rank is not known.")
        axis = axis + rank + 1 if axis < 0 else axis
        if axis == 0:
            return RaggedTensor.from_row_splits(rows, joining.stack([0, rows.nrows()]))
        if axis == 1:
            return RaggedTensor.from_row_splits(rows, constant_op.range(0, rows.nrows() + 1))
        return rows.with_values(expand_dims(rows.values, axis - 1))


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Each axis so many times over: a ragged axis row by row.

    Args:
      multiples: a list of numbers or scalars, or a vector: one for each axis.
    """
    with graphs.name_scope(name, "RaggedTile", [input, multiples]):
        rows = ragged.ragged_or_tensor(input)
        parts: Sequence[Any] = multiples if isinstance(multiples, list | tuple) else [multiples[i] for i in range(rows.shape.ndims)]  # fmt: skip
        return _tiled(rows, list(parts))


def _tiled(rows: Any, multiples: list[Any]) -> Any:
    if not isinstance(rows, RaggedTensor):
        return array.tile(rows, joining.stack(multiples))
    inner = _tiled_rows(rows, multiples[1:])
    if isinstance(multiples[0], int) and multiples[0] == 1:
        return inner
    return ragged_indexing.gather(inner, array.tile(constant_op.range(0, inner.nrows()), joining.stack([multiples[0]])))


def _tiled_rows(rows: RaggedTensor, multiples: list[Any]) -> RaggedTensor:
    """Each row so many times over, and what is in it."""
    values: Any = rows.values
    if isinstance(values, RaggedTensor):
        values = _tiled_rows(values, multiples[1:])
    elif len(multiples) > 1:
        values = array.tile(values, joining.stack([1, *multiples[1:]]))
    if isinstance(multiples[0], int) and multiples[0] == 1:
        return rows.with_values(values)
    # Row i is taken `multiple` times, one after the other, and these become one row again.
    again = gathering.repeat(constant_op.range(0, rows.nrows()), multiples[0], axis=0)
    taken = ragged_indexing.gather(rows.with_values(values), again)
    lengths = rows.row_lengths() * math.cast(multiples[0], rows.row_splits.dtype)
    return RaggedTensor.from_row_lengths(taken.values, lengths)


def unsorted_segment(name: str, data: Any, segment_ids: Any, num_segments: Any) -> Any:
    """`tf.unsorted_segment_sum` and its kin, of rows: element j of a segment is made of the elements j of its rows."""
    data, ids = ragged.ragged_or_tensor(data), ragged.ragged_or_tensor(segment_ids)
    if isinstance(ids, RaggedTensor):
        return unsorted_segment(name, data.values, ids.values, num_segments)
    if not isinstance(data, RaggedTensor):
        return getattr(segments, f"unsorted_segment_{name}")(data, ids, num_segments)
    kind = data.row_splits.dtype
    lengths = data.row_lengths()
    longest = math.maximum(segments.unsorted_segment_max(lengths, ids, num_segments), constant_op.constant(0, kind))
    splits = ragged.with_zero(reductions.cumsum(longest))
    starts = gathering.gather(splits, ids)
    places = ragged.ragged_range(starts, starts + lengths, row_splits_dtype=kind).values
    return RaggedTensor.from_row_splits(unsorted_segment(name, data.values, places, splits[-1]), splits)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """The places [n, rank] where a ragged condition is true; or elements of `x` where it is, and of `y` where it is not.

    With `x` and `y` the condition has their rows, or is a vector that chooses whole rows.

    Raises:
      ValueError: one of `x` and `y` without the other.
    """
    if (x is None) != (y is None):
        raise ValueError("x and y must be either both None or both non-None")
    with graphs.name_scope(name, "RaggedWhere", [condition, x, y]):
        condition = ragged.ragged_or_tensor(condition, dtypes.bool_)
        if x is None:
            if not isinstance(condition, RaggedTensor):
                return gathering.where(condition)
            places = condition.to_sparse().indices
            return gathering.boolean_mask(places, array.reshape(condition.flat_values, [-1]))
        x, y = ragged.ragged_or_tensor(x), ragged.ragged_or_tensor(y)
        if isinstance(condition, RaggedTensor):
            return ragged.map_flat_values(gathering.where, condition, x, y)
        both = concat([x, y], 0)
        count = math.cast(array.shape(condition)[0], dtypes.int64)
        numbers = constant_op.range(0, count)
        first = ragged.count_of(x, dtypes.int64)
        return ragged_indexing.gather(both, gathering.where(condition, numbers, numbers + first))
