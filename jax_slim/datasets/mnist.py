"""MNIST: handwritten digits, as TF-Slim's `download_and_convert_mnist.py` wrote them."""

import os

import numpy as np

from jax_slim.data.dataset import Dataset
from jax_slim.data.features import FixedLenFeature
from jax_slim.data.tfexample_decoder import Image, Tensor, TFExampleDecoder
from jax_slim.datasets.definitions import Definition, Reader, dataset_of

CLASS_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

DEFINITION = Definition(
    "mnist",
    "mnist_%s.tfrecord",
    {"train": 60000, "test": 10000},
    10,
    TFExampleDecoder(
        {
            "image/encoded": FixedLenFeature((), "string", ""),
            "image/format": FixedLenFeature((), "string", "raw"),
            "image/class/label": FixedLenFeature([1], np.int64, [0]),
        },
        {"image": Image(shape=[28, 28, 1], channels=1), "label": Tensor("image/class/label", shape=[])},
    ),
    {"image": "a digit in grey, uint8 [28, 28, 1]", "label": "which one, 0 to 9"},
)


def get_split(
    split_name: str, dataset_dir: str | os.PathLike[str], file_pattern: str | None = None, reader: Reader | None = None
) -> Dataset:
    """Describes a part of MNIST: items "image", uint8 [28, 28, 1], and "label".

    Args:
      split_name: "train" (60000 images) or "test" (10000).
      dataset_dir: the folder with the TFRecords that TF-Slim's script made of it, and `labels.txt` where there is one.
      file_pattern: the names of the files, with %s for the part; None takes those that the script gave them.
      reader: what makes records of files; None means `TFRecords`.

    Returns:
      A `Dataset`, with `num_classes`, and `labels_to_names` (None without a `labels.txt`).

    Raises:
      ValueError: there is no such part.

    Source: research/slim/datasets/mnist.py.
    """
    return dataset_of(DEFINITION, split_name, dataset_dir, file_pattern, reader)
