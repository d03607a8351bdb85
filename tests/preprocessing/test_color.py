"""Colours: against conversions to HSV and back by the standard library, and what is drawn at random."""

import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim import preprocessing
from jax_slim.preprocessing import _colors


def pixels(function, image):
    """A function of three numbers, on each pixel in float64."""
    flat = image.astype(np.float64).reshape(-1, 3)
    return np.array([function(*pixel) for pixel in flat]).reshape(image.shape)


def saturated(red, green, blue, factor):
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return colorsys.hsv_to_rgb(hue, min(1, saturation * factor), value)


def turned(red, green, blue, delta):
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return colorsys.hsv_to_rgb((hue + delta) % 1, saturation, value)


# Few levels: so that channels are often equal, largest and smallest at once, and 0.
COLOURS = st.lists(st.tuples(*[st.integers(0, 8)] * 3), min_size=1, max_size=12).map(
    lambda found: np.array(found, np.float32)[:, None] / 8
)


@given(image=COLOURS, factor=st.floats(0, 4, width=32))
def test_saturation_matches_the_definition(image, factor):
    expected = pixels(lambda *rgb: saturated(*rgb, factor), image)
    np.testing.assert_allclose(preprocessing.adjust_saturation(image, factor), expected, rtol=1e-5, atol=1e-6)


@given(
    image=COLOURS,
    factor=st.floats(0, 4, width=32),
    offset=st.floats(-0.5, 0.5, width=32),
    scale=st.sampled_from([1, 255]),
)
def test_saturation_in_place_multiplies_and_adds_first(image, factor, offset, scale):
    repeated = np.tile(image, (1, 6000, 1))  # more than are changed at once
    planes = np.ascontiguousarray(repeated.transpose(2, 0, 1)) * np.float32(scale)
    _colors.saturate(planes, np.float32(factor), np.float32(2 / scale), np.float32(offset))
    doubled = [2 * repeated[..., channel] + offset for channel in range(3)]
    expected = np.stack(_colors.saturated(np, doubled, np.float32(factor)))
    np.testing.assert_allclose(planes, expected, rtol=1e-5, atol=4e-6)


@given(image=COLOURS, delta=st.floats(-2, 2, width=32))
def test_hue_matches_the_definition(image, delta):
    expected = pixels(lambda *rgb: turned(*rgb, delta), image)
    np.testing.assert_allclose(preprocessing.adjust_hue(image, delta), expected, rtol=1e-5, atol=3e-6)


