"""What every provider of data offers: `slim.data_provider.DataProvider`."""

from collections.abc import Mapping, Sequence
from typing import Any


class DataProvider:
    """Gives the items of examples by their names.

    Args:
      items_to_tensors: the name of each item -> its value.
      num_samples: how many examples there are.

    Source: tf_slim.data.data_provider.
    """

    def __init__(self, items_to_tensors: Mapping[str, Any], num_samples: int):
        self._items_to_tensors = items_to_tensors
        self._num_samples = num_samples

    def get(self, items: Sequence[str]) -> list[Any]:
        """The values of `items`, in their order.

        Raises:
          ValueError: there is no such item.
        """
        self._validate_items(items)
        return [self._items_to_tensors[item] for item in items]

    def list_items(self) -> list[str]:
        """The names of the items."""
        return list(self._items_to_tensors)

    def num_samples(self) -> int:
        """How many examples there are."""
        return self._num_samples

    def _validate_items(self, items: Sequence[str]) -> None:
        if not isinstance(items, list | tuple):
            raise ValueError(f"get: items must be a list of names, got {items!r}.")
        known = self.list_items()
        for item in items:
            if item not in known:
                raise ValueError(f"get: items must be among {known}, got {item!r}.")
