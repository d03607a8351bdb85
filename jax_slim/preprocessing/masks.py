"""What is done to an image and to its mask alike: scaling, padding, cropping, mirroring; for segmentation.

    scaled, moved = masks.random_scale(image, mask, 0.5, 2.0, 0.25, rng=rng)
    padded, moved = masks.pad_to(scaled, moved, 513, 513, value=127.5, ignore_label=255)
    crop, moved = masks.random_crop(padded, moved, 513, 513, rng=rng)
    crop, moved = masks.random_flip_left_right(crop, moved, rng=rng)

An image is [H, W, C], its mask [H, W], integers: the class of each pixel. Pixels of a mask are never mixed: where it is
resized, the nearest one is taken. Where a mask is None, so is the one that is returned. What is random draws from `rng`
alone: the same generator, the same result.
"""

import math
from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays
from jax_slim.preprocessing.flipping import flip_left_right
from jax_slim.preprocessing.resizing import resize_bilinear, resize_nearest_neighbor

ImageAndMask = tuple[Any, Any]


def resize(image: Any, mask: Any, height: int, width: int) -> ImageAndMask:
    """Resizes both: the image by linear interpolation, the mask by the nearest pixel; corners stay upon corners.

    Args:
      image: [H, W, C], integers or floats; a NumPy or JAX array.
      mask: [H, W], integers, or None.
      height, width: of the results, in pixels.

    Returns:
      float32 [height, width, C], and [height, width] in the dtype of `mask`.

    Raises:
      ValueError, TypeError: `image` is no image, `mask` none of its size, or a size is not positive.
    """
    image, mask = _checked("resize", image, mask)
    if image.shape[:2] == (height, width):
        return image.astype(np.float32), mask
    resized = resize_bilinear(image, (height, width), align_corners=True)
    if mask is not None:
        mask = resize_nearest_neighbor(mask[..., None], (height, width), align_corners=True)[..., 0]
    return resized, mask


def fit_into(image: Any, mask: Any, height: int, width: int) -> ImageAndMask:
    """Makes both smaller, in their proportions, until they fit; what fits stays as it is.

    Args:
      image, mask: as for `resize`.
      height, width: what they must fit into, in pixels.

    Returns:
      As `resize`, [h, w] with h <= height and w <= width.

    Raises:
      ValueError, TypeError: as `resize`.
    """
    image, mask = _checked("fit_into", image, mask)
    return resize(image, mask, *fitting(image.shape[:2], (height, width)))


def fitting(size: tuple[int, int], into: tuple[int, int]) -> tuple[int, int]:
    """The size that `fit_into` gives an image: (600, 400) into (300, 300) is (300, 200)."""
    share = min(1.0, *(most / side for side, most in zip(size, into, strict=True)))
    first, second = (max(1, round(side * share)) for side in size)
    return first, second


def random_scale(
    image: Any,
    mask: Any,
    min_scale_factor: float = 0.5,
    max_scale_factor: float = 2.0,
    scale_factor_step_size: float = 0.25,
    *,
    rng: np.random.Generator,
) -> ImageAndMask:
    """Resizes both by a random factor.

    Args:
      image, mask: as for `resize`; NumPy arrays.
      min_scale_factor, max_scale_factor: what the factor is drawn between.
      scale_factor_step_size: between two possible factors; 0 for any.
      rng: what to draw from.

    Returns:
      As `resize`.

    Raises:
      ValueError, TypeError: as `resize`, or the factors are out of order.
    """
    function = "random_scale"
    image, mask = _checked(function, _arrays.concrete(function, image), mask)
    rng = _arrays.generator(function, rng)
    if not 0 < min_scale_factor <= max_scale_factor or scale_factor_step_size < 0:
        raise ValueError(
            f"{function}: factors must be 0 < min_scale_factor <= max_scale_factor and the step 0 or more, got "
            f"{min_scale_factor!r}, {max_scale_factor!r} and {scale_factor_step_size!r}."
        )
    if scale_factor_step_size:
        count = int((max_scale_factor - min_scale_factor) / scale_factor_step_size + 1)
        factor = float(np.linspace(min_scale_factor, max_scale_factor, count)[rng.integers(count)])
    else:
        factor = float(rng.uniform(min_scale_factor, max_scale_factor))
    height, width = (max(1, math.floor(side * factor)) for side in image.shape[:2])
    return resize(image, mask, height, width)


