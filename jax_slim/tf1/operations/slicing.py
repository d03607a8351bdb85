"""Rows that cut parts out of tensors: Slice and StridedSlice."""

import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import known_values, rows
from jax_slim.tf1.operations.arrays import is_known, require
from jax_slim.tf1.operations.shape_rules import check_rank, length, refuse, sizes, unknown, values
from jax_slim.tf1.operations.shaping import invalid


def _slice_shape(op: Any) -> Any:
    check_rank(op, 1, 1)
    check_rank(op, 2, 1)
    source = sizes(op)
    counts = [c for c in (length(op, 1), length(op, 2)) if c is not None]
    rank = len(source) if source is not None else None
    for count in counts:
        if rank is not None and count != rank:
            refuse(op, f"Shape must be rank {count} but is rank {rank}")
        rank = count
    begin, wanted = known_values.sizes_of(op._inputs[1]), known_values.sizes_of(op._inputs[2])
    if rank is None:
        return [unknown()]
    source = source if source is not None else (None,) * rank
    begin = begin if begin is not None else [None] * rank
    wanted = wanted if wanted is not None else [None] * rank
    found: list[int | None] = []
    for d, b, s in zip(source, begin, wanted, strict=True):
        if s is not None and s < -1:
            refuse(op, f"Invalid value in tensor used for shape: {s}")
        if s == -1 and b is not None and d is not None and b > d:
            refuse(op, f"Negative dimension size caused by subtracting {b} from {d}")
        left = d - b if d is not None and b is not None else None
        found.append(left if s == -1 else s)
    return [tuple(found)]


def _slice_static(op: Any) -> tuple[str, ...]:
    """Sizes, and where slices begin if one is known to go to the end of an axis."""
    asked = known_values.sizes_of(op._inputs[2])
    return ("begin", "size") if asked is not None and -1 in asked else ("size",)


@rows.row("Slice", static=_slice_static, shape=_slice_shape)
def slice_(input: Any, begin: Any, size: Any) -> Any:
    source, lengths = np.shape(input), [int(s) for s in size]
    if len(lengths) != len(source) or np.shape(begin) != (len(source),):
        raise invalid(
            f"Expected begin and size arguments to be 1-D tensors of size {len(source)}, but got shapes {list(np.shape(begin))} and [{len(lengths)}] instead."
        )
    if is_known(begin):
        starts = [int(b) for b in np.asarray(begin)]
        lengths = [d - b if s == -1 else s for d, b, s in zip(source, starts, lengths, strict=True)]
        for axis, (d, b, s) in enumerate(zip(source, starts, lengths, strict=True)):
            if not 0 <= b <= d:
                raise invalid(f"Expected begin[{axis}] in [0, {d}], but got {b}")
            if not 0 <= s <= d - b:
                raise invalid(f"Expected size[{axis}] in [0, {d - b}], but got {s}")
        return input[tuple(slice(b, b + s) for b, s in zip(starts, lengths, strict=True))]
    if -1 in lengths:
        operator.index(begin[0])  # raises in programs: how much is left only the host finds out
    return jax.lax.dynamic_slice(jnp.asarray(input), list(begin), lengths)


# StridedSlice: what `x[...]` makes.


def spec_of(count: int, attrs: dict[str, Any]) -> list[str]:
    """What each entry of begin, end and strides stands for: 'ellipsis', 'new', 'shrink', or 'range'."""
    found = []
    for place in range(count):
        bit = 1 << place
        if attrs["ellipsis_mask"] & bit:
            found.append("ellipsis")
        elif attrs["new_axis_mask"] & bit:
            found.append("new")
        else:
            found.append("shrink" if attrs["shrink_axis_mask"] & bit else "range")
    return found


def axes_of(kinds: list[str], rank: int) -> list[int | None]:
    """For each entry the axis of the input where it applies (its first, for an ellipsis); None for new axes.

    Raises:
      IndexError: more entries than axes.
    """
    used = sum(kind in ("shrink", "range") for kind in kinds)
    if used > rank:
        raise IndexError(f"Index out of range using input dim {rank}; input has only {rank} dims")
    found: list[int | None] = []
    axis = 0
    for kind in kinds:
        found.append(None if kind == "new" else axis)
        axis += rank - used if kind == "ellipsis" else kind != "new"
    return found


