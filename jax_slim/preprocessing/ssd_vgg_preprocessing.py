"""What SSD on VGG takes: the whole image at a size, less the means of red, green and blue.

Source: balancap/SSD-Tensorflow, with Caffe's means.
"""

from typing import Any

import numpy as np

from jax_slim.preprocessing.ssd_preprocessing import resized

MEANS = np.array([123, 117, 104], np.float32)


def preprocess_image(
    image: Any,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> Any:
    """Resizes the whole image and subtracts the means. Arguments, results and errors as `ssd_preprocessing`'s."""
    image = resized(image, output_height, output_width, use_grayscale)
    return image - (MEANS if image.shape[-1] == 3 else MEANS.mean())
