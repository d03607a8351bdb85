"""`convert`: images with labels, wherever they are, to TFRecords as TF-Slim's scripts made them."""

import contextlib
import operator
import os
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jax_slim.data.orders import random_bits
from jax_slim.data.photographs import passed_over_text
from jax_slim.datasets.arrays import labelled
from jax_slim.datasets.converting_images import encoded_file, encoded_pixels
from jax_slim.datasets.converting_records import RecordSet, serialized
from jax_slim.datasets.dataset_utils import image_to_tfexample
from jax_slim.datasets.image_files import ImageFiles
from jax_slim.datasets.layouts import Layout, divided, layout_of, made
from jax_slim.datasets.opening import check_fraction
from jax_slim.datasets.parts import Part, known_part
from jax_slim.datasets.record_files import record_files
from jax_slim.progress import Progress

_FUNCTION = "convert"
_SHARDS = 5  # as TF-Slim's flowers have

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Converted(NamedTuple):
    """What `convert` wrote.

    Attributes:
      files: the paths of the TFRecord files.
      num_samples: part -> how many examples.
      class_names: the name of each label, as in labels.txt.
      skipped: a line for each image that was left out, with its path and why.
    """

    files: list[str]
    num_samples: dict[str, int]
    class_names: list[str]
    skipped: list[str]


def convert(
    source: str | os.PathLike[str] | Mapping[str, Any],
    output_dir: str | os.PathLike[str],
    name: str | None = None,
    num_shards: int | None = None,
    validation_fraction: float = 0.1,
    seed: int = 0,
    errors: str = "raise",
    overwrite: bool = False,
) -> Converted:
    """Writes images with labels into TFRecords and labels.txt, as TF-Slim's scripts did: TF-Slim can read them.

        slim.datasets.convert("flower_photos", "/data/flowers", name="flowers")
        # /data/flowers/flowers_train_00000-of-00005.tfrecord ... flowers_validation_00004-of-00005.tfrecord, labels.txt
        train = slim.datasets.open_dataset("/data/flowers", "train")

    The features are image/encoded, image/format, image/class/label, image/height, image/width; image/channels where
    images are not of three. JPEG and PNG files are decoded to see that they are whole, and stored as they are, but for
    JPEG of four inks and PNG of 16 bits: these, GIF, BMP, WebP and TIFF are stored as PNG with the same pixels. What
    EXIF turns stays as it is too, and is turned when it is read; height and width are those of the image upright.

    The files appear when all of them are complete; where it fails or is interrupted, nothing of them remains.

    Args:
      source: a folder of images, a CSV or `.npz` file, the files of MNIST or CIFAR-10, as `open_dataset` takes them; or
        arrays by name: {"image": uint8 [N, H, W, C], "label": int [N]}, x_train, y_train and so on.
      output_dir: the folder to write to; made when it is missing.
      name: what the files' names begin with; None takes the name of the source.
      num_shards: how many files for each part, if there are as many examples; None means 5, and for MNIST and CIFAR-10
        one file without a number, as TF-Slim has it.
      validation_fraction: the share of each class for "validation", where the source has no parts of its own; as
        `open_dataset` divides it. With 0 there is only "train".
      seed: decides which examples are for validation, and the order, which is shuffled.
      errors: "raise" stops at an image that is missing, damaged or none; "skip" leaves it out.
      overwrite: whether records of that name in `output_dir` may be replaced.

    Returns:
      What was written, and what was left out.

    Raises:
      DataLossError: an image is damaged, or none; the message names it.
      FileNotFoundError: there is no `source`, or an image of a table does not exist.
      FileExistsError: `output_dir` holds records of that name, or a labels.txt with other classes.
      ValueError: an argument is out of its range, nothing is known about `source`, or a class is empty.
      OSError: there is no space left, or files cannot be read or written.
    """
    if errors not in ("raise", "skip"):
        raise ValueError(f"{_FUNCTION}: errors must be 'raise' or 'skip', got {errors!r}.")
    if num_shards is not None and not 1 <= operator.index(num_shards) < 100_000:
        raise ValueError(f"{_FUNCTION}: num_shards must be from 1 to 99999, got {num_shards}.")
    if operator.index(seed) < 0:
        raise ValueError(f"{_FUNCTION}: seed must be at least 0, got {seed}.")
    check_fraction(_FUNCTION, validation_fraction)
    target = Path(output_dir).expanduser()
    if isinstance(source, Mapping):
        layout, place = made(_FUNCTION, "arrays", labelled(_FUNCTION, source, "source"), "source"), None
    elif not isinstance(source, str | os.PathLike):
        raise TypeError(
            f"{_FUNCTION}: source must be a path, or arrays by name, got {type(source).__name__}. "
            "{'image': images, 'label': labels} is such."
        )
    else:
        place = Path(source).expanduser()
        layout = _layout(place, target, errors == "raise")
    chosen = _name_of(name, layout, place)
    class_names = layout.class_names or [str(label) for label in range(layout.num_classes)]
    parts = _named(divided(layout, validation_fraction, operator.index(seed)))
    count = {part: len(found.source) if found.indices is None else len(found.indices) for part, found in parts.items()}
    skipped: list[str] = []
    written: dict[str, int] = {}
    done = 0
    with (
        RecordSet(_FUNCTION, target, chosen, dict(enumerate(class_names)), overwrite) as records,
        Progress(sum(count.values()), _FUNCTION, "images") as progress,
    ):
        if layout.kind == "folders":
            _tell_what_is_no_image(layout, progress)
        for number, (part, found) in enumerate(parts.items()):
            examples = _Examples(found, random_bits(seed, number), errors == "skip", skipped, progress, done)
            shards = _shards(num_shards, layout.kind, count[part])
            with contextlib.closing(examples.records()) as serial:
                written[part] = records.write(part, serial, count[part], shards)
            if part == "train":
                examples.check_classes(class_names)
            done += count[part]
    return Converted(records.files, written, class_names, skipped)


