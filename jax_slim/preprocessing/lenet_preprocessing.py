"""What LeNet was trained on: digits cropped or padded to size, from -1 to 1. The same in training and evaluation.

Source: research/slim.
"""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays
from jax_slim.preprocessing.color import rgb_to_grayscale
from jax_slim.preprocessing.cropping import resize_image_with_crop_or_pad


def preprocess_image(
    image: Any,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> Any:
    """Crops the middle or pads with zeros, subtracts 128 and divides by 128.

        preprocess_image(digit, 28, 28)      # uint8 [28, 28, 1] -> float32, -1 to 0.992

    research/slim exchanges the sides, and so does this: the result has `output_width` rows.

    Args:
      image: [H, W, C] or [N, H, W, C], values from 0 to 255, integers or floats; a NumPy or JAX array, traced or not.
      output_height, output_width: in pixels.
      is_training, rng: change nothing: nothing is random here.
      use_grayscale: RGB becomes one channel of grey.

    Returns:
      float32 [output_width, output_height, C] or [N, output_width, output_height, C], from -1 to 1.

    Raises:
      ValueError: another shape, or a size that is not positive.
      TypeError: `image` is no array of numbers.
    """
    image = _arrays.image("preprocess_image", image)
    height, width = _arrays.size("preprocess_image", (output_height, output_width), "output size")
    image = image.astype(np.float32)
    if use_grayscale:
        image = rgb_to_grayscale(image)
    image = resize_image_with_crop_or_pad(image, width, height)
    return scaled(image)


def scaled(image: Any) -> Any:
    """Levels from 0 to 255 as values from -1 to 0.992."""
    return (image - np.float32(128)) / np.float32(128)
