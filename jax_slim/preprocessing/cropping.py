"""Crops, borders and both: parts of images cut out, zeros put around them.

On NumPy arrays a crop is a view of the image: no pixel is copied.
"""

import operator
from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays


def central_crop(image: Any, central_fraction: float) -> Any:
    """Cuts off the borders: keeps the central part of each side.

        central_crop(image, 0.5)      # [100, 80, 3] -> [50, 40, 3]

    Args:
      image: [H, W, C] or [N, H, W, C]; a NumPy or JAX array.
      central_fraction: how much of each side to keep, above 0 and up to 1. Both borders of a side are cut by the same
        whole number of pixels, rounded down, so a little more may stay.

    Returns:
      The crop, in the dtype of `image`.

    Raises:
      ValueError: a fraction out of range, another rank, or an empty image.
      TypeError: `image` is no array of integers or floats.
    """
    if not 0.0 < central_fraction <= 1.0:
        raise ValueError(f"central_crop: central_fraction must be within (0, 1], got {central_fraction!r}.")
    image = _arrays.image("central_crop", image)
    (top, height), (left, width) = (central_part(side, central_fraction) for side in image.shape[-3:-1])
    return _cut(image, top, left, height, width)


def central_part(side: int, central_fraction: float) -> tuple[int, int]:
    """(offset, size) of the central fraction of a side of that many pixels."""
    offset = int((side - side * float(central_fraction)) / 2)
    return offset, side - 2 * offset


def crop_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """Cuts a box out of an image.

    Args:
      image: [H, W, C] or [N, H, W, C]; a NumPy or JAX array.
      offset_height, offset_width: where the box starts: rows above it and columns to the left of it, in pixels.
      target_height, target_width: the size of the box, in pixels.

    Returns:
      [target_height, target_width, C] or [N, target_height, target_width, C], in the dtype of `image`.

    Raises:
      ValueError: the box leaves the image or is empty, another rank, or an empty image.
      TypeError: an offset or size is no integer, or `image` no array of integers or floats.
    """
    name = "crop_to_bounding_box"
    image = _arrays.image(name, image)
    top, left, height, width = _box(name, offset_height, offset_width, target_height, target_width)
    for side, target, offset, is_ in (
        ("height", height, top, image.shape[-3]),
        ("width", width, left, image.shape[-2]),
    ):
        if target + offset > is_:
            raise ValueError(
                f"{name}: target_{side} + offset_{side} must be at most the image's {side} {is_}, "
                f"got {target} + {offset}."
            )
    return _cut(image, top, left, height, width)


def pad_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """Puts an image into a larger one of zeros.

    Args:
      image: [H, W, C] or [N, H, W, C]; a NumPy or JAX array.
      offset_height, offset_width: rows of zeros above and columns of zeros to the left, in pixels.
      target_height, target_width: the size of the result, in pixels.

    Returns:
      [target_height, target_width, C] or [N, target_height, target_width, C], in the dtype of `image`.

    Raises:
      ValueError: the image does not fit, a negative offset, another rank, or an empty image.
      TypeError: an offset or size is no integer, or `image` no array of integers or floats.
    """
    name = "pad_to_bounding_box"
    image = _arrays.image(name, image)
    top, left, height, width = _box(name, offset_height, offset_width, target_height, target_width)
    below, right = height - top - image.shape[-3], width - left - image.shape[-2]
    for side, rest, target, offset, is_ in (
        ("height", below, height, top, image.shape[-3]),
        ("width", right, width, left, image.shape[-2]),
    ):
        if rest < 0:
            raise ValueError(
                f"{name}: target_{side} must be at least offset_{side} and the image's {side} together, "
                f"{offset} + {is_}, got {target}."
            )
    if not (top or left or below or right):
        return image
    borders = [(0, 0)] * (image.ndim - 3) + [(top, below), (left, right), (0, 0)]
    return _arrays.namespace(image).pad(image, borders)


def resize_image_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Any:
    """Brings an image to a size without scaling it: cuts what is too much off both ends, or adds zeros to both.

    When an odd number of pixels is to go or to come, the far end (bottom, right) loses or gains one more.

    Args:
      image: [H, W, C] or [N, H, W, C]; a NumPy or JAX array.
      target_height, target_width: the size of the result, in pixels.

    Returns:
      [target_height, target_width, C] or [N, target_height, target_width, C], in the dtype of `image`.

    Raises:
      ValueError: a size that is not positive, another rank, or an empty image.
      TypeError: a size is no integer, or `image` no array of integers or floats.
    """
    name = "resize_image_with_crop_or_pad"
    image = _arrays.image(name, image)
    height = _arrays.integer(name, "target_height", target_height, 1)
    width = _arrays.integer(name, "target_width", target_width, 1)
    more = height - image.shape[-3], width - image.shape[-2]
    cut = _cut(
        image,
        max(-more[0] // 2, 0),
        max(-more[1] // 2, 0),
        min(height, image.shape[-3]),
        min(width, image.shape[-2]),
    )
    return pad_to_bounding_box(cut, max(more[0] // 2, 0), max(more[1] // 2, 0), height, width)


def random_crop(value: Any, size: Any, *, rng: np.random.Generator) -> np.ndarray:
    """Cuts a box of `size` out of an array, at a place drawn at random: each is equally likely.

        random_crop(image, (24, 24, 3), rng=rng)

    Args:
      value: a NumPy array of any rank.
      size: the size of the box along each axis of `value`.
      rng: what to draw from.

    Returns:
      The crop, a view of `value`.

    Raises:
      ValueError: the box is larger than `value`, has another rank, or there is no `rng`.
      TypeError: `rng` is no `numpy.random.Generator`, or `value` is being traced by JAX.
    """
    value = np.asarray(_arrays.concrete("random_crop", value, "value"))
    rng = _arrays.generator("random_crop", rng)
    try:
        size = tuple(operator.index(side) for side in size)
    except TypeError:
        raise TypeError(f"random_crop: size must be a list of integers, got {size!r}.") from None
    if len(size) != value.ndim or any(not 0 < side <= is_ for side, is_ in zip(size, value.shape, strict=False)):
        raise ValueError(
            f"random_crop: size must have {value.ndim} sides, each positive and at most that of value, whose shape is "
            f"{value.shape}, got {size}."
        )
    starts = [int(rng.integers(is_ - side + 1)) for side, is_ in zip(size, value.shape, strict=True)]
    return value[tuple(slice(start, start + side) for start, side in zip(starts, size, strict=True))]


def _box(name: str, top: Any, left: Any, height: Any, width: Any) -> tuple[int, int, int, int]:
    return (
        _arrays.integer(name, "offset_height", top, 0),
        _arrays.integer(name, "offset_width", left, 0),
        _arrays.integer(name, "target_height", height, 1),
        _arrays.integer(name, "target_width", width, 1),
    )


def _cut(image: Any, top: int, left: int, height: int, width: int) -> Any:
    return image[..., top : top + height, left : left + width, :]
