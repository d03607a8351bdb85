"""Rows of values that may be absent: the next element of an iterator that may have ended."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shape_inference
from jax_slim.tf1.operations.iterators import IteratorValue

Components = tuple[Any, ...] | None  # the tensors of a value, or None for none


@rows.row("OptionalFromValue", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def from_value(components: Any) -> Any:
    return _box(tuple(components))


@rows.row("OptionalNone", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def none() -> Any:
    return _box(None)


@rows.row("IteratorGetNextAsOptional", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def get_next_as_optional(iterator: IteratorValue) -> Any:
    try:
        return _box(tuple(iterator.next()))
    except errors.OutOfRangeError:
        return _box(None)


@rows.row("OptionalHasValue", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def has_value(optional: Any) -> Any:
    return np.array(_components(optional) is not None)


@rows.row("OptionalGetValue", host=True, shape=lambda op: list(op.attrs["output_shapes"]), gradient=rows.NONE)
def get_value(optional: Any) -> Any:
    found = _components(optional)
    if found is None:
        raise errors.InvalidArgumentError(None, None, "The given optional does not have a value.")
    return found


def _box(components: Components) -> np.ndarray:
    """A scalar of objects: a variant."""
    box = np.empty((), object)
    box[()] = components
    return box


def _components(optional: Any) -> Any:
    return np.asarray(optional, object)[()]
