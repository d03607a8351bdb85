"""V2 checkpoints, read: `<prefix>.index`, a table that says where each tensor lies in `<prefix>.data-00000-of-00001`.

(tensor_bundle.proto and tensor_bundle.h of TensorFlow)
"""

import math
import sys
import threading
from typing import Any, Literal, NamedTuple

import numpy as np

from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.dtypes import TensorType, type_of_number
from jax_slim.checkpoints.tensorflow.files import SourceFile, new_array, unreadable
from jax_slim.checkpoints.tensorflow.paths import data_path, index_path
from jax_slim.checkpoints.tensorflow.shapes import (
    MOST_SLICES,
    SHAPE,
    SLICE,
    Box,
    Shape,
    assemble,
    box_of,
    check_volume,
    extents_of,
    shape_of,
)
from jax_slim.checkpoints.tensorflow.slice_keys import Extent, slice_key
from jax_slim.checkpoints.tensorflow.tables import Table
from jax_slim.checkpoints.tensorflow.wire import FIXED32, INT, Buffer, Fields, message, messages, parse, read_varint
from jax_slim.data.checksums import crc32c, mask

HEADER_KEY = b""
VERSION = 1

_HEADER: Fields = {1: ("shards", INT), 2: ("endianness", INT), 3: ("version", message({2: ("min_consumer", INT)}))}
_ENTRY: Fields = {
    1: ("dtype", INT),
    2: ("shape", message(SHAPE)),
    3: ("shard", INT),
    4: ("offset", INT),
    5: ("size", INT),
    6: ("crc", FIXED32),
    7: ("slices", messages(SLICE, MOST_SLICES)),
}
_SLICE_KEYS = b"\0"  # what the keys of slices begin with, and no name does
_LITTLE, _BIG = 0, 1


class _Stored(NamedTuple):
    """What the index says of a tensor, or of a slice of one."""

    tensor_type: TensorType
    shape: Shape
    shard: int
    offset: int
    size: int
    crc: int
    slices: tuple[tuple[Extent, ...], ...]


