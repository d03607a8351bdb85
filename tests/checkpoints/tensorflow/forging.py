"""Checkpoints that TensorFlow 1.15 cannot be made to write: compressed, in small blocks, in odd slices, or wrong."""

import struct
from pathlib import Path

import cramjam
import ml_dtypes
import numpy as np

from jax_slim.checkpoints.tensorflow.dtypes import type_of_dtype
from jax_slim.checkpoints.tensorflow.slice_keys import WHOLE, slice_key
from jax_slim.checkpoints.tensorflow.table_writer import TableWriter
from jax_slim.checkpoints.tensorflow.tables import FOOTER_SIZE, PLAIN, SNAPPY
from jax_slim.checkpoints.tensorflow.wire import field, fixed32_field, read_varint, write_varint
from jax_slim.data.checksums import masked_crc32c

DTYPES = [
    *("float32", "float64", "int32", "uint8", "int16", "int8", "complex64", "int64", "bool", "uint16", "complex128"),
    *("float16", "uint32", "uint64"),
]
NEW_DTYPES = [
    *("bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz"),
    *("int4", "uint4", "int2", "uint2", "float4_e2m1fn"),
]


def dtype_of(name):
    return np.dtype(getattr(ml_dtypes, name, name))


class CompressingWriter(TableWriter):
    """Writes tables with snappy, as TensorFlow did where it was built with it."""

    def _write(self, block):
        contents = bytes(cramjam.snappy.compress_raw(block.contents()))
        handle = write_varint(self._size) + write_varint(len(contents))
        data = contents + bytes([SNAPPY])
        data += struct.pack("<I", masked_crc32c(data))
        self._file.write(data)
        self._size += len(data)
        return handle


def write_table(path, entries, compress=False, block_size=1 << 18):
    with Path(path).open("wb") as file:
        writer = (CompressingWriter if compress else TableWriter)(file, block_size)
        for key, value in sorted(entries):
            writer.add(key, value)
        writer.finish()


def shape_message(shape):
    return b"".join(field(2, field(1, size)) for size in shape)


def slice_message(extents):
    return b"".join(
        field(1, field(1, start) + (b"" if length == WHOLE else bytes([0x10]) + write_varint(length)))
        for start, length in extents
    )


def whole(array):
    """The one slice of a tensor that is kept in one piece."""
    return [([(0, WHOLE)] * np.ndim(array), array)]


def full_shape(parts):
    """The shape that slices, given as (extents, array), make up."""
    shapes = [
        [start + size for (start, _), size in zip(extents, np.shape(array), strict=True)] for extents, array in parts
    ]
    return tuple(max(sizes) for sizes in zip(*shapes, strict=True))


def tensor_message(array):
    """The values of a V1 slice as TensorFlow writes them: packed, in the field of their dtype."""
    array = np.asarray(array)
    name = array.dtype.name
    if array.dtype == object:
        return b"".join(field(8, item) for item in array.flat)
    fixed = {"float32": 5, "float64": 6, "complex64": 9, "complex128": 12}
    if name in fixed:
        return field(fixed[name], array.tobytes())
    if name in ("float16", "bfloat16"):
        array = array.view(np.uint16)
    if name == "bool":
        return field(11, array.tobytes())  # a varint below 128 is one byte
    number = {"float16": 13, "bfloat16": 13, "int64": 10, "bool": 11, "uint32": 16, "uint64": 17}.get(name, 7)
    return field(number, b"".join(write_varint(int(item)) for item in array.flat))


def v1_entries(tensors):
    """The entries of a V1 table: name -> [(extents, array), ...]."""
    entries, listed = [], b""
    for name, parts in tensors.items():
        number = type_of_dtype(np.asarray(parts[0][1]).dtype).number
        slices = b"".join(field(4, slice_message(extents)) for extents, _ in parts)
        listed += field(
            1, field(1, name.encode()) + field(2, shape_message(full_shape(parts))) + field(3, number) + slices
        )
        for extents, array in parts:
            value = field(1, name.encode()) + field(2, slice_message(extents)) + field(3, tensor_message(array))
            entries.append((slice_key(name.encode(), extents), field(2, value)))
    entries.append((b"", field(1, listed + field(2, field(1, 1)))))
    return entries


def write_v1(path, tensors, **options):
    """A V1 checkpoint of whole tensors, name -> array, or of slices, name -> [(extents, array), ...]."""
    parts = {name: value if isinstance(value, list) else whole(value) for name, value in tensors.items()}
    write_table(path, v1_entries(parts), **options)
    return str(path)


def bundle_entry(number, shape, offset, size, crc, slices=(), shard=0):
    return (
        field(1, number)
        + field(2, shape_message(shape))
        + field(3, shard)
        + field(4, offset)
        + field(5, size)
        + fixed32_field(6, crc)
        + b"".join(field(7, slice_message(extents)) for extents in slices)
    )


HEADER = (b"", bytes.fromhex("08011a020801"))


def v2_entries(tensors):
    """The entries of an index and the bytes of the data: name -> [(extents, array), ...]."""
    entries, data = [HEADER], b""
    for name, parts in tensors.items():
        number = type_of_dtype(np.asarray(parts[0][1]).dtype).number
        stored = []
        for extents, array in parts:
            raw = np.ascontiguousarray(array).tobytes()
            stored.append((extents, np.shape(array), len(data), len(raw), masked_crc32c(raw)))
            data += raw
        if len(parts) == 1 and stored[0][1] == full_shape(parts):
            entries.append((name.encode(), bundle_entry(number, *stored[0][1:])))
            continue
        slices = [extents for extents, _ in parts]
        entries.append((name.encode(), bundle_entry(number, full_shape(parts), 0, 0, 0, slices)))
        entries += [(slice_key(name.encode(), part[0]), bundle_entry(number, *part[1:])) for part in stored]
    return entries, data


def write_v2(prefix, tensors, **options):
    """A V2 checkpoint of numbers, as `write_v1`."""
    parts = {name: value if isinstance(value, list) else whole(value) for name, value in tensors.items()}
    entries, data = v2_entries(parts)
    write_table(f"{prefix}.index", entries, **options)
    Path(f"{prefix}.data-00000-of-00001").write_bytes(data)
    return str(prefix)


def signed_anew(table, change):
    """The table with each block's contents changed by `change` (bytes -> bytes of as many), and right checksums.

    The checks of what blocks say are reached only so: a plain corruption is already found by its checksum.
    """
    table = bytearray(table)

    def block(position, data):
        offset, position = read_varint(data, position)
        size, position = read_varint(data, position)
        return (offset, size), position

    footer = bytes(table[-FOOTER_SIZE:])
    _, position = block(0, footer)
    index, _ = block(position, footer)
    places = [index]
    if table[index[0] + index[1]] == PLAIN:
        contents = bytes(table[index[0] : sum(index)])
        position = 0
        while position < len(contents) - 4 * (1 + struct.unpack("<I", contents[-4:])[0]):
            _, position = read_varint(contents, position)
            unshared, position = read_varint(contents, position)
            _, position = read_varint(contents, position)
            place, position = block(position + unshared, contents)
            places.append(place)
    for offset, size in places:
        changed = change(bytes(table[offset : offset + size]))
        assert len(changed) == size
        table[offset : offset + size] = changed
        end = offset + size + 1
        table[end : end + 4] = struct.pack("<I", masked_crc32c(bytes(table[offset:end])))
    return bytes(table)


def equal(a, b):
    """Whether two arrays are the same, NaNs and all."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()
