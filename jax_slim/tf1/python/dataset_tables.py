"""`tf.data.experimental.make_csv_dataset` and `make_batched_features_dataset`: batches of dictionaries of columns."""

import csv
import gzip
import io
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.tf1.graph import constants, dtypes
from jax_slim.tf1.operations.readers import unpacked
from jax_slim.tf1.python import constant_op, dataset_transformations, gfile, parsing
from jax_slim.tf1.python.dataset import Dataset
from jax_slim.tf1.python.dataset_files import CsvDataset, TFRecordDataset


def _matching(file_pattern: Any) -> list[str]:
    patterns = list(file_pattern) if isinstance(file_pattern, list | tuple) else [file_pattern]
    if not patterns:
        raise ValueError("File pattern is empty.")
    names = [name for pattern in patterns for name in gfile.Glob(pattern)]
    if not names:
        raise ValueError(f"No files match `file_pattern` {file_pattern}.")
    return sorted(names)


def _lines(name: str, delimiter: str, quoted: bool, compression: Any) -> Iterator[list[str]]:
    """The rows of a CSV file as texts, as they are asked for."""
    text: dict[str, Any] = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}
    if compression == "ZLIB":
        opened: Any = io.StringIO(unpacked(Path(name).read_bytes(), compression).decode("utf-8", "surrogateescape"))
    elif compression == "GZIP":
        opened = gzip.open(name, "rt", **text)  # noqa: SIM115 - below
    else:
        opened = Path(name).open(**text)  # noqa: SIM115
    with opened as file:
        yield from csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)


_KINDS: list[Any] = [dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64, dtypes.string]


def _fits(text: str, kind: Any) -> bool:
    if kind is dtypes.string:
        return True
    try:
        value: Any = int(text) if kind.is_integer else float(text)
    except ValueError:
        return False
    if not kind.is_integer and not np.isfinite(value):
        return True
    limits: Any = np.iinfo(kind.as_numpy_dtype) if kind.is_integer else np.finfo(kind.as_numpy_dtype)
    return bool(limits.min <= value <= limits.max)


def _inferred(names: list[str], columns: list[int], count: int, rows: Any, header: bool, na_value: str, options: Any) -> list[Any]:  # fmt: skip
    """For each column 0 or '' as what is missing, of the narrowest type that holds the first rows of all files."""
    kinds = [0] * count
    seen, taken = [False] * count, 0
    for name in names:
        reader = _lines(name, *options)
        if header:
            next(reader, None)
        for row in reader:
            if rows is not None and taken >= rows:
                break
            if len(row) != count:
                raise ValueError(
                    f"Problem inferring types: CSV row {row} has {len(row)} number of fields. Expected: {count}."
                )
            for column in columns:
                if row[column] not in ("", na_value):
                    seen[column] = True
                    kinds[column] = next(k for k in range(kinds[column], len(_KINDS)) if _fits(row[column], _KINDS[k]))
            taken += 1
    chosen = [_KINDS[kinds[c]] if seen[c] else dtypes.string for c in columns]
    return [constant_op.constant(["" if kind is dtypes.string else 0], dtype=kind) for kind in chosen]


