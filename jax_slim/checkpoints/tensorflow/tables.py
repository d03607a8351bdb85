"""The sorted tables of leveldb, read: the index of a V2 checkpoint, and the whole of a V1 checkpoint.

A table is blocks of entries (key, value), each with a checksum, an index block that says where they are, and a footer.
(leveldb's doc/table_format.md)
"""

import bisect
import struct
from collections.abc import Iterator

import numpy as np

from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.files import SourceFile, new_array
from jax_slim.checkpoints.tensorflow.snappy import decompress
from jax_slim.checkpoints.tensorflow.wire import read_varint
from jax_slim.data.checksums import mask

MAGIC = 0xDB4775248B80FB57
FOOTER_SIZE = 48
TRAILER_SIZE = 5  # a block's compression and checksum
PLAIN, SNAPPY = 0, 1

LARGEST_KEPT = 1 << 20
"""Larger blocks are not kept for the next call: they hold few tensors, and would double their memory."""

Entry = tuple[bytes, memoryview]


class Table:
    """The entries of one table, by key; blocks are read when they are needed.

    Raises:
      Damage: here or later, when the file is no table or is not whole.
    """

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        if file.size < FOOTER_SIZE:
            raise Damage(f"it has {file.size} bytes, fewer than a checkpoint can have")
        footer = bytes(file.read(file.size - FOOTER_SIZE, FOOTER_SIZE))
        if int.from_bytes(footer[-8:], "little") != MAGIC:
            raise Damage("it does not end as TensorFlow's tables do")
        _, position = _handle(footer, 0)  # the metaindex: TensorFlow writes an empty one
        place, _ = _handle(footer, position)
        self._keys: list[bytes] = []
        self._places: list[tuple[int, int]] = []
        end = 0
        for key, value in _entries(self._block(place)):
            place, _ = _handle(value, 0)
            # In order and apart, as they are written: else a small file could name one block a million times.
            if place[0] < end or (self._keys and key <= self._keys[-1]):
                raise Damage("its blocks are not in order")
            end = place[0] + place[1] + TRAILER_SIZE
            file.check(place[0], place[1] + TRAILER_SIZE)
            self._keys.append(key)
            self._places.append(place)
        self._kept: tuple[int, dict[bytes, memoryview]] = (-1, {})

    def __iter__(self) -> Iterator[Entry]:
        """All entries, in order of their keys."""
        last = None
        for place in self._places:
            for key, value in _entries(self._block(place)):
                if last is not None and key <= last:
                    raise Damage("its keys are not in order")
                last = key
                yield key, value

    def get(self, key: bytes) -> memoryview | None:
        """The value under `key`, or None. The memory of one above LARGEST_KEPT is the caller's alone."""
        number = bisect.bisect_left(self._keys, key)  # each block has a key here that is not below any of its own
        if number == len(self._keys):
            return None
        kept, values = self._kept
        if kept == number:
            return values.get(key)
        block = self._block(self._places[number])
        if len(block) > LARGEST_KEPT:
            return next((value for found, value in _entries(block) if found == key), None)
        values = dict(_entries(block))
        self._kept = (number, values)
        return values.get(key)

    def _block(self, place: tuple[int, int]) -> memoryview:
        offset, size = place
        self._file.check(offset, size + TRAILER_SIZE)
        data = new_array((size + TRAILER_SIZE,), np.uint8)
        # The checksum covers the byte that names the compression as well.
        crc = self._file.read_into(data[: size + 1], offset)
        self._file.read_into(data[size + 1 :], offset + size + 1)
        if mask(crc) != struct.unpack("<I", data[size + 1 :].data)[0]:
            raise Damage(f"the checksum of its block at byte {offset} differs")
        compression = data[size]
        if compression == PLAIN:
            return data.data[:size]
        if compression == SNAPPY:
            return memoryview(decompress(data.data[:size]))
        raise Damage(f"its block at byte {offset} has the unknown compression {compression}")


def _handle(data: bytes | memoryview, position: int) -> tuple[tuple[int, int], int]:
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return (offset, size), position


def _entries(block: memoryview) -> Iterator[Entry]:
    # At the end are the places at which a key begins anew, for a search; here all entries are walked.
    count = struct.unpack("<I", block[-4:])[0] if len(block) >= 4 else 0
    end = len(block) - 4 * (count + 1)
    if end < 0:
        raise Damage("a block in it is shorter than its own index")
    # Keys share what they begin with. A real table saves some five parts of six so; a hostile one could save a million.
    allowed = 16_384 + 64 * len(block)
    position, key = 0, b""
    first = True
    while position < end:
        shared, position = read_varint(block, position)
        unshared, position = read_varint(block, position)
        size, position = read_varint(block, position)
        start = position + unshared
        position = start + size
        if shared > len(key) or position > end:
            raise Damage("an entry in it goes beyond its block")
        previous, key = key, key[:shared] + bytes(block[start - unshared : start])
        if not first and key <= previous:
            raise Damage("its keys are not in order")
        first = False
        allowed -= len(key)
        if allowed < 0:
            raise Damage("its keys are far longer than what is stored of them")
        yield key, block[start:position]
