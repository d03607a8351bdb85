"""Protocol buffers read and written by a table of their fields: TensorFlow's checkpoints need a handful of messages.

A message's table is `{field number: (name, kind)}`. What a table does not name is stepped over, as in protobuf.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jax_slim.checkpoints.tensorflow.damage import Damage

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TOO_LONG = 10  # 64 bits, seven a byte
# A field of two bytes becomes an object of a hundred: what no checkpoint has many of is not taken in any number.
_MOST_UNKNOWN, _MOST_PIECES = 10_000, 1_000

Buffer = bytes | memoryview


class Kind(NamedTuple):
    """What a field holds."""

    wire: int
    signed: bool = False
    packed: bool = False
    most: int = 0  # how many times it may be there; 0: once, or the last one counts
    message: "dict[int, tuple[str, Kind]] | None" = None


Fields = dict[int, tuple[str, Kind]]

INT = Kind(_VARINT, signed=True)
FIXED32 = Kind(_FIXED32)
BYTES = Kind(_BYTES)
NUMBERS = Kind(_BYTES, packed=True, most=_MOST_PIECES)
"""A repeated number: a list with the encoded bytes of its pieces, packed or not."""


def message(fields: Fields) -> Kind:
    """A field that holds one message."""
    return Kind(_BYTES, message=fields)


def messages(fields: Fields, most: int) -> Kind:
    """A field that holds several messages, not more than `most`."""
    return Kind(_BYTES, message=fields, most=most)


def read_varint(data: Buffer, position: int) -> tuple[int, int]:
    """The number that begins at `position`, seven bits a byte, and the position after it."""
    if position < len(data) and data[position] < 0x80:  # most are this short
        return data[position], position + 1
    value = shift = 0
    for position in range(position, min(position + _TOO_LONG, len(data))):  # noqa: B020
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, position + 1
        shift += 7
    raise Damage("a number in it does not end, or has more than 64 bits")


def write_varint(value: int) -> bytes:
    """`value` as protobuf and leveldb write it; a negative one as 64 bits."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def parse(data: Buffer, fields: Fields) -> dict[str, Any]:
    """The fields of a message by name. One that is absent is absent here, a repeated one is a list.

    Raises:
      Damage: the bytes are no message, or a field of the table has another type in them.
    """
    found: dict[str, Any] = {}
    unknown = 0
    for number, wire, value, encoded in _walk(memoryview(data)):
        if number not in fields:
            unknown += 1
            if unknown > _MOST_UNKNOWN:
                raise Damage(f"it has more than {_MOST_UNKNOWN} fields that are not known")
            continue
        name, kind = fields[number]
        if kind.packed:
            if wire != _BYTES:
                value = encoded
        elif wire != kind.wire:
            raise Damage(f"its field {name!r} has another type")
        elif kind.message is not None:
            value = parse(value, kind.message)
        elif kind.signed:
            value -= (value >> 63) << 64
        if not kind.most:
            found[name] = value
            continue
        values = found.setdefault(name, [])
        values.append(value)
        if len(values) > kind.most:
            raise Damage(f"it has its field {name!r} more than {kind.most} times")
    return found


def each(data: Buffer, *numbers: int) -> Iterator[tuple[int, memoryview]]:
    """The fields of these numbers, one after the other with their values: for what is there any number of times.

    Raises:
      Damage: the bytes are no message, or such a field does not hold bytes.
    """
    for number, wire, value, _ in _walk(memoryview(data)):
        if number in numbers:
            if wire != _BYTES:
                raise Damage(f"its field {number} has another type")
            yield number, value


def _walk(data: memoryview) -> Iterator[tuple[int, int, Any, memoryview]]:
    """Each field's number, wire type, value (an int or bytes), and its encoded value."""
    position = 0
    while position < len(data):
        tag, start = read_varint(data, position)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise Damage("a field in it has the number 0")
        if wire == _VARINT:
            value, position = read_varint(data, start)
        else:
            if wire == _BYTES:
                size, start = read_varint(data, start)
            elif wire in (_FIXED32, _FIXED64):
                size = 4 if wire == _FIXED32 else 8
            else:
                raise Damage(f"a field in it has the unknown type {wire}")
            position = start + size
            if position > len(data):
                raise Damage(f"a field of {size} bytes in it goes beyond its end")
            value = data[start:position]
            if wire != _BYTES:
                value = int.from_bytes(value, "little")
        yield number, wire, value, data[start:position]


def field(number: int, value: int | bytes) -> bytes:
    """One field: an int as a varint, bytes with their length. Zero is not written, as in proto3; empty bytes are."""
    if isinstance(value, bytes):
        return write_varint(number << 3 | _BYTES) + write_varint(len(value)) + value
    return write_varint(number << 3 | _VARINT) + write_varint(value) if value else b""


def fixed32_field(number: int, value: int) -> bytes:
    """A field of four bytes; zero is not written."""
    return write_varint(number << 3 | _FIXED32) + value.to_bytes(4, "little") if value else b""
