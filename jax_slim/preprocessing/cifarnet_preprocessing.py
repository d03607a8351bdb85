"""What CifarNet was trained on: small images padded, cropped, mirrored, lit otherwise, and standardized.

Source: Krizhevsky, cuda-convnet; research/slim.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jax_slim.preprocessing import _arrays
from jax_slim.preprocessing.color import adjust_brightness, adjust_contrast, rgb_to_grayscale
from jax_slim.preprocessing.cropping import crop_to_bounding_box, resize_image_with_crop_or_pad
from jax_slim.preprocessing.flipping import flip_left_right
from jax_slim.preprocessing.standardization import per_image_standardization

PADDING = 4


def preprocess_for_train(
    image: Any,
    output_height: int,
    output_width: int,
    padding: int = PADDING,
    add_image_summaries: bool = True,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Pads with zeros, crops at a random place, mirrors half of the images, changes light and contrast, standardizes.

    Args:
      image: [H, W, C], values from 0 to 255, integers or floats; a NumPy array.
      output_height, output_width: of the crop, in pixels.
      padding: zeros on each side before the crop, in pixels.
      add_image_summaries: does nothing: data are prepared outside of the program that collects summaries.
      use_grayscale: one channel of grey instead of three.
      rng: what to draw from: brightness by up to 63 levels, contrast by 0.2 to 1.8.

    Returns:
      float32 [output_height, output_width, C] of mean 0 and standard deviation 1.

    Raises:
      ValueError: another shape, a crop larger than the padded image, or no `rng`.
      TypeError: `image` is being traced by JAX or no array of numbers, or `rng` is no `numpy.random.Generator`.
    """
    name = "preprocess_for_train"
    image = _arrays.on_host(name, image, (3,))
    rng = _arrays.generator(name, rng)
    height, width = _arrays.size(name, (output_height, output_width), "output size")
    padding = _arrays.integer(name, "padding", padding, 0)
    drawn = drawn_for_train(name, image.shape, height, width, padding, rng)
    image = padded_crop(image.astype(np.float32), drawn, height, width, padding)
    if use_grayscale:
        image = rgb_to_grayscale(image)
    if drawn.mirrored:
        image = flip_left_right(image)
    return finished(image, np.float32(drawn.brightness), np.float32(drawn.contrast))


class Drawn(NamedTuple):
    """What was drawn for one training example.

    Attributes:
      top, left: where the crop begins, in pixels of the padded image.
      mirrored: whether left and right are exchanged.
      brightness: what is added, in levels of 0 to 255.
      contrast: a factor.
    """

    top: int
    left: int
    mirrored: bool
    brightness: float
    contrast: float


# What is drawn from, evenly.
BRIGHTNESS, CONTRAST = (-63, 63), (0.2, 1.8)


def drawn_for_train(
    name: str, shape: Sequence[int], height: int, width: int, padding: int, rng: np.random.Generator
) -> Drawn:
    """Draws what `preprocess_for_train` does to an image of that shape; `name` asks."""
    padded = padded_size(name, shape, height, width, padding)
    top, left = (int(rng.integers(is_ - side + 1)) for is_, side in zip(padded, (height, width), strict=True))
    return Drawn(top, left, bool(rng.random() < 0.5), rng.uniform(*BRIGHTNESS), rng.uniform(*CONTRAST))


def padded_size(name: str, shape: Sequence[int], height: int, width: int, padding: int) -> tuple[int, int]:
    """The size of an image of that shape with its borders; refuses one that is smaller than the crop."""
    rows, columns = shape[0] + 2 * padding, shape[1] + 2 * padding
    if height > rows or width > columns:
        raise ValueError(
            f"{name}: the output size must be at most that of the padded image, {rows} x {columns}, "
            f"got {height} x {width}."
        )
    return rows, columns


def padded_crop(image: np.ndarray, drawn: Drawn, height: int, width: int, padding: int) -> np.ndarray:
    """The drawn crop of an image [H, W, C] with borders of zeros, not mirrored yet."""
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    return crop_to_bounding_box(padded, drawn.top, drawn.left, height, width)


def finished(image: Any, brightness: Any, contrast: Any) -> Any:
    """The changes of light and contrast, and the standardization, of float32 [..., H, W, C]."""
    return per_image_standardization(adjust_contrast(adjust_brightness(image, brightness), contrast))


def preprocess_for_eval(
    image: Any, output_height: int, output_width: int, add_image_summaries: bool = True, use_grayscale: bool = False
) -> Any:
    """Crops the middle or pads with zeros, and standardizes.

    research/slim exchanges the sides here, and so does this: the result has `output_width` rows.

    Args:
      image: [H, W, C] or [N, H, W, C], values from 0 to 255, integers or floats; a NumPy or JAX array, traced or not.
      output_height, output_width: in pixels.
      add_image_summaries: does nothing: data are prepared outside of the program that collects summaries.
      use_grayscale: one channel of grey instead of three.

    Returns:
      float32 [output_width, output_height, C] or [N, output_width, output_height, C], of mean 0, standard deviation 1.

    Raises:
      ValueError: another shape, or a size that is not positive.
      TypeError: `image` is no array of numbers.
    """
    image = _arrays.image("preprocess_for_eval", image)
    height, width = _arrays.size("preprocess_for_eval", (output_height, output_width), "output size")
    image = image.astype(np.float32)
    if use_grayscale:
        image = rgb_to_grayscale(image)
    return per_image_standardization(resize_image_with_crop_or_pad(image, width, height))


def preprocess_image(
    image: Any,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    add_image_summaries: bool = True,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> Any:
    """Makes a small image into what CifarNet takes: `preprocess_for_train` or `preprocess_for_eval`.

        preprocess_image(image, 32, 32)                               # uint8 [32, 32, 3] -> mean 0, deviation 1
        preprocess_image(image, 32, 32, is_training=True, rng=rng)    # distorted

    Args:
      image: [H, W, C], for evaluation also [N, H, W, C]; values from 0 to 255. For evaluation a JAX array will do.
      output_height, output_width: in pixels; exchanged in evaluation, as in research/slim.
      is_training: whether to distort at random.
      add_image_summaries: does nothing: data are prepared outside of the program that collects summaries.
      use_grayscale: one channel of grey instead of three.
      rng: what to draw from; needed in training.

    Returns:
      float32 of mean 0 and standard deviation 1.

    Raises:
      ValueError: another shape, a crop larger than the padded image, or `is_training` without `rng`.
      TypeError: `image` is no array of numbers, or `rng` is no `numpy.random.Generator`.
    """
    if is_training:
        rng = _arrays.generator("preprocess_image", rng, " when is_training=True")
        return preprocess_for_train(
            image, output_height, output_width, PADDING, add_image_summaries, use_grayscale, rng=rng
        )
    return preprocess_for_eval(image, output_height, output_width, add_image_summaries, use_grayscale)
