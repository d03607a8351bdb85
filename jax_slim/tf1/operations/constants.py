"""Tensors made of little: filled with a value, ranges, equal steps."""

import math
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, errors, known_values, rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays, shape_rules

_same = shape_inference.like_input()


def _filled_shape(op: Any) -> shapes.TensorShape:
    shape_rules.check_rank(op, 0, 1)
    shape_rules.check_rank(op, 1, 0)
    found = known_values.constant_value(op._inputs[0])
    if found is not None and (found < 0).any():
        shape_rules.refuse(op, f"Fill dimensions must be >= 0, got {found.tolist()}")
    return known_values.constant_value_as_shape(op._inputs[0])


def _filled_gradient(op: Any, gradient: Any) -> list[Any]:
    return [None, building.make("Sum", gradient, _all_axes(gradient))]


def _all_axes(tensor: Any) -> Any:
    if tensor.shape.ndims is not None:
        return np.arange(tensor.shape.ndims, dtype=np.int32)
    return building.make("Range", 0, building.make("Rank", tensor), 1)


@rows.row("Fill", static=("dims",), shape=_filled_shape, gradient=_filled_gradient)
def fill(dims: Any, value: Any) -> Any:
    xp = arrays.xp(value)
    return xp.full(tuple(int(d) for d in dims), value, dtype=value.dtype)


@rows.row("ZerosLike", shape=_same, gradient=rows.NONE)
def zeros_like(x: Any) -> Any:
    if x.dtype == object:
        return np.full(x.shape, b"", object)
    return np.zeros(x.shape, x.dtype)


@rows.row("OnesLike", shape=_same, gradient=rows.NONE)
def ones_like(x: Any) -> Any:
    return np.ones(x.shape, x.dtype)


def _count(start: Any, limit: Any, delta: Any) -> int:
    start, limit, delta = start.item(), limit.item(), delta.item()
    if delta == 0:
        raise ValueError("Requires delta != 0")
    if delta > 0 and start > limit:
        raise ValueError(f"Requires start <= limit when delta > 0: {start}/{limit}")
    if delta < 0 and start < limit:
        raise ValueError(f"Requires start >= limit when delta < 0: {start}/{limit}")
    if isinstance(delta, int):
        return -((start - limit) // delta)
    return math.ceil(abs((limit - start) / delta))


def _range_shape(op: Any) -> shapes.TensorShape:
    for place in range(3):
        shape_rules.check_rank(op, place, 0)
    found = [known_values.constant_value(t) for t in op._inputs]
    if any(f is None for f in found):
        return shapes.unknown_shape(1)
    try:
        return shapes.TensorShape([_count(*found)])
    except ValueError as error:
        shape_rules.refuse(op, str(error))


@rows.row("Range", static=("start", "limit", "delta"), shape=_range_shape, gradient=rows.NONE)
def numbers_of_range(start: Any, limit: Any, delta: Any) -> Any:
    start, limit, delta = (np.asarray(v) for v in (start, limit, delta))
    try:
        count = _count(start, limit, delta)
    except ValueError as error:
        raise errors.InvalidArgumentError(None, None, str(error)) from None
    return (start + np.arange(count).astype(start.dtype) * delta).astype(start.dtype)


def _steps_shape(op: Any) -> shapes.TensorShape:
    for place in range(3):
        shape_rules.check_rank(op, place, 0)
    found = shape_rules.values(op, 2)
    if found is not None and found[0] <= 0:
        shape_rules.refuse(op, f"Requires num > 0: {found[0]}")
    return shapes.TensorShape([None if found is None else found[0]])


@rows.row("LinSpace", static=("num",), shape=_steps_shape, gradient=rows.NONE)
def equal_steps(start: Any, stop: Any, num: Any) -> Any:
    count = int(num)
    if count <= 0:
        raise errors.InvalidArgumentError(None, None, f"Requires num > 0: {count}")
    if count == 1:
        return start.reshape(1)
    xp = arrays.xp(start, stop)
    step = (stop - start) / np.asarray(count - 1, start.dtype)
    return xp.concatenate([start + step * np.arange(count - 1).astype(start.dtype), stop.reshape(1)])
