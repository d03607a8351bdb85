"""The bytes of TFRecord files one after the other: unpacked, framed and checked."""

import os
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO

from jax_slim.data.checksums import masked_crc32c
from jax_slim.data.errors import DataLossError

# A record: its length, the checksum of these 8 bytes, the data, the checksum of the data. All little-endian.
HEADER = Struct("<QI")
FOOTER = Struct("<I")
FRAME = HEADER.size + FOOTER.size

_AFTER_ZEROS = re.compile(rb"[^\0]")
_CHUNK = 1 << 20
_MOST_AT_ONCE = 1 << 24

# What a record of a packed file may have. A megabyte of packed zeros is a gigabyte; of a plain file its size says more.
_MOST_UNPACKED = 1 << 29

# What zlib calls the two formats that TensorFlow writes.
WINDOW_BITS = {"GZIP": 31, "ZLIB": 15}
_SPELLINGS = {"": "", "NONE": "", "PLAIN": "", "GZIP": "GZIP", "ZLIB": "ZLIB"}


def checked_compression(function: str, compression: str | None, auto: bool = True) -> str:
    """`compression` as "AUTO", "", "GZIP" or "ZLIB"; TF's spellings and "plain" are understood, in any case."""
    spellings = {"AUTO": "AUTO", **_SPELLINGS} if auto else _SPELLINGS
    known = spellings.get((compression or "").upper()) if isinstance(compression, str | None) else None
    if known is None:
        choice = "'auto', 'GZIP', 'ZLIB' or ''" if auto else "'GZIP', 'ZLIB' or ''"
        raise ValueError(f"{function}: compression must be {choice}, got {compression!r}.")
    return known


def compression_of(path: str) -> str:
    """How the TFRecord file `path` is packed, by its first bytes: "", "GZIP" or "ZLIB"."""
    with Path(path).open("rb") as file:
        head = file.read(HEADER.size)
    if len(head) == HEADER.size:
        _, crc = HEADER.unpack(head)
        if masked_crc32c(head[:8]) == crc:
            return ""
    if head[:3] == b"\x1f\x8b\x08":
        return "GZIP"
    # A zlib stream: method 8, and the first two bytes as a number are a multiple of 31.
    if len(head) >= 2 and head[0] & 0x0F == 8 and head[0] >> 4 <= 7 and int.from_bytes(head[:2], "big") % 31 == 0:
        return "ZLIB"
    return ""


