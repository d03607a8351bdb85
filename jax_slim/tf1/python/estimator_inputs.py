"""`tf.estimator.inputs`: functions that give batches of arrays; what estimators take of input functions."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.graph import dtypes
from jax_slim.tf1.python import dataset
from jax_slim.tf1.python.hook_base import SessionRunHook

_TARGET = "__target_key__"


def numpy_input_fn(x: Any, y: Any = None, batch_size: int = 128, num_epochs: int | None = 1, shuffle: Any = None, queue_capacity: int = 1000,
                   num_threads: int = 1) -> Callable[[], Any]:  # fmt: skip
    """An input function that gives batches of NumPy arrays.

    Args:
      x: an array, or name -> array; features come in the same structure.
      y: labels: an array, or name -> array; without them only features are given.
      batch_size: the last batch may be smaller.
      num_epochs: how often all of it comes; None never ends.
      shuffle: whether it comes in random order; it must be said.

    Raises:
      ValueError: `shuffle` is not said, no features, arrays of different lengths, labels whose names are among the features.
      TypeError: features that are neither.
    """
    if not isinstance(shuffle, bool):
        raise ValueError(
            f"shuffle must be provided and explicitly set as boolean (it is recommended to set it as True for training); got {shuffle}"
        )
    if not isinstance(x, dict | np.ndarray):
        raise TypeError(f"x must be a dict or array; got {type(x).__name__}")
    if isinstance(x, dict) and not x:
        raise ValueError("x cannot be an empty dict")
    if isinstance(y, dict) and not y:
        raise ValueError("y cannot be empty dict, use None instead.")
    features = dict(sorted(x.items())) if isinstance(x, dict) else {_TARGET + "x": x}
    labels = {} if y is None else dict(sorted(y.items())) if isinstance(y, dict) else {_TARGET: y}
    both = set(features) & set(labels)
    if both:
        raise ValueError(f"{len(both)} duplicate keys are found in both x and y: {sorted(both)}")
    arrays = {name: np.asarray(value) for name, value in {**features, **labels}.items()}
    lengths = {name: len(value) for name, value in arrays.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            f"Length of tensors in x and y is mismatched. All elements in x and y must have the same length: {lengths}"
        )

    def input_fn() -> Any:
        found = _batches(arrays, batch_size, num_epochs, shuffle)
        given = {name: found[name] for name in features}
        given = given if isinstance(x, dict) else next(iter(given.values()))
        if y is None:
            return given
        return given, ({name: found[name] for name in labels} if isinstance(y, dict) else found[_TARGET])

    return input_fn


def _batches(arrays: dict[str, Any], batch_size: int, num_epochs: int | None, shuffle: bool) -> dict[str, Any]:
    """Tensors of the next batch, by name."""
    names = list(arrays)
    length = len(arrays[names[0]])

    def generate() -> Iterator[Any]:
        kept, epoch, order = np.zeros(0, np.int64), 0, np.random.default_rng()
        while (num_epochs is None or epoch < num_epochs) and length:
            rows = np.arange(length)
            if shuffle:
                order.shuffle(rows)
            kept, epoch = np.concatenate([kept, rows]), epoch + 1
            while len(kept) >= batch_size:
                yield tuple(arrays[name][kept[:batch_size]] for name in names)
                kept = kept[batch_size:]
        if len(kept):
            yield tuple(arrays[name][kept] for name in names)

    kinds = tuple(dtypes.as_dtype(arrays[name].dtype) for name in names)
    sizes = tuple([None, *arrays[name].shape[1:]] for name in names)
    made = dataset.Dataset.from_generator(generate, kinds, sizes)
    return dict(zip(names, made.make_one_shot_iterator().get_next(), strict=True))


def pandas_input_fn(x: Any, y: Any = None, batch_size: int = 128, num_epochs: int | None = 1, shuffle: Any = None, queue_capacity: int = 1000, num_threads: int = 1,
                    target_column: str = "target") -> Callable[[], Any]:  # fmt: skip
    """`numpy_input_fn` of the columns of a pandas DataFrame, with labels of a Series or DataFrame."""
    features = {name: x[name].to_numpy() for name in x.columns}
    labels = y
    if y is not None:
        labels = {name: y[name].to_numpy() for name in y.columns} if hasattr(y, "columns") else y.to_numpy()
    return numpy_input_fn(features, labels, batch_size, num_epochs, shuffle, queue_capacity, num_threads)


class DatasetInitializerHook(SessionRunHook):
    """Has a data set begin when a session does."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def begin(self) -> None:
        self._initializer = self._iterator.initializer

    def after_create_session(self, session: Any, coord: Any) -> None:
        session.run(self._initializer)


def parsed(result: Any) -> tuple[Any, Any, list[Any]]:
    """(features, labels, hooks) of what an input function returned: tensors, or a data set of them.

    Raises:
      ValueError: a list or tuple that is not of two.
    """
    hooks: list[Any] = []
    if isinstance(result, dataset.Dataset):
        iterator = result.make_initializable_iterator()
        hooks.append(DatasetInitializerHook(iterator))
        result = iterator.get_next()
    if isinstance(result, list | tuple) and not hasattr(result, "_fields"):
        if len(result) != 2:
            raise ValueError("input_fn should return (features, labels) as a len 2 tuple.")
        return result[0], result[1], hooks
    return result, None, hooks
