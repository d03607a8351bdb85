"""`tf.feature_column`: what the columns of a table mean, and how they become numbers."""

import dataclasses
from typing import Any

from jax_slim.data.features import FixedLenFeature, VarLenFeature
from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    array,
    checks,
    gathering,
    lookup,
    math,
    nn_embedding,
    reductions,
    sparse,
    strings,
    variable_scope,
)

_HASH_KEY = 0xDECAFCAFFE


class Features:
    """Features by name, and what columns have made of them so far."""

    def __init__(self, features: dict[str, Any]) -> None:
        self._features = dict(features)
        self._made: dict[Any, Any] = {}

    def get(self, key: Any) -> Any:
        """A feature as a tensor with a column's axis, or what a column makes of its features.

        Raises:
          ValueError: there is no feature of that name, or it has no rank.
        """
        if isinstance(key, str):
            if key not in self._made:
                self._made[key] = self._raw(key)
            return self._made[key]
        if id(key) not in self._made:
            self._made[id(key)] = key.transformed(self)
        return self._made[id(key)]

    def _raw(self, key: str) -> Any:
        if key not in self._features:
            raise ValueError(f"Feature {key} is not in features dictionary.")
        found = self._features[key]
        if not isinstance(found, SparseTensor):
            found = conversion.convert_to_tensor(found)
        rank = found.get_shape().ndims
        if rank is None:
            raise ValueError(f"Feature {key} must have a known rank.")
        if rank == 0:
            raise ValueError(f"Feature (key: {key}) cannot have rank 0. Given: {found}")
        if rank > 1:
            return found
        if isinstance(found, SparseTensor):
            return sparse.sparse_reshape(
                found, [array.shape(found)[0] if found.shape[0].value is None else found.shape[0].value, 1]
            )
        return array.expand_dims(found, -1)


class Column:
    """What columns share. `name` is also that of the variable scope of what is made for it."""

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """What `tf.parse_example` is to be told of its features."""
        raise NotImplementedError

    def transformed(self, features: Features) -> Any:
        """What it makes of its features."""
        raise NotImplementedError


class DenseColumn(Column):
    """A column that is numbers: [batch, ...] with `variable_shape` behind the batch."""

    @property
    def variable_shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    def dense(self, features: Features, trainable: bool = True, collections: Any = None) -> Tensor:
        """The numbers."""
        raise NotImplementedError


class CategoricalColumn(Column):
    """A column of ids: a sparse tensor of numbers below `num_buckets`, perhaps with weights."""

    @property
    def num_buckets(self) -> int:
        raise NotImplementedError

    def sparse(self, features: Features) -> tuple[SparseTensor, Any]:
        """(ids, weights or None)."""
        return features.get(self), None


def _with_values(source: SparseTensor, values: Any) -> SparseTensor:
    return SparseTensor(source.indices, values, source.dense_shape)


def _as_sparse(found: Any) -> SparseTensor:
    """A dense tensor without its empty strings, or its -1, as a sparse one."""
    if isinstance(found, SparseTensor):
        return found
    ignored = "" if found.dtype == dtypes.string else -1
    with graphs.name_scope(None, "to_sparse_input", [found, ignored]):
        empty = conversion.constant("") if ignored == "" else math.cast(-1, found.dtype)
        places = gathering.where(math.not_equal(found, empty), name="indices")
        return SparseTensor(
            places,
            gathering.gather_nd(found, places, name="values"),
            array.shape(found, out_type=dtypes.int64, name="dense_shape"),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class NumericColumn(DenseColumn):
    """A feature's numbers."""

    key: str
    shape: tuple[int, ...]
    default_value: Any
    dtype: Any
    normalizer_fn: Any

    name = property(lambda self: self.key)
    variable_shape = property(lambda self: self.shape)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: FixedLenFeature(list(self.shape), self.dtype, self.default_value)}

    def transformed(self, features: Features) -> Any:
        found = features.get(self.key)
        if isinstance(found, SparseTensor):
            raise ValueError(
                f"The corresponding Tensor of numerical column must be a Tensor. SparseTensor is not supported. key: {self.key}"
            )
        if self.normalizer_fn is not None:
            found = self.normalizer_fn(found)
        return math.cast(found, dtypes.float32)

    def dense(self, features: Features, trainable: bool = True, collections: Any = None) -> Tensor:
        return features.get(self)


