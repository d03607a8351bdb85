"""`images_to_sequence` and `sequence_to_images`."""

import numpy as np
import pytest

import jax_slim as slim

IMAGES = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)


def test_images_to_sequence():
    """Row h of image n is sequence 3 * n + h; its steps are the columns."""
    found = slim.images_to_sequence(IMAGES)
    assert found.shape == (4, 6, 5)
    for n in range(2):
        for h in range(3):
            np.testing.assert_array_equal(found[:, 3 * n + h], IMAGES[n, h])


@pytest.mark.parametrize(("layout", "back"), [("NHWC", "channels_last"), ("NCHW", "channels_first")])
def test_there_and_back(layout, back):
    images = IMAGES if layout == "NHWC" else np.moveaxis(IMAGES, -1, 1)
    sequence = slim.images_to_sequence(images, layout)
    np.testing.assert_array_equal(sequence, slim.images_to_sequence(IMAGES))
    np.testing.assert_array_equal(slim.sequence_to_images(sequence, 3, back), images)


def test_integers_stay_integers():
    assert slim.images_to_sequence(IMAGES.astype(np.uint8)).dtype == np.uint8