def records_of(
    path: str, compression: str, strict: bool = False, skip: Callable[[], None] | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yields (offset of the record in the unpacked stream, its data), checked, for each record of a file.

    Args:
      path: the file.
      compression: "", "GZIP" or "ZLIB".
      strict: whether a file that ends within the 12 bytes before a record's data is damaged. For TensorFlow it is not.
      skip: called for each damage, after which reading goes on at the next record that can be found. None raises.

    Raises:
      DataLossError: the file is damaged. Memory is only taken for bytes that are there, whatever lengths a file claims.
    """
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size if not compression and file.seekable() else None
        read = _Inflated(file, path, compression, strict).read if compression else file.read
        most = _MOST_UNPACKED if compression else 1 << 63
        yield from _frames(_Window(read, size, most), path, strict, skip)


def corrupted(path: str, offset: int, what: str) -> DataLossError:
    """The error for a record whose checksum does not fit."""
    doubt = " Is it a TFRecord file?" if offset == 0 else ""
    return DataLossError(
        f"{path}: corrupted record at {offset}: {what}.{doubt} errors='skip' leaves damaged records out."
    )


def truncated(path: str, offset: int) -> DataLossError:
    """The error for a record that the file does not hold to its end."""
    return DataLossError(
        f"{path}: truncated record at {offset}: the file ends within it. errors='skip' leaves damaged records out."
    )


BAD_LENGTH = "its length does not fit the checksum"
BAD_DATA = "its data do not fit their checksum"


def _frames(window: "_Window", path: str, strict: bool, skip: Callable[[], None] | None) -> Iterator[tuple[int, bytes]]:
    while True:
        start = window.offset
        try:
            head = window.peek(HEADER.size)
            if len(head) < HEADER.size:
                if head and strict:
                    raise truncated(path, start)
                return
            length, crc = HEADER.unpack(head)
            if masked_crc32c(head[:8]) != crc:
                raise corrupted(path, start, BAD_LENGTH)
            if length > window.most:
                raise DataLossError(
                    f"{path}: too large a record at {start}: unpacked it would have {length / 2**30:.1f} GiB, more "
                    f"than the {window.most / 2**30:.1f} GiB that are unpacked. If that is right, unpack the file: "
                    "gzip -d."
                )
            if not window.holds(length + FRAME):
                raise truncated(path, start)
            window.skip(HEADER.size)
            data = window.peek(length)
            window.skip(length)
            (crc,) = FOOTER.unpack(window.peek(FOOTER.size))
            window.skip(FOOTER.size)
            if masked_crc32c(data) != crc:
                raise corrupted(path, start + HEADER.size, BAD_DATA)
        except DataLossError:
            if skip is None:
                raise
            skip()
            # Damaged data, or a damaged length: then the next place that looks like a record is looked for.
            if window.offset == start and not _next_header(window):
                return
            continue
        yield start, data


def _next_header(window: "_Window") -> bool:
    """Moves on to the next 12 bytes whose checksum fits; False at the end of the file.

    Bytes that only look like it are one in four billion.
    """
    try:
        window.skip(len(window.peek(1)))
        while True:
            part = window.peek(_CHUNK)
            if len(part) < HEADER.size:
                return False
            last = len(part) - HEADER.size
            at = -1
            # No record has 4 GiB: the upper half of its length is zero.
            while (at := part.find(b"\0\0\0\0", at + 1)) >= 0:
                begin = at - 4
                if begin > last:
                    break
                if begin < 0:
                    continue
                if part[begin : at + 8] == bytes(HEADER.size):  # a run of zeros is no record: pass it at once
                    after = _AFTER_ZEROS.search(part, at)
                    at = (after.start() if after else len(part)) - 8
                    continue
                if masked_crc32c(part[begin : begin + 8]) == int.from_bytes(part[begin + 8 : begin + 12], "little"):
                    window.skip(begin)
                    return True
            window.skip(last + 1)
    except DataLossError:  # what is packed cannot be unpacked any further
        return False


class _Window:
    """A stream of bytes that can be looked at before it is used."""

    def __init__(self, read: Callable[[int], bytes], size: int | None, most: int):
        self.offset = 0
        self.most = most  # bytes that a record may have
        self._read = read
        self._size = size
        self._buffer = b""
        self._at = 0

    def holds(self, count: int) -> bool:
        """Whether at least `count` more bytes are there."""
        if self._size is not None:
            return self.offset + count <= self._size
        self._fill(count)
        return len(self._buffer) - self._at >= count

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, or less at the end."""
        self._fill(count)
        return self._buffer[self._at : self._at + count]

    def skip(self, count: int) -> None:
        """Moves over bytes that were looked at."""
        self._at += count
        self.offset += count

    def _fill(self, count: int) -> None:
        missing = count - (len(self._buffer) - self._at)
        if missing <= 0:
            return
        parts = [self._buffer[self._at :]]
        while missing > 0:
            try:
                part = self._read(min(max(missing, _CHUNK), _MOST_AT_ONCE))
            except DataLossError:
                self._buffer, self._at = b"".join(parts), 0  # what came before is good
                raise
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        self._buffer, self._at = b"".join(parts), 0


class _Inflated:
    """A packed file as the stream of its unpacked bytes; several streams in one file follow each other."""

    def __init__(self, file: BinaryIO, path: str, compression: str, strict: bool):
        self._file = file
        self._path = path
        self._compression = compression
        self._strict = strict
        self._inflate = zlib.decompressobj(WINDOW_BITS[compression])
        self._packed = b""
        self._failure: DataLossError | None = None

    def read(self, count: int) -> bytes:
        """At most `count` bytes; none at the end, which a cut file is taken for as well unless it is read strictly."""
        while True:
            if self._failure is not None:
                raise self._failure
            if self._inflate.eof:
                self._packed = (self._inflate.unused_data or self._file.read(_CHUNK)).lstrip(b"\0")
                if not self._packed:
                    return b""
                self._inflate = zlib.decompressobj(WINDOW_BITS[self._compression])
            at_end = not self._packed and not self._refill()
            before = self._inflate.copy()
            try:
                part = self._inflate.decompress(self._packed, count)  # at the end, what it still held
            except zlib.error as error:
                self._failure = self._cut_or_strange(str(error))
                self._inflate = before
                if part := self._up_to_the_damage():
                    return part
                continue
            self._packed = self._inflate.unconsumed_tail
            if part:
                return part
            if at_end and not self._inflate.eof:
                if self._strict and self._file.tell():
                    raise self._cut_or_strange("the file ends before the packed data do")
                return b""

    def _up_to_the_damage(self) -> bytes:
        """What the packed bytes at hand give before they give an error."""
        good = bytearray()
        try:
            for at in range(len(self._packed)):
                good += self._inflate.decompress(self._packed[at : at + 1])
        except zlib.error:
            pass
        return bytes(good)

    def _refill(self) -> bool:
        self._packed = self._file.read(_CHUNK)
        return bool(self._packed)

    def _cut_or_strange(self, why: str) -> DataLossError:
        # Offsets are those of unpacked bytes, as in TensorFlow; here the packed one is what helps.
        return DataLossError(
            f"{self._path}: cannot be unpacked as {self._compression} near byte {self._file.tell()} of the file: "
            f"{why}. Is it a {self._compression} file, and complete?"
        )
