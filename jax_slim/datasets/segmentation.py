"""`open_segmentation`: images with masks, out of folders or of research/deeplab's TFRecords."""

import operator
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.examples import make_example
from jax_slim.data.features import FixedLenFeature
from jax_slim.data.image_codecs import image_format
from jax_slim.data.item_handlers import ItemHandlerCallback
from jax_slim.data.mask_images import decode_mask, encode_mask
from jax_slim.data.photographs import decode_photograph
from jax_slim.data.sources import DecodedRecords
from jax_slim.data.tfexample_decoder import TFExampleDecoder
from jax_slim.datasets import record_files
from jax_slim.datasets.dataset_utils import class_list, labels_in, near
from jax_slim.datasets.label_sets import LABEL_SETS
from jax_slim.datasets.mask_folders import mask_folders
from jax_slim.datasets.opening import check_fraction
from jax_slim.datasets.parts import part_named, stratified
from jax_slim.progress import Progress

_FUNCTION = "open_segmentation"

IMAGE, MASK = "image/encoded", "image/segmentation/class/encoded"
"""Where records of research/deeplab have the two."""

IGNORE_LABEL = 255
"""The label of pixels that do not count, where the data set has no other."""


class SegmentationExamples(Sequence[dict[str, Any]]):
    """Images with masks by number, a source of `slim.data.pipeline`: {"image": uint8 [H, W, 3], "mask": int32 [H, W]}.

    Args:
      source: anything with a length and `source[i]`, whose examples have these two.
      num_classes: how many classes there are.
      class_names: the name of each, or None.
      ignore_label: the label of pixels that do not count.
      indices: which examples of `source`, in which order; None means all.

    Attributes:
      num_classes, class_names, ignore_label: as given.
    """

    def __init__(
        self,
        source: Any,
        num_classes: int,
        class_names: Sequence[str] | None = None,
        ignore_label: int = IGNORE_LABEL,
        indices: Sequence[int] | np.ndarray | None = None,
    ) -> None:
        self._source = source
        self._indices = np.arange(len(source)) if indices is None else np.asarray(indices, np.int64)
        self.num_classes, self.ignore_label = num_classes, ignore_label
        self.class_names = None if class_names is None else list(class_names)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: Any) -> Any:
        """An example, or a list of them for a slice.

        Raises:
          ValueError: its mask has a label that is none of the classes.
          DataLossError: it is damaged, or its mask is of another size than its image.
        """
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        example = self._source[int(self._indices[operator.index(index)])]
        image, mask = example["image"], np.asarray(example["mask"]).astype(np.int32)
        if mask.shape != image.shape[:2]:
            raise DataLossError(
                f"{self.key(index)}: the mask must be of the image's size {image.shape[:2]}, got {mask.shape}."
            )
        wrong = mask[((mask < 0) | (mask >= self.num_classes)) & (mask != self.ignore_label)]
        if wrong.size:
            raise ValueError(
                f"{self.key(index)}: labels of the mask must be from 0 to {self.num_classes - 1}, for "
                f"{self.num_classes} classes, or {self.ignore_label} to be ignored, got {wrong[0]}. labels.txt must "
                "have a line for each class."
            )
        return {"image": image, "mask": mask}

    def key(self, index: int) -> str:
        """Where an example is from, for messages."""
        place = int(self._indices[operator.index(index)])
        key = getattr(self._source, "key", None)
        return f"example {place}" if key is None else key(place)

    def __repr__(self) -> str:
        return f"SegmentationExamples({len(self)} of {self.num_classes} classes)"


class _Records(DecodedRecords):
    """The examples of research/deeplab's records."""

    def __init__(self, records: Sequence[bytes]) -> None:
        text = FixedLenFeature((), "string")
        image = ItemHandlerCallback(IMAGE, lambda parsed: decode_photograph(_bytes(parsed[IMAGE])))
        mask = ItemHandlerCallback(MASK, lambda parsed: decode_mask(_bytes(parsed[MASK])))
        super().__init__(records, TFExampleDecoder({IMAGE: text, MASK: text}, {"image": image, "mask": mask}))
        self._masks = DecodedRecords(records, TFExampleDecoder({MASK: text}, {"mask": mask}))

    def mask(self, index: int) -> Any:
        """The mask alone."""
        return self._masks[index]["mask"]


