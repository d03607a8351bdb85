"""What VGG and the ResNets were trained on: images resized with their proportions kept, cropped, less ImageNet's mean.

Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014);
research/slim.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays, _resampling
from jax_slim.preprocessing._taps import Taps, taps
from jax_slim.preprocessing.color import rgb_to_grayscale

# ImageNet's mean red, green and blue, in levels of 0 to 255.
MEANS = (123.68, 116.78, 103.94)

RESIZE_SIDE_MIN = 256
RESIZE_SIDE_MAX = 512


def preprocess_for_train(
    image: Any,
    output_height: int,
    output_width: int,
    resize_side_min: int = RESIZE_SIDE_MIN,
    resize_side_max: int = RESIZE_SIDE_MAX,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Resizes to a random size, crops at a random place, mirrors half of the images and subtracts the mean.

    Only the pixels of the crop are computed.

    Args:
      image: [H, W, 3], values from 0 to 255, integers or floats; a NumPy array.
      output_height, output_width: of the crop, in pixels.
      resize_side_min, resize_side_max: the smaller side of the resized image is drawn from these, both included.
      use_grayscale: one channel of grey (less the grey of the mean) instead of three.
      rng: what to draw from.

    Returns:
      float32 [output_height, output_width, 3], or 1 channel, from about -124 to 152.

    Raises:
      ValueError: another shape, sides out of order, a crop larger than the resized image, or no `rng`.
      TypeError: `image` is being traced by JAX or no array of numbers, or `rng` is no `numpy.random.Generator`.
    """
    name = "preprocess_for_train"
    image = _arrays.on_host(name, image, (3,), channels=3)
    rng = _arrays.generator(name, rng)
    height, width = _arrays.size(name, (output_height, output_width), "output size")
    low, high = checked_sides(name, resize_side_min, resize_side_max)
    rows, columns = drawn_for_train(name, image.shape, height, width, low, high, rng)
    cropped = _resampling.exact(image, "bilinear", rows, columns)
    return less_means(rgb_to_grayscale(cropped) if use_grayscale else cropped)


def drawn_for_train(
    name: str, shape: Sequence[int], height: int, width: int, low: int, high: int, rng: np.random.Generator
) -> tuple[Taps, Taps]:
    """The taps of the rows and of the columns of a crop drawn for an image of that shape, mirrored or not.

    Args:
      name: who asks, for the message.
      shape: of the image, (height, width, channels).
      height, width: of the crop.
      low, high: what the smaller side of the resized image is drawn from.
      rng: what to draw from.
    """
    rows, columns = _resized(shape, int(rng.integers(low, high + 1)))
    check_crop(name, (len(rows.indices), len(columns.indices)), height, width)
    rows = rows.part(int(rng.integers(len(rows.indices) - height + 1)), height)
    columns = columns.part(int(rng.integers(len(columns.indices) - width + 1)), width)
    return rows, columns.reversed() if rng.random() < 0.5 else columns


def preprocess_for_eval(
    image: Any, output_height: int, output_width: int, resize_side: int, use_grayscale: bool = False
) -> Any:
    """Resizes until the smaller side is `resize_side`, crops the middle and subtracts the mean.

    Args:
      image: [H, W, 3] or [N, H, W, 3], values from 0 to 255, integers or floats; a NumPy or JAX array, traced or not.
      output_height, output_width: of the crop, in pixels.
      resize_side: the smaller side of the resized image, in pixels.
      use_grayscale: one channel of grey (less the grey of the mean) instead of three.

    Returns:
      float32 [output_height, output_width, 3] or [N, output_height, output_width, 3], or 1 channel.

    Raises:
      ValueError: another shape, or a crop larger than the resized image.
      TypeError: `image` is no array of numbers.
    """
    name = "preprocess_for_eval"
    image = _arrays.image(name, image, channels=3)
    height, width = _arrays.size(name, (output_height, output_width), "output size")
    side = _arrays.integer(name, "resize_side", resize_side, 1)
    rows, columns = middle(name, image.shape[-3:], height, width, side)
    cropped = _resampling.exact(image, "bilinear", rows, columns)
    return less_means(rgb_to_grayscale(cropped) if use_grayscale else cropped)


