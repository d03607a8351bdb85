"""PASCAL VOC's folders: `JPEGImages`, `Annotations` with an XML file for each, `ImageSets/Main` with the parts."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.photographs import has_image_ending
from jax_slim.datasets.box_examples import BoxedFiles, Objects

_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


def voc_folder(place: Path) -> Path | None:
    """The folder with `Annotations` in it, which may be VOCdevkit/VOC2012 below `place`; None where there is none."""
    for folder in (place, *sorted(place.glob("VOC*")), *sorted(place.glob("VOCdevkit/VOC*"))):
        if (folder / "Annotations").is_dir() and (folder / "JPEGImages").is_dir():
            return folder
    return None


def voc_parts(function: str, folder: Path) -> tuple[dict[str, BoxedFiles], list[str]]:
    """The parts of a data set, "" for one that is not divided, and its classes.

    Classes are PASCAL's twenty where the data has no others, else those that there are, in the order of the alphabet.

    Raises:
      ValueError: there are no pictures, or one that is listed is missing.
      DataLossError: an annotation is damaged.
    """
    pictures = {path.stem: path for path in sorted((folder / "JPEGImages").iterdir()) if has_image_ending(path)}
    listed: dict[str, list[str]] = {}
    # Other files there, such as 'cat_train.txt', are of one class.
    for path in sorted((folder / "ImageSets" / "Main").glob("*.txt")):
        if "_" not in path.stem:
            listed[path.stem] = [line.split()[0] for line in path.read_text().splitlines() if line.split()]
    listed = listed or {"": [name for name in pictures if (folder / "Annotations" / f"{name}.xml").is_file()]}
    if not any(listed.values()):
        raise ValueError(f"{function}: dataset_dir must have pictures with annotations, got none in {str(folder)!r}.")
    read = {}
    for name in dict.fromkeys(name for names in listed.values() for name in names):
        if name not in pictures:
            raise ValueError(f"{function}: each picture that ImageSets lists must be there, got no {name!r}.")
        read[name] = _read(folder / "Annotations" / f"{name}.xml")
    there = {name for _, names, _ in read.values() for name in names}
    classes: list[str] = list(_CLASSES) if there <= set(_CLASSES) else sorted(there)
    numbers = {name: number for number, name in enumerate(classes)}

    def part(names: list[str]) -> BoxedFiles:
        def objects(place: int) -> Objects:
            boxes, of, difficult = read[names[place]]
            found = np.array([numbers[name] for name in of], np.int64)
            return Objects(boxes, found, np.zeros(len(found), bool), difficult, np.full(len(found), np.nan))

        return BoxedFiles([pictures[name] for name in names], objects)

    return {name: part(names) for name, names in listed.items()}, classes


def _read(path: Path) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Boxes in pixels, names and which of the objects are difficult."""
    try:
        root: Any = ElementTree.parse(path).getroot()
        boxes, names, difficult = [], [], []
        for one in root.iter("object"):
            sides = one.find("bndbox")
            # They count pixels from 1; that pixel is left as it is, as the field does.
            boxes.append([float(sides.findtext(side)) for side in ("ymin", "xmin", "ymax", "xmax")])
            names.append(one.findtext("name").strip())
            difficult.append(one.findtext("difficult", "0").strip() == "1")
    except (ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        raise DataLossError(f"{path} is no annotation of PASCAL VOC: {error}") from None
    return np.array(boxes, np.float32).reshape(-1, 4), names, np.array(difficult, bool)
