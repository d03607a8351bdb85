"""`tf.python_io`: TFRecord files read and written outside of graphs."""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jax_slim.data import record_streams
from jax_slim.data.checksums import masked_crc32c
from jax_slim.data.errors import DataLossError
from jax_slim.tf1.graph import errors
from jax_slim.tf1.operations.file_system import opened, text_of


class TFRecordCompressionType:
    """How a file of records is packed."""

    NONE, ZLIB, GZIP = 0, 1, 2


_NAMES = {TFRecordCompressionType.NONE: "", TFRecordCompressionType.ZLIB: "ZLIB", TFRecordCompressionType.GZIP: "GZIP"}


class TFRecordOptions:
    """How records are read or written: `compression_type` is a TFRecordCompressionType, or 'ZLIB', 'GZIP', ''."""

    compression_type_map = _NAMES

    def __init__(self, compression_type: Any = None, flush_mode: Any = None, input_buffer_size: Any = None, output_buffer_size: Any = None,
                 window_bits: Any = None, compression_level: Any = None, compression_method: Any = None, mem_level: Any = None,
                 compression_strategy: Any = None) -> None:  # fmt: skip
        self.get_compression_type_string(compression_type)
        self.compression_type = compression_type
        self.flush_mode, self.input_buffer_size, self.output_buffer_size = (
            flush_mode,
            input_buffer_size,
            output_buffer_size,
        )
        self.window_bits, self.compression_level, self.compression_method = (
            window_bits,
            compression_level,
            compression_method,
        )
        self.mem_level, self.compression_strategy = mem_level, compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """'', 'ZLIB' or 'GZIP'.

        Raises:
          ValueError: it is another.
        """
        if not options:
            return ""
        if isinstance(options, TFRecordOptions):
            return cls.get_compression_type_string(options.compression_type)
        name: Any = _NAMES.get(options, options) if isinstance(options, int) else options
        if name not in _NAMES.values():
            raise ValueError(f'Not a valid compression_type: "{options}"')
        return name


class TFRecordWriter:
    """Writes a file of records, one after the other. What is written is in the file after `flush` or `close`."""

    def __init__(self, path: Any, options: Any = None) -> None:
        self._path = text_of(path)
        packing = TFRecordOptions.get_compression_type_string(options)
        level = getattr(options, "compression_level", None)
        with opened(self._path):
            self._file: Any = Path(self._path).open("wb")  # noqa: SIM115 - it is closed by `close`
        self._packer = None
        if packing:
            self._packer = zlib.compressobj(
                -1 if level is None else level, zlib.DEFLATED, 31 if packing == "GZIP" else 15
            )

    def __enter__(self) -> "TFRecordWriter":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def write(self, record: Any) -> None:
        """Appends a record: bytes (str is encoded).

        Raises:
          FailedPreconditionError: it is closed.
        """
        if self._file is None:
            raise errors.FailedPreconditionError(None, None, "Writer not initialized or previously closed")
        data = record.encode() if isinstance(record, str) else bytes(record)
        head = len(data).to_bytes(8, "little")
        whole = (
            record_streams.HEADER.pack(len(data), masked_crc32c(head))
            + data
            + record_streams.FOOTER.pack(masked_crc32c(data))
        )
        self._file.write(whole if self._packer is None else self._packer.compress(whole))

    def flush(self) -> None:
        """Brings what was written into the file."""
        if self._file is not None:
            if self._packer is not None:
                self._file.write(self._packer.flush(zlib.Z_SYNC_FLUSH))
            self._file.flush()

    def close(self) -> None:
        """Completes the file."""
        if self._file is None:
            return
        if self._packer is not None:
            self._file.write(self._packer.flush())
        self._file.close()
        self._file = None

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self.close()


def tf_record_iterator(path: Any, options: Any = None) -> Iterator[bytes]:
    """The records of a file in order.

    Raises:
      NotFoundError: there is no such file.
      DataLossError: it is damaged.
    """
    name = text_of(path)
    packing = TFRecordOptions.get_compression_type_string(options)
    with opened(name):
        os.stat(name)
    return _records(name, packing)


def _records(name: str, packing: str) -> Iterator[bytes]:
    try:
        for _, data in record_streams.records_of(name, packing, False, None):
            yield data
    except DataLossError as error:
        raise errors.DataLossError(None, None, str(error)) from None