class _Examples:
    """The records of a part in their order, with what was left out."""

    def __init__(
        self, part: Part, bits: np.random.PCG64, skipping: bool, skipped: list[str], progress: Progress, done: int
    ):
        numbers = np.arange(len(part.source)) if part.indices is None else part.indices
        self._numbers = numbers[np.argsort(bits.random_raw(len(numbers)), kind="stable")].tolist()
        self._source = part.source
        self._skipping, self._skipped = skipping, skipped
        self._progress, self._done = progress, done
        self._kept = np.zeros(len(part.source), bool)

    def records(self) -> Generator[bytes | None, None, None]:
        """Each record; None for an image that is left out."""
        with contextlib.closing(serialized(_maker(self._source), self._numbers)) as made:
            yield from self._counted(made)

    def _counted(self, made: Iterator[bytes | Exception]) -> Iterator[bytes | None]:
        for number, record in zip(self._numbers, made, strict=True):
            if isinstance(record, Exception):
                if not self._skipping:
                    raise record
                self._skipped.append(str(record))
                self._progress.print(f"left out: {record}")
                record = None
            else:
                self._kept[number] = True
            self._done += 1
            self._progress.update(self._done, **({"left_out": len(self._skipped)} if self._skipped else {}))
            yield record

    def check_classes(self, class_names: list[str]) -> None:
        """Refuses what has lost a whole class."""
        labels = self._source.labels
        lost = sorted(set(labels[self._numbers].tolist()) - set(labels[self._kept].tolist()))
        if lost:
            raise ValueError(
                f"{_FUNCTION}: each class must have an image that can be read, got none for {class_names[lost[0]]!r}. "
                f"{self._skipped[-1]}"
            )


def _maker(source: Any) -> Callable[[int], bytes]:
    """What makes a record of the example with a number."""
    if isinstance(source, ImageFiles):

        def of_file(number: int) -> bytes:
            image = encoded_file(source.paths[number])
            label = int(source.labels[number])
            return image_to_tfexample(image.data, image.format, image.height, image.width, label)

        return of_file

    def of_array(number: int) -> bytes:
        pixels = source.images[number]
        image, label = encoded_pixels(pixels), int(source.labels[number])
        more = {} if pixels.shape[2] == 3 else {"channels": pixels.shape[2]}
        return image_to_tfexample(image.data, image.format, image.height, image.width, label, **more)

    return of_array


def _layout(place: Path, target: Path, all_there: bool) -> Layout:
    layout = None
    if place.exists() and record_files(place) is not None:
        try:
            layout = layout_of(_FUNCTION, "source", place, all_there)
        except ValueError:
            raise ValueError(
                f"{_FUNCTION}: source must be images, got {os.fspath(place)!r}, which holds TFRecords already. "
                "open_dataset opens them as they are."
            ) from None
    layout = layout or layout_of(_FUNCTION, "source", place, all_there)
    inside = target.resolve() == place.resolve() or place.resolve() in target.resolve().parents
    if layout.kind == "folders" and inside:
        raise ValueError(
            f"{_FUNCTION}: output_dir must be outside of source, where it would count as a class, got "
            f"{os.fspath(target)!r} in {os.fspath(place)!r}."
        )
    return layout


def _name_of(name: str | None, layout: Layout, place: Path | None) -> str:
    if name is None:
        if layout.kind in ("mnist", "cifar10"):
            return layout.kind
        stem = "" if place is None else place.resolve().name if place.is_dir() else place.stem
        return re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._-") or "images"
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{_FUNCTION}: name must be of letters, digits, '.', '_' and '-', for the names of files, got {name!r}."
        )
    return name


def _named(parts: dict[str, Part]) -> dict[str, Part]:
    """With the parts called as TF-Slim calls them."""
    named = {known_part(name) or name: part for name, part in parts.items()}
    return named if len(named) == len(parts) else parts


def _shards(wanted: int | None, kind: str, count: int) -> int | None:
    if wanted is None and kind in ("mnist", "cifar10"):
        return None
    return max(1, min(wanted or _SHARDS, count))


def _tell_what_is_no_image(layout: Layout, progress: Progress) -> None:
    counts: dict[str, int] = {}
    for source in layout.parts.values():
        for what, count in (source.passed_over or {}).items():
            counts[what] = counts.get(what, 0) + count
    if counts:
        progress.print(passed_over_text(_FUNCTION, counts))
