"""The elements that a Python generator yields, checked against the types and shapes that were promised."""

import collections.abc
from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import dtypes, errors, known_values
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import elements


def generated(
    generator: Any, structure: Any, kinds: list[Any], known: list[Any], args: list[Tensor]
) -> Callable[[], Any]:
    def make() -> Any:
        given = [known_values.constant_value(a) for a in args]
        source = iter(generator(*given))
        while True:
            try:
                value = next(source)
            except StopIteration:
                return
            except Exception as error:
                raise errors.UnknownError(None, None, f"{type(error).__name__}: {error}") from error
            flat = values_like(structure, value)
            element = []
            for part, kind, shape in zip(flat, kinds, known, strict=True):
                try:
                    array = np.array(part, dtype=kind.as_numpy_dtype) if kind != dtypes.string else _texts(part)
                except (TypeError, ValueError) as error:
                    raise errors.InvalidArgumentError(
                        None,
                        None,
                        f"TypeError: `generator` yielded an element that could not be converted to the expected type. The expected type was {kind.name}, but the yielded element was {part}.",
                    ) from error
                if not shape.is_compatible_with(array.shape):
                    raise errors.InvalidArgumentError(
                        None,
                        None,
                        f"ValueError: `generator` yielded an element of shape {array.shape} where an element of shape {shape} was expected.",
                    )
                element.append(array)
            yield element

    return make


def values_like(structure: Any, value: Any) -> list[Any]:
    if not elements.nested(structure):
        return [value]
    if isinstance(structure, collections.abc.Mapping):
        return [v for k in sorted(structure) for v in values_like(structure[k], value[k])]
    return [v for s, part in zip(structure, value, strict=True) for v in values_like(s, part)]


def _texts(value: Any) -> np.ndarray:
    array = np.array(value, dtype=object)
    result = np.empty(array.shape, object)
    for index, v in np.ndenumerate(array):
        result[index] = v.encode() if isinstance(v, str) else bytes(v)
    return result
