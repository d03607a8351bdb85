"""RandAugment: a few changes drawn from a list of fourteen, on images of uint8 before the net's own preprocessing."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays

_GREY = 128
"""What is moved in from outside of the image."""

_HIGHEST = 10
"""The magnitude at which a change is as strong as it gets."""


def rand_augment(image: Any, num_layers: int = 2, magnitude: float = 9, *, rng: np.random.Generator) -> np.ndarray:
    """Applies `num_layers` changes drawn at random, one after the other.

        def transform(example, rng):
            image = slim.preprocessing.rand_augment(example["image"], rng=rng)
            return {"image": preprocess(image, 224, 224, rng=rng), "label": example["label"]}

    From Cubuk et al., "RandAugment: Practical Automated Data Augmentation", 2019. The changes: none, the full range of
    values, equal shares of values, rotation up to 30 degrees, fewer bits, inversion above a threshold, colour,
    contrast, brightness and sharpness by factors of 0.1 to 1.9, shearing by up to 0.3 and moving by up to 0.45 of a
    side; those with a sign draw it.

    Args:
      image: uint8 [H, W, C], or a batch [N, H, W, C], whose images draw changes of their own. Of grey images the change
        of colour is none.
      num_layers: how many changes.
      magnitude: how strong they are, from 0 to 10.
      rng: draws them.

    Returns:
      uint8, of the same shape.

    Raises:
      TypeError: `image` is not of uint8.
      ValueError: `magnitude` is not from 0 to 10, or `num_layers` below 0.
    """
    function = "rand_augment"
    _arrays.generator(function, rng)
    pixels = _arrays.on_host(function, image, (3, 4))
    if pixels.dtype != np.uint8:
        raise TypeError(f"{function}: image must be of uint8, got {pixels.dtype}. It comes before the preprocessing.")
    layers = _arrays.integer(function, "num_layers", num_layers, 0)
    if not 0 <= magnitude <= _HIGHEST:
        raise ValueError(f"{function}: magnitude must be from 0 to {_HIGHEST}, got {magnitude!r}.")
    if pixels.ndim == 4:
        return np.stack([_augmented(one, layers, magnitude / _HIGHEST, rng) for one in pixels])
    return _augmented(pixels, layers, magnitude / _HIGHEST, rng)


def _augmented(image: np.ndarray, layers: int, strength: float, rng: np.random.Generator) -> np.ndarray:
    for _ in range(layers):
        change = _CHANGES[rng.integers(len(_CHANGES))]
        image = change(image, strength, 1 if rng.random() < 0.5 else -1)
    return image


# Each: image, strength from 0 to 1, sign -> image.


def _autocontrast(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    del strength, sign
    low = image.min(axis=(0, 1)).astype(np.float32)
    width = image.max(axis=(0, 1)) - low
    scale = np.where(width > 0, 255 / np.maximum(width, 1), 1)
    return _bytes((image - np.where(width > 0, low, 0)) * scale)


def _equalize(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    del strength, sign
    planes = []
    for plane in np.moveaxis(image, -1, 0):
        counts = np.bincount(plane.reshape(-1), minlength=256)
        below = np.cumsum(counts) - counts
        # The highest value that occurs has all others below it, and becomes 255.
        total = below[np.flatnonzero(counts)[-1]]
        planes.append(plane if total == 0 else _bytes(below * (255 / total))[plane])
    return np.stack(planes, axis=-1)


def _posterize(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    del sign
    dropped = round(4 * strength)
    return (image >> dropped) << dropped


def _solarize(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    del sign
    return np.where(image < 256 * (1 - strength), image, 255 - image)


def _color(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    if image.shape[-1] != 3:
        return image
    return _blended(_luma(image)[..., None], image, strength, sign)


def _contrast(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    mean = np.float32(np.rint((_luma(image) if image.shape[-1] == 3 else image).mean()))
    return _blended(mean, image, strength, sign)


def _brightness(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    return _blended(np.float32(0), image, strength, sign)


def _sharpness(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    if min(image.shape[:2]) < 3:
        return image
    floats = image.astype(np.float32)
    rows = floats[:-2] + floats[1:-1] + floats[2:]
    smooth = floats.copy()  # the edge stays
    smooth[1:-1, 1:-1] = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] + 4 * floats[1:-1, 1:-1]) / 13
    return _blended(smooth, image, strength, sign)


def _rotate(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    angle = np.deg2rad(30 * strength * sign)
    return _moved(image, ((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))), (0, 0))


def _shear_x(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    return _moved(image, ((1, 0), (0.3 * strength * sign, 1)), (0, 0))


def _shear_y(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    return _moved(image, ((1, 0.3 * strength * sign), (0, 1)), (0, 0))


def _translate_x(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    return _moved(image, ((1, 0), (0, 1)), (0, 0.45 * strength * sign * image.shape[1]))


def _translate_y(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    return _moved(image, ((1, 0), (0, 1)), (0.45 * strength * sign * image.shape[0], 0))


def _identity(image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    del strength, sign
    return image


_CHANGES: tuple[Callable[[np.ndarray, float, int], np.ndarray], ...] = (
    _identity, _autocontrast, _equalize, _rotate, _posterize, _solarize, _color, _contrast, _brightness, _sharpness,
    _shear_x, _shear_y, _translate_x, _translate_y,
)  # fmt: skip


def _luma(image: np.ndarray) -> np.ndarray:
    return image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def _blended(plain: Any, image: np.ndarray, strength: float, sign: int) -> np.ndarray:
    """plain + factor · (image - plain): a factor below 1 takes something away, above 1 adds to it."""
    return _bytes(plain + np.float32(1 + 0.9 * strength * sign) * (image.astype(np.float32) - plain))


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _moved(image: np.ndarray, matrix: Any, shift: Any) -> np.ndarray:
    """Each pixel is the one nearest to `matrix` times its place (row, column from the middle) plus `shift`."""
    height, width = image.shape[:2]
    (a, b), (c, d) = matrix
    row = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    column = np.arange(width, dtype=np.float32)[None, :] - np.float32((width - 1) / 2)
    rows = np.rint(a * row + b * column + (height - 1) / 2 + shift[0]).astype(np.int32)
    columns = np.rint(c * row + d * column + (width - 1) / 2 + shift[1]).astype(np.int32)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    found = image[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
    return np.where(inside[..., None], found, np.uint8(_GREY))
