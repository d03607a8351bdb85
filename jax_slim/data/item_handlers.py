"""Item handlers: how parsed features become an item, such as an image or its boxes."""

import abc
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.features import SparseTensorValue, strings

Tensors = Mapping[str, Any]


class ItemHandler(abc.ABC):
    """Makes one item of the features that `keys` name.

    Write `tensors_to_item` for a kind of item of your own; `ItemHandlerCallback` does with a function.

    Args:
      keys: the names of the features, or one of them.

    Source: tf_slim.data.tfexample_decoder, as all handlers here.
    """

    def __init__(self, keys: Sequence[str] | str):
        self._keys = [keys] if isinstance(keys, str) else list(keys)

    @property
    def keys(self) -> list[str]:
        """The names of the features that the item is made of."""
        return self._keys

    @abc.abstractmethod
    def tensors_to_item(self, keys_to_tensors: Tensors) -> Any:
        """The item, from the parsed features by name."""


class ItemHandlerCallback(ItemHandler):
    """Makes an item by a function of the parsed features by name.

        ItemHandlerCallback(["ymin", "ymax"], lambda parsed: parsed["ymax"].values - parsed["ymin"].values)

    Args:
      keys: the names of the features, or one of them.
      func: name -> feature, to item. A `VarLenFeature` comes as a `SparseTensorValue`.
    """

    def __init__(self, keys: Sequence[str] | str, func: Callable[[dict[str, Any]], Any]):
        super().__init__(keys)
        self._func = func

    def tensors_to_item(self, keys_to_tensors: Tensors) -> Any:
        return self._func(dict(keys_to_tensors))


class Tensor(ItemHandler):
    """Gives a feature as a dense array, in a shape that is given or stored beside it.

        Tensor("image/class/label")
        Tensor("matrix", shape_keys=["matrix/height", "matrix/width"])

    Args:
      tensor_key: the name of the feature.
      shape_keys: the name of the feature with the shape, or a list of names, one for each dimension.
      shape: the shape; one dimension may be -1.
      default_value: fills places of a sparse feature that hold nothing.

    Raises:
      ValueError: both `shape_keys` and `shape` are given.
    """

    def __init__(
        self,
        tensor_key: str,
        shape_keys: Sequence[str] | str | None = None,
        shape: Sequence[int] | None = None,
        default_value: Any = 0,
    ):
        if shape_keys and shape is not None:
            raise ValueError(f"Tensor: shape_keys and shape must not both be given, got {shape_keys!r} and {shape!r}.")
        self._tensor_key = tensor_key
        self._shape_keys = [shape_keys] if isinstance(shape_keys, str) else list(shape_keys or ())
        self._shape = shape
        self._default_value = default_value
        super().__init__([tensor_key, *self._shape_keys])

    def tensors_to_item(self, keys_to_tensors: Tensors) -> Any:
        tensor = keys_to_tensors[self._tensor_key]
        shape = self._shape
        if self._shape_keys:
            dims = [dense(keys_to_tensors[key]) for key in self._shape_keys]
            if len({np.size(dim) for dim in dims}) > 1:
                sizes = {key: np.size(dim) for key, dim in zip(self._shape_keys, dims, strict=True)}
                raise DataLossError(f"Tensor: shape_keys must have as many values each, got {sizes}.")
            shape = np.concatenate([np.reshape(dim, -1) for dim in dims]).tolist()
        if isinstance(tensor, SparseTensorValue):
            if shape is not None:
                tensor = _reshaped_sparse(tensor, shape, self._tensor_key)
            return dense(tensor, self._default_value)
        return tensor if shape is None else reshaped(tensor, shape, self._tensor_key)


class LookupTensor(Tensor):
    """Gives a feature as `Tensor` does, each value replaced by what a table has for it.

        LookupTensor("image/object/class/text", {"cat": 3, "dog": 7})

    Args:
      tensor_key, shape_keys, shape, default_value: as for `Tensor`.
      table: a mapping from values (text or bytes for strings) to numbers, where -1 stands for what it lacks; or an
        object with a method `lookup`, which is given the array.
    """

    def __init__(
        self,
        tensor_key: str,
        table: Any,
        shape_keys: Sequence[str] | str | None = None,
        shape: Sequence[int] | None = None,
        default_value: Any = "",
    ):
        super().__init__(tensor_key, shape_keys, shape, default_value)
        if not isinstance(table, Mapping) and not hasattr(table, "lookup"):
            raise TypeError(
                f"LookupTensor: table must be a mapping or have a method lookup, got {type(table).__name__}."
            )
        self._table = table
        if isinstance(table, Mapping):
            self._table = {key.encode() if isinstance(key, str) else key: value for key, value in table.items()}

    def tensors_to_item(self, keys_to_tensors: Tensors) -> Any:
        values = super().tensors_to_item(keys_to_tensors)
        if not isinstance(self._table, Mapping):
            return self._table.lookup(values)
        array = as_array(values)
        kind = float if any(isinstance(value, float) for value in self._table.values()) else np.int64
        found = [self._table.get(value, -1) for value in array.reshape(-1).tolist()]
        return np.array(found, np.float32 if kind is float else np.int64).reshape(array.shape)[()]