class Bundle:
    """One V2 checkpoint. `tensors` is what its index says; `read` reads one tensor.

    Raises:
      CheckpointError: its index cannot be read.
    """

    format = "V2"

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.path = index_path(prefix)
        self._files: dict[int, SourceFile] = {}
        self._lock = threading.Lock()
        self.tensors: dict[str, tuple[TensorType, Shape]] = {}
        self._stored: dict[str, _Stored] = {}
        self._slices: dict[bytes, memoryview] = {}
        self._shards, self._swapped = 0, False
        index = SourceFile(self.path)
        try:
            self._read_index(Table(index))
        except Damage as damage:
            raise unreadable(self.path, damage) from None
        finally:
            index.close()

    def close(self) -> None:
        with self._lock:
            for file in self._files.values():
                file.close()

    def read(self, name: str) -> np.ndarray:
        """The values of the tensor `name`, in memory of their own; raises Damage when they are not whole."""
        stored = self._stored[name]
        if not stored.tensor_type.is_readable:
            raise Damage(f"it is of TensorFlow's dtype {stored.tensor_type.name}, which no NumPy array can hold")
        return self._read_slices(name, stored) if stored.slices else self._read_values(stored, None)

    def _read_index(self, table: Table) -> None:
        for key, value in table:
            if not self._shards:
                if key != HEADER_KEY:
                    raise Damage("it has no header")
                self._read_header(value)
            elif key.startswith(_SLICE_KEYS):
                self._slices[key] = value
            else:
                name = key.decode(errors="surrogateescape")
                try:
                    stored = _stored(value)
                except Damage as damage:
                    raise Damage(f"of the tensor {name!r}: {damage}") from None
                self._stored[name] = stored
                self.tensors[name] = (stored.tensor_type, stored.shape)
        if not self._shards:
            raise Damage("it has no header")

    def _read_header(self, value: Buffer) -> None:
        header = parse(value, _HEADER)
        self._shards = header.get("shards", 0)
        if not 0 < self._shards < 100_000:
            raise Damage(f"it has {self._shards} shards")
        if header.get("version", {}).get("min_consumer", 0) > VERSION:
            raise Damage("it was written in a newer version of the format, which is not known here")
        endianness = header.get("endianness", _LITTLE)
        if endianness not in (_LITTLE, _BIG):
            raise Damage(f"it has the byte order {endianness}")
        self._swapped = (endianness == _LITTLE) != (sys.byteorder == "little")

    def _file(self, shard: int) -> SourceFile:
        with self._lock:
            if shard not in self._files:
                if not 0 <= shard < self._shards:
                    raise Damage(f"it lies in shard {shard} of {self._shards}")
                self._files[shard] = SourceFile(data_path(self._prefix, shard, self._shards))
            return self._files[shard]

    def _read_slices(self, name: str, whole: _Stored) -> np.ndarray:
        key = name.encode(errors="surrogateescape")
        boxes = [box_of(extents, whole.shape) for extents in whole.slices]
        check_volume(boxes, whole.shape)
        parts = [self._slice(key, extents, box, whole) for extents, box in zip(whole.slices, boxes, strict=True)]
        files = {part.shard: self._file(part.shard) for part in parts}
        for part in parts:
            files[part.shard].check(part.offset, part.size)
        if sum(part.size for part in parts) > sum(file.size for file in files.values()):
            raise Damage("its slices hold more than their files")
        return assemble(
            whole.shape, whole.tensor_type.dtype, boxes, lambda number, out: self._read_values(parts[number], out)
        )

    def _slice(self, name: bytes, extents: tuple[Extent, ...], box: Box, whole: _Stored) -> _Stored:
        value = self._slices.get(slice_key(name, extents))
        if value is None:
            raise Damage(f"its slice at {list(box.start)} is missing")
        part = _stored(value)
        if part.shape != box.shape or part.tensor_type != whole.tensor_type or part.slices:
            raise Damage(f"its slice at {list(box.start)} has another shape or dtype")
        return part

    def _read_values(self, stored: _Stored, out: np.ndarray | None) -> np.ndarray:
        file = self._file(stored.shard)
        try:
            file.check(stored.offset, stored.size)
            if stored.tensor_type.is_string:
                return self._read_strings(file, stored)
            return self._read_numbers(file, stored, out)
        except Damage as damage:
            damage.path = file.path
            raise

    def _read_numbers(self, file: SourceFile, stored: _Stored, out: np.ndarray | None) -> np.ndarray:
        dtype = stored.tensor_type.dtype
        needed = math.prod(stored.shape) * dtype.itemsize
        if stored.size != needed:
            raise Damage(f"it has {stored.size} bytes, and {dtype} of shape {list(stored.shape)} needs {needed}")
        if out is None:
            out = new_array(stored.shape, dtype)
        raw = out.reshape(-1).view(np.uint8)
        _check_crc(file.read_into(raw, stored.offset), stored)
        if dtype == np.bool_ and raw.max(initial=0) > 1:
            raise Damage("a value of it is neither true nor false")
        return out.byteswap(inplace=True) if self._swapped else out

    def _read_strings(self, file: SourceFile, stored: _Stored) -> np.ndarray:
        # The lengths as varints, a checksum of them as integers, and the bytes.
        count = math.prod(stored.shape)
        if count + 4 > stored.size:
            raise Damage(f"it has {stored.size} bytes, too few for {count} strings")
        data = file.read(stored.offset, stored.size)
        view = data.data
        little = (sys.byteorder == "little") != self._swapped
        order: Literal["little", "big"] = "little" if little else "big"
        lengths, plain, position = [], [], 0
        for _ in range(count):
            length, position = read_varint(view, position)
            lengths.append(length)
            plain.append(length.to_bytes(4 if length < 1 << 32 else 8, order))
        crc = crc32c(b"".join(plain))
        start = position + 4
        if start + sum(lengths) != stored.size:
            raise Damage(f"its strings have {sum(lengths)} bytes, and there are {stored.size - start}")
        if int.from_bytes(view[position:start], order) != mask(crc):
            raise Damage("the checksum of its strings' lengths differs")
        _check_crc(crc32c(data[position:], crc), stored)
        strings = np.empty(count, object)
        for number, length in enumerate(lengths):
            strings[number] = bytes(view[start : start + length])
            start += length
        return strings.reshape(stored.shape)


def _stored(value: Buffer) -> _Stored:
    entry: dict[str, Any] = parse(value, _ENTRY)
    return _Stored(
        type_of_number(entry.get("dtype", 0)),
        shape_of(entry.get("shape", {})),
        entry.get("shard", 0),
        entry.get("offset", 0),
        entry.get("size", 0),
        entry.get("crc", 0),
        tuple(extents_of(part) for part in entry.get("slices", [])),
    )


def _check_crc(crc: int, stored: _Stored) -> None:
    if mask(crc) != stored.crc:
        raise Damage(f"its checksum is {mask(crc)} and was {stored.crc} when it was written")
