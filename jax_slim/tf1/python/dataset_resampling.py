"""`tf.data.experimental.rejection_resample`: classes as often as wanted."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    array,
    constant_op,
    dataset_groups,
    dataset_transformations,
    gathering,
    math,
    random,
    reductions,
)
from jax_slim.tf1.python.dataset import Dataset
from jax_slim.tf1.python.dataset_transformations import Transformation


def rejection_resample(class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: int | None = None) -> Transformation:  # fmt: skip
    """Leaves out elements at random so that the classes of the rest are distributed as `target_dist`: gives (class, element).

    Args:
      class_func: an element -> its class, int32.
      target_dist: how often each class should come, floats of sum 1.
      initial_dist: how often each comes; counted along the elements by default.
    """

    def apply(dataset: Dataset) -> Dataset:
        target = conversion.convert_to_tensor(target_dist, name="target_dist")
        classes = dataset.map(class_func)
        if initial_dist is None:
            initial = _counted(target.shape[0].value, classes)
        else:
            known = conversion.convert_to_tensor(initial_dist, name="initial_dist")
            initial = Dataset.from_tensors(known).repeat()
        probabilities = initial.map(lambda given: _acceptance(given, math.cast(target, given.dtype)))
        accept, keep = probabilities.map(lambda a, _: a), probabilities.map(lambda _, k: k)
        pairs = Dataset.zip((classes, dataset))

        def accepted(chances: Any, pair: Any) -> Any:
            return math.less(
                random.random_uniform([], seed=seed), math.cast(gathering.gather(chances, pair[0]), dtypes.float32)
            )

        filtered = Dataset.zip((accept, pairs)).filter(accepted).map(lambda _, pair: pair)
        weights = keep.map(lambda k: array.stack([k, 1.0 - k]))
        return dataset_groups.sample_from_datasets([pairs, filtered], weights=weights, seed=seed)

    return apply


def _counted(count: int, classes: Dataset) -> Dataset:
    """After each element how often each class came, with one more of each."""

    def count_up(counts: Tensor, number: Tensor) -> Any:
        counts = counts + gathering.one_hot(number, count, dtype=dtypes.int64)
        return counts, math.cast(counts, dtypes.float32) / math.cast(reductions.reduce_sum(counts), dtypes.float32)

    return classes.apply(dataset_transformations.scan(constant_op.ones([count], dtypes.int64), count_up))


def _acceptance(initial: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """(how likely an element of each class is accepted, what share of all is not rejected at all).

    That share is the largest which, mixed with what rejection gives for the rest, is still distributed as wanted.
    """
    ratio = target / (initial + np.finfo(initial.dtype.as_numpy_dtype).tiny)
    largest, least = reductions.reduce_max(ratio), reductions.reduce_min(ratio)
    return (ratio - least) / (largest - least), least
