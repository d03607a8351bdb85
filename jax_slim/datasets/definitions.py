"""What the definitions of TF-Slim's data sets share: a description, and how a part of it becomes a `Dataset`."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from jax_slim.data.dataset import Dataset
from jax_slim.data.tfexample_decoder import TFExampleDecoder
from jax_slim.datasets.dataset_utils import labels_in

Reader = Callable[..., Sequence[Any]]


class Definition(NamedTuple):
    """A data set that one of TF-Slim's scripts wrote.

    Attributes:
      name: for messages.
      file_pattern: the names of the files, with %s for the part.
      splits_to_sizes: part -> how many examples.
      num_classes: how many classes.
      decoder: what makes items of its records.
      items_to_descriptions: item -> what it is.
    """

    name: str
    file_pattern: str
    splits_to_sizes: Mapping[str, int]
    num_classes: int
    decoder: TFExampleDecoder
    items_to_descriptions: Mapping[str, str]


def dataset_of(
    definition: Definition,
    split_name: str,
    dataset_dir: str | os.PathLike[str],
    file_pattern: str | None,
    reader: Reader | None,
) -> Dataset:
    """The `Dataset` of one part. No file of records is looked for before it is read.

    Raises:
      ValueError: there is no such part.
      TypeError: `dataset_dir` is no path.
    """
    function = f"{definition.name}.get_split"
    if split_name not in definition.splits_to_sizes:
        raise ValueError(
            f"{function}: split_name must be one of {sorted(definition.splits_to_sizes)}, got {split_name!r}."
        )
    if not isinstance(dataset_dir, str | os.PathLike):
        raise TypeError(f"{function}: dataset_dir must be the folder with the records, got {dataset_dir!r}.")
    pattern = definition.file_pattern if file_pattern is None else file_pattern
    if "%s" in pattern:
        pattern = pattern % split_name
    return Dataset(
        data_sources=os.path.join(dataset_dir, pattern),
        reader=reader,
        decoder=definition.decoder,
        num_samples=definition.splits_to_sizes[split_name],
        items_to_descriptions=definition.items_to_descriptions,
        num_classes=definition.num_classes,
        labels_to_names=labels_in(dataset_dir),
    )
