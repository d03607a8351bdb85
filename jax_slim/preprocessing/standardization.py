"""Images brought to mean 0 and standard deviation 1."""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays
from jax_slim.preprocessing.element_types import through_floats


def per_image_standardization(image: Any) -> Any:
    """Subtracts each image's mean and divides by its standard deviation, over all pixels and channels.

    Deviations below 1 / sqrt(H * W * C) count as that, so that an image of one colour becomes 0.

    Args:
      image: [..., H, W, C], integers or floats; a NumPy or JAX array.

    Returns:
      The image in its dtype. Integers are standardized as floats between 0 and 1 and converted back, as TensorFlow
      does, by which all below the mean becomes the smallest value: for the numbers cast them to float32 first.

    Raises:
      ValueError: a rank below 3 or an empty image.
      TypeError: `image` is no array of integers or floats.
    """
    image = _arrays.image("per_image_standardization", image, tuple(range(3, 9)))
    return through_floats(image, _standardized, saturate=True)


def _standardized(floats: Any) -> Any:
    axes = (-3, -2, -1)
    centred = floats - floats.mean(axis=axes, keepdims=True)
    deviation = (centred * centred).mean(axis=axes, keepdims=True) ** np.float32(0.5)
    least = np.float32(1 / np.sqrt(np.prod(floats.shape[-3:])))
    return centred / _arrays.namespace(floats).maximum(deviation, least)
