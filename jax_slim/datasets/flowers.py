"""Flowers: 3670 photographs of five kinds, as TF-Slim's `download_and_convert_flowers.py` wrote them."""

import os

import numpy as np

from jax_slim.data.dataset import Dataset
from jax_slim.data.features import FixedLenFeature
from jax_slim.data.tfexample_decoder import Image, Tensor, TFExampleDecoder
from jax_slim.datasets.definitions import Definition, Reader, dataset_of

DEFINITION = Definition(
    "flowers",
    "flowers_%s_*.tfrecord",
    {"train": 3320, "validation": 350},
    5,
    TFExampleDecoder(
        {
            "image/encoded": FixedLenFeature((), "string", ""),
            "image/format": FixedLenFeature((), "string", "png"),
            "image/class/label": FixedLenFeature([], np.int64, 0),
        },
        {"image": Image(), "label": Tensor("image/class/label")},
    ),
    {"image": "a colour photograph, uint8 [H, W, 3]", "label": "which flower, 0 to 4"},
)


def get_split(
    split_name: str, dataset_dir: str | os.PathLike[str], file_pattern: str | None = None, reader: Reader | None = None
) -> Dataset:
    """Describes a part of the flowers: items "image", uint8 [H, W, 3], and "label".

    Args:
      split_name: "train" (3320 images) or "validation" (350).
      dataset_dir: the folder with the TFRecords that TF-Slim's script made of it, and `labels.txt` where there is one.
      file_pattern: the names of the files, with %s for the part; None takes those that the script gave them.
      reader: what makes records of files; None means `TFRecords`.

    Returns:
      A `Dataset`, with `num_classes`, and `labels_to_names` (None without a `labels.txt`).

    Raises:
      ValueError: there is no such part.

    Source: research/slim/datasets/flowers.py.
    """
    return dataset_of(DEFINITION, split_name, dataset_dir, file_pattern, reader)
