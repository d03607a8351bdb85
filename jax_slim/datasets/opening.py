"""`open_dataset`: finds out what data is at a place, and opens a part of it."""

import os
import warnings
from pathlib import Path

from jax_slim.data import digits as bundled
from jax_slim.data.photographs import passed_over_text
from jax_slim.data.sources import ArrayExamples, DecodedRecords
from jax_slim.datasets import digits, record_files
from jax_slim.datasets.dataset_factory import datasets_map
from jax_slim.datasets.dataset_utils import class_list, labels_in, near
from jax_slim.datasets.layouts import divided, layout_of
from jax_slim.datasets.parts import Examples, part_named

_FUNCTION = "open_dataset"


def open_dataset(
    dataset_dir: str | os.PathLike[str] | None,
    split_name: str,
    dataset_name: str | None = None,
    validation_fraction: float = 0.1,
    seed: int = 0,
) -> Examples:
    """Opens a part of whatever images with labels are at a place, for `slim.data.pipeline`.

        train = slim.datasets.open_dataset("flower_photos", "train")
        held_out = slim.datasets.open_dataset("flower_photos", "validation")
        batches = slim.data.pipeline(train, transform, batch_size=32)

    What it is, is found out:

    * a folder with a folder of images for each class, or with such folders in `train`, `validation`, `val`, `test`;
    * a folder of TFRecords, or one file, made by `convert` or by TF-Slim's scripts, as
      'flowers_train_00000-of-00005.tfrecord'; `labels.txt` has the names of the classes (without it the labels of all
      records are read once);
    * a CSV file with the columns filename and label, maybe split; or its folder;
    * an `.npz` file with arrays image and label, or x_train, y_train, x_test, y_test;
    * the files in which MNIST (idx) and CIFAR-10 (Python batches) were published;
    * with `dataset_name="digits"`, the digits that come with the package.

    Data that is not divided is: a part of each class is "validation", the rest "train", the same on every machine.

    Args:
      dataset_dir: the folder or file; None for "digits".
      split_name: the part, "train" or "validation" for instance. "validation" also finds "val", or "test" where
        there is no other.
      dataset_name: which of several data sets in a folder of TFRecords; mnist, cifar10, flowers, imagenet and
        visualwakewords are read as TF-Slim defines them. It does not matter elsewhere.
      validation_fraction: the share of each class for "validation", where the data has no parts of its own.
      seed: another one gives another division.

    Returns:
      Examples by number, {"image": uint8 [H, W, C], "label": int}, with `num_samples`, `num_classes` and `class_names`.
      Images in files have three channels, those in arrays and in records of them as many as they have. Photographs are
      upright (`decode_image`). Files in folders of images that are none by their names are passed over with a warning,
      and counted in `passed_over`. A damaged image
      raises a `DataLossError` when it is read, and a label out of range a `ValueError`.

    Raises:
      FileNotFoundError: there is nothing at that place.
      ValueError: there is no such part or data set, nothing that is known, or a class is empty.
      DataLossError: a file is damaged.
    """
    check_fraction(_FUNCTION, validation_fraction)
    if dataset_name == "digits":
        part = part_named(_FUNCTION, split_name, digits.SPLITS_TO_SIZES, "digits")
        return Examples(ArrayExamples(bundled.load(part)), bundled.NUM_CLASSES, digits.CLASS_NAMES)
    if dataset_dir is None:
        raise ValueError(
            f"{_FUNCTION}: dataset_dir must say where the data is, got None. Only dataset_name='digits' needs none."
        )
    if not isinstance(dataset_dir, str | os.PathLike):
        raise TypeError(f"{_FUNCTION}: dataset_dir must be a path, got {type(dataset_dir).__name__}.")
    place = Path(dataset_dir).expanduser()
    records = record_files.record_files(place)
    if records is not None:
        return _of_records(records, split_name, dataset_name)
    layout = layout_of(_FUNCTION, "dataset_dir", place)
    parts = divided(layout, validation_fraction, seed)
    part = parts[part_named(_FUNCTION, split_name, parts, str(place))]
    examples = Examples(part.source, layout.num_classes, layout.class_names, part.indices)
    if examples.passed_over:
        warnings.warn(passed_over_text(_FUNCTION, examples.passed_over), stacklevel=2)
    return examples


def check_fraction(function: str, fraction: float) -> None:
    """Refuses a share for validation that is none."""
    if not 0 <= fraction < 1:
        raise ValueError(f"{function}: validation_fraction must be from 0 to below 1, got {fraction}.")


def _of_records(found: record_files.RecordFiles, split_name: str, dataset_name: str | None) -> Examples:
    folder = found.folder
    name = _chosen(found, dataset_name)
    parts = found.parts[name]
    part = part_named(_FUNCTION, split_name, parts, str(folder))
    records = record_files.opened(parts[part])
    if not len(records):
        raise ValueError(f"{_FUNCTION}: each part must have examples, got none in {parts[part][0]!r}.")
    definition = datasets_map.get(dataset_name or "")
    names = labels_in(folder)
    classes = None if names is None else class_list(names)
    if definition is not None:
        decoder, count = definition.DEFINITION.decoder, definition.DEFINITION.num_classes
    else:
        decoder, count = record_files.decoder(record_files.channels_in(records, name)), None
    if classes is not None:
        count = len(classes)
    elif count is None:
        count = record_files.classes_in(_FUNCTION, parts, folder)
    return Examples(DecodedRecords(records, decoder, ["image", "label"]), count, classes)


def _chosen(found: record_files.RecordFiles, dataset_name: str | None) -> str:
    """Which of the data sets in a folder is meant."""
    names = sorted(found.parts)
    if dataset_name in names:
        return str(dataset_name)
    if len(names) == 1 and (dataset_name is None or dataset_name in datasets_map):
        return names[0]
    if dataset_name in datasets_map and "" in names:  # ImageNet's files have no name
        return ""
    known = sorted({*names, *datasets_map} - {"", "digits"}) if dataset_name else names
    raise ValueError(
        f"{_FUNCTION}: dataset_name must be one of {known}, for the records in {str(found.folder)!r}, got "
        f"{dataset_name!r}.{near(dataset_name or '', known)}"
    )
