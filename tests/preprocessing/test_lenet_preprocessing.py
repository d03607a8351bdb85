"""LeNet's preprocessing: the same in training, from -1 to 1, with sides exchanged."""

import numpy as np
import pytest

from jax_slim.preprocessing import lenet_preprocessing

DIGIT = np.random.default_rng(0).integers(0, 256, (28, 28, 1), np.uint8)


def test_values():
    made = lenet_preprocessing.preprocess_image(DIGIT, 28, 28)
    np.testing.assert_array_equal(made, (np.float32(DIGIT) - 128) / 128)
    np.testing.assert_array_equal(lenet_preprocessing.preprocess_image(DIGIT, 28, 28, is_training=True), made)


def test_sides_and_channels():
    assert lenet_preprocessing.preprocess_image(DIGIT, 20, 32).shape == (32, 20, 1)  # exchanged, as in research/slim
    assert lenet_preprocessing.preprocess_image(np.repeat(DIGIT, 3, -1), 8, 8, use_grayscale=True).shape == (8, 8, 1)


def test_refuses():
    with pytest.raises(ValueError, match=r"preprocess_image: image must have rank 3 .* got shape \(28, 28\)"):
        lenet_preprocessing.preprocess_image(DIGIT[..., 0], 28, 28)
