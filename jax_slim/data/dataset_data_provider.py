"""The examples of a `Dataset` one by one: `slim.dataset_data_provider.DatasetDataProvider`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.data.data_provider import DataProvider
from jax_slim.data.dataset import Dataset
from jax_slim.data.errors import OutOfRangeError
from jax_slim.data.orders import EpochOrders
from jax_slim.data.sources import DecodedRecords
from jax_slim.data.tfrecords import TFRecords


class DatasetDataProvider(DataProvider, Iterator[dict[str, Any]]):
    """Reads, shuffles and decodes the examples of a `Dataset`, one after the other.

        provider = DatasetDataProvider(dataset, shuffle=True, seed=7)
        image, label = provider.get(["image", "label"])      # the next example, decoded
        for example in provider: ...                         # or all items of each, by name

    In TF-Slim `get` gave tensors, which had new values in each run of a session; here each call takes the next example:
    ask once for all that is wanted of one. The shuffle is over the whole data set, another one in each epoch. Batches
    for training, decoded by several threads, come from `slim.data.pipeline(dataset, ...)`.

    Args:
      dataset: the `Dataset`.
      num_readers: as in TF-Slim, where several of them mixed the files; here the order depends on the seed alone.
      reader_kwargs: further arguments of the data set's reader, {"errors": "skip"} for instance.
      shuffle: False keeps the order of the files.
      num_epochs: how often to go through the examples; None never ends.
      common_queue_capacity, common_queue_min: of TF-Slim's queue, which is not needed here.
      record_key: the name of an item that is added: where the record is from, b'<file>:<byte>'.
      seed: decides the orders. None takes another one each time.
      scope: as in TF-Slim; without effect.

    Raises:
      ValueError: `record_key` is the name of an item of the data set, or a number is out of its range.

    Source: tf_slim.data.dataset_data_provider.
    """

    def __init__(
        self,
        dataset: Dataset,
        num_readers: int = 1,
        reader_kwargs: Mapping[str, Any] | None = None,
        shuffle: bool = True,
        num_epochs: int | None = None,
        common_queue_capacity: int = 256,
        common_queue_min: int = 128,
        record_key: str = "record_key",
        seed: int | None = None,
        scope: str | None = None,
    ):
        del num_readers, common_queue_capacity, common_queue_min, scope
        if record_key in dataset.decoder.list_items():
            raise ValueError(
                f"DatasetDataProvider: record_key must not be the name of an item of the data set, got {record_key!r}."
            )
        if num_epochs is not None and num_epochs < 1:
            raise ValueError(f"DatasetDataProvider: num_epochs must be at least 1 or None, got {num_epochs}.")
        self._decoder = dataset.decoder
        self._records = (dataset.reader or TFRecords)(dataset.data_sources, **(reader_kwargs or {}))
        self._record_key = record_key
        self._num_epochs = num_epochs
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._orders = EpochOrders(len(self._records), self._seed, shuffle)
        self._next = 0
        super().__init__(dict.fromkeys([*dataset.decoder.list_items(), record_key]), dataset.num_samples)

    def get(self, items: Sequence[str]) -> list[Any]:
        """Decodes `items` of the next example, in their order.

        Raises:
          OutOfRangeError: all epochs are over.
          DataLossError: the record is damaged; the next call goes on behind it.
          ValueError: there is no such item.
        """
        self._validate_items(items)
        epoch, position = divmod(self._next, max(len(self._records), 1))
        if not len(self._records) or (self._num_epochs is not None and epoch >= self._num_epochs):
            raise OutOfRangeError(f"get: there are no more examples after {self._next}.")
        index = int(self._orders.order(epoch)[position])
        self._next += 1
        decoded = [item for item in items if item != self._record_key]
        values = DecodedRecords(self._records, self._decoder, decoded)[index] if decoded else {}
        if self._record_key in items:
            values[self._record_key] = DecodedRecords(self._records, self._decoder).key(index).encode()
        return [values[item] for item in items]

    def __next__(self) -> dict[str, Any]:
        items = self.list_items()
        try:
            return dict(zip(items, self.get(items), strict=True))
        except OutOfRangeError:
            raise StopIteration from None

    def get_state(self) -> dict[str, int]:
        """Where the reading stands, in a dict that JSON can hold; `set_state` goes on from there."""
        return {"next_example": self._next, "seed": self._seed}

    def set_state(self, state: Mapping[str, int]) -> None:
        """Goes on from where `get_state` was called, on this or on an equal provider."""
        if not isinstance(state, Mapping) or not {"next_example", "seed"} <= state.keys():
            raise ValueError(f"set_state: state must be what get_state returned, got {state!r}.")
        if state["seed"] != self._seed:
            self._seed = state["seed"]
            self._orders = EpochOrders(len(self._records), self._seed, self._orders.shuffle)
        self._next = state["next_example"]
