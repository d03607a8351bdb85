"""Conversions between dtypes: there and back, ends, wrapping."""

import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.preprocessing import convert_image_dtype

INTEGERS = ["uint8", "int8", "uint16", "int16", "int32"]


@pytest.mark.parametrize("wide", ["uint16", "int16", "int32", "float32", "float64"])
def test_a_wider_dtype_and_back_changes_nothing(wide):
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(convert_image_dtype(convert_image_dtype(levels, wide), np.uint8), levels)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_floats_are_cut_off_and_saturated(dtype):
    top = np.iinfo(dtype).max
    floats = np.array([0, 0.25, 0.5, 0.999], np.float64)
    np.testing.assert_array_equal(convert_image_dtype(floats, dtype), np.trunc(floats * (top + 0.5)).astype(dtype))
    if dtype != "int32":
        saturated = convert_image_dtype(np.array([-5, 1, 1.5, 9], np.float32), dtype, saturate=True)
        np.testing.assert_array_equal(saturated, [np.iinfo(dtype).min, top, top, top])


def test_values_beyond_the_range_wrap():
    np.testing.assert_array_equal(convert_image_dtype(np.float32([1.1, -0.1]), np.uint8), [281 - 256, 256 - 25])
    np.testing.assert_array_equal(convert_image_dtype(np.int16([-256, -1, 128, 32767]), np.uint8), [254, 255, 1, 255])
    np.testing.assert_array_equal(convert_image_dtype(np.int16([-256, 300]), np.uint8, saturate=True), [0, 2])
    # 1.0 is one more than the largest int32: TensorFlow's references have the smallest, saturated or not.
    for saturate in (False, True):
        assert convert_image_dtype(np.float32([1.0]), np.int32, saturate)[0] == np.iinfo(np.int32).min


def test_the_same_dtype_returns_the_image():
    image = np.zeros((2, 2, 3), np.float32)
    assert convert_image_dtype(image, "float32") is image


@pytest.mark.parametrize(
    ("image", "dtype", "message"),
    [
        (np.zeros(3, bool), np.float32, "image must be of integers or floats, got bool"),
        (np.zeros(3), np.complex64, "dtype must be of integers or floats, got complex64"),
        (np.zeros(3), "floats", "dtype must name a dtype, got 'floats'"),
    ],
)
def test_refuses(image, dtype, message):
    with pytest.raises(TypeError, match=message):
        convert_image_dtype(image, dtype)


def test_jax_arrays_wrap_and_saturate_alike():
    floats = np.array([1.1, -0.1, 0.5, 1.0], np.float32)
    for dtype in ("uint8", "int16", "int32"):
        for saturate in (False, True):
            traced = convert_image_dtype(jnp.asarray(floats), dtype, saturate)
            np.testing.assert_array_equal(np.asarray(traced), convert_image_dtype(floats, dtype, saturate))
