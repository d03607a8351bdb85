"""Rows that read serialized examples: ParseExample, ParseSingleExample, ParseSingleSequenceExample."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.data import wire_format
from jax_slim.data.errors import DataLossError
from jax_slim.tf1.graph import rows, shapes
from jax_slim.tf1.operations.shape_rules import product, written
from jax_slim.tf1.operations.shaping import invalid

_TOLD = {"float32": "float"}  # TensorFlow's names in messages, where they are other than its types' names


def _empty(kind: str) -> np.ndarray:
    return np.empty(0, object if kind == "string" else kind)


class _Reader:
    """Reads the features that an operation asks for out of messages, with TensorFlow's errors."""

    def __init__(self, sparse: Sequence[tuple[bytes, str]], dense: Sequence[tuple[bytes, str, Any, Any]]) -> None:
        self.sparse, self.dense = list(sparse), list(dense)  # (key, kind); (key, kind, shape, default)

    def values(self, data: bytes, places: dict[bytes, tuple[int, int]], key: bytes, kind: str) -> np.ndarray | None:
        """A feature's values, flat; None where it is missing."""
        place = places.get(key)
        return None if place is None else read_values(data, place, key, kind)

    def sparse_value(self, data: bytes, places: Any, key: bytes, kind: str) -> np.ndarray:
        found = self.values(data, places, key, kind)
        return _empty(kind) if found is None else found

    def dense_value(
        self, data: bytes, places: Any, key: bytes, kind: str, shape: shapes.TensorShape, default: Any
    ) -> np.ndarray:
        """A dense feature in its shape; of one with a free first axis as many elements as there are."""
        found = self.values(data, places, key, kind)
        if is_sequence(shape):
            inner = product(d or 0 for d in shape.sizes[1:])  # type: ignore[index]
            found = _empty(kind) if found is None else found
            if found.size % max(inner, 1):
                raise invalid(
                    f"Key: {key.decode()}.  Number of {_told(kind)} values is not a multiple of stride length. Saw {found.size} values but output shape is: {written(shape)}"
                )
            return found.reshape((found.size // max(inner, 1), *shape.sizes[1:]))  # type: ignore[index]
        wanted: Any = shape.sizes or ()
        if found is None:
            if np.size(default) == 0 and product(wanted):
                raise invalid(f"Feature: {key.decode()} (data type: {_told(kind)}) is required but could not be found.")
            return np.asarray(default).reshape(wanted)
        if found.size != product(wanted):
            raise invalid(
                f"Key: {key.decode()}.  Number of {_told(kind)} values != expected.  Values size: {found.size} but output shape: {written(shape)}"
            )
        return found.reshape(wanted)


def _told(kind: str) -> str:
    return _TOLD.get(kind, kind)


def is_sequence(shape: shapes.TensorShape) -> bool:
    """Whether a dense feature may have any number of elements."""
    return bool(shape.sizes) and shape.sizes[0] is None


def read_values(data: bytes, place: tuple[int, int], key: bytes, kind: str) -> np.ndarray | None:
    """The values of the Feature at a place; None where it holds none at all.

    Raises:
      InvalidArgumentError: they are of another kind.
    """
    try:
        found, values = wire_format.read_feature(data, *place, "feature")
    except DataLossError:
        raise invalid(f"Could not parse example input, value: '{data[:60]!r}'") from None
    if found is None:
        return None
    if found != kind:
        raise invalid(
            f"Key: {key.decode()}.  Data types don't match. Data type: {_told(found)} but expected type: {_told(kind)}"
        )
    return values


def _places(data: bytes) -> dict[bytes, tuple[int, int]]:
    try:
        return wire_format.features_of(data, "serialized")
    except DataLossError:
        raise invalid(f"Could not parse example input, value: '{data[:60]!r}'") from None


def _names(kinds: list[Any]) -> list[str]:
    return [kind.name for kind in kinds]


# One example.


def _single_shape(op: Any) -> Any:
    count = op.attrs["num_sparse"]
    return [(None, 1)] * count + [(None,)] * count + [(1,)] * count + list(op.attrs["dense_shapes"])


@rows.row("ParseSingleExample", host=True, context=True, shape=_single_shape, gradient=rows.NONE)
def parse_single_example(run: Any, op: Any, serialized: Any, dense_defaults: list[Any]) -> Any:
    attrs = op.attrs
    sparse = list(zip(attrs["sparse_keys"], _names(attrs["sparse_types"]), strict=True))
    dense = list(zip(attrs["dense_keys"], _names(attrs["Tdense"]), attrs["dense_shapes"], dense_defaults, strict=True))
    reader = _Reader(sparse, dense)
    data = bytes(np.asarray(serialized, object)[()])
    places = _places(data)
    found = [reader.sparse_value(data, places, *asked) for asked in sparse]
    return [
        *(np.arange(one.size, dtype=np.int64)[:, None] for one in found), *found, *(np.array([one.size], np.int64) for one in found),
        *(reader.dense_value(data, places, *asked) for asked in dense),
    ]  # fmt: skip


# A batch of examples.


def _batch_shape(op: Any) -> Any:
    sparse, batch = op.attrs["Nsparse"], op._inputs[0].shape
    rows_ = shapes.TensorShape([None]) if batch.sizes is None else batch
    return (
        [(None, 2)] * sparse
        + [(None,)] * sparse
        + [(2,)] * sparse
        + [rows_.concatenate(shape) for shape in op.attrs["dense_shapes"]]
    )


def ragged_as_sparse(parts: list[np.ndarray], kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of different lengths as the parts of a sparse matrix."""
    lengths = np.array([part.size for part in parts], np.int64)
    row = np.repeat(np.arange(len(parts), dtype=np.int64), lengths)
    column = (
        np.concatenate([np.arange(size, dtype=np.int64) for size in lengths]) if len(parts) else np.empty(0, np.int64)
    )
    values = np.concatenate(parts) if parts else _empty(kind)
    return np.stack([row, column], 1), values, np.array([len(parts), lengths.max(initial=0)], np.int64)


def padded(parts: list[np.ndarray], kind: str, inner: Any, filler: Any) -> np.ndarray:
    """Sequences of different lengths as one array, shorter ones filled up."""
    longest = max((len(part) for part in parts), default=0)
    result = np.empty((len(parts), longest, *inner), object if kind == "string" else kind)
    result[...] = filler if np.size(filler) else (b"" if kind == "string" else 0)
    for number, part in enumerate(parts):
        result[number, : len(part)] = part
    return result


def _keys(given: Any) -> list[bytes]:
    return [bytes(np.asarray(key, object)[()]) for key in given]


@rows.row("ParseExample", host=True, context=True, shape=_batch_shape, gradient=rows.NONE)
def parse_example(
    run: Any, op: Any, serialized: Any, names: Any, sparse_keys: Any, dense_keys: Any, dense_defaults: list[Any]
) -> Any:
    sparse = list(zip(_keys(sparse_keys), _names(op.attrs["sparse_types"]), strict=True))
    dense = list(
        zip(_keys(dense_keys), _names(op.attrs["Tdense"]), op.attrs["dense_shapes"], dense_defaults, strict=True)
    )
    reader = _Reader(sparse, dense)
    if np.ndim(serialized) != 1:
        raise invalid(f"Expected serialized to be a vector, got shape: {list(np.shape(serialized))}")
    batch = [(bytes(data), _places(bytes(data))) for data in serialized]
    found = [
        ragged_as_sparse([reader.sparse_value(data, places, *asked) for data, places in batch], asked[1])
        for asked in sparse
    ]
    whole = []
    for key, kind, shape, default in dense:
        parts = [reader.dense_value(data, places, key, kind, shape, default) for data, places in batch]
        if is_sequence(shape):
            whole.append(padded(parts, kind, shape.sizes[1:], default))
        else:
            dtype = object if kind == "string" else kind
            together = np.empty((len(parts), *shape.sizes), dtype)
            for number, part in enumerate(parts):
                together[number] = part if part.ndim else part[()]
            whole.append(together)
    return [*(f[0] for f in found), *(f[1] for f in found), *(f[2] for f in found), *whole]


# One sequence of features.


def _sequence_shape(op: Any) -> Any:
    attrs = op.attrs
    one, many = attrs["Ncontext_sparse"], attrs["Nfeature_list_sparse"]
    context = [(None, 1)] * one + [(None,)] * one + [(1,)] * one + list(attrs["context_dense_shapes"])
    lists = [(None, 2)] * many + [(None,)] * many + [(2,)] * many
    return (
        context
        + lists
        + [shapes.TensorShape([None]).concatenate(shape) for shape in attrs["feature_list_dense_shapes"]]
    )


@rows.row("ParseSingleSequenceExample", host=True, context=True, shape=_sequence_shape, gradient=rows.NONE)
def parse_single_sequence_example(run: Any, op: Any, serialized: Any, assumed_empty: Any, context_sparse_keys: Any, context_dense_keys: Any,
                                  sparse_keys: Any, dense_keys: Any, context_dense_defaults: Any, debug_name: Any) -> Any:  # fmt: skip
    attrs = op.attrs
    data = bytes(np.asarray(serialized, object)[()])
    try:
        context, lists = wire_format.sequence_of(data, "serialized")
    except DataLossError:
        raise invalid(f"Could not parse example input, value: '{data[:60]!r}'") from None
    context_sparse = list(zip(_keys(context_sparse_keys), _names(attrs["context_sparse_types"]), strict=True))
    context_dense = list(zip(
        _keys(context_dense_keys), _names(attrs["Tcontext_dense"]), attrs["context_dense_shapes"], context_dense_defaults, strict=True
    ))  # fmt: skip
    reader = _Reader(context_sparse, context_dense)
    found = [reader.sparse_value(data, context, *asked) for asked in context_sparse]
    result: list[Any] = [np.arange(one.size, dtype=np.int64)[:, None] for one in found]
    result += found
    result += [np.array([one.size], np.int64) for one in found]
    result += [reader.dense_value(data, context, *asked) for asked in context_dense]
    sparse = []
    for key, kind in zip(_keys(sparse_keys), _names(attrs["feature_list_sparse_types"]), strict=True):
        steps = [read_values(data, place, key, kind) for place in lists.get(key, ())]
        sparse.append(ragged_as_sparse([_empty(kind) if one is None else one for one in steps], kind))
    for part in range(3):
        result += [one[part] for one in sparse]
    missing = {bytes(key) for key in np.asarray(assumed_empty, object).reshape(-1)}
    for key, kind, shape in zip(
        _keys(dense_keys), _names(attrs["feature_list_dense_types"]), attrs["feature_list_dense_shapes"], strict=True
    ):
        result.append(_steps(data, lists.get(key), key, kind, shape, key in missing))
    return result


def _steps(data: bytes, places: Any, key: bytes, kind: str, shape: shapes.TensorShape, may_miss: bool) -> np.ndarray:
    if places is None and not may_miss:
        raise invalid(
            f"Name: <unknown>, Feature list '{key.decode()}' is required but could not be found.  "
            "Did you mean to include it in feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?"
        )
    wanted: Any = shape.sizes or ()
    result = np.empty((len(places or ()), *wanted), object if kind == "string" else kind)
    for number, place in enumerate(places or ()):
        values = read_values(data, place, key, kind)
        values = _empty(kind) if values is None else values
        if values.size != product(wanted):
            raise invalid(
                f"Name: <unknown>, Key: {key.decode()}, Index: {number}.  Number of {_told(kind)} values != expected.  "
                f"values size: {values.size} but output shape: {written(shape)}"
            )
        result[number] = values.reshape(wanted)
    return result
