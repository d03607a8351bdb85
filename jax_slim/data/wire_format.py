"""The encoding of tf.train.Example, byte by byte.

Code generated for these messages would clash with TensorFlow's own in one process, and makes a Python object of each
number.
"""

from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.features import KINDS, strings

# A tag is the number of a field and how it is stored. All that Example has are numbers below 16: tags of one byte.
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


_ENTRY, _VALUE = 1 << 3 | BYTES, 2 << 3 | BYTES


class _Malformed(Exception):
    """What is read is no message."""


def read_features(data: bytes, begin: int, end: int) -> dict[bytes, tuple[int, int]]:
    """Where the Feature of each name lies in a Features message: name -> (begin, end). The last of a name counts."""
    found = {}
    at = begin
    while at < end:
        # As everybody writes it: an entry, in it the name, then the feature, each with a tag and a size.
        if data[at] != _ENTRY:
            return _read_oddly(data, begin, end)
        stop, at = _after(data, at + 1, end)
        if at < stop and data[at] == _ENTRY:
            after_name, start_of_name = _after(data, at + 1, stop)
            if after_name < stop and data[after_name] == _VALUE:
                after, start = _after(data, after_name + 1, stop)
                if after == stop:
                    found[data[start_of_name:after_name]] = (start, after)
                    at = stop
                    continue
        return _read_oddly(data, begin, end)
    return found


def _read_oddly(data: bytes, begin: int, end: int) -> dict[bytes, tuple[int, int]]:
    """The same for whatever else the encoding allows: other fields, another order, parts that are missing."""
    found = {}
    for entry, stop in _messages(data, begin, end, 1):
        name, place = b"", (stop, stop)
        for field, kind, at, after in _fields(data, entry, stop):
            if kind == BYTES and field == 1:
                name = data[at:after]
            elif kind == BYTES and field == 2:
                place = (at, after)
        found[name] = place
    return found


def _after(data: bytes, at: int, end: int) -> tuple[int, int]:
    """(where a value of the size written at `at` ends, where it begins)."""
    size = data[at]
    at += 1
    if size > 0x7F:
        size, at = _varint(data, at - 1, end)
    if at + size > end:
        raise _Malformed
    return at + size, at


def features_of(data: bytes, what: str) -> dict[bytes, tuple[int, int]]:
    """The places of the features of a serialized Example; of several Features messages in one they are united."""
    try:
        found: dict[bytes, tuple[int, int]] = {}
        for begin, end in _messages(data, 0, len(data), 1):
            found.update(read_features(data, begin, end))
        return found
    except (_Malformed, IndexError):
        raise DataLossError(f"{what} must be a serialized tf.train.Example, got {described(data)}.") from None


def sequence_of(data: bytes, what: str) -> tuple[dict[bytes, tuple[int, int]], dict[bytes, list[tuple[int, int]]]]:
    """The places of the context and of the feature lists of a serialized SequenceExample."""
    try:
        context: dict[bytes, tuple[int, int]] = {}
        lists: dict[bytes, list[tuple[int, int]]] = {}
        for begin, end in _messages(data, 0, len(data), 1):
            context.update(read_features(data, begin, end))
        for begin, end in _messages(data, 0, len(data), 2):
            for name, (at, stop) in read_features(data, begin, end).items():  # the same form: a map from names
                lists[name] = list(_messages(data, at, stop, 1))
        return context, lists
    except (_Malformed, IndexError):
        raise DataLossError(f"{what} must be a serialized tf.train.SequenceExample, got {described(data)}.") from None


def read_feature(data: bytes, begin: int, end: int, what: str) -> tuple[str | None, Any]:
    """A Feature's kind and its values as a flat array; (None, None) for one that holds nothing at all."""
    try:
        kind, values = None, None
        for field, wire, at, after in _fields(data, begin, end):
            if wire == BYTES and 1 <= field <= 3:  # the last one counts, as in every oneof
                kind = KINDS[field - 1]
                values = _READERS[kind](data, at, after)
        return kind, values
    except (_Malformed, IndexError):
        raise DataLossError(f"{what} must be a serialized Feature, got {described(data[begin:end])}.") from None


def described(data: bytes) -> str:
    """Bytes for a message: how many, and how they begin."""
    return f"{len(data)} bytes" + (f" that begin with {data[:16]!r}" if data else "")


