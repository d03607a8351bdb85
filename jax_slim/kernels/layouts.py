"""Where the axes of an array are, and how windows lie on them."""

import dataclasses
import operator
from collections.abc import Sequence
from typing import Any

import jax
from jax import lax

LAYOUTS = ("NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")

Padding = str | Sequence[tuple[int, int]]


@dataclasses.dataclass(frozen=True)
class Layout:
    """The order of an array's axes: N the batch, C the channels, the others space."""

    name: str

    @property
    def channel(self) -> int:
        return self.name.index("C")

    @property
    def spatial(self) -> tuple[int, ...]:
        return tuple(axis for axis, letter in enumerate(self.name) if letter not in "NC")

    def over_space(self, values: Sequence[Any], elsewhere: Any) -> tuple[Any, ...]:
        """One value for every axis: `values` for those of space, `elsewhere` for batch and channels."""
        spread = [elsewhere] * len(self.name)
        for axis, value in zip(self.spatial, values, strict=True):
            spread[axis] = value
        return tuple(spread)


@dataclasses.dataclass(frozen=True)
class Windows:
    """How windows lie on the spatial axes of an array, one entry an axis."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    rates: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]

    @property
    def extents(self) -> tuple[int, ...]:
        return tuple(extent(size, rate) for size, rate in zip(self.sizes, self.rates, strict=True))

    def count(self, lengths: Sequence[int]) -> tuple[int, ...]:
        """How many windows fit on each axis of an array with these spatial `lengths`."""
        return tuple(
            (length + low + high - extent) // stride + 1
            for length, (low, high), extent, stride in zip(
                lengths, self.padding, self.extents, self.strides, strict=True
            )
        )


def to_last(array: jax.Array, layout: Layout) -> jax.Array:
    """An array of that layout with its channels moved to the end."""
    return _moved(array, layout.channel, array.ndim - 1)


def from_last(array: jax.Array, layout: Layout) -> jax.Array:
    """The way back."""
    return _moved(array, array.ndim - 1, layout.channel)


def _moved(array: jax.Array, source: int, target: int) -> jax.Array:
    axes = [axis for axis in range(array.ndim) if axis != source]
    axes.insert(target, source)
    return array if source == target else lax.transpose(array, axes)


def extent(size: int, rate: int) -> int:
    """How many pixels a window of `size` taps spans when they are `rate` pixels apart."""
    return (size - 1) * rate + 1


def layout_of(function: str, inputs: jax.Array, layout: str) -> Layout:
    """The layout of that name, checked against the rank of `inputs`."""
    if layout not in LAYOUTS:
        raise ValueError(f"{function}: layout must be one of {', '.join(LAYOUTS)}, got {layout!r}.")
    if inputs.ndim != len(layout):
        raise ValueError(
            f"{function}: inputs must have rank {len(layout)} [{', '.join(layout)}], got shape {inputs.shape}."
        )
    return Layout(layout)


def per_axis(function: str, argument: str, value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """`value` for each of `axes` spatial axes; one number stands for all."""
    try:
        values = tuple(operator.index(v) for v in (value if isinstance(value, Sequence) else [value] * axes))
    except TypeError:
        raise TypeError(f"{function}: {argument} must be an integer or {axes} integers, got {value!r}.") from None
    if len(values) != axes or min(values) < 1:
        raise ValueError(f"{function}: {argument} must be 1 or more, one number or {axes}, got {value!r}.")
    return values


def windows_on(
    function: str,
    lengths: Sequence[int],
    sizes: Sequence[int],
    strides: int | Sequence[int],
    padding: Padding,
    rates: int | Sequence[int],
) -> Windows:
    """Lays windows of `sizes` taps on spatial axes of `lengths` pixels.

    "SAME" yields ceil(length / stride) windows and pads as evenly as it can, the odd pixel at the end; "VALID" pads
    nothing; pairs (before, after) pad as they say. Refuses windows that do not fit.
    """
    axes = len(lengths)
    strides, rates = per_axis(function, "strides", strides, axes), per_axis(function, "rate", rates, axes)
    extents = [extent(size, rate) for size, rate in zip(sizes, rates, strict=True)]
    pairs = _pairs(function, padding, lengths, extents, strides)
    for length, span, (low, high) in zip(lengths, extents, pairs, strict=True):
        if length + low + high < span:
            raise ValueError(
                f"{function}: windows must fit into the inputs, got windows of {tuple(extents)} pixels, rate included, "
                f"on inputs of {tuple(lengths)} pixels with padding {padding!r}."
            )
    return Windows(tuple(sizes), strides, rates, pairs)


def _pairs(
    function: str, padding: Padding, lengths: Sequence[int], extents: Sequence[int], strides: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    if isinstance(padding, str):
        if padding.upper() == "VALID":
            return ((0, 0),) * len(lengths)
        if padding.upper() == "SAME":
            return tuple(map(_same, lengths, extents, strides))
    else:
        try:
            pairs = tuple((operator.index(low), operator.index(high)) for low, high in padding)
        except (TypeError, ValueError):
            pairs = ()
        if len(pairs) == len(lengths) and all(side >= 0 for pair in pairs for side in pair):
            return pairs
    raise ValueError(
        f"{function}: padding must be 'SAME', 'VALID' or {len(lengths)} pairs (before, after) of 0 or more, "
        f"got {padding!r}."
    )


def _same(length: int, span: int, stride: int) -> tuple[int, int]:
    total = max((-(-length // stride) - 1) * stride + span - length, 0)
    return total // 2, total - total // 2
