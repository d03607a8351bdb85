"""ImageNet of 2012 (ILSVRC), as TF-Slim's `build_imagenet_data.py` wrote it."""

import os

import numpy as np

from jax_slim.data.dataset import Dataset
from jax_slim.data.features import FixedLenFeature, VarLenFeature
from jax_slim.data.tfexample_decoder import BoundingBox, Image, Tensor, TFExampleDecoder
from jax_slim.datasets.definitions import Definition, Reader, dataset_of

DEFINITION = Definition(
    "imagenet",
    "%s-*",
    {"train": 1281167, "validation": 50000},
    1001,  # class 0 is for background, and has no image
    TFExampleDecoder(
        {
            "image/encoded": FixedLenFeature((), "string", ""),
            "image/format": FixedLenFeature((), "string", "jpeg"),
            "image/class/label": FixedLenFeature([], np.int64, -1),
            "image/class/text": FixedLenFeature([], "string", ""),
            "image/object/bbox/xmin": VarLenFeature(np.float32),
            "image/object/bbox/ymin": VarLenFeature(np.float32),
            "image/object/bbox/xmax": VarLenFeature(np.float32),
            "image/object/bbox/ymax": VarLenFeature(np.float32),
            "image/object/class/label": VarLenFeature(np.int64),
        },
        {
            # As stored: the boxes are of these pixels, and the published nets were trained on them.
            "image": Image("image/encoded", "image/format", upright=False),
            "label": Tensor("image/class/label"),
            "label_text": Tensor("image/class/text"),
            "object/bbox": BoundingBox(["ymin", "xmin", "ymax", "xmax"], "image/object/bbox/"),
            "object/label": Tensor("image/object/class/label"),
        },
    ),
    {
        "image": "a colour photograph, uint8 [H, W, 3]",
        "label": "what it shows, 1 to 1000",
        "label_text": "that in words, bytes",
        "object/bbox": "boxes [n, 4] around what it shows: ymin, xmin, ymax, xmax, from 0 to 1",
        "object/label": "what is in each box, [n]",
    },
)


def get_split(
    split_name: str, dataset_dir: str | os.PathLike[str], file_pattern: str | None = None, reader: Reader | None = None
) -> Dataset:
    """Describes a part of ImageNet: items "image", "label", "label_text", "object/bbox", "object/label".

    The few photographs that EXIF turns stay as they are stored, since the boxes are of those pixels.

    Args:
      split_name: "train" (1281167 images) or "validation" (50000).
      dataset_dir: the folder with the TFRecords that TF-Slim's script made of it, and `labels.txt` where there is one.
      file_pattern: the names of the files, with %s for the part; None takes those that the script gave them.
      reader: what makes records of files; None means `TFRecords`.

    Returns:
      A `Dataset`, with `num_classes`, and `labels_to_names` (None without a `labels.txt`).

    Raises:
      ValueError: there is no such part.

    Source: research/slim/datasets/imagenet.py.
    """
    return dataset_of(DEFINITION, split_name, dataset_dir, file_pattern, reader)
