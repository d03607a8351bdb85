"""`open_detection_dataset`: finds out what pictures with boxes are at a place, and opens a part of them."""

import os
from pathlib import Path

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.datasets import record_files
from jax_slim.datasets.box_examples import BoxExamples
from jax_slim.datasets.box_records import BoxRecords, label_map_in, names_of
from jax_slim.datasets.coco_files import coco_files, coco_part
from jax_slim.datasets.dataset_utils import near
from jax_slim.datasets.parts import part_named, stratified
from jax_slim.datasets.voc_folders import voc_folder, voc_parts

_FUNCTION = "open_detection_dataset"


def open_detection_dataset(
    dataset_dir: str | os.PathLike[str],
    split_name: str,
    dataset_name: str | None = None,
    validation_fraction: float = 0.1,
    seed: int = 0,
) -> BoxExamples:
    """Opens a part of whatever pictures with boxes are at a place, for `slim.data.pipeline`.

        train = slim.datasets.open_detection_dataset("VOCdevkit/VOC2012", "train")
        train[0]["boxes"].shape                      # (3, 4)

    What it is, is found out:

    * a folder of TFRecords as the Object Detection API's scripts made them ('pascal_train.record',
      'coco_val.record-00000-of-00010'), with a label map (`*.pbtxt`) beside them;
    * PASCAL VOC's folders: `Annotations`, `JPEGImages` and maybe `ImageSets/Main`;
    * COCO's files: a JSON for each part ('annotations/instances_val2017.json', or 'train.json') and the pictures; or a
      folder for each part with one JSON and its pictures ('train/_annotations.coco.json').

    Data that is not divided is: a part of it is "validation", the rest "train", the same on every machine.

    Args:
      dataset_dir: the folder.
      split_name: the part, "train" or "validation" for instance. "validation" also finds "val", or "test" where there
        is no other; COCO's 'instances_train2017.json' is "train".
      dataset_name: which of several data sets in a folder of TFRecords.
      validation_fraction: the share for "validation", where the data has no parts of its own.
      seed: another one gives another division.

    Returns:
      `BoxExamples`: {"image", "boxes", "classes", "crowd", "difficult", "areas"} by number.

    Raises:
      FileNotFoundError: there is nothing at that place.
      ValueError: there is no such part or data set, nothing that is known, or a picture is missing.
      DataLossError: a file is damaged.
    """
    place = Path(dataset_dir).expanduser()
    if not place.exists():
        raise FileNotFoundError(f"{_FUNCTION}: dataset_dir must exist, got {str(place)!r}.")
    if not 0 <= validation_fraction < 1:
        raise ValueError(f"{_FUNCTION}: validation_fraction must be from 0 to below 1, got {validation_fraction}.")
    found = record_files.record_files(place)
    if found is not None:
        return _of_records(found, split_name, dataset_name)
    folder, files = voc_folder(place), coco_files(place)
    if folder is not None:
        parts, classes = voc_parts(_FUNCTION, folder)
        if set(parts) != {""}:
            return BoxExamples(parts[part_named(_FUNCTION, split_name, parts, str(place))], classes)
        source = parts[""]
    elif files:
        part = "" if set(files) == {""} else part_named(_FUNCTION, split_name, files, str(place))
        source, classes = coco_part(_FUNCTION, place, files[part])
        if part:
            return BoxExamples(source, classes)
    else:
        inside = sorted(os.listdir(place))[:5] if place.is_dir() else []
        raise ValueError(
            f"{_FUNCTION}: dataset_dir must be a folder of TFRecords with a label map, PASCAL VOC's folders or COCO's "
            f"JSON files with their pictures, got {str(place)!r}" + (f" with {', '.join(inside)}." if inside else ".")
        )
    names = [path.name for path in source.paths]
    train, held_out = stratified(np.zeros(len(source), np.int64), validation_fraction, seed, names)
    divided = {"train": train, **({"validation": held_out} if len(held_out) else {})}
    return BoxExamples(source, classes, divided[part_named(_FUNCTION, split_name, divided, str(place))])


def _of_records(found: record_files.RecordFiles, split_name: str, dataset_name: str | None) -> BoxExamples:
    names = sorted(found.parts)
    if dataset_name is None and len(names) == 1:
        dataset_name = names[0]
    if dataset_name not in names:
        raise ValueError(
            f"{_FUNCTION}: dataset_name must be one of {names}, for the records in {str(found.folder)!r}, got "
            f"{dataset_name!r}.{near(dataset_name or '', names)}"
        )
    parts = found.parts[dataset_name]
    records = record_files.opened(parts[part_named(_FUNCTION, split_name, parts, str(found.folder))])
    if not len(records):
        raise DataLossError(f"{_FUNCTION}: each part must have examples, got none in {parts}.")
    label_map = label_map_in(_FUNCTION, found.folder)
    return BoxExamples(BoxRecords(records, label_map), names_of(label_map))
