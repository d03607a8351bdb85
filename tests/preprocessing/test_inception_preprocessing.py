"""Inception's preprocessing: what is drawn, in steps of TensorFlow's functions; batches; export; refusals."""

import collections

import jax
import numpy as np
import pytest

from jax_slim import preprocessing
from jax_slim.preprocessing import inception_preprocessing

IMAGE = np.random.default_rng(0).integers(0, 256, (30, 45, 3), np.uint8)


def distorted(image, order, rng):
    changes = {
        "b": lambda image: preprocessing.random_brightness(image, 32 / 255, rng=rng),
        "s": lambda image: preprocessing.random_saturation(image, 0.5, 1.5, rng=rng),
        "h": lambda image: preprocessing.random_hue(image, 0.2, rng=rng),
        "c": lambda image: preprocessing.random_contrast(image, 0.5, 1.5, rng=rng),
    }
    for change in order:
        image = changes[change](image)
    return image.clip(0, 1)


ORDERS = ("bshc", "sbch", "chbs", "hscb")


def in_steps(image, height, width, rng, bbox=None, fast=True, crop=True, grey=False):
    image = preprocessing.convert_image_dtype(image, np.float32)
    if crop:
        image, _ = inception_preprocessing.distorted_bounding_box_crop(image, bbox, rng=rng)
    image = preprocessing.resize_images(image, (height, width), 0 if fast else int(rng.integers(4)))
    image = preprocessing.random_flip_left_right(image, rng=rng)
    image = distorted(image, "bs" if fast else ORDERS[int(rng.integers(4))], rng)
    image = preprocessing.rgb_to_grayscale(image) if grey else image
    return (image - 0.5) * 2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize(
    "options",
    [{}, {"fast": False}, {"crop": False, "fast": False}, {"grey": True}, {"bbox": [[[0.2, 0.1, 0.9, 0.5]]]}],
)
def test_training_in_steps(dtype, options):
    ours, theirs = np.random.default_rng(1), np.random.default_rng(1)
    image = preprocessing.convert_image_dtype(IMAGE, dtype)
    before = image.copy()
    for _ in range(10):
        made = inception_preprocessing.preprocess_image(
            image,
            20,
            24,
            is_training=True,
            bbox=options.get("bbox"),
            fast_mode=options.get("fast", True),
            crop_image=options.get("crop", True),
            use_grayscale=options.get("grey", False),
            rng=ours,
        )
        assert made.dtype == np.float32 and made.flags.c_contiguous
        np.testing.assert_allclose(made, in_steps(image, 20, 24, theirs, **options), rtol=1e-5, atol=2e-5)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("ordering", range(4))
@pytest.mark.parametrize("fast", [False, True])
def test_orders_of_distortions(ordering, fast):
    # More lines than are changed at once.
    image = np.random.default_rng(0).uniform(0, 1, (90, 600, 3)).astype(np.float32)
    made = inception_preprocessing.distort_color(image, ordering, fast, rng=np.random.default_rng(3))
    order = ("bs" if ordering == 0 else "sb") if fast else ORDERS[ordering]
    np.testing.assert_allclose(made, distorted(image, order, np.random.default_rng(3)), atol=1e-5)


def test_cases_are_equally_frequent():
    rng = np.random.default_rng(0)
    pick = inception_preprocessing.apply_with_random_selector
    found = collections.Counter(pick(10, lambda x, case: x + case, 4, rng=rng) for _ in range(4000))
    assert sorted(found) == [10, 11, 12, 13]
    assert max(abs(count - 1000) for count in found.values()) < 4 * np.sqrt(750)


def test_evaluation_takes_batches_and_can_be_exported():
    batch = np.stack([IMAGE, IMAGE[::-1]])
    both = inception_preprocessing.preprocess_image(batch, 20, 24)
    np.testing.assert_array_equal(both[0], inception_preprocessing.preprocess_image(IMAGE, 20, 24))
    shape = jax.ShapeDtypeStruct(jax.export.symbolic_shape("n, 30, 45, 3"), np.uint8)
    exported = jax.export.export(jax.jit(lambda images: inception_preprocessing.preprocess_image(images, 20, 24)))(
        shape
    )
    np.testing.assert_allclose(exported.call(batch), both, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda f, rng: f(IMAGE, 9, 9, True),
            ValueError,
            "rng must be a numpy.random.Generator when is_training=True, got None.*default_rng",
        ),
        (lambda f, rng: f(IMAGE[..., :1], 9, 9, True, rng=rng), ValueError, "must have 3 channels"),
        (
            lambda f, rng: f(IMAGE[0], 9, 9),
            ValueError,
            r"must have rank 3 \[H, W, C\] or 4 \[N, H, W, C\], got shape \(45, 3\)",
        ),
        (
            lambda f, rng: f(IMAGE, 9, None),
            ValueError,
            "height and width must both be numbers or both None, got 9 and None",
        ),
        (
            lambda f, rng: f(IMAGE, 9, 9, True, [[0, 0, 9, 9]], rng=rng),
            ValueError,
            r"bounding_boxes must be .* within \[0, 1\]",
        ),
        (
            lambda f, rng: inception_preprocessing.distort_color(IMAGE, rng=rng),
            TypeError,
            "image must be floats, got uint8",
        ),
        (
            lambda f, rng: inception_preprocessing.distort_color(IMAGE / 255, 4, rng=rng),
            ValueError,
            r"within \[0, 3\], got 4",
        ),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call(inception_preprocessing.preprocess_image, np.random.default_rng(0))