def pad_to(image: Any, mask: Any, height: int, width: int, value: Any = 127.5, ignore_label: int = 255) -> ImageAndMask:
    """Puts both into the upper left corner of larger ones, whose other pixels are `value` and `ignore_label`.

    Args:
      image, mask: as for `resize`.
      height, width: what the results have at least, in pixels; larger sides stay.
      value: a number, or one for each channel.
      ignore_label: the class that losses and metrics leave out.

    Returns:
      [max(H, height), max(W, width), C] and [max(H, height), max(W, width)], in the dtypes of `image` and `mask`; a
      mask whose dtype cannot hold `ignore_label` becomes int32.

    Raises:
      ValueError, TypeError: as `resize`.
    """
    image, mask = _checked("pad_to", image, mask)
    xp = _arrays.namespace(image)
    below, right = max(0, height - image.shape[0]), max(0, width - image.shape[1])
    if not below and not right:
        return image, mask
    fill = xp.broadcast_to(xp.asarray(value, image.dtype), (image.shape[2],))
    # As research/deeplab: what is not padded stays bit for bit.
    inside = xp.pad(xp.ones(image.shape[:2], bool), ((0, below), (0, right)))[..., None]
    padded = xp.where(inside, xp.pad(image, ((0, below), (0, right), (0, 0))), fill)
    if mask is not None:
        if not np.iinfo(mask.dtype).min <= ignore_label <= np.iinfo(mask.dtype).max:
            mask = mask.astype(np.int32)
        mask = xp.pad(mask, ((0, below), (0, right)), constant_values=ignore_label)
    return padded, mask


def random_crop(image: Any, mask: Any, height: int, width: int, *, rng: np.random.Generator) -> ImageAndMask:
    """Cuts the same random part out of both.

    Args:
      image, mask: as for `resize`; NumPy arrays.
      height, width: of the part, in pixels.
      rng: what to draw from.

    Returns:
      [height, width, C] and [height, width]: views of `image` and `mask`.

    Raises:
      ValueError, TypeError: as `resize`, or the part is larger than the image.
    """
    function = "random_crop"
    image, mask = _checked(function, _arrays.concrete(function, image), mask)
    rng = _arrays.generator(function, rng)
    if height > image.shape[0] or width > image.shape[1]:
        raise ValueError(
            f"{function}: height and width must be at most the image's, {image.shape[:2]}, got {(height, width)}. "
            "pad_to makes it larger."
        )
    top, left = (int(rng.integers(side - part + 1)) for side, part in zip(image.shape, (height, width), strict=False))
    part = slice(top, top + height), slice(left, left + width)
    return image[part], None if mask is None else mask[part]


def random_flip_left_right(image: Any, mask: Any, *, rng: np.random.Generator) -> ImageAndMask:
    """Mirrors both, or leaves them as they are, with equal chances.

    Args:
      image, mask: as for `resize`; NumPy arrays.
      rng: what to draw from.

    Returns:
      Both, in their dtypes.

    Raises:
      ValueError, TypeError: as `resize`.
    """
    function = "random_flip_left_right"
    image, mask = _checked(function, _arrays.concrete(function, image), mask)
    if _arrays.generator(function, rng).random() < 0.5:
        return flip_left_right(image), None if mask is None else mask[:, ::-1]
    return image, mask


def _checked(function: str, image: Any, mask: Any) -> ImageAndMask:
    image = _arrays.image(function, image, (3,))
    if mask is None:
        return image, None
    if not _arrays.is_jax(mask):
        mask = np.asarray(mask)
    if mask.shape != image.shape[:2]:
        raise ValueError(
            f"{function}: mask must be [H, W] of the image's size, got shape {mask.shape} for an image of shape "
            f"{image.shape}."
        )
    if not np.issubdtype(mask.dtype, np.integer):
        raise TypeError(f"{function}: mask must be integers, the class of each pixel, got dtype {mask.dtype}.")
    return image, mask
