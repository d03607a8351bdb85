"""CifarNet's preprocessing: what is drawn, in steps of TensorFlow's functions; sides; refusals."""

import numpy as np
import pytest

from jax_slim import preprocessing
from jax_slim.preprocessing import cifarnet_preprocessing

IMAGE = np.random.default_rng(0).integers(0, 256, (16, 20, 3), np.uint8)


@pytest.mark.parametrize("padding", [0, 4])
def test_training_in_steps(padding):
    ours, theirs = np.random.default_rng(1), np.random.default_rng(1)
    for _ in range(8):
        made = cifarnet_preprocessing.preprocess_for_train(IMAGE, 12, 14, padding, rng=ours)
        image = np.pad(np.float32(IMAGE), [(padding, padding), (padding, padding), (0, 0)])
        image = preprocessing.random_crop(image, (12, 14, 3), rng=theirs)
        image = preprocessing.random_flip_left_right(image, rng=theirs)
        image = preprocessing.random_brightness(image, 63, rng=theirs)
        image = preprocessing.random_contrast(image, 0.2, 1.8, rng=theirs)
        np.testing.assert_allclose(made, (image - image.mean()) / image.std(), rtol=1e-4, atol=1e-5)


def test_sides_and_channels():
    make = cifarnet_preprocessing.preprocess_image
    rng = np.random.default_rng(0)
    assert make(IMAGE, 12, 14).shape == (14, 12, 3)  # exchanged, as in research/slim
    assert make(IMAGE, 12, 14, is_training=True, rng=rng).shape == (12, 14, 3)
    assert make(IMAGE, 12, 14, is_training=True, use_grayscale=True, rng=rng).shape == (12, 14, 1)
    assert make(IMAGE[None], 12, 14, use_grayscale=True).shape == (1, 14, 12, 1)


def test_refuses():
    make = cifarnet_preprocessing.preprocess_image
    with pytest.raises(ValueError, match=r"rng must be .* when is_training=True, got None"):
        make(IMAGE, 12, 14, is_training=True)
    with pytest.raises(ValueError, match="at most that of the padded image, 24 x 28, got 25 x 14"):
        make(IMAGE, 25, 14, is_training=True, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"output size\[1\] must be at least 1, got -1"):
        make(IMAGE, 25, -1)
