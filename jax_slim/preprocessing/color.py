"""Colours: brightness, contrast, saturation, hue, gamma; between RGB, HSV and grey.

An image of integers is adjusted as floats between 0 and 1 and converted back (`convert_image_dtype`); floats are taken
as they are, whatever their range. The `random_*` functions draw from a `numpy.random.Generator` and take NumPy arrays;
all others take JAX arrays too, also while JAX traces.
"""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays, _colors
from jax_slim.preprocessing.element_types import through_floats

_GREY_WEIGHTS = np.array([0.2989, 0.5870, 0.1140], np.float32)

_ANY_RANK = tuple(range(3, 9))

# What brightness and gamma are computed in as it is.
_FLOATS = (np.float32, np.float16)


def adjust_brightness(image: Any, delta: Any) -> Any:
    """Adds `delta` to every value; floats are not clipped.

    Args:
      image: [..., H, W, C], integers or floats; a NumPy or JAX array.
      delta: what to add, where 1 is the whole range of an image of integers.

    Returns:
      The image in its dtype; integers stay in their range.

    Raises:
      ValueError: a rank below 3 or an empty image.
      TypeError: `image` is no array of integers or floats.
    """
    image = _arrays.image("adjust_brightness", image, _ANY_RANK)
    return through_floats(image, lambda floats: floats + _like(floats, delta), saturate=True, keep=_FLOATS)


def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """Scales the distance of every value to the mean of its channel; floats are not clipped.

    Args:
      images: [..., H, W, C], integers or floats; a NumPy or JAX array. Each image and channel has its own mean.
      contrast_factor: below 1 flattens, above 1 strengthens.

    Returns:
      The images in their dtype; integers stay in their range.

    Raises:
      ValueError: a rank below 3 or an empty image.
      TypeError: `images` is no array of integers or floats.
    """
    images = _arrays.image("adjust_contrast", images, _ANY_RANK, argument="images")
    factor = _f32(contrast_factor)

    def adjusted(floats):
        # Over rows, then over columns: float32 sums of few terms each.
        mean = floats.mean(axis=-2, keepdims=True).mean(axis=-3, keepdims=True)
        return (floats - mean) * factor + mean

    return through_floats(images, adjusted, saturate=True)


def adjust_saturation(image: Any, saturation_factor: Any) -> Any:
    """Multiplies the saturation of RGB colours, up to full saturation; 0 makes grey.

    Args:
      image: [..., H, W, 3], integers or floats; a NumPy or JAX array.
      saturation_factor: at least 0; a negative one counts as 0.

    Returns:
      The image in its dtype.

    Raises:
      ValueError: not 3 channels, a rank below 3 or an empty image.
      TypeError: `image` is no array of integers or floats.
    """
    image = _arrays.image("adjust_saturation", image, _ANY_RANK, channels=3)
    return _by_planes(_colors.saturated, image, _f32(saturation_factor))


def adjust_hue(image: Any, delta: Any) -> Any:
    """Turns the hue of RGB colours around the circle.

    Args:
      image: [..., H, W, 3], integers or floats; a NumPy or JAX array.
      delta: in turns: 1/3 makes red green, 1 changes nothing.

    Returns:
      The image in its dtype.

    Raises:
      ValueError: not 3 channels, a rank below 3 or an empty image.
      TypeError: `image` is no array of integers or floats.
    """
    image = _arrays.image("adjust_hue", image, _ANY_RANK, channels=3)
    return _by_planes(_colors.hue_rotated, image, _f32(delta))


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """Computes gain * image ** gamma.

    Args:
      image: [..., H, W, C], integers or floats; a NumPy or JAX array.
      gamma: at least 0; below 1 brightens.
      gain: a factor.

    Returns:
      The image in its dtype; integers stay in their range.

    Raises:
      ValueError: a negative `gamma`, a rank below 3 or an empty image.
      TypeError: `image` is no array of integers or floats.
    """
    image = _arrays.image("adjust_gamma", image, _ANY_RANK)
    if not _arrays.is_jax(gamma) and np.any(np.asarray(gamma) < 0):
        raise ValueError(f"adjust_gamma: gamma must be at least 0, got {gamma!r}.")

    def adjusted(floats):
        return _like(floats, gain) * floats ** _like(floats, gamma)

    return through_floats(image, adjusted, saturate=True, keep=_FLOATS)


