"""Batches out of arrays in memory: shuffled, endless or for some epochs, and resumable at any batch."""

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from jax_slim.data.orders import TRANSFORM, EpochOrders, random_bits
from jax_slim.data.parts import PartOfBatch, Rows

Batch = dict[str, np.ndarray]


class Batches(Iterator[Batch]):
    """Iterates over `arrays` in batches; batch number n depends on the seed and n alone.

    Each epoch goes through all examples in a new order. Nothing but the number of the next batch is remembered, so a
    position can be saved and restored exactly:

        train = Batches(digits.load("train"), 32, seed=7)
        next(train)["image"].shape            # (32, 28, 28, 1)
        state = train.get_state()             # {"next_batch": 1, "seed": 7, ...}: JSON can hold it
        ...
        again = Batches(digits.load("train"), 32, seed=7)
        again.set_state(state)                # goes on with batch 1

    The orders are the same on every machine and with every version of NumPy.

    Args:
      arrays: name -> array [N, ...]; all have the same N. They are kept, not copied (memory-mapped ones stay on disk).
      batch_size: examples in a batch.
      seed: a non-negative int; decides the orders and what `transform` draws.
      shuffle: False keeps the order of `arrays` in every epoch.
      drop_last: True leaves out the examples at the end of an epoch that do not fill a batch (with `shuffle`, others
        each time); False yields them as a smaller batch.
      epochs: how often to go through the examples; None never ends.
      transform: (batch, rng) -> batch, for augmentation; `rng` is a `numpy.random.Generator` of this batch's own, so
        that it draws the same after a resume. The batch is a copy: it may be changed in place.

    Attributes:
      batches_per_epoch: how many batches an epoch has.
      num_batches: how many there are in all; None when they never end.

    Raises:
      ValueError: no arrays, unequal lengths, or a size, seed or number of epochs out of range.
      TypeError: `arrays` is no mapping, or a number is no int.
    """

    def __init__(
        self,
        arrays: Mapping[str, ArrayLike],
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = True,
        epochs: int | None = None,
        transform: Callable[[Batch, np.random.Generator], Batch] | None = None,
    ):
        self._arrays = _checked_arrays(arrays)
        self._examples = len(next(iter(self._arrays.values())))
        self._batch_size = _integer("batch_size", batch_size, 1)
        self._seed = _integer("seed", seed, 0)
        self._shuffle = bool(shuffle)
        self._drop_last = bool(drop_last)
        self._transform = transform
        if self._drop_last and self._batch_size > self._examples:
            raise ValueError(
                f"Batches: batch_size must be at most {self._examples}, the number of examples, got {batch_size}. "
                "Or pass drop_last=False to get one smaller batch an epoch."
            )
        full, rest = divmod(self._examples, self._batch_size)
        self.batches_per_epoch: int = full if self._drop_last or not rest else full + 1
        self.num_batches: int | None = None
        if epochs is not None:
            self.num_batches = _integer("epochs", epochs, 0) * self.batches_per_epoch
        self._next = 0
        self._orders = EpochOrders(self._examples, self._seed, self._shuffle)

    def __next__(self) -> Batch:
        if self._next == self.num_batches:
            raise StopIteration
        batch = self.batch(self._next)
        self._next += 1  # after the work: a transform that failed may be tried again
        return batch

    def next_part(self, rows: Rows) -> PartOfBatch:
        """As `next`, but of the batch only those rows that `rows(its size)` says, and without reading the others.

        With `transform`, which takes whole batches, all are read and transformed.
        """
        if self._next == self.num_batches:
            raise StopIteration
        chosen = self._chosen(self._next)
        wanted = rows(len(chosen))
        if self._transform is None:
            part = {name: array[chosen[wanted]] for name, array in self._arrays.items()}
        else:
            part = {name: array[wanted] for name, array in self.batch(self._next).items()}
        self._next += 1
        return PartOfBatch(part, wanted, len(chosen))

    def _chosen(self, number: int) -> np.ndarray:
        """Which examples are in batch `number`."""
        epoch, position = divmod(number, self.batches_per_epoch)
        start = position * self._batch_size
        return self._orders.order(epoch)[start : start + self._batch_size]

    def batch(self, number: int) -> Batch:
        """Makes batch `number` (the first is 0), wherever the iteration stands and without moving it."""
        number = _integer("number", number, 0)
        chosen = self._chosen(number)
        batch = {name: array[chosen] for name, array in self._arrays.items()}
        if self._transform is not None:
            batch = self._transform(batch, np.random.Generator(random_bits(self._seed, TRANSFORM, number)))
        return batch

    def get_state(self) -> dict[str, Any]:
        """Says where the iteration stands, in a dict that JSON can hold; `set_state` goes on from there."""
        return {"next_batch": self._next, **self._identity()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Goes on from where `get_state` was called, on this or on an equal `Batches`.

        Raises:
          ValueError: the state comes from other data or settings (the message says which), or from no `Batches`; the
            position is left as it was.
        """
        if not isinstance(state, Mapping) or "next_batch" not in state:
            raise ValueError(f"Batches.set_state: state must be what get_state returned, got {state!r}.")
        here = self._identity()
        differences = [
            f"{name}={state.get(name)!r} (here {value!r})" for name, value in here.items() if state.get(name) != value
        ]
        if differences:
            raise ValueError(
                f"Batches.set_state: state must come from the same data and settings, got {', '.join(differences)}. "
                "Restore them to go on where the run stopped, or start a new run."
            )
        position = _integer("next_batch", state["next_batch"], 0)
        if self.num_batches is not None and position > self.num_batches:
            raise ValueError(
                f"Batches.set_state: state must be within the {self.num_batches} batches, got next_batch={position}. "
                "Pass more epochs, or none for batches without end."
            )
        self._next = position

    def _identity(self) -> dict[str, Any]:
        # What decides the contents of batch n. `epochs` does not: a run may be made longer.
        return {
            "seed": self._seed,
            "examples": self._examples,
            "batch_size": self._batch_size,
            "shuffle": self._shuffle,
            "drop_last": self._drop_last,
        }


def _checked_arrays(arrays: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    if not isinstance(arrays, Mapping):
        raise TypeError(f"Batches: arrays must be a mapping from names to arrays, got {type(arrays).__name__}.")
    checked = {name: np.asarray(array) for name, array in arrays.items()}
    shapes = {name: array.shape for name, array in checked.items()}
    if not checked or not all(shapes.values()) or len({shape[0] for shape in shapes.values()}) > 1:
        raise ValueError(f"Batches: arrays must be one or more of the same length, got shapes {shapes}.")
    if next(iter(shapes.values()))[0] == 0:
        raise ValueError(f"Batches: arrays must hold at least one example, got shapes {shapes}.")
    return checked


def _integer(name: str, value: Any, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"Batches: {name} must be an int, got {value!r}.") from None
    if number < least:
        raise ValueError(f"Batches: {name} must be at least {least}, got {number}.")
    return number
