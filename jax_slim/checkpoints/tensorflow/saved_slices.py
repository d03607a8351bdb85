"""V1 checkpoints, read: one table a file, in it a list of the tensors and each slice's values as a message.

(saved_tensor_slice.proto and tensor.proto of TensorFlow)
"""

import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.dtypes import TensorType, type_of_number
from jax_slim.checkpoints.tensorflow.files import SourceFile, new_array, unreadable
from jax_slim.checkpoints.tensorflow.shapes import (
    MOST_SLICES,
    SHAPE,
    SLICE,
    Shape,
    assemble,
    box_of,
    check_volume,
    extents_of,
    shape_of,
)
from jax_slim.checkpoints.tensorflow.slice_keys import Extent, slice_key
from jax_slim.checkpoints.tensorflow.tables import LARGEST_KEPT, Table
from jax_slim.checkpoints.tensorflow.wire import BYTES, INT, NUMBERS, Buffer, Fields, each, message, messages, parse

_LIST_KEY = b""
_VERSION = 1

_LISTED: Fields = {
    1: ("name", BYTES),
    2: ("shape", message(SHAPE)),
    3: ("dtype", INT),
    4: ("slices", messages(SLICE, MOST_SLICES)),
}
# SavedTensorSlices: the list of tensors, or the values of a slice. SavedTensorSliceMeta: tensors, and the version.
_SLICES: Fields = {1: ("list", BYTES), 2: ("values", message({1: ("name", BYTES), 3: ("tensor", BYTES)}))}
_LISTED_AT, _VERSIONS_AT, _STRINGS_AT = 1, 2, 8
_VERSIONS: Fields = {2: ("min_consumer", INT)}
_TENSOR: Fields = {
    1: ("dtype", INT),
    4: ("content", BYTES),
    5: ("float", NUMBERS),
    6: ("double", NUMBERS),
    7: ("int", NUMBERS),
    9: ("complex64", NUMBERS),
    10: ("int64", NUMBERS),
    11: ("bool", NUMBERS),
    12: ("complex128", NUMBERS),
    13: ("half", NUMBERS),
    16: ("uint32", NUMBERS),
    17: ("uint64", NUMBERS),
}

# In which field the values of a dtype are. Those of fixed width are there as they are in memory, all others as varints.
_FIXED = {"float32": "float", "float64": "double", "complex64": "complex64", "complex128": "complex128"}
_VARYING = {
    "bool": "bool",
    "int64": "int64",
    "uint32": "uint32",
    "uint64": "uint64",
    "float16": "half",
    "bfloat16": "half",
}
_SMALL = "int"  # all other integers

_MOVED = 1 << 16  # bytes at a time
_PIECE = 1 << 18  # what decoding varints needs is some forty times this


class SavedSlices:
    """One V1 checkpoint, of one file or several. `tensors` is what they list; `read` reads one tensor.

    Raises:
      CheckpointError: what they list cannot be read.
    """

    format = "V1"

    def __init__(self, paths: Sequence[str]) -> None:
        self.tensors: dict[str, tuple[TensorType, Shape]] = {}
        self._slices: dict[str, list[tuple[tuple[Extent, ...], int]]] = {}
        self._files: list[SourceFile] = []
        self._tables: list[Table] = []
        self._lock = threading.Lock()  # a table remembers its last block
        self.path = paths[0]
        for shard, path in enumerate(paths):
            self._files.append(SourceFile(path))
            try:
                self._tables.append(Table(self._files[-1]))
                self._read_list(shard)
            except Damage as damage:
                raise unreadable(path, damage) from None
        self.tensors = dict(sorted(self.tensors.items()))

    def close(self) -> None:
        for file in self._files:
            file.close()

    def read(self, name: str) -> np.ndarray:
        """The values of the tensor `name`, in memory of their own; raises Damage when they are not whole."""
        tensor_type, shape = self.tensors[name]
        if not tensor_type.is_readable:
            raise Damage(f"it is of TensorFlow's dtype {tensor_type.name}, which no NumPy array can hold")
        slices = self._slices[name]
        boxes = [box_of(extents, shape) for extents, _ in slices]
        check_volume(boxes, shape)
        if len(boxes) == 1:
            return self._read_slice(name, 0, boxes[0].shape)
        # A value takes its size in the file, or a byte at least where it is a varint. Compressing saves 21 parts of 22.
        smallest = tensor_type.dtype.itemsize if tensor_type.name in _FIXED else 1
        if math.prod(shape) * smallest > 22 * sum(file.size for file in self._files):
            raise Damage(f"its shape {list(shape)} is larger than what its files can hold")
        return assemble(
            shape, tensor_type.dtype, boxes, lambda number, _: self._read_slice(name, number, boxes[number].shape)
        )

    def _read_list(self, shard: int) -> None:
        value = self._tables[shard].get(_LIST_KEY)
        listed = parse(value, _SLICES).get("list") if value is not None else None
        if listed is None:
            raise Damage("it has no list of tensors")
        # One tensor after the other: millions of empty ones must not be in memory before the first is looked at.
        for number, one in each(listed, _LISTED_AT, _VERSIONS_AT):
            if number == _VERSIONS_AT:
                if parse(one, _VERSIONS).get("min_consumer", 0) > _VERSION:
                    raise Damage("it was written in a newer version of the format, which is not known here")
                continue
            entry = parse(one, _LISTED)
            name = bytes(entry.get("name", b"")).decode(errors="surrogateescape")
            try:
                facts = (type_of_number(entry.get("dtype", 0)), shape_of(entry.get("shape", {})))
            except Damage as damage:
                raise Damage(f"of the tensor {name!r}: {damage}") from None
            if self.tensors.setdefault(name, facts) != facts:
                raise Damage(f"of the tensor {name!r}: it is there twice, with another shape or dtype")
            slices = self._slices.setdefault(name, [])
            slices += [(extents_of(part), shard) for part in entry.get("slices", [])]

    def _read_slice(self, name: str, number: int, shape: Shape) -> np.ndarray:
        extents, shard = self._slices[name][number]
        try:
            with self._lock:
                value = self._tables[shard].get(slice_key(name.encode(errors="surrogateescape"), extents))
            if value is None:
                raise Damage(f"its values at {[start for start, _ in extents]} are missing")
            return _values(parse(value, _SLICES).get("values", {}).get("tensor", b""), self.tensors[name][0], shape)
        except Damage as damage:
            damage.path = self._files[shard].path
            raise


