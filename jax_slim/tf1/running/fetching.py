"""Fetches: nested structures of tensors, operations, variables and names, and the same structures of their values."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from jax_slim.tf1.graph.composites import IndexedSlices, IndexedSlicesValue, SparseTensor, SparseTensorValue
from jax_slim.tf1.graph.tensors import Operation, Tensor

Take = Callable[[Callable[[Any], Any]], Any]  # given what finds an element's value, the structure of values


def plan(graph: Any, fetches: Any) -> tuple[list[Any], Take]:
    """The tensors and operations that a structure needs, and what makes the structure of their values.

    Raises:
      TypeError: None, or something that cannot be fetched.
      ValueError: it is of another graph, there is no such name, or it may not be fetched.
    """
    elements: list[Any] = []
    return elements, _plan(graph, fetches, elements)


def _plan(graph: Any, fetch: Any, elements: list[Any]) -> Take:
    if fetch is None:
        raise TypeError(f"Fetch argument {fetch!r} has invalid type {type(fetch)}")
    if isinstance(fetch, SparseTensor):
        takes = [_plan(graph, t, elements) for t in (fetch.indices, fetch.values, fetch.dense_shape)]
        return lambda find: SparseTensorValue(*(take(find) for take in takes))
    if isinstance(fetch, IndexedSlices):
        takes = [_plan(graph, t, elements) for t in (fetch.values, fetch.indices, fetch.dense_shape) if t is not None]
        return lambda find: IndexedSlicesValue(*(take(find) for take in takes), *([None] * (3 - len(takes))))
    if hasattr(fetch, "_fetched"):  # a ragged tensor
        parts, make = fetch._fetched()
        takes = [_plan(graph, part, elements) for part in parts]
        return lambda find: make(*(take(find) for take in takes))
    if isinstance(fetch, list | tuple) and not hasattr(fetch, "_as_graph_element"):
        takes = [_plan(graph, f, elements) for f in fetch]
        if isinstance(fetch, list):
            return lambda find: [take(find) for take in takes]
        if hasattr(fetch, "_fields"):
            made = type(fetch)
            return lambda find: made(*(take(find) for take in takes))
        return lambda find: tuple(take(find) for take in takes)
    if hasattr(fetch, "keys") and hasattr(fetch, "__getitem__") and not isinstance(fetch, Tensor | Operation):
        named = {key: _plan(graph, fetch[key], elements) for key in fetch}
        kind = type(fetch)
        return lambda find: _mapping(kind, {key: take(find) for key, take in named.items()})
    if hasattr(fetch, "__attrs_attrs__"):
        kind = type(fetch)
        takes = [_plan(graph, getattr(fetch, a.name), elements) for a in cast(Any, fetch).__attrs_attrs__]
        return lambda find: kind(*(take(find) for take in takes))
    element = _element(graph, fetch)
    elements.append(element)
    return lambda find: find(element)


def _mapping(kind: Any, values: dict[Any, Any]) -> Any:
    try:
        return kind(values)
    except TypeError:
        return values


def _element(graph: Any, fetch: Any) -> Any:
    try:
        element = graph.as_graph_element(fetch, allow_tensor=True, allow_operation=True)
    except TypeError as error:
        raise TypeError(
            f"Fetch argument {fetch!r} has invalid type {type(fetch)}, must be a string or Tensor. ({error})"
        ) from None
    except (ValueError, KeyError) as error:
        text = error.args[0] if error.args else error
        raise ValueError(f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({text})") from None
    if not graph.is_fetchable(element):
        name = "Operation" if isinstance(element, Operation) else "Tensor"
        raise ValueError(f"{name} {element.name!r} has been marked as not fetchable.")
    return element


def to_python(value: Any) -> Any:
    """A value as sessions give it: arrays of their own, NumPy's scalars, bytes."""
    if isinstance(value, np.generic | bytes):
        return value
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__jax_array__") or hasattr(value, "devices"):
        array = np.array(value)
        if array.ndim:
            return array
        return array[()]
    return value
