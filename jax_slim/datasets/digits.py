"""The 5000 handwritten digits that come with the package (`slim.data.digits`), as a data set with a name."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.data import digits
from jax_slim.data.data_decoder import DataDecoder
from jax_slim.data.dataset import Dataset
from jax_slim.data.sources import ArrayExamples
from jax_slim.datasets.definitions import Reader

SPLITS_TO_SIZES = {"train": digits.NUM_TRAIN, "test": 1000}
CLASS_NAMES = tuple(str(number) for number in range(digits.NUM_CLASSES))
_ITEMS = {"image": "a digit in grey, uint8 [28, 28, 1]", "label": "which one, 0 to 9"}


def get_split(
    split_name: str,
    dataset_dir: str | os.PathLike[str] | None = None,
    file_pattern: str | None = None,
    reader: Reader | None = None,
) -> Dataset:
    """Describes a part of the digits: items "image", uint8 [28, 28, 1], and "label".

    Args:
      split_name: "train" (4000 images) or "test" (1000).
      dataset_dir, file_pattern, reader: as the other data sets have them; not needed, and without effect.

    Returns:
      A `Dataset`, with `num_classes` and `labels_to_names`.

    Raises:
      ValueError: there is no such part.
    """
    del dataset_dir, file_pattern, reader
    if split_name not in SPLITS_TO_SIZES:
        raise ValueError(f"digits.get_split: split_name must be one of {sorted(SPLITS_TO_SIZES)}, got {split_name!r}.")

    def read(data_sources: Any, **options: Any) -> Sequence[Any]:
        del data_sources, options
        return ArrayExamples(digits.load(split_name))

    return Dataset(
        data_sources=os.fspath(digits.FILE),
        reader=read,
        decoder=_Decoded(),
        num_samples=SPLITS_TO_SIZES[split_name],
        items_to_descriptions=_ITEMS,
        num_classes=digits.NUM_CLASSES,
        labels_to_names=dict(enumerate(CLASS_NAMES)),
    )


class _Decoded(DataDecoder):
    """What needs no decoding: records are the items by name."""

    def list_items(self) -> list[str]:
        return list(_ITEMS)

    def decode(self, data: Any, items: Sequence[str] | None = None) -> list[Any]:
        return [np.int64(data[item]) if item == "label" else data[item] for item in items or _ITEMS]