def _values(message: Buffer, tensor_type: TensorType, shape: Shape) -> np.ndarray:
    """The array in a TensorProto; raises Damage unless it has exactly the values of `shape`."""
    count, dtype = math.prod(shape), tensor_type.dtype
    if tensor_type.is_string:
        return _strings(message, count).reshape(shape)
    tensor = parse(message, _TENSOR)
    if tensor.get("dtype", 0) not in (0, tensor_type.number):
        raise Damage(f"its values are not of its dtype {tensor_type.name}")
    if "content" in tensor or tensor_type.name in _FIXED:
        pieces = [tensor["content"]] if "content" in tensor else tensor.get(_FIXED[tensor_type.name], [])
        _check_count(sum(len(piece) for piece in pieces), count * dtype.itemsize, "bytes")
        raw = _in_own_memory(pieces)
        if dtype == np.bool_ and raw.max(initial=0) > 1:
            raise Damage("a value of it is neither true nor false")
        return raw.view(dtype).reshape(shape)
    pieces = [_in_own_memory(tensor.get(_VARYING.get(tensor_type.name, _SMALL), []))]
    _check_count(sum(int(np.count_nonzero(piece < 0x80)) for piece in pieces), count, "values")
    if dtype.kind not in "iub":  # the bits of a half are a number of 16 bits
        return _varints(pieces[0], new_array((count,), np.uint16)).view(dtype).reshape(shape)
    return _varints(pieces[0], new_array((count,), dtype)).reshape(shape)


def _check_count(found: int, needed: int, unit: str) -> None:
    if found != needed:
        raise Damage(f"it has {found} {unit}, and its shape and dtype need {needed}")


def _strings(message: Buffer, count: int) -> np.ndarray:
    _check_count(sum(1 for _ in each(message, _STRINGS_AT)), count, "strings")
    out = np.empty(count, object)
    for number, (_, piece) in enumerate(each(message, _STRINGS_AT)):
        out[number] = bytes(piece)
    return out


def _in_own_memory(pieces: Sequence[memoryview]) -> np.ndarray:
    """The bytes of `pieces`, aligned and writable.

    A large one is moved to the front of the block it came in, which is nobody else's: a copy would double what a
    tensor of 400 MB costs.
    """
    if len(pieces) != 1:
        return np.frombuffer(bytearray().join(pieces), np.uint8)
    source = np.frombuffer(pieces[0], np.uint8)
    if source.size <= LARGEST_KEPT:
        return source.copy()
    whole: Any = pieces[0].obj
    block = np.frombuffer(whole, np.uint8)
    for start in range(0, source.size, _MOVED):
        piece = source[start : start + _MOVED]
        block[start : start + piece.size] = piece.copy()
    return block[: source.size]


def _varints(data: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Fills `out` with the varints in `data`, which must end there."""
    done = position = 0
    while position < data.size:
        piece = data[position : position + _PIECE]
        ends = np.flatnonzero(piece < 0x80)
        if not ends.size:
            raise Damage("a number in it does not end, or has more than 64 bits")
        starts = np.concatenate([[0], ends[:-1] + 1])
        sizes = ends - starts + 1
        if sizes.max() > 10:
            raise Damage("a number in it does not end, or has more than 64 bits")
        numbers = np.zeros(ends.size, np.uint64)
        for byte in range(int(sizes.max())):
            longer = np.flatnonzero(sizes > byte)
            bits = (piece[starts[longer] + byte] & 0x7F).astype(np.uint64)
            numbers[longer] |= bits << np.uint64(7 * byte)
        out[done : done + numbers.size] = numbers.astype(out.dtype)
        done += numbers.size
        position += int(ends[-1]) + 1
    return out
