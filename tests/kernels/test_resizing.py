"""Resizing against its definition, pixel by pixel."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.kernels.resizing import resize_bilinear, resize_nearest_neighbor

IMAGES = np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype(np.float32)
SIZES = [(10, 14), (15, 7), (8, 9), (3, 4), (1, 1), (5, 7)]
CORNERS = pytest.mark.parametrize("align_corners", [False, True])


def place(pixel, old, new, align_corners):
    return pixel * (old - 1) / (new - 1) if align_corners and new > 1 else pixel * old / new


@CORNERS
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nearest_neighbor(size, align_corners):
    found = resize_nearest_neighbor(jnp.asarray(IMAGES), size, align_corners)
    assert found.shape == (2, *size, 3) and found.dtype == jnp.float32
    found = np.asarray(found)
    for row in range(size[0]):
        for column in range(size[1]):
            y, x = place(row, 5, size[0], align_corners), place(column, 7, size[1], align_corners)
            y, x = (math.floor(p + 0.5 + 1e-9) if align_corners else math.floor(p + 1e-9) for p in (y, x))
            np.testing.assert_array_equal(found[:, row, column], IMAGES[:, min(y, 4), min(x, 6)])


@CORNERS
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_bilinear(size, align_corners):
    found = resize_bilinear(jnp.asarray(IMAGES), size, align_corners)
    assert found.shape == (2, *size, 3) and found.dtype == jnp.float32
    images = IMAGES.astype(np.float64)
    found = np.asarray(found)
    for row in range(size[0]):
        for column in range(size[1]):
            y, x = place(row, 5, size[0], align_corners), place(column, 7, size[1], align_corners)
            expected = 0
            for near_y in range(5):
                for near_x in range(7):
                    # The last row and column go on beyond the image.
                    at_y = max(0, 1 - abs(min(y, 4) - near_y))
                    at_x = max(0, 1 - abs(min(x, 6) - near_x))
                    expected = expected + at_y * at_x * images[:, near_y, near_x]
            np.testing.assert_allclose(found[:, row, column], expected, rtol=1e-5, atol=1e-5)


def test_any_dtype_for_nearest_and_that_of_the_images_for_both():
    assert resize_nearest_neighbor(jnp.arange(4, dtype=jnp.uint8).reshape(1, 2, 2, 1), (4, 4)).dtype == jnp.uint8
    assert resize_bilinear(jnp.ones((1, 2, 2, 1), jnp.bfloat16), (3, 3)).dtype == jnp.bfloat16
