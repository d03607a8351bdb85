"""`tf.parse_example` and its kin, `tf.decode_csv`, `tf.decode_raw`; the features that they are asked for."""

import itertools
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from jax_slim.data.features import FixedLenFeature, FixedLenSequenceFeature, VarLenFeature
from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array

__all__ = ["FixedLenFeature", "FixedLenSequenceFeature", "VarLenFeature"]


class SparseFeature(NamedTuple):
    """A sparse tensor whose coordinates are in one or several features, and its values in another one.

    Attributes:
      index_key: the name, or names, of the int64 features with the coordinates.
      value_key: the name of the feature with the values.
      dtype: of the values.
      size: of each axis.
      already_sorted: whether the coordinates are in order.
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


class _Asked(NamedTuple):
    sparse_keys: list[str]
    sparse_types: list[dtypes.DType]
    dense_keys: list[str]
    dense_types: list[dtypes.DType]
    dense_defaults: dict[str, Any]
    dense_shapes: list[Any]


def _asked(features: Any, kinds: Sequence[type]) -> _Asked:
    """Features as the lists that operations take.

    Raises:
      ValueError: a type or shape is missing, not known, or a feature is of no kind that may stand here.
    """
    found = _Asked([], [], [], [], {}, [])
    for key in sorted(features or {}):
        feature = features[key]
        if not isinstance(feature, tuple(kinds)):
            if not isinstance(feature, VarLenFeature | SparseFeature | FixedLenFeature | FixedLenSequenceFeature):
                raise ValueError(f"Invalid feature {key}:{feature}.")
            raise ValueError(f"Unsupported {type(feature).__name__} {feature}.")
        if not feature.dtype:
            raise ValueError(f"Missing type for feature {key}.")
        if isinstance(feature, VarLenFeature):
            _add_sparse(found, key, feature.dtype)
        elif isinstance(feature, SparseFeature):
            if not feature.index_key:
                raise ValueError(f"Missing index_key for SparseFeature {feature}.")
            if not feature.value_key:
                raise ValueError(f"Missing value_key for SparseFeature {feature}.")
            for index in sorted([feature.index_key] if isinstance(feature.index_key, str) else feature.index_key):
                _add_sparse(found, index, dtypes.int64)
            _add_sparse(found, feature.value_key, feature.dtype)
        elif isinstance(feature, FixedLenFeature):
            if feature.shape is None:
                raise ValueError(f"Missing shape for feature {key}.")
            shape = shapes.as_shape(feature.shape)
            if shape.ndims and shape[0].value is None:
                raise ValueError(
                    f"First dimension of shape for feature {key} unknown. Consider using FixedLenSequenceFeature."
                )
            if not shape.is_fully_defined():
                raise ValueError(f"All dimensions of shape for feature {key} need to be known but received {shape}.")
            _add_dense(found, key, feature)
            if feature.default_value is not None:
                found.dense_defaults[key] = feature.default_value
        else:
            if feature.shape is None:
                raise ValueError(f"Missing shape for feature {key}.")
            _add_dense(found, key, feature)
            if feature.allow_missing:
                found.dense_defaults[key] = None
            if feature.default_value is not None:
                found.dense_defaults[key] = feature.default_value
    return found


def _add_sparse(found: _Asked, key: str, dtype: Any) -> None:
    kind = dtypes.as_dtype(dtype)
    if key in found.sparse_keys:
        other = found.sparse_types[found.sparse_keys.index(key)]
        if other != kind:
            raise ValueError(f"Conflicting type {other} vs {kind} for feature {key}.")
        return
    found.sparse_keys.append(key)
    found.sparse_types.append(kind)


def _add_dense(found: _Asked, key: str, feature: Any) -> None:
    found.dense_keys.append(key)
    found.dense_types.append(dtypes.as_dtype(feature.dtype))
    found.dense_shapes.append(shapes.as_shape(feature.shape))


def _with_free_axis(features: Any) -> Any:
    result = dict(features)
    for key, feature in features.items():
        if isinstance(feature, FixedLenSequenceFeature):
            if not feature.allow_missing:
                raise ValueError("Unsupported: FixedLenSequenceFeature requires allow_missing to be True.")
            shape = shapes.TensorShape([None]).concatenate(shapes.as_shape(feature.shape))
            result[key] = feature._replace(shape=shape)
    return result


def _defaults(asked: _Asked) -> list[Tensor]:
    found = []
    for key, kind, shape in zip(asked.dense_keys, asked.dense_types, asked.dense_shapes, strict=True):
        default = asked.dense_defaults.get(key)
        name = "key_" + re.sub("[^A-Za-z0-9_.\\-/]", "_", key)
        if shape.ndims and shape[0].value is None:  # what shorter sequences are filled up with
            if default is None:
                default = conversion.convert_to_tensor("" if kind == dtypes.string else 0, dtype=kind)
            else:
                default = array.reshape(conversion.convert_to_tensor(default, dtype=kind, name=name), [])
        elif default is None:
            default = conversion.constant([], dtype=kind)
        elif not isinstance(default, Tensor):
            default = array.reshape(conversion.convert_to_tensor(default, dtype=kind, name=name), shape)
        found.append(default)
    return found


def _check(asked: _Asked) -> None:
    if not asked.sparse_keys and not asked.dense_keys:
        raise ValueError("Must provide at least one sparse key or dense key")
    both = set(asked.sparse_keys) & set(asked.dense_keys)
    if both:
        raise ValueError(f"Dense and sparse keys must not intersect; intersection: {both}")


def _named(asked: _Asked, outputs: Any) -> dict[str, Any]:
    indices, values, sizes, dense = outputs
    sparse = [SparseTensor(*parts) for parts in zip(indices, values, sizes, strict=True)]
    return dict(zip(asked.sparse_keys + asked.dense_keys, sparse + list(dense), strict=True))


def _with_sparse_features(features: Any, found: dict[str, Any]) -> dict[str, Any]:
    from jax_slim.tf1.python import sparse

    result = dict(found)
    for key in sorted(features):
        feature = features[key]
        if isinstance(feature, SparseFeature):
            one = isinstance(feature.index_key, str)
            ids = found[feature.index_key] if one else [found[index] for index in feature.index_key]
            result[key] = sparse.sparse_merge(
                ids, found[feature.value_key], feature.size, already_sorted=feature.already_sorted
            )
    return {key: value for key, value in result.items() if key in features}


_KINDS = (VarLenFeature, FixedLenFeature, FixedLenSequenceFeature, SparseFeature)


def parse_single_example(
    serialized: Any, features: Any, name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """The features of one serialized `tf.train.Example`: name -> a tensor, or a SparseTensor for a VarLenFeature.

    Raises:
      ValueError: there are no features, or one of them is not fully described.
      TypeError: a type that an Example cannot hold.
    """
    if not features:
        raise ValueError("Missing features.")
    asked = _asked(_with_free_axis(features), _KINDS)
    with graphs.name_scope(name, "ParseSingleExample", [serialized]):
        serialized = conversion.convert_to_tensor(serialized, name="serialized")
        _check(asked)
        outputs = building.make(
            "ParseSingleExample", serialized, _defaults(asked), num_sparse=len(asked.sparse_keys), sparse_keys=asked.sparse_keys,
            sparse_types=asked.sparse_types, dense_keys=asked.dense_keys, Tdense=asked.dense_types, dense_shapes=asked.dense_shapes,
            name=name,
        )  # fmt: skip
        found = _named(asked, outputs)
    return _with_sparse_features(features, found)


def parse_example(serialized: Any, features: Any, name: str | None = None, example_names: Any = None) -> dict[str, Any]:
    """The features of a vector of serialized Examples, each with the batch as its first axis.

    Raises:
      ValueError, TypeError: as for `parse_single_example`.
    """
    if not features:
        raise ValueError(f"Missing: features was {features}.")
    asked = _asked(_with_free_axis(features), _KINDS)
    with graphs.name_scope(name, "ParseExample", [serialized, example_names]):
        _check(asked)
        outputs = building.make(
            "ParseExample", serialized, [] if example_names is None else example_names, list(asked.sparse_keys), list(asked.dense_keys),
            _defaults(asked), sparse_types=asked.sparse_types, Tdense=asked.dense_types, dense_shapes=asked.dense_shapes, name=name,
        )  # fmt: skip
        found = _named(asked, outputs)
    return _with_sparse_features(features, found)


def parse_example_v2(
    serialized: Any, features: Any, example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """`parse_example`, in the order of arguments of later versions."""
    return parse_example(serialized, features, name, example_names)


def parse_single_sequence_example(serialized: Any, context_features: Any = None, sequence_features: Any = None, example_name: Any = None,
                                  name: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """(the context's features, the sequences) of a serialized `tf.train.SequenceExample`, each by name."""
    if not (context_features or sequence_features):
        raise ValueError("Missing features.")
    context = _asked(context_features, (VarLenFeature, FixedLenFeature))
    lists = _asked(sequence_features, (VarLenFeature, FixedLenSequenceFeature))
    with graphs.name_scope(name, "ParseSingleSequenceExample", [serialized]):
        for key, value in lists.dense_defaults.items():
            if value is not None:
                raise ValueError(f"Value feature_list_dense_defaults[{key}] must be None")
        outputs = building.make(
            "ParseSingleSequenceExample", serialized, list(lists.dense_defaults), list(context.sparse_keys), list(context.dense_keys),
            list(lists.sparse_keys), list(lists.dense_keys), _defaults(context), example_name or "",
            context_sparse_types=context.sparse_types, Tcontext_dense=context.dense_types, context_dense_shapes=context.dense_shapes,
            feature_list_sparse_types=lists.sparse_types, feature_list_dense_types=lists.dense_types,
            feature_list_dense_shapes=lists.dense_shapes, name=name,
        )  # fmt: skip
        return _named(context, outputs[:4]), _named(lists, outputs[4:])


def decode_csv(records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True, name: str | None = None,
               na_value: str = "", select_cols: Any = None) -> list[Tensor]:  # fmt: skip
    """The columns of lines of CSV, of the types of their defaults; a default without elements makes a column required."""
    if select_cols is not None:
        if any(a >= b for a, b in itertools.pairwise(select_cols)):
            raise ValueError("select_cols is not strictly increasing.")
        if select_cols[0] < 0:
            raise ValueError("select_cols contains negative values.")
        if len(select_cols) != len(record_defaults):
            raise ValueError("Length of select_cols and record_defaults do not match.")
    return building.make(
        "DecodeCSV", records, record_defaults, field_delim=field_delim, use_quote_delim=use_quote_delim, na_value=na_value,
        select_cols=[] if select_cols is None else select_cols, name=name,
    )  # fmt: skip


def decode_csv_v2(records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
                  select_cols: Any = None, name: str | None = None) -> list[Tensor]:  # fmt: skip
    """`decode_csv`, in the order of arguments of later versions."""
    return decode_csv(records, record_defaults, field_delim, use_quote_delim, name, na_value, select_cols)


def decode_raw(
    input_bytes: Any = None,
    out_type: Any = None,
    little_endian: bool = True,
    name: str | None = None,
    bytes: Any = None,
) -> Tensor:
    """The bytes of texts as numbers, along a new last axis."""
    return building.make(
        "DecodeRaw",
        bytes if input_bytes is None else input_bytes,
        out_type=out_type,
        little_endian=little_endian,
        name=name,
    )


def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """A tensor as a serialized TensorProto."""
    return building.make("SerializeTensor", tensor, name=name)


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Tensor:
    """The tensor of a serialized TensorProto."""
    return building.make("ParseTensor", serialized, out_type=out_type, name=name)


def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Tensor:
    """Texts that were packed by 'ZLIB' or 'GZIP', unpacked."""
    return building.make("DecodeCompressed", bytes, compression_type=compression_type, name=name)


def decode_json_example(json_examples: Any, name: str | None = None) -> Tensor:
    """Examples written as JSON, serialized."""
    return building.make("DecodeJSONExample", json_examples, name=name)
