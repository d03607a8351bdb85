"""Feeds: what a program passes for placeholders and other tensors, as arrays of their types, checked."""

from typing import Any

import jax
import numpy as np

from jax_slim.tf1.graph import constants
from jax_slim.tf1.graph.composites import IndexedSlices, IndexedSlicesValue, SparseTensor
from jax_slim.tf1.graph.tensors import Operation, Tensor


def feeds_of(graph: Any, feed_dict: Any) -> dict[Tensor, Any]:
    """The arrays of a feed dictionary by tensor.

    Raises:
      TypeError: a key that is no tensor of the graph, a tensor as a value.
      ValueError: a value of another shape than the tensor's, or that cannot be made its type.
    """
    if not feed_dict:
        return {}
    if not isinstance(feed_dict, dict) and not hasattr(feed_dict, "items"):
        raise TypeError(f"feed_dict must be a dictionary of tensors and values, got {type(feed_dict).__name__}.")
    found: dict[Tensor, Any] = {}
    for key, value in feed_dict.items():
        for tensor, part in _spread(key, value):
            if not isinstance(tensor, Tensor):
                tensor = _tensor(graph, tensor)
            elif tensor.graph is not graph:
                raise TypeError(
                    f"Cannot interpret feed_dict key as Tensor: Tensor {tensor} is not an element of this graph."
                )
            found[tensor] = array_for(tensor, part, graph)
    return found


def tensors_of(graph: Any, keys: Any) -> list[Tensor]:
    """The tensors that a list of keys of feeds stands for.

    Raises:
      TypeError: a key that is no tensor of the graph.
    """
    found: list[Tensor] = []
    for key in keys or []:
        if isinstance(key, SparseTensor):
            found += [key.indices, key.values, key.dense_shape]
        elif isinstance(key, IndexedSlices):
            found += [t for t in (key.values, key.indices, key.dense_shape) if t is not None]
        elif hasattr(key, "_fed"):
            found += key._fed()
        else:
            found.append(_tensor(graph, key))
    return found


def _tensor(graph: Any, key: Any) -> Tensor:
    try:
        return graph.as_graph_element(key, allow_operation=False)
    except (KeyError, ValueError, TypeError) as error:
        text = error.args[0] if error.args else error
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {text}") from None


def _spread(key: Any, value: Any) -> list[tuple[Any, Any]]:
    if isinstance(key, SparseTensor):
        return list(zip([key.indices, key.values, key.dense_shape], value, strict=True))
    if isinstance(key, IndexedSlices) and isinstance(value, IndexedSlicesValue | tuple | list):
        parts = [key.values, key.indices] + ([] if key.dense_shape is None else [key.dense_shape])
        return list(zip(parts, value, strict=False))
    fed = getattr(key, "_fed", None)
    if fed is not None:  # a ragged tensor
        if not hasattr(value, "nested_row_splits"):
            raise TypeError(
                f"The value of a feed for a RaggedTensor must be a RaggedTensorValue, got {type(value).__name__}."
            )
        return list(zip(fed(), [value.flat_values, *value.nested_row_splits], strict=True))
    if isinstance(key, tuple) and not isinstance(key, str):
        return [pair for k, v in zip(key, value, strict=True) for pair in _spread(k, v)]
    return [(key, value)]


def array_for(tensor: Tensor, value: Any, graph: Any) -> Any:
    """A value as an array of a tensor's type, a copy of its own."""
    if isinstance(value, Tensor | Operation):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python scalars, strings, lists, numpy ndarrays, "
            f"or TensorHandles. For reference, the tensor object was {value} which was passed to the feed with key {tensor}."
        )
    kind = tensor._dtype.base_dtype
    if isinstance(value, jax.Array):
        array = value
    elif kind.as_numpy_dtype is np.object_:
        array = np.array(value, dtype=object) if kind.name != "string" else _text(value)
    else:
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and kind.as_numpy_dtype(value) != value
            and not kind.is_floating
        ):
            raise TypeError(
                f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type {kind.as_numpy_dtype}. Try explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
            )
        with np.errstate(all="ignore"):
            array = np.array(value, dtype=kind.as_numpy_dtype)
    shape = tensor._shape
    if shape.sizes is not None and not _fits(array.shape, shape.sizes):
        raise ValueError(
            f"Cannot feed value of shape {array.shape} for Tensor {tensor.name!r}, which has shape {str(shape)!r}"
        )
    if not graph.is_feedable(tensor):
        raise ValueError(f"Tensor {tensor} may not be fed.")
    return array


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(w is None or w == s for s, w in zip(shape, wanted, strict=True))


def _text(value: Any) -> np.ndarray:
    array = (
        value
        if isinstance(value, np.ndarray)
        else constants._nested(value)
        if isinstance(value, list | tuple)
        else np.array(value, object)
    )
    result = np.empty(array.shape, object)
    for index, element in np.ndenumerate(array):
        result[index] = element if isinstance(element, bytes) else str(element).encode()
    return result
