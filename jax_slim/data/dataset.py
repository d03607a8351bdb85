"""TF-Slim's description of a data set: `slim.dataset.Dataset`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jax_slim.data.data_decoder import DataDecoder
from jax_slim.data.parallel_reader import DataSources


class Dataset:
    """Says which files a data set consists of, how they are read and decoded, and what is in them.

        dataset = Dataset("/data/flowers_train_*.tfrecord", None, decoder, 3320,
                          {"image": "a photograph", "label": "0 to 4"}, num_classes=5)
        batches = slim.data.pipeline(dataset, transform, batch_size=32)

    Args:
      data_sources: files, patterns, folders, or `name@count`; as `get_data_files` takes them.
      reader: what makes the records of `data_sources`: a function or class that returns them by number, as `TFRecords`,
        which None stands for.
      decoder: a `TFExampleDecoder`, or another `DataDecoder`.
      num_samples: how many examples there are.
      items_to_descriptions: the name of each item -> what it is.
      **kwargs: whatever else is to be known about the data set, as attributes: `num_classes`, `labels_to_names`.

    Source: tf_slim.data.dataset.
    """

    data_sources: DataSources
    reader: Callable[..., Sequence[bytes]] | None
    decoder: DataDecoder
    num_samples: int
    items_to_descriptions: Mapping[str, str]

    def __init__(
        self,
        data_sources: DataSources,
        reader: Callable[..., Sequence[bytes]] | None,
        decoder: DataDecoder,
        num_samples: int,
        items_to_descriptions: Mapping[str, str],
        **kwargs: Any,
    ):
        self.__dict__.update(
            kwargs,
            data_sources=data_sources,
            reader=reader,
            decoder=decoder,
            num_samples=num_samples,
            items_to_descriptions=items_to_descriptions,
        )
