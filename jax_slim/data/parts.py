"""Parts of batches: of several processes, each makes only the rows that its devices hold."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Rows = Callable[[int], np.ndarray]
"""The number of examples in a batch -> which of its rows are wanted, in order."""


@dataclasses.dataclass(frozen=True)
class PartOfBatch:
    """Some rows of a batch.

    Attributes:
      arrays: a tree of arrays with these rows alone along axis 0.
      rows: their numbers in the batch, in order.
      size: how many rows the batch has.
    """

    arrays: Any
    rows: np.ndarray
    size: int


def in_parts(function: str, batches: Iterator[Any], rows: Rows | None) -> Iterator[Any]:
    """The batches to come of an iterator, in parts where it can make such; others go on to make whole ones.

    Args:
      function: who asks, for the message.
      batches: an iterator. Of one with a method `next_part`, as those of `Batches` and `pipeline`, come `PartOfBatch`.
      rows: which rows; None for all of them.

    Raises:
      ValueError: the batches are parts already: a pipeline's with `shard`.
    """
    if rows is None:
        return batches
    if getattr(batches, "shards", 1) > 1:
        raise ValueError(
            f"{function}: batches must be the same in every process, got a pipeline with shard, whose parts may not be "
            "those that the mesh needs. Leave shard out: batch_size is then of all processes together, and each reads "
            "only what its devices need."
        )
    return _InParts(batches, rows) if hasattr(batches, "next_part") else batches


class _InParts(Iterator[PartOfBatch]):
    """An iterator's batches in parts. It keeps the position of that iterator."""

    def __init__(self, batches: Any, rows: Rows):
        self._batches, self._rows = batches, rows
        if hasattr(batches, "get_state"):
            self.get_state = batches.get_state

    def __next__(self) -> PartOfBatch:
        return self._batches.next_part(self._rows)
