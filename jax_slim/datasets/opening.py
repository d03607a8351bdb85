"""`open_dataset`: finds out what data is at a place, and opens a part of it."""

import os
from pathlib import Path

from jax_slim.data import digits
from jax_slim.data.sources import ArrayExamples, DecodedRecords
from jax_slim.datasets import record_files
from jax_slim.datasets.dataset_utils import class_list, labels_in
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
    """Opens a part of whatever data with labels is at a place, for `slim.data.pipeline`."""
    if dataset_name == "digits":
        arrays = digits.load(part_named(_FUNCTION, split_name, ("train", "test"), "digits"))
        return Examples(ArrayExamples(arrays), digits.NUM_CLASSES, [str(number) for number in range(10)])
    if dataset_dir is None:
        raise ValueError(f"{_FUNCTION}: dataset_dir must say where the data is, got None. Only digits needs none.")
    check_fraction(_FUNCTION, validation_fraction)
    place = Path(dataset_dir).expanduser()
    records = record_files.record_files(place) if place.is_dir() else None
    if records is not None:
        return _of_records(records, split_name, dataset_name)
    layout = layout_of(_FUNCTION, "dataset_dir", place)
    parts = divided(layout, validation_fraction, seed)
    part = parts[part_named(_FUNCTION, split_name, parts, str(place))]
    return Examples(part.source, layout.num_classes, layout.class_names, part.indices)


def check_fraction(function: str, fraction: float) -> None:
    """Refuses a share for validation that is none."""
    if not 0 <= fraction < 1:
        raise ValueError(f"{function}: validation_fraction must be from 0 to below 1, got {fraction}.")


def _of_records(found: record_files.RecordFiles, split_name: str, dataset_name: str | None) -> Examples:
    folder = found.folder
    names = sorted(found.parts)
    if dataset_name is not None and dataset_name in names:
        name = dataset_name
    elif len(names) == 1:
        name = names[0]
    else:
        raise ValueError(
            f"{_FUNCTION}: dataset_name must be one of {names}, whose records are in {str(folder)!r}, got "
            f"{dataset_name!r}."
        )
    parts = found.parts[name]
    files = parts[part_named(_FUNCTION, split_name, parts, str(folder))]
    records = record_files.opened(files)
    if not len(records):
        raise ValueError(f"{_FUNCTION}: each part must have examples, got none in {files[0]!r}.")
    names_of = labels_in(folder)
    classes = None if names_of is None else class_list(names_of)
    count = record_files.classes_in(_FUNCTION, parts, folder) if classes is None else len(classes)
    decoder = record_files.decoder(record_files.channels_in(records, name))
    return Examples(DecodedRecords(records, decoder), count, classes)
