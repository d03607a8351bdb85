"""Slim's data sets as nodes of the graph: `slim.dataset`, the providers, and readers that run beside each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jax_slim.tf1.graph import collections, dtypes, graphs
from jax_slim.tf1.python import coordinator, gfile, input, math, queue_runners, queues, readers, summary


class Dataset:
    """Says which files a data set consists of, how they are read and decoded, and what is in them.

    Args:
      data_sources: files or patterns.
      reader: a class of readers, as `tf.TFRecordReader`.
      decoder: a `DataDecoder`, as `TFExampleDecoder`.
      num_samples: how many examples there are.
      items_to_descriptions: the name of each item -> what it is.
      **kwargs: whatever else is to be known, as attributes.
    """

    def __init__(
        self, data_sources: Any, reader: Any, decoder: Any, num_samples: Any, items_to_descriptions: Any, **kwargs: Any
    ) -> None:
        kwargs.update(
            data_sources=data_sources,
            reader=reader,
            decoder=decoder,
            num_samples=num_samples,
            items_to_descriptions=items_to_descriptions,
        )
        self.__dict__.update(kwargs)


class DataProvider:
    """Gives the tensors of items by name."""

    def __init__(self, items_to_tensors: dict[str, Any], num_samples: Any) -> None:
        self._items_to_tensors, self._num_samples = items_to_tensors, num_samples

    def get(self, items: Any) -> list[Any]:
        """The tensors of some items, in their order.

        Raises:
          ValueError: there is no such item.
        """
        self._validate_items(items)
        return [self._items_to_tensors[item] for item in items]

    def list_items(self) -> list[str]:
        """The names of all items."""
        return list(self._items_to_tensors)

    def num_samples(self) -> Any:
        """How many examples the data set has."""
        return self._num_samples

    def _validate_items(self, items: Any) -> None:
        if not isinstance(items, list | tuple):
            raise ValueError("items must be a list or tuple")
        for item in items:
            if item not in self._items_to_tensors:
                raise ValueError(f"Item [{item}] is invalid: there are {sorted(self._items_to_tensors)}.")


class DatasetDataProvider(DataProvider):
    """Gives one example of a `Dataset` at each run, read and decoded by queues that threads fill.

    Args:
      dataset: the data set.
      num_readers: how many readers run beside each other.
      reader_kwargs: what the readers are made with.
      shuffle: whether files and records come in random order.
      num_epochs: how many times the files are read; None for again and again.
      common_queue_capacity, common_queue_min: of the queue with records.
      record_key: the item that says where a record comes from.
      seed: of the orders.
      scope: the name scope.
    """

    def __init__(self, dataset: Any, num_readers: int = 1, reader_kwargs: Any = None, shuffle: bool = True, num_epochs: int | None = None, common_queue_capacity: int = 256,
                 common_queue_min: int = 128, record_key: str = "record_key", seed: int | None = None, scope: str | None = None) -> None:  # fmt: skip
        key, data = parallel_read(
            dataset.data_sources, reader_class=dataset.reader, num_epochs=num_epochs, num_readers=num_readers, reader_kwargs=reader_kwargs, shuffle=shuffle,
            capacity=common_queue_capacity, min_after_dequeue=common_queue_min, seed=seed, scope=scope,
        )  # fmt: skip
        items = list(dataset.decoder.list_items())
        tensors = list(dataset.decoder.decode(data, items))
        if record_key in items:
            raise ValueError(
                f"The item name used for `record_key` cannot also be used for a dataset item: {record_key}"
            )
        super().__init__(dict(zip([*items, record_key], [*tensors, key], strict=True)), dataset.num_samples)


class ParallelReader(readers.ReaderBase):
    """Readers beside each other, whose records go through one queue."""

    def __init__(self, reader_class: Any, common_queue: Any, num_readers: int = 4, reader_kwargs: Any = None) -> None:
        if num_readers < 1:
            raise ValueError("num_readers must be at least 1.")
        self._readers = [reader_class(**(reader_kwargs or {})) for _ in range(num_readers)]
        self._common_queue = common_queue

    @property
    def common_queue(self) -> Any:
        return self._common_queue

    def _start(self, queue: Any) -> None:
        ops = [self._common_queue.enqueue(list(reader.read(queue))) for reader in self._readers]
        queue_runners.add_queue_runner(queue_runners.QueueRunner(self._common_queue, ops))

    def read(self, queue: Any, name: str | None = None) -> Any:
        """(key, value) of the next record of some reader."""
        self._start(queue)
        return self._common_queue.dequeue(name=name)

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """(keys, values) of up to so many records."""
        self._start(queue)
        return self._common_queue.dequeue_up_to(num_records, name)

    def num_records_produced(self, name: str | None = None) -> Any:
        return math.add_n([r.num_records_produced() for r in self._readers], name=name)

    def num_work_units_completed(self, name: str | None = None) -> Any:
        return math.add_n([r.num_work_units_completed() for r in self._readers], name=name)


def parallel_read(data_sources: Any, reader_class: Any, num_epochs: int | None = None, num_readers: int = 4, reader_kwargs: Any = None, shuffle: bool = True, dtypes: Any = None,
                  capacity: int = 256, min_after_dequeue: int = 128, seed: int | None = None, scope: str | None = None) -> Any:  # fmt: skip
    """[key, value] of records of many files, read by several readers at once."""
    data_files = get_data_files(data_sources)
    with graphs.name_scope(scope, "parallel_read"):
        filenames = input.string_input_producer(
            data_files, num_epochs=num_epochs, shuffle=shuffle, seed=seed, name="filenames"
        )
        kinds = dtypes or _texts()
        if shuffle:
            common: Any = queues.RandomShuffleQueue(
                capacity=capacity, min_after_dequeue=min_after_dequeue, dtypes=kinds, seed=seed, name="common_queue"
            )
        else:
            common = queues.FIFOQueue(capacity=capacity, dtypes=kinds, name="common_queue")
        summary.scalar(f"fraction_of_{capacity}_full", math.to_float(common.size()) * (1.0 / capacity))
        return ParallelReader(reader_class, common, num_readers=num_readers, reader_kwargs=reader_kwargs).read(
            filenames
        )


def _texts() -> list[Any]:
    return [dtypes.string, dtypes.string]


def single_pass_read(data_sources: Any, reader_class: Any, reader_kwargs: Any = None, scope: str | None = None) -> Any:
    """[key, value] of the records of files, each once and in order."""
    data_files = get_data_files(data_sources)
    with graphs.name_scope(scope, "single_pass_read"):
        filenames = input.string_input_producer(data_files, num_epochs=1, shuffle=False, capacity=1, name="filenames")
        return reader_class(**(reader_kwargs or {})).read(filenames)


def get_data_files(data_sources: Any) -> list[str]:
    """The files that names and patterns mean.

    Raises:
      ValueError: there are none.
    """
    if isinstance(data_sources, list | tuple):
        found = [file for source in data_sources for file in get_data_files(source)]
    elif any(sign in data_sources for sign in "*?["):
        found = gfile.Glob(data_sources)
    else:
        found = [data_sources]
    if not found:
        raise ValueError(f"No data files found in {data_sources}")
    return found


def prefetch_queue(
    tensors: Any,
    capacity: int = 8,
    num_threads: int = 1,
    dynamic_pad: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> queues.QueueBase:
    """A queue that threads fill with tensors (a list or a dictionary), so that whoever dequeues need not wait."""
    names = sorted(tensors) if isinstance(tensors, dict) else None
    flat = list(tensors) if names is None else [tensors[n] for n in names]
    with graphs.name_scope(name, "prefetch_queue", flat):
        kind = queues.PaddingFIFOQueue if dynamic_pad else queues.FIFOQueue
        queue = kind(
            capacity=capacity,
            dtypes=[t.dtype.base_dtype for t in flat],
            shapes=[t.shape for t in flat],
            names=names,
            shared_name=shared_name,
        )
        queue_runners.add_queue_runner(queue_runners.QueueRunner(queue, [queue.enqueue(tensors)] * num_threads))
        summary.scalar(f"fraction_of_{capacity}_full", math.to_float(queue.size()) * (1.0 / capacity))
        return queue


@contextmanager
def QueueRunners(session: Any) -> Iterator[None]:
    """Runs the graph's queue runners while the block runs."""
    coord = coordinator.Coordinator()
    threads: list[Any] = []
    for runner in graphs.get_collection(collections.GraphKeys.QUEUE_RUNNERS):
        threads.extend(runner.create_threads(session, coord=coord, daemon=True, start=True))
    try:
        yield
    finally:
        coord.request_stop()
    coord.join(threads, stop_grace_period_secs=120)


class NestedQueueRunnerError(Exception):
    """Queue runners were started inside of others."""
