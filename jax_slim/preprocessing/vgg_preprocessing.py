"""What VGG and the ResNets were trained on: images resized with their proportions kept, cropped, less ImageNet's mean.

Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014);
research/slim.
"""

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
    low = _arrays.integer(name, "resize_side_min", resize_side_min, 1)
    high = _arrays.integer(name, "resize_side_max", resize_side_max, low)
    rows, columns = _resized(image, int(rng.integers(low, high + 1)))
    _check_crop(name, rows, columns, height, width)
    rows = rows.part(int(rng.integers(len(rows.indices) - height + 1)), height)
    columns = columns.part(int(rng.integers(len(columns.indices) - width + 1)), width)
    if rng.random() < 0.5:
        columns = columns.reversed()
    planes = _resampling.fast(image, "bilinear", rows, columns)
    if use_grayscale:
        return _less_means(rgb_to_grayscale(planes.transpose(0, 2, 1)))
    cropped = np.empty((height, width, 3), np.float32)
    for channel, mean in enumerate(MEANS):
        np.subtract(planes[:, channel], np.float32(mean), out=cropped[..., channel])
    return cropped


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
    rows, columns = _resized(image, _arrays.integer(name, "resize_side", resize_side, 1))
    _check_crop(name, rows, columns, height, width)
    rows = rows.part((len(rows.indices) - height) // 2, height)
    columns = columns.part((len(columns.indices) - width) // 2, width)
    cropped = _resampling.exact(image, "bilinear", rows, columns)
    return _less_means(rgb_to_grayscale(cropped) if use_grayscale else cropped)


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


def _resized(image: Any, side: int) -> tuple[Taps, Taps]:
    """The taps that bring the smaller side to `side`; sizes are rounded from float32, halves to even."""
    height, width = image.shape[-3:-1]
    scale = np.float32(side) / np.float32(min(height, width))
    vertical, horizontal = (
        taps("bilinear", now, max(1, int(np.rint(np.float32(now) * scale)))) for now in (height, width)
    )
    return vertical, horizontal


def _check_crop(name: str, rows: Taps, columns: Taps, height: int, width: int) -> None:
    if height > len(rows.indices) or width > len(columns.indices):
        raise ValueError(
            f"{name}: the output size must be at most that of the resized image, {len(rows.indices)} x "
            f"{len(columns.indices)}, got {height} x {width}. Pass a larger resize_side_min and resize_side_max."
        )


def _less_means(image: Any) -> Any:
    means = np.array(MEANS, np.float32)
    if image.shape[-1] == 1:
        return image - rgb_to_grayscale(means.reshape(1, 1, 3)).item()
    # By whole lines: NumPy is slow where the last axis is short.
    lines = image.reshape(*image.shape[:-2], image.shape[-2] * 3)
    return (lines - np.tile(means, image.shape[-2])).reshape(image.shape)
