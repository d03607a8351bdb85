"""`pipeline`: from examples on disk to batches on time, decoded by threads, in an order that resumes exactly."""

import operator
import os
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from jax_slim.data.batches import Batch
from jax_slim.data.errors import DataLossError
from jax_slim.data.orders import BATCH, TRANSFORM, EpochOrders, random_bits
from jax_slim.data.parts import PartOfBatch, Rows
from jax_slim.data.recycling import Recycling
from jax_slim.data.sources import examples_of
from jax_slim.data.stacking import Stack

Transform = Callable[[Any, np.random.Generator], Any]


def pipeline(
    source: Any,
    transform: Transform | None = None,
    *,
    batch_size: int,
    shuffle: bool = True,
    seed: int = 0,
    num_epochs: int | None = None,
    shard: tuple[int, int] = (0, 1),
    drop_last: bool | str = True,
    num_threads: int | None = None,
    prefetch_batches: int | None = None,
    errors: str = "raise",
    transform_batch: Transform | None = None,
) -> "Pipeline":
    """Reads, decodes, augments and batches examples in threads, ahead of their use.

        def augmented(example, rng):
            return {"image": vgg(example["image"], 224, 224, is_training=True, rng=rng), "label": example["label"]}

        batches = slim.data.pipeline(slim.data.ImageFolder("/data/flowers"), augmented, batch_size=32, seed=7)
        slim.learning.train(train_op, "/tmp/run", batches, number_of_steps=1000)

    Batch number n depends on the arguments and n alone, never on threads or on what was read before; each epoch goes
    through all examples in another order, over the whole of them. So the position is one number, which `learning.train`
    saves with its checkpoints, and from which a run goes on bit for bit.

    Args:
      source: the examples by number: anything with a length and `source[i]`, as `ImageFolder`, `DecodedRecords`, a
        list, a grain or Hugging Face data set; a `Dataset`; or a mapping name -> array [N, ...]. Threads share it.
      transform: (example, rng) -> {name: array}, called in the threads. `rng` is a `numpy.random.Generator` of its own
        for each example and epoch, the same whatever the threads or processes. All results must have the same names,
        shapes and dtypes. None takes the examples as they are.
      batch_size: examples in a batch: of all processes together, in a run of several, each of which then makes only the
        rows that its devices hold; with `shard`, of this process.
      shuffle: False keeps the order of `source` in every epoch.
      seed: a non-negative int; decides the orders and what `transform` draws.
      num_epochs: how often to go through the examples; None never ends.
      shard: (number of this process, number of processes), for a loop of your own: each takes its part of the one
        global order, so that together they see each example once an epoch. `learning.train` and evaluation follow
        their mesh instead, and take a pipeline without it.
      drop_last: True leaves out the examples at the end of an epoch that do not fill a batch (others each time); "pad"
        fills the last batch up with copies, and adds to each batch "valid", bool [batch_size], which is False for them;
        False yields a smaller batch.
      num_threads: how many threads read, decode and transform, each a batch of its own; None takes the cores that the
        process may use, 0 works in the calling thread.
      prefetch_batches: how many batches to have ready or in the making; None means one more than threads.
      errors: "raise"; or "skip": an example that is damaged (`DataLossError`) is replaced by the next one of the order.
      transform_batch: (batch, rng) -> batch, called in the threads with whole batches, such as
        `preprocessing.mixup` needs. `rng` is one of its own for each batch and process.

    Returns:
      An iterable, which begins at its start each time it is iterated over; its iterators have `get_state` and
      `set_state`.

    Raises:
      ValueError: a number is out of its range, or the source is too small for a batch.
      TypeError: `source` gives no examples by number, or an argument is of another kind.
    """
    return Pipeline(
        examples_of("pipeline", source),
        transform,
        _integer("batch_size", batch_size, 1),
        bool(shuffle),
        _integer("seed", seed, 0),
        None if num_epochs is None else _integer("num_epochs", num_epochs, 0),
        _checked_shard(shard),
        _choice("drop_last", drop_last, (True, False, "pad")),
        _usable_cores() if num_threads is None else _integer("num_threads", num_threads, 0),
        None if prefetch_batches is None else _integer("prefetch_batches", prefetch_batches, 1),
        _choice("errors", errors, ("raise", "skip")) == "skip",
        transform_batch,
    )


