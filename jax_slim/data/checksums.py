"""The checksum that TensorFlow's files carry: CRC-32C, masked."""

import numpy as np

_MASK = 0xA282EAD8


def masked_crc32c(data: bytes) -> int:
    """The CRC-32C of `data` as TFRecord files and checkpoint tables store it: rotated by 15 bits, plus a constant.

    The mask keeps a checksum of data that holds checksums from being weak (leveldb's log format).
    """
    import google_crc32c

    return mask(google_crc32c.value(data))


def crc32c(data: bytes | np.ndarray, crc: int = 0) -> int:
    """The CRC-32C, not masked, of `data` after data whose CRC-32C is `crc`: long data may come piece by piece.

    An array must be contiguous and of uint8; it is not copied.
    """
    import google_crc32c

    return google_crc32c.extend(crc, data)


def mask(crc: int) -> int:
    """The stored form of a CRC-32C."""
    return (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF


def unmask(stored: int) -> int:
    """The CRC-32C behind its stored form."""
    rotated = (stored - _MASK) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF
