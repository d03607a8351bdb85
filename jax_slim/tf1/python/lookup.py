"""`tf.contrib.lookup`: tables from texts or numbers to numbers or texts, filled from tensors or files, or changed while they are used."""

from typing import Any

from jax_slim.tf1.graph import building, collections, conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.operations.tables import LINE_NUMBER, WHOLE_LINE
from jax_slim.tf1.python import array, gathering, strings


class TextFileIndex:
    """What stands for a column: the whole line, or its number."""

    WHOLE_LINE = WHOLE_LINE
    LINE_NUMBER = LINE_NUMBER


class LookupInterface:
    """What all tables have: types of keys and values, a size, a lookup."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype, self._value_dtype = dtypes.as_dtype(key_dtype), dtypes.as_dtype(value_dtype)
        self._handle: Any = None

    key_dtype = property(lambda self: self._key_dtype)
    value_dtype = property(lambda self: self._value_dtype)
    resource_handle = property(lambda self: self._handle)
    table_ref = property(lambda self: self._handle)

    @property
    def name(self) -> str:
        return self._handle.op.name.split("/")[-1]

    def size(self, name: str | None = None) -> Tensor:
        """How many entries there are."""
        with graphs.name_scope(name, f"{self.name}_Size", [self._handle]):
            return building.make("LookupTableSizeV2", self._handle)

    def _check_keys(self, keys: Any) -> None:
        if keys.dtype.base_dtype != self._key_dtype:
            raise TypeError(f"Signature mismatch. Keys must be dtype {self._key_dtype}, got {keys.dtype}.")


class InitializableLookupTableBase(LookupInterface):
    """A table that an initializer fills once, before it is used."""

    def __init__(
        self, default_value: Any, initializer: Any, name: str = "hash_table", shared_name: str | None = None
    ) -> None:
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._default_value = conversion.convert_to_tensor(default_value, dtype=self._value_dtype)
        self._default_value.shape.merge_with([])
        self._handle = building.make(
            "HashTableV2",
            shared_name=shared_name or "",
            key_dtype=self._key_dtype,
            value_dtype=self._value_dtype,
            name=name,
        )
        self._init_op = initializer.initialize(self)

    default_value = property(lambda self: self._default_value)
    initializer = property(lambda self: self._init_op)
    init = property(lambda self: self._init_op)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys, the default value for those that are not there.

        Raises:
          TypeError: the keys are of another type.
        """
        if not isinstance(keys, Tensor | SparseTensor):
            keys = conversion.convert_to_tensor(keys, name="keys")
        self._check_keys(keys)
        flat = keys.values if isinstance(keys, SparseTensor) else keys
        with graphs.name_scope(name, f"{self.name}_Lookup", [self._handle, flat, self._default_value]):
            values = building.make("LookupTableFindV2", self._handle, flat, self._default_value)
        values.set_shape(flat.shape)
        return SparseTensor(keys.indices, values, keys.dense_shape) if isinstance(keys, SparseTensor) else values


class HashTable(InitializableLookupTableBase):
    """A table that is filled once.

    table = tf.contrib.lookup.HashTable(tf.contrib.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1)
    ids = table.lookup(words)
    sess.run(tf.tables_initializer())
    """

    def __init__(
        self, initializer: Any, default_value: Any, shared_name: str | None = None, name: str | None = None
    ) -> None:
        super().__init__(default_value, initializer, name or "hash_table", shared_name)

    def export(self, name: str | None = None) -> Any:
        """(all keys, their values)."""
        with graphs.name_scope(name, f"{self.name}_Export", [self._handle]):
            keys, values = building.make(
                "LookupTableExportV2", self._handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype
            )
        keys.set_shape([None])
        values.set_shape([None])
        return keys, values


StaticHashTable = StaticHashTableV1 = HashTable


