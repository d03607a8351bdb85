"""Flips and turns: against NumPy's, and that half of the random ones are flipped."""

import numpy as np
import pytest

from jax_slim import preprocessing

BATCH = np.arange(2 * 5 * 4 * 3).reshape(2, 5, 4, 3)


@pytest.mark.parametrize("image", [BATCH, BATCH[0]])
def test_flips_and_turns(image):
    np.testing.assert_array_equal(preprocessing.flip_left_right(image), np.flip(image, -2))
    np.testing.assert_array_equal(preprocessing.flip_up_down(image), np.flip(image, -3))
    np.testing.assert_array_equal(preprocessing.transpose_image(image), np.swapaxes(image, -3, -2))
    assert preprocessing.transpose is preprocessing.transpose_image
    for k in range(-4, 9):
        np.testing.assert_array_equal(preprocessing.rot90(image, k), np.rot90(image, k % 4, axes=(-3, -2)))


@pytest.mark.parametrize("name", ["left_right", "up_down"])
def test_half_of_the_images_are_flipped(name):
    flip, draw = (getattr(preprocessing, f"{prefix}flip_{name}") for prefix in ("", "random_"))
    rng, one = np.random.default_rng(0), BATCH[0]
    flipped = sum(np.array_equal(draw(one, rng=rng), flip(one)) for _ in range(1000))
    assert abs(flipped - 500) < 65  # four standard deviations
    many = np.repeat(BATCH[:1], 1000, axis=0)
    drawn = draw(many, rng=rng)
    turned = (drawn == flip(many)).all(axis=(1, 2, 3))
    assert abs(turned.sum() - 500) < 65  # each by itself
    np.testing.assert_array_equal(drawn[~turned], many[~turned])
    assert drawn.dtype == many.dtype


def test_refuses():
    with pytest.raises(ValueError, match=r"flip_left_right: image must have rank 3 .* got shape \(5, 4\)"):
        preprocessing.flip_left_right(BATCH[0, :, :, 0])
    with pytest.raises(TypeError, match=r"rot90: k must be an integer, got 0.5"):
        preprocessing.rot90(BATCH, 0.5)
    with pytest.raises(ValueError, match="random_flip_up_down: rng must be"):
        preprocessing.random_flip_up_down(BATCH, rng=None)
