"""Reading TFRecord files: in order, or any record by its number. Checksums are always checked."""

import bisect
import collections
import mmap
import operator
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, overload

import numpy as np

from jax_slim.data import record_streams as streams
from jax_slim.data.checksums import masked_crc32c
from jax_slim.data.parallel_reader import DataSources, get_data_files

# Files that are kept open at once. A data set may have more shards than a process may have open files.
_OPEN_FILES = 64


class TFRecords(Sequence[bytes]):
    """The records of one or more TFRecord files, by number; what `slim.data.pipeline` shuffles globally.

        records = TFRecords("/data/flowers_train_*.tfrecord")
        len(records)           # 3320
        records[1234]          # bytes, a serialized tf.train.Example
        records.key(1234)      # '/data/flowers_train_00001-of-00005.tfrecord:51872203'

    Opening reads the frame of each record, not its data (13 ms for 48 MB); a record's checksum is checked when it is
    read. A packed file is unpacked first, into a temporary file that goes away with the object. Threads may share it,
    and it can be sent to other processes.

    Args:
      data_sources: files, patterns, folders, or `name@count`; as `get_data_files` takes them.
      compression: "auto" finds out for each file; "" (plain), "GZIP" or "ZLIB".
      errors: "raise"; or "skip", which reads everything once at the start and leaves out what is damaged.
      strict: whether a file that ends within the 12 bytes before a record's data is damaged. TensorFlow takes that for
        the end of the file.

    Attributes:
      files: the paths.
      skipped: how many damaged places were left out. A damaged length may hide more than one record.

    Raises:
      DataLossError: a file is damaged; the message names it and the byte.
      ValueError, FileNotFoundError: there are no such files, or an argument is out of its range.
    """

    def __init__(
        self, data_sources: DataSources, compression: str | None = "auto", errors: str = "raise", strict: bool = False
    ):
        packing = streams.checked_compression("TFRecords", compression)
        skipping = _skipping("TFRecords", errors)
        self.files = get_data_files(data_sources)
        self.skipped = 0
        self._opened = _OpenFiles()
        self._unpacked: dict[int, IO[bytes]] = {}
        offsets: list[np.ndarray] = []
        lengths: list[np.ndarray] = []
        self._starts = [0]
        for number, path in enumerate(self.files):
            packed = streams.compression_of(path) if packing == "AUTO" else packing
            if packed or skipping:
                found = self._read_through(number, path, packed, strict, skipping)
            else:
                found = _frames_of(path, strict)
            places = np.array(found, np.int64).reshape(-1, 2)
            offsets.append(places[:, 0])
            lengths.append(places[:, 1])
            self._starts.append(self._starts[-1] + len(places))
        self._offsets = np.concatenate(offsets)
        self._lengths = np.concatenate(lengths)

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        file, number = self._place(index)
        offset, length = int(self._offsets[number]), int(self._lengths[number])
        begin, size = offset + streams.HEADER.size, length + streams.FOOTER.size
        if file in self._unpacked:
            frame = _read_at(self._unpacked[file].fileno(), size, begin)
        else:
            frame = self._opened.read(self.files[file], size, begin)
        if len(frame) < size:
            raise streams.truncated(self.files[file], offset)
        data = frame[:length]
        if masked_crc32c(data) != streams.FOOTER.unpack_from(frame, length)[0]:
            raise streams.corrupted(self.files[file], begin, streams.BAD_DATA)
        return data

    def key(self, index: int) -> str:
        """The name of a record, '<file>:<byte>', as TF's readers give it; in a packed file, of the unpacked bytes."""
        file, number = self._place(index)
        return f"{self.files[file]}:{self._offsets[number]}"

    def __repr__(self) -> str:
        return f"TFRecords({len(self)} records in {len(self.files)} files)"

    def __getstate__(self) -> dict[str, Any]:
        if self._unpacked:
            raise TypeError("TFRecords: packed files must be unpacked before their records go to another process.")
        return {**self.__dict__, "_opened": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _opened=_OpenFiles())

    def _place(self, index: int) -> tuple[int, int]:
        number = operator.index(index)
        if number < 0:
            number += len(self)
        if not 0 <= number < len(self):
            raise IndexError(f"TFRecords: index must be within the {len(self)} records, got {index}.")
        return bisect.bisect_right(self._starts, number) - 1, number

    def _read_through(self, number: int, path: str, packed: str, strict: bool, skipping: bool) -> list[tuple[int, int]]:
        """The places of the records of a file that has to be read to be known; a packed one is unpacked on the way."""

        def skip() -> None:
            self.skipped += 1

        copy = tempfile.TemporaryFile() if packed else None  # noqa: SIM115 - it lives as long as the object
        if copy is not None:
            weakref.finalize(self, copy.close)
        places = []
        for offset, data in streams.records_of(path, packed, strict, skip if skipping else None):
            if copy is not None:
                copy.seek(offset + streams.HEADER.size)  # at the place it has in the stream: keys stay TF's
                copy.write(data + streams.FOOTER.pack(masked_crc32c(data)))
            places.append((offset, len(data)))
        if copy is not None:
            copy.flush()
            self._unpacked[number] = copy
        return places


