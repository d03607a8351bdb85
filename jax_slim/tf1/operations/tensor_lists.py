"""TensorList: what TensorFlow 2 writes for a TensorArray. The list itself is the value; it is kept as tensor arrays are."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import errors, known_values, rows, shapes
from jax_slim.tf1.operations import arrays, tensor_array_values
from jax_slim.tf1.operations.tensor_array_values import TensorArrayValue

_FEW = 8  # rows up to which they are kept one by one
_MOST = 1 << 24  # elements of a list


def _scalar(op: Any) -> Any:
    return [shapes.TensorShape([])]


def _element_shape(op: Any) -> shapes.TensorShape:
    """What is known of the elements' shape: the last input of that name."""
    place = rows.input_names(op).index("element_shape")
    return known_values.constant_value_as_shape(op._inputs[place])


def _sizes(element_shape: Any) -> tuple[int, ...] | None:
    """The elements' shape, or None where it is not known whole."""
    sizes = np.asarray(element_shape)
    return tuple(int(s) for s in sizes) if sizes.ndim == 1 and (sizes >= 0).all() else None


def _blank(value: TensorArrayValue, element_shape: Any, element_dtype: Any) -> Any:
    """What is read where nothing was written: zeros."""
    written = [item for item in value.items if item is not None]
    sizes = np.shape(written[0]) if written else _sizes(element_shape)
    if sizes is None:
        raise errors.InvalidArgumentError(
            None, None, "Trying to read an uninitialized element of a list whose elements' shape is not known."
        )
    return np.zeros(sizes, element_dtype.as_numpy_dtype)


def _items(value: TensorArrayValue, element_shape: Any, element_dtype: Any) -> list[Any]:
    if value.buffer is not None:
        return [value.buffer[i] for i in range(value.size)]
    return [_blank(value, element_shape, element_dtype) if item is None else item for item in value.items]


def _check(place: int, size: int) -> None:
    if not 0 <= place < size:
        raise errors.InvalidArgumentError(
            None, None, f"Trying to access element {place} in a list with {size} elements."
        )


def _of_rows(tensor: Any) -> TensorArrayValue:
    size = tensor.shape[0]
    if size > _FEW and not isinstance(tensor, np.ndarray):
        return TensorArrayValue(None, tensor, size)
    return TensorArrayValue([tensor[i] for i in range(size)], None, size)


def _empty(size: Any) -> TensorArrayValue:
    size = int(size)
    if not 0 <= size <= _MOST:
        raise errors.InvalidArgumentError(None, None, f"A list must have from 0 to {_MOST} elements, got {size}.")
    return TensorArrayValue([None] * size, None, size)


@rows.row("EmptyTensorList", shape=_scalar)
def empty_tensor_list(element_shape, max_num_elements):
    return _empty(0)


@rows.row("TensorListReserve", static=("num_elements",), shape=_scalar)
def tensor_list_reserve(element_shape, num_elements):
    return _empty(num_elements)


@rows.row("TensorListFromTensor", shape=_scalar)
def tensor_list_from_tensor(tensor, element_shape):
    return _of_rows(tensor)


@rows.row("TensorListLength", shape=_scalar)
def tensor_list_length(input_handle):
    return np.asarray(input_handle.size, np.int32)


@rows.row("TensorListSetItem", shape=_scalar)
def tensor_list_set_item(input_handle, index, item, *, resize_if_index_out_of_bounds):
    value = input_handle
    if value.buffer is None and arrays.is_known(index):
        place = int(index)
        items = list(value.items)
        if resize_if_index_out_of_bounds:
            items += _empty(max(0, place + 1 - len(items))).items
        _check(place, len(items))
        items[place] = item
        return TensorArrayValue(items, None, len(items))
    buffer = tensor_array_values.stacked(value).buffer
    if buffer is None:
        buffer = jnp.zeros((value.size, *np.shape(item)), jnp.asarray(item).dtype)
    return TensorArrayValue(None, buffer.at[index].set(item), value.size)


@rows.row("TensorListGetItem", shape=lambda op: [_element_shape(op)])
def tensor_list_get_item(input_handle, index, element_shape, *, element_dtype):
    value = input_handle
    if value.buffer is None and arrays.is_known(index):
        place = int(index)
        _check(place, value.size)
        item = value.items[place]
        return _blank(value, element_shape, element_dtype) if item is None else item
    buffer = tensor_array_values.stacked(value).buffer
    return _blank(value, element_shape, element_dtype) if buffer is None else buffer[index]


def _stacked_shape(op: Any) -> Any:
    count = op.attrs["num_elements"]
    return [shapes.TensorShape([None if count < 0 else count]).concatenate(_element_shape(op))]


@rows.row("TensorListStack", shape=_stacked_shape)
def tensor_list_stack(input_handle, element_shape, *, element_dtype, num_elements):
    value = input_handle
    if num_elements >= 0 and num_elements != value.size:
        raise errors.InvalidArgumentError(
            None, None, f"Operation expected a list with {num_elements} elements but got one with {value.size}."
        )
    if value.buffer is not None:
        return value.buffer
    if not value.items:
        return np.zeros((0, *(_sizes(element_shape) or ())), element_dtype.as_numpy_dtype)
    items = _items(value, element_shape, element_dtype)
    return arrays.xp(*items).stack(items)


