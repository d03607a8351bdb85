"""Convolutions of bytes: how numbers are rounded, and what is computed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, Windows
from jax_slim.kernels.quantized import Rounding, as_bytes, quantized_convolution, quantized_weights, rounding_of


@pytest.mark.parametrize(
    ("limits", "step", "zero"),
    [
        ((0.0, 255.0), 1.0, 0),
        ((-51.0, 204.0), 1.0, 51),
        ((2.0, 51.0), 0.2, 0),
        ((-25.5, -3.0), 0.1, 255),
        ((0, 0), 1.0, 0),
    ],
)
def test_a_range_always_has_a_byte_for_zero(limits, step, zero):
    found = rounding_of(*limits)
    assert found.step == pytest.approx(step, rel=1e-6) and found.zero == zero
    assert int(as_bytes(jnp.zeros(()), found)) == zero


def test_the_half_goes_to_even_numbers_and_what_is_beyond_to_the_ends():
    values = jnp.array([0.25, 0.75, 1.25, -0.25, 500.0, -500.0, jnp.inf, -jnp.inf, jnp.nan])
    assert list(np.asarray(as_bytes(values, Rounding(0.5, 3)))) == [3, 5, 5, 3, 255, 0, 255, 0, 0]


def test_weights_have_a_step_for_each_filter():
    weights = np.array([[1.27, 0.0, -3.0], [-0.635, 0.0, 1.0]], np.float32)
    whole, steps = quantized_weights(weights)
    assert whole.dtype == np.int8 and whole.tolist() == [[127, 0, -127], [-64, 0, 42]]
    np.testing.assert_allclose(steps, [0.01, 1.0, 3 / 127], rtol=1e-6)


@pytest.mark.parametrize("given", ["numbers", "bytes"])
def test_products_are_of_whole_numbers(given):
    rng = np.random.default_rng(0)
    geometry = Geometry(Layout("NHWC"), (5, 6), Windows((3, 2), (2, 1), (1, 2), ((1, 1), (0, 1))), 1, None)
    pixels = rng.integers(0, 256, (2, 5, 6, 4)).astype(np.uint8)
    weights = rng.integers(-127, 128, (3, 2, 4, 3)).astype(np.int8)
    scale, bias = np.array([0.5, 0.25, 1.0], np.float32), np.array([1.0, -2.0, 3.0], np.float32)
    inputs = pixels if given == "bytes" else (pixels.astype(np.float32) - 7) / 8
    padded = np.pad(pixels.astype(np.int64) - 7, ((0, 0), (1, 1), (0, 1), (0, 0)))
    sums = np.zeros((2, *geometry.counts, 3), np.int64)
    for y, x in np.ndindex(*geometry.counts):
        window = padded[:, 2 * y : 2 * y + 3, x : x + 3 : 2]
        sums[:, y, x] = np.einsum("nyxc,yxcf->nf", window, weights.astype(np.int64))
    expected = np.clip(sums * scale + bias + 4, -500, 6000)
    shortcut = jnp.full(sums.shape, 4.0)
    arguments = dict(geometry=geometry, rounding=Rounding(0.125, 7), low=-500.0, high=6000.0)
    run = jax.jit(lambda x, made: quantized_convolution(x, weights, scale, bias, shortcut, made=made, **arguments),
                  static_argnums=1)  # fmt: skip
    np.testing.assert_array_equal(run(inputs, None), expected)
    np.testing.assert_array_equal(run(inputs, Rounding(32.0, 20)), np.clip(np.rint(expected / 32) + 20, 0, 255))
