"""tf.train.Example and SequenceExample: bytes to arrays, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jax_slim.data import wire_format
from jax_slim.data.errors import DataLossError
from jax_slim.data.features import (
    Feature,
    FixedLenFeature,
    FixedLenSequenceFeature,
    SparseTensorValue,
    VarLenFeature,
    default_of,
    kind_of,
    shape_of,
    strings,
)

Parsed = dict[str, Any]


class FeatureReader:
    """Reads given features out of serialized Examples; checks once what is asked for, for use on many.

    Args:
      features: name -> `FixedLenFeature`, `VarLenFeature` or `FixedLenSequenceFeature`.
      function: the name for messages.

    Raises:
      ValueError: a dtype, a shape or a default value is out of its range.
      TypeError: a feature is something else.
    """

    def __init__(self, features: Mapping[str, Feature], function: str = "FeatureReader"):
        self._function = function
        self._asked = [_asked_for(function, key, feature) for key, feature in features.items()]

    def read(self, serialized: bytes) -> Parsed:
        """The features of one Example by name, as `parse_single_example` returns them."""
        data = _checked(self._function, serialized)
        places = wire_format.features_of(data, f"{self._function}: serialized")
        return self.read_from(data, places)

    def read_from(self, data: bytes, places: Mapping[bytes, tuple[int, int]]) -> Parsed:
        """The same, of features that were found in `data` before."""
        return {asked.key: self._value(asked, self._flat(asked, data, places)) for asked in self._asked}

    def _flat(self, asked: "_Asked", data: bytes, places: Mapping[bytes, tuple[int, int]]) -> np.ndarray | None:
        place = places.get(asked.name)
        if place is None:
            return None
        kind, values = wire_format.read_feature(data, *place, f"{self._function}: feature {asked.key!r}")
        if kind is not None and kind != asked.kind:
            raise DataLossError(
                f"{self._function}: feature {asked.key!r} must be of dtype {asked.kind} as declared, got {kind}."
            )
        return values

    def _value(self, asked: "_Asked", flat: np.ndarray | None) -> Any:
        match asked.feature:
            case VarLenFeature():
                return _sparse(_empty(asked.kind) if flat is None else flat)
            case FixedLenFeature():
                if flat is None:
                    flat = asked.default
                if flat is None:
                    raise DataLossError(
                        f"{self._function}: feature {asked.key!r} (dtype {asked.kind}) is required but missing. "
                        "Give it a default_value if examples may lack it."
                    )
                if flat.size != asked.size:
                    raise DataLossError(
                        f"{self._function}: feature {asked.key!r} must have the {asked.size} values of shape "
                        f"{list(asked.shape)}, got {flat.size}."
                    )
                return flat[0] if asked.shape == () else flat.reshape(asked.shape).copy()
            case FixedLenSequenceFeature(allow_missing=allow_missing):
                if flat is None and not allow_missing:
                    raise DataLossError(
                        f"{self._function}: feature {asked.key!r} (dtype {asked.kind}) is required but missing. "
                        "Pass allow_missing=True if examples may lack it."
                    )
                flat = _empty(asked.kind) if flat is None else flat
                if flat.size and (not asked.size or flat.size % asked.size):
                    raise DataLossError(
                        f"{self._function}: feature {asked.key!r} must have a multiple of {asked.size} values for "
                        f"elements of shape {list(asked.shape)}, got {flat.size}."
                    )
                return flat.reshape((flat.size // max(asked.size, 1), *asked.shape))


def parse_single_example(serialized: bytes, features: Mapping[str, Feature]) -> Parsed:
    """Reads features out of a serialized tf.train.Example.

        parse_single_example(record, {
            "image/encoded": FixedLenFeature((), "string"),
            "image/object/bbox/xmin": VarLenFeature(np.float32),
        })

    Args:
      serialized: the bytes of the Example.
      features: name -> `FixedLenFeature`, `VarLenFeature` or `FixedLenSequenceFeature`. Others are passed over.

    Returns:
      name -> an array of the feature's shape (scalar strings as bytes, other strings as object arrays of bytes); for a
      `VarLenFeature` a `SparseTensorValue` of rank 1.

    Raises:
      DataLossError: the bytes are no Example, a feature is of another kind or size, or one is missing that is required.
      ValueError: `features` asks for what cannot be.

    Source: tf.io.parse_single_example.
    """
    return FeatureReader(features, "parse_single_example").read(serialized)


def parse_example(serialized: Sequence[bytes], features: Mapping[str, Feature]) -> Parsed:
    """Reads features out of a batch of serialized Examples, as `parse_single_example` does from one.

    Returns:
      name -> an array [N, *shape]; a `SparseTensorValue` [N, most values] for a `VarLenFeature`; and [N, most elements,
      *shape] for a `FixedLenSequenceFeature`, shorter ones filled up with its default.

    Source: tf.io.parse_example.
    """
    reader = FeatureReader(features, "parse_example")
    parsed = [reader.read(one) for one in serialized]
    return {key: _batched(feature, [one[key] for one in parsed]) for key, feature in features.items()}


def parse_single_sequence_example(
    serialized: bytes,
    context_features: Mapping[str, Feature] | None = None,
    sequence_features: Mapping[str, Feature] | None = None,
) -> tuple[Parsed, Parsed]:
    """Reads features out of a serialized tf.train.SequenceExample.

    Args:
      serialized: the bytes of the SequenceExample.
      context_features: as the features of `parse_single_example`.
      sequence_features: name -> `FixedLenSequenceFeature`, read as an array [time, *shape]; or `VarLenFeature`, read as
        a `SparseTensorValue` [time, most values at a time].

    Returns:
      (context by name, sequences by name).

    Raises:
      DataLossError: as for `parse_single_example`.
      ValueError: as for `parse_single_example`.

    Source: tf.io.parse_single_sequence_example.
    """
    function = "parse_single_sequence_example"
    data = _checked(function, serialized)
    context_places, list_places = wire_format.sequence_of(data, f"{function}: serialized")
    context = FeatureReader(context_features or {}, function).read_from(data, context_places)
    sequences = {}
    for key, feature in (sequence_features or {}).items():
        if isinstance(feature, FixedLenFeature):
            raise TypeError(
                f"{function}: sequence feature {key!r} must be a VarLenFeature or a FixedLenSequenceFeature, got "
                f"{feature!r}."
            )
        asked = _asked_for(function, key, feature)
        places = list_places.get(asked.name)
        steps = []
        for step, (begin, end) in enumerate(places or ()):
            kind, values = wire_format.read_feature(data, begin, end, f"{function}: feature {key!r}, step {step}")
            if kind is not None and kind != asked.kind:
                raise DataLossError(f"{function}: feature {key!r} must be of dtype {asked.kind}, got {kind}.")
            steps.append(_empty(asked.kind) if values is None else values)
        if isinstance(feature, VarLenFeature):
            sequences[key] = _sparse_rows(steps, asked.kind)
            continue
        if places is None and not feature.allow_missing:
            raise DataLossError(
                f"{function}: feature list {key!r} (dtype {asked.kind}) is required but missing. "
                "Pass allow_missing=True if examples may lack it."
            )
        for step, values in enumerate(steps):
            if values.size != asked.size:
                raise DataLossError(
                    f"{function}: feature {key!r} must have the {asked.size} values of shape {list(asked.shape)} at "
                    f"each step, got {values.size} at step {step}."
                )
        flat = np.concatenate(steps) if steps else _empty(asked.kind)
        sequences[key] = flat.reshape((len(steps), *asked.shape))
    return context, sequences


def example_values(serialized: bytes) -> dict[str, np.ndarray]:
    """All features of a serialized Example by name, as flat arrays: to look into files of unknown contents.

    Strings are object arrays of bytes. A feature without a list of values is left out.

    Raises:
      DataLossError: the bytes are no Example.
    """
    data = _checked("example_values", serialized)
    found = {}
    for name, place in wire_format.features_of(data, "example_values: serialized").items():
        kind, values = wire_format.read_feature(data, *place, f"example_values: feature {name!r}")
        if kind is not None:
            found[name.decode(errors="backslashreplace")] = values
    return found


def make_example(features: Mapping[str, Any]) -> bytes:
    """Serializes named values as a tf.train.Example, for `TFRecordWriter.write`.

        make_example({"image/encoded": jpeg, "image/format": "jpeg", "image/class/label": 3, "bbox": [0.1, 0.5]})

    Args:
      features: name -> bytes, text, a number, or an array or list of them, which is stored flat. Ints and booleans
        become an int64 list, floats a float list (32 bits), text its UTF-8 bytes; an empty list a float list, an empty
        array one of its dtype.

    Returns:
      The bytes; the same for the same values.

    Raises:
      TypeError: a value is of no kind that an Example holds.
      ValueError: an int has more than 64 bits.
    """
    return wire_format.message(1, _encoded("make_example", features))


def make_sequence_example(context: Mapping[str, Any], feature_lists: Mapping[str, Sequence[Any]]) -> bytes:
    """Serializes a tf.train.SequenceExample.

        make_sequence_example({"label": 3}, {"xmin": [[0.1, 0.2], [], [0.5]]})      # three steps

    Args:
      context: as for `make_example`.
      feature_lists: name -> the values at each step, each as for `make_example`.

    Raises:
      TypeError, ValueError: as for `make_example`.
    """
    lists = {}
    for name, steps in feature_lists.items():
        kinds = [_kind_and_values("make_sequence_example", name, step) for step in steps]
        kind = next((kind for kind, values in kinds if len(values)), kinds[0][0] if kinds else "float32")
        lists[name] = b"".join(wire_format.message(1, wire_format.feature(kind, values)) for _, values in kinds)
    return wire_format.message(1, _encoded("make_sequence_example", context)) + wire_format.message(
        2, wire_format.features(lists)
    )


class _Asked(NamedTuple):
    key: str
    name: bytes
    feature: Feature
    kind: str
    shape: tuple[int, ...]
    size: int
    default: np.ndarray | None


def _asked_for(function: str, key: str, feature: Feature) -> _Asked:
    if not isinstance(feature, FixedLenFeature | VarLenFeature | FixedLenSequenceFeature):
        raise TypeError(
            f"{function}: feature {key!r} must be a FixedLenFeature, VarLenFeature or FixedLenSequenceFeature, got "
            f"{feature!r}."
        )
    kind = kind_of(function, key, feature.dtype)
    shape = () if isinstance(feature, VarLenFeature) else shape_of(function, key, feature.shape)
    default = None
    if isinstance(feature, FixedLenFeature):
        default = default_of(function, key, kind, shape, feature.default_value)
    return _Asked(key, key.encode(), feature, kind, shape, int(np.prod(shape, dtype=np.int64)), default)


def _checked(function: str, serialized: Any) -> bytes:
    if not isinstance(serialized, bytes | bytearray | memoryview | np.bytes_):
        raise TypeError(f"{function}: serialized must be bytes, got {type(serialized).__name__}.")
    return bytes(serialized)


def _empty(kind: str) -> np.ndarray:
    return np.empty(0, object if kind == "string" else kind)


def _sparse(flat: np.ndarray) -> SparseTensorValue:
    return SparseTensorValue(np.arange(flat.size, dtype=np.int64)[:, None], flat, np.array([flat.size], np.int64))


def _sparse_rows(rows: Sequence[np.ndarray], kind: str) -> SparseTensorValue:
    """Rows of different lengths as a sparse matrix."""
    lengths = np.array([row.size for row in rows], np.int64)
    indices = [np.stack([np.full(row.size, number), np.arange(row.size)], 1) for number, row in enumerate(rows)]
    return SparseTensorValue(
        np.concatenate(indices).astype(np.int64) if rows else np.empty((0, 2), np.int64),
        np.concatenate(rows) if rows else _empty(kind),
        np.array([len(rows), lengths.max(initial=0)], np.int64),
    )


def _batched(feature: Feature, values: list[Any]) -> Any:
    kind = kind_of("parse_example", "", feature.dtype)
    if isinstance(feature, VarLenFeature):
        return _sparse_rows([value.values for value in values], kind)
    shape = shape_of("parse_example", "", feature.shape)
    if isinstance(feature, FixedLenFeature):
        batch = np.empty((len(values), *shape), object if kind == "string" else kind)
    else:
        default = feature.default_value if feature.default_value is not None else (b"" if kind == "string" else 0)
        (fill,) = default_of("parse_example", "", kind, (1,), default) or (0,)
        longest = max((len(value) for value in values), default=0)
        batch = np.full((len(values), longest, *shape), fill, object if kind == "string" else kind)
    for number, value in enumerate(values):
        batch[(number, slice(len(value))) if isinstance(feature, FixedLenSequenceFeature) else number] = value
    return batch


def _encoded(function: str, named: Mapping[str, Any]) -> bytes:
    if not isinstance(named, Mapping):
        raise TypeError(f"{function}: features must be a mapping from names to values, got {type(named).__name__}.")
    made = {}
    for name, value in named.items():
        made[name] = wire_format.feature(*_kind_and_values(function, name, value))
    return wire_format.features(made)


def _kind_and_values(function: str, name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, str | bytes | bytearray | memoryview):
        return "string", [value.encode() if isinstance(value, str) else bytes(value)]
    try:
        # NumPy would turn numbers among strings into strings, and strips zero bytes at their end.
        array = np.asarray(value, object) if isinstance(value, list | tuple) else np.asarray(value)
    except ValueError:
        raise TypeError(f"{function}: feature {name!r} must be flat or in equal rows, got {value!r}.") from None
    if array.size and array.dtype.kind in "SUO":
        texts = sum(isinstance(one, str | bytes) for one in array.flat)
        if texts == array.size:
            return "string", list(strings(list(array.flat)))
        if isinstance(value, list | tuple) and not texts:
            array = np.asarray(value)
    elif isinstance(value, list | tuple):
        array = array.astype(np.float32)
    if array.dtype.kind == "f":
        return "float32", array.astype(np.float32).reshape(-1)
    if array.dtype.kind in "biu":
        if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
            raise ValueError(f"{function}: feature {name!r} must fit 64 bits with a sign, got {array.max()}.")
        return "int64", array.astype(np.int64).reshape(-1).tolist()
    kind = array.dtype if array.dtype.kind != "O" else type(value).__name__
    raise TypeError(f"{function}: feature {name!r} must be of bytes, text, ints or floats, got {kind}.")
