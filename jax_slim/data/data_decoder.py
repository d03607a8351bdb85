"""What every decoder of examples offers."""

import abc
from collections.abc import Sequence
from typing import Any


class DataDecoder(abc.ABC):
    """Turns the bytes of an example into named items: images, labels, boxes.

    Source: tf_slim.data.data_decoder.
    """

    @abc.abstractmethod
    def decode(self, data: bytes, /, items: Sequence[str] | None = None) -> list[Any]:
        """The values of `items`, in their order; None means all of `list_items()`."""

    @abc.abstractmethod
    def list_items(self) -> list[str]:
        """The names of the items that can be decoded."""
