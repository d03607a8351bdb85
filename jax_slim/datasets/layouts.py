"""What data is at a place: folders of images, tables, arrays, original files."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jax_slim.datasets.arrays import LabelledArrays, check_labels, count_classes, npz_arrays
from jax_slim.datasets.csv_tables import TABLE_ENDINGS, NoTableError, Tables, tables, tables_in
from jax_slim.datasets.image_files import ClassFolders, class_folders
from jax_slim.datasets.original_files import cifar10_files, mnist_files
from jax_slim.datasets.parts import Part, stratified

_ARCHIVES = (".tar.gz", ".tgz", ".tar")


class Layout(NamedTuple):
    """Data with labels that is in no TFRecords.

    Attributes:
      kind: "folders", "table", "arrays", "mnist" or "cifar10".
      parts: part -> its examples by number, with `labels` and maybe `names`; "" for data that is not divided.
      num_classes: how many classes there are.
      class_names: the name for each label, or None.
    """

    kind: str
    parts: Mapping[str, Any]
    num_classes: int
    class_names: list[str] | None


def layout_of(function: str, argument: str, place: Path, all_there: bool = True) -> Layout:
    """Finds out what is at `place`.

    Args:
      function, argument: for messages.
      place: a folder or a file.
      all_there: whether to refuse a table with images that do not exist.

    Raises:
      ValueError: nothing that can be read as data with labels; or labels are out of range.
      FileNotFoundError: nothing at all.
      DataLossError: a file is damaged.
    """
    if not place.exists():
        raise FileNotFoundError(f"{function}: {argument} must exist, got {os.fspath(place)!r}.")
    if place.is_dir():
        return _of_folder(function, argument, place, all_there)
    name = place.name.lower()
    if name.endswith(TABLE_ENDINGS):
        return made(function, "table", tables(function, [place], all_there), place)
    if name.endswith(".npz"):
        return made(function, "arrays", npz_arrays(function, place), place)
    if name.endswith(_ARCHIVES):
        found = cifar10_files(function, place)
        if found is not None:
            return made(function, "cifar10", found, place)
    raise _unknown(function, argument, place)


def made(function: str, kind: str, found: ClassFolders | LabelledArrays | Tables, place: Path | str) -> Layout:
    """The layout of what was found, its labels checked."""
    num_classes = count_classes(list(found.parts.values()), found.class_names)
    check_labels(function, list(found.parts.values()), num_classes, str(place))
    return Layout(kind, found.parts, num_classes, found.class_names)


def divided(layout: Layout, validation_fraction: float, seed: int) -> dict[str, Part]:
    """The parts of the data: its own, or "train" and "validation" where it has none."""
    if set(layout.parts) != {""}:
        return {name: Part(source) for name, source in layout.parts.items()}
    source = layout.parts[""]
    train, rest = stratified(source.labels, validation_fraction, seed, getattr(source, "names", None))
    return {"train": Part(source, train), **({"validation": Part(source, rest)} if len(rest) else {})}


def _of_folder(function: str, argument: str, place: Path, all_there: bool) -> Layout:
    for kind, files in (("mnist", mnist_files), ("cifar10", cifar10_files)):
        found = files(function, place)
        if found is not None:
            return made(function, kind, found, place)
    no_table = None
    listed = tables_in(place)
    if listed:
        try:
            return made(function, "table", tables(function, listed, all_there), place)
        except NoTableError as error:  # it may be about something else
            no_table = error
    packed = [path for path in sorted(place.glob("*.npz")) if not path.name.startswith(".")]
    if len(packed) == 1:
        return made(function, "arrays", npz_arrays(function, packed[0]), place)
    folders = class_folders(function, place)
    if folders is not None:
        return made(function, "folders", folders, place)
    raise no_table or _unknown(function, argument, place)


def _unknown(function: str, argument: str, place: Path) -> ValueError:
    inside = sorted(os.listdir(place))[:5] if place.is_dir() else []
    held = f" with {', '.join(inside)}" if inside else " without anything in it" if place.is_dir() else ""
    return ValueError(
        f"{function}: {argument} must be a folder with a folder of images for each class, a folder of TFRecords, a CSV "
        "file with the columns filename and label, a .npz file with arrays image and label, or the original files of "
        f"MNIST or CIFAR-10, got {os.fspath(place)!r}{held}."
    )
