"""Convolutions of 3 x 3 taps with fewer multiplications: Winograd's F(4 x 4, 3 x 3) and F(2 x 2, 3 x 3), for CPUs.

A tile of 4 x 4 outputs of a correlation with 3 x 3 taps takes 36 products of sums of inputs and sums of taps instead
of 144, a tile of 2 x 2 takes 16 instead of 36 (Winograd, 1980; Lavin and Gray, 2015). Each of them is one matrix
product over all tiles and channels here. Channels are last.

The sums are those of Toom and Cook: tile and taps are taken for polynomials, evaluated at as many points as there are
products along an axis, multiplied there, and interpolated. The gradient of the inputs is a convolution with the kernel
turned around. That of the weights is the transpose of the same three steps, again with as many products.

The usual points of the larger tile, 0, 1, -1, 2, -2 and infinity, make sums with factors from 1/24 to 8, which lose
twenty times what the smaller tile loses. With 5/8 and 3/2 in place of 1 and 2 it is about five times: of 8 images with
64 to 512 channels, outputs differ from plain sums by 1e-6 to 4e-6 of the largest, with the smaller tile by 4e-7 to
7e-7; gradients of weights by 6e-7 to 2e-6 with either. A layer's own error is tested to be below 4e-6.

In whole nets, largest differences from float64 relative to the largest value, with this form and without
(`kernel_forms` "fastest" and "exact"; `benchmarks/rounding.py`, batch 8 at 224 px). VGG-16: logits 1.5e-6 and 1.0e-6;
the gradients of its variables, median 3.6e-3 and 1.1e-3, largest 9.8e-3 and 5.0e-3. ResNet-50 in training mode: logits
2.1e-5 and 1.5e-5; gradients, median 2.4e-2 and 2.2e-2, largest 1.4e-1 and 1.1e-1. Plain `lax` in float32 is as far
away as "exact": where an activation lies within rounding of 0, or two pixels of a maximum, float32 and float64 decide
differently.
"""

import functools
import operator
from collections.abc import Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jax_slim.kernels import choices
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.ordering import at_once
from jax_slim.kernels.phases import cut_or_fill


class _Sums(NamedTuple):
    """The sums along one axis of a tile: a row of factors for each, in matrices [sums, what they are of]."""

    of_inputs: np.ndarray
    of_taps: np.ndarray
    of_products: np.ndarray


def _sums(size: int, *points: float) -> _Sums:
    """Of a tile of so many outputs: by the given points and infinity, for as many taps as make one sum a point."""
    inputs, taps, count = [], [], len(points) + 2 - size
    for point in points:
        # That is 0 at all other points.
        polynomial = np.poly([other for other in points if other != point])
        inputs.append([*polynomial[::-1], 0.0])
        taps.append([point**power / np.polyval(polynomial, point) for power in range(count)])
    inputs.append(np.poly(points)[::-1])
    taps.append([float(power == count - 1) for power in range(count)])
    outputs = [[point**power for point in points] + [float(power == size - 1)] for power in range(size)]
    return _Sums(np.array(inputs), np.array(taps), np.array(outputs))


_SUMS = {2: _sums(2, 0.0, 1.0, -1.0), 4: _sums(4, 0.0, 0.625, 1.5, -0.625, -1.5)}
# Of four outputs and four taps, for lines.
_SUMS_ALONG = _sums(4, 0.375, 0.875, 1.75, -0.375, -0.875, -1.75)


def outputs(inputs: jax.Array, weights: jax.Array, geometry: Geometry) -> jax.Array:
    """The convolution of [N, H, W, C] with [3, 3, C, O] at stride 1."""
    return _convolved(inputs, weights, geometry.windows.padding, geometry.counts, geometry)