@dataclasses.dataclass(frozen=True, eq=False)
class BucketizedColumn(DenseColumn, CategoricalColumn):
    """The range that a number is in."""

    source_column: NumericColumn
    boundaries: tuple[float, ...]

    name = property(lambda self: f"{self.source_column.name}_bucketized")
    variable_shape = property(lambda self: (*self.source_column.shape, len(self.boundaries) + 1))
    num_buckets = property(lambda self: (len(self.boundaries) + 1) * self.source_column.shape[0])
    parse_example_spec = property(lambda self: self.source_column.parse_example_spec)

    def transformed(self, features: Features) -> Any:
        return building.make("Bucketize", features.get(self.source_column), boundaries=list(self.boundaries))

    def dense(self, features: Features, trainable: bool = True, collections: Any = None) -> Tensor:
        ids = math.cast(features.get(self), dtypes.int64)
        return gathering.one_hot(ids, depth=len(self.boundaries) + 1, on_value=1.0, off_value=0.0)

    def sparse(self, features: Features) -> tuple[SparseTensor, Any]:
        ids = features.get(self)
        batch, size = array.shape(ids)[0], self.source_column.shape[0]
        # Each of several numbers has ids of its own.
        from jax_slim.tf1.python import constant_op

        row = array.reshape(array.tile(array.expand_dims(constant_op.range(0, batch), 1), [1, size]), (-1,))
        place = array.tile(constant_op.range(0, size), [batch])
        values = array.reshape(ids, (-1,)) + (len(self.boundaries) + 1) * place
        places = math.cast(array.transpose(_stacked([row, place])), dtypes.int64)
        return SparseTensor(places, values, math.cast(_stacked([batch, conversion.constant(size)]), dtypes.int64)), None


def _stacked(values: Any) -> Any:
    return building.make("Pack", values, axis=0)


@dataclasses.dataclass(frozen=True, eq=False)
class _FromKey(CategoricalColumn):
    """Ids of one feature."""

    key: str

    name = property(lambda self: self.key)

    @property
    def kind(self) -> Any:
        return dtypes.string

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.kind)}

    def transformed(self, features: Features) -> Any:
        found = _as_sparse(features.get(self.key))
        return _with_values(found, self.ids(found.values))

    def ids(self, values: Tensor) -> Any:
        raise NotImplementedError


@dataclasses.dataclass(frozen=True, eq=False)
class HashedColumn(_FromKey):
    """A feature's entries by a hash."""

    hash_bucket_size: int
    dtype: Any

    num_buckets = property(lambda self: self.hash_bucket_size)
    kind = property(lambda self: self.dtype)

    def ids(self, values: Tensor) -> Any:
        texts = values if self.dtype == dtypes.string else strings.as_string(values)
        return strings.string_to_hash_bucket_fast(texts, self.hash_bucket_size, name="lookup")


@dataclasses.dataclass(frozen=True, eq=False)
class VocabularyColumn(_FromKey):
    """A feature's entries by their place in a list or file."""

    vocabulary: Any  # a tuple of entries, or a file
    size: int
    dtype: Any
    default_value: int
    num_oov_buckets: int

    num_buckets = property(lambda self: self.size + self.num_oov_buckets)
    kind = property(lambda self: self.dtype)

    def ids(self, values: Tensor) -> Any:
        if self.dtype.is_integer:
            values = math.cast(values, dtypes.int64)
        name = f"{self.key}_lookup"
        options = {"default_value": self.default_value, "num_oov_buckets": self.num_oov_buckets, "name": name}
        if isinstance(self.vocabulary, tuple):
            words = list(self.vocabulary)
            kind = dtypes.int64 if self.dtype.is_integer else self.dtype
            return lookup.index_table_from_tensor(conversion.constant(words, kind), dtype=kind, **options).lookup(
                values
            )
        kind = dtypes.int64 if self.dtype.is_integer else self.dtype
        table = lookup.index_table_from_file(self.vocabulary, vocab_size=self.size, key_dtype=kind, **options)
        return table.lookup(values)