def _strided_shape(op: Any) -> Any:
    source = sizes(op)
    for place in (1, 2, 3):
        check_rank(op, place, 1)
    counts = {c for c in (length(op, place) for place in (1, 2, 3)) if c is not None}
    if len(counts) > 1:
        refuse(op, f"Dimension 0 in both shapes must be equal, but are {sorted(counts)}")
    begin, end, strides = (values(op, place) for place in (1, 2, 3))
    if source is None or strides is None:
        return [unknown()]
    attrs = op.attrs
    kinds = spec_of(len(strides), attrs)
    if kinds.count("ellipsis") > 1:
        refuse(op, "Multiple ellipses in slice spec not allowed")
    try:
        axes = axes_of(kinds, len(source))
    except IndexError as error:
        refuse(op, str(error))
    result: list[int | None] = []
    next_axis = 0
    for place, (kind, axis) in enumerate(zip(kinds, axes, strict=True)):
        if kind == "new":
            result.append(1)
            continue
        if kind == "ellipsis":
            rest = len(source) - sum(k in ("shrink", "range") for k in kinds)
            result.extend(source[next_axis : next_axis + rest])
            next_axis += rest
            continue
        size, stride = source[axis], strides[place]  # type: ignore[index]
        next_axis += 1
        if stride == 0:
            refuse(op, f"strides[{place}] must be non-zero")
        if kind == "shrink":
            if stride < 0:
                refuse(op, "only stride 1 allowed on non-range indexing.")
            if begin is not None and end is not None and size is not None and not -size <= begin[place] < size:
                first = begin[place] + (size if begin[place] < 0 else 0)
                refuse(op, f"slice index {first} of dimension {axis} out of bounds.")
            continue
        masked = (attrs["begin_mask"] >> place & 1, attrs["end_mask"] >> place & 1)
        if size is None or (not all(masked) and (begin is None or end is None)):
            result.append(None)
            continue
        first = None if masked[0] else begin[place]  # type: ignore[index]
        last = None if masked[1] else end[place]  # type: ignore[index]
        result.append(len(range(size)[first:last:stride]))
    return [tuple(result) + source[next_axis:]]


def known_bounds(op: Any, first: int = 1) -> tuple[str, ...]:
    """The inputs, from `first` on begin, end and strides, that must be known: bounds where they decide sizes, not single indices."""
    if values(op, first) is not None and values(op, first + 1) is not None:
        return ("begin", "end", "strides")
    count = length(op, first + 2)
    kinds = ["range"] if count is None else spec_of(count, op.attrs)
    masks = op.attrs["begin_mask"] & op.attrs["end_mask"]
    free = all(kind != "range" or masks >> place & 1 for place, kind in enumerate(kinds))
    return ("strides",) if free else ("begin", "end", "strides")


@rows.row("StridedSlice", static=known_bounds, shape=_strided_shape)
def strided_slice(input: Any, begin: Any, end: Any, strides: Any, *, begin_mask: int, end_mask: int, ellipsis_mask: int,
                  new_axis_mask: int, shrink_axis_mask: int) -> Any:  # fmt: skip
    masks = {"ellipsis_mask": ellipsis_mask, "new_axis_mask": new_axis_mask, "shrink_axis_mask": shrink_axis_mask}
    kinds = spec_of(len(strides), masks)
    try:
        axes = axes_of(kinds, np.ndim(input))
    except IndexError as error:
        raise invalid(str(error)) from None
    if not (is_known(begin) and is_known(end)):
        input, begin, end = _at_traced_places(input, begin, end, kinds, axes, begin_mask, end_mask)
    index: list[Any] = []
    for place, (kind, axis) in enumerate(zip(kinds, axes, strict=True)):
        if kind == "new":
            index.append(None)
        elif kind == "ellipsis":
            index.append(Ellipsis)
        elif kind == "shrink":
            size, first = np.shape(input)[axis], int(begin[place])  # type: ignore[index]
            if not -size <= first < size:
                raise invalid(f"slice index {first + size if first < 0 else first} of dimension {axis} out of bounds.")
            index.append(first)
        else:
            step = int(strides[place])
            if step == 0:
                raise invalid(f"strides[{place}] must be non-zero")
            first, last = (
                None if mask >> place & 1 else int(edge[place]) for edge, mask in ((begin, begin_mask), (end, end_mask))
            )
            index.append(slice(first, last, step))
    if Ellipsis not in index:
        index.append(Ellipsis)  # so that NumPy gives an array, never a bare number
    return input[tuple(index)]


def _check_place(place: Any, size: int, axis: int) -> None:
    require((place >= -size) & (place < size), lambda: invalid(f"slice index of dimension {axis} out of bounds."))


def _at_traced_places(
    input: Any, begin: Any, end: Any, kinds: list[str], axes: list[Any], begin_mask: int, end_mask: int
) -> Any:
    """Has only the rows left that single indices computed by the program choose, as if they were 0."""
    input = jnp.asarray(input)
    known = np.zeros(len(kinds), np.int64)
    for place, (kind, axis) in enumerate(zip(kinds, axes, strict=True)):
        if kind == "shrink":
            size = input.shape[axis]
            _check_place(begin[place], size, axis)
            first = jnp.where(begin[place] < 0, begin[place] + size, begin[place])
            input = jax.lax.dynamic_slice_in_dim(input, first, 1, axis)
        elif kind == "range" and not (begin_mask >> place & 1 and end_mask >> place & 1):
            raise invalid(
                f"StridedSlice: the bounds of axis {axis} must be known where the program is compiled. Cut with tf.slice and a known size, or feed the bounds."
            )
    return input, known, known