class BackupHandler(ItemHandler):
    """Tries one handler, and another one where that gives an item without elements.

    Args:
      handler: the first one.
      backup: the other one.

    Raises:
      ValueError: either is no `ItemHandler`.
    """

    def __init__(self, handler: ItemHandler, backup: ItemHandler):
        for name, given in (("handler", handler), ("backup", backup)):
            if not isinstance(given, ItemHandler):
                raise ValueError(f"BackupHandler: {name} must be an ItemHandler, got {type(given).__name__}.")
        self._handler = handler
        self._backup = backup
        super().__init__([*handler.keys, *backup.keys])

    def tensors_to_item(self, keys_to_tensors: Tensors) -> Any:
        item = self._handler.tensors_to_item(keys_to_tensors)
        empty = (
            math.prod(item.dense_shape.tolist() if isinstance(item, SparseTensorValue) else as_array(item).shape) == 0
        )
        return self._backup.tensors_to_item(keys_to_tensors) if empty else item


class SparseTensor(ItemHandler):
    """Makes a sparse array of a feature with places and one with values.

    Args:
      indices_key: the name of the feature with the places along the last axis; by default "indices".
      values_key: the name of the feature with the values; by default "values".
      shape_key: the name of the feature with the shape.
      shape: the shape, where there is no `shape_key`. With neither it is as long as the places are many.
      densify: whether to give a dense array instead.
      default_value: what a dense array holds elsewhere.
    """

    def __init__(
        self,
        indices_key: str | None = None,
        values_key: str | None = None,
        shape_key: str | None = None,
        shape: Sequence[int] | None = None,
        densify: bool = False,
        default_value: Any = 0,
    ):
        self._indices_key = indices_key or "indices"
        self._values_key = values_key or "values"
        self._shape_key = shape_key
        self._shape = shape
        self._densify = densify
        self._default_value = default_value
        super().__init__([self._indices_key, self._values_key, *([shape_key] if shape_key else [])])

    def tensors_to_item(self, keys_to_tensors: Tensors) -> Any:
        indices = _as_sparse(keys_to_tensors[self._indices_key])
        values = _as_sparse(keys_to_tensors[self._values_key]).values
        if self._shape_key:
            shape = dense(keys_to_tensors[self._shape_key])
        else:
            shape = self._shape if self._shape else indices.dense_shape
        places = indices.indices.copy()
        if len(places) != len(values):
            raise DataLossError(
                f"SparseTensor: features {self._indices_key!r} and {self._values_key!r} must have the same number of "
                f"values, got {len(places)} and {len(values)}."
            )
        places[:, -1] = indices.values.astype(np.int64)
        tensor = SparseTensorValue(places, values, np.reshape(np.asarray(shape, np.int64), -1))
        return dense(tensor, self._default_value) if self._densify else tensor


class BoundingBox(ItemHandler):
    """Puts four features with the sides of boxes together: [num_boxes, 4] in the order ymin, xmin, ymax, xmax.

    Args:
      keys: the names of the four features, in that order; by default ["ymin", "xmin", "ymax", "xmax"].
      prefix: what stands before each of them, "image/object/bbox/" for instance.

    Raises:
      ValueError: there are not four keys.
    """

    def __init__(self, keys: Sequence[str] | None = None, prefix: str = ""):
        super().__init__(full_keys("BoundingBox", keys, prefix, ("ymin", "xmin", "ymax", "xmax")))

    def tensors_to_item(self, keys_to_tensors: Tensors) -> np.ndarray:
        return _columns("BoundingBox", self.keys, keys_to_tensors)


class Keypoints(ItemHandler):
    """Puts two features with the coordinates of points together: [num_points, 2] in the order y, x.

    Args:
      keys: the names of the two features, in that order; by default ["y", "x"].
      prefix: what stands before each of them.

    Raises:
      ValueError: there are not two keys.
    """

    def __init__(self, keys: Sequence[str] | None = None, prefix: str = ""):
        super().__init__(full_keys("Keypoints", keys, prefix, ("y", "x")))

    def tensors_to_item(self, keys_to_tensors: Tensors) -> np.ndarray:
        return _columns("Keypoints", self.keys, keys_to_tensors)


