"""TF-Slim's data sets by their names: `slim.datasets.dataset_factory.get_dataset`."""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from jax_slim.data.dataset import Dataset
from jax_slim.datasets import cifar10, digits, flowers, imagenet, mnist, visualwakewords
from jax_slim.datasets.dataset_utils import near
from jax_slim.datasets.definitions import Reader

datasets_map: Mapping[str, Any] = MappingProxyType(
    {
        "cifar10": cifar10,
        "digits": digits,
        "flowers": flowers,
        "imagenet": imagenet,
        "mnist": mnist,
        "visualwakewords": visualwakewords,
    }
)


def get_dataset(
    name: str,
    split_name: str,
    dataset_dir: str | os.PathLike[str] | None = None,
    file_pattern: str | None = None,
    reader: Reader | None = None,
) -> Dataset:
    """Describes a part of one of TF-Slim's data sets, or of the digits that come with the package.

        dataset = slim.datasets.dataset_factory.get_dataset("flowers", "train", "/data/flowers")
        batches = slim.data.pipeline(dataset, transform, batch_size=32)

    Args:
      name: one of `datasets_map`: cifar10, digits, flowers, imagenet, mnist, visualwakewords.
      split_name: the part, as "train".
      dataset_dir: the folder with its TFRecords. "digits" needs none.
      file_pattern: the names of the files, with %s for the part; None takes the usual ones.
      reader: what makes records of files; None means `TFRecords`.

    Returns:
      A `Dataset`.

    Raises:
      ValueError: there is no such data set or part.

    Source: research/slim/datasets/dataset_factory.py.
    """
    if name not in datasets_map:
        raise ValueError(
            f"get_dataset: name must be one of {', '.join(datasets_map)}, got {name!r}.{near(str(name), datasets_map)} "
            "open_dataset opens other folders of images or TFRecords."
        )
    return datasets_map[name].get_split(split_name, dataset_dir, file_pattern, reader)
