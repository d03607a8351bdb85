"""Data sets of `tf.data`: the value of a data set is what makes Python iterators over its elements, lists of arrays."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shapes
from jax_slim.tf1.operations import readers

Element = list[Any]
# Makes a callable of a function's graph: set by `running.functions`, since running stands above this room.
RUNNER: list[Callable[[Any], Callable[[Any, Any], Element]]] = []


class DatasetValue:
    """The elements of a data set: `make()` starts an iterator over them."""

    def __init__(self, make: Callable[[], Iterator[Element]]) -> None:
        self.make = make

    def __iter__(self) -> Iterator[Element]:
        return self.make()


def row(*types: str, **facts: Any) -> Any:
    """The row of a data set: its function gives what `DatasetValue` needs."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def compute(run: Any, op: Any, *inputs: Any) -> DatasetValue:
            return DatasetValue(function(op, *inputs))

        compute.__doc__ = function.__doc__
        rows.row(
            *types, host=True, context=True, shape=lambda op: [shapes.TensorShape([])], gradient=rows.NONE, **facts
        )(compute)
        return function

    return register


def call(function: Any, captured: Any) -> Callable[[Any], Element]:
    """A function's graph as a Python function of an element."""
    runner = RUNNER[0](function)
    lock = threading.Lock()

    def run(element: Any) -> Element:
        with lock:
            return runner(element, captured)

    return run


# Sources.


@row("TensorDataset")
def tensors(op: Any, components: Any) -> Any:
    """One element."""
    return lambda: iter([list(components)])


@row("TensorSliceDataset")
def slices(op: Any, components: Any) -> Any:
    """The rows of tensors."""
    count = len(components[0])
    if any(len(c) != count for c in components):
        raise errors.InvalidArgumentError(
            None,
            None,
            f"All components must have the same size in the 0th dimension, got {[len(c) for c in components]}",
        )
    return lambda: ([scalar(c[i]) for c in components] for i in range(count))


def scalar(value: Any) -> Any:
    if isinstance(value, bytes):
        result = np.empty((), object)
        result[()] = value
        return result
    return np.asarray(value)


@row("RangeDataset")
def numbers(op: Any, start: Any, stop: Any, step: Any) -> Any:
    """Numbers from start to below stop."""
    return lambda: ([np.int64(i).reshape(())] for i in range(int(start), int(stop), int(step)))


@row("TextLineDataset")
def text_lines(op: Any, filenames: Any, compression_type: Any, buffer_size: Any) -> Any:
    """The lines of text files."""
    packing = bytes(np.asarray(compression_type).item()).decode()
    return lambda: (
        [scalar(line)]
        for name in _names(filenames)
        for _, line in _reading(name, lambda n: readers.lines_of(n, 0, packing))
    )


@row("TFRecordDataset")
def tfrecords(op: Any, filenames: Any, compression_type: Any, buffer_size: Any) -> Any:
    """The records of TFRecord files."""
    packing = bytes(np.asarray(compression_type).item()).decode()
    return lambda: (
        [scalar(r)]
        for name in _names(filenames)
        for _, r in _reading(name, lambda n: readers.records_of_tfrecord(n, packing))
    )


@row("FixedLengthRecordDataset", "FixedLengthRecordDatasetV2")
def fixed_length(op: Any, filenames: Any, header_bytes: Any, record_bytes: Any, footer_bytes: Any, *unused: Any) -> Any:
    """Pieces of files."""
    size, header, footer = int(record_bytes), int(header_bytes), int(footer_bytes)
    return lambda: (
        [scalar(r)]
        for name in _names(filenames)
        for _, r in _reading(name, lambda n: readers.fixed_records(n, size, header, footer, 0))
    )


def _names(filenames: Any) -> list[bytes]:
    return [bytes(n) for n in np.asarray(filenames, object).reshape(-1)]


def _reading(name: bytes, records: Any) -> Iterator[Any]:
    try:
        yield from records(name)
    except OSError as error:
        raise errors.NotFoundError(
            None, None, f"{error.filename or Path(name.decode())}; No such file or directory"
        ) from error


@row("GeneratorDataset")
def generator(op: Any, init_args: Any, next_args: Any, finalize_args: Any) -> Any:
    """What a Python generator yields."""
    return op.private["elements"]


