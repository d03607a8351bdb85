"""Visual Wake Words: whether a photograph of COCO shows a person, as TF-Slim's script wrote it."""

import os

import numpy as np

from jax_slim.data.dataset import Dataset
from jax_slim.data.features import FixedLenFeature, VarLenFeature
from jax_slim.data.tfexample_decoder import BoundingBox, Image, Tensor, TFExampleDecoder
from jax_slim.datasets.definitions import Definition, Reader, dataset_of

DEFINITION = Definition(
    "visualwakewords",
    "%s.record-*",
    {"train": 82783, "val": 40504},
    2,
    TFExampleDecoder(
        {
            "image/encoded": FixedLenFeature((), "string", ""),
            "image/format": FixedLenFeature((), "string", "jpeg"),
            "image/class/label": FixedLenFeature([], np.int64, 0),
            "image/object/bbox/xmin": VarLenFeature(np.float32),
            "image/object/bbox/ymin": VarLenFeature(np.float32),
            "image/object/bbox/xmax": VarLenFeature(np.float32),
            "image/object/bbox/ymax": VarLenFeature(np.float32),
        },
        {
            "image": Image("image/encoded", "image/format"),
            "label": Tensor("image/class/label"),
            "object/bbox": BoundingBox(["ymin", "xmin", "ymax", "xmax"], "image/object/bbox/"),
        },
    ),
    {
        "image": "a colour photograph, uint8 [H, W, 3]",
        "label": "1 when it shows a person, else 0",
        "object/bbox": "boxes [n, 4] around persons: ymin, xmin, ymax, xmax, from 0 to 1",
    },
)


def get_split(
    split_name: str, dataset_dir: str | os.PathLike[str], file_pattern: str | None = None, reader: Reader | None = None
) -> Dataset:
    """Describes a part of Visual Wake Words: items "image", "label", "object/bbox".

    Args:
      split_name: "train" (82783 images) or "val" (40504).
      dataset_dir: the folder with the TFRecords that TF-Slim's script made of it, and `labels.txt` where there is one.
      file_pattern: the names of the files, with %s for the part; None takes those that the script gave them.
      reader: what makes records of files; None means `TFRecords`.

    Returns:
      A `Dataset`, with `num_classes`, and `labels_to_names` (None without a `labels.txt`).

    Raises:
      ValueError: there is no such part.

    Source: research/slim/datasets/visualwakewords.py.
    """
    return dataset_of(DEFINITION, split_name, dataset_dir, file_pattern, reader)