def inputs(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient of the inputs: of the outputs' gradient, with the kernel turned around."""
    around = tuple((2 - low, 2 - high) for low, high in geometry.windows.padding)
    # Turned with its taps' channels where they are: to exchange them would move the whole kernel.
    return _convolved(outputs, lax.rev(weights, (0, 1)), around, geometry.lengths, geometry, summed=1)


def weights(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient of the weights."""
    size = choices.winograd_tile(inputs.shape[0], geometry.counts)
    sums = _SUMS[size]
    seen = _seen(inputs, geometry.windows.padding, geometry.counts, size)
    given = cut_or_fill(outputs, [count + -count % size for count in geometry.counts])
    # The transpose of the sums of products: each output of a tile goes to the products that it is made of.
    spread = _in_two_axes(given, sums.of_products.T, size)
    # Where images lie on several devices, each makes the taps of its own ones before these are summed over the devices:
    # there are up to four times as many products.
    groups = choices.groups_of_images(inputs.shape[0])
    inside, outside = (
        matrices.reshape(len(matrices), groups, -1, matrices.shape[-1])
        for matrices in (_side_by_side(seen), _side_by_side(spread))
    )
    products = lax.dot_general(inside, outside, (((2,), (2,)), ((0, 1), (0, 1))), precision=geometry.precision)

    def taps_of(products: jax.Array) -> jax.Array:
        by_row = products.reshape(*seen.shape[:2], *products.shape[1:])
        taps = _mixed(_mixed(by_row, sums.of_taps.T, 1), sums.of_taps.T, 1)
        return jnp.sum(taps, 2) if groups > 1 else taps[:, :, 0]

    return at_once(taps_of, products) if geometry.tuned else taps_of(products)


def sums_of_taps(weights: jax.Array, size: int) -> jax.Array:
    """Of [3, 3, C, O], what tiles of `size` pixels are multiplied by: [size + 2, size + 2, C, O].

    Of taps that are one row or one column, what native kernels multiply lines of 4 pixels by: [7, fours of taps, C, O].
    """
    if 1 in weights.shape[:2]:
        assert size == 4
        line = weights.reshape(-1, *weights.shape[2:])
        filled = jnp.pad(line, ((0, -len(line) % 4), (0, 0), (0, 0)))
        return _mixed(jnp.moveaxis(filled.reshape(-1, 4, *line.shape[1:]), 1, 0), _SUMS_ALONG.of_taps, 0)
    factors = _SUMS[size].of_taps
    return _mixed(_mixed(weights, factors, 1), factors, 1)


def _convolved(
    pixels: jax.Array,
    weights: jax.Array,
    padding: tuple[tuple[int, int], ...],
    counts: tuple[int, ...],
    geometry: Geometry,
    summed: int = 0,
) -> jax.Array:
    """The convolution; `summed` is the axis of [C, O] that the pixels' channels meet."""
    size = choices.winograd_tile(pixels.shape[0], counts)
    sums = _SUMS[size]
    seen = _seen(pixels, padding, counts, size)
    taps = sums_of_taps(weights, size)
    products = lax.dot_general(
        _side_by_side(seen),
        taps.reshape(-1, *taps.shape[2:]),
        (((2,), (1 + summed,)), ((0,), (0,))),
        precision=geometry.precision,
    )

    def pixels_of(products: jax.Array) -> jax.Array:
        by_row = products.reshape(*seen.shape[:-1], -1)
        # [N, tiles down, pixels of a tile down, tiles across, pixels of a tile across, O]
        tiles = _mixed(_mixed(by_row, sums.of_products, 3), sums.of_products, 4)
        images, down, _, across, _, channels = tiles.shape
        whole = tiles.reshape(images, size * down, size * across, channels)
        return whole[:, : counts[0], : counts[1]]

    return at_once(pixels_of, products) if geometry.read_again else pixels_of(products)


def _seen(pixels: jax.Array, padding: tuple[tuple[int, int], ...], counts: tuple[int, ...], size: int) -> jax.Array:
    """The sums of what each tile sees, its own pixels and two more: [sums, sums, N, tiles down, tiles across, C]."""
    pads = [
        (low, -(-count // size) * size + 2 - low - length, 0)
        for length, count, (low, _) in zip(pixels.shape[1:3], counts, padding, strict=True)
    ]
    padded = lax.pad(pixels, jnp.zeros((), pixels.dtype), [(0, 0, 0), *pads, (0, 0, 0)])
    return _in_two_axes(padded, _SUMS[size].of_inputs, size)


def _in_two_axes(pixels: jax.Array, matrix: np.ndarray, size: int) -> jax.Array:
    """Sums of the pixels of each tile, down and across: [sums, sums, N, tiles down, tiles across, C]."""
    rows = _stacked(_of_each_tile(pixels, 1, matrix.shape[1], size), matrix, 0)
    return _mixed(_of_each_tile(rows, 3, matrix.shape[1], size), matrix, 1)


def _of_each_tile(pixels: jax.Array, axis: int, count: int, size: int) -> list[jax.Array]:
    """The first, second, ... pixel that each tile sees along an axis."""
    end = pixels.shape[axis] - count + 1
    return [lax.slice_in_dim(pixels, first, first + end, size, axis) for first in range(count)]


def _side_by_side(sums: jax.Array) -> jax.Array:
    """A matrix [tiles of all images, C] for each of the sums."""
    return sums.reshape(sums.shape[0] * sums.shape[1], -1, sums.shape[-1])


# Two ways to write the same sums: one by one, which leaves out what has the factor 0, for the outermost axis; or all by
# one formula with an array of factors, which compiles in half the time and elsewhere is as fast or faster.


def _stacked(parts: list[jax.Array], matrix: np.ndarray, axis: int) -> jax.Array:
    """The sums of the parts, one for each row of factors, along a new axis."""
    found = []
    for row in matrix:
        factors = zip(parts, map(float, row), strict=True)
        terms = [part if factor == 1 else part * factor for part, factor in factors if factor]
        found.append(functools.reduce(operator.add, terms))
    return jnp.stack(found, axis)


def _mixed(parts: Iterable[jax.Array], matrix: np.ndarray, axis: int) -> jax.Array:
    """The same; an array stands for its parts along the first axis, which goes."""
    terms = []
    for part, factors in zip(parts, matrix.T, strict=True):
        shape = (-1, *(1,) * (part.ndim - axis))
        terms.append(jnp.expand_dims(part, axis) * factors.astype(part.dtype).reshape(shape))
    return functools.reduce(operator.add, terms)
