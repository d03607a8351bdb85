"""Convolutions of 3 x 3 taps with fewer multiplications: Winograd's F(2 x 2, 3 x 3), for CPUs. Channels are last.

Two outputs of a correlation with three taps take four products instead of six, of sums of inputs and sums of taps; in
two dimensions a tile of 2 x 2 outputs takes 16 instead of 36 (Winograd, 1980; Lavin and Gray, 2015). Each of the 16 is
one matrix product over all tiles and channels here.

The gradient of the inputs is a convolution with the kernel turned around. That of the weights is the transpose of the
same three steps, again with 16 products.

Errors, as the largest difference from float64 relative to the largest value, with this form and without
(`kernel_forms` "fastest" and "exact"; `benchmarks/rounding.py`, batch 8 at 224 px). VGG-16: logits 1.0e-6 and 1.0e-6;
the gradients of its variables, median 0.9e-3 and 1.1e-3, largest 5.0e-3 and 5.0e-3. ResNet-50 in training mode: logits
1.6e-5 both times; gradients, median 2.3e-2 both times. Plain `lax` in float32 is as far away: where an activation lies
within rounding of 0, or two pixels of a maximum, float32 and float64 decide differently, whatever the form. A layer's
own error is tested to be below 2e-6.

Larger tiles, F(4 x 4, 3 x 3), would save more, but their sums have factors up to 8 and lose ten times as much.
"""

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim.kernels import choices
from jax_slim.kernels.conv_geometry import Geometry


def outputs(inputs: jax.Array, weights: jax.Array, geometry: Geometry) -> jax.Array:
    """The convolution of [N, H, W, C] with [3, 3, C, O] at stride 1."""
    return _convolved(inputs, weights, geometry.windows.padding, geometry.counts, geometry)


