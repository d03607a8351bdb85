"""Comparisons and logic, elementwise. They have no gradients."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays

_broadcast = shape_inference.of_broadcast


def _texts(x: Any, y: Any) -> bool:
    return x.dtype == object or y.dtype == object


@rows.row("Equal", shape=_broadcast, gradient=rows.NONE)
def equal(x: Any, y: Any) -> Any:
    return np.equal(x, y).astype(bool) if _texts(x, y) else arrays.xp(x, y).equal(x, y)


@rows.row("NotEqual", shape=_broadcast, gradient=rows.NONE)
def not_equal(x: Any, y: Any) -> Any:
    return np.not_equal(x, y).astype(bool) if _texts(x, y) else arrays.xp(x, y).not_equal(x, y)


@rows.row("Less", shape=_broadcast, gradient=rows.NONE)
def less(x: Any, y: Any) -> Any:
    return x < y


@rows.row("LessEqual", shape=_broadcast, gradient=rows.NONE)
def less_equal(x: Any, y: Any) -> Any:
    return x <= y


@rows.row("Greater", shape=_broadcast, gradient=rows.NONE)
def greater(x: Any, y: Any) -> Any:
    return x > y


@rows.row("GreaterEqual", shape=_broadcast, gradient=rows.NONE)
def greater_equal(x: Any, y: Any) -> Any:
    return x >= y


@rows.row("ApproximateEqual", shape=_broadcast, gradient=rows.NONE)
def approximate_equal(x: Any, y: Any, *, tolerance: float) -> Any:
    return arrays.xp(x, y).abs(x - y) < tolerance


@rows.row("LogicalAnd", shape=_broadcast, gradient=rows.NONE)
def logical_and(x: Any, y: Any) -> Any:
    return x & y


@rows.row("LogicalOr", shape=_broadcast, gradient=rows.NONE)
def logical_or(x: Any, y: Any) -> Any:
    return x | y


@rows.row(
    "ListDiff", host=True, shape=lambda op: [shapes.unknown_shape(1), shapes.unknown_shape(1)], gradient=rows.NONE
)
def list_diff(x: Any, y: Any, *, out_idx: Any) -> Any:
    others = set(y.tolist())
    places = [i for i, v in enumerate(x.tolist()) if v not in others]
    return x[places], np.array(places, out_idx.as_numpy_dtype)
