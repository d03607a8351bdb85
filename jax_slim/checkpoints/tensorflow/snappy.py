"""Snappy, unpacked: how the blocks of older checkpoint tables are compressed. (format_description.txt of snappy)"""

from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.wire import Buffer, read_varint

_LITERAL = 0


def decompress(data: Buffer) -> bytearray:
    """The bytes that `data` packs. Memory follows from what is in `data`, never from the length that it claims.

    Raises:
      Damage: `data` is not whole.
    """
    data = bytes(data)  # indexing bytes is faster than a view
    length, position = read_varint(data, 0)
    out = bytearray()
    while position < len(data):
        tag = data[position]
        position += 1
        if tag & 3 == _LITERAL:
            size = (tag >> 2) + 1
            if size > 60:  # 61 to 64 say in how many bytes the size is
                wide = size - 60
                size = int.from_bytes(data[position : position + wide], "little") + 1
                position += wide
            literal = data[position : position + size]
            if len(literal) < size:
                raise Damage("its compressed bytes are cut")
            out += literal
            position += size
        else:
            if tag & 3 == 1:
                size, wide, offset = (tag >> 2 & 7) + 4, 1, tag >> 5 << 8
            else:
                size, wide, offset = (tag >> 2) + 1, 2 if tag & 3 == 2 else 4, 0
            offset += int.from_bytes(data[position : position + wide], "little")
            position += wide
            if position > len(data) or not 0 < offset <= len(out):
                raise Damage("its compressed bytes refer to others that are not there")
            start = len(out) - offset
            if size <= offset:
                out += out[start : start + size]
            else:  # the copy runs into what it writes: a pattern repeated
                pattern = out[start:]
                out += (pattern * (size // offset + 1))[:size]
        if len(out) > length:
            break
    if len(out) != length:
        raise Damage(f"its compressed bytes hold {len(out)} bytes or more instead of {length}")
    return out
