"""Standardization: mean 0 and deviation 1 of each image, or 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.preprocessing import per_image_standardization


@given(shape=st.tuples(st.integers(1, 3), *[st.integers(1, 7)] * 3), scale=st.sampled_from([1e-4, 1.0, 255.0]))
def test_matches_the_definition(shape, scale):
    images = (np.random.default_rng(0).normal(size=shape) * scale + 3).astype(np.float32)
    expected = images.astype(np.float64)
    axes = (1, 2, 3)
    deviation = np.maximum(expected.std(axis=axes, keepdims=True), 1 / np.sqrt(np.prod(shape[1:])))
    expected = (expected - expected.mean(axis=axes, keepdims=True)) / deviation
    np.testing.assert_allclose(per_image_standardization(images), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(per_image_standardization(images[0]), expected[0], rtol=1e-4, atol=1e-4)


def test_one_colour_becomes_zero():
    np.testing.assert_array_equal(per_image_standardization(np.full((4, 4, 3), 0.5, np.float32)), 0)


def test_refuses():
    with pytest.raises(ValueError, match="per_image_standardization: image must have rank 3"):
        per_image_standardization(np.zeros((4, 4), np.float32))
