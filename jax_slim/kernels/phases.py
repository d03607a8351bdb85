"""Spreading arrays over a finer grid, without the gaps that `lax.pad` would write first.

Where windows are `stride` pixels apart, pixels of the same phase (their position modulo the stride) are met by the
same taps. What goes to each phase is computed densely, and the phases are laid side by side: on CPU two to five times
faster than padding between the pixels.
"""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
from jax import lax


def interleave(phases: Mapping[tuple[int, ...], jax.Array], strides: Sequence[int]) -> jax.Array:
    """Lays [N, *blocks, C] arrays of one shape into [N, *(blocks * strides), C].

    Args:
      phases: by position within a block of `strides` pixels: the value at pixel block * stride + position. Positions
        that are missing are 0.
      strides: pixels of a block along each spatial axis.
    """
    example = next(iter(phases.values()))

    def along(axis: int, position: tuple[int, ...]) -> jax.Array | None:
        """The part of the result at these positions on the axes before, finished from `axis` on."""
        if axis == len(strides):
            return phases.get(position)
        parts = [along(axis + 1, (*position, phase)) for phase in range(strides[axis])]
        shape = next((part.shape for part in parts if part is not None), None)
        if shape is None or len(parts) == 1:
            return parts[0]
        dense = [jnp.zeros(shape, example.dtype) if part is None else part for part in parts]
        stacked = jnp.stack(lax.optimization_barrier(dense), axis + 2)  # parts that are there are copied fast
        return stacked.reshape(*shape[: axis + 1], shape[axis + 1] * len(parts), *shape[axis + 2 :])

    whole = along(0, ())
    assert whole is not None
    return whole


def cut_or_fill(array: jax.Array, lengths: Sequence[int]) -> jax.Array:
    """[N, *given, C] cut to `lengths`, or filled up with zeros behind."""
    pads = [(0, wanted - given, 0) for wanted, given in zip(lengths, array.shape[1:-1], strict=True)]
    return lax.pad(array, jnp.zeros((), array.dtype), [(0, 0, 0), *pads, (0, 0, 0)])


def strided(array: jax.Array, starts: Sequence[int], counts: Sequence[int], strides: Sequence[int]) -> jax.Array:
    """Takes `counts` pixels from `starts` on, `strides` apart, of [N, ..., C]."""
    ends = [start + (count - 1) * stride + 1 for start, count, stride in zip(starts, counts, strides, strict=True)]
    last = array.ndim - 1
    return lax.slice(array, (0, *starts, 0), (array.shape[0], *ends, array.shape[last]), (1, *strides, 1))
