"""Convolutions of each channel on its own, tap by tap, for CPUs. Channels are last.

A matrix product has nothing to sum over here. What is left is elementwise: a shifted copy of the inputs times one
weight a channel, summed over the taps, which the compiler makes one pass with full vectors. `lax`'s own form runs on
one core and without vectors, 17 to 180 times slower.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim.kernels import choices
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.linear_maps import varying_as
from jax_slim.kernels.ordering import at_once
from jax_slim.kernels.phases import cut_or_fill, interleave, strided


def outputs_by_taps(inputs: jax.Array, weights: jax.Array, geometry: Geometry) -> jax.Array:
    """The sum over the taps of shifted inputs times weights."""
    exact = jnp.promote_types(inputs.dtype, jnp.float32)
    factors = weights.astype(exact)

    def sums_of(inputs: jax.Array) -> jax.Array:
        padded = _padded(_repeated(inputs, weights.shape[-1]), geometry)
        terms = [
            strided(padded, starts, geometry.counts, geometry.windows.strides).astype(exact) * factors[tap][0]
            for tap, starts in _taps(geometry)
        ]
        return _total(terms).astype(inputs.dtype)

    once = geometry.tuned and choices.depthwise_at_once(math.prod(geometry.windows.sizes))
    return at_once(sums_of, inputs) if once else sums_of(inputs)


def inputs_by_phases(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient of the inputs: for each phase the taps that meet it, then the phases side by side."""
    windows, counts = geometry.windows, geometry.counts
    exact = jnp.promote_types(outputs.dtype, jnp.float32)
    factors = weights.astype(exact)
    blocks = [-(-length // stride) for length, stride in zip(geometry.lengths, windows.strides, strict=True)]
    # Pixel block * stride + phase is met by the tap, `start` pixels into its window, of window block + shift.
    meetings: dict[tuple[int, ...], list[tuple[tuple[int, ...], tuple[int, ...]]]] = {}
    for tap, starts in _taps(geometry):
        met = [
            divmod(start - low, stride)
            for start, stride, (low, _) in zip(starts, windows.strides, windows.padding, strict=True)
        ]
        meetings.setdefault(tuple(phase for _, phase in met), []).append((tap, tuple(-whole for whole, _ in met)))
    shifts = [shift for met in meetings.values() for _, shift in met]
    before = [max(0, *(-shift[axis] for shift in shifts)) for axis in range(len(counts))]
    pads = [
        (ahead, max(0, block + max(shift[axis] for shift in shifts) - count), 0)
        for axis, (ahead, block, count) in enumerate(zip(before, blocks, counts, strict=True))
    ]
    padded = lax.pad(outputs, jnp.zeros((), outputs.dtype), [(0, 0, 0), *pads, (0, 0, 0)])
    phases = {}
    for phase, met in meetings.items():
        terms = []
        for tap, shift in met:
            starts = [ahead + windows_on for ahead, windows_on in zip(before, shift, strict=True)]
            terms.append(strided(padded, starts, blocks, (1,) * len(blocks)).astype(exact) * factors[tap][0])
        phases[phase] = _summed_over_filters(_total(terms), geometry.groups).astype(outputs.dtype)
    return cut_or_fill(interleave(phases, windows.strides), geometry.lengths)


def weights_by_taps(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """For each tap the sum over all pixels of shifted inputs times outputs.

    Image by image, or some rows after others, into a few rows for each tap, which is elementwise and fast, and only
    then over their pixels. The loop also keeps the compiler from computing what led to `inputs` again for each tap.
    """
    windows, channels, rows = geometry.windows, outputs.shape[-1], outputs.shape[1]
    exact = jnp.promote_types(inputs.dtype, jnp.float32)
    given = outputs.astype(exact)
    padded = _padded(_repeated(inputs, channels).astype(exact), geometry)
    # Pixels by phase, so that the loop's shifts are dense: phase -> where its array is; then tap -> phase and shift.
    numbers: dict[tuple[int, ...], int] = {}
    places = []
    for _, starts in _taps(geometry):
        met = [divmod(start, stride) for start, stride in zip(starts, windows.strides, strict=True)]
        number = numbers.setdefault(tuple(phase for _, phase in met), len(numbers))
        places.append((number, [*(whole for whole, _ in met), 0]))
    phases = [
        strided(padded, phase, [-(-(size - at) // stride) for size, at, stride in sizes], windows.strides)
        for phase in numbers
        for sizes in [list(zip(padded.shape[1:-1], phase, windows.strides, strict=True))]
    ]
    by_bands = choices.depthwise_by_bands(len(places), channels)
    if by_bands and len(windows.sizes) > 1 and windows.strides[-1] == 1:
        # The pixels of a row as so many more channels: 32 alone do not keep the vectors busy.
        given, *phases = (array.reshape(*array.shape[:-2], -1) for array in (given, *phases))
        places = [(number, [*shift[:-2], shift[-2] * channels]) for number, shift in places]

    row_bytes = math.prod(given.shape[2:]) * given.dtype.itemsize
    band, kept = choices.rows_of_a_depthwise_band(rows, row_bytes, len(places)) if by_bands else (rows, rows)
    bands = -(-rows // band)
    spare = bands * band - rows
    given, *phases = (cut_or_fill(array, (array.shape[1] + spare, *array.shape[2:-1])) for array in (given, *phases))
    reach = [max(shift[0] for number, shift in places if number == n) for n in range(len(phases))]
    # An image of each group at a time: the groups lie on different devices.
    groups = choices.groups_of_images(len(given))
    given, *phases = (array.reshape(groups, -1, *array.shape[1:]) for array in (given, *phases))

    def of_band(array: jax.Array, i: jax.Array, more: int) -> jax.Array:
        starts = (0, i // bands, i % bands * band, *[0] * (array.ndim - 3))
        return lax.dynamic_slice(array, starts, (groups, 1, band + more, *array.shape[3:]))[:, 0]

    def cut_out(array: jax.Array, i: jax.Array, more: int) -> jax.Array:
        # By itself: a sum of several products with places that only the loop knows would be computed without vectors.
        return at_once(lambda array: of_band(array, i, more), array) if kept < band else of_band(array, i, more)

    def add_band(sums: list[jax.Array], i: jax.Array) -> tuple[list[jax.Array], None]:
        here = cut_out(given, i, 0)
        seen = [cut_out(phase, i, more) for phase, more in zip(phases, reach, strict=True)]
        shape = (groups, kept, *here.shape[2:])

        def rows_of(array: jax.Array, row: int, shift: Sequence[int]) -> jax.Array:
            starts = (0, row + shift[0], *shift[1:])
            return lax.slice(array, starts, [*map(sum, zip(starts, shape, strict=True))])

        found = []
        for total, (number, shift) in zip(sums, places, strict=True):
            for row in range(0, band, kept):
                total = total + rows_of(seen[number], row, shift) * rows_of(here, row, [0] * len(shift))
            found.append(total)
        return found, None

    zeros = varying_as(jnp.zeros((groups, kept, *given.shape[3:]), exact), given)
    sums, _ = lax.scan(add_band, [zeros] * len(places), jnp.arange(given.shape[1] * bands))
    by_group = jnp.stack([jnp.sum(total.reshape(groups, -1, channels), 1) for total in sums])
    shape = (*windows.sizes, 1, channels)
    return jnp.sum(by_group, 1).reshape(shape).astype(inputs.dtype)


def _taps(geometry: Geometry) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """For each tap: its place in the kernel and its distance from the window's beginning in pixels."""
    windows = geometry.windows
    for tap in itertools.product(*map(range, windows.sizes)):
        yield tap, tuple(at * rate for at, rate in zip(tap, windows.rates, strict=True))


def _padded(inputs: jax.Array, geometry: Geometry) -> jax.Array:
    pads = [(low, high, 0) for low, high in geometry.windows.padding]
    return lax.pad(inputs, jnp.zeros((), inputs.dtype), [(0, 0, 0), *pads, (0, 0, 0)])


def _repeated(inputs: jax.Array, outputs: int) -> jax.Array:
    """Each channel as often as it has filters."""
    filters = outputs // inputs.shape[-1]
    return inputs if filters == 1 else jnp.repeat(inputs, filters, -1)


def _summed_over_filters(array: jax.Array, channels: int) -> jax.Array:
    filters = array.shape[-1] // channels
    return array if filters == 1 else jnp.sum(array.reshape(*array.shape[:-1], channels, filters), -1)


def _total(terms: list[jax.Array]) -> jax.Array:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