def _read_strings(data: bytes, begin: int, end: int) -> np.ndarray:
    found = []
    at = begin
    while at < end:
        if data[at] != _ENTRY:
            found = [data[at:after] for at, after in _messages(data, begin, end, 1)]
            break
        after, at = _after(data, at + 1, end)
        found.append(data[at:after])
        at = after
    return strings(found)


def _read_floats(data: bytes, begin: int, end: int) -> np.ndarray:
    packed = _packed(data, begin, end, FIXED32)
    if len(packed) % 4:
        raise _Malformed
    return np.frombuffer(packed, "<f4").astype(np.float32)


def _read_ints(data: bytes, begin: int, end: int) -> np.ndarray:
    packed = _packed(data, begin, end, VARINT)
    if len(packed) > 10:
        return _varints(packed)
    values, at = [], 0  # mostly one label
    while at < len(packed):
        value, at = _varint(packed, at, len(packed))
        values.append(value - (1 << 64) if value >> 63 else value)
    return np.array(values, np.int64)


def _packed(data: bytes, begin: int, end: int, single: int) -> bytes:
    """The numbers of a list one after the other, whether they were packed or written one by one."""
    if begin == end:
        return b""
    if data[begin] == _ENTRY:
        after, at = _after(data, begin + 1, end)
        if after == end:
            return data[at:after]
    parts = []
    for field, kind, at, after in _fields(data, begin, end):
        if field == 1 and kind in (BYTES, single):
            parts.append(data[at:after])
    return b"".join(parts)


_READERS = {"string": _read_strings, "float32": _read_floats, "int64": _read_ints}


def _varints(packed: bytes) -> np.ndarray:
    """Numbers of seven bits a byte, all at once."""
    octets = np.frombuffer(packed, np.uint8)
    last = octets < 0x80
    if not last[-1]:
        raise _Malformed
    if last.all():
        return octets.astype(np.int64)
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > 10:
        raise _Malformed
    shifts = (np.arange(len(octets)) - np.repeat(starts, lengths)).astype(np.uint64) * np.uint64(7)
    bits = (octets & 0x7F).astype(np.uint64) << shifts
    return np.add.reduceat(bits, starts).astype(np.int64)


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= end or shift > 63:
            raise _Malformed
        octet = data[at]
        at += 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7


def _fields(data: bytes, at: int, end: int) -> Any:
    """Yields (field, wire type, begin, end of its value) of a message; what is stored in other ways is no message."""
    while at < end:
        tag = data[at]
        at += 1
        if tag > 0x7F:
            tag, at = _varint(data, at - 1, end)
        field, kind = tag >> 3, tag & 7
        if not field:
            raise _Malformed
        if kind == BYTES:
            size = data[at] if at < end else 0x80
            at += 1
            if size > 0x7F:
                size, at = _varint(data, at - 1, end)
            after = at + size
        elif kind == VARINT:
            _, after = _varint(data, at, end)
        elif kind == FIXED32:
            after = at + 4
        elif kind == FIXED64:
            after = at + 8
        else:
            raise _Malformed
        if after > end:
            raise _Malformed
        yield field, kind, at, after
        at = after


def _messages(data: bytes, begin: int, end: int, wanted: int) -> Any:
    """The places of the messages or strings in one repeated field."""
    for field, kind, at, after in _fields(data, begin, end):
        if field == wanted and kind == BYTES:
            yield at, after


def message(field: int, content: bytes) -> bytes:
    """A message or string as a field of another one."""
    return bytes([field << 3 | BYTES]) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """A number of 64 bits, seven of them in a byte."""
    value &= 0xFFFFFFFFFFFFFFFF
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)


def feature(kind: str, values: np.ndarray | list[bytes]) -> bytes:
    """A serialized Feature with a list of that kind."""
    if kind == "string":
        content = b"".join(message(1, value) for value in values)
    elif kind == "float32":
        content = message(1, np.asarray(values, "<f4").tobytes()) if len(values) else b""
    else:
        content = message(1, b"".join(varint(int(value)) for value in values)) if len(values) else b""
    return message(KINDS.index(kind) + 1, content)


def features(named: dict[str, bytes]) -> bytes:
    """A serialized Features message (or FeatureLists) of serialized values by name, in the order of the names."""
    return b"".join(message(1, message(1, name.encode()) + message(2, named[name])) for name in sorted(named))