class TableInitializerBase:
    """What fills a table: the types of keys and values, and `initialize(table)`."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype, self._value_dtype = dtypes.as_dtype(key_dtype), dtypes.as_dtype(value_dtype)

    key_dtype = property(lambda self: self._key_dtype)
    value_dtype = property(lambda self: self._value_dtype)

    def initialize(self, table: Any) -> Operation:
        """Makes the operation that fills a table, and adds it to the collection of table initializers."""
        raise NotImplementedError

    def _check(self, table: Any) -> None:
        if self._key_dtype != table.key_dtype:
            raise TypeError(f"Invalid key dtype, expected {table.key_dtype} but got {self._key_dtype}.")
        if self._value_dtype != table.value_dtype:
            raise TypeError(f"Invalid value dtype, expected {table.value_dtype} but got {self._value_dtype}.")


class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table with a vector of keys and a vector of their values."""

    def __init__(
        self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None, name: str | None = None
    ) -> None:
        self._keys = conversion.convert_to_tensor(keys, dtype=key_dtype, name="keys")
        self._values = conversion.convert_to_tensor(values, dtype=value_dtype, name="values")
        self._name = name if name is not None else "key_value_init"
        super().__init__(self._keys.dtype, self._values.dtype)

    def initialize(self, table: Any) -> Operation:
        self._check(table)
        with graphs.name_scope(self._name, values=[table.resource_handle, self._keys, self._values]):
            op = building.make("LookupTableImportV2", table.resource_handle, self._keys, self._values)
        graphs.add_to_collection(collections.GraphKeys.TABLE_INITIALIZERS, op)
        return op


class TextFileInitializer(TableInitializerBase):
    """Fills a table from the lines of a file: columns, whole lines, or the lines' numbers."""

    def __init__(self, filename: Any, key_dtype: Any, key_index: int, value_dtype: Any, value_index: int, vocab_size: int | None = None,
                 delimiter: str = "\t", name: str | None = None) -> None:  # fmt: skip
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError("Filename required")
        key_dtype, value_dtype = dtypes.as_dtype(key_dtype), dtypes.as_dtype(value_dtype)
        for what, index, kind in (("Key", key_index, key_dtype), ("Value", value_index, value_dtype)):
            if index < -2:
                raise ValueError(f"Invalid {what.lower()} index {index}.")
            if index == LINE_NUMBER and kind != dtypes.int64:
                raise ValueError(f"Signature mismatch. {what}s must be dtype {dtypes.int64}, got {kind}.")
            if index == WHOLE_LINE and not kind.is_integer and kind != dtypes.string:
                raise ValueError(f"Signature mismatch. {what}s must be integer or string, got {kind}.")
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"Invalid vocab_size {vocab_size}.")
        self._filename, self._key_index, self._value_index = filename, key_index, value_index
        self._vocab_size, self._delimiter, self._name = vocab_size, delimiter, name
        super().__init__(key_dtype, value_dtype)

    def initialize(self, table: Any) -> Operation:
        self._check(table)
        with graphs.name_scope(self._name, "text_file_init", [table.resource_handle]):
            path = conversion.convert_to_tensor(self._filename, dtypes.string, name="asset_filepath")
            op = building.make(
                "InitializeTableFromTextFileV2", table.resource_handle, path, key_index=self._key_index, value_index=self._value_index,
                vocab_size=-1 if self._vocab_size is None else self._vocab_size, delimiter=self._delimiter,
            )  # fmt: skip
        graphs.add_to_collection(collections.GraphKeys.TABLE_INITIALIZERS, op)
        if path.op.type == "Const":
            graphs.add_to_collection(collections.GraphKeys.ASSET_FILEPATHS, path)
        return op


class TextFileStringTableInitializer(TextFileInitializer):
    """Fills a table from line numbers to lines."""

    def __init__(self, filename: Any, key_column_index: int = LINE_NUMBER, value_column_index: int = WHOLE_LINE, vocab_size: int | None = None,
                 delimiter: str = "\t", name: str | None = "text_file_string_table_init") -> None:  # fmt: skip
        super().__init__(
            filename, dtypes.int64, key_column_index, dtypes.string, value_column_index, vocab_size, delimiter, name
        )


class TextFileIdTableInitializer(TextFileInitializer):
    """Fills a table from lines to line numbers."""

    def __init__(self, filename: Any, key_column_index: int = WHOLE_LINE, value_column_index: int = LINE_NUMBER, vocab_size: int | None = None,
                 delimiter: str = "\t", name: str | None = "text_file_id_table_init", key_dtype: Any = dtypes.string) -> None:  # fmt: skip
        super().__init__(
            filename, key_dtype, key_column_index, dtypes.int64, value_column_index, vocab_size, delimiter, name
        )


class HasherSpec:
    """A hash function by its name, and its key."""

    def __init__(self, hasher: str, key: Any) -> None:
        self.hasher, self.key = hasher, key