def dense(tensor: Any, default_value: Any = 0) -> Any:
    """A sparse array with `default_value` in its empty places; what is dense already stays.

    Raises:
      DataLossError: a place lies outside, occurs twice or out of order, as TensorFlow refuses it.
    """
    if not isinstance(tensor, SparseTensorValue):
        return tensor
    shape = tuple(tensor.dense_shape.tolist())
    places, values = tensor.indices, tensor.values
    if places.shape[1] != len(shape):
        raise DataLossError(
            f"dense: the shape of a sparse array must have {places.shape[1]} dimensions, as its places, got "
            f"{list(shape)}."
        )
    if places.size and (places.min() < 0 or (places >= np.array(shape)).any()):
        raise DataLossError(
            f"dense: the places of a sparse array must lie in its shape {list(shape)}, got {places.max(0)}."
        )
    # A scalar has one place, which no number tells.
    flat: Any = np.ravel_multi_index(tuple(places.T), shape) if places.size else np.zeros(len(places), np.int64)
    if (np.diff(flat) <= 0).any():
        raise DataLossError(f"dense: the places of a sparse array must be in order and differ, got {flat.tolist()}.")
    if len(flat) == math.prod(shape):
        return values.reshape(shape)
    if values.dtype == object:
        default_value = default_value.encode() if isinstance(default_value, str) else default_value or b""
    filled = np.full(math.prod(shape), default_value, values.dtype)
    filled[flat] = values
    return filled.reshape(shape)


def as_array(value: Any) -> np.ndarray:
    """A value as an array; bytes as an object array that keeps their zeros."""
    return strings([value]).reshape(()) if isinstance(value, bytes | str) else np.asarray(value)


def reshaped(value: Any, shape: Any, key: str) -> Any:
    """A value in another shape.

    Raises:
      DataLossError: it has another number of elements.
    """
    array = as_array(value)
    dims = [int(dim) for dim in np.reshape(np.asarray(shape, np.int64), -1)]
    try:
        return array.reshape(dims)[()]
    except ValueError:
        raise DataLossError(
            f"reshape: {key!r} must have as many values as the shape {dims}, got {array.size} of shape "
            f"{list(array.shape)}."
        ) from None


def _reshaped_sparse(tensor: SparseTensorValue, shape: Any, key: str) -> SparseTensorValue:
    before = tuple(tensor.dense_shape.tolist())
    dims = [int(dim) for dim in np.reshape(np.asarray(shape, np.int64), -1)]
    size, known = math.prod(before), math.prod(dim for dim in dims if dim >= 0)
    if dims.count(-1) == 1 and known and size % known == 0:
        dims[dims.index(-1)] = size // known
    if math.prod(dims) != size or any(dim < 0 for dim in dims):
        raise DataLossError(f"reshape: {key!r} must have as many values as the shape {dims}, got {size}.")
    flat: Any = np.ravel_multi_index(tuple(tensor.indices.T), before) if len(tensor.values) else np.empty(0, np.int64)
    places = np.stack(np.unravel_index(flat, tuple(dims)), 1) if dims else np.empty((len(flat), 0))
    return SparseTensorValue(places.astype(np.int64), tensor.values, np.array(dims, np.int64))


def _as_sparse(value: Any) -> SparseTensorValue:
    if isinstance(value, SparseTensorValue):
        return value
    array = np.reshape(as_array(value), -1)
    return SparseTensorValue(np.arange(array.size)[:, None], array, np.array([array.size], np.int64))


def full_keys(function: str, keys: Sequence[str] | None, prefix: str | None, usual: Sequence[str]) -> list[str]:
    """The names of the features of a handler: as many as `usual` has, behind `prefix`."""
    if keys is not None and (isinstance(keys, str) or len(keys) != len(usual)):
        raise ValueError(f"{function}: keys must be {len(usual)} names, as {list(usual)}, got {keys!r}.")
    return [(prefix or "") + key for key in (usual if keys is None else keys)]


def _columns(function: str, keys: Sequence[str], keys_to_tensors: Tensors) -> np.ndarray:
    columns = [np.asarray(_as_sparse(keys_to_tensors[key]).values) for key in keys]
    if len({len(column) for column in columns}) > 1:
        lengths = {key: len(column) for key, column in zip(keys, columns, strict=True)}
        raise DataLossError(f"{function}: the features must have the same number of values, got {lengths}.")
    return np.stack(columns, 1)
