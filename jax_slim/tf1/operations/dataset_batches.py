"""Data sets of several elements as one, and of one as several: batches, padded batches, windows, rows."""

import collections
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors
from jax_slim.tf1.operations.datasets import DatasetValue, Element, call, row, scalar


def stacked(elements: list[Element]) -> Element:
    """Elements as one, stacked.

    Raises:
      InvalidArgumentError: their shapes differ.
    """
    result = []
    for parts in zip(*elements, strict=True):
        if isinstance(parts[0], DatasetValue):
            result.append(parts[0])
            continue
        first = np.shape(parts[0])
        for place, part in enumerate(parts):
            if np.shape(part) != first:
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"Cannot batch tensors with different shapes in component {len(result)}. First element had shape {list(first)} and element {place} had shape {list(np.shape(part))}.",
                )
        result.append(np.stack([np.asarray(p) for p in parts]))
    return result


def _groups(source: Any, size: int, drop: bool) -> Iterator[list[Element]]:
    elements = iter(source)
    while True:
        group = list(itertools.islice(elements, size))
        if not group or (drop and len(group) < size):
            return
        yield group


@row("BatchDataset", "BatchDatasetV2")
def batched(op: Any, source: DatasetValue, batch_size: Any, drop_remainder: Any = False) -> Any:
    """So many elements stacked."""
    size = int(batch_size)
    if size < 1:
        raise errors.InvalidArgumentError(None, None, "Batch size must be greater than zero.")
    return lambda: (stacked(g) for g in _groups(source, size, bool(drop_remainder)))


@row("MapAndBatchDataset", "ExperimentalMapAndBatchDataset")
def mapped_and_batched(
    op: Any, source: DatasetValue, captured: Any, batch_size: Any, num_parallel_calls: Any, drop_remainder: Any
) -> Any:
    """A function of each element, stacked."""
    function = call(op.attrs["f"], captured)
    return lambda: (stacked([function(e) for e in g]) for g in _groups(source, int(batch_size), bool(drop_remainder)))


@row("PaddedBatchDataset", "PaddedBatchDatasetV2")
def padded_batched(
    op: Any, source: DatasetValue, batch_size: Any, padded_shapes: Any, padding_values: Any, drop_remainder: Any = False
) -> Any:
    """So many elements, padded to equal shapes and stacked."""

    def pad(group: list[Element]) -> Element:
        return [
            _padded([np.asarray(p) for p in parts], [int(d) for d in shape], value)
            for parts, shape, value in zip(zip(*group, strict=True), padded_shapes, padding_values, strict=True)
        ]

    return lambda: (pad(g) for g in _groups(source, int(batch_size), bool(drop_remainder)))


def _padded(parts: list[Any], shape: list[int], value: Any) -> Any:
    largest = [max(p.shape[axis] for p in parts) for axis in range(len(shape))]
    sizes = [most if size < 0 else size for size, most in zip(shape, largest, strict=True)]
    if any(most > size for size, most in zip(sizes, largest, strict=True)):
        raise errors.DataLossError(
            None, None, f"Attempted to pad to a smaller size than the input element: {largest} to {sizes}."
        )
    result = np.empty((len(parts), *sizes), parts[0].dtype)
    result[...] = np.asarray(value)[()]
    for place, part in enumerate(parts):
        result[(place, *(slice(0, s) for s in part.shape))] = part
    return result


@row("WindowDataset")
def windows(op: Any, source: DatasetValue, size: Any, shift: Any, stride: Any, drop_remainder: Any) -> Any:
    """Data sets of `size` elements, every `shift`-th element a new one."""
    size, shift, stride, drop = int(size), int(shift), int(stride), bool(drop_remainder)

    def make() -> Iterator[Element]:
        elements = iter(source)
        buffer: collections.deque[Element] = collections.deque()
        reach = (size - 1) * stride + 1
        ended = False
        while True:
            while len(buffer) < reach and not ended:
                try:
                    buffer.append(next(elements))
                except StopIteration:
                    ended = True
            if not buffer or (drop and len(buffer) < reach):
                return
            window = list(buffer)[::stride][:size]
            columns = list(zip(*window, strict=True))
            yield [DatasetValue(lambda c=c: iter([[v] for v in c])) for c in columns]
            for _ in range(shift):
                if buffer:
                    buffer.popleft()
                else:
                    try:
                        next(elements)
                    except StopIteration:
                        return

    return make


@row("UnbatchDataset", "ExperimentalUnbatchDataset")
def unbatched(op: Any, source: DatasetValue) -> Any:
    """The rows of the elements."""
    return lambda: ([scalar(c[i]) for c in e] for e in source for i in range(len(e[0])))
