"""Gradients of a TensorArray's elements, as graphs of TensorFlow's have them: what is written to an element is added up.

TensorFlow keeps one such array for each array and each call of `tf.gradients`, and its flows only order what is done to it. Here
a flow carries what was added on its way, and where flows come together (`AddN`) so do the sums.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.operations import arrays
from jax_slim.tf1.operations.tensor_array_values import Handle, TensorArrayValue, stacked


def added(flow: TensorArrayValue, indices: Any, rows: Any) -> TensorArrayValue:
    """The gradients with rows added at indices; `flow` is that of the array itself where nothing was added yet."""
    array = _gradients(flow)
    if arrays.is_known(indices) and array.buffer is None:
        items = list(array.items)
        for row, place in zip(rows, np.asarray(indices), strict=True):
            items[place] = row if items[place] is None else items[place] + row
        return TensorArrayValue(items, None, array.size, array.of)
    buffer = stacked(array).buffer
    if buffer is None:
        buffer = jnp.zeros((array.size, *np.shape(rows)[1:]), rows.dtype)
    return TensorArrayValue(None, buffer.at[indices].add(rows), array.size, array.of)


def taken(handle: Handle, flow: Any, index: Any) -> Any:
    """The gradient of one element."""
    if isinstance(flow, TensorArrayValue):
        flow = _gradients(flow)
        if flow.buffer is None and arrays.is_known(index):
            item = flow.items[int(index)]
            return _zeros(handle, flow.of[int(index)]) if item is None else item
        buffer = stacked(flow).buffer
        if buffer is not None:
            return buffer[index]
    return _zeros(handle, None)


def gathered(handle: Handle, flow: Any, indices: Any) -> Any:
    """The gradients of some elements as one array."""
    buffer = flow.buffer if isinstance(flow, TensorArrayValue) else None
    if buffer is not None:
        return buffer[indices]
    if arrays.is_known(indices):
        items = [taken(handle, flow, place) for place in np.asarray(indices)]
        return arrays.xp(*items).stack(items) if items else _zeros(handle, None)[None][:0]
    return jnp.stack([taken(handle, flow, place) for place in range(flow.size)])[indices]


def _gradients(flow: TensorArrayValue) -> TensorArrayValue:
    if flow.of is not None:
        return flow
    if flow.buffer is not None:
        of = (tuple(flow.buffer.shape[1:]),) * flow.size
    else:
        of = tuple(None if item is None else np.shape(item) for item in flow.items)
    return TensorArrayValue([None] * flow.size, None, flow.size, of)


def _zeros(handle: Handle, shape: Any) -> Any:
    """For an element that nothing was added to: of the shape of the element, or of what was written to the array last."""
    if shape is None:
        known = handle.shape if handle.shape is not None and handle.shape.is_fully_defined() else None
        shape = handle.noted.get("shape", ()) if known is None else tuple(known.as_list())
    return np.zeros(shape, handle.dtype.as_numpy_dtype)
