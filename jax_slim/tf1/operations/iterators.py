"""Iterators of `tf.data`: where a session stands in a data set."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shapes
from jax_slim.tf1.operations import queues
from jax_slim.tf1.operations.datasets import DatasetValue, Element, call, of_result


class IteratorValue:
    """An iterator of a session: what it iterates over may be set again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.handle = f"{name}_{id(self)}".encode()
        self._elements: Iterator[Element] | None = None
        self._lock = threading.Lock()

    def start(self, dataset: DatasetValue) -> None:
        with self._lock:
            self._elements = iter(dataset)

    def next(self) -> Element:
        with self._lock:
            if self._elements is None:
                raise errors.FailedPreconditionError(
                    None,
                    None,
                    "GetNext() failed because the iterator has not been initialized. Ensure that you have run the initializer operation for this iterator before getting the next element.",
                )
            try:
                return next(self._elements)
            except StopIteration:
                self._elements = iter([])
                raise errors.OutOfRangeError(None, None, "End of sequence") from None


def _iterator(run: Any, op: Any) -> IteratorValue:
    found = queues.resource(run, op, lambda: IteratorValue(op.name))
    run.session.resources["handle", found.handle] = found
    return found


@rows.row(
    "Iterator", "IteratorV2", host=True, context=True, shape=lambda op: [shapes.TensorShape([])], gradient=rows.NONE
)
def iterator(run: Any, op: Any) -> Any:
    """An iterator that `MakeIterator` starts."""
    return _iterator(run, op)


@rows.row("OneShotIterator", host=True, context=True, shape=lambda op: [shapes.TensorShape([])], gradient=rows.NONE)
def one_shot_iterator(run: Any, op: Any) -> Any:
    """An iterator that starts by itself."""
    found = _iterator(run, op)
    with run.session.lock:
        if found._elements is None:
            if "dataset" in op.private:
                dataset = run.session.value_of(op.private["dataset"])
            else:  # a graph that was read: its library has the function that makes the data set
                dataset = of_result(call(op.attrs["dataset_factory"], [])([]))
            found.start(dataset)
    return found


@rows.row("MakeIterator", host=True, shape=lambda op: [])
def make_iterator(dataset: DatasetValue, iterator: IteratorValue) -> tuple[()]:
    """Starts an iterator over a data set."""
    iterator.start(dataset)
    return ()


@rows.row("IteratorGetNext", "IteratorGetNextSync", host=True, shape=lambda op: list(op.attrs["output_shapes"]))
def get_next(iterator: IteratorValue) -> Element:
    """The next element."""
    return iterator.next()


@rows.row("IteratorToStringHandle", host=True, shape=lambda op: [shapes.TensorShape([])])
def to_string_handle(resource_handle: IteratorValue) -> Any:
    """A text that stands for an iterator of the session."""
    return np.array(resource_handle.handle, object)


@rows.row(
    "IteratorFromStringHandle",
    "IteratorFromStringHandleV2",
    host=True,
    context=True,
    shape=lambda op: [shapes.TensorShape([])],
)
def from_string_handle(run: Any, op: Any, string_handle: Any) -> Any:
    """The iterator that a text stands for."""
    handle = bytes(np.asarray(string_handle).item())
    found = run.session.resources.get(("handle", handle))
    if found is None:
        raise errors.NotFoundError(None, None, f"There is no iterator with the handle {handle!r} in this session.")
    return found
