"""What data is at a place: folders of images, records, tables, arrays, original files."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jax_slim.datasets.image_files import class_folders
from jax_slim.datasets.parts import Part, stratified


class Layout(NamedTuple):
    """Data with labels that is in no TFRecords.

    Attributes:
      what: what it is, for messages.
      parts: part -> its examples by number, with `labels` and maybe `names`; "" for data that is not divided.
      num_classes: how many classes there are.
      class_names: the name for each label, or None.
    """

    what: str
    parts: Mapping[str, Any]
    num_classes: int
    class_names: list[str] | None


def layout_of(function: str, argument: str, place: Path) -> Layout:
    """Finds out what is at `place`.

    Raises:
      ValueError: nothing that can be read as data with labels.
      FileNotFoundError: nothing at all.
    """
    if place.is_dir():
        folders = class_folders(place)
        if folders is not None:
            return Layout("a folder of images", folders.parts, len(folders.class_names), folders.class_names)
    elif not place.exists():
        raise FileNotFoundError(f"{function}: {argument} must exist, got {os.fspath(place)!r}.")
    raise ValueError(
        f"{function}: {argument} must be a folder with a folder of images for each class, or one of TFRecords, "
        f"got {os.fspath(place)!r}."
    )


def divided(layout: Layout, validation_fraction: float, seed: int) -> dict[str, Part]:
    """The parts of the data: its own, or "train" and "validation" where it has none."""
    if set(layout.parts) != {""}:
        return {name: Part(source) for name, source in layout.parts.items()}
    source = layout.parts[""]
    train, rest = stratified(source.labels, validation_fraction, seed, getattr(source, "names", None))
    return {"train": Part(source, train), **({"validation": Part(source, rest)} if len(rest) else {})}