@dataclasses.dataclass(frozen=True, eq=False)
class IdentityColumn(_FromKey):
    """A feature's entries as they are."""

    number_buckets: int
    default_value: Any

    num_buckets = property(lambda self: self.number_buckets)
    kind = property(lambda self: dtypes.int64)

    def ids(self, values: Tensor) -> Any:
        values = math.cast(values, dtypes.int64, name="values")
        bound, zero = (
            math.cast(self.number_buckets, dtypes.int64, name="num_buckets"),
            math.cast(0, dtypes.int64, name="zero"),
        )
        if self.default_value is None:
            checked = [checks.assert_less(values, bound, data=(values, bound), name="assert_less_than_num_buckets"),
                       checks.assert_greater_equal(values, zero, data=(values,), name="assert_greater_or_equal_0")]  # fmt: skip
            with graphs.control_dependencies(checked):
                return array.identity(values)
        outside = math.logical_or(values < zero, values >= bound, name="out_of_range")
        from jax_slim.tf1.python import constant_op

        default = constant_op.fill(
            array.shape(values), math.cast(self.default_value, dtypes.int64), name="default_values"
        )
        return gathering.where(outside, default, values)


@dataclasses.dataclass(frozen=True, eq=False)
class CrossedColumn(CategoricalColumn):
    """What several features or columns have together, by a hash."""

    keys: tuple[Any, ...]
    hash_bucket_size: int
    hash_key: Any

    num_buckets = property(lambda self: self.hash_bucket_size)

    @property
    def name(self) -> str:
        return "_X_".join(sorted(self._leaf_names()))

    def _leaf_names(self) -> list[str]:
        found: list[str] = []
        for key in self.keys:
            found += (
                key._leaf_names() if isinstance(key, CrossedColumn) else [key if isinstance(key, str) else key.name]
            )
        return found

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in self.keys:
            found.update({key: VarLenFeature(dtypes.string)} if isinstance(key, str) else key.parse_example_spec)
        return found

    def _leaves(self) -> list[Any]:
        return [leaf for key in self.keys for leaf in (key._leaves() if isinstance(key, CrossedColumn) else [key])]

    def transformed(self, features: Features) -> Any:
        inputs = []
        for leaf in self._leaves():
            if isinstance(leaf, str):
                inputs.append(features.get(leaf))
                continue
            ids, weights = leaf.sparse(features)
            if weights is not None:
                raise ValueError(
                    f"crossed_column does not support weight_tensor, but the given column populates weight_tensor. Given column: {leaf.name}"
                )
            inputs.append(ids)
        return sparse_cross_hashed(inputs, self.hash_bucket_size, self.hash_key)


def sparse_cross_hashed(inputs: Any, num_buckets: int = 0, hash_key: Any = None) -> SparseTensor:
    """Hashes of all combinations of the entries that several tensors have in a row."""
    parts = [i for i in inputs if isinstance(i, SparseTensor)]
    dense = [conversion.convert_to_tensor(i) for i in inputs if not isinstance(i, SparseTensor)]

    def plain(values: Any) -> Any:
        return values if values.dtype == dtypes.string else math.cast(values, dtypes.int64)

    values, dense = [plain(p.values) for p in parts], [plain(d) for d in dense]
    places, made, shape = building.make(
        "SparseCross", [p.indices for p in parts], values, [p.dense_shape for p in parts], dense, hashed_output=True, num_buckets=num_buckets,
        hash_key=_HASH_KEY if hash_key is None else hash_key, out_type=dtypes.int64, internal_type=dtypes.string,
    )  # fmt: skip
    return SparseTensor(places, made, shape)