class TFRecordStream(Iterator[bytes]):
    """What `read_tfrecords` returns: an iterator over records.

    Attributes:
      key: the name of the last record, '<file>:<byte>'; None before the first.
      skipped: how many damaged places were left out so far.
    """

    def __init__(self, files: list[str], compression: str, strict: bool, skipping: bool):
        self.key: str | None = None
        self.skipped = 0
        self._records = self._all(files, compression, strict, skipping)

    def __next__(self) -> bytes:
        return next(self._records)

    def _all(self, files: list[str], compression: str, strict: bool, skipping: bool) -> Iterator[bytes]:
        for path in files:
            packed = streams.compression_of(path) if compression == "AUTO" else compression
            for offset, data in streams.records_of(path, packed, strict, self._skip if skipping else None):
                self.key = f"{path}:{offset}"
                yield data

    def _skip(self) -> None:
        self.skipped += 1


def read_tfrecords(
    data_sources: DataSources, compression: str | None = "auto", errors: str = "raise", strict: bool = False
) -> TFRecordStream:
    """Reads the records of TFRecord files one after the other, holding one in memory.

        for record in read_tfrecords("/data/train@5"):
            example = parse_single_example(record, features)

    Args:
      data_sources, compression, strict: as for `TFRecords`.
      errors: "raise"; or "skip", which goes on with the next undamaged record. The result's `skipped` counts.

    Returns:
      An iterator over bytes, with the attributes `key` and `skipped`. It raises a DataLossError at a damaged place.

    Raises:
      ValueError, FileNotFoundError: there are no such files, or an argument is out of its range.
    """
    packing = streams.checked_compression("read_tfrecords", compression)
    skipping = _skipping("read_tfrecords", errors)
    return TFRecordStream(get_data_files(data_sources), packing, strict, skipping)


def _skipping(function: str, errors: str) -> bool:
    if errors not in ("raise", "skip"):
        raise ValueError(f"{function}: errors must be 'raise' or 'skip', got {errors!r}.")
    return errors == "skip"


def _frames_of(path: str, strict: bool) -> list[tuple[int, int]]:
    """(offset, length) of the records of a plain file, by their headers alone."""
    size = Path(path).stat().st_size
    if not size:
        return []
    places, at = [], 0
    unpack, header = streams.HEADER.unpack_from, streams.HEADER.size
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        size = len(content)
        while at + header <= size:
            length, crc = unpack(content, at)
            if masked_crc32c(content[at : at + 8]) != crc:
                raise streams.corrupted(path, at, streams.BAD_LENGTH)
            if at + length + streams.FRAME > size:
                raise streams.truncated(path, at)
            places.append((at, length))
            at += length + streams.FRAME
    if strict and at < size:
        raise streams.truncated(path, at)
    return places


class _OpenFiles:
    """Reads parts of files, keeping those open that were used last. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: collections.OrderedDict[str, _OpenFile] = collections.OrderedDict()

    def read(self, path: str, size: int, offset: int) -> bytes:
        with self._lock:
            file = self._files.get(path)
            if file is None:
                file = self._files[path] = _OpenFile(path)
                if len(self._files) > _OPEN_FILES:
                    self._files.popitem(last=False)  # closed when the last thread that reads it lets go
            else:
                self._files.move_to_end(path)
        return _read_at(file.descriptor, size, offset)


class _OpenFile:
    def __init__(self, path: str):
        self.descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


_seeking = threading.Lock()


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    """`size` bytes from `offset` on, or less at the end of the file; without Python's lock while the disk is slow."""
    if not hasattr(os, "pread"):
        with _seeking:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, size)
    data = os.pread(descriptor, size, offset)
    while len(data) < size and (more := os.pread(descriptor, size - len(data), offset + len(data))):
        data += more
    return data
