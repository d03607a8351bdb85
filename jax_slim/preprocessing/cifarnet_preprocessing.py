"""What CifarNet was trained on: small images padded, cropped, mirrored, lit otherwise, and standardized.

Source: Krizhevsky, cuda-convnet; research/slim.
"""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays
from jax_slim.preprocessing.color import random_brightness, random_contrast, rgb_to_grayscale
from jax_slim.preprocessing.cropping import random_crop, resize_image_with_crop_or_pad
from jax_slim.preprocessing.flipping import random_flip_left_right
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
    padded = tuple(side + 2 * padding for side in image.shape[:2])
    if height > padded[0] or width > padded[1]:
        raise ValueError(
            f"{name}: the output size must be at most that of the padded image, {padded[0]} x {padded[1]}, "
            f"got {height} x {width}."
        )
    image = image.astype(np.float32)
    if use_grayscale:
        image = rgb_to_grayscale(image)
    image = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    image = random_crop(image, (height, width, image.shape[-1]), rng=rng)
    image = random_flip_left_right(image, rng=rng)
    image = random_brightness(image, 63, rng=rng)
    image = random_contrast(image, 0.2, 1.8, rng=rng)
    return per_image_standardization(image)


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
