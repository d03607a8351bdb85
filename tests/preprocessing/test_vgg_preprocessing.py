"""VGG's preprocessing: what is drawn, in steps of TensorFlow's functions; batches; refusals."""

import jax
import numpy as np
import pytest

from jax_slim import preprocessing
from jax_slim.preprocessing import vgg_preprocessing

IMAGE = np.random.default_rng(0).integers(0, 256, (30, 45, 3), np.uint8)
MEANS = np.float32(vgg_preprocessing.MEANS)


def in_steps(image, height, width, low, high, rng, grey=False):
    """Everything resized, then cropped, mirrored, and less the mean."""
    side = int(rng.integers(low, high + 1))
    scale = np.float32(side) / np.float32(min(image.shape[:2]))
    resized = preprocessing.resize_bilinear(image, [int(np.rint(np.float32(now) * scale)) for now in image.shape[:2]])
    top = int(rng.integers(resized.shape[0] - height + 1))
    left = int(rng.integers(resized.shape[1] - width + 1))
    cropped = resized[top : top + height, left : left + width]
    cropped = cropped[:, ::-1] if rng.random() < 0.5 else cropped
    if grey:
        return preprocessing.rgb_to_grayscale(cropped) - MEANS @ np.float32([0.2989, 0.587, 0.114])
    return cropped - MEANS


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("grey", [False, True])
def test_training_in_steps(dtype, grey):
    ours, theirs = np.random.default_rng(1), np.random.default_rng(1)
    image = IMAGE.astype(dtype)
    for _ in range(8):
        made = vgg_preprocessing.preprocess_image(image, 20, 24, True, 25, 40, use_grayscale=grey, rng=ours)
        assert made.dtype == np.float32 and made.flags.c_contiguous
        expected = in_steps(image, 20, 24, 25, 40, theirs, grey)
        np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(image, IMAGE.astype(dtype))


def test_sides_are_drawn_from_both_ends():
    # A crop of the whole height is only possible where the drawn side allows it.
    rng, heights = np.random.default_rng(0), set()
    for _ in range(100):
        try:
            vgg_preprocessing.preprocess_image(IMAGE, 31, 31, True, 29, 31, rng=rng)
        except ValueError as error:
            heights.add(str(error).split("resized image, ")[1].split(" ")[0])
        else:
            heights.add("31")
    assert heights == {"29", "30", "31"}


def test_evaluation_takes_batches_and_traces():
    one = vgg_preprocessing.preprocess_image(IMAGE, 20, 24, resize_side_min=25)
    batch = np.stack([IMAGE, IMAGE[::-1]])
    both = vgg_preprocessing.preprocess_image(batch, 20, 24, resize_side_min=25)
    np.testing.assert_array_equal(both[0], one)
    traced = jax.jit(lambda images: vgg_preprocessing.preprocess_image(images, 20, 24, resize_side_min=25))(batch)
    np.testing.assert_allclose(traced, both, rtol=1e-5, atol=1e-4)
    grey = vgg_preprocessing.preprocess_image(IMAGE, 20, 24, resize_side_min=25, use_grayscale=True)
    np.testing.assert_allclose(grey[..., 0], one @ np.float32([0.2989, 0.587, 0.114]), atol=1e-3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda f, rng: f(IMAGE, 9, 9, True),
            ValueError,
            r"rng must be a numpy.random.Generator when is_training=True, got None",
        ),
        (lambda f, rng: f(IMAGE, 9, 9, True, rng=3), TypeError, "rng must be .*, got 3"),
        (
            lambda f, rng: f(IMAGE[..., :1], 9, 9),
            ValueError,
            r"must have 3 channels, got shape \(30, 45, 1\). Use grayscale_to_rgb",
        ),
        (
            lambda f, rng: f(IMAGE[None], 9, 9, True, rng=rng),
            ValueError,
            r"must have rank 3 \[H, W, C\], got shape \(1, 30, 45, 3\)",
        ),
        (
            lambda f, rng: f(IMAGE, 40, 9, resize_side_min=20),
            ValueError,
            "at most that of the resized image, 20 x 30, got 40 x 9. Pass a larger",
        ),
        (
            lambda f, rng: f(IMAGE, 40, 9, True, 20, 20, rng=rng),
            ValueError,
            "at most that of the resized image, 20 x 30, got 40 x 9",
        ),
        (
            lambda f, rng: f(IMAGE, 9, 9, True, 20, 19, rng=rng),
            ValueError,
            "resize_side_max must be at least 20, got 19",
        ),
        (lambda f, rng: f(IMAGE, 0, 9), ValueError, r"output size\[0\] must be at least 1, got 0"),
        (
            lambda f, rng: jax.jit(lambda image: f(image, 9, 9, True, rng=rng))(IMAGE),
            TypeError,
            "that JAX is tracing.*before jax.jit",
        ),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call(vgg_preprocessing.preprocess_image, np.random.default_rng(0))
