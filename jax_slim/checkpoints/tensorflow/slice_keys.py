"""The keys under which tables keep the slices of tensors: a name and extents, in bytes that sort as those would.

(TensorFlow's `OrderedCode` and `EncodeTensorNameSlice`)
"""

import re
from collections.abc import Sequence

WHOLE = -1
"""The length of an extent that covers its whole dimension."""

Extent = tuple[int, int]

_ESCAPES = {b"\0": b"\0\xff", b"\xff": b"\xff\0"}
_END = b"\0\1"


def slice_key(name: bytes, extents: Sequence[Extent]) -> bytes:
    """The key of the slice of `name` with one (start, length) a dimension; a length may be WHOLE."""
    parts = [_unsigned(0), re.sub(b"[\0\xff]", lambda match: _ESCAPES[match[0]], name), _END, _unsigned(len(extents))]
    for start, length in extents:
        parts += [_signed(start), _signed(length)]
    return b"".join(parts)


def _unsigned(value: int) -> bytes:
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "big")


def _signed(value: int) -> bytes:
    # As many ones in front as there are bytes, so that longer numbers sort later; then the sign and the number. For a
    # negative one those ones are zeros.
    size = (value if value >= 0 else ~value).bit_length() // 7 + 1
    ones = ((1 << size) - 1) << 7 * size
    return (value % (1 << 8 * size) ^ ones).to_bytes(size, "big")
