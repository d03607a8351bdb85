"""What nets that PyTorch trained on ImageNet take, torchvision's and most of timm's: of mean 0 and deviation 1.

Source: torchvision's references for classification, for mean and deviation; images are resized and cropped as for VGG.
"""

from typing import Any

import numpy as np

from jax_slim.preprocessing import vgg_preprocessing
from jax_slim.preprocessing.vgg_preprocessing import MEANS, RESIZE_SIDE_MAX, RESIZE_SIDE_MIN

# Of red, green and blue, in ImageNet's images from 0 to 1.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)

# What is left to do where VGG's means were subtracted, in levels of 0 to 255.
SHIFT = tuple(255 * mean - done for mean, done in zip(MEAN, MEANS, strict=True))
SCALE = tuple(255 * deviation for deviation in DEVIATION)


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
    """Resizes and crops as `vgg_preprocessing.preprocess_image`, then subtracts ImageNet's mean and divides by its
    deviation.

    Args:
      image, output_height, output_width, is_training, resize_side_min, resize_side_max, rng: as there.
      use_grayscale: one channel of grey instead of three, with the greys of mean and deviation.

    Returns:
      float32 [output_height, output_width, 3], or 1 channel, from about -2.1 to 2.6.

    Raises:
      ValueError, TypeError: as there.
    """
    prepared = vgg_preprocessing.preprocess_image(
        image, output_height, output_width, is_training, resize_side_min, resize_side_max, use_grayscale, rng=rng
    )
    return normalized(prepared)


def normalized(prepared: Any) -> Any:
    """What is left to do where `vgg_preprocessing` has subtracted its means: [..., 3], or of one channel of grey."""
    shift, scale = np.array(SHIFT, np.float32), np.array(SCALE, np.float32)
    if prepared.shape[-1] == 1:
        grey = np.array([0.2989, 0.587, 0.114], np.float32)
        shift, scale = (shift * grey).sum(keepdims=True), (scale * grey).sum(keepdims=True)
    return (prepared - shift) / scale
