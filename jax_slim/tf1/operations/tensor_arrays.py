"""TensorArray: a list of tensors that loops write to and read from. What TensorFlow calls its flow carries the elements here."""

import dataclasses
import operator
from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import errors, rows, shapes
from jax_slim.tf1.operations import arrays
from jax_slim.tf1.operations import tensor_array_gradients as sums
from jax_slim.tf1.operations.tensor_array_values import Handle, TensorArrayValue, handle_of, stacked


def _scalar(op: Any) -> Any:
    return [shapes.TensorShape([2]), shapes.TensorShape([])][: len(op.outputs)]


@rows.row("TensorArrayV3", context=True, static=("size",), shape=_scalar)
def tensor_array(run: Any, op: Any, size: Any) -> Any:
    """An array without elements."""
    size = int(size)
    return handle_of(op), TensorArrayValue([None] * size, None, size)


@rows.row("TensorArrayGradV3", shape=_scalar)
def tensor_array_grad(handle: Handle, flow_in: Any) -> Any:
    """The array of the gradients of an array's elements: what is written to one is added up, what was not written is 0."""
    return dataclasses.replace(handle, gradient=True), flow_in


@rows.row("TensorArrayWriteV3", shape=lambda op: [shapes.TensorShape([])])
def write(handle: Handle, index: Any, value: Any, flow_in: TensorArrayValue) -> Any:
    """The array with one element more, or another."""
    if value.dtype != handle.dtype.as_numpy_dtype:
        raise errors.InvalidArgumentError(
            None, None, f"TensorArray dtype is {handle.dtype.name} but Op is trying to write dtype {value.dtype}."
        )
    if handle.gradient:
        return sums.added(flow_in, arrays.xp(index).reshape(index, [1]), value[None])
    handle.noted["shape"] = np.shape(value)
    if arrays.is_known(index) and flow_in.buffer is None:
        place = int(index)
        _check(handle, place, max(flow_in.size, place + 1) if handle.dynamic else flow_in.size)
        items = list(flow_in.items) + [None] * (place + 1 - flow_in.size)
        if items[place] is not None:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"TensorArray {handle.name}: Could not write to TensorArray index {place} because it has already been written to.",
            )
        items[place] = value
        return TensorArrayValue(items, None, len(items))
    if handle.dynamic:
        operator.index(index)  # raises in programs: how large the array becomes only the host finds out
    array = stacked(flow_in)
    buffer = array.buffer
    if buffer is None:
        buffer = jnp.zeros((flow_in.size, *np.shape(value)), jnp.asarray(value).dtype)
    return TensorArrayValue(None, buffer.at[index].set(value), flow_in.size)


def _check(handle: Handle, place: int, size: int) -> None:
    if not 0 <= place < size:
        raise errors.InvalidArgumentError(
            None, None, f"TensorArray {handle.name}: Tried to access index {place} but array size is: {size}"
        )


@rows.row("TensorArrayReadV3", shape=lambda op: [element_shape(op)])
def read(handle: Handle, index: Any, flow_in: TensorArrayValue) -> Any:
    """One element."""
    if handle.gradient:
        return sums.taken(handle, flow_in, index)
    if flow_in.buffer is None and arrays.is_known(index):
        place = int(index)
        _check(handle, place, flow_in.size)
        item = flow_in.items[place]
        if item is None:
            if handle.shape is not None and handle.shape.is_fully_defined():
                return np.zeros(tuple(handle.shape.as_list()), handle.dtype.as_numpy_dtype)
            raise errors.InvalidArgumentError(
                None,
                None,
                f"TensorArray {handle.name}: Could not read from TensorArray index {place} because it has not been written to.",
            )
        return item
    return stacked(flow_in).buffer[index]


@rows.row("TensorArraySizeV3", shape=lambda op: [shapes.TensorShape([])])
def size(handle: Handle, flow_in: TensorArrayValue) -> Any:
    """How many elements there are."""
    return np.asarray(flow_in.size, np.int32)


@rows.row("TensorArrayCloseV3")
def close(handle: Handle) -> Any:
    """Nothing: memory is the compiler's."""
    return ()