def make_csv_dataset(
    file_pattern: Any, batch_size: int, column_names: Any = None, column_defaults: Any = None, label_name: Any = None, select_columns: Any = None,
    field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "", header: bool = True, num_epochs: Any = None, shuffle: bool = True,
    shuffle_buffer_size: int = 10000, shuffle_seed: Any = None, prefetch_buffer_size: Any = None, num_parallel_reads: Any = None,
    sloppy: bool = False, num_rows_for_inference: Any = 100, compression_type: Any = None, ignore_errors: bool = False,
) -> Dataset:  # fmt: skip
    """Batches of the rows of CSV files, as a dictionary of columns; with `label_name` as (dictionary, labels).

    Args:
      column_names: the names of all columns; those of the first line by default.
      column_defaults: as `CsvDataset`'s `record_defaults`, of the selected columns; inferred from the first rows by default.
      select_columns: names or numbers of the columns that are read.
      num_epochs: how often all rows come; without end by default, and then the last batch of all is whole, too.

    Raises:
      ValueError: no files match; names are twice or not there; columns and names do not agree.
    """
    names = _matching(file_pattern)
    options = (field_delim, use_quote_delim, compression_type)
    if column_names is None:
        if not header:
            raise ValueError("`column_names` must be provided if `header` is False.")
        column_names = next(_lines(names[0], *options), [])
        for name in names[1:]:
            if next(_lines(name, *options), None) != column_names:
                raise ValueError("Files have different column names in the header row.")
    column_names = list(column_names)
    if len(set(column_names)) != len(column_names):
        raise ValueError("Cannot have duplicate column names.")
    columns = list(range(len(column_names)))
    if select_columns is not None:
        unknown = [c for c in select_columns if isinstance(c, str) and c not in column_names]
        if unknown:
            raise ValueError(f"Value {unknown[0]} is not present in `column_names`.")
        columns = sorted(column_names.index(c) if isinstance(c, str) else int(c) for c in select_columns)
        if (columns and (columns[0] < 0 or columns[-1] >= len(column_names))) or len(set(columns)) != len(columns):
            raise ValueError("`select_columns` must be different columns that are there.")
    defaults: Any = column_defaults
    if defaults is None:
        defaults = _inferred(names, columns, len(column_names), num_rows_for_inference, header, na_value, options)
    elif len(defaults) != len(columns):
        raise ValueError("`column_defaults` must have as many entries as columns are read.")
    chosen = [column_names[c] for c in columns]
    if label_name is not None and label_name not in chosen:
        raise ValueError("`label_name` provided must be one of the columns.")

    def read(name: Any) -> Dataset:
        rows = CsvDataset(
            name, defaults, compression_type, None, header, field_delim, use_quote_delim, na_value, columns
        )
        return rows.apply(dataset_transformations.ignore_errors()) if ignore_errors else rows

    def named(*values: Any) -> Any:
        features = OrderedDict(zip(chosen, values, strict=True))
        return features if label_name is None else (features, features.pop(label_name))

    dataset = _read_all(names, read, shuffle, shuffle_seed, num_parallel_reads or 1, sloppy)
    dataset = _repeated(dataset, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)
    return dataset.batch(batch_size, drop_remainder=num_epochs is None).map(named).prefetch(prefetch_buffer_size)


def _read_all(names: list[str], read: Any, shuffle: bool, seed: Any, readers: int, sloppy: bool) -> Dataset:
    files = Dataset.from_tensor_slices(constants.to_array(names, dtypes.string))
    if shuffle:
        files = files.shuffle(len(names), seed)
    return files.apply(dataset_transformations.parallel_interleave(read, cycle_length=readers, sloppy=sloppy))


def _repeated(dataset: Dataset, epochs: Any, shuffle: bool, buffer_size: int, seed: Any) -> Dataset:
    if shuffle and epochs != 1:
        return dataset.apply(dataset_transformations.shuffle_and_repeat(buffer_size, epochs, seed))
    if shuffle:
        return dataset.shuffle(buffer_size, seed)
    return dataset if epochs == 1 else dataset.repeat(epochs)


def parse_example_dataset(features: Any, num_parallel_calls: int = 1) -> dataset_transformations.Transformation:
    """Batches of serialized `Example`s -> dictionaries of tensors, as `tf.io.parse_example`."""
    if features is None:
        raise ValueError("Missing: features was None.")
    return lambda dataset: dataset.map(lambda texts: parsing.parse_example(texts, features))


def make_batched_features_dataset(
    file_pattern: Any, batch_size: int, features: Any, reader: Any = TFRecordDataset, label_key: Any = None, reader_args: Any = None,
    num_epochs: Any = None, shuffle: bool = True, shuffle_buffer_size: int = 10000, shuffle_seed: Any = None, prefetch_buffer_size: Any = None,
    reader_num_threads: Any = None, parser_num_threads: Any = None, sloppy_ordering: bool = False, drop_final_batch: bool = False,
) -> Dataset:  # fmt: skip
    """Batches of the `Example`s of files as dictionaries of tensors; with `label_key` as (dictionary, labels).

    Args:
      features: as in `tf.io.parse_example`.
      reader: the data set that reads a file, with `reader_args` after its name.
      num_epochs: how often all come; without end by default.

    Raises:
      ValueError: no files match; the label is none of the features.
    """
    names = _matching(file_pattern)
    if label_key is not None and label_key not in features:
        raise ValueError(
            f"The `label_key` provided ({label_key!r}) must be one of the `features` keys: {list(features)}."
        )
    dataset = _read_all(
        names,
        lambda name: reader(name, *(reader_args or ())),
        shuffle,
        shuffle_seed,
        reader_num_threads or 1,
        sloppy_ordering,
    )
    dataset = _repeated(dataset, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)
    dataset = dataset.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    dataset = dataset.apply(parse_example_dataset(features))
    if label_key is not None:
        dataset = dataset.map(lambda parsed: ({k: v for k, v in parsed.items() if k != label_key}, parsed[label_key]))
    return dataset.prefetch(prefetch_buffer_size)