# Elements one by one.


@row("MapDataset", "ExperimentalMapDataset")
def mapped(op: Any, source: DatasetValue, captured: Any) -> Any:
    """A function of each element."""
    function = call(op.attrs["f"], captured)
    return lambda: map(function, source)  # not a generator: that would end at the first error


@row("ParallelMapDataset")
def parallel_mapped(op: Any, source: DatasetValue, captured: Any, num_parallel_calls: Any) -> Any:
    """A function of each element, in their order."""
    function = call(op.attrs["f"], captured)
    return lambda: map(function, source)


@row("FilterDataset")
def filtered(op: Any, source: DatasetValue, captured: Any) -> Any:
    """The elements for which a function gives true."""
    predicate = call(op.attrs["predicate"], captured)
    return lambda: (e for e in source if bool(np.asarray(predicate(e)[0])))


@row("FlatMapDataset")
def flat_mapped(op: Any, source: DatasetValue, captured: Any) -> Any:
    """The elements of the data set that a function makes of each element."""
    function = call(op.attrs["f"], captured)
    return lambda: (inner for e in source for inner in of_result(function(e)))


def of_result(result: Element) -> DatasetValue:
    """The data set that a function gave as its only result."""
    value = result[0]
    return value if isinstance(value, DatasetValue) else np.asarray(value, object).item()


def _interleave(function: Any, source: DatasetValue, cycle: int, block: int) -> Iterator[Element]:
    outer = iter(source)
    open_ones: list[Any] = [None] * cycle
    more = True
    place = 0
    while True:
        if all(o is None for o in open_ones) and not more:
            return
        if open_ones[place] is None and more:
            try:
                open_ones[place] = iter(of_result(function(next(outer))))
            except StopIteration:
                more = False
        current = open_ones[place]
        if current is not None:
            for _ in range(block):
                try:
                    yield next(current)
                except StopIteration:
                    open_ones[place] = None
                    break
        place = (place + 1) % cycle
        if not more and all(o is None for o in open_ones):
            return


@row("InterleaveDataset")
def interleaved(op: Any, source: DatasetValue, captured: Any, cycle_length: Any, block_length: Any) -> Any:
    """Blocks of the data sets that a function makes, in turns."""
    function = call(op.attrs["f"], captured)
    return lambda: _interleave(function, source, int(cycle_length), int(block_length))


@row("ParallelInterleaveDataset", "ExperimentalParallelInterleaveDataset", "ParallelInterleaveDatasetV2")
def parallel_interleaved(
    op: Any, source: DatasetValue, captured: Any, cycle_length: Any, block_length: Any, *unused: Any
) -> Any:
    """`InterleaveDataset`, always in the same order."""
    function = call(op.attrs["f"], captured)
    return lambda: _interleave(function, source, max(int(cycle_length), 1), int(block_length))


@row("RepeatDataset")
def repeated(op: Any, source: DatasetValue, count: Any) -> Any:
    """The data set so many times; -1: without end."""

    def make() -> Iterator[Element]:
        for _ in itertools.count() if int(count) < 0 else range(int(count)):
            empty = True
            for element in source:
                empty = False
                yield element
            if empty:
                return

    return make


@row("TakeDataset")
def taken(op: Any, source: DatasetValue, count: Any) -> Any:
    """The first elements; -1: all."""
    return lambda: iter(source) if int(count) < 0 else itertools.islice(source, int(count))


@row("SkipDataset")
def skipped(op: Any, source: DatasetValue, count: Any) -> Any:
    """All but the first elements; -1: none."""
    return lambda: iter([]) if int(count) < 0 else itertools.islice(source, int(count), None)


@row("ZipDataset")
def zipped(op: Any, sources: Any) -> Any:
    """Elements of several data sets side by side."""
    return lambda: ([c for e in together for c in e] for together in zip(*sources, strict=False))


@row("ConcatenateDataset")
def concatenated(op: Any, first: DatasetValue, second: DatasetValue) -> Any:
    """One after the other."""
    return lambda: itertools.chain(first, second)


@row("ShardDataset")
def sharded(op: Any, source: DatasetValue, num_shards: Any, index: Any) -> Any:
    """Every num_shards-th element."""
    return lambda: itertools.islice(source, int(index), None, int(num_shards))