@rows.row("TensorListPushBack", shape=_scalar)
def tensor_list_push_back(input_handle, tensor):
    value = input_handle
    if value.buffer is not None:
        return TensorArrayValue(None, jnp.concatenate([value.buffer, jnp.asarray(tensor)[None]]), value.size + 1)
    return TensorArrayValue([*value.items, tensor], None, value.size + 1)


@rows.row("TensorListPopBack", shape=lambda op: [shapes.TensorShape([]), _element_shape(op)])
def tensor_list_pop_back(input_handle, element_shape, *, element_dtype):
    value = input_handle
    if not value.size:
        raise errors.InvalidArgumentError(None, None, "Trying to pop from an empty list.")
    if value.buffer is not None:
        return TensorArrayValue(None, value.buffer[:-1], value.size - 1), value.buffer[-1]
    last = value.items[-1]
    rest = TensorArrayValue(value.items[:-1], None, value.size - 1)
    return rest, _blank(value, element_shape, element_dtype) if last is None else last


@rows.row("TensorListElementShape", shape=lambda op: [shapes.unknown_shape(1)])
def tensor_list_element_shape(input_handle, *, shape_type):
    value = input_handle
    first = value.buffer[0] if value.buffer is not None else next((i for i in value.items if i is not None), None)
    return np.asarray(-1 if first is None else np.shape(first), shape_type.as_numpy_dtype)


@rows.row("TensorListResize", static=("size",), shape=_scalar)
def tensor_list_resize(input_handle, size):
    value, size = input_handle, _empty(size).size
    if value.buffer is None:
        return TensorArrayValue((value.items + [None] * size)[:size], None, size)
    more = [(0, max(0, size - value.size))] + [(0, 0)] * (value.buffer.ndim - 1)
    return TensorArrayValue(None, jnp.pad(value.buffer, more)[:size], size)


def _gathered_shape(op: Any) -> Any:
    count = op._inputs[1].shape[0] if op._inputs[1].shape.ndims == 1 else None
    return [shapes.TensorShape([count]).concatenate(_element_shape(op))]


@rows.row("TensorListGather", shape=_gathered_shape)
def tensor_list_gather(input_handle, indices, element_shape, *, element_dtype):
    value = input_handle
    if value.buffer is None and arrays.is_known(indices):
        items = _items(value, element_shape, element_dtype)
        for place in np.asarray(indices):
            _check(int(place), value.size)
        if not len(indices):
            return np.zeros((0, *(_sizes(element_shape) or ())), element_dtype.as_numpy_dtype)
        return arrays.xp(*items).stack([items[int(place)] for place in indices])
    return tensor_array_values.stacked(value).buffer[indices]


@rows.row("TensorListScatter", shape=_scalar)
def tensor_list_scatter(tensor, indices, element_shape):
    return tensor_list_scatter_v2(tensor, indices, element_shape, np.int32(-1))


@rows.row("TensorListScatterV2", static=("num_elements", "indices"), shape=_scalar)
def tensor_list_scatter_v2(tensor, indices, element_shape, num_elements):
    size = int(num_elements) if num_elements >= 0 else int(np.max(indices, initial=-1)) + 1
    return tensor_list_scatter_into(_empty(size), tensor, indices)


@rows.row("TensorListScatterIntoExistingList", shape=_scalar)
def tensor_list_scatter_into(input_handle, tensor, indices):
    value = input_handle
    if value.buffer is None and arrays.is_known(indices):
        items = list(value.items)
        for row, place in enumerate(np.asarray(indices)):
            _check(int(place), len(items))
            items[int(place)] = tensor[row]
        return TensorArrayValue(items, None, len(items))
    buffer = tensor_array_values.stacked(value).buffer
    if buffer is None:
        buffer = jnp.zeros((value.size, *tensor.shape[1:]), tensor.dtype)
    return TensorArrayValue(None, buffer.at[indices].set(tensor), value.size)


@rows.row("TensorListConcat", shape=lambda op: [shapes.unknown_shape(), shapes.unknown_shape(1)])
def tensor_list_concat(input_handle):
    items = list(input_handle.buffer) if input_handle.buffer is not None else input_handle.items
    if not items or any(item is None for item in items):
        raise errors.InvalidArgumentError(None, None, "All elements of a list that is concatenated must be written.")
    return arrays.xp(*items).concatenate(items), np.array([np.shape(item)[0] for item in items], np.int64)


@rows.row("TensorListConcatV2", shape=lambda op: [shapes.unknown_shape(), shapes.unknown_shape(1)])
def tensor_list_concat_v2(input_handle, element_shape, leading_dims):
    return tensor_list_concat(input_handle)


@rows.row("TensorListSplit", static=("lengths",), shape=_scalar)
def tensor_list_split(tensor, element_shape, lengths):
    ends = np.cumsum(lengths)
    items = [tensor[int(end - length) : int(end)] for end, length in zip(ends, lengths, strict=True)]
    return TensorArrayValue(items, None, len(items))


@rows.row("TensorListConcatLists", shape=_scalar)
def tensor_list_concat_lists(input_a, input_b):
    parts = [list(v.buffer) if v.buffer is not None else v.items for v in (input_a, input_b)]
    return TensorArrayValue([*parts[0], *parts[1]], None, input_a.size + input_b.size)