class Pipeline:
    """What `pipeline` returns: the batches by number, and an iterable over them.

    Attributes:
      batches_per_epoch: how many batches an epoch has, in this process as in every other.
      num_batches: how many there are in all; None when they never end.
    """

    def __init__(
        self,
        source: Any,
        transform: Transform | None,
        batch_size: int,
        shuffle: bool,
        seed: int,
        num_epochs: int | None,
        shard: tuple[int, int],
        drop_last: bool | str,
        num_threads: int,
        prefetch_batches: int | None,
        skip: bool,
        transform_batch: Transform | None = None,
    ):
        self._source = source
        self._transform = transform
        self._transform_batch = transform_batch
        self._batch_size = batch_size
        self._seed = seed
        self._shard = shard
        self._drop_last = drop_last
        self._num_threads = num_threads
        self._prefetch_batches = num_threads + 1 if prefetch_batches is None else prefetch_batches
        self._skip = skip
        self._damaged: dict[int, str] = {}
        self._memory = Recycling()
        self._examples = len(source)
        self._orders = EpochOrders(self._examples, seed, shuffle)
        self._identity = {
            "seed": seed,
            "examples": self._examples,
            "batch_size": batch_size,
            "shuffle": shuffle,
            "drop_last": drop_last,
            "shards": shard[1],
        }
        self.batches_per_epoch = self._checked_batches_per_epoch()
        self.num_batches = None if num_epochs is None else num_epochs * self.batches_per_epoch

    @property
    def skipped(self) -> int:
        """How many damaged examples were met and left out so far, with errors="skip"."""
        return len(self._damaged)

    @property
    def damaged(self) -> dict[int, str]:
        """Those: the number of each in the source, and what is wrong with it."""
        return dict(self._damaged)

    def __iter__(self) -> "PipelineIterator":
        return PipelineIterator(self)

    def batch(self, number: int) -> Batch:
        """Makes batch `number` (the first is 0) in the calling thread.

        Raises:
          DataLossError: an example is damaged; the message says which one.
          ValueError, TypeError: the examples cannot be put together.
        """
        return cast(Batch, self.part(number, np.arange).arrays)

    def part(self, number: int, rows: Rows) -> PartOfBatch:
        """Makes those rows of batch `number` that `rows(its size)` says, as `batch` makes them.

        With `transform_batch`, which takes whole batches, the other rows are made as well.
        """
        number = _integer("number", number, 0)
        epoch, position = divmod(number, self.batches_per_epoch)
        index, count = self._shard
        first = position * self._batch_size
        places = range(first * count + index, self._examples, count)[: self._batch_size]
        size = self._batch_size if self._drop_last == "pad" else len(places)
        wanted = rows(size)
        made = np.arange(size) if self._transform_batch is not None else wanted
        # With "pad" a process may have no example left for the last batch: it then shows copies of the first one.
        instead = places[0] if places else index % self._examples
        stack = Stack(len(made), self._memory)
        filled: dict[int, int] = {}
        for at, row in enumerate(made):
            place = places[row] if row < len(places) else instead
            if place in filled:
                stack.repeat(at, filled[place])
            else:
                stack.put(at, *self._example_at(epoch, place))
                filled[place] = at
        batch: Any = stack.arrays
        if self._drop_last == "pad":
            if "valid" in batch:
                raise ValueError("pipeline: examples must not have the name 'valid' where batches are padded, got it.")
            batch["valid"] = made < len(places)
        if self._transform_batch is not None:
            rng = np.random.Generator(random_bits(self._seed, BATCH, number, index))
            batch = self._transform_batch(batch, rng)
            if not isinstance(batch, Mapping):
                raise TypeError(
                    f"pipeline: transform_batch must return a mapping from names to arrays, got {type(batch).__name__}."
                )
            if len(wanted) < size:
                batch = {name: np.asarray(array)[wanted] for name, array in batch.items()}
        return PartOfBatch(batch, wanted, size)

    def to_grain(self, rows: Rows | None = None) -> Any:
        """The batches as a `grain.MapDataset`: for grain's own transformations, mixtures and worker processes.

        Args:
          rows: as for `part`; the items then are what it returns.
        """
        import grain

        return grain.MapDataset.source(cast(Sequence[Batch], _ByNumber(self, rows)))

    def _checked_batches_per_epoch(self) -> int:
        examples, count, size = self._examples, self._shard[1], self._batch_size
        if not examples:
            raise ValueError("pipeline: source must hold at least one example, got none.")
        if self._drop_last is True:
            if examples // count < size:
                raise ValueError(
                    f"pipeline: batch_size must be at most {examples // count}, the number of examples"
                    f"{f' for each of {count} processes' if count > 1 else ''}, got {size}. "
                    "Or pass drop_last='pad' to fill a batch up."
                )
            return examples // count // size
        if self._drop_last is False and count > 1 and examples % (count * size):
            raise ValueError(
                "pipeline: drop_last must be True or 'pad' with several processes, which would else get batches of "
                "different sizes, got False."
            )
        return -(-examples // (count * size))

    def _example_at(self, epoch: int, place: int) -> tuple[Any, Any]:
        """(where it is from, the example) for a place in the order of an epoch."""
        order = self._orders.order(epoch)
        for further in range(self._examples):
            index = int(order[(place + further) % self._examples])
            try:
                return index, self._example(epoch, index)
            except DataLossError as error:
                if not self._skip:
                    raise DataLossError(f"pipeline: example {index} is damaged: {error}") from error
                self._damaged[index] = str(error)
        raise DataLossError(f"pipeline: source must have an example that is not damaged, got {self._examples} damaged.")

    def _example(self, epoch: int, index: int) -> Any:
        try:
            example = self._source[index]
            if self._transform is not None:
                rng = np.random.Generator(random_bits(self._seed, TRANSFORM, epoch, index))
                example = self._transform(example, rng)
        except DataLossError:
            raise
        except Exception as error:
            error.add_note(f"pipeline: this was example {index} of {self._described()}, in epoch {epoch}.")
            raise
        if not isinstance(example, Mapping):
            raise TypeError(
                f"pipeline: each example must be a mapping from names to arrays, got {type(example).__name__}. "
                "Return {'image': ..., 'label': ...} from transform."
            )
        return example

    def _described(self) -> str:
        return f"{type(self._source).__name__} ({self._examples} examples)"


class PipelineIterator(Iterator[Batch]):
    """Iterates over the batches of a `Pipeline`, which grain's threads make ahead.

    Attributes:
      num_batches: how many there are in all, as of the pipeline; None when they never end.
      shards: into how many parts the pipeline's `shard` cuts the examples.
    """

    def __init__(self, made_by: Pipeline):
        self._pipeline = made_by
        self._rows: Rows | None = None
        self.shards = made_by._shard[1]
        self._next = 0
        self._batches: Any = None
        self._position = 0  # of grain's iterator
        self.num_batches = made_by.num_batches

    def __next__(self) -> Batch:
        return self._following(None)

    def next_part(self, rows: Rows) -> PartOfBatch:
        """As `next`, but of the batch only those rows that `rows(its size)` says."""
        return self._following(rows)

    def _following(self, rows: Rows | None) -> Any:
        if rows is not self._rows:
            self.close()
            self._rows = rows
        if self._next == self._pipeline.num_batches:
            self.close()
            raise StopIteration
        if self._batches is None:
            self._open()
        elif self._position != self._next:
            self._batches.set_state({"next_index": self._next})
        self._position = -1  # after an exception grain has lost count: the next call tells it where to go on
        assert self._batches is not None
        batch = next(self._batches)
        self._next += 1
        self._position = self._next
        return batch

    def get_state(self) -> dict[str, Any]:
        """Says where the iteration stands, in a dict that JSON can hold; `set_state` goes on from there."""
        return {"next_batch": self._next, **self._pipeline._identity}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Goes on from where `get_state` was called, on an iterator of this or of an equal pipeline.

        The number of threads, of epochs and the number of this process may be others.

        Raises:
          ValueError: the state comes from other data or settings (the message says which), or from no pipeline; the
            position is left as it was.
        """
        if not isinstance(state, Mapping) or "next_batch" not in state:
            raise ValueError(f"set_state: state must be what get_state returned, got {state!r}.")
        differences = [
            f"{name}={state.get(name)!r} (here {value!r})"
            for name, value in self._pipeline._identity.items()
            if state.get(name) != value
        ]
        if differences:
            raise ValueError(
                f"set_state: state must come from the same data and settings, got {', '.join(differences)}. "
                "Restore them to go on where the run stopped, or start a new run."
            )
        position, last = _integer("next_batch", state["next_batch"], 0), self._pipeline.num_batches
        if last is not None and position > last:
            raise ValueError(
                f"set_state: state must be within the {last} batches, got next_batch={position}. "
                "Pass more epochs, or none for batches without end."
            )
        self._next = position

    def close(self) -> None:
        """Ends the threads; the next batch starts them again."""
        if self._batches is not None:
            self._finalizer()
            self._batches = None

    def _open(self) -> None:
        import grain

        options = grain.ReadOptions(
            num_threads=self._pipeline._num_threads,
            prefetch_buffer_size=self._pipeline._prefetch_batches if self._pipeline._num_threads else 0,
        )
        self._batches = iter(self._pipeline.to_grain(self._rows).to_iter_dataset(options))
        self._batches.set_state({"next_index": self._next})
        self._finalizer = weakref.finalize(self, self._batches.close)


class _ByNumber:
    """The batches of a pipeline as grain takes them."""

    def __init__(self, batches: Pipeline, rows: Rows | None):
        self._batches, self._rows = batches, rows

    def __len__(self) -> int:
        return sys.maxsize if self._batches.num_batches is None else self._batches.num_batches

    def __getitem__(self, number: Any) -> Any:
        return self._batches.batch(number) if self._rows is None else self._batches.part(number, self._rows)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _checked_shard(shard: Any) -> tuple[int, int]:
    if not isinstance(shard, tuple | list) or len(shard) != 2:
        raise TypeError(f"pipeline: shard must be (number of this process, number of processes), got {shard!r}.")
    index, count = (_integer("shard", part, least) for part, least in zip(shard, (0, 1), strict=True))
    if index >= count:
        raise ValueError(f"pipeline: shard must be (number of this process, number of processes), got {shard!r}.")
    return index, count


def _choice(name: str, value: Any, choices: tuple[Any, ...]) -> Any:
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise ValueError(f"pipeline: {name} must be {' or '.join(repr(choice) for choice in choices)}, got {value!r}.")
    return value


def _integer(name: str, value: Any, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"pipeline: {name} must be an int, got {value!r}.") from None
    if number < least:
        raise ValueError(f"pipeline: {name} must be at least {least}, got {number}.")
    return number