def rgb_to_grayscale(images: Any) -> Any:
    """Weighs red, green and blue by 0.2989, 0.5870 and 0.1140 to one channel of grey.

    Args:
      images: [..., 3], integers or floats; a NumPy or JAX array.

    Returns:
      [..., 1], in the dtype of `images`.

    Raises:
      ValueError: not 3 channels, a rank below 3 or an empty image.
      TypeError: `images` is no array of integers or floats.
    """
    images = _arrays.image("rgb_to_grayscale", images, _ANY_RANK, channels=3, argument="images")

    def grey(floats):
        red, green, blue = (floats[..., c] * _GREY_WEIGHTS[c] for c in range(3))
        return (red + green + blue)[..., None]

    return through_floats(images, grey, saturate=False)


def grayscale_to_rgb(images: Any) -> Any:
    """Repeats the one channel of grey images three times.

    Args:
      images: [..., H, W, 1]; a NumPy or JAX array.

    Returns:
      [..., H, W, 3], in the dtype of `images`.

    Raises:
      ValueError: not 1 channel, a rank below 3 or an empty image.
      TypeError: `images` is no array of integers or floats.
    """
    images = _arrays.image("grayscale_to_rgb", images, _ANY_RANK, channels=1, argument="images")
    return _arrays.namespace(images).repeat(images, 3, axis=-1)


def rgb_to_hsv(images: Any) -> Any:
    """Converts RGB to hue (in turns, red is 0), saturation and value.

    Args:
      images: floats [..., H, W, 3], values from 0 to 1; a NumPy or JAX array.

    Returns:
      [..., H, W, 3], in the dtype of `images`; grey has hue 0, black has saturation 0.

    Raises:
      ValueError: not 3 channels, a rank below 3 or an empty image.
      TypeError: `images` is no array of floats.
    """
    xp, images = _floats("rgb_to_hsv", images)
    red, green, blue = (images[..., c] for c in range(3))
    value = xp.maximum(xp.maximum(red, green), blue)
    chroma = value - xp.minimum(xp.minimum(red, green), blue)
    one = np.ones(
        (), images.dtype
    )  # of their dtype: a Python number would do for NumPy, JAX's strict promotion wants this
    saturation = xp.where(value > 0, chroma / xp.where(value > 0, value, one), 0 * one)
    sixth = one / 6 / xp.where(chroma > 0, chroma, one)
    hue = xp.where(
        red == value,
        sixth * (green - blue),
        xp.where(green == value, sixth * (blue - red) + one / 3, sixth * (red - green) + 2 * one / 3),
    )
    hue = xp.where(chroma > 0, hue, 0 * one)
    hue = xp.where(hue < 0, hue + one, hue)
    return xp.stack([hue, saturation, value], axis=-1).astype(images.dtype)


def hsv_to_rgb(images: Any) -> Any:
    """Converts hue (in turns), saturation and value to RGB.

    Args:
      images: floats [..., H, W, 3], values from 0 to 1; a NumPy or JAX array.

    Returns:
      [..., H, W, 3], in the dtype of `images`.

    Raises:
      ValueError: not 3 channels, a rank below 3 or an empty image.
      TypeError: `images` is no array of floats.
    """
    xp, images = _floats("hsv_to_rgb", images)
    hue, saturation, value = (images[..., c] for c in range(3))
    hue = hue * 6
    shares = (xp.abs(hue - 3) - 1, 2 - xp.abs(hue - 2), 2 - xp.abs(hue - 4))
    channels = [((1 - saturation) + saturation * share.clip(0, 1)) * value for share in shares]
    return xp.stack(channels, axis=-1).astype(images.dtype)


