"""Rows of lookup tables: from texts or numbers to numbers or texts, kept by the session."""

from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shape_inference
from jax_slim.tf1.operations import file_system
from jax_slim.tf1.operations.shape_rules import sizes, unknown
from jax_slim.tf1.operations.shaping import invalid

WHOLE_LINE, LINE_NUMBER = -2, -1


class Table:
    """A lookup table: keys and their values; `initialized` is False for one that is to be filled before it is used."""

    def __init__(self, key_dtype: Any, value_dtype: Any, value_shape: Any, mutable: bool) -> None:
        self.key_dtype, self.value_dtype, self.value_shape = key_dtype, value_dtype, tuple(value_shape)
        self.initialized = self.mutable = mutable
        self.entries: dict[Any, Any] = {}

    def checked(self) -> "Table":
        """The table itself.

        Raises:
          FailedPreconditionError: it has not been filled.
        """
        if not self.initialized:
            raise errors.FailedPreconditionError(None, None, "Table not initialized.")
        return self

    def put(self, keys: Any, values: Any, replace: bool) -> None:
        """Adds entries; with `replace` in place of all that are there."""
        if not self.mutable and replace:
            found: dict[Any, Any] = {}
            for key, value in zip(_flat(keys), _rows(values, np.ndim(keys)), strict=True):
                if key in found and found[key] != value:
                    raise errors.FailedPreconditionError(
                        None,
                        None,
                        f"HashTable has different value for same key. Key {key} has {found[key]} and trying to add value {value}",
                    )
                found[key] = value
            self.entries, self.initialized = found, True
            return
        if replace:
            self.entries.clear()
        self.entries.update(zip(_flat(keys), _rows(values, np.ndim(keys)), strict=True))

    def find(self, keys: Any, default: Any) -> np.ndarray:
        """The values of keys, `default` for those that are not there."""
        shape = np.shape(keys)
        kind = self.value_dtype.as_numpy_dtype
        result = np.empty((int(np.prod(shape)), *np.shape(default)), kind)
        other = np.asarray(default, object)[()] if np.ndim(default) == 0 else default
        for place, key in enumerate(_flat(keys)):
            result[place] = self.entries.get(key, other)
        return result.reshape(shape + np.shape(default))


def _flat(keys: Any) -> list[Any]:
    return np.asarray(keys).reshape(-1).tolist()


def _rows(values: Any, rank: int) -> list[Any]:
    values = np.asarray(values)
    inner = values.shape[rank:]
    return values.reshape(-1).tolist() if not inner else list(values.reshape((-1, *inner)))


def key_of(op: Any) -> tuple[str, bytes, bytes]:
    """Under what a session keeps the table of an operation."""
    container, shared = op.attrs.get("container") or b"", op.attrs.get("shared_name") or b""
    return ("table", container, shared or op.name.encode())


def _resource(run: Any, op: Any, make: Any) -> Table:
    key = key_of(op)
    resources = run.session.resources
    if key not in resources:
        resources[key] = make()
    return resources[key]


@rows.row(
    "HashTable",
    "HashTableV2",
    "AnonymousHashTable",
    host=True,
    context=True,
    shape=shape_inference.scalar,
    gradient=rows.NONE,
)
def hash_table(run: Any, op: Any) -> Any:
    return _resource(run, op, lambda: Table(op.attrs["key_dtype"], op.attrs["value_dtype"], (), False))


@rows.row(
    "MutableHashTable",
    "MutableHashTableV2",
    "AnonymousMutableHashTable",
    host=True,
    context=True,
    shape=shape_inference.scalar,
    gradient=rows.NONE,
)
def mutable_hash_table(run: Any, op: Any) -> Any:
    return _resource(run, op, lambda: Table(op.attrs["key_dtype"], op.attrs["value_dtype"], (), True))


@rows.row(
    "MutableHashTableOfTensors",
    "MutableHashTableOfTensorsV2",
    host=True,
    context=True,
    shape=shape_inference.scalar,
    gradient=rows.NONE,
)
def mutable_hash_table_of_tensors(run: Any, op: Any) -> Any:
    return _resource(
        run, op, lambda: Table(op.attrs["key_dtype"], op.attrs["value_dtype"], op.attrs["value_shape"].sizes, True)
    )