def preprocess_image(
    image: Any,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    resize_side_min: int = RESIZE_SIDE_MIN,
    resize_side_max: int = RESIZE_SIDE_MAX,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> Any:
    """Makes a photograph into what VGG and the ResNets take: `preprocess_for_train` or `preprocess_for_eval`.

        preprocess_image(photo, 224, 224)                               # the middle; uint8 [H, W, 3] -> [224, 224, 3]
        preprocess_image(photo, 224, 224, is_training=True, rng=rng)    # a random crop

    Args:
      image: [H, W, 3], for evaluation also [N, H, W, 3]; values from 0 to 255. For evaluation a JAX array will do.
      output_height, output_width: of the result, in pixels.
      is_training: whether to draw crops and flips at random.
      resize_side_min: the smaller side after resizing; in training the least one.
      resize_side_max: the largest smaller side in training; unused in evaluation.
      use_grayscale: one channel of grey (less the grey of the mean) instead of three; research/slim refused that.
      rng: what to draw from; needed in training.

    Returns:
      float32 [output_height, output_width, 3], or 1 channel, from about -124 to 152.

    Raises:
      ValueError: another shape, a crop larger than the resized image, or `is_training` without `rng`.
      TypeError: `image` is no array of numbers, or `rng` is no `numpy.random.Generator`.
    """
    if is_training:
        rng = _arrays.generator("preprocess_image", rng, " when is_training=True")
        return preprocess_for_train(
            image, output_height, output_width, resize_side_min, resize_side_max, use_grayscale, rng=rng
        )
    return preprocess_for_eval(image, output_height, output_width, resize_side_min, use_grayscale)


def middle(name: str, shape: Sequence[int], height: int, width: int, side: int) -> tuple[Taps, Taps]:
    """The taps of the middle of an image of that shape resized to that smaller side; `name` asks."""
    rows, columns = _resized(shape, side)
    check_crop(name, (len(rows.indices), len(columns.indices)), height, width)
    return (
        rows.part((len(rows.indices) - height) // 2, height),
        columns.part((len(columns.indices) - width) // 2, width),
    )


def checked_sides(name: str, low: Any, high: Any) -> tuple[int, int]:
    """What the smaller side is drawn from, in order; `name` asks."""
    low = _arrays.integer(name, "resize_side_min", low, 1)
    return low, _arrays.integer(name, "resize_side_max", high, low)


def _resized(shape: Sequence[int], side: int) -> tuple[Taps, Taps]:
    """The taps that bring the smaller side to `side`."""
    vertical, horizontal = (
        taps("bilinear", now, resized) for now, resized in zip(shape[:2], resized_size(shape, side), strict=True)
    )
    return vertical, horizontal


def resized_size(shape: Sequence[int], side: int) -> tuple[int, int]:
    """(height, width) of an image of that shape, once its smaller side is `side`; by float32, halves to even."""
    scale = np.float32(side) / np.float32(min(shape[:2]))
    height, width = (max(1, int(np.rint(np.float32(now) * scale))) for now in shape[:2])
    return height, width


def check_crop(name: str, resized: Sequence[int], height: int, width: int) -> None:
    """Raises ValueError, as `name`, where the crop is larger than the resized image."""
    if height > resized[0] or width > resized[1]:
        raise ValueError(
            f"{name}: the output size must be at most that of the resized image, {resized[0]} x "
            f"{resized[1]}, got {height} x {width}. Pass a larger resize_side_min and resize_side_max."
        )


def less_means(image: Any) -> Any:
    """An image in levels of 0 to 255, [..., H, W, 3] or of one channel of grey, less ImageNet's mean."""
    means = np.array(MEANS, np.float32)
    if image.shape[-1] == 1:
        return image - rgb_to_grayscale(means.reshape(1, 1, 3)).item()
    # By whole lines: NumPy is slow where the last axis is short.
    lines = image.reshape(*image.shape[:-2], image.shape[-2] * 3)
    return (lines - np.tile(means, image.shape[-2])).reshape(image.shape)