def random_brightness(image: Any, max_delta: float, *, rng: np.random.Generator) -> np.ndarray:
    """Adds to every value one number drawn from -max_delta to max_delta: `adjust_brightness`.

    Raises:
      ValueError: a negative `max_delta`, no `rng`, or as `adjust_brightness`.
      TypeError: `image` is being traced by JAX, or `rng` is no `numpy.random.Generator`.
    """
    image = _arrays.on_host("random_brightness", image, _ANY_RANK)
    rng = _arrays.generator("random_brightness", rng)
    if not max_delta >= 0:
        raise ValueError(f"random_brightness: max_delta must be at least 0, got {max_delta!r}.")
    return adjust_brightness(image, rng.uniform(-max_delta, max_delta))


def random_contrast(image: Any, lower: float, upper: float, *, rng: np.random.Generator) -> np.ndarray:
    """Scales the contrast by a factor drawn from lower to upper: `adjust_contrast`.

    Raises:
      ValueError: not 0 <= lower < upper, no `rng`, or as `adjust_contrast`.
      TypeError: `image` is being traced by JAX, or `rng` is no `numpy.random.Generator`.
    """
    image = _arrays.on_host("random_contrast", image, _ANY_RANK)
    rng = _arrays.generator("random_contrast", rng)
    return adjust_contrast(image, rng.uniform(*_arrays.span("random_contrast", lower, upper)))


def random_saturation(image: Any, lower: float, upper: float, *, rng: np.random.Generator) -> np.ndarray:
    """Multiplies the saturation by a factor drawn from lower to upper: `adjust_saturation`.

    Raises:
      ValueError: not 0 <= lower < upper, no `rng`, or as `adjust_saturation`.
      TypeError: `image` is being traced by JAX, or `rng` is no `numpy.random.Generator`.
    """
    image = _arrays.on_host("random_saturation", image, _ANY_RANK, channels=3)
    rng = _arrays.generator("random_saturation", rng)
    return adjust_saturation(image, rng.uniform(*_arrays.span("random_saturation", lower, upper)))


def random_hue(image: Any, max_delta: float, *, rng: np.random.Generator) -> np.ndarray:
    """Turns the hue by an angle drawn from -max_delta to max_delta turns: `adjust_hue`.

    Raises:
      ValueError: `max_delta` not from 0 to 0.5, no `rng`, or as `adjust_hue`.
      TypeError: `image` is being traced by JAX, or `rng` is no `numpy.random.Generator`.
    """
    image = _arrays.on_host("random_hue", image, _ANY_RANK, channels=3)
    rng = _arrays.generator("random_hue", rng)
    if not 0 <= max_delta <= 0.5:
        raise ValueError(f"random_hue: max_delta must be within [0, 0.5], got {max_delta!r}.")
    return adjust_hue(image, rng.uniform(-max_delta, max_delta))


def _f32(number: Any) -> Any:
    return number.astype(np.float32) if _arrays.is_jax(number) else np.float32(number)


def _like(floats: Any, number: Any) -> Any:
    """A number in the image's dtype, so that it leaves that alone."""
    return number.astype(floats.dtype) if _arrays.is_jax(number) else np.asarray(number, floats.dtype)


def _by_planes(adjust, image, amount):
    xp = _arrays.namespace(image)

    def adjusted(floats):
        return xp.stack(adjust(xp, [floats[..., c] for c in range(3)], amount), axis=-1)

    return through_floats(image, adjusted, saturate=False)


def _floats(function, images):
    images = _arrays.image(function, images, _ANY_RANK, channels=3, argument="images")
    if not _arrays.is_floating(np.dtype(images.dtype)):
        raise TypeError(
            f"{function}: images must be floats, got {images.dtype}. Use convert_image_dtype(images, np.float32)."
        )
    return _arrays.namespace(images), images