@row("PrefetchDataset", "OptimizeDataset", "ModelDataset", "OptionsDataset", "AssertCardinalityDataset", "MaxIntraOpParallelismDataset", "ExperimentalMaxIntraOpParallelismDataset",
      "PrivateThreadPoolDataset", "ExperimentalPrivateThreadPoolDataset", "SetStatsAggregatorDataset", "NonSerializableDataset", "ExperimentalNonSerializableDataset")  # fmt: skip
def same(op: Any, source: DatasetValue, *unused: Any) -> Any:
    """The data set itself."""
    return source.make


@row("CacheDataset")
def cached(op: Any, source: DatasetValue, filename: Any) -> Any:
    """The data set, kept in memory once it was read to the end."""
    kept: list[Element] = []
    whole = [False]

    def make() -> Iterator[Element]:
        if whole[0]:
            yield from list(kept)
            return
        mine = []
        for element in source:
            mine.append(element)
            yield element
        kept[:] = mine
        whole[0] = True

    return make


@row("IgnoreErrorsDataset", "ExperimentalIgnoreErrorsDataset")
def without_errors(op: Any, source: DatasetValue) -> Any:
    """The elements that could be made."""

    def make() -> Iterator[Element]:
        elements = iter(source)
        while True:
            try:
                yield next(elements)
            except StopIteration:
                return
            except errors.OutOfRangeError:
                raise
            except errors.OpError:
                continue

    return make


@row("ShuffleDataset", "ShuffleDatasetV2")
def shuffled(op: Any, source: DatasetValue, buffer_size: Any, *seeds: Any) -> Any:
    """Elements drawn at random from a buffer of the next ones."""
    return _shuffling(source, int(buffer_size), seeds, bool(op.attrs.get("reshuffle_each_iteration", True)), 1)


@row("ShuffleAndRepeatDataset")
def shuffled_and_repeated(op: Any, source: DatasetValue, buffer_size: Any, seed: Any, seed2: Any, count: Any) -> Any:
    """The data set in another random order each time."""
    return _shuffling(source, int(buffer_size), (seed, seed2), True, int(count))


def _shuffling(source: DatasetValue, size: int, seeds: Any, again: bool, count: int) -> Any:
    pair = [abs(int(s)) for s in seeds[:2]] if seeds else [0, 0]
    parent = np.random.default_rng(None if not any(pair) else pair)
    fixed = parent.integers(1 << 62)

    def make() -> Iterator[Element]:
        for _ in itertools.count() if count < 0 else range(count):
            random = np.random.default_rng(parent.integers(1 << 62) if again else fixed)
            buffer: list[Element] = []
            empty = True
            for element in source:
                empty = False
                buffer.append(element)
                if len(buffer) >= size:
                    yield _drawn(buffer, random)
            while buffer:
                yield _drawn(buffer, random)
            if empty:
                return

    return make


def _drawn(buffer: list[Element], random: Any) -> Element:
    place = int(random.integers(len(buffer)))
    buffer[place], buffer[-1] = buffer[-1], buffer[place]
    return buffer.pop()


@row("ScanDataset", "ExperimentalScanDataset")
def scanned(op: Any, source: DatasetValue, initial_state: Any, captured: Any) -> Any:
    """(state, element) -> (state, element) along the data set."""
    function = call(op.attrs["f"], captured)
    count = len(initial_state)

    def make() -> Iterator[Element]:
        state = list(initial_state)
        for element in source:
            result = function([*state, *element])
            state = result[:count]
            yield result[count:]

    return make


@row("TakeWhileDataset", "ExperimentalTakeWhileDataset")
def taken_while(op: Any, source: DatasetValue, captured: Any) -> Any:
    """The elements before the first for which a function gives false."""
    predicate = call(op.attrs["predicate"], captured)
    return lambda: itertools.takewhile(lambda e: bool(np.asarray(predicate(e)[0])), source)


@rows.row("ReduceDataset", host=True, context=True, gradient=rows.NONE)
def reduced(run: Any, op: Any, source: DatasetValue, initial_state: Any, captured: Any) -> Element:
    """What is left of a state after all elements."""
    function = call(op.attrs["f"], captured)
    state = list(initial_state)
    for element in source:
        state = function([*state, *element])
    return state