def inputs(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient of the inputs: of the outputs' gradient, with the kernel turned around."""
    around = tuple((2 - low, 2 - high) for low, high in geometry.windows.padding)
    # Turned with its taps' channels where they are: to exchange them would move the whole kernel.
    return _convolved(outputs, lax.rev(weights, (0, 1)), around, geometry.lengths, geometry, summed=1)


def weights(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient of the weights.

    All 16 products at once, of arrays side by side: as fast here as one by one, and compiled in half the time.
    """
    counts = geometry.counts
    tiles = [-(-count // 2) for count in counts]
    seen = _seen(_padded(inputs, geometry.windows.padding, tiles))
    spare = [(0, 2 * tile - count, 0) for tile, count in zip(tiles, counts, strict=True)]
    given = lax.pad(outputs, jnp.zeros((), outputs.dtype), [(0, 0, 0), *spare, (0, 0, 0)])
    # Transposed outputs: each of the two outputs of a tile goes to the products that it is made of.
    rows = jnp.stack(_spread_outputs(given[:, 0::2], given[:, 1::2]))
    spread = jnp.stack(_spread_outputs(rows[:, :, :, 0::2], rows[:, :, :, 1::2]), 1)
    products = lax.dot_general(
        seen.reshape(16, -1, seen.shape[-1]),
        spread.reshape(16, -1, spread.shape[-1]),
        (((1,), (1,)), ((0,), (0,))),
        precision=geometry.precision,
    ).reshape(4, 4, seen.shape[-1], spread.shape[-1])
    columns = jnp.stack(_gathered_taps(list(products)))
    return jnp.stack(_gathered_taps([columns[:, j] for j in range(4)]), 1)


def _convolved(
    pixels: jax.Array,
    weights: jax.Array,
    padding: tuple[tuple[int, int], ...],
    counts: tuple[int, ...],
    geometry: Geometry,
    summed: int = 0,
) -> jax.Array:
    """The convolution; `summed` is the axis of [C, O] that the pixels' channels meet."""
    tiles = [-(-count // 2) for count in counts]
    padded = _padded(pixels, padding, tiles)
    by_row = _spread_taps(weights[0], weights[1], weights[2])
    taps = [_spread_taps(row[0], row[1], row[2]) for row in by_row]
    products_of = (
        _products_at_once if choices.winograd_at_once(counts, weights.shape[2:], geometry) else _products_one_by_one
    )
    products = products_of(padded, taps, summed, geometry)
    columns = [_gathered_outputs([products[i][j] for i in range(4)]) for j in range(4)]
    pairs = [_gathered_outputs([columns[j][r] for j in range(4)]) for r in range(2)]
    shape = (pixels.shape[0], *tiles, weights.shape[3 - summed])
    rows = [jnp.stack([value.reshape(shape) for value in pair], 3).reshape(*shape[:2], -1, shape[3]) for pair in pairs]
    whole = jnp.stack(rows, 2).reshape(shape[0], 2 * tiles[0], 2 * tiles[1], shape[3])
    return whole[:, : counts[0], : counts[1]]


def _products_one_by_one(
    padded: jax.Array, taps: list[list[jax.Array]], summed: int, geometry: Geometry
) -> list[list[jax.Array]]:
    """The 16 products, each [tiles of all images, O]."""
    products = []
    for row, of_row in zip(_sums_of_inputs(*_four_of_each_tile(padded, 1)), taps, strict=True):
        values = _sums_of_inputs(*_four_of_each_tile(row, 2))
        products.append([_product(value, tap, summed, geometry) for value, tap in zip(values, of_row, strict=True)])
    return products


def _products_at_once(
    padded: jax.Array, taps: list[list[jax.Array]], summed: int, geometry: Geometry
) -> list[list[jax.Array]]:
    """The same, as one product of arrays side by side."""
    seen = _seen(padded)
    matrices = jnp.stack([jnp.stack(of_row) for of_row in taps])
    products = lax.dot_general(
        seen.reshape(16, -1, seen.shape[-1]),
        matrices.reshape(16, *matrices.shape[2:]),
        (((2,), (1 + summed,)), ((0,), (0,))),
        precision=geometry.precision,
    )
    return [[products[4 * i + j] for j in range(4)] for i in range(4)]


def _seen(padded: jax.Array) -> jax.Array:
    """What the 16 products see of each tile: [4, 4, N, tiles down, tiles across, C]."""
    rows = jnp.stack(_sums_of_inputs(*_four_of_each_tile(padded, 1)))
    return jnp.stack(_sums_of_inputs(*_four_of_each_tile(rows, 3)), 1)


def _padded(pixels: jax.Array, padding: tuple[tuple[int, int], ...], tiles: list[int]) -> jax.Array:
    """What tiles of two outputs see: two pixels for each and two more."""
    pads = [
        (low, 2 * tile + 2 - low - length, 0)
        for length, (low, _), tile in zip(pixels.shape[1:3], padding, tiles, strict=True)
    ]
    return lax.pad(pixels, jnp.zeros((), pixels.dtype), [(0, 0, 0), *pads, (0, 0, 0)])


def _four_of_each_tile(padded: jax.Array, axis: int) -> list[jax.Array]:
    """The first, second, third and fourth pixel that each tile sees along an axis."""
    even, odd = (lax.slice_in_dim(padded, phase, None, 2, axis) for phase in (0, 1))
    first, last = (0, -1), (1, None)
    return [lax.slice_in_dim(half, *part, 1, axis) for part in (first, last) for half in (even, odd)]


def _sums_of_inputs(a: jax.Array, b: jax.Array, c: jax.Array, d: jax.Array) -> list[jax.Array]:
    return [a - c, b + c, c - b, b - d]


def _spread_taps(a: jax.Array, b: jax.Array, c: jax.Array) -> list[jax.Array]:
    ends = a + c
    return [a, (ends + b) * 0.5, (ends - b) * 0.5, c]


def _gathered_outputs(products: list[jax.Array]) -> list[jax.Array]:
    a, b, c, d = products
    return [a + b + c, b - c - d]


def _spread_outputs(first: jax.Array, second: jax.Array) -> list[jax.Array]:
    """The transpose of `_gathered_outputs`."""
    return [first, first + second, first - second, -second]


def _gathered_taps(products: list[jax.Array]) -> list[jax.Array]:
    """The transpose of `_spread_taps`."""
    a, b, c, d = products
    half = (b + c) * 0.5
    return [a + half, (b - c) * 0.5, d + half]


def _product(pixels: jax.Array, tap: jax.Array, summed: int, geometry: Geometry) -> jax.Array:
    contracted = (((1,), (summed,)), ((), ()))
    return lax.dot_general(pixels.reshape(-1, pixels.shape[-1]), tap, contracted, precision=geometry.precision)
