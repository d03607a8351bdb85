"""Images in files, each with a label: folders with a folder of images for each class."""

import operator
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jax_slim.data.photographs import has_image_ending, passed_over, read_photograph
from jax_slim.data.sources import images_of_classes
from jax_slim.datasets.parts import KNOWN_PARTS, known_part


class ImageFiles(Sequence[dict[str, Any]]):
    """Image files by number: {"image": uint8 [H, W, 3], "label": int64}.

    Args:
      paths: the files.
      labels: the label of each, [N].
      names: what each is called where its folder does not matter; decides which part it is in. None takes the paths'
        last two elements, 'class/file'.
      passed_over: how many files beside them were not taken for images, by the endings of their names; None where that
        means nothing.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        labels: Any,
        names: Sequence[str] | None = None,
        passed_over: dict[str, int] | None = None,
    ):
        self.passed_over = passed_over
        self.paths = list(paths)
        self.labels = np.asarray(labels, np.int64)
        self.names = [f"{path.parent.name}/{path.name}" for path in self.paths] if names is None else list(names)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> Any:
        number = operator.index(index)
        return {"image": read_photograph(self.paths[number]), "label": self.labels[number]}

    def key(self, index: int) -> str:
        """The path of an image."""
        return str(self.paths[index])


class ClassFolders(NamedTuple):
    """Folders of images.

    Attributes:
      parts: part -> its files; "" for a folder that is not divided.
      class_names: the name of each label.
    """

    parts: dict[str, ImageFiles]
    class_names: list[str]


def class_folders(function: str, folder: Path) -> ClassFolders | None:
    """The images of a folder with a folder for each class, or with parts that have; None where it has no folders.

    Raises:
      ValueError, FileNotFoundError: a class is empty, or one part has other classes than another.
    """
    inside = _folders_in(folder)
    if not inside:
        return None
    parts = [name for name in inside if known_part(name) and _is_part(folder / name)]
    if not parts:
        return ClassFolders({"": _images_of(function, folder, inside)}, inside)
    parts.sort(key=lambda name: list(KNOWN_PARTS).index(known_part(name) or ""))
    names = _folders_in(folder / parts[0])
    found = {}
    for part in parts:
        strange = sorted(set(_folders_in(folder / part)) - set(names))
        if strange:
            raise ValueError(
                f"{function}: each part must have the classes of {parts[0]!r}, got {strange[0]!r} in "
                f"{str(folder / part)!r} alone."
            )
        found[part] = _images_of(function, folder / part, names)
    return ClassFolders(found, names)


def _images_of(function: str, folder: Path, names: Sequence[str]) -> ImageFiles:
    paths, labels = images_of_classes(function, folder, names)
    return ImageFiles(paths, labels, passed_over=passed_over(folder / name for name in names))


def _folders_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))


def _is_part(folder: Path) -> bool:
    """Whether a folder called 'train' or so holds classes; else it is a class of that name."""
    with os.scandir(folder) as entries:
        files = any(has_image_ending(entry.name) for entry in entries if entry.is_file())
    return bool(_folders_in(folder)) and not files
