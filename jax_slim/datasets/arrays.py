"""Images and labels in arrays, and in `.npz` files of them."""

import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.sources import ArrayExamples
from jax_slim.datasets.parts import KNOWN_PARTS

_IMAGES = ("image", "images", "x", "data", "inputs", "arr_0")
_LABELS = ("label", "labels", "y", "targets", "target", "arr_1")
_CLASS_NAMES = ("class_names", "label_names", "classes")
_PARTS = "|".join(name for names in KNOWN_PARTS.values() for name in names)


class ArrayImages(ArrayExamples):
    """Images by number out of an array: {"image": uint8 [H, W, C], "label": int64}.

    Args:
      images: uint8 [N, H, W, C].
      labels: int64 [N].

    Attributes:
      images, labels: as given.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray):
        super().__init__({"image": images, "label": labels})
        self.images = images
        self.labels = labels


class LabelledArrays(NamedTuple):
    """Arrays of images by part ("" when they are not divided), and the name of each label, or None."""

    parts: dict[str, ArrayImages]
    class_names: list[str] | None


def labelled(function: str, arrays: Mapping[str, Any], where: str) -> LabelledArrays:
    """Finds images, labels and parts in arrays by their names.

        labelled("convert", {"x_train": ..., "y_train": ..., "x_test": ..., "y_test": ...}, "digits.npz")

    Images are called image(s), x or data, labels label(s), y or target(s), with or without a part before or behind:
    `x_train`, `train_images`. `class_names` may tell what the labels mean.

    Raises:
      ValueError: there are none, one is without the other, or they are not uint8 [N, H, W, C] and int [N].
    """
    images, labels = _by_part(arrays, _IMAGES), _by_part(arrays, _LABELS)
    shapes = {name: f"{np.asarray(array).dtype} {list(np.shape(array))}" for name, array in arrays.items()}
    if not images or images.keys() != labels.keys():
        raise ValueError(
            f"{function}: {where} must hold arrays called image and label, or x_train, y_train, x_test and so on, got "
            f"{shapes}."
        )
    names = next((np.asarray(arrays[name]) for name in _CLASS_NAMES if name in arrays), None)
    class_names = None if names is None else [str(name) for name in names.reshape(-1).tolist()]
    targets = {part: _flat_labels(function, labels[part], arrays[labels[part]]) for part in images}
    if any(array.dtype.kind in "US" for array in targets.values()):
        targets, class_names = _numbered(function, targets, class_names)
    parts = {}
    for part, name in images.items():
        pixels, numbers = _pixels(function, name, arrays[name]), targets[part].astype(np.int64)
        if len(pixels) != len(numbers):
            raise ValueError(
                f"{function}: {name} and {labels[part]} must be of one length, got {len(pixels)} and {len(numbers)}."
            )
        parts[part] = ArrayImages(pixels, numbers)
    return LabelledArrays(parts, class_names)


def npz_arrays(function: str, path: Path) -> LabelledArrays:
    """The arrays of an `.npz` file.

    Raises:
      DataLossError: the file is damaged, or holds Python objects.
      ValueError: as for `labelled`.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, AttributeError, NotImplementedError) as error:
        raise DataLossError(f"{function}: {path} must be a whole .npz file of plain arrays: {error}.") from None
    return labelled(function, arrays, str(path))


def count_classes(sources: Sequence[Any], class_names: Sequence[str] | None) -> int:
    """How many classes there are: as many as names, or one more than the highest label."""
    if class_names is not None:
        return len(class_names)
    return 1 + max((int(source.labels.max()) for source in sources if len(source)), default=-1)


def check_labels(function: str, sources: Sequence[Any], num_classes: int, where: str) -> None:
    """Refuses labels outside of 0 to the number of classes.

    Raises:
      ValueError: there is one; the message says which example's.
    """
    for source in sources:
        wrong = np.flatnonzero((source.labels < 0) | (source.labels >= num_classes))
        if len(wrong):
            at = int(wrong[0])
            which = source.key(at) if hasattr(source, "key") else f"example {at}"
            raise ValueError(
                f"{function}: labels must be from 0 to {max(num_classes - 1, 0)} for {num_classes} classes, got "
                f"{int(source.labels[at])} of {which} in {where} ({len(wrong)} such)."
            )


def _by_part(arrays: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """part -> the name of its array; "" is no part."""
    either = "|".join(names)
    pattern = re.compile(rf"(?:(?P<before>{_PARTS})_?)?(?:{either})(?:_?(?P<after>{_PARTS}))?", re.IGNORECASE)
    found: dict[str, str] = {}
    for name in arrays:
        match = pattern.fullmatch(name)
        if match:
            found.setdefault((match["before"] or match["after"] or "").lower(), name)
    return {part: found[part] for part in found if part or len(found) == 1}


def _pixels(function: str, name: str, array: Any) -> np.ndarray:
    pixels = np.asarray(array)
    if pixels.dtype != np.uint8:
        extent = (
            f" with values from {pixels.min()} to {pixels.max()}" if pixels.size and pixels.dtype.kind in "fiu" else ""
        )
        raise ValueError(
            f"{function}: {name} must be pixels of dtype uint8, from 0 to 255, got {pixels.dtype}{extent}. "
            "np.clip(...).astype(np.uint8) after scaling makes some."
        )
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.ndim != 4 or pixels.shape[3] not in (1, 3, 4) or not all(pixels.shape):
        raise ValueError(
            f"{function}: {name} must be of shape [N, H, W, C] with 1, 3 or 4 channels, or [N, H, W], got "
            f"{list(np.shape(array))}."
        )
    return pixels


def _flat_labels(function: str, name: str, array: Any) -> np.ndarray:
    labels = np.asarray(array)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iuUS":
        raise ValueError(
            f"{function}: {name} must be one whole number, or the name of a class, for each image, got "
            f"{labels.dtype} {list(np.shape(array))}. np.argmax(labels, 1) makes numbers of one-hot rows."
        )
    return labels


def _numbered(
    function: str, targets: dict[str, np.ndarray], class_names: list[str] | None
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Labels by number, for labels that are the names of classes."""
    texts = {part: [_text(value) for value in array.tolist()] for part, array in targets.items()}
    known = class_names or sorted({text for part in texts.values() for text in part})
    number = {name: label for label, name in enumerate(known)}
    strange = sorted({text for part in texts.values() for text in part} - set(number))
    if strange:
        raise ValueError(f"{function}: labels must be among class_names {known}, got {strange[0]!r}.")
    return {part: np.array([number[text] for text in found], np.int64) for part, found in texts.items()}, known


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
