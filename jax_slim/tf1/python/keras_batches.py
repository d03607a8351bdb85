"""Batches for Keras's models: of arrays, data sets, iterators, generators and sequences."""

from collections.abc import Iterator
from typing import Any

from jax_slim.tf1.python import keras_sessions
from jax_slim.tf1.python.layer_base import flatten


def slices(xs: list[Any], ys: list[Any], weights: list[Any], order: Any, size: int) -> Iterator[Any]:
    for start in range(0, len(order), size):
        part = order[start : start + size]
        yield [a[part] for a in xs], [a[part] for a in ys], [a[part] for a in weights]


def is_stream(x: Any) -> bool:
    return hasattr(x, "make_one_shot_iterator") or hasattr(x, "get_next") or hasattr(x, "__next__") or (
        hasattr(x, "__getitem__") and hasattr(x, "__len__") and not hasattr(x, "shape") and not isinstance(x, list | tuple | dict | str))  # fmt: skip


class Stream:
    """Batches of a data set, an iterator, a generator or a sequence."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._next: Any = None

    def batches(self, steps: int | None) -> Iterator[Any]:
        """An epoch: so many batches, or all that there are."""
        source = self._source
        if hasattr(source, "make_one_shot_iterator") or hasattr(source, "get_next"):
            yield from self._of_data(steps)
            return
        if hasattr(source, "__next__"):
            if steps is None:
                raise ValueError("Model.fit: steps_per_epoch must be given for a generator, got None.")
            for _ in range(steps):
                yield _parts(next(source))
            return
        for place in range(len(source) if steps is None else steps):
            yield _parts(source[place % len(source)])
        if hasattr(source, "on_epoch_end"):
            source.on_epoch_end()

    def _of_data(self, steps: int | None) -> Iterator[Any]:
        from jax_slim.tf1.graph import errors

        session = keras_sessions.get_session()
        if self._next is None or (steps is None and hasattr(self._source, "make_one_shot_iterator")):
            if hasattr(self._source, "make_one_shot_iterator"):
                from jax_slim.tf1.python import iterators

                iterator = iterators.make_initializable_iterator(self._source)
                session.run(iterator.initializer)
            else:
                iterator = self._source
            self._next = iterator.get_next()
        taken = 0
        while steps is None or taken < steps:
            try:
                found = session.run(self._next)
            except errors.OutOfRangeError:
                return
            yield _parts(found)
            taken += 1


def _parts(batch: Any) -> tuple[Any, Any, list[Any]]:
    if not isinstance(batch, tuple | list) or isinstance(batch, list):
        return batch, None, []
    x, y, weights = (*batch, None, None)[:3]
    return x, y, [] if weights is None else flatten(weights)
