"""`slim.tfexample_decoder`: from serialized examples to items, as nodes of the graph."""

import abc
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import composites, conversion, dtypes
from jax_slim.tf1.python import (
    array,
    cases,
    constant_op,
    control_flow,
    functional,
    image_codecs,
    math,
    parsing,
    reductions,
    slicing,
    sparse,
)
from jax_slim.tf1.python.parsing import FixedLenFeature


class DataDecoder(abc.ABC):
    """What makes items of serialized data: the interface."""

    @abc.abstractmethod
    def decode(self, data: Any, items: Any) -> Any:
        """The tensors of some items."""

    @abc.abstractmethod
    def list_items(self) -> Any:
        """The names of all items."""


class ItemHandler(abc.ABC):
    """Makes an item of the features of an example."""

    def __init__(self, keys: Any) -> None:
        self._keys = list(keys) if isinstance(keys, tuple | list) else [keys]

    @property
    def keys(self) -> list[str]:
        return self._keys

    @abc.abstractmethod
    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The item, from features by name."""


class ItemHandlerCallback(ItemHandler):
    """An item that a function makes of features."""

    def __init__(self, keys: Any, func: Callable[[dict[str, Any]], Any]) -> None:
        super().__init__(keys)
        self._func = func

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        return self._func(keys_to_tensors)


def _full_keys(keys: Any, prefix: str | None, usual: tuple[str, ...], what: str) -> list[str]:
    keys = list(usual) if keys is None else list(keys)
    if len(keys) != len(usual):
        raise ValueError(f"{what} expects {len(usual)} keys but got {len(keys)}")
    return [(prefix or "") + key for key in keys]


class BoundingBox(ItemHandler):
    """Boxes [boxes, 4] from four features, as `prefix + "ymin"`, xmin, ymax, xmax."""

    def __init__(self, keys: Any = None, prefix: str = "") -> None:
        self._full_keys = _full_keys(keys, prefix, ("ymin", "xmin", "ymax", "xmax"), "BoundingBox")
        super().__init__(self._full_keys)

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        sides = []
        for key in self._full_keys:
            side = keys_to_tensors[key]
            sides.append(array.expand_dims(side.values if isinstance(side, composites.SparseTensor) else side, 0))
        return array.transpose(array.concat(sides, 0))


class _PointsOverTime(ItemHandler):
    _usual: tuple[str, ...] = ()

    def __init__(
        self, keys: Any = None, prefix: str | None = None, return_dense: bool = True, default_value: float = -1.0
    ) -> None:
        self._full_keys = _full_keys(keys, prefix, self._usual, type(self).__name__)
        self._return_dense, self._default_value = return_dense, default_value
        super().__init__(self._full_keys)

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        sides = []
        for key in self._full_keys:
            value = keys_to_tensors[key]
            one = conversion.constant([1], dtype=dtypes.int64)
            sides.append(
                sparse.sparse_reshape(value, array.concat([math.cast(array.shape(value), dtypes.int64), one], 0))
            )
        found = sparse.sparse_concat(2, sides)
        return sparse.sparse_tensor_to_dense(found, default_value=self._default_value) if self._return_dense else found


class BoundingBoxSequence(_PointsOverTime):
    """Boxes [steps, boxes, 4] of sequences."""

    _usual = ("ymin", "xmin", "ymax", "xmax")


class KeypointsSequence(_PointsOverTime):
    """Points [steps, points, 2] of sequences."""

    _usual = ("y", "x")


class NumBoxesSequence(ItemHandler):
    """How many boxes each step has, by the lengths of features.

    Args:
      keys: the features.
      check_consistency: whether a run fails where they have different lengths.
    """

    def __init__(
        self, keys: Any = ("bbox/ymin", "bbox/xmin", "bbox/ymax", "bbox/xmax"), check_consistency: bool = True
    ) -> None:
        self._check_consistency = check_consistency
        super().__init__(keys)

    @staticmethod
    def _count(tensor: Any) -> Any:
        if not isinstance(tensor, composites.SparseTensor):
            raise ValueError("tensor must be of type tf.SparseTensor.")
        ones = constant_op.ones_like(tensor.values, dtype=dtypes.int32)
        present = sparse.sparse_tensor_to_dense(composites.SparseTensor(tensor.indices, ones, tensor.dense_shape))
        return reductions.reduce_sum(present, axis=1)

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        from jax_slim.tf1.graph import graphs
        from jax_slim.tf1.python import checks

        first, *rest = [self._count(keys_to_tensors[k]) for k in self._keys]
        if self._check_consistency:
            with graphs.control_dependencies([checks.assert_equal(first, other) for other in rest]):
                first = array.identity(first)
        return first


class Tensor(ItemHandler):
    """A feature, as a dense tensor of a shape that is given or that other features tell."""

    def __init__(self, tensor_key: str, shape_keys: Any = None, shape: Any = None, default_value: Any = 0) -> None:
        if shape_keys and shape is not None:
            raise ValueError("Cannot specify both shape_keys and shape parameters.")
        if shape_keys and not isinstance(shape_keys, list):
            shape_keys = [shape_keys]
        self._tensor_key, self._shape_keys, self._shape, self._default_value = (
            tensor_key,
            shape_keys,
            shape,
            default_value,
        )
        super().__init__([tensor_key, *(shape_keys or [])])

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        tensor, shape = keys_to_tensors[self._tensor_key], self._shape
        if self._shape_keys:
            sizes = [keys_to_tensors[k] for k in self._shape_keys]
            sizes = [sparse.sparse_tensor_to_dense(s) if isinstance(s, composites.SparseTensor) else s for s in sizes]
            shape = array.reshape(array.stack(sizes), [-1])
        if isinstance(tensor, composites.SparseTensor):
            if shape is not None:
                tensor = sparse.sparse_reshape(tensor, shape)
            return sparse.sparse_tensor_to_dense(tensor, self._default_value)
        return tensor if shape is None else array.reshape(tensor, shape)


class LookupTensor(Tensor):
    """A feature, looked up in a table."""

    def __init__(
        self, tensor_key: str, table: Any, shape_keys: Any = None, shape: Any = None, default_value: Any = ""
    ) -> None:
        self._table = table
        super().__init__(tensor_key, shape_keys, shape, default_value)

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        return self._table.lookup(super().tensors_to_item(keys_to_tensors))


class BackupHandler(ItemHandler):
    """An item, or another one where the first is empty."""

    def __init__(self, handler: ItemHandler, backup: ItemHandler) -> None:
        for given in (handler, backup):
            if not isinstance(given, ItemHandler):
                raise ValueError("Both handlers must be of type ItemHandler")
        self._handler, self._backup = handler, backup
        super().__init__([*handler.keys, *backup.keys])

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        item = self._handler.tensors_to_item(keys_to_tensors)
        empty = math.equal(reductions.reduce_prod(array.shape(item)), 0)
        return control_flow.cond(empty, lambda: self._backup.tensors_to_item(keys_to_tensors), lambda: item)


class SparseTensor(ItemHandler):
    """A sparse tensor from one feature with the places along the last axis and another one with the values."""

    def __init__(
        self,
        indices_key: str | None = None,
        values_key: str | None = None,
        shape_key: str | None = None,
        shape: Any = None,
        densify: bool = False,
        default_value: Any = 0,
    ) -> None:
        self._indices_key, self._values_key = indices_key or "indices", values_key or "values"
        if shape_key and shape is not None:
            raise ValueError("Cannot specify both shape_key and shape parameters.")
        self._shape_key, self._shape, self._densify, self._default_value = shape_key, shape, densify, default_value
        super().__init__([self._indices_key, self._values_key, *([shape_key] if shape_key else [])])

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        indices, values = keys_to_tensors[self._indices_key], keys_to_tensors[self._values_key]
        shape: Any = indices.dense_shape
        if self._shape_key:
            shape = keys_to_tensors[self._shape_key]
            shape = sparse.sparse_tensor_to_dense(shape) if isinstance(shape, composites.SparseTensor) else shape
        elif self._shape:
            shape = self._shape
        rank = array.shape(indices.indices)[1]
        ids = math.cast(indices.values, dtypes.int64)
        kept = slicing.slice(indices.indices, [0, 0], array.stack([-1, rank - 1]))
        found = composites.SparseTensor(array.concat([kept, array.reshape(ids, [-1, 1])], 1), values.values, shape)
        return sparse.sparse_tensor_to_dense(found, self._default_value) if self._densify else found


class Image(ItemHandler):
    """An image, decoded by what its bytes are: JPEG, PNG, GIF, BMP, or raw numbers where the format says so.

    Args:
      image_key, format_key: the features; "image/encoded" and "image/format".
      shape: what the image is reshaped to.
      channels: how many colours.
      dtype: of the image.
      repeated: whether the feature has several images.
      dct_method: how JPEG is decoded.
    """

    def __init__(
        self,
        image_key: str | None = None,
        format_key: str | None = None,
        shape: Any = None,
        channels: int = 3,
        dtype: Any = dtypes.uint8,
        repeated: bool = False,
        dct_method: str = "",
    ) -> None:
        self._image_key, self._format_key = image_key or "image/encoded", format_key or "image/format"
        super().__init__([self._image_key, self._format_key])
        self._shape, self._channels, self._dtype, self._repeated, self._dct_method = (
            shape,
            channels,
            dtype,
            repeated,
            dct_method,
        )

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        buffer, form = keys_to_tensors[self._image_key], keys_to_tensors[self._format_key]
        if self._repeated:
            return functional.map_fn(lambda x: self._decode(x, form), buffer, dtype=self._dtype)
        return self._decode(buffer, form)

    def _decode(self, buffer: Any, form: Any) -> Any:
        def decode_image() -> Any:
            return math.cast(image_codecs.decode_image(buffer, channels=self._channels), self._dtype)

        def decode_jpeg() -> Any:
            return math.cast(
                image_codecs.decode_jpeg(buffer, channels=self._channels, dct_method=self._dct_method), self._dtype
            )

        def check_jpeg() -> Any:
            return control_flow.cond(image_codecs.is_jpeg(buffer), decode_jpeg, decode_image, name="cond_jpeg")

        def decode_raw() -> Any:
            return parsing.decode_raw(buffer, out_type=self._dtype)

        raw = math.logical_or(math.equal(form, "raw"), math.equal(form, "RAW"))
        image = cases.case({raw: decode_raw}, default=check_jpeg, exclusive=True)
        image.set_shape([None, None, self._channels])
        return image if self._shape is None else array.reshape(image, self._shape)


class TFExampleDecoder(DataDecoder):
    """Decodes serialized `tf.train.Example`s.

    Args:
      keys_to_features: the features that an example has, as `tf.parse_single_example` takes them.
      items_to_handlers: the name of each item -> its `ItemHandler`.
    """

    def __init__(self, keys_to_features: dict[str, Any], items_to_handlers: dict[str, ItemHandler]) -> None:
        self._keys_to_features, self._items_to_handlers = keys_to_features, items_to_handlers

    def list_items(self) -> list[str]:
        """The names of all items."""
        return list(self._items_to_handlers)

    def decode(self, serialized_example: Any, items: Any = None) -> list[Any]:
        """The tensors of items (all of them when none are named)."""
        example = parsing.parse_single_example(serialized_example, self._keys_to_features)
        for key in sorted(self._keys_to_features):
            feature = self._keys_to_features[key]
            if isinstance(feature, FixedLenFeature):
                example[key] = array.reshape(example[key], feature.shape)
        return _items(self._items_to_handlers, example, items)


class TFSequenceExampleDecoder(DataDecoder):
    """Decodes serialized `tf.train.SequenceExample`s.

    Args:
      keys_to_context_features, keys_to_sequence_features: as `tf.parse_single_sequence_example` takes them.
      items_to_handlers: the name of each item -> its `ItemHandler`.
    """

    def __init__(
        self,
        keys_to_context_features: dict[str, Any],
        keys_to_sequence_features: dict[str, Any],
        items_to_handlers: dict[str, ItemHandler],
    ) -> None:
        both = set(keys_to_context_features) & set(keys_to_sequence_features)
        if both:
            raise ValueError(f"Context and sequence features must not overlap: {both}")
        self._context, self._sequences, self._items_to_handlers = (
            keys_to_context_features,
            keys_to_sequence_features,
            items_to_handlers,
        )

    def list_items(self) -> list[str]:
        """The names of all items."""
        return list(self._items_to_handlers)

    def decode(self, serialized_example: Any, items: Any = None) -> list[Any]:
        """The tensors of items (all of them when none are named)."""
        context, sequences = parsing.parse_single_sequence_example(serialized_example, self._context, self._sequences)
        for key in sorted(self._context):
            if isinstance(self._context[key], FixedLenFeature):
                context[key] = array.reshape(context[key], self._context[key].shape)
        return _items(self._items_to_handlers, {**context, **sequences}, items)


def _items(handlers: dict[str, ItemHandler], example: dict[str, Any], items: Any) -> list[Any]:
    chosen = [handlers[item] for item in (items or handlers)]
    return [h.tensors_to_item({key: example[key] for key in h.keys}) for h in chosen]
