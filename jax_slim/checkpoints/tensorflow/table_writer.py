"""The sorted tables of leveldb, written, byte for byte as TensorFlow writes them: uncompressed, in large blocks.

(leveldb's doc/table_format.md)
"""

import struct
from typing import BinaryIO

from jax_slim.checkpoints.tensorflow.tables import FOOTER_SIZE, MAGIC, PLAIN
from jax_slim.checkpoints.tensorflow.wire import write_varint
from jax_slim.data.checksums import masked_crc32c

_BLOCK_SIZE = 1 << 18
_RESTART_EVERY = 16


class TableWriter:
    """Writes a table to `file`: `add` in order of the keys, then `finish`."""

    def __init__(self, file: BinaryIO, block_size: int = _BLOCK_SIZE) -> None:
        self._file = file
        self._size = 0
        self._block_size = block_size
        self._block = _Block(_RESTART_EVERY)
        self._index = _Block(1)
        self._last = b""
        self._waiting: bytes | None = None  # where the last block is, until the next key is known

    def add(self, key: bytes, value: bytes) -> None:
        """Appends an entry."""
        if self._waiting is not None:
            self._index.add(_between(self._last, key), self._waiting)
            self._waiting = None
        self._block.add(key, value)
        self._last = key
        if self._block.size >= self._block_size:
            self._waiting = self._write(self._block)
            self._block = _Block(_RESTART_EVERY)

    def finish(self) -> None:
        """Writes what remains, the index and the footer."""
        if not self._block.empty:
            self._waiting = self._write(self._block)
        metaindex = self._write(_Block(_RESTART_EVERY))
        if self._waiting is not None:
            self._index.add(_above(self._last), self._waiting)
        handles = metaindex + self._write(self._index)
        self._file.write(handles.ljust(FOOTER_SIZE - 8, b"\0") + struct.pack("<Q", MAGIC))

    def _write(self, block: "_Block") -> bytes:
        """Writes a block; returns its handle."""
        contents = block.contents()
        handle = write_varint(self._size) + write_varint(len(contents))
        data = contents + bytes([PLAIN])
        data += struct.pack("<I", masked_crc32c(data))
        self._file.write(data)
        self._size += len(data)
        return handle


class _Block:
    def __init__(self, restart_every: int) -> None:
        self._restart_every = restart_every
        self._data = bytearray()
        self._restarts = [0]
        self._count = 0
        self._last = b""

    @property
    def empty(self) -> bool:
        return not self._data

    @property
    def size(self) -> int:
        return len(self._data) + 4 * len(self._restarts) + 4

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._count == self._restart_every:
            self._restarts.append(len(self._data))
            self._count = 0
        else:
            shared = _shared(self._last, key)
        self._data += write_varint(shared) + write_varint(len(key) - shared) + write_varint(len(value))
        self._data += key[shared:] + value
        self._last = key
        self._count += 1

    def contents(self) -> bytes:
        return bytes(self._data) + struct.pack(f"<{len(self._restarts) + 1}I", *self._restarts, len(self._restarts))


def _shared(a: bytes, b: bytes) -> int:
    """How many bytes two keys begin with in common."""
    most = min(len(a), len(b))
    return next((place for place in range(most) if a[place] != b[place]), most)


def _between(low: bytes, high: bytes) -> bytes:
    """A short key that is not below `low`, and below `high`."""
    place = _shared(low, high)
    if place < min(len(low), len(high)) and low[place] < 0xFF and low[place] + 1 < high[place]:
        return low[:place] + bytes([low[place] + 1])
    return low


def _above(key: bytes) -> bytes:
    """A short key that is not below `key`."""
    place = next((place for place, byte in enumerate(key) if byte != 0xFF), None)
    return key if place is None else key[:place] + bytes([key[place] + 1])
