"""Convolutions as matrix products over pixels, for CPUs. Channels are last, groups are 1."""

import itertools
import math
from collections.abc import Iterator

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim.kernels import choices, products
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.linear_maps import varying_as
from jax_slim.kernels.phases import interleave, strided


def outputs_by_pixels(inputs: jax.Array, weights: jax.Array, geometry: Geometry) -> jax.Array:
    """For kernels of one pixel: each output pixel is a product of one input pixel."""
    pixels = _met_pixels(inputs, geometry)
    matrix = weights.reshape(weights.shape[-2:])
    product = products.rows_by_weights(pixels.reshape(-1, matrix.shape[0]), matrix, geometry.precision)
    return product.reshape(*pixels.shape[:-1], matrix.shape[1])


def inputs_by_pixels(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """For kernels of one pixel: the gradient of the inputs, zero at the pixels that no window begins at."""
    matrix = weights.reshape(weights.shape[-2:])
    product = products.rows_by_transposed_weights(outputs.reshape(-1, matrix.shape[1]), matrix, geometry.precision)
    met = product.reshape(*outputs.shape[:-1], matrix.shape[0])
    strides, padding = geometry.windows.strides, geometry.windows.padding
    if max(strides) > 1:
        met = interleave({(0,) * len(strides): met}, strides)
    # Of the padded inputs, cut to what is inside.
    return lax.pad(
        met,
        jnp.zeros((), met.dtype),
        [
            (0, 0, 0),
            *(
                (-low, length + low - spread, 0)
                for length, spread, (low, _) in zip(geometry.lengths, met.shape[1:-1], padding, strict=True)
            ),
            (0, 0, 0),
        ],
    )


def inputs_by_turned_kernel(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """At stride 1: a convolution of the outputs' gradient with the kernel turned around.

    `lax`'s transpose means the same, but asks the compiler to turn the kernel; inside of loops it then runs 28 times
    slower.
    """
    windows, space = geometry.windows, tuple(range(weights.ndim - 2))
    letters = "DHW"[-len(space) :]
    around = [
        (extent - 1 - low, extent - 1 - high)
        for extent, (low, high) in zip(windows.extents, windows.padding, strict=True)
    ]
    return lax.conv_general_dilated(
        outputs,
        lax.rev(weights, space).swapaxes(-1, -2),
        windows.strides,
        around,
        rhs_dilation=windows.rates,
        dimension_numbers=(f"N{letters}C", f"{letters}IO", f"N{letters}C"),
        precision=geometry.precision,
    )


def outputs_of_whole(inputs: jax.Array, weights: jax.Array, geometry: Geometry) -> jax.Array:
    """For a single window: a dense layer over all that it sees."""
    seen = _padded(inputs, geometry).reshape(inputs.shape[0], -1)
    product = products.rows_by_weights(seen, weights.reshape(-1, weights.shape[-1]), geometry.precision)
    return product.reshape(inputs.shape[0], *geometry.counts, weights.shape[-1])


def inputs_of_whole(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """For a single window: the gradient of the inputs."""
    examples, windows = outputs.shape[0], geometry.windows
    matrix = weights.reshape(-1, weights.shape[-1])
    product = products.rows_by_transposed_weights(outputs.reshape(examples, -1), matrix, geometry.precision)
    cuts = [(-low, -high, 0) for low, high in windows.padding]
    seen = product.reshape(examples, *windows.sizes, -1)
    return lax.pad(seen, jnp.zeros((), seen.dtype), [(0, 0, 0), *cuts, (0, 0, 0)])


def weights_of_whole(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """For a single window: the gradient of the weights, one product over the examples."""
    seen = _padded(inputs, geometry).reshape(inputs.shape[0], -1)
    product = products.over_rows(seen, outputs.reshape(inputs.shape[0], -1), geometry.precision)
    return product.reshape(*geometry.windows.sizes, inputs.shape[-1], -1).astype(inputs.dtype)


def weights_by_pixels(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """For kernels of one pixel: one product, summed over all pixels."""
    pixels = _met_pixels(inputs, geometry)
    product = _over_pixels(pixels, outputs, geometry)
    return product.reshape(*geometry.windows.sizes, *product.shape).astype(inputs.dtype)


def weights_by_taps(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """One product for each tap of the kernel."""
    padded = _padded(inputs, geometry)
    taps = [_over_pixels(view, outputs, geometry) for view in _views(padded, outputs, geometry)]
    return jnp.stack(taps).reshape(*geometry.windows.sizes, *taps[0].shape).astype(inputs.dtype)


def weights_by_groups(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """For channels in groups: for each tap one small product a group."""
    groups, rows = geometry.groups, math.prod(outputs.shape[:-1])
    exact = jnp.promote_types(outputs.dtype, jnp.float32)
    given = outputs.reshape(rows, groups, -1)
    taps = [
        lax.dot_general(
            view.reshape(rows, groups, -1),
            given,
            (((0,), (0,)), ((1,), (1,))),
            precision=geometry.precision,
            preferred_element_type=exact,
        )
        for view in _views(_padded(inputs, geometry), outputs, geometry)
    ]
    # [taps, groups, C of a group, O of a group]; weights have all outputs last, group by group.
    found = jnp.stack(taps).swapaxes(1, 2)
    return found.reshape(*geometry.windows.sizes, found.shape[1], outputs.shape[-1]).astype(inputs.dtype)


def weights_by_exchange(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """A convolution of which the images are the channels: so many inputs' channels see the outputs as a kernel.

    `lax`'s transpose means the same, but leaves it to the compiler to bring the axes into order; inside of loops that
    runs 65 times slower.
    """
    windows, space = geometry.windows, tuple(range(1, inputs.ndim - 1))
    letters = "DHW"[-len(space) :]
    # So much at the end, or cut away there, that as many windows fit as the kernel has taps.
    padding = [
        (low, extent + (count - 1) * stride - low - length)
        for extent, count, stride, (low, _), length in zip(
            windows.extents, geometry.counts, windows.strides, windows.padding, geometry.lengths, strict=True
        )
    ]
    found = lax.conv_general_dilated(
        inputs.transpose(inputs.ndim - 1, *space, 0),
        outputs.transpose(*space, 0, outputs.ndim - 1),
        windows.rates,
        padding,
        rhs_dilation=windows.strides,
        dimension_numbers=(f"N{letters}C", f"{letters}IO", f"N{letters}C"),
        precision=geometry.precision,
    )
    return found.transpose(*space, 0, found.ndim - 1)


def weights_by_rows(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """One product for each row of the kernel: what the taps of a row see is laid side by side, as more channels.

    That is a copy as many times the inputs' size as the kernel is wide, so that large arrays are gone through in bands
    of output rows that fit into a cache.
    """
    padded = _padded(inputs, geometry)
    windows, counts = geometry.windows, geometry.counts
    width = windows.sizes[-1]
    taken = padded.size // padded.shape[1] * width * windows.strides[0] * padded.dtype.itemsize
    band = choices.rows_of_a_band(counts[0], taken)
    bands, rest = divmod(counts[0], band)

    def of_band(first: jax.Array | int, count: int) -> jax.Array:
        rows = (count - 1) * windows.strides[0] + windows.extents[0]
        seen = lax.dynamic_slice_in_dim(padded, first * windows.strides[0], rows, 1)
        given = lax.dynamic_slice_in_dim(outputs, first, count, 1)
        views = list(_views(seen, given, geometry))
        found = []
        for start in range(0, len(views), width):
            together = lax.concatenate(views[start : start + width], seen.ndim - 1)
            found.append(_over_pixels(together, given, geometry))
        return jnp.stack(found)

    if bands == 1:
        found = of_band(0, band)
    else:
        like = jax.eval_shape(lambda: of_band(0, band))
        zeros = varying_as(jnp.zeros(like.shape, like.dtype), outputs)
        found, _ = lax.scan(lambda total, i: (total + of_band(i * band, band), None), zeros, jnp.arange(bands))
    if rest:
        found = found + of_band(bands * band, rest)
    return found.reshape(*windows.sizes, inputs.shape[-1], outputs.shape[-1]).astype(inputs.dtype)


def _padded(inputs: jax.Array, geometry: Geometry) -> jax.Array:
    pads = [(low, high, 0) for low, high in geometry.windows.padding]
    return lax.pad(inputs, jnp.zeros((), inputs.dtype), [(0, 0, 0), *pads, (0, 0, 0)])


def _met_pixels(inputs: jax.Array, geometry: Geometry) -> jax.Array:
    """The pixels, or zeros of the padding, that windows of one pixel lie on."""
    return strided(_padded(inputs, geometry), (0,) * len(geometry.lengths), geometry.counts, geometry.windows.strides)


def _views(padded: jax.Array, outputs: jax.Array, geometry: Geometry) -> Iterator[jax.Array]:
    """For each tap, row by row: the pixels that it meets in the windows of `outputs`."""
    windows = geometry.windows
    for tap in itertools.product(*map(range, windows.sizes)):
        starts = [at * rate for at, rate in zip(tap, windows.rates, strict=True)]
        yield strided(padded, starts, outputs.shape[1:-1], windows.strides)


def _over_pixels(pixels: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """[..., C] and [..., O], summed over all axes but the last: [C, O], of at least float32."""
    rows = math.prod(outputs.shape[:-1])
    return products.over_rows(pixels.reshape(rows, -1), outputs.reshape(rows, -1), geometry.precision)