def open_segmentation(
    dataset_dir: str | os.PathLike[str],
    split_name: str,
    dataset_name: str | None = None,
    validation_fraction: float = 0.1,
    seed: int = 0,
    num_classes: int | None = None,
) -> SegmentationExamples:
    """Opens a part of whatever images with masks are at a place, for `slim.data.pipeline`.

        train = slim.datasets.open_segmentation("/data/leaves", "train")
        train[0]["mask"].shape                                                   # (375, 500)

    What it is, is found out:

    * a folder with the folders `images` and `masks`, whose files have the same names but for their endings; with the
      folders `train`, `validation`, ... inside of both (ADE20K's `images/training`, `annotations/training`), or both
      inside of each such folder;
    * PASCAL VOC's folder, `JPEGImages`, `SegmentationClass` and the lists in `ImageSets/Segmentation`;
    * Cityscapes' folder, `leftImg8bit` and `gtFine` with the files `*_labelTrainIds.png`;
    * a folder of TFRecords as research/deeplab's scripts wrote them, 'train-00000-of-00010.tfrecord'.

    A mask is a PNG whose pixels are the numbers of the classes, with or without a palette. `labels.txt` has the name of
    a class on each line; without it all masks are read once for their highest label. Data that is not divided is: some
    images are "validation", the rest "train", the same on every machine.

    Args:
      dataset_dir: the folder.
      split_name: the part, "train" or "validation" for instance; also "val" and so on.
      dataset_name: "pascal_voc_seg", "cityscapes" or "ade20k" for their classes and the label they ignore; of TFRecords
        also which of several data sets.
      validation_fraction: the share for "validation", where the data has no parts of its own.
      seed: another one gives another division.
      num_classes: how many classes there are, where nothing says it.

    Returns:
      A `SegmentationExamples`.

    Raises:
      FileNotFoundError: there is nothing at that place.
      ValueError: there is no such part, nothing that is known, or an image without a mask.
      DataLossError: a file is damaged.
    """
    check_fraction(_FUNCTION, validation_fraction)
    place = Path(dataset_dir).expanduser()
    if not place.exists():
        raise FileNotFoundError(f"{_FUNCTION}: dataset_dir must exist, got {os.fspath(dataset_dir)!r}.")
    folder = place if place.is_dir() else place.parent
    records = record_files.record_files(place)
    if records is not None:
        name = _chosen(records, dataset_name)
        sources = {part: _Records(record_files.opened(files)) for part, files in records.parts[name].items()}
    else:
        found = mask_folders(_FUNCTION, folder) if place.is_dir() else None
        if found is None:
            raise ValueError(
                f"{_FUNCTION}: dataset_dir must be a folder with the folders images and masks, PASCAL VOC's or "
                f"Cityscapes', or a folder of TFRecords of images with masks, got {os.fspath(place)!r}."
            )
        sources = dict(found)
    known = LABEL_SETS.get(dataset_name or "")
    names = labels_in(folder)
    class_names = class_list(names) if names is not None else list(known.class_names) if known else None
    classes = num_classes or (len(class_names) if class_names else None)
    ignored = known.ignore_label if known else IGNORE_LABEL
    if classes is None:
        classes = _classes_in(sources, ignored, place)
    chosen, indices = _part(sources, split_name, str(place), validation_fraction, seed)
    if not len(chosen):
        raise ValueError(f"{_FUNCTION}: each part must have examples, got none in {split_name!r} of {str(place)!r}.")
    return SegmentationExamples(chosen, classes, class_names, ignored, indices)


def segmentation_example(image: bytes, mask: Any, filename: str = "") -> bytes:
    """Makes the serialized tf.train.Example of an image and its mask, as research/deeplab's scripts did.

    Args:
      image: the bytes of its file, a JPEG or PNG.
      mask: [H, W], integers from 0 to 255; or the bytes of a PNG that has them.
      filename: what the image is called.

    Returns:
      The record, for `slim.data.TFRecordWriter`.

    Raises:
      ValueError: the sizes differ.
      DataLossError: `image` is no image.

    Source: research/deeplab/datasets/build_data.py.
    """
    height, width = decode_photograph(image).shape[:2]
    encoded = mask if isinstance(mask, bytes) else encode_mask(mask)
    size = decode_mask(encoded).shape
    if size != (height, width):
        raise ValueError(f"segmentation_example: mask must be of the image's size {(height, width)}, got {size}.")
    return make_example(
        {
            IMAGE: image,
            "image/filename": filename.encode(),
            "image/format": (image_format(image) or "").encode(),
            "image/height": height,
            "image/width": width,
            "image/channels": 3,
            MASK: encoded,
            "image/segmentation/class/format": b"png",
        }
    )


def _part(sources: dict[str, Any], split_name: str, where: str, fraction: float, seed: int) -> tuple[Any, Any]:
    """The source of a part, and which of its examples; None for all."""
    if set(sources) != {""}:
        return sources[part_named(_FUNCTION, split_name, sources, where)], None
    source = sources[""]
    train, rest = stratified(np.zeros(len(source), np.int64), fraction, seed, getattr(source, "names", None))
    parts = {"train": train, **({"validation": rest} if len(rest) else {})}
    return source, parts[part_named(_FUNCTION, split_name, parts, where)]


def _chosen(found: record_files.RecordFiles, dataset_name: str | None) -> str:
    names = sorted(found.parts)
    if dataset_name in names:
        return str(dataset_name)
    if len(names) == 1:
        return names[0]
    raise ValueError(
        f"{_FUNCTION}: dataset_name must be one of {names}, for the records in {str(found.folder)!r}, got "
        f"{dataset_name!r}.{near(dataset_name or '', names)}"
    )


def _classes_in(sources: dict[str, Any], ignored: int, place: Path) -> int:
    """One more than the highest label of all masks, which are read for it."""
    highest, done = -1, 0
    total = sum(map(len, sources.values()))
    with Progress(total, f"labels in {place}", "masks") as progress:
        for source in sources.values():
            for number in range(len(source)):
                mask = source.mask(number)
                counted = mask[mask != ignored]
                highest = max(highest, int(counted.max()) if counted.size else -1)
                done += 1
                progress.update(done)
    if highest < 0:
        raise ValueError(f"{_FUNCTION}: masks must have labels, got only {ignored} in {str(place)!r}.")
    return highest + 1


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else bytes(np.asarray(value, object).item())
