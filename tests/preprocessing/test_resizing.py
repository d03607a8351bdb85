"""Resizing: TensorFlow 1.15's sampling against its definition in float64, sizes, dtypes, refusals."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim import preprocessing
from jax_slim.preprocessing import ResizeMethod

METHODS = ["bilinear", "nearest_neighbor", "bicubic", "area"]
RESIZES = {method: getattr(preprocessing, f"resize_{method}") for method in METHODS}


def positions(inputs, outputs, align_corners, half_pixels):
    """Where the outputs lie, in float32: the definition says so, since the rounding decides between pixels."""
    if align_corners and outputs > 1:
        scale = np.float32(inputs - 1) / np.float32(outputs - 1)
    else:
        scale = np.float32(inputs) / np.float32(outputs)
    half = np.float32(0.5 if half_pixels else 0)
    return (np.arange(outputs, dtype=np.float32) + half) * scale - half, scale


def keys(distance, a):
    x = abs(distance)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def matrix(method, inputs, outputs, align_corners=False, half_pixels=False):
    """[outputs, inputs] in float64: the weight of each pixel in each output."""
    found = np.zeros((outputs, inputs))
    where, scale = positions(inputs, outputs, align_corners, half_pixels)
    for i, position in enumerate(where):
        below = int(np.floor(position))
        if method == "bilinear":
            share = float(position) - below
            found[i, np.clip(below, 0, inputs - 1)] += 1 - share
            found[i, np.clip(below + 1, 0, inputs - 1)] += share
        elif method == "nearest_neighbor":
            nearest = int(np.floor(float(position) + (0.5 if align_corners or half_pixels else 0)))
            found[i, np.clip(nearest, 0, inputs - 1)] = 1
        elif method == "bicubic":
            share = round(float((position - np.float32(below)) * 1024)) / 1024
            for offset in range(-1, 3):
                weight = keys(offset - share, -0.5 if half_pixels else -0.75)
                if not half_pixels or 0 <= below + offset < inputs:
                    found[i, np.clip(below + offset, 0, inputs - 1)] += weight
            found[i] /= found[i].sum()
        else:
            start, end = float(np.float32(i) * scale), float(np.float32(i + 1) * scale)
            for pixel in range(int(start), int(np.ceil(end))):
                covered = min(pixel + 1, end) - max(pixel, start)
                found[i, min(pixel, inputs - 1)] += covered / float(scale)
    return found


IMAGES = st.tuples(st.integers(1, 13), st.integers(1, 13), st.integers(1, 4))


@pytest.mark.parametrize("method", METHODS)
@given(
    shape=IMAGES,
    size=st.tuples(st.integers(1, 17), st.integers(1, 17)),
    rule=st.sampled_from(["", "align_corners", "half_pixel_centers"]),
    dtype=st.sampled_from(["uint8", "int16", "float32", "float64"]),
    batch=st.booleans(),
)
def test_matches_the_definition(method, shape, size, rule, dtype, batch):
    if method == "area" and (rule == "half_pixel_centers" or (rule and 1 in shape[:2])):
        rule = ""  # the one does not exist, with the other TensorFlow divides by zero
    image = np.random.default_rng(0).uniform(0, 255, shape).astype(dtype)
    image = np.stack([image, image[::-1]]) if batch else image
    resized = RESIZES[method](image, size, **({rule: True} if rule else {}))
    rules = (rule == "align_corners", rule == "half_pixel_centers")
    rows, columns = (matrix(method, *sides, *rules) for sides in zip(shape[:2], size, strict=True))
    expected = np.einsum("ih,jw,...hwc->...ijc", rows, columns, image.astype(np.float64))
    assert resized.dtype == (dtype if method == "nearest_neighbor" else np.float32)
    np.testing.assert_allclose(resized, expected, rtol=1e-5, atol=2e-3 if method == "bicubic" else 1e-4)


@given(shape=IMAGES, size=st.tuples(st.integers(1, 17), st.integers(1, 17)), align_corners=st.booleans())
def test_interpolation_stays_within_the_image(shape, size, align_corners):
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    resized = preprocessing.resize_bilinear(image, size, align_corners)
    assert image.min() <= resized.min() and resized.max() <= image.max()
    white = np.full(shape, 255, np.uint8)
    np.testing.assert_array_equal(preprocessing.resize_bilinear(white, size, align_corners), 255)  # exactly


def test_area_of_one_pixel_repeats_it():
    image = np.array([[[3, 7]]], np.uint8)
    np.testing.assert_array_equal(
        preprocessing.resize_area(image, (2, 3), align_corners=True), np.tile(image, (2, 3, 1))
    )


def test_numbers_and_names_of_methods():
    image = np.random.default_rng(2).integers(0, 256, (6, 5, 3), np.uint8)
    numbers = (ResizeMethod.BILINEAR, ResizeMethod.NEAREST_NEIGHBOR, ResizeMethod.BICUBIC, ResizeMethod.AREA)
    for method, number in zip(METHODS, numbers, strict=True):
        expected = RESIZES[method](image, (4, 7))
        for name in (number, np.int64(number), method.partition("_")[0]):
            np.testing.assert_array_equal(preprocessing.resize_images(image, (4, 7), name), expected)
    assert preprocessing.resize is preprocessing.resize_images


def test_the_same_size_returns_the_image():
    image = np.zeros((6, 5, 3), np.uint8)
    assert preprocessing.resize_images(image, (6, 5)) is image
    assert preprocessing.resize_images(image, (6, 9), preserve_aspect_ratio=True) is image
    assert preprocessing.resize_bilinear(image, (6, 5)).dtype == np.float32


@pytest.mark.parametrize(("shape", "size", "result"), [((40, 20), (10, 10), (10, 5)), ((3, 7), (10, 10), (4, 10))])
def test_preserving_the_aspect_ratio(shape, size, result):
    image = np.zeros((*shape, 3), np.float32)
    assert preprocessing.resize_images(image, size, preserve_aspect_ratio=True).shape == (*result, 3)


def test_padding_after_resizing():
    image = np.ones((2, 8, 4, 1), np.float32)
    padded = preprocessing.resize_image_with_pad(image, 4, 5)
    np.testing.assert_array_equal(padded[0, :, :, 0], [[0, 1, 1, 0, 0]] * 4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float64])
def test_padding_gives_float32_also_where_nothing_is_scaled(method, dtype):
    image = np.arange(24).reshape(4, 6, 1).astype(dtype)
    for size in ((4, 6), (4, 9), (8, 12)):
        for array in (image, jnp.asarray(image)):
            assert preprocessing.resize_image_with_pad(array, *size, method.partition("_")[0]).dtype == np.float32
    np.testing.assert_array_equal(preprocessing.resize_image_with_pad(image, 4, 9)[:, 1:7], image)


SQUARE = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: preprocessing.resize_images(SQUARE[0], (2, 2)),
            ValueError,
            r"images must have rank 3 \[H, W, C\] or 4",
        ),
        (
            lambda: preprocessing.resize_images(SQUARE[:0], (2, 2)),
            ValueError,
            r"no axis of size 0, got shape \(0, 4, 3\)",
        ),
        (lambda: preprocessing.resize_images(SQUARE > 0, (2, 2)), TypeError, "integers or floats, got bool"),
        (lambda: preprocessing.resize_images("photo.jpg", (2, 2)), TypeError, "integers or floats, got <U9"),
        (lambda: preprocessing.resize_images([[1], [1, 2]], (2, 2)), TypeError, "array of numbers, got list"),
        (
            lambda: preprocessing.resize_images(SQUARE, 2),
            ValueError,
            r"size must be two integers \(height, width\), got 2",
        ),
        (lambda: preprocessing.resize_images(SQUARE, (2, 0)), ValueError, r"size\[1\] must be at least 1, got 0"),
        (lambda: preprocessing.resize_images(SQUARE, (2.5, 2)), TypeError, r"size\[0\] must be an integer, got 2.5"),
        (lambda: preprocessing.resize_images(SQUARE, (2, 2), 4), ValueError, "0 or 'bilinear', .*, got 4"),
        (lambda: preprocessing.resize_images(SQUARE, (2, 2), "cubic"), ValueError, "got 'cubic'"),
        (
            lambda: preprocessing.resize_images(np.zeros((100, 1, 3)), (10, 10), preserve_aspect_ratio=True),
            ValueError,
            r"at least 1 pixel, got \(10, 10\) for an image of 100 x 1, which makes 10 x 0",
        ),
        (
            lambda: preprocessing.resize_image_with_pad(np.zeros((100, 1, 3)), 10, 10),
            ValueError,
            "which makes 10 x 0",
        ),
        (
            lambda: preprocessing.resize_bilinear(SQUARE, (2, 2), align_corners=True, half_pixel_centers=True),
            ValueError,
            "align_corners and half_pixel_centers must not both be True",
        ),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
