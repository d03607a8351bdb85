"""The largest elements, and order: `tf.nn.top_k`, `tf.nn.in_top_k`, `tf.sort`, `tf.argsort`."""

from typing import Any, NamedTuple

import numpy as np

from jax_slim.tf1.graph import building, conversion, graphs, known_values
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, math


class TopKV2(NamedTuple):
    """What `top_k` gives."""

    values: Tensor
    indices: Tensor


def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> TopKV2:
    """(the k largest elements along the last dimension, the largest first; where they are). Of equal ones the first comes first."""
    return TopKV2(*building.make("TopKV2", input, k, sorted=sorted, name=name))


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """For each row whether the target's prediction is among the k largest; equal ones are all in, NaN is never."""
    with graphs.name_scope(name, "in_top_k"):
        return building.make("InTopKV2", predictions, targets, k)


def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """A tensor sorted along an axis; `direction` is 'ASCENDING' or 'DESCENDING'.

    Raises:
      ValueError: another direction, or an axis that is no known scalar.
    """
    with graphs.name_scope(name, "sort"):
        return _sorted(values, axis, direction, False)


def argsort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """The order in which the elements along an axis are sorted; of equal ones the first comes first.

    Raises:
      ValueError: another direction, or an axis that is no known scalar.
    """
    with graphs.name_scope(name, "argsort"):
        return _sorted(values, axis, direction, True)


def _sorted(values: Any, axis: Any, direction: str, places: bool) -> Tensor:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"{direction} should be one of ASCENDING, DESCENDING")
    axis = conversion.convert_to_tensor(axis, name="axis")
    known = known_values.constant_value(axis)
    if axis.shape.ndims != 0 or known is None:
        raise ValueError("axis must be a constant scalar")
    values = conversion.convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _descending(values, int(known), places)
    found = _descending(-values, int(known), places)
    return found if places else -found


def _descending(values: Tensor, axis: int, places: bool) -> Tensor:
    count = array.shape(values)[axis]
    rank = array.rank(values)
    static = values.shape.ndims
    order: Any = None
    if axis != -1 and axis + 1 != static:
        # The axis and the last one change places, before and after.
        where: Any = axis if axis >= 0 else axis + (rank if static is None else static)
        if static is not None:
            order = np.arange(static)
            order[where], order[-1] = static - 1, where
            order = constant_op.constant(order, name="transposition")
        else:
            order = array.concat(
                [constant_op.range(where), [rank - 1], constant_op.range(where + 1, rank - 1), [where]], axis=0
            )
        values = array.transpose(values, order)
    found = top_k(values, count)
    result = found.indices if places else found.values
    return result if order is None else array.transpose(result, order)