@given(image=COLOURS)
def test_conversions_match_the_definition(image):
    hsv = preprocessing.rgb_to_hsv(image)
    np.testing.assert_allclose(hsv, pixels(colorsys.rgb_to_hsv, image), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(preprocessing.hsv_to_rgb(hsv), image, rtol=1e-5, atol=1e-6)
    grey = preprocessing.rgb_to_grayscale(image)
    np.testing.assert_allclose(grey, (image.astype(np.float64) @ [0.2989, 0.587, 0.114])[..., None], rtol=1e-6)


@given(image=COLOURS, scale=st.floats(-2, 2, width=32))
def test_values_out_of_range_are_kept_out_of_trouble(image, scale):
    shifted = (image - np.float32(0.5)) * np.float32(scale * 255)
    value = shifted.max(axis=-1)
    for factor in (0, 0.5, 3):
        changed = preprocessing.adjust_saturation(shifted, factor)
        np.testing.assert_allclose(changed.max(axis=-1), value, rtol=1e-5, atol=1e-4)  # the value is kept
        black = np.broadcast_to(value[..., None], changed.shape)[value <= 0]
        np.testing.assert_allclose(changed[value <= 0], black, rtol=1e-5)  # below 0 there is no colour
    changed = preprocessing.adjust_hue(shifted, 0.3)
    np.testing.assert_allclose(changed.max(axis=-1), value, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(changed.min(axis=-1), shifted.min(axis=-1), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16", "int16"])
def test_brightness_contrast_and_gamma(dtype):
    images = preprocessing.convert_image_dtype(np.random.default_rng(0).uniform(0, 1, (2, 5, 4, 3)), dtype)
    unit = float(np.iinfo(dtype).max) if np.issubdtype(dtype, np.integer) else 1.0
    low, high = (float(np.iinfo(dtype).min) / unit, 1.0) if unit > 1 else (-np.inf, np.inf)
    floats = images.astype(np.float64) / unit
    mean = floats.mean(axis=(1, 2), keepdims=True)
    for changed, expected in (
        (preprocessing.adjust_brightness(images, 0.3), floats + 0.3),
        (preprocessing.adjust_contrast(images, 1.7), (floats - mean) * 1.7 + mean),
        (preprocessing.adjust_gamma(images, 0.6, 1.1), 1.1 * floats**0.6),
    ):
        assert changed.dtype == dtype
        level = 1.01 / unit if unit > 1 else 2e-3 if dtype == "float16" else 1e-6
        np.testing.assert_allclose(changed.astype(np.float64) / unit, expected.clip(low, high), atol=level)


def test_grey_to_rgb_repeats():
    grey = np.arange(12, dtype=np.uint8).reshape(2, 2, 3, 1)
    np.testing.assert_array_equal(preprocessing.grayscale_to_rgb(grey), np.tile(grey, 3))


def uniform(drawn, low, high):
    """Whether numbers are drawn evenly from low to high: Kolmogorov and Smirnov's test, at 1 in 10000."""
    drawn = (np.sort(drawn) - low) / (high - low)
    steps = np.arange(len(drawn) + 1) / len(drawn)
    return max(abs(drawn - steps[:-1]).max(), abs(drawn - steps[1:]).max()) < 2.23 / np.sqrt(len(drawn))


def test_what_is_drawn():
    rng = np.random.default_rng(0)
    image = np.array([[[0.2, 0.4, 0.8], [0.4, 0.4, 0.4]]], np.float32)
    several = range(1000)
    brightness = [preprocessing.random_brightness(image, 0.3, rng=rng)[0, 0, 0] - 0.2 for _ in several]
    assert uniform(brightness, -0.3, 0.3)
    contrast = [np.diff(preprocessing.random_contrast(image, 0.5, 1.5, rng=rng)[0, :, 2])[0] / -0.4 for _ in several]
    assert uniform(contrast, 0.5, 1.5)
    saturation = [0.8 - preprocessing.random_saturation(image, 0.2, 0.9, rng=rng)[0, 0, 0] for _ in several]
    assert uniform(np.array(saturation) / 0.6, 0.2, 0.9)
    hue = [preprocessing.rgb_to_hsv(preprocessing.random_hue(image, 0.2, rng=rng))[0, 0, 0] for _ in several]
    assert uniform(hue, 11 / 18 - 0.2, 11 / 18 + 0.2)


RGB, GENERATOR = np.zeros((4, 4, 3), np.uint8), np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: p.adjust_hue(RGB[..., :1], 0.1), ValueError,
         r"must have 3 channels, got shape \(4, 4, 1\). Use grayscale_to_rgb"),
        (lambda p: p.adjust_saturation(RGB[0], 0.1), ValueError, "adjust_saturation: image must have rank 3"),
        (lambda p: p.grayscale_to_rgb(RGB), ValueError, "must have 1 channels, got shape"),
        (lambda p: p.rgb_to_hsv(RGB), TypeError, "images must be floats, got uint8. Use convert_image_dtype"),
        (lambda p: p.adjust_gamma(RGB, -1), ValueError, "gamma must be at least 0, got -1"),
        (lambda p: p.random_hue(RGB, 0.6, rng=GENERATOR), ValueError, r"max_delta must be within \[0, 0.5\], got 0.6"),
        (lambda p: p.random_brightness(RGB, -0.1, rng=GENERATOR), ValueError, "max_delta must be at least 0, got -0.1"),
        (lambda p: p.random_contrast(RGB, 1.5, 0.5, rng=GENERATOR), ValueError, "0 <= lower < upper, got 1.5 and 0.5"),
        (lambda p: p.random_saturation(RGB, -1, 0.5, rng=GENERATOR), ValueError, "0 <= lower < upper, got -1 and 0.5"),
        (lambda p: p.random_hue(RGB, 0.1, rng=None), ValueError,
         "random_hue: rng must be a numpy.random.Generator, got None"),
    ],
)  # fmt: skip
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call(preprocessing)
