"""Data sets that gather elements by keys, choose between several, or leave some out; and what is one element or a number of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.operations import decoding, philox, readers, sparse_structure
from jax_slim.tf1.operations.datasets import DatasetValue, Element, call, of_result, row, scalar


@row("GroupByWindowDataset", "ExperimentalGroupByWindowDataset")
def grouped_by_window(op: Any, source: DatasetValue, of_key: Any, of_reduction: Any, of_size: Any) -> Any:
    """The elements of each key as windows, made to a data set when they are full or the elements end (by key then)."""
    key_of = call(op.attrs["key_func"], of_key)
    reduction = call(op.attrs["reduce_func"], of_reduction)
    size_of = call(op.attrs["window_size_func"], of_size)

    def reduced(key: int, window: list[Element]) -> DatasetValue:
        return of_result(reduction([np.int64(key).reshape(()), DatasetValue(lambda: iter(window))]))

    def make() -> Iterator[Element]:
        windows: dict[int, list[Element]] = {}
        sizes: dict[int, int] = {}
        for element in source:
            key = int(key_of(element)[0])
            if key not in windows:
                windows[key] = []
                sizes[key] = int(size_of([np.int64(key).reshape(())])[0])
                if sizes[key] <= 0:
                    raise errors.InvalidArgumentError(None, None, f"Window size must be greater than zero, but got {sizes[key]}.")  # fmt: skip
            windows[key].append(element)
            if len(windows[key]) == sizes[key]:
                yield from reduced(key, windows.pop(key))
        for key in sorted(windows):
            yield from reduced(key, windows[key])

    return make


@row("GroupByReducerDataset", "ExperimentalGroupByReducerDataset")
def grouped_by_reducer(op: Any, source: DatasetValue, of_key: Any, of_init: Any, of_reduction: Any, of_end: Any) -> Any:
    """One element for each key, in the order of keys: what is left of a state after all elements of the key."""
    key_of, start = call(op.attrs["key_func"], of_key), call(op.attrs["init_func"], of_init)
    reduction, end = call(op.attrs["reduce_func"], of_reduction), call(op.attrs["finalize_func"], of_end)

    def make() -> Iterator[Element]:
        states: dict[int, Element] = {}
        for element in source:
            key = int(key_of(element)[0])
            if key not in states:
                states[key] = start([np.int64(key).reshape(())])
            states[key] = reduction([*states[key], *element])
        for key in sorted(states):
            yield end(states[key])

    return make


@row("SlidingWindowDataset", "ExperimentalSlidingWindowDataset")
def sliding_windows(op: Any, source: DatasetValue, window_size: Any, window_shift: Any, window_stride: Any) -> Any:
    """Whole windows of elements, stacked: `stride` apart, a new one every `shift` elements."""
    size, shift, stride = int(window_size), int(window_shift), int(window_stride)
    if min(size, shift, stride) < 1:
        raise errors.InvalidArgumentError(None, None, "Window size, shift and stride must be greater than zero.")
    reach = (size - 1) * stride + 1

    def make() -> Iterator[Element]:
        kept: list[Element] = []
        left_out = 0
        for element in source:
            if left_out:
                left_out -= 1
                continue
            kept.append(element)
            if len(kept) == reach:
                yield [np.stack(parts) for parts in zip(*kept[::stride], strict=True)]
                left_out = max(0, shift - len(kept))
                del kept[:shift]

    return make


@row("DenseToSparseBatchDataset", "ExperimentalDenseToSparseBatchDataset")
def sparse_batched(op: Any, source: DatasetValue, batch_size: Any, row_shape: Any) -> Any:
    """Tensors of several sizes as one sparse tensor [batch, *row_shape]; -1 there is the largest of the batch."""
    size, asked = int(batch_size), [int(d) for d in row_shape]

    def together(group: list[Any]) -> Element:
        largest = np.max([part.shape for part in group], axis=0).reshape(-1)
        for part in group:
            if part.ndim != len(asked) or any(0 <= most < have for most, have in zip(asked, part.shape, strict=True)):
                raise errors.InvalidArgumentError(None, None, f"DenseToSparseBatchDataset: shape {list(part.shape)} does not fit row_shape {asked}.")  # fmt: skip
        places = [
            np.concatenate([np.full((part.size, 1), i, np.int64), np.indices(part.shape, np.int64).reshape(part.ndim, -1).T], 1)
            for i, part in enumerate(group)
        ]  # fmt: skip
        sizes = [int(have) if most < 0 else most for most, have in zip(asked, largest, strict=True)]
        values = np.concatenate([part.reshape(-1) for part in group])
        return [sparse_structure.serialize_sparse(np.concatenate(places), values, np.array([len(group), *sizes], np.int64))]  # fmt: skip

    def make() -> Iterator[Element]:
        group: list[Any] = []
        for element in source:
            group.append(np.asarray(element[0]))
            if len(group) == size:
                yield together(group)
                group = []
        if group:
            yield together(group)

    return make


@row("UniqueDataset", "ExperimentalUniqueDataset")
def unique(op: Any, source: DatasetValue) -> Any:
    """Each element once."""

    def make() -> Iterator[Element]:
        seen: set[Any] = set()
        for element in source:
            key = element[0].item()
            if key not in seen:
                seen.add(key)
                yield element

    return make


@row("DirectedInterleaveDataset", "ExperimentalDirectedInterleaveDataset")
def interleaved_by_choice(op: Any, selector: DatasetValue, sources: Any) -> Any:
    """The next element of that data set whose number comes next; those of an ended one are passed over."""

    def make() -> Iterator[Element]:
        open_ones: list[Any] = [iter(s) for s in sources]
        for number in selector:
            place = int(number[0])
            if not 0 <= place < len(open_ones):
                raise errors.InvalidArgumentError(
                    None, None, f"Selector index out of range: {place} >= {len(open_ones)}"
                )
            if open_ones[place] is None:
                continue
            try:
                yield next(open_ones[place])
            except StopIteration:
                open_ones[place] = None
                if not any(o is not None for o in open_ones):
                    return

    return make


@row("RandomDataset", "ExperimentalRandomDataset")
def random_numbers(op: Any, seed: Any, seed2: Any) -> Any:
    """The words of TensorFlow's generator, one after the other, without end."""
    first, second = int(seed), int(seed2)
    if not first and not second:
        first, second = (int(n) for n in np.random.default_rng().integers(1 << 62, size=2))

    def make() -> Iterator[Element]:
        stream, place = philox.of_seeds(first, second, 0), 0
        while True:
            words = philox.blocks(stream, np.arange(place, place + 64, dtype=np.uint64))
            place += 64
            for number in np.stack([np.asarray(w) for w in words], 1).reshape(-1):
                yield [np.int64(number).reshape(())]

    return make


