"""Data sets of files: lines, records, pieces, columns of CSV."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, shapes
from jax_slim.tf1.python import array, constant_op
from jax_slim.tf1.python.dataset import Dataset, _int64
from jax_slim.tf1.python.elements import Leaf, Spec

_TEXT = Spec(Leaf((dtypes.string, shapes.TensorShape([]))))


def _filenames(filenames: Any) -> Any:
    if isinstance(filenames, Dataset):
        raise TypeError(
            "The file names must be texts or a tensor of them; of a data set of names use `flat_map` or `interleave`."
        )
    return conversion.convert_to_tensor(filenames, dtypes.string, name="filenames")


class TextLineDataset(Dataset):
    """The lines of text files."""

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None
    ) -> None:
        super().__init__(
            building.make(
                "TextLineDataset",
                _filenames(filenames),
                compression_type or "",
                _int64(buffer_size or 262144, "buffer_size"),
            ),
            _TEXT,
        )


class TFRecordDataset(Dataset):
    """The records of TFRecord files."""

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None
    ) -> None:
        if isinstance(filenames, Dataset):
            made = filenames.flat_map(lambda name: TFRecordDataset(name, compression_type, buffer_size))
            super().__init__(made._variant_tensor, made.spec)
            return
        super().__init__(
            building.make(
                "TFRecordDataset",
                _filenames(filenames),
                compression_type or "",
                _int64(buffer_size or 262144, "buffer_size"),
            ),
            _TEXT,
        )


class FixedLengthRecordDataset(Dataset):
    """Pieces of files, `record_bytes` each."""

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        made = building.make(
            "FixedLengthRecordDataset", _filenames(filenames), _int64(header_bytes or 0, "header_bytes"), _int64(record_bytes, "record_bytes"),
            _int64(footer_bytes or 0, "footer_bytes"), _int64(buffer_size or 262144, "buffer_size"),
        )  # fmt: skip
        super().__init__(made, _TEXT)


class CsvDataset(Dataset):
    """The records of CSV files as tuples of scalars.

    Args:
      record_defaults: for each column its type, if a value must be there, or a default value (a number, a text or a list of one).
      header: whether the first line of each file is left out.
      na_value: a text that stands for a missing value.
      select_cols: the numbers of the columns that are read, ascending; all by default.
    """

    def __init__(self, filenames: Any, record_defaults: Any, compression_type: Any = None, buffer_size: Any = None, header: Any = False,
                 field_delim: Any = ",", use_quote_delim: Any = True, na_value: Any = "", select_cols: Any = None) -> None:  # fmt: skip
        defaults = [
            constant_op.constant([], d)
            if isinstance(d, dtypes.DType)
            else array.reshape(conversion.convert_to_tensor(d), [-1])
            for d in record_defaults
        ]
        spec = Spec(tuple(Leaf((d.dtype.base_dtype, shapes.TensorShape([]))) for d in defaults))
        columns = conversion.convert_to_tensor([] if select_cols is None else select_cols, dtypes.int64)
        made = building.make(
            "CSVDataset", _filenames(filenames), compression_type or "", _int64(buffer_size or 4194304, "buffer_size"), header,
            field_delim, use_quote_delim, na_value, columns, defaults, output_shapes=spec.shapes,
        )  # fmt: skip
        super().__init__(made, spec)
