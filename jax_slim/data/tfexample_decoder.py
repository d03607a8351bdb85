"""Decoders of tf.train.Example and SequenceExample, and the handlers of their items: `slim.tfexample_decoder`."""

from collections.abc import Mapping, Sequence
from typing import Any

from jax_slim.data.data_decoder import DataDecoder
from jax_slim.data.examples import FeatureReader, parse_single_sequence_example
from jax_slim.data.features import Feature
from jax_slim.data.image_handler import Image as Image
from jax_slim.data.item_handlers import BackupHandler as BackupHandler
from jax_slim.data.item_handlers import BoundingBox as BoundingBox
from jax_slim.data.item_handlers import ItemHandler as ItemHandler
from jax_slim.data.item_handlers import ItemHandlerCallback as ItemHandlerCallback
from jax_slim.data.item_handlers import Keypoints as Keypoints
from jax_slim.data.item_handlers import LookupTensor as LookupTensor
from jax_slim.data.item_handlers import SparseTensor as SparseTensor
from jax_slim.data.item_handlers import Tensor as Tensor
from jax_slim.data.sequence_handlers import BoundingBoxSequence as BoundingBoxSequence
from jax_slim.data.sequence_handlers import KeypointsSequence as KeypointsSequence
from jax_slim.data.sequence_handlers import NumBoxesSequence as NumBoxesSequence


class TFExampleDecoder(DataDecoder):
    """Decodes serialized tf.train.Examples into items: first features are parsed, then handlers make items of them.

        decoder = TFExampleDecoder(
            {"image/encoded": FixedLenFeature((), "string"), "image/format": FixedLenFeature((), "string", "jpeg"),
             "image/class/label": FixedLenFeature((), np.int64)},
            {"image": Image(), "label": Tensor("image/class/label")},
        )
        image, label = decoder.decode(record, ["image", "label"])

    Args:
      keys_to_features: the name of each feature -> `FixedLenFeature`, `VarLenFeature` or `FixedLenSequenceFeature`.
      items_to_handlers: the name of each item -> its `ItemHandler`.

    Raises:
      ValueError: a feature's dtype, shape or default is out of its range.
      TypeError: a feature or a handler is something else.
    """

    def __init__(self, keys_to_features: Mapping[str, Feature], items_to_handlers: Mapping[str, ItemHandler]):
        self._reader = FeatureReader(keys_to_features, "TFExampleDecoder")
        self._handlers = _handlers("TFExampleDecoder", items_to_handlers)

    def list_items(self) -> list[str]:
        """The names of the items."""
        return list(self._handlers)

    def decode(self, serialized_example: bytes, items: Sequence[str] | None = None) -> list[Any]:
        """Decodes one serialized Example.

        Args:
          serialized_example: its bytes.
          items: the names of the items wanted; None means all.

        Returns:
          Their values, in that order. Strings are bytes, or object arrays of them.

        Raises:
          DataLossError: the bytes are no Example, a feature does not fit its declaration, or an image is damaged.
          KeyError: there is no such item, or a handler needs a feature that is not declared.
        """
        return _made(self._handlers, self._reader.read(serialized_example), items)


class TFSequenceExampleDecoder(DataDecoder):
    """Decodes serialized tf.train.SequenceExamples into items.

    Args:
      keys_to_context_features: as for `TFExampleDecoder`.
      keys_to_sequence_features: the name of each feature list -> `FixedLenSequenceFeature` or `VarLenFeature`.
      items_to_handlers: the name of each item -> its `ItemHandler`.

    Raises:
      ValueError: a key is among both kinds of features.
    """

    def __init__(
        self,
        keys_to_context_features: Mapping[str, Feature],
        keys_to_sequence_features: Mapping[str, Feature],
        items_to_handlers: Mapping[str, ItemHandler],
    ):
        both = sorted(set(keys_to_context_features) & set(keys_to_sequence_features))
        if both:
            raise ValueError(
                f"TFSequenceExampleDecoder: keys of context and sequences must differ, got {both} in both."
            )
        self._context = dict(keys_to_context_features)
        self._sequences = dict(keys_to_sequence_features)
        self._handlers = _handlers("TFSequenceExampleDecoder", items_to_handlers)

    def list_items(self) -> list[str]:
        """The names of the items."""
        return list(self._handlers)

    def decode(self, serialized_example: bytes, items: Sequence[str] | None = None) -> list[Any]:
        """Decodes one serialized SequenceExample; as `TFExampleDecoder.decode`."""
        context, sequences = parse_single_sequence_example(serialized_example, self._context, self._sequences)
        return _made(self._handlers, {**context, **sequences}, items)


def _handlers(function: str, items_to_handlers: Mapping[str, ItemHandler]) -> dict[str, ItemHandler]:
    for item, handler in items_to_handlers.items():
        if not isinstance(handler, ItemHandler):
            raise TypeError(f"{function}: the handler of item {item!r} must be an ItemHandler, got {handler!r}.")
    return dict(items_to_handlers)


def _made(handlers: Mapping[str, ItemHandler], parsed: Mapping[str, Any], items: Sequence[str] | None) -> list[Any]:
    made = []
    for item in items or handlers:
        if item not in handlers:
            raise KeyError(f"decode: items must be among {list(handlers)}, got {item!r}.")
        handler = handlers[item]
        missing = [key for key in handler.keys if key not in parsed]
        if missing:
            raise KeyError(
                f"decode: item {item!r} needs the feature {missing[0]!r}, which is not among {list(parsed)}."
            )
        made.append(handler.tensors_to_item({key: parsed[key] for key in handler.keys}))
    return made
