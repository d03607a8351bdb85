"""Rows that change or tell the shape of a tensor, and those that pass it on: Reshape, Transpose, Pad, Identity, Placeholder."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import errors, known_values, rows, shape_inference, shapes
from jax_slim.tf1.operations.arrays import xp
from jax_slim.tf1.operations.shape_rules import (
    check_rank,
    length,
    merged,
    product,
    refuse,
    shape_in,
    sizes,
    unknown,
    values,
    written,
)

_same = shape_inference.like_input()


def invalid(message: str) -> errors.OpError:
    """The error of a value that an operation does not accept while it runs."""
    return errors.InvalidArgumentError(None, None, message)


# What tells shapes.


def _rank_of_input(op: Any) -> Any:
    return [(t.shape.ndims,) for t in op._inputs]


@rows.row("Shape", shape=_rank_of_input, gradient=rows.NONE)
def shape(input: Any, *, out_type: Any) -> Any:
    return np.array(np.shape(input), out_type.as_numpy_dtype)


@rows.row("ShapeN", shape=_rank_of_input, gradient=rows.NONE)
def shape_n(inputs: list[Any], *, out_type: Any) -> Any:
    return [np.array(np.shape(one), out_type.as_numpy_dtype) for one in inputs]


@rows.row("Size", shape=shape_inference.scalar, gradient=rows.NONE)
def size(input: Any, *, out_type: Any) -> Any:
    return np.array(product(np.shape(input)), out_type.as_numpy_dtype)


@rows.row("Rank", shape=shape_inference.scalar, gradient=rows.NONE)
def rank(input: Any) -> Any:
    return np.array(np.ndim(input), np.int32)


# What passes a tensor on.


@rows.row("Identity", "Snapshot", "DeepCopy", "GuaranteeConst", "DebugGradientIdentity", "RefIdentity", shape=_same)
def identity(input: Any) -> Any:
    return input


@rows.row("StopGradient", shape=_same, gradient=rows.NONE)
def stop_gradient(input: Any) -> Any:
    return input


def _prevented(op: Any, *grads: Any) -> Any:
    message = op.attrs.get("message") or b""
    raise LookupError(f"Gradient explicitly disabled. Reason: {message.decode()!r}")


@rows.row("PreventGradient", shape=_same, gradient=_prevented)
def prevent_gradient(input: Any) -> Any:
    return input


@rows.row("IdentityN", shape=lambda op: [t.shape for t in op._inputs])
def identity_n(inputs: list[Any]) -> Any:
    return list(inputs)


def _with_default(op: Any) -> Any:
    merged(op, sizes(op), op.attrs["shape"].sizes)
    return [op.attrs["shape"]]


@rows.row("PlaceholderWithDefault", shape=_with_default)
def placeholder_with_default(input: Any) -> Any:
    return input


@rows.row(
    "Placeholder", "PlaceholderV2", host=True, context=True, shape=shape_inference.of_attribute(), gradient=rows.NONE
)
def placeholder(run: Any, op: Any) -> Any:
    kind = {"float32": "float", "float64": "double", "float16": "half"}.get(
        op.attrs["dtype"].name, op.attrs["dtype"].name
    )
    known = op.attrs["shape"]
    told = "" if known.sizes is None else f" and shape {written(known)}"
    raise invalid(f"You must feed a value for placeholder tensor '{op.name}' with dtype {kind}{told}")


def _ensured(op: Any) -> Any:
    try:
        return [op._inputs[0].shape.merge_with(op.attrs["shape"])]
    except ValueError as error:
        refuse(op, str(error))


@rows.row("EnsureShape", shape=_ensured)
def ensure_shape(input: Any, *, shape: Any) -> Any:
    if not shape.is_compatible_with(np.shape(input)):
        found = written(shapes.TensorShape(np.shape(input)))
        raise invalid(f"Shape of tensor [{found}] is not compatible with expected shape {written(shape)}.")
    return input


# Reshape and its kin.


def _reshaped(op: Any) -> Any:
    check_rank(op, 1, 1)
    found = shape_in(op, 1).sizes
    if found is None:
        return [unknown(length(op, 1))]
    wanted = list(found)
    source = sizes(op)
    if source is None:
        return [tuple(wanted)]
    total, known = product(d for d in source if d is not None), product(d for d in wanted if d is not None)
    missing = wanted.count(None)
    if None in source:
        if missing == 0 and source.count(None) == 1 and total and known % total:
            refuse(op, f"Dimension size must be evenly divisible by {total} but is {known}")
        return [tuple(wanted)]
    if missing == 0 and known != total:
        refuse(
            op,
            f"Cannot reshape a tensor with {total} elements to shape {written(shapes.TensorShape(wanted))} ({known} elements)",
        )
    if missing == 1 and known:
        if total % known:
            refuse(
                op, f"Dimension size must be evenly divisible by {known} but is {total}. Cannot reshape {written(op._inputs[0].shape)} "
                f"to {written(shapes.TensorShape(wanted))}"
            )  # fmt: skip
        wanted[wanted.index(None)] = total // known
    if missing == 1 and not known and total:
        refuse(
            op,
            f"Cannot reshape a tensor with {total} elements to shape {written(shapes.TensorShape(wanted))} (0 elements)",
        )
    return [tuple(wanted)]


@rows.row("Reshape", static=("shape",), shape=_reshaped)
def reshape(tensor: Any, shape: Any) -> Any:
    return xp(tensor).reshape(tensor, reshaped(np.shape(tensor), [int(d) for d in shape]))


def reshaped(source: tuple[int, ...], wanted: list[int]) -> tuple[int, ...]:
    """The sizes that `wanted`, perhaps with one -1, means for an array of the sizes `source`."""
    free = [axis for axis, d in enumerate(wanted) if d == -1]
    if len(free) > 1:
        raise invalid(f"Only one input size may be -1, not both {free[0]} and {free[1]}")
    if any(d < -1 for d in wanted):
        place = next(axis for axis, d in enumerate(wanted) if d < -1)
        raise invalid(f"Size {place} must be non-negative, not {wanted[place]}")
    result = list(wanted)
    if free:
        # A size of zero counts only where the source has one too: (2, 0) to [-1, 0] is (2, 0).
        others = [d for d in wanted if d != -1]
        given = [d for d in source if d] if 0 in source and 0 in others else source
        divisor = product(d for d in others if d or 0 not in source)
        total = product(given)
        if divisor == 0 or total % divisor:
            raise invalid(
                f"Input to reshape is a tensor with {total} values, but the requested shape requires a multiple of {divisor}"
            )
        result[free[0]] = total // divisor
    if product(result) != product(source):
        raise invalid(
            f"Input to reshape is a tensor with {product(source)} values, but the requested shape has {product(result)}"
        )
    return tuple(result)


def _squeezed(op: Any) -> Any:
    source, axes = sizes(op), op.attrs["squeeze_dims"]
    if source is None:
        return [unknown()]
    if not axes:
        return [unknown() if None in source else tuple(d for d in source if d != 1)]
    for place, axis in enumerate(axes):
        if not -len(source) <= axis < len(source):
            refuse(op, f"squeeze_dims[{place}] not in [{-len(source)},{len(source)}).")
    chosen = {axis % len(source) for axis in axes}
    for axis in sorted(chosen):
        if source[axis] not in (None, 1):
            refuse(op, f"Can not squeeze dim[{axis}], expected a dimension of 1, got {source[axis]}")
    return [tuple(d for axis, d in enumerate(source) if axis not in chosen)]


@rows.row("Squeeze", shape=_squeezed)
def squeeze(input: Any, *, squeeze_dims: list[int]) -> Any:
    source = np.shape(input)
    for axis in squeeze_dims:
        if not -len(source) <= axis < len(source):
            raise invalid(f"Tried to squeeze dim index {axis} for tensor with {len(source)} dimensions.")
    chosen = {axis % len(source) for axis in squeeze_dims} or {axis for axis, d in enumerate(source) if d == 1}
    for axis in sorted(chosen):
        if source[axis] != 1:
            raise invalid(f"Can not squeeze dim[{axis}], expected a dimension of 1, got {source[axis]}")
    return xp(input).reshape(input, tuple(d for axis, d in enumerate(source) if axis not in chosen))


def _expanded(op: Any) -> Any:
    source, axis = sizes(op), values(op, 1)
    if axis is not None and len(axis) != 1:
        refuse(op, "'dim' input must be a tensor with a single value")
    if source is None or axis is None:
        return [unknown()]
    place, rank = axis[0], len(source)
    if not -rank - 1 <= place <= rank:
        refuse(op, f"dim {place} not in the interval [{-rank - 1}, {rank}].")
    place += rank + 1 if place < 0 else 0
    return [source[:place] + (1,) + source[place:]]


@rows.row("ExpandDims", static=("dim",), shape=_expanded)
def expand_dims(input: Any, dim: Any) -> Any:
    place, rank = int(np.asarray(dim).reshape(-1)[0]), np.ndim(input)
    if not -rank - 1 <= place <= rank:
        raise invalid(f"Tried to expand dim index {place} for tensor with {rank} dimensions.")
    place += rank + 1 if place < 0 else 0
    source = np.shape(input)
    return xp(input).reshape(input, (*source[:place], 1, *source[place:]))


def _tiled(op: Any) -> Any:
    check_rank(op, 1, 1)
    source, count = sizes(op), length(op, 1)
    if source is None:
        if count is None:
            return [unknown()]
        source = (None,) * count
    if count is not None and count != len(source):
        refuse(op, f"Shape must be rank {len(source)} but is rank {count}")
    multiples = known_values.sizes_of(op._inputs[1])
    if multiples is None:
        return [unknown(len(source))]
    return [
        tuple(
            0 if 0 in (d, m) else None if d is None or m is None or m < 0 else d * m
            for d, m in zip(source, multiples, strict=True)
        )
    ]


@rows.row("Tile", static=("multiples",), shape=_tiled)
def tile(input: Any, multiples: Any) -> Any:
    times = [int(m) for m in multiples]
    if len(times) != np.ndim(input):
        raise invalid(
            f"Expected multiples argument to be a vector of length {np.ndim(input)} but got length {len(times)}"
        )
    for place, m in enumerate(times):
        if m < 0:
            raise invalid(f"Expected multiples[{place}] >= 0, but got {m}")
    if all(m == 1 for m in times):
        return input
    return xp(input).tile(input, times)


def _broadcast_to(op: Any) -> Any:
    check_rank(op, 1, 1)
    found = shape_in(op, 1)
    source = sizes(op)
    if source is not None and found.sizes is not None:
        if len(source) > len(found.sizes):
            refuse(op, f"Shape must be at most rank {len(found.sizes)} but is rank {len(source)}")
        for a, b in zip(reversed(source), reversed(found.sizes), strict=False):
            if a not in (None, 1, b) and b is not None:
                refuse(op, f"Incompatible shapes: {written(op._inputs[0].shape)} vs. {written(found)}")
    return [found]


@rows.row("BroadcastTo", static=("shape",), shape=_broadcast_to)
def broadcast_to(input: Any, shape: Any) -> Any:
    try:
        result = xp(input).broadcast_to(input, tuple(int(d) for d in shape))
    except ValueError:
        raise invalid(f"Incompatible shapes: {list(np.shape(input))} vs. {[int(d) for d in shape]}") from None
    return np.array(result) if isinstance(result, np.ndarray) else result


def _broadcast_args(op: Any) -> Any:
    lengths = [length(op, 0), length(op, 1)]
    return [unknown(1) if None in lengths else (max(lengths),)]  # type: ignore[type-var]


@rows.row("BroadcastArgs", static=("s0", "s1"), shape=_broadcast_args, gradient=rows.NONE)
def broadcast_args(s0: Any, s1: Any) -> Any:
    try:
        found = np.broadcast_shapes(tuple(int(d) for d in s0), tuple(int(d) for d in s1))
    except ValueError:
        raise invalid(f"Incompatible shapes: {[int(d) for d in s0]} vs. {[int(d) for d in s1]}") from None
    return np.array(found, s0.dtype)


def _two_vectors(op: Any) -> Any:
    return [unknown(1), unknown(1)]


@rows.row("BroadcastGradientArgs", static=("s0", "s1"), shape=_two_vectors, gradient=rows.NONE)
def broadcast_gradient_args(s0: Any, s1: Any) -> Any:
    rank = max(len(s0), len(s1))
    a, b = ([1] * (rank - len(s)) + [int(d) for d in s] for s in (s0, s1))
    found = (
        [axis for axis in range(rank) if one[axis] == 1 and (other[axis] != 1 or a[axis] == b[axis] == 1)]
        for one, other in ((a, b), (b, a))
    )
    return [np.array(axes, s0.dtype) for axes in found]


# Order of axes and elements.


def _transposed(op: Any) -> Any:
    check_rank(op, 1, 1)
    source, order = sizes(op), values(op, 1)
    count = length(op, 1)
    if source is not None and count is not None and len(source) != count:
        refuse(op, f"Dimension must be {len(source)} but is {count}")
    if order is None or source is None:
        rank = count if source is None else len(source)
        if order is not None and rank is not None and any(not -rank <= p < rank for p in order):
            refuse(op, "perm is out of range")
        return [unknown(rank)]
    for p in order:
        if not -len(source) <= p < len(source):
            refuse(op, f"perm dim {p} is out of range of input rank {len(source)}")
    return [tuple(source[p] for p in order)]


@rows.row("Transpose", static=("perm",), shape=_transposed)
def transpose(x: Any, perm: Any) -> Any:
    order = [int(p) % max(np.ndim(x), 1) for p in perm]
    if sorted(order) != list(range(np.ndim(x))):
        raise invalid(f"{[int(p) for p in perm]} is not a permutation of the {np.ndim(x)} axes")
    return xp(x).transpose(x, order)


@rows.row("ConjugateTranspose", static=("perm",), shape=_transposed)
def conjugate_transpose(x: Any, perm: Any) -> Any:
    return xp(x).conj(transpose(x, perm))


def _vector_like_input(op: Any) -> Any:
    check_rank(op, 0, 1)
    return [op._inputs[0].shape.with_rank(1)]


@rows.row("InvertPermutation", shape=_vector_like_input, gradient=rows.NONE)
def invert_permutation(x: Any) -> Any:
    if xp(x) is np:
        if sorted(x.tolist()) != list(range(len(x))):
            raise invalid(f"{x.tolist()} is not a permutation")
        return np.argsort(x).astype(x.dtype)
    return jnp.zeros_like(x).at[x].set(jnp.arange(x.shape[0], dtype=x.dtype))


def _reversed(op: Any) -> Any:
    check_rank(op, 1, 1)
    source, axes = sizes(op), values(op, 1)
    if source is not None and axes is not None:
        seen = set()
        for place, axis in enumerate(axes):
            if not -len(source) <= axis < len(source):
                refuse(op, f"'axis'[{place}] = {axis} is out of valid range [0, {len(source) - 1}]")
            if axis % len(source) in seen:
                refuse(op, f"axis {axis % len(source)} specified more than once.")
            seen.add(axis % len(source))
    return [op._inputs[0].shape]


@rows.row("ReverseV2", static=("axis",), shape=_reversed)
def reverse_v2(tensor: Any, axis: Any) -> Any:
    axes = tuple(int(a) for a in axis)
    for place, a in enumerate(axes):
        if not -np.ndim(tensor) <= a < np.ndim(tensor):
            raise invalid(f"'axis'[{place}] = {a} is out of valid range [0, {np.ndim(tensor) - 1}]")
    return xp(tensor).flip(tensor, axes)


def _reversed_sequences(op: Any) -> Any:
    check_rank(op, 1, 1)
    source = sizes(op)
    if source is None:
        return [unknown()]
    batch, sequence = op.attrs["batch_dim"], op.attrs["seq_dim"]
    for name, axis in (("batch_dim", batch), ("seq_dim", sequence)):
        if axis >= len(source):
            refuse(op, f"{name} must be < input rank: {axis} vs. {len(source)}")
    count, given = length(op, 1), source[batch]
    if count is not None and given is not None and count != given:
        refuse(op, f"Dimensions must be equal, but are {given} and {count}")
    return [source[:batch] + (given if count is None else count,) + source[batch + 1 :]]


@rows.row("ReverseSequence", shape=_reversed_sequences)
def reverse_sequence(input: Any, seq_lengths: Any, *, seq_dim: int, batch_dim: int) -> Any:
    module = xp(input, seq_lengths)
    steps = np.shape(input)[seq_dim]
    if (
        isinstance(seq_lengths, np.ndarray)
        and seq_lengths.size
        and not 0 <= seq_lengths.min() <= seq_lengths.max() <= steps
    ):
        raise invalid(f"seq_lens must be between 0 and {steps}")
    lengths = seq_lengths.astype(np.int32)[:, None]
    place = np.arange(steps, dtype=np.int32)[None, :]
    order = module.where(place < lengths, lengths - 1 - place, place)
    order = order if batch_dim < seq_dim else order.T
    across = [1] * np.ndim(input)
    across[batch_dim], across[seq_dim] = np.shape(input)[batch_dim], steps
    return module.take_along_axis(input, module.reshape(order, across), axis=seq_dim)


@rows.row("Roll", static=("shift", "axis"), shape=_same)
def roll(input: Any, shift: Any, axis: Any) -> Any:
    if np.ndim(input) < 1:
        raise invalid("input must be 1-D or higher")
    axes = [int(a) for a in np.reshape(axis, -1)]
    shifts = [int(s) for s in np.reshape(shift, -1)]
    if len(axes) != len(shifts):
        raise invalid("shift and axis must have the same size")
    if any(not -np.ndim(input) <= a < np.ndim(input) for a in axes):
        raise invalid("axis is out of range")
    return xp(input).roll(input, shifts, axes)
