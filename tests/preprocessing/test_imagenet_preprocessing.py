"""ImageNet's mean and deviation, against their definition."""

import numpy as np
import pytest

import jax_slim as slim
from jax_slim.preprocessing import imagenet_preprocessing, vgg_preprocessing


@pytest.mark.parametrize("is_training", [False, True])
def test_mean_and_deviation(is_training):
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)

    def made(module):
        return module.preprocess_image(image, 24, 20, is_training, 30, 40, rng=np.random.default_rng(1))

    pixels = (np.float64(made(vgg_preprocessing)) + vgg_preprocessing.MEANS) / 255
    expected = (pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    found = made(imagenet_preprocessing)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_grey_and_one_colour():
    image = np.full((30, 30, 3), 255, np.uint8)
    prepare = slim.preprocessing.preprocessing_factory.get_preprocessing("imagenet", use_grayscale=True)
    grey = prepare(image, 8, 8, resize_side_min=10)
    assert grey.shape == (8, 8, 1)
    np.testing.assert_allclose(grey, (1 - 0.459) / 0.226, rtol=0.01)
