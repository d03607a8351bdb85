"""CIFAR-10: small photographs, as TF-Slim's `download_and_convert_cifar10.py` wrote them."""

import os

import numpy as np

from jax_slim.data.dataset import Dataset
from jax_slim.data.features import FixedLenFeature
from jax_slim.data.tfexample_decoder import Image, Tensor, TFExampleDecoder
from jax_slim.datasets.definitions import Definition, Reader, dataset_of

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

DEFINITION = Definition(
    "cifar10",
    "cifar10_%s.tfrecord",
    {"train": 50000, "test": 10000},
    10,
    TFExampleDecoder(
        {
            "image/encoded": FixedLenFeature((), "string", ""),
            "image/format": FixedLenFeature((), "string", "png"),
            "image/class/label": FixedLenFeature([], np.int64, 0),
        },
        {"image": Image(shape=[32, 32, 3]), "label": Tensor("image/class/label")},
    ),
    {"image": "a colour photograph, uint8 [32, 32, 3]", "label": "what it shows, 0 to 9"},
)


def get_split(
    split_name: str, dataset_dir: str | os.PathLike[str], file_pattern: str | None = None, reader: Reader | None = None
) -> Dataset:
    """Describes a part of CIFAR-10: items "image", uint8 [32, 32, 3], and "label".

    Args:
      split_name: "train" (50000 images) or "test" (10000).
      dataset_dir: the folder with the TFRecords that TF-Slim's script made of it, and `labels.txt` where there is one.
      file_pattern: the names of the files, with %s for the part; None takes those that the script gave them.
      reader: what makes records of files; None means `TFRecords`.

    Returns:
      A `Dataset`, with `num_classes`, and `labels_to_names` (None without a `labels.txt`).

    Raises:
      ValueError: there is no such part.

    Source: research/slim/datasets/cifar10.py.
    """
    return dataset_of(DEFINITION, split_name, dataset_dir, file_pattern, reader)