FastHashSpec = HasherSpec("fasthash", None)


class StrongHashSpec(HasherSpec):
    """A hash function with a key of two numbers."""

    def __init__(self, key: Any) -> None:
        if len(key) != 2:
            raise ValueError(f"key must have size 2, got {len(key)}.")
        if not all(isinstance(part, int) for part in key):
            raise TypeError("Invalid key. Must be unsigned integer values.")
        super().__init__("stronghash", key)


class IdTableWithHashBuckets(LookupInterface):
    """A table of ids, with further ids, by a hash, for keys that are not in it."""

    def __init__(self, table: Any, num_oov_buckets: int, hasher_spec: HasherSpec = FastHashSpec, name: str | None = None,
                 key_dtype: Any = None) -> None:  # fmt: skip
        super().__init__(
            dtypes.string if key_dtype is None and table is None else key_dtype or table.key_dtype, dtypes.int64
        )
        if table is None and num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0 if no table is supplied.")
        self._table, self._num_oov_buckets, self._hasher_spec = table, num_oov_buckets, hasher_spec
        part = table.name + "_" if table is not None else ""
        self._name = name.rstrip("/") if name else f"{part}{num_oov_buckets}_buckets"

    name = property(lambda self: self._name)
    init = property(lambda self: self._table.init if self._table is not None else None)
    initializer = property(lambda self: self.init)
    resource_handle = property(lambda self: self._table.resource_handle if self._table is not None else None)

    def size(self, name: str | None = None) -> Any:
        with graphs.name_scope(name, f"{self.name}_Size"):
            whole: Any = self._table.size() if self._table is not None else 0
            return whole + self._num_oov_buckets

    def _hash(self, values: Tensor) -> Tensor:
        texts = values if values.dtype == dtypes.string else strings.as_string(values)
        if self._hasher_spec.hasher == "stronghash":
            return strings.string_to_hash_bucket_strong(
                texts, self._num_oov_buckets, self._hasher_spec.key, name="hash_bucket"
            )
        return strings.string_to_hash_bucket_fast(texts, self._num_oov_buckets, name="hash_bucket")

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The ids of keys.

        Raises:
          TypeError: the keys are of another type.
        """
        if not isinstance(keys, Tensor | SparseTensor):
            keys = conversion.convert_to_tensor(keys, name="keys")
        self._check_keys(keys)
        values = keys.values if isinstance(keys, SparseTensor) else keys
        if (
            self._table is not None
            and self._table.key_dtype.base_dtype == dtypes.int64
            and values.dtype != dtypes.int64
        ):
            values = building.make("Cast", values, DstT=dtypes.int64)
        if self._num_oov_buckets == 0:
            assert self._table is not None  # else there must be buckets
            ids = self._table.lookup(values, name=name)
        else:
            with graphs.name_scope(name, f"{self.name}_Lookup"):
                ids = self._hash(values)
                if self._table is not None:
                    found = self._table.lookup(values)
                    buckets = building.make("Add", ids, self._table.size())
                    ids = gathering.where(building.make("NotEqual", found, self._table.default_value), found, buckets)
        return SparseTensor(keys.indices, ids, keys.dense_shape) if isinstance(keys, SparseTensor) else ids


StaticVocabularyTableV1 = StaticVocabularyTable = IdTableWithHashBuckets


def _check_keys_kind(dtype: Any) -> None:
    if not dtype.is_integer and dtype.base_dtype != dtypes.string:
        raise TypeError("Only integer and string keys are supported.")


def index_table_from_tensor(vocabulary_list: Any = None, num_oov_buckets: int = 0, default_value: int = -1, hasher_spec: HasherSpec = FastHashSpec,
                            dtype: Any = dtypes.string, name: str | None = None, mapping: Any = None) -> Any:  # fmt: skip
    """A table from the entries of a vector to their numbers; other keys get `default_value`, or one of `num_oov_buckets` further numbers."""
    vocabulary_list = mapping if vocabulary_list is None else vocabulary_list
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    if num_oov_buckets < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {num_oov_buckets}.")
    dtype = dtypes.as_dtype(dtype)
    _check_keys_kind(dtype)
    with graphs.name_scope(name, "string_to_index"):
        keys = conversion.convert_to_tensor(vocabulary_list)
        if keys.dtype.is_integer != dtype.is_integer:
            raise ValueError(f"Expected {'integer' if dtype.is_integer else 'non-integer'}, got {keys.dtype}.")
        if not dtype.is_integer and keys.dtype.base_dtype != dtype:
            raise ValueError(f"Expected {dtype}, got {keys.dtype}.")
        values = _numbers(keys)
        with graphs.name_scope(None, "hash_table"):
            table_keys = (
                building.make("Cast", keys, DstT=dtypes.int64)
                if keys.dtype.is_integer and keys.dtype != dtypes.int64
                else keys
            )
            initializer = KeyValueTensorInitializer(
                table_keys, values, table_keys.dtype.base_dtype, dtypes.int64, name="table_init"
            )
            table = HashTable(initializer, default_value)
        if num_oov_buckets:
            return IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec, key_dtype=dtype)
        return table


def _numbers(keys: Tensor) -> Tensor:
    from jax_slim.tf1.python import constant_op

    return building.make("Cast", constant_op.range(array.size(keys)), DstT=dtypes.int64)


def index_table_from_file(vocabulary_file: Any = None, num_oov_buckets: int = 0, vocab_size: int | None = None, default_value: int = -1,
                          hasher_spec: HasherSpec = FastHashSpec, key_dtype: Any = dtypes.string, name: str | None = None,
                          key_column_index: int = WHOLE_LINE, value_column_index: int = LINE_NUMBER, delimiter: str = "\t") -> Any:  # fmt: skip
    """A table from the lines of a file to their numbers; see `index_table_from_tensor`."""
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("vocabulary_file must be specified and must not be empty.")
    if num_oov_buckets < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {num_oov_buckets}.")
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(f"vocab_size must be greater than 0, got {vocab_size}.")
    key_dtype = dtypes.as_dtype(key_dtype)
    _check_keys_kind(key_dtype)
    with graphs.name_scope(name, "string_to_index"):
        with graphs.name_scope(None, "hash_table"):
            initializer = TextFileIdTableInitializer(
                vocabulary_file, vocab_size=vocab_size, key_dtype=dtypes.int64 if key_dtype.is_integer else key_dtype, name="table_init",
                key_column_index=key_column_index, value_column_index=value_column_index, delimiter=delimiter,
            )  # fmt: skip
            shared = _shared_name(vocabulary_file, vocab_size, key_column_index, value_column_index)
            table = HashTable(initializer, default_value, shared_name=shared)
        if num_oov_buckets:
            return IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec, key_dtype=key_dtype)
        return table


def _shared_name(file: Any, vocab_size: int | None, key: int, value: int) -> str:
    size = f"{vocab_size}_" if vocab_size else ""
    return f"hash_table_{file.name if isinstance(file, Tensor) else file}_{size}{key}_{value}"


def index_to_string_table_from_tensor(
    vocabulary_list: Any = None, default_value: str = "UNK", name: str | None = None, mapping: Any = None
) -> HashTable:
    """A table from numbers to the texts of a vector."""
    vocabulary_list = mapping if vocabulary_list is None else vocabulary_list
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    with graphs.name_scope(name, "index_to_string"):
        texts = conversion.convert_to_tensor(vocabulary_list, dtypes.string)
        initializer = KeyValueTensorInitializer(_numbers(texts), texts, dtypes.int64, dtypes.string, name="table_init")
        return HashTable(initializer, default_value)


def index_to_string_table_from_file(vocabulary_file: Any, vocab_size: int | None = None, default_value: str = "UNK", name: str | None = None,
                                    key_column_index: int = LINE_NUMBER, value_column_index: int = WHOLE_LINE, delimiter: str = "\t") -> HashTable:  # fmt: skip
    """A table from numbers to the lines of a file."""
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("vocabulary_file must be specified and must not be empty.")
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(f"vocab_size must be greater than 0, got {vocab_size}.")
    with graphs.name_scope(name, "index_to_string"):
        initializer = TextFileStringTableInitializer(
            vocabulary_file, vocab_size=vocab_size, name="table_init", key_column_index=key_column_index,
            value_column_index=value_column_index, delimiter=delimiter,
        )  # fmt: skip
        return HashTable(
            initializer,
            default_value,
            shared_name=_shared_name(vocabulary_file, vocab_size, key_column_index, value_column_index),
        )


def index_to_string(tensor: Any, mapping: Any, default_value: str = "UNK", name: str | None = None) -> Any:
    """The texts of numbers, by a vector of texts."""
    return index_to_string_table_from_tensor(mapping, default_value, name).lookup(tensor)


def string_to_index(tensor: Any, mapping: Any, default_value: int = -1, name: str | None = None) -> Any:
    """The numbers of texts in a vector of texts."""
    return index_table_from_tensor(mapping, default_value=default_value, name=name).lookup(tensor)


class MutableHashTable(LookupInterface):
    """A table that is filled and changed while it is used."""

    def __init__(self, key_dtype: Any, value_dtype: Any, default_value: Any, shared_name: str | None = None, name: str = "MutableHashTable",
                 checkpoint: bool = True) -> None:  # fmt: skip
        super().__init__(key_dtype, value_dtype)
        self._default_value = conversion.convert_to_tensor(default_value, dtype=self._value_dtype)
        self._value_shape = self._default_value.shape
        self._handle = self._make(shared_name or "", name)

    def _make(self, shared_name: str, name: str) -> Tensor:
        common = {
            "shared_name": shared_name,
            "key_dtype": self._key_dtype,
            "value_dtype": self._value_dtype,
            "name": name,
        }
        if self._value_shape.ndims == 0:
            return building.make("MutableHashTableV2", **common)
        return building.make("MutableHashTableOfTensorsV2", value_shape=self._value_shape, **common)

    def lookup(self, keys: Any, name: str | None = None) -> Tensor:
        """The values of keys, the default value for those that are not there."""
        with graphs.name_scope(name, f"{self.name}_lookup_table_find", [self._handle, keys, self._default_value]):
            keys = conversion.convert_to_tensor(keys, dtype=self._key_dtype, name="keys")
            return building.make("LookupTableFindV2", self._handle, keys, self._default_value)

    def insert(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        """Sets the values of keys."""
        with graphs.name_scope(name, f"{self.name}_lookup_table_insert", [self._handle, keys, values]):
            keys = conversion.convert_to_tensor(keys, self._key_dtype, name="keys")
            values = conversion.convert_to_tensor(values, self._value_dtype, name="values")
            return building.make("LookupTableInsertV2", self._handle, keys, values)

    def remove(self, keys: Any, name: str | None = None) -> Operation:
        """Removes keys; does nothing for those that are not there."""
        self._check_keys(keys)
        with graphs.name_scope(name, f"{self.name}_lookup_table_remove", [self._handle, keys]):
            return building.make("LookupTableRemoveV2", self._handle, keys)

    def export(self, name: str | None = None) -> Any:
        """(all keys, their values)."""
        with graphs.name_scope(name, f"{self.name}_lookup_table_export_values", [self._handle]):
            return building.make("LookupTableExportV2", self._handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype)


class MutableDenseHashTable(MutableHashTable):
    """`MutableHashTable`; two keys, which must never be used, mark empty and deleted places."""

    def __init__(self, key_dtype: Any, value_dtype: Any, default_value: Any, empty_key: Any, deleted_key: Any = None,
                 initial_num_buckets: int | None = None, shared_name: str | None = None, name: str = "MutableDenseHashTable",
                 checkpoint: bool = True) -> None:  # fmt: skip
        kind = dtypes.as_dtype(key_dtype)
        self._keys = [
            conversion.convert_to_tensor(key, dtype=kind, name=what)
            for key, what in ((empty_key, "empty_key"), (deleted_key if deleted_key is not None else -1, "deleted_key"))
        ]
        super().__init__(key_dtype, value_dtype, default_value, shared_name, name, checkpoint)

    def _make(self, shared_name: str, name: str) -> Tensor:
        return building.make(
            "MutableDenseHashTableV2",
            *self._keys,
            shared_name=shared_name,
            value_dtype=self._value_dtype,
            value_shape=self._value_shape,
            name=name,
        )


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """The operation that fills all tables of the graph."""
    from jax_slim.tf1.python import control_flow

    found = graphs.get_collection(collections.GraphKeys.TABLE_INITIALIZERS)
    return control_flow.group(*found, name=name) if found else control_flow.no_op(name=name)


def initialize_all_tables(name: str = "init_all_tables") -> Operation:
    """`tables_initializer`, by its old name."""
    return tables_initializer(name)