@rows.row(
    "MutableDenseHashTable",
    "MutableDenseHashTableV2",
    host=True,
    context=True,
    shape=shape_inference.scalar,
    gradient=rows.NONE,
)
def mutable_dense_hash_table(run: Any, op: Any, empty_key: Any, deleted_key: Any = None) -> Any:
    return _resource(
        run, op, lambda: Table(op.attrs["key_dtype"], op.attrs["value_dtype"], op.attrs["value_shape"].sizes, True)
    )


@rows.row(
    "LookupTableImport", "LookupTableImportV2", "InitializeTable", "InitializeTableV2", host=True, gradient=rows.NONE
)
def lookup_table_import(table_handle: Any, keys: Any, values: Any) -> Any:
    if np.shape(keys) != np.shape(values)[: np.ndim(keys)]:
        raise invalid(f"Expected shape {list(np.shape(keys))} for value, got {list(np.shape(values))}")
    table_handle.put(keys, values, True)
    return []


@rows.row("LookupTableInsert", "LookupTableInsertV2", host=True, gradient=rows.NONE)
def lookup_table_insert(table_handle: Any, keys: Any, values: Any) -> Any:
    if not table_handle.mutable:
        raise errors.UnimplementedError(None, None, "Insert not supported by this table type")
    table_handle.put(keys, values, False)
    return []


@rows.row("LookupTableRemoveV2", host=True, gradient=rows.NONE)
def lookup_table_remove(table_handle: Any, keys: Any) -> Any:
    for key in _flat(keys):
        table_handle.entries.pop(key, None)
    return []


def _found_shape(op: Any) -> Any:
    keys, default = sizes(op, 1), sizes(op, 2)
    return [unknown() if keys is None or default is None else keys + default]


@rows.row("LookupTableFind", "LookupTableFindV2", host=True, shape=_found_shape, gradient=rows.NONE)
def lookup_table_find(table_handle: Any, keys: Any, default_value: Any) -> Any:
    return table_handle.checked().find(keys, default_value)


@rows.row("LookupTableSize", "LookupTableSizeV2", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def lookup_table_size(table_handle: Any) -> Any:
    return np.array(len(table_handle.checked().entries), np.int64)


@rows.row("LookupTableExport", "LookupTableExportV2", host=True, shape=lambda op: [(None,), None], gradient=rows.NONE)
def lookup_table_export(table_handle: Any) -> Any:
    entries = table_handle.checked().entries
    keys = np.empty(len(entries), table_handle.key_dtype.as_numpy_dtype)
    keys[:] = list(entries)
    values = np.empty((len(entries), *table_handle.value_shape), table_handle.value_dtype.as_numpy_dtype)
    for place, value in enumerate(entries.values()):
        values[place] = value
    return [keys, values]


def _column(line: bytes, number: int, index: int, delimiter: bytes, kind: Any) -> Any:
    if index == LINE_NUMBER:
        return number
    if index == WHOLE_LINE:
        text = line
    else:
        parts = line.split(delimiter)
        if index >= len(parts):
            raise invalid(
                f"Invalid number of columns in line {number}: expected at least {index + 1}, got {len(parts)}"
            )
        text = parts[index]
    if kind.name == "string":
        return text
    try:
        return int(text) if kind.is_integer else float(text)
    except ValueError:
        raise invalid(f"Field {text!r} in line {number} is not a valid {kind.name}.") from None


@rows.row("InitializeTableFromTextFile", "InitializeTableFromTextFileV2", host=True, gradient=rows.NONE)
def initialize_table_from_text_file(
    table_handle: Any, filename: Any, *, key_index: int, value_index: int, vocab_size: int, delimiter: bytes
) -> Any:
    path = np.asarray(filename, object).item().decode()
    with file_system.opened(path):
        lines = Path(path).read_bytes().split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    if 0 <= vocab_size < len(lines):
        lines = lines[:vocab_size]
    if vocab_size > len(lines):
        raise invalid(f"Invalid vocab_size in {path}: expected {vocab_size} but got {len(lines)}")
    keys, values = [], []
    for number, line in enumerate(lines):
        line = line.removesuffix(b"\r")
        keys.append(_column(line, number, key_index, delimiter, table_handle.key_dtype))
        values.append(_column(line, number, value_index, delimiter, table_handle.value_dtype))
    if len(set(keys)) < len(keys):
        seen: set[Any] = set()
        twice = next(key for key in keys if key in seen or seen.add(key))
        raise errors.FailedPreconditionError(
            None, None, f"HashTable has different value for same key. Key {twice} is in {path} twice"
        )
    table_handle.entries, table_handle.initialized = dict(zip(keys, values, strict=True)), True
    return []
