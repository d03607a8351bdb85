"""What SSD on the MobileNets takes: the whole image at a size, from -1 to 1. The same in training and evaluation.

What training changes at random, it changes with the boxes, before: `slim.detection.augment`.

Source: the Object Detection API.
"""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays
from jax_slim.preprocessing.color import rgb_to_grayscale
from jax_slim.preprocessing.resizing import resize_bilinear


def preprocess_image(
    image: Any,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> Any:
    """Resizes the whole image, whatever its shape, and brings 0 to 255 to -1 to 1.

        preprocess_image(photo, 300, 300)      # uint8 [480, 640, 3] -> float32 [300, 300, 3]

    Args:
      image: [H, W, C] or [N, H, W, C], values from 0 to 255, integers or floats; a NumPy or JAX array, traced or not.
      output_height, output_width: in pixels.
      is_training, rng: change nothing: nothing is random here.
      use_grayscale: RGB becomes one channel of grey.

    Returns:
      float32 [output_height, output_width, C] or with N before.

    Raises:
      ValueError: another shape, or a size that is not positive.
      TypeError: `image` is no array of numbers.
    """
    return resized(image, output_height, output_width, use_grayscale) * np.float32(2 / 255) - np.float32(1)


def resized(image: Any, height: int, width: int, use_grayscale: bool) -> Any:
    """The whole image in float32, at a size, maybe grey."""
    image = _arrays.image("preprocess_image", image)
    size = _arrays.size("preprocess_image", (height, width), "output size")
    image = image.astype(np.float32)
    if use_grayscale:
        image = rgb_to_grayscale(image)
    return resize_bilinear(image, size)
