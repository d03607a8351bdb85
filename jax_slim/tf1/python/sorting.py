"""The largest elements, and order: `tf.nn.top_k`, `tf.nn.in_top_k`, `tf.sort`, `tf.argsort`."""

from typing import Any, NamedTuple

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, known_values
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, clip_ops, constant_op, math


class TopKV2(NamedTuple):
    """What `top_k` gives."""

    values: Tensor
    indices: Tensor


def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> TopKV2:
    """(the k largest elements along the last dimension, the largest first; where they are). Of equal ones the first comes first."""
    return TopKV2(*building.make("TopKV2", input, k, sorted=sorted, name=name))


def nth_element(input: Any, n: Any, reverse: bool = False, name: str | None = None) -> Tensor:
    """Of each row the element that would be at place `n`, were the row sorted (the largest first with `reverse`)."""
    return building.make("NthElement", input, n, reverse=reverse, name=name)


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


def percentile(x: Any, q: Any, axis: Any = None, interpolation: str | None = None, keep_dims: bool = False, validate_args: bool = False,
               name: str | None = None) -> Tensor:  # fmt: skip
    """The element that q percent of the others are below, over axes (all by default); between two 'nearest', 'lower' or 'higher'.

    Raises:
      ValueError: another interpolation, or axes or a rank that are not known.
    """
    interpolation = "nearest" if interpolation is None else interpolation
    if interpolation not in ("lower", "higher", "nearest"):
        raise ValueError(f"Argument 'interpolation' must be in lower, higher, nearest. Found {interpolation}")
    with graphs.name_scope(name or "percentile", values=[x, q]):
        x = conversion.convert_to_tensor(x, name="x")
        above = 1.0 - math.cast(q, dtypes.float64) / 100.0
        axes = None if axis is None else _known_axes(axis, x)
        flat = array.reshape(x, [-1]) if axes is None else _at_the_end(x, axes)
        place = (math.cast(array.shape(flat)[-1], dtypes.float64) - 1) * above
        place = {"lower": math.ceil, "higher": math.floor, "nearest": math.round}[interpolation](place)
        count = array.shape(flat)[-1]
        place = clip_ops.clip_by_value(math.cast(place, dtypes.int32), 0, count - 1)
        ordered = top_k(flat, array.shape(flat)[-1]).values
        ordered.set_shape(flat.shape)
        result = ordered[..., place]
        result.set_shape(flat.shape[:-1])
        if not keep_dims:
            return result
        kept = list(range(len(x.shape))) if axes is None else axes
        sizes = array.shape(x)
        return array.reshape(result, [1 if i in kept else sizes[i] for i in range(len(x.shape))])


def _known_axes(axis: Any, x: Tensor) -> list[int]:
    known = known_values.constant_value(conversion.convert_to_tensor(axis, name="axis", dtype=dtypes.int32))
    if known is None:
        raise ValueError(f"Expected argument 'axis' to be statically available.  Found: {axis}")
    if x.shape.ndims is None:
        raise ValueError(f"Expected argument 'x' to have statically available ndims. Found: {x}")
    return [int(a) % x.shape.ndims for a in known.reshape(-1)]


def _at_the_end(x: Tensor, axes: list[int]) -> Tensor:
    """The axes as one, behind the others."""
    front = [i for i in range(len(x.shape)) if i not in axes]
    turned = array.transpose(x, perm=front + axes)
    sizes = x.shape.as_list()
    if None not in sizes:
        return array.reshape(turned, [*(sizes[i] for i in front), int(np.prod([sizes[i] for i in axes]))])
    return array.reshape(turned, array.concat([array.shape(turned)[: len(front)], [-1]], axis=0))
