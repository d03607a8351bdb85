"""Which TFRecord files in a folder are of which data set and part, told from their names."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jax_slim.data.examples import example_values
from jax_slim.data.features import FixedLenFeature
from jax_slim.data.tfexample_decoder import Image, Tensor, TFExampleDecoder
from jax_slim.data.tfrecords import TFRecords, read_tfrecords
from jax_slim.datasets.parts import known_part
from jax_slim.progress import Progress

_ENDING = re.compile(r"\.(tfrecords?|records?|tfrec)(?=\W|$)", re.IGNORECASE)
_PACKED = re.compile(r"\.(gz|zlib)$", re.IGNORECASE)
_SHARD = re.compile(r"([-_.]?\d+-of-\d+|[-_.]\d+)$")
_NAMED_LIKE_SHARDS = re.compile(r"(?<!\.data)-\d{5,}-of-\d{5,}$")  # not those of a checkpoint

# Bytes of records that are read, where no labels.txt says how many classes there are.
_READ_FOR_LABELS = 4 << 30


class RecordFiles(NamedTuple):
    """The files of a folder by data set and part.

    Attributes:
      folder: where they are.
      parts: data set ("" where the names have none) -> part -> files.
    """

    folder: Path
    parts: dict[str, dict[str, list[str]]]


def is_record_file(name: str) -> bool:
    """Whether a file is one of TFRecords, by its name."""
    return not name.startswith(".") and bool(_ENDING.search(name) or _NAMED_LIKE_SHARDS.search(_PACKED.sub("", name)))


def part_of_file(name: str) -> tuple[str, str]:
    """(data set, part) of a file's name.

    part_of_file("flowers_train_00000-of-00005.tfrecord")    # ('flowers', 'train')
    part_of_file("validation-00012-of-00128")                # ('', 'validation')
    """
    stem = _SHARD.sub("", _ENDING.sub("", _PACKED.sub("", name)))
    words = re.split(r"[-_.]", stem)
    # The part stands at the end, seldom at the beginning: a data set may well be called my_test.
    for place in (-1, 0):
        if known_part(words[place]):
            rest = stem[: -len(words[place])] if place else stem[len(words[place]) :]
            return rest.strip("-_."), words[place]
    name, _, part = stem.rpartition("_")
    return name, part


def record_files(place: Path) -> RecordFiles | None:
    """The TFRecord files of a folder, or one file; None when there are none."""
    folder, inside = (place.parent, [place]) if place.is_file() else (place, [])
    if place.is_dir():
        inside = sorted(place.iterdir())
    parts: dict[str, dict[str, list[str]]] = {}
    for path in inside:
        if is_record_file(path.name) and path.is_file():
            name, part = part_of_file(path.name)
            parts.setdefault(name, {}).setdefault(part, []).append(str(path))
    return RecordFiles(folder, parts) if parts else None


def decoder(channels: int) -> TFExampleDecoder:
    """Of images and labels, as TF-Slim's scripts and this package's write them."""
    return TFExampleDecoder(
        {
            "image/encoded": FixedLenFeature((), "string"),
            "image/format": FixedLenFeature((), "string", ""),
            "image/class/label": FixedLenFeature((), np.int64),
        },
        {"image": Image(channels=channels), "label": Tensor("image/class/label")},
    )


def channels_in(records: Sequence[bytes], name: str) -> int:
    """How many channels the images of a data set are to be read with: what its first example says, else 3."""
    values = example_values(records[0]).get("image/channels")
    if values is None or values.dtype == object or values.size != 1 or values[0] not in (1, 3, 4):
        return 1 if name == "mnist" else 3  # TF-Slim's script for MNIST does not say it
    return int(values[0])


def classes_in(function: str, parts: Mapping[str, Sequence[str]], folder: Path) -> int:
    """How many classes there are by the labels of all examples, which are read for it.

    Raises:
      ValueError: there is too much to read.
    """
    files = [file for part in parts.values() for file in part]
    size = sum(os.path.getsize(file) for file in files)
    if size > _READ_FOR_LABELS:
        raise ValueError(
            f"{function}: dataset_dir must have a labels.txt where it has more than {_READ_FOR_LABELS >> 30} GiB of "
            f"records, got {size / 2**30:.1f} GiB in {str(folder)!r} without one. Write it, a class a line; or give "
            "the name of the data set, as imagenet."
        )
    keys = {"image/class/label": FixedLenFeature((), np.int64)}
    labels = TFExampleDecoder(keys, {"label": Tensor("image/class/label")})
    highest = -1
    with Progress(None, f"labels in {folder}", "examples") as progress:
        for number, record in enumerate(read_tfrecords(files)):
            highest = max(highest, int(labels.decode(record)[0]))
            progress.update(number + 1)
    return highest + 1


def opened(files: Sequence[str]) -> TFRecords:
    """The records of some files."""
    return TFRecords(list(files))
