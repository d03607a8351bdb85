"""`tf.feature_column`: the functions that make columns, and check what they are made of."""

import itertools
import math as numbers
import weakref
from typing import Any

import numpy as np

from jax_slim.tf1.graph import dtypes
from jax_slim.tf1.python import initializers
from jax_slim.tf1.python.feature_columns import (
    BucketizedColumn,
    CategoricalColumn,
    Column,
    CrossedColumn,
    EmbeddingColumn,
    HashedColumn,
    IdentityColumn,
    IndicatorColumn,
    NumericColumn,
    VocabularyColumn,
    WeightedColumn,
)


def numeric_column(
    key: str, shape: Any = (1,), default_value: Any = None, dtype: Any = dtypes.float32, normalizer_fn: Any = None
) -> NumericColumn:
    """A column of numbers.

    Args:
      key: the feature's name.
      shape: of one example.
      default_value: where an example has none.
      normalizer_fn: what the numbers go through.

    Raises:
      ValueError, TypeError: a shape that is none, a type that is no number's, a normalizer that cannot be called.
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(not isinstance(s, int | np.integer) for s in shape):
        raise TypeError(f"shape dimensions must be integer. shape: {shape}")
    if any(s <= 0 for s in shape):
        raise ValueError(f"shape dimensions must be greater than 0. shape: {shape}")
    kind = dtypes.as_dtype(dtype)
    if not (kind.is_integer or kind.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {kind}, key: {key}")
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    if default_value is not None:
        default_value = np.broadcast_to(np.asarray(default_value, kind.as_numpy_dtype), shape).tolist()
    return NumericColumn(_key(key), shape, default_value, kind, normalizer_fn)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given key: {key}.")
    return key


def bucketized_column(source_column: NumericColumn, boundaries: Any) -> BucketizedColumn:
    """Numbers by the range that they are in: boundaries [0, 1] make three.

    Raises:
      ValueError: no numeric column of one axis, or boundaries that do not rise.
    """
    if not isinstance(source_column, NumericColumn):
        raise ValueError(f"source_column must be a column generated with numeric_column(). Given: {source_column}")
    if len(source_column.shape) > 1:
        raise ValueError(f"source_column must be one-dimensional column. Given: {source_column}")
    boundaries = tuple(boundaries)
    if not boundaries or any(a >= b for a, b in itertools.pairwise(boundaries)):
        raise ValueError("boundaries must be a sorted list.")
    return BucketizedColumn(source_column, boundaries)


def categorical_column_with_hash_bucket(key: str, hash_bucket_size: int, dtype: Any = dtypes.string) -> HashedColumn:
    """Ids by a hash of texts or integers."""
    if hash_bucket_size is None or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be at least 1. hash_bucket_size: {hash_bucket_size}, key: {key}")
    return HashedColumn(_key(key), hash_bucket_size, _of_ids(dtype, key))


def _of_ids(dtype: Any, key: str) -> Any:
    kind = dtypes.as_dtype(dtype)
    if kind != dtypes.string and not kind.is_integer:
        raise ValueError(f"dtype must be string or integer. dtype: {kind}, column_name: {key}")
    return kind


def categorical_column_with_vocabulary_list(key: str, vocabulary_list: Any, dtype: Any = None, default_value: int = -1, num_oov_buckets: int = 0) -> VocabularyColumn:  # fmt: skip
    """Ids by the place in a list; other entries get `default_value`, or one of `num_oov_buckets` further ids.

    Raises:
      ValueError: an empty list, an entry twice, both of the two last.
    """
    words = (
        tuple(vocabulary_list or ()) if not isinstance(vocabulary_list, np.ndarray) else tuple(vocabulary_list.tolist())
    )
    if not words:
        raise ValueError(f"vocabulary_list {vocabulary_list} must be non-empty, column_name: {key}")
    if len(set(words)) != len(words):
        raise ValueError(f"Duplicate keys in vocabulary_list {vocabulary_list}, column_name: {key}")
    kind = _of_ids(
        dtypes.string if isinstance(words[0], str | bytes) else dtypes.int64 if dtype is None else dtype, key
    )
    _check_oov(default_value, num_oov_buckets, key)
    return VocabularyColumn(_key(key), words, len(words), kind, default_value, num_oov_buckets)


def _check_oov(default_value: int, num_oov_buckets: int, key: str) -> None:
    if num_oov_buckets < 0:
        raise ValueError(f"Invalid num_oov_buckets {num_oov_buckets} in {key}.")
    if num_oov_buckets and default_value != -1:
        raise ValueError(f"Can't specify both num_oov_buckets and default_value in {key}.")


def categorical_column_with_vocabulary_file(key: str, vocabulary_file: Any, vocabulary_size: int | None = None, num_oov_buckets: int = 0,
                                            default_value: Any = None, dtype: Any = dtypes.string) -> VocabularyColumn:  # fmt: skip
    """Ids by the line in a file."""
    if not vocabulary_file:
        raise ValueError(f"Missing vocabulary_file in {key}.")
    if vocabulary_size is None:
        from jax_slim.tf1.python import gfile

        with gfile.GFile(vocabulary_file) as file:
            vocabulary_size = sum(1 for _ in file)
    default_value = -1 if default_value is None else default_value
    _check_oov(default_value, num_oov_buckets, key)
    return VocabularyColumn(
        _key(key), str(vocabulary_file), vocabulary_size, _of_ids(dtype, key), default_value, num_oov_buckets
    )


def categorical_column_with_identity(key: str, num_buckets: int, default_value: Any = None) -> IdentityColumn:
    """Integers that are ids below `num_buckets`; others are an error, or `default_value`."""
    if num_buckets < 1:
        raise ValueError(f"num_buckets {num_buckets} < 1, column_name {key}")
    if default_value is not None and not 0 <= default_value < num_buckets:
        raise ValueError(f"default_value {default_value} not in range [0, {num_buckets}), column_name {key}")
    return IdentityColumn(_key(key), num_buckets, default_value)


def crossed_column(keys: Any, hash_bucket_size: int, hash_key: Any = None) -> CrossedColumn:
    """Ids by a hash of what several columns have together. Keys are names of features, or columns.

    Raises:
      ValueError: fewer than two keys, no buckets, or a column that cannot be crossed.
    """
    if not hash_bucket_size or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be > 1. hash_bucket_size: {hash_bucket_size}")
    keys = tuple(keys or ())
    if len(keys) < 2:
        raise ValueError(f"keys must be a list with length > 1. Given: {keys}")
    for key in keys:
        if not isinstance(key, str | CategoricalColumn):
            raise ValueError(
                f"Unsupported key type. All keys must be either string, or categorical column except HashedCategoricalColumn. Given: {key}"
            )
        if isinstance(key, HashedColumn):
            raise ValueError(
                f"categorical_column_with_hash_bucket is not supported for crossing. Hashing before crossing will increase probability of collision. Instead, use the feature name as a string. Given: {key}"
            )
    return CrossedColumn(keys, hash_bucket_size, hash_key)


def weighted_categorical_column(
    categorical_column: CategoricalColumn, weight_feature_key: str, dtype: Any = dtypes.float32
) -> WeightedColumn:
    """Ids with weights from another feature."""
    kind = dtypes.as_dtype(dtype)
    if not (kind.is_integer or kind.is_floating):
        raise ValueError(f"dtype {kind} is not convertible to float.")
    return WeightedColumn(categorical_column, weight_feature_key, kind)


def indicator_column(categorical_column: CategoricalColumn) -> IndicatorColumn:
    """Ids as vectors that count them."""
    _categorical(categorical_column)
    return IndicatorColumn(categorical_column)


def _categorical(column: Any) -> None:
    if not isinstance(column, CategoricalColumn):
        raise ValueError(f"Unsupported input type. Input must be a CategoricalColumn. Given: {column}")


def embedding_column(categorical_column: CategoricalColumn, dimension: int, combiner: str = "mean", initializer: Any = None, ckpt_to_load_from: Any = None,
                     tensor_name_in_ckpt: Any = None, max_norm: Any = None, trainable: bool = True) -> EmbeddingColumn:  # fmt: skip
    """Ids as learned vectors.

    Args:
      dimension: of the vectors.
      combiner: "mean", "sum" or "sqrtn" of several ids.
      initializer: by default normal with standard deviation 1 / sqrt(dimension).
      ckpt_to_load_from, tensor_name_in_ckpt: where the vectors come from.

    Raises:
      ValueError: no dimension, one of the two last alone, an initializer that cannot be called.
    """
    return _embedding(
        categorical_column,
        dimension,
        combiner,
        initializer,
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        max_norm,
        trainable,
        None,
    )


def _embedding(column: Any, dimension: Any, combiner: str, initializer: Any, checkpoint: Any, tensor: Any, max_norm: Any, trainable: bool,
               shared: Any) -> EmbeddingColumn:  # fmt: skip
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")
    if (checkpoint is None) != (tensor is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    if initializer is not None and not callable(initializer):
        raise ValueError(f"initializer must be callable if specified. Embedding of column_name: {column.name}")
    initializer = initializer or initializers.TruncatedNormal(mean=0.0, stddev=1 / numbers.sqrt(dimension))
    return EmbeddingColumn(column, dimension, combiner, initializer, checkpoint, tensor, max_norm, trainable, shared)


def shared_embedding_columns(categorical_columns: Any, dimension: int, combiner: str = "mean", initializer: Any = None, shared_embedding_collection_name: Any = None,
                             ckpt_to_load_from: Any = None, tensor_name_in_ckpt: Any = None, max_norm: Any = None, trainable: bool = True) -> list[EmbeddingColumn]:  # fmt: skip
    """`embedding_column` for several columns with the same vectors."""
    columns = list(categorical_columns)
    if len({c.num_buckets for c in columns}) > 1:
        raise ValueError(
            "To use shared_embedding_column, all categorical_columns must have the same number of buckets."
        )
    name = shared_embedding_collection_name or "_".join(sorted(c.name for c in columns)) + "_shared_embedding"
    shared = (name, weakref.WeakKeyDictionary())
    initializer = initializer or initializers.TruncatedNormal(mean=0.0, stddev=1 / numbers.sqrt(dimension))
    return [
        _embedding(
            c, dimension, combiner, initializer, ckpt_to_load_from, tensor_name_in_ckpt, max_norm, trainable, shared
        )
        for c in columns
    ]


def make_parse_example_spec(feature_columns: Any) -> dict[str, Any]:
    """What `tf.parse_example` is to be told so that it gives the features of columns.

    Raises:
      ValueError: what is no column, or columns that want one feature differently.
    """
    found: dict[str, Any] = {}
    for column in feature_columns:
        if not isinstance(column, Column):
            raise ValueError(f"All feature_columns must be FeatureColumn instances. Given: {column}")
        for key, value in column.parse_example_spec.items():
            if key in found and found[key] != value:
                raise ValueError(
                    f"feature_columns contain different parse_spec for key {key}. Given {value} and {found[key]}"
                )
            found[key] = value
    return found
