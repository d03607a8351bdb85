"""Flips and quarter turns. On NumPy arrays the result is a view of the image: no pixel is copied."""

from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays


def flip_left_right(image: Any) -> Any:
    """Mirrors an image: reverses its columns.

    Args:
      image: [H, W, C] or [N, H, W, C]; a NumPy or JAX array.

    Returns:
      The mirrored image, in the dtype of `image`.

    Raises:
      ValueError: another rank, or an empty image.
      TypeError: `image` is no array of integers or floats.
    """
    return _arrays.image("flip_left_right", image)[..., ::-1, :]


def flip_up_down(image: Any) -> Any:
    """Turns an image upside down: reverses its rows; as `flip_left_right`."""
    return _arrays.image("flip_up_down", image)[..., ::-1, :, :]


def transpose_image(image: Any) -> Any:
    """Exchanges rows and columns: [H, W, C] -> [W, H, C]; as `flip_left_right`."""
    return _arrays.image("transpose_image", image).swapaxes(-3, -2)


def rot90(image: Any, k: int = 1) -> Any:
    """Turns an image counter-clockwise by `k` quarter turns; as `flip_left_right`.

    Args:
      image: [H, W, C] or [N, H, W, C]; a NumPy or JAX array.
      k: any integer; a negative one turns clockwise.
    """
    image = _arrays.image("rot90", image)
    k = _arrays.integer("rot90", "k", k, -(1 << 31))
    return _arrays.namespace(image).rot90(image, k % 4, axes=(-3, -2))


def random_flip_left_right(image: Any, *, rng: np.random.Generator) -> np.ndarray:
    """Mirrors an image, or leaves it as it is, with equal chances; of a batch each image by itself.

    Args:
      image: [H, W, C] or [N, H, W, C]; a NumPy array.
      rng: what to draw from.

    Returns:
      The image, in its dtype.

    Raises:
      ValueError: another rank, an empty image, or no `rng`.
      TypeError: `image` is being traced by JAX or no array of numbers, or `rng` is no `numpy.random.Generator`.
    """
    return _random_flip("random_flip_left_right", image, rng, flip_left_right)


def random_flip_up_down(image: Any, *, rng: np.random.Generator) -> np.ndarray:
    """Turns an image upside down, or leaves it as it is, with equal chances; as `random_flip_left_right`."""
    return _random_flip("random_flip_up_down", image, rng, flip_up_down)


def _random_flip(function, image, rng, flip):
    image = _arrays.on_host(function, image)
    rng = _arrays.generator(function, rng)
    if image.ndim == 3:
        return flip(image) if rng.random() < 0.5 else image
    return np.where(rng.random((len(image), 1, 1, 1)) < 0.5, flip(image), image)
