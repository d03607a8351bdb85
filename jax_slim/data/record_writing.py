"""Writing TFRecord files, whole or not at all."""

import itertools
import os
import weakref
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from jax_slim.data.checksums import masked_crc32c
from jax_slim.data.parallel_reader import shard_names
from jax_slim.data.record_streams import FOOTER, HEADER, WINDOW_BITS, checked_compression

_LEVEL = 6


class TFRecordWriter:
    """Writes a TFRecord file, which appears under its name only when it is complete.

        with TFRecordWriter("/data/train.tfrecord") as writer:
            for image, label in examples:
                writer.write(make_example({"image/encoded": image, "image/class/label": label}))

    Until then the bytes are in a hidden file beside it. Where the `with` is left by an exception, or the writer is
    dropped without `close`, that one is removed and a file of that name stays as it was.

    Args:
      path: the file; its folder is made when it is missing.
      compression: "" (plain, which can be read at any place), "GZIP" or "ZLIB".

    Raises:
      ValueError: `compression` is something else.
      OSError: the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], compression: str | None = ""):
        packing = checked_compression("TFRecordWriter", compression, auto=False)
        self._path = Path(path)
        if self._path.is_dir():
            raise IsADirectoryError(f"TFRecordWriter: path must be a file, got the folder {os.fspath(path)!r}.")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._hidden = self._path.with_name(f".{self._path.name}.{os.getpid()}.{next(_numbers)}.partial")
        self._file = self._hidden.open("wb")
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, WINDOW_BITS[packing]) if packing else None
        self._cleanup = weakref.finalize(self, _discard, self._file, self._hidden)

    def write(self, record: bytes) -> None:
        """Appends a record.

        Raises:
          TypeError: `record` is not bytes.
          ValueError: the writer is closed.
        """
        if not isinstance(record, bytes | bytearray | memoryview):
            raise TypeError(
                f"TFRecordWriter.write: record must be bytes, got {type(record).__name__}. "
                "make_example turns named values into bytes."
            )
        if self._file.closed:
            raise ValueError(f"TFRecordWriter.write: the writer must be open, got one closed: {self._path}.")
        record = bytes(record)
        head = len(record).to_bytes(8, "little")
        self._put(HEADER.pack(len(record), masked_crc32c(head)))
        self._put(record)
        self._put(FOOTER.pack(masked_crc32c(record)))

    def close(self) -> None:
        """Completes the file and gives it its name. Calling it again does nothing."""
        self._finish()
        self._rename()

    def discard(self) -> None:
        """Gives the file up: nothing of it remains."""
        self._cleanup()

    def __enter__(self) -> "TFRecordWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _put(self, data: bytes) -> None:
        self._file.write(data if self._deflate is None else self._deflate.compress(data))

    def _finish(self) -> None:
        """Brings everything to the disk, still under the hidden name."""
        if not self._cleanup.alive or self._file.closed:
            return
        try:
            if self._deflate is not None:
                self._file.write(self._deflate.flush())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except BaseException:  # no space left, say
            self.discard()
            raise

    def _rename(self) -> None:
        if self._cleanup.detach():
            self._hidden.replace(self._path)


def write_tfrecords(
    path: str | os.PathLike[str],
    records: Iterable[bytes],
    num_shards: int | None = None,
    compression: str | None = "",
    num_records: int | None = None,
) -> list[str]:
    """Writes records into one TFRecord file, or into a set of shards that hold equal parts of them in order.

        write_tfrecords("/data/train", records, num_shards=5)     # /data/train-00000-of-00005, ...

    The files appear when all of them are complete.

    Args:
      path: the file, or what the names of the shards begin with; an ending '.tfrecord' stays at their end.
      records: the serialized examples.
      num_shards: into how many files; None writes `path` itself.
      compression: "" (plain), "GZIP" or "ZLIB".
      num_records: how many records there are; needed for shards of an iterable without a length.

    Returns:
      The paths of the files.

    Raises:
      ValueError: an argument is out of its range, or there are not `num_records` records.
      TypeError: a record is not bytes, or the number of records is needed.
    """
    checked_compression("write_tfrecords", compression, auto=False)
    paths = [os.fspath(path)] if num_shards is None else shard_names(path, num_shards)
    if num_records is None and isinstance(records, Sequence):
        num_records = len(records)
    if num_records is None and len(paths) > 1:
        raise TypeError(
            "write_tfrecords: num_records must be given for shards of records that have no length, got None."
        )
    writers: list[TFRecordWriter] = []
    rest = iter(records)
    written = 0
    try:
        for number, name in enumerate(paths):
            writers.append(TFRecordWriter(name, compression))
            end = None if num_records is None else num_records * (number + 1) // len(paths)
            for record in itertools.islice(rest, None if end is None else end - written):
                writers[-1].write(record)
                written += 1
            writers[-1]._finish()
        if num_records is not None and (written != num_records or next(rest, None) is not None):
            more = "more" if written == num_records else str(written)
            raise ValueError(f"write_tfrecords: records must be num_records={num_records}, got {more}.")
        for writer in writers:
            writer.close()
    finally:
        for writer in writers:
            writer.discard()
    return paths


_numbers = itertools.count()


def _discard(file: Any, hidden: Path) -> None:
    try:
        file.close()
    except OSError:  # no space left for what it still held
        pass
    hidden.unlink(missing_ok=True)