@rows.row(
    "TensorArrayGatherV3",
    shape=lambda op: [
        shapes.TensorShape([op._inputs[1].shape[0] if op._inputs[1].shape.ndims == 1 else None]).concatenate(
            element_shape(op)
        )
    ],
)
def gather(handle: Handle, indices: Any, flow_in: TensorArrayValue) -> Any:
    """Some elements as one array."""
    if handle.gradient:
        return sums.gathered(handle, flow_in, indices)
    known = arrays.is_known(indices)
    if flow_in.buffer is None and known:
        written = next((item for item in flow_in.items if item is not None), None)
        blank = (
            None if written is None else np.zeros(np.shape(written), written.dtype)
        )  # what was not written reads as zeros
        items = [
            blank if written is not None and _blank(flow_in, i) else read(handle, i, flow_in)
            for i in np.asarray(indices)
        ]
        if not items:
            shape = (
                tuple(handle.shape.as_list()) if handle.shape is not None and handle.shape.is_fully_defined() else ()
            )
            return np.zeros((0, *shape), handle.dtype.as_numpy_dtype)
        return arrays.xp(*items).stack(items)
    buffer = stacked(flow_in).buffer
    if known and np.array_equal(indices, np.arange(buffer.shape[0])):
        return buffer
    return buffer[indices]


def _blank(flow: TensorArrayValue, place: int) -> bool:
    return 0 <= place < flow.size and flow.items[place] is None


@rows.row("TensorArrayScatterV3", shape=lambda op: [shapes.TensorShape([])])
def scatter(handle: Handle, indices: Any, value: Any, flow_in: TensorArrayValue) -> Any:
    """The array with rows of a value as elements."""
    if handle.gradient:
        return sums.added(flow_in, indices, value)
    handle.noted["shape"] = np.shape(value)[1:]
    if arrays.is_known(indices) and flow_in.buffer is None:
        if handle.dynamic or len(indices) <= flow_in.size:
            indices = np.asarray(indices)
            total = max(flow_in.size, int(indices.max(initial=-1)) + 1)
            whole = not any(item is not None for item in flow_in.items) and np.array_equal(indices, np.arange(total))
            if whole and total > 8 and not isinstance(value, np.ndarray):
                return TensorArrayValue(None, value, total)
            items = list(flow_in.items) + [None] * (total - flow_in.size)
            for row, place in enumerate(indices):
                items[int(place)] = value[row]
            return TensorArrayValue(items, None, total)
        raise errors.InvalidArgumentError(
            None,
            None,
            f"TensorArray {handle.name}: Tried to scatter {len(indices)} values into an array of size {flow_in.size}",
        )
    array = stacked(flow_in)
    buffer = jnp.zeros((flow_in.size, *value.shape[1:]), value.dtype) if array.buffer is None else array.buffer
    return TensorArrayValue(None, buffer.at[indices].set(value), flow_in.size)


@rows.row(
    "TensorArrayConcatV3",
    shape=lambda op: [
        # The attribute says the sizes after the first.
        shapes.TensorShape([None]).concatenate(op.attrs.get("element_shape_except0") or shapes.unknown_shape()),
        shapes.TensorShape([None]),
    ],
)
def concat(handle: Handle, flow_in: TensorArrayValue) -> Any:
    """The elements joined along their first dimension, and how long each is."""
    items = (
        [sums.taken(handle, flow_in, i) for i in range(flow_in.size)]
        if handle.gradient
        else list(stacked(flow_in).buffer)
        if flow_in.buffer is not None
        else [read(handle, i, flow_in) for i in range(flow_in.size)]
    )
    lengths = np.array([np.shape(i)[0] for i in items], np.int64)
    return arrays.xp(*items).concatenate(items), lengths


@rows.row("TensorArraySplitV3", static=("lengths",), shape=lambda op: [shapes.TensorShape([])])
def split(handle: Handle, value: Any, lengths: Any, flow_in: TensorArrayValue) -> Any:
    """The array with pieces of a value, cut along its first dimension, as elements."""
    ends = np.cumsum(lengths)
    if handle.gradient:
        for place, (end, length) in enumerate(zip(ends, lengths, strict=True)):
            flow_in = sums.added(flow_in, np.array([place]), value[None, int(end - length) : int(end)])
        return flow_in
    items = [value[int(end - length) : int(end)] for end, length in zip(ends, lengths, strict=True)]
    return TensorArrayValue(items, None, len(items))


def element_shape(op: Any) -> shapes.TensorShape:
    """What is known of the elements' shape: the program's array notes it on its operations."""
    found = op.attrs.get("element_shape") or op.attrs.get("element_shape_except0")
    return found if found is not None else op.private.get("element_shape", shapes.unknown_shape())