@row("CSVDataset", "CSVDatasetV2", "ExperimentalCSVDataset")
def csv_lines(
    op: Any, filenames: Any, compression_type: Any, buffer_size: Any, header: Any, field_delim: Any, use_quote_delim: Any, na_value: Any,
    select_cols: Any, record_defaults: Any, *unused: Any,
) -> Any:  # fmt: skip
    """The records of CSV files, one element each."""
    packing = bytes(np.asarray(compression_type).item()).decode()
    kinds = op.attrs["output_types"]

    def make() -> Iterator[Element]:
        for name in np.asarray(filenames, object).reshape(-1):
            for number, (_, line) in enumerate(readers.lines_of(bytes(name), 0, packing)):
                if line and not (number == 0 and bool(header)):
                    record = np.array([line], object)
                    yield [
                        scalar(part[0])
                        for part in decoding.decode_csv(
                            record, record_defaults, OUT_TYPE=kinds, field_delim=bytes(np.asarray(field_delim).item()),
                            use_quote_delim=bool(use_quote_delim), na_value=bytes(np.asarray(na_value).item()),
                            select_cols=[int(c) for c in select_cols],
                        )
                    ]  # fmt: skip

    return make


@rows.row("DatasetToSingleElement", host=True, gradient=rows.NONE)
def single_element(dataset: DatasetValue) -> Element:
    """The only element.

    Raises:
      InvalidArgumentError: there is none, or more than one.
    """
    found = iter(dataset)
    try:
        element = next(found)
    except StopIteration:
        raise errors.InvalidArgumentError(None, None, "Dataset was empty.") from None
    if next(found, None) is not None:
        raise errors.InvalidArgumentError(None, None, "Dataset had more than one element.")
    return element
