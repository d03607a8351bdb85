"""How DeepLab prepares images and masks: scaled, padded, cropped and mirrored at random; pixels from -1 to 1.

    image, mask = deeplab_preprocessing.preprocess_image_and_label(photo, mask, 513, 513, is_training=True, rng=rng)

Source: research/deeplab/input_preprocess.py.
"""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays, masks
from jax_slim.preprocessing.color import rgb_to_grayscale

MEAN_PIXEL = 127.5
"""What images are padded with: 0 once they are prepared."""

IGNORE_LABEL = 255
"""The class of pixels that losses and metrics leave out."""


def preprocess_image(
    image: Any,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    use_grayscale: bool = False,
    *,
    rng: np.random.Generator | None = None,
) -> Any:
    """Prepares an image without a mask; as `preprocess_image_and_label`.

    Args:
      image: [H, W, C], levels from 0 to 255; a NumPy array, or for evaluation a JAX array.
      output_height, output_width: in pixels.
      is_training: whether to distort it at random.
      use_grayscale: one channel of grey instead of three.
      rng: what to draw from; needed in training.

    Returns:
      float32 [output_height, output_width, C], from -1 to 1.

    Raises:
      ValueError, TypeError: `image` is no image, or there is no `rng` in training.
    """
    return preprocess_image_and_label(image, None, output_height, output_width, is_training, use_grayscale, rng=rng)[0]


def preprocess_image_and_label(
    image: Any,
    label: Any,
    crop_height: int,
    crop_width: int,
    is_training: bool = False,
    use_grayscale: bool = False,
    min_scale_factor: float = 0.5,
    max_scale_factor: float = 2.0,
    scale_factor_step_size: float = 0.25,
    ignore_label: int = IGNORE_LABEL,
    *,
    rng: np.random.Generator | None = None,
) -> tuple[Any, Any]:
    """Prepares an image and its mask, both alike.

    In training they are resized by a random factor, padded where they are smaller than the crop, cropped at a random
    place and mirrored or not. Else they are made smaller where they are larger than the crop, and padded at the bottom
    and on the right.

    Args:
      image: [H, W, C], levels from 0 to 255; a NumPy array, or for evaluation a JAX array.
      label: [H, W], integers, the class of each pixel; or None.
      crop_height, crop_width: of the results, in pixels.
      is_training: whether to distort both at random.
      use_grayscale: one channel of grey instead of three.
      min_scale_factor, max_scale_factor, scale_factor_step_size: of the random factor; a step of 0 for any factor.
      ignore_label: the class of pixels that lie outside of the image.
      rng: what to draw from; needed in training.

    Returns:
      float32 [crop_height, crop_width, C] from -1 to 1, 0 outside of the image; and [crop_height, crop_width] int32, or
      None.

    Raises:
      ValueError, TypeError: `image` is no image, `label` none of its size, or there is no `rng` in training.
    """
    function = "preprocess_image_and_label"
    image = _arrays.image(function, image, (3,))
    if use_grayscale and image.shape[-1] == 3:
        image = rgb_to_grayscale(image)
    if label is not None:
        label = label.astype(np.int32)
    if is_training:
        rng = _arrays.generator(function, rng, " in training")
        image, label = masks.random_scale(
            image, label, min_scale_factor, max_scale_factor, scale_factor_step_size, rng=rng
        )
    else:
        image, label = masks.fit_into(image, label, crop_height, crop_width)
    image, label = masks.pad_to(image, label, crop_height, crop_width, MEAN_PIXEL, ignore_label)
    if is_training:
        assert rng is not None
        image, label = masks.random_crop(image, label, crop_height, crop_width, rng=rng)
        image, label = masks.random_flip_left_right(image, label, rng=rng)
    return image * np.float32(2 / 255) - np.float32(1), label
