"""Item handlers for tf.train.SequenceExample: boxes and points over time."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.features import SparseTensorValue
from jax_slim.data.item_handlers import ItemHandler, Tensors, dense, full_keys


class _PointsOverTime(ItemHandler):
    """Sparse [time, number] features, one for each coordinate, together as [time, number, coordinates]."""

    _usual: Sequence[str]

    def __init__(
        self,
        keys: Sequence[str] | None = None,
        prefix: str | None = None,
        return_dense: bool = True,
        default_value: float = -1.0,
    ):
        super().__init__(full_keys(type(self).__name__, keys, prefix, self._usual))
        self._return_dense = return_dense
        self._default_value = default_value

    def tensors_to_item(self, keys_to_tensors: Tensors) -> Any:
        parts = [_sparse_matrix(type(self).__name__, key, keys_to_tensors[key]) for key in self.keys]
        steps = {int(part.dense_shape[0]) for part in parts}
        if len(steps) > 1:
            raise DataLossError(f"{type(self).__name__}: the features must have the same number of steps, got {steps}.")
        shape = np.append(np.max([part.dense_shape for part in parts], 0), len(parts))
        places = np.concatenate([np.insert(part.indices, 2, axis, 1) for axis, part in enumerate(parts)])
        order = np.lexsort(places.T[::-1])
        values = np.concatenate([part.values for part in parts])
        joined = SparseTensorValue(places[order].astype(np.int64), values[order], shape.astype(np.int64))
        return dense(joined, self._default_value) if self._return_dense else joined


class BoundingBoxSequence(_PointsOverTime):
    """Puts four sequences of sides of boxes together: [time, num_boxes, 4] in the order ymin, xmin, ymax, xmax.

    Args:
      keys: the names of the four features, in that order; by default ["ymin", "xmin", "ymax", "xmax"].
      prefix: what stands before each of them.
      return_dense: False gives a `SparseTensorValue`.
      default_value: the sides of boxes that a step does not have, in a dense array.

    Raises:
      ValueError: there are not four keys.
    """

    _usual = ("ymin", "xmin", "ymax", "xmax")


class KeypointsSequence(_PointsOverTime):
    """Puts two sequences of coordinates of points together: [time, num_points, 2] in the order y, x.

    Args:
      keys: the names of the two features, in that order; by default ["y", "x"].
      prefix: what stands before each of them.
      return_dense: False gives a `SparseTensorValue`.
      default_value: the coordinates of points that a step does not have, in a dense array.

    Raises:
      ValueError: there are not two keys.
    """

    _usual = ("y", "x")


class NumBoxesSequence(ItemHandler):
    """Counts the boxes at each step of a sequence: int64 [time].

    Args:
      keys: the names of features [time, num_boxes]; the first one is counted.
      check_consistency: whether the others must have the same numbers.

    Raises:
      ValueError: there are no keys.
    """

    def __init__(self, keys: Sequence[str] | str | None = None, check_consistency: bool = True):
        if not keys:
            raise ValueError(f"NumBoxesSequence: keys must be one name or more, got {keys!r}.")
        super().__init__(keys)
        self._check_consistency = check_consistency

    def tensors_to_item(self, keys_to_tensors: Tensors) -> np.ndarray:
        counts = [_counts(key, keys_to_tensors[key]) for key in self.keys]
        if self._check_consistency:
            for key, count in zip(self.keys, counts, strict=True):
                if not np.array_equal(count, counts[0]):
                    raise DataLossError(
                        f"NumBoxesSequence: feature {key!r} must have as many values at each step as {self.keys[0]!r}, "
                        f"{counts[0].tolist()}, got {count.tolist()}."
                    )
        return counts[0]


def _counts(key: str, tensor: Any) -> np.ndarray:
    matrix = _sparse_matrix("NumBoxesSequence", key, tensor)
    counts = np.zeros(int(matrix.dense_shape[0]), np.int64)
    np.maximum.at(counts, matrix.indices[:, 0], matrix.indices[:, 1] + 1)
    return counts


def _sparse_matrix(function: str, key: str, tensor: Any) -> SparseTensorValue:
    if not isinstance(tensor, SparseTensorValue) or len(tensor.dense_shape) != 2:
        raise ValueError(f"{function}: feature {key!r} must be a VarLenFeature of a SequenceExample, got another kind.")
    return tensor
