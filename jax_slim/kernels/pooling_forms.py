"""Pooling and its gradients by shifted copies, for CPUs. Channels are last.

`lax.reduce_window` goes through the pixels of each window one by one, and its gradients through memory in no good
order; whole shifted arrays, compared or added, fill the vectors.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jax_slim.kernels.layouts import Windows
from jax_slim.kernels.phases import cut_or_fill, interleave, strided


def maxima(inputs: jax.Array, windows: Windows, lowest: np.ndarray) -> jax.Array:
    """The maximum of each window, over its taps."""
    counts = windows.count(inputs.shape[1:-1])
    padded = _padded(inputs, windows, lowest)
    total: jax.Array | None = None
    for starts in _taps(windows):
        seen = strided(padded, starts, counts, windows.strides)
        total = seen if total is None else jnp.maximum(total, seen)
    assert total is not None
    return total


def at_maxima(inputs: jax.Array, values: jax.Array, windows: Windows, lowest: np.ndarray) -> jax.Array:
    """Takes from `values`, which lie as `inputs`, those at the first maximum of each window."""
    counts = windows.count(inputs.shape[1:-1])
    which = _first_maxima(inputs, windows, lowest)
    padded = _padded(values, windows, np.zeros((), values.dtype))
    found = jnp.zeros(which.shape, values.dtype)
    for number, starts in enumerate(_taps(windows)):
        found = jnp.where(which == number, strided(padded, starts, counts, windows.strides), found)
    return found


def to_maxima(inputs: jax.Array, outputs: jax.Array, windows: Windows, lowest: np.ndarray) -> jax.Array:
    """The way back: adds each of `outputs` to the first pixel that holds the maximum of its window."""
    which = _first_maxima(inputs, windows, lowest)
    numbers = {starts: number for number, starts in enumerate(_taps(windows))}

    def given(starts: tuple[int, ...], which: jax.Array, outputs: jax.Array) -> jax.Array:
        return jnp.where(which == numbers[starts], outputs, jnp.zeros((), outputs.dtype))

    return _spread([which, outputs], inputs.shape[1:-1], windows, given)


def sums(inputs: jax.Array, windows: Windows) -> jax.Array:
    """The sum of each window: over its columns, then over its rows."""
    total = _padded(inputs, windows, np.zeros((), inputs.dtype))
    for one in _axis_by_axis(windows):
        counts = one.count(total.shape[1:-1])
        terms = [strided(total, starts, counts, one.strides) for starts in _taps(one)]
        total = _total(terms)
    return total


def spread_sums(outputs: jax.Array, lengths: Sequence[int], windows: Windows) -> jax.Array:
    """The way back: adds each of `outputs` to all pixels of its window."""
    spread, counts = outputs, outputs.shape[1:-1]
    for axis, one in reversed(list(enumerate(_axis_by_axis(windows)))):
        padding = tuple(pair if i == axis else (0, 0) for i, pair in enumerate(windows.padding))
        target = [lengths[i] if i >= axis else count for i, count in enumerate(counts)]
        spread = _spread([spread], target, dataclasses.replace(one, padding=padding), lambda _, seen: seen)
    return spread


def _spread(
    arrays: Sequence[jax.Array],
    lengths: Sequence[int],
    windows: Windows,
    given: Callable[..., jax.Array],
) -> jax.Array:
    """Adds to each pixel what all taps that meet it give.

    Args:
      arrays: over the windows.
      lengths: the pixels' spatial lengths.
      given: (a tap's distance from its window's beginning, *arrays) -> what that tap gives, elementwise.
    """
    blocks = [-(-length // stride) for length, stride in zip(lengths, windows.strides, strict=True)]
    # Pixel block * stride + phase is met by the tap `start` pixels into window block + shift.
    meetings: dict[tuple[int, ...], list[tuple[tuple[int, ...], tuple[int, ...]]]] = {}
    for starts in _taps(windows):
        met = [
            divmod(start - low, stride)
            for start, stride, (low, _) in zip(starts, windows.strides, windows.padding, strict=True)
        ]
        meetings.setdefault(tuple(phase for _, phase in met), []).append((starts, tuple(-whole for whole, _ in met)))
    shifts = list(zip(*(shift for met in meetings.values() for _, shift in met), strict=True))
    before = [max(0, -min(along)) for along in shifts]
    pads = [
        (ahead, max(0, block + max(along) - count), 0)
        for ahead, along, block, count in zip(before, shifts, blocks, arrays[0].shape[1:-1], strict=True)
    ]
    padded = [lax.pad(array, np.zeros((), array.dtype), [(0, 0, 0), *pads, (0, 0, 0)]) for array in arrays]
    padded = lax.optimization_barrier(padded)  # to be computed once, not again for each tap
    phases = {}
    for phase, met in meetings.items():
        terms = []
        for starts, shift in met:
            corner = [ahead + along for ahead, along in zip(before, shift, strict=True)]
            terms.append(given(starts, *(strided(array, corner, blocks, (1,) * len(blocks)) for array in padded)))
        phases[phase] = _total(terms)
    return cut_or_fill(interleave(phases, windows.strides), lengths)


def _first_maxima(inputs: jax.Array, windows: Windows, lowest: np.ndarray) -> jax.Array:
    """For each window the number of the tap that holds its first maximum, or its first NaN."""
    counts = windows.count(inputs.shape[1:-1])
    padded = _padded(inputs, windows, lowest)
    best: jax.Array | None = None
    which = jnp.zeros((), jnp.int32)
    for number, starts in enumerate(_taps(windows)):
        seen = strided(padded, starts, counts, windows.strides)
        if best is None:
            best, which = seen, jnp.zeros(seen.shape, jnp.int32)
            continue
        # NaN is above all: the comparison is written so that it is true for one, and false when there was one before.
        better = ~(seen <= best) & (best == best)
        best, which = jnp.where(better, seen, best), jnp.where(better, number, which)
    return which


def _axis_by_axis(windows: Windows) -> Iterator[Windows]:
    """Windows along one axis each, which one after the other sum the same; without padding."""
    axes = range(len(windows.sizes))
    for axis in axes:

        def only(values: Sequence[int], axis: int = axis) -> tuple[int, ...]:
            return tuple(value if i == axis else 1 for i, value in enumerate(values))

        yield Windows(only(windows.sizes), only(windows.strides), only(windows.rates), ((0, 0),) * len(axes))


def _taps(windows: Windows) -> Iterator[tuple[int, ...]]:
    """The distance of each tap from its window's beginning in pixels, row by row."""
    for tap in itertools.product(*map(range, windows.sizes)):
        yield tuple(at * rate for at, rate in zip(tap, windows.rates, strict=True))


def _padded(inputs: jax.Array, windows: Windows, value: np.ndarray) -> jax.Array:
    return lax.pad(inputs, value, [(0, 0, 0), *((low, high, 0) for low, high in windows.padding), (0, 0, 0)])


def _total(terms: list[jax.Array]) -> jax.Array:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
