"""COCO's files: one JSON with the objects of all pictures of a part, and a folder of pictures."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.datasets.box_examples import BoxedFiles, Objects
from jax_slim.datasets.parts import known_part

_OTHER_KINDS = ("person_keypoints_", "captions_", "image_info_", "stuff_", "panoptic_")


def coco_files(place: Path) -> dict[str, Path]:
    """Part -> its JSON, in `place`, in `annotations` or in a folder for each part; "" for the only one there is.

    'instances_train2017.json' is of "train", or of "train2017" where there is another year.
    """
    found: dict[str, Path] = {}
    for folder in (place, place / "annotations"):
        for path in _files(folder):
            found.setdefault(_part_of(path), path)
    if not found and place.is_dir():  # 'train/_annotations.coco.json' beside the pictures, as Roboflow has it
        inside = {folder.name: _files(folder) for folder in sorted(place.iterdir()) if known_part(folder.name)}
        found = {name: files[0] for name, files in inside.items() if len(files) == 1}
    if len(found) == 1:
        return dict(zip([""], found.values(), strict=True))
    short = {name: re.sub(r"[-_]?(19|20)\d\d$", "", name) for name in found}
    return {short[name] if list(short.values()).count(short[name]) == 1 else name: path for name, path in found.items()}


def coco_part(function: str, place: Path, path: Path) -> tuple[BoxedFiles, list[str]]:
    """The pictures of one JSON, and its classes in the order of COCO's numbers for them.

    Raises:
      ValueError: a picture is missing.
      DataLossError: the file is none of COCO's.
    """
    said = _read(path)
    classes = {one["id"]: one["name"] for one in said["categories"]}
    places = {number: place for place, number in enumerate(sorted(classes))}
    rows: dict[Any, list[tuple[Any, ...]]] = {one["id"]: [] for one in said["images"]}
    for one in said["annotations"]:
        if one["image_id"] in rows:
            left, top, width, height = one["bbox"]
            box = (top, left, top + height, left + width)
            area = float(one.get("area", np.nan))
            rows[one["image_id"]].append((box, places[one["category_id"]], bool(one.get("iscrowd", 0)), area))
    part = _part_of(path)
    folders = [place / part, place / "images" / part, place / "images", place, path.parent]
    paths = [_found(function, one["file_name"], folders) for one in said["images"]]
    ids = [one["id"] for one in said["images"]]

    def objects(number: int) -> Objects:
        here = rows[ids[number]]
        crowd = np.array([row[2] for row in here], bool)
        boxes = np.array([row[0] for row in here], np.float32).reshape(-1, 4)
        classes_of = np.array([row[1] for row in here], np.int64)
        areas = np.array([row[3] for row in here], np.float32)
        return Objects(boxes, classes_of, crowd, np.zeros_like(crowd), areas)

    return BoxedFiles(paths, objects), [classes[number] for number in places]


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    return [path for path in files if not path.stem.startswith(_OTHER_KINDS)]


def _part_of(path: Path) -> str:
    return path.stem.removeprefix("instances_")


def _found(function: str, name: str, folders: Sequence[Path]) -> Path:
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise ValueError(
        f"{function}: each picture of the JSON must be there, got no {name!r} in "
        f"{os.fspath(folders[0])!r}, {os.fspath(folders[3])!r} or its images."
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_bytes())
        for one in said["images"]:
            if not isinstance(one["file_name"], str) or isinstance(one["id"], list | dict):
                raise ValueError(f"image {one['id']} has no file")
        known = {one["id"] for one in said["categories"] if isinstance(one["name"], str)}
        for one in said["annotations"]:
            sides = [float(side) for side in one["bbox"]]
            float(one.get("area", 0))
            if len(sides) != 4 or one["category_id"] not in known or isinstance(one["image_id"], list | dict):
                raise ValueError(f"annotation {one.get('id')} has no box or no class")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataLossError(
            f"{path} is no file of COCO's, with images, annotations and categories: {type(error).__name__} {error}"
        ) from None
    return said
