"""Masks as pictures: a colour for each class, alone or over the image."""

from typing import Any

import numpy as np

from jax_slim.datasets.label_sets import LABEL_SETS, pascal_colors

_PASCAL = "pascal"


def create_label_colormap(dataset: str = _PASCAL) -> np.ndarray:
    """The colours of a data set's classes: uint8 [classes, 3].

    Args:
      dataset: "pascal", which has a colour for each number up to 255; "cityscapes" or "ade20k".

    Raises:
      ValueError: there is no such data set.

    Source: research/deeplab/utils/get_dataset_colormap.py.
    """
    if dataset in (_PASCAL, "pascal_voc_seg"):
        return pascal_colors()
    if dataset not in LABEL_SETS:
        known = ", ".join(sorted({_PASCAL, *LABEL_SETS}))
        raise ValueError(f"create_label_colormap: dataset must be one of {known}, got {dataset!r}.")
    return LABEL_SETS[dataset].colors.copy()


def label_to_color_image(label: Any, colors: Any = _PASCAL) -> np.ndarray:
    """A mask as a picture: [H, W] -> uint8 [H, W, 3].

    Args:
      label: [H, W], integers, the class of each pixel.
      colors: the name of a colour map, or uint8 [classes, 3].

    Raises:
      ValueError: `label` is not of rank 2, or there is no colour for a class.
    """
    label, table = np.asarray(label), _table(colors)
    if label.ndim != 2:
        raise ValueError(f"label_to_color_image: label must be [H, W], got shape {label.shape}.")
    if label.size and (label.min() < 0 or label.max() >= len(table)):
        raise ValueError(
            f"label_to_color_image: label must be from 0 to {len(table) - 1}, the colours there are, got "
            f"{label.min()} to {label.max()}."
        )
    return table[label]


def color_image_to_label(image: Any, colors: Any = _PASCAL, ignore_label: int = 255) -> np.ndarray:
    """The way back: a picture in the colours of classes as a mask; what has none of them becomes `ignore_label`.

    Args:
      image: uint8 [H, W, 3].
      colors: the name of a colour map, or uint8 [classes, 3]; of several classes with one colour, the first is meant.
      ignore_label: of pixels with another colour.

    Returns:
      int32 [H, W].

    Raises:
      ValueError: `image` is no such array.
    """
    image, table = np.asarray(image), _table(colors)
    if image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(f"color_image_to_label: image must be [H, W, 3], got shape {image.shape}.")
    code = np.array([1 << 16, 1 << 8, 1])
    numbers, places = np.unique(table.astype(np.int64) @ code, return_index=True)
    pixels = image.astype(np.int64) @ code
    found = np.minimum(np.searchsorted(numbers, pixels), len(numbers) - 1)
    return np.where(numbers[found] == pixels, places[found], ignore_label).astype(np.int32)


def draw_mask(
    image: Any, label: Any, colors: Any = _PASCAL, alpha: float = 0.5, ignore_label: int | None = 255
) -> np.ndarray:
    """An image with its mask over it.

    Args:
      image: uint8 [H, W, 3], or 1 channel.
      label: [H, W], integers, the class of each pixel.
      colors: the name of a colour map, or uint8 [classes, 3].
      alpha: how much of the mask's colour a pixel has; 1 hides the image.
      ignore_label: pixels of this label stay as they are.

    Returns:
      uint8 [H, W, 3].

    Raises:
      ValueError: the sizes differ, or there is no colour for a class.
    """
    image, label = np.asarray(image), np.asarray(label)
    if image.ndim != 3 or image.shape[:2] != label.shape:
        raise ValueError(
            f"draw_mask: image must be [H, W, 3] and label [H, W], got shapes {image.shape} and {label.shape}."
        )
    if not 0 <= alpha <= 1:
        raise ValueError(f"draw_mask: alpha must be from 0 to 1, got {alpha!r}.")
    ignored = np.zeros(label.shape, bool) if ignore_label is None else label == ignore_label
    colored = label_to_color_image(np.where(ignored, 0, label), colors).astype(np.float32)
    mixed = np.where(ignored[..., None], image, image * np.float32(1 - alpha) + colored * np.float32(alpha))
    return np.rint(mixed).astype(np.uint8)


def _table(colors: Any) -> np.ndarray:
    return create_label_colormap(colors) if isinstance(colors, str) else np.asarray(colors, np.uint8)
