"""Resizing images as TensorFlow 1 did: pixel 0 of the result lies on pixel 0 of the image, not half a pixel beside it.

`jax.image.resize` puts the centers of the pixels on each other, and smooths when it shrinks; nets that were trained
with TensorFlow 1 expect neither.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np


def resize_nearest_neighbor(images: jax.Array, size: Sequence[int], align_corners: bool = False) -> jax.Array:
    """Takes, for each pixel of the result, the pixel at its place; between two, the upper left one.

    Args:
      images: [N, H, W, C] of any dtype.
      size: height and width of the result, in pixels.
      align_corners: whether the last pixels lie on each other too; then between two, the nearer one.

    Returns:
      [N, size[0], size[1], C] in the dtype of `images`.
    """
    for axis, length in zip((1, 2), size, strict=True):
        places = _places(images.shape[axis], length, align_corners)
        # Half a pixel goes up, as in C's roundf.
        chosen = np.floor(places + np.float32(0.5)) if align_corners else np.floor(places)
        images = jnp.take(images, np.minimum(chosen.astype(int), images.shape[axis] - 1), axis=axis)
    return images


def resize_bilinear(images: jax.Array, size: Sequence[int], align_corners: bool = False) -> jax.Array:
    """Mixes, for each pixel of the result, the four pixels around its place.

    Args:
      images: [N, H, W, C] floats.
      size: height and width of the result, in pixels.
      align_corners: whether the last pixels lie on each other too.

    Returns:
      [N, size[0], size[1], C] in the dtype of `images`.
    """
    for axis, length in ((2, size[1]), (1, size[0])):
        places = _places(images.shape[axis], length, align_corners)
        before = np.floor(places).astype(int)
        after = np.minimum(before + 1, images.shape[axis] - 1)
        share = jnp.asarray(places - before, images.dtype).reshape([-1 if axis == one else 1 for one in range(4)])
        lower, upper = jnp.take(images, before, axis=axis), jnp.take(images, after, axis=axis)
        images = lower + (upper - lower) * share
    return images


def _places(old: int, new: int, align_corners: bool) -> np.ndarray:
    """Where the new pixels lie among the old ones, in float32 as TensorFlow computes it."""
    if align_corners and new > 1:
        scale = np.float32(old - 1) / np.float32(new - 1)
    else:
        scale = np.float32(old) / np.float32(new)
    return np.arange(new, dtype=np.float32) * scale