@dataclasses.dataclass(frozen=True, eq=False)
class WeightedColumn(CategoricalColumn):
    """Ids with weights from another feature."""

    categorical_column: CategoricalColumn
    weight_feature_key: str
    dtype: Any

    name = property(lambda self: f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}")
    num_buckets = property(lambda self: self.categorical_column.num_buckets)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {**self.categorical_column.parse_example_spec, self.weight_feature_key: VarLenFeature(self.dtype)}

    def transformed(self, features: Features) -> Any:
        weights = features.get(self.weight_feature_key)
        if not isinstance(weights, SparseTensor):
            weights = _as_sparse(math.cast(weights, dtypes.float32))
        elif self.dtype != weights.dtype.base_dtype:
            raise ValueError(f"Bad dtype, expected {self.dtype}, but got {weights.dtype}.")
        return _with_values(weights, math.cast(weights.values, dtypes.float32))

    def sparse(self, features: Features) -> tuple[SparseTensor, Any]:
        return self.categorical_column.sparse(features)[0], features.get(self)


@dataclasses.dataclass(frozen=True, eq=False)
class IndicatorColumn(DenseColumn):
    """Ids counted."""

    categorical_column: CategoricalColumn

    name = property(lambda self: f"{self.categorical_column.name}_indicator")
    variable_shape = property(lambda self: (self.categorical_column.num_buckets,))
    parse_example_spec = property(lambda self: self.categorical_column.parse_example_spec)

    def transformed(self, features: Features) -> Any:
        ids, weights = self.categorical_column.sparse(features)
        size = self.variable_shape[-1]
        if weights is not None:
            merged = sparse.sparse_merge(sp_ids=ids, sp_values=weights, vocab_size=int(size))
            merged = sparse.sparse_slice(merged, [0, 0], merged.dense_shape)
            return sparse.sparse_tensor_to_dense(merged)
        ids = _with_values(ids, math.cast(ids.values, dtypes.int64))
        table = gathering.one_hot(
            sparse.sparse_tensor_to_dense(ids, default_value=-1), depth=size, on_value=1.0, off_value=0.0
        )
        return reductions.reduce_sum(table, axis=[-2])

    def dense(self, features: Features, trainable: bool = True, collections: Any = None) -> Tensor:
        return features.get(self)


@dataclasses.dataclass(frozen=True, eq=False)
class EmbeddingColumn(DenseColumn):
    """Ids as learned vectors."""

    categorical_column: CategoricalColumn
    dimension: int
    combiner: str
    initializer: Any
    ckpt_to_load_from: Any
    tensor_name_in_ckpt: Any
    max_norm: Any
    trainable: bool
    shared: Any = None  # of columns that share their embeddings: the name and a dictionary graph -> variable

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_{'shared_' if self.shared else ''}embedding"

    @property
    def scope_name(self) -> str:
        """The variable scope: shared ones have one of their own."""
        return self.shared[0] if self.shared else self.name

    variable_shape = property(lambda self: (self.dimension,))
    parse_example_spec = property(lambda self: self.categorical_column.parse_example_spec)

    def transformed(self, features: Features) -> Any:
        return self.categorical_column.sparse(features)

    def dense(self, features: Features, trainable: bool = True, collections: Any = None) -> Tensor:
        ids, weights = features.get(self)
        table = self._table(trainable, collections)
        return nn_embedding.safe_embedding_lookup_sparse(
            table, ids, weights, combiner=self.combiner, name=f"{self.name}_weights", max_norm=self.max_norm
        )  # fmt: skip

    def _table(self, trainable: bool, collections: Any) -> Any:
        graph = graphs.get_default_graph()
        if self.shared and graph in self.shared[1]:
            return self.shared[1][graph]
        found = variable_scope.get_variable(
            "embedding_weights", shape=(self.categorical_column.num_buckets, self.dimension), dtype=dtypes.float32,
            initializer=self.initializer, trainable=self.trainable and trainable, collections=collections,
        )  # fmt: skip
        if self.shared:
            self.shared[1][graph] = found
        if self.ckpt_to_load_from is not None:
            from jax_slim.tf1.python import checkpoint_initialization

            parts = list(found) if hasattr(found, "_get_variable_list") else found
            checkpoint_initialization.init_from_checkpoint(self.ckpt_to_load_from, {self.tensor_name_in_ckpt: parts})
        return found
