"""Readers: what turns a queue of file names into records."""

import gzip
import itertools
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shapes
from jax_slim.tf1.operations import queues


class Reader:
    """Reads files one after the other; `records(path)` gives (key, value) pairs."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        self._current: Any = None  # an iterator over (key, value) while a file is open
        self.produced = self.completed = 0

    def read(self, queue: queues.Queue) -> tuple[bytes, bytes]:
        """The next record; the next file is taken from the queue when one has ended."""
        with self.lock:
            while True:
                if self._current is None:
                    name = bytes(np.asarray(queue.dequeue(1)[0][0]).item())
                    self._current = self._records(name)
                try:
                    found = next(self._current)
                except StopIteration:
                    self._current = None
                    self.completed += 1
                except OSError as error:
                    self._current = None
                    raise errors.NotFoundError(None, None, f"{error.filename}; No such file or directory") from error
                else:
                    self.produced += 1
                    return found


def records_of_tfrecord(name: bytes, compression: str = "") -> Iterator[tuple[bytes, bytes]]:
    """The records of a TFRecord file, keyed `file:number` as TF keys them by offset."""
    from jax_slim.data import tfrecords

    path = name.decode()
    try:
        opened = tfrecords.read_tfrecords(path, compression=compression or "auto")
    except (ValueError, FileNotFoundError) as error:
        raise errors.NotFoundError(None, None, f"{path}; No such file or directory") from error
    try:
        for place, record in enumerate(opened):
            yield f"{path}:{place}".encode(), record
    except Exception as error:
        if type(error).__name__ == "DataLossError":
            raise errors.DataLossError(None, None, str(error)) from error
        raise


def lines_of(name: bytes, skip: int = 0, compression: str = "") -> Iterator[tuple[bytes, bytes]]:
    """The lines of a text file without their ends, keyed `file:line`."""
    path = name.decode()
    data = unpacked(Path(path).read_bytes(), compression)
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    for place, line in enumerate(lines):
        if place >= skip:
            yield f"{path}:{place + 1}".encode(), line.removesuffix(b"\r")


def unpacked(data: bytes, compression: str) -> bytes:
    """The bytes of a file packed by '', 'GZIP' or 'ZLIB'."""
    if compression == "GZIP":
        return gzip.decompress(data)
    return zlib.decompress(data) if compression == "ZLIB" else data


def _whole(name: bytes) -> Iterator[tuple[bytes, bytes]]:
    yield name, Path(name.decode()).read_bytes()


def _identity(name: bytes) -> Iterator[tuple[bytes, bytes]]:
    yield name, name


def fixed_records(name: bytes, size: int, header: int, footer: int, hop: int) -> Iterator[tuple[bytes, bytes]]:
    """Pieces of `size` bytes of a file, keyed `file:number`."""
    data = Path(name.decode()).read_bytes()
    end = len(data) - footer
    for number, start in enumerate(itertools.count(header, hop or size)):
        if start + size > end:
            return
        yield f"{name.decode()}:{number}".encode(), data[start : start + size]


def _reader_row(op_type: str, make: Any) -> None:
    def compute(run: Any, op: Any) -> Any:
        return queues.resource(run, op, lambda: Reader(make(op)))

    compute.__doc__ = f"The reader of a {op_type}."
    rows.row(
        op_type,
        op_type.removesuffix("V2"),
        host=True,
        context=True,
        shape=lambda op: [shapes.TensorShape([])],
        gradient=rows.NONE,
    )(compute)


_reader_row(
    "TFRecordReaderV2", lambda op: lambda name: records_of_tfrecord(name, op.attrs["compression_type"].decode())
)
_reader_row("TextLineReaderV2", lambda op: lambda name: lines_of(name, op.attrs["skip_header_lines"]))
_reader_row("WholeFileReaderV2", lambda op: _whole)
_reader_row("IdentityReaderV2", lambda op: _identity)
_reader_row(
    "FixedLengthRecordReaderV2",
    lambda op: (
        lambda name: fixed_records(
            name, op.attrs["record_bytes"], op.attrs["header_bytes"], op.attrs["footer_bytes"], op.attrs["hop_bytes"]
        )
    ),
)


@rows.row("ReaderReadV2", "ReaderRead", host=True, shape=lambda op: [shapes.TensorShape([]), shapes.TensorShape([])])
def read(reader_handle: Reader, queue_handle: queues.Queue) -> Any:
    """(key, value) of the next record."""
    key, value = reader_handle.read(queue_handle)
    return [np.array(key, object), np.array(value, object)]


@rows.row(
    "ReaderReadUpToV2", "ReaderReadUpTo", host=True, shape=lambda op: [shapes.unknown_shape(1), shapes.unknown_shape(1)]
)
def read_up_to(reader_handle: Reader, queue_handle: queues.Queue, num_records: Any) -> Any:
    """(keys, values) of up to so many records of one file."""
    with reader_handle.lock:
        found = [reader_handle.read(queue_handle)]
        completed = reader_handle.completed
        while len(found) < int(num_records) and reader_handle.completed == completed:
            try:
                found.append(reader_handle.read(queue_handle))
            except errors.OutOfRangeError:
                break
    return [np.array([k for k, _ in found], object), np.array([v for _, v in found], object)]


@rows.row(
    "ReaderNumRecordsProducedV2", "ReaderNumRecordsProduced", host=True, shape=lambda op: [shapes.TensorShape([])]
)
def records_produced(reader_handle: Reader) -> Any:
    """How many records it has given."""
    return np.int64(reader_handle.produced).reshape(())


@rows.row(
    "ReaderNumWorkUnitsCompletedV2", "ReaderNumWorkUnitsCompleted", host=True, shape=lambda op: [shapes.TensorShape([])]
)
def units_completed(reader_handle: Reader) -> Any:
    """How many files it has read to the end."""
    return np.int64(reader_handle.completed).reshape(())


@rows.row("ReaderResetV2", "ReaderReset", host=True, shape=lambda op: [])
def reset(reader_handle: Reader) -> tuple[()]:
    """Starts anew."""
    reader_handle.reset()
    return ()
