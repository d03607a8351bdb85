"""Rows that join tensors and take them apart: ConcatV2, Pack, Unpack, Split."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import rows, shapes
from jax_slim.tf1.operations.arrays import xp
from jax_slim.tf1.operations.shape_rules import (
    axis_of,
    check_rank,
    merged,
    refuse,
    sizes,
    unknown,
    value,
    values,
    written,
)
from jax_slim.tf1.operations.shaping import invalid


def _checked_axis(axis: Any, rank: int, name: str = "axis") -> int:
    place = int(np.asarray(axis).reshape(()))
    if not -rank <= place < rank:
        raise invalid(f"{name}: expected concatenating dimensions in the range [{-rank}, {rank}), but got {place}")
    return place % rank


# Concatenation.


def _joined(op: Any, first: int, axis_place: int) -> Any:
    check_rank(op, axis_place, 0)
    places = range(first, first + op.attrs["N"])
    found = [sizes(op, place) for place in places]
    known = [f for f in found if f is not None]
    if not known:
        return [unknown()]
    rank = len(known[0])
    for other in known:
        if len(other) != rank:
            refuse(op, f"Shape must be rank {rank} but is rank {len(other)}")
    axis = value(op, axis_place)
    if axis is None:
        return [unknown(rank)]
    if rank == 0:
        refuse(op, "Can't concatenate scalars (use tf.stack instead)")
    place = axis_of(op, int(axis), rank, "Concatenation axis")
    before = merged(op, *(f[:place] for f in known))
    after = merged(op, *(f[place + 1 :] for f in known))
    along = [None if f is None else f[place] for f in found]
    return [(*before, None if None in along else sum(along), *after)]  # type: ignore[misc]


def _concatenated(values: list[Any], axis: Any) -> Any:
    rank = np.ndim(values[0])
    place = _checked_axis(axis, rank, "ConcatOp")
    first = np.shape(values[0])
    for number, one in enumerate(values):
        found = np.shape(one)
        if len(found) != rank or any(a != b for i, (a, b) in enumerate(zip(found, first, strict=True)) if i != place):
            raise invalid(
                "ConcatOp : Dimensions of inputs should match: "
                f"shape[0] = {written(shapes.TensorShape(first))} vs. shape[{number}] = {written(shapes.TensorShape(found))}"
            )
    return xp(values).concatenate(values, place)


@rows.row("ConcatV2", static=("axis",), shape=lambda op: _joined(op, 0, op.attrs["N"]))
def concat_v2(values: list[Any], axis: Any) -> Any:
    return _concatenated(values, axis)


@rows.row("Concat", static=("concat_dim",), shape=lambda op: _joined(op, 1, 0))
def concat(concat_dim: Any, values: list[Any]) -> Any:
    return _concatenated(values, concat_dim)


def _given_shape(op: Any) -> Any:
    if not all(t.shape.is_fully_defined() for t in op._inputs):
        refuse(op, "All input shapes must be fully defined.")
    return [op.attrs["shape"]]


@rows.row("ParallelConcat", shape=_given_shape)
def parallel_concat(values: list[Any]) -> Any:
    return xp(values).concatenate(values, 0)


@rows.row(
    "ConcatOffset",
    static=("concat_dim", "shape"),
    shape=lambda op: [t.shape for t in op._inputs[1:]],
    gradient=rows.NONE,
)
def concat_offset(concat_dim: Any, shape: list[Any]) -> Any:
    axis = int(concat_dim)
    found, before = [], 0
    for one in shape:
        offset = np.zeros_like(one)
        offset[axis] = before
        before += int(one[axis])
        found.append(offset)
    return found


# A new axis, and without it.


def _stacked(op: Any) -> Any:
    one = merged(op, *(t.shape.sizes for t in op._inputs))
    if one is None:
        return [unknown()]
    axis = axis_of(op, op.attrs["axis"], len(one) + 1)
    return [(*one[:axis], op.attrs["N"], *one[axis:])]


@rows.row("Pack", shape=_stacked)
def pack(values: list[Any], *, axis: int) -> Any:
    if len({np.shape(v) for v in values}) > 1:
        number = next(i for i, v in enumerate(values) if np.shape(v) != np.shape(values[0]))
        raise invalid(
            f"Shapes of all inputs must match: values[0].shape = {list(np.shape(values[0]))} != values[{number}].shape = {list(np.shape(values[number]))}"
        )
    return xp(values).stack(values, axis)


def _unstacked(op: Any) -> Any:
    source, count = sizes(op), op.attrs["num"]
    if source is None:
        return [unknown()] * count
    axis = axis_of(op, op.attrs["axis"], len(source))
    if source[axis] not in (None, count):
        refuse(op, f"Dimension must be {count} but is {source[axis]}")
    return [source[:axis] + source[axis + 1 :]] * count


@rows.row("Unpack", shape=_unstacked)
def unpack(value: Any, *, num: int, axis: int) -> Any:
    place = axis % max(np.ndim(value), 1)
    if np.shape(value)[place] != num:
        raise invalid(f"Input shape axis {place} must equal {num}, got shape {list(np.shape(value))}")
    before = (slice(None),) * place
    return [value[(*before, i, Ellipsis)] for i in range(num)]


# Parts.


def _equal_parts(op: Any) -> Any:
    check_rank(op, 0, 0)
    source, axis, count = sizes(op, 1), value(op, 0), op.attrs["num_split"]
    if source is None:
        return [unknown()] * count
    if axis is None:
        return [unknown(len(source))] * count
    place = axis_of(op, int(axis), len(source), "-input rank <= split_dim < input rank:")
    size = source[place]
    if size is not None and size % count:
        refuse(op, f"Dimension size must be evenly divisible by {count} but is {size}")
    return [(*source[:place], None if size is None else size // count, *source[place + 1 :])] * count


@rows.row("Split", static=("split_dim",), shape=_equal_parts)
def split(split_dim: Any, value: Any, *, num_split: int) -> Any:
    axis = _checked_axis(split_dim, np.ndim(value), "SplitOp")
    size = np.shape(value)[axis]
    if size % num_split:
        raise invalid(
            f"Number of ways to split should evenly divide the split dimension, but got split_dim {axis} (size = {size}) and num_split {num_split}"
        )
    return _cut(value, axis, [size // num_split] * num_split)


def _given_parts(op: Any) -> Any:
    check_rank(op, 2, 0)
    source, axis, count, lengths = sizes(op), value(op, 2), op.attrs["num_split"], values(op, 1)
    if source is None:
        return [unknown()] * count
    if axis is None:
        return [unknown(len(source))] * count
    place = axis_of(op, int(axis), len(source), "-input rank <= split_dim < input rank:")
    size = source[place]
    if lengths is None:
        return [(*source[:place], size if count == 1 else None, *source[place + 1 :])] * count
    if -1 in lengths and size is not None:
        lengths[lengths.index(-1)] = size - sum(d for d in lengths if d != -1)
    if len(lengths) != count:
        refuse(op, f"Length of size_splits should be equal to num_outputs, got {len(lengths)} and {count}")
    if size is not None and (sum(lengths) != size or min(lengths, default=0) < 0):
        refuse(op, f"can't split axis of size {size} into pieces of size [{','.join(map(str, lengths))}]")
    return [(*source[:place], None if d < 0 else d, *source[place + 1 :]) for d in lengths]


@rows.row("SplitV", static=("size_splits", "split_dim"), shape=_given_parts)
def split_v(value: Any, size_splits: Any, split_dim: Any) -> Any:
    axis = _checked_axis(split_dim, np.ndim(value), "SplitVOp")
    lengths, size = [int(d) for d in size_splits], np.shape(value)[axis]
    if lengths.count(-1) == 1:
        lengths[lengths.index(-1)] = size - sum(d for d in lengths if d != -1)
    if sum(lengths) != size or min(lengths, default=0) < 0:
        raise invalid(
            f"Determined shape must either match input shape along split_dim exactly if fully specified, or be less than the size of the input along split_dim if not fully specified. Got: {sum(lengths)}"
        )
    return _cut(value, axis, lengths)


def _cut(value: Any, axis: int, lengths: list[int]) -> list[Any]:
    found, first = [], 0
    for length in lengths:
        found.append(value[(slice(None),) * axis + (slice(first, first + length),)])
        first += length
    return found
