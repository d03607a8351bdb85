"""Pixels as PNG files, as libpng writes them (and so TensorFlow): filters row by row, small windows, parts of 8 KB.

Small ones are equal byte for byte; of large ones zlib's version decides.
"""

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _COLOUR, _GREY_ALPHA, _COLOUR_ALPHA = 0, 2, 4, 6
_PART = 8192  # compressed bytes in a chunk
_ROWS_AT_ONCE = 1 << 20  # bytes, to bound the memory that five filters take


def encode(image: np.ndarray, compression: int) -> bytes:
    """A PNG of uint8 or uint16 [H, W, 1 to 4] pixels; `compression` from 0 to 9, or -1 for zlib's choice."""
    height, width, channels = image.shape
    big = np.ascontiguousarray(image.astype(">u2" if image.dtype == np.uint16 else np.uint8))
    rows = big.view(np.uint8).reshape(height, -1)
    kind = (_GREY, _GREY_ALPHA, _COLOUR, _COLOUR_ALPHA)[channels - 1]
    header = struct.pack(">IIBBBBB", width, height, 8 * image.dtype.itemsize, kind, 0, 0, 0)
    filters = [0] + [1] * (width > 1) + [2] * (height > 1) + [3, 4] * (width > 1 and height > 1)
    data = _deflated(rows, filters, channels * image.dtype.itemsize, compression)
    parts = b"".join(_chunk(b"IDAT", data[at : at + _PART]) for at in range(0, len(data), _PART))
    return SIGNATURE + _chunk(b"IHDR", header) + parts + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _deflated(rows: np.ndarray, filters: list[int], step: int, compression: int) -> bytes:
    height, length = rows.shape
    size = height * (length + 1)
    bits, half = 15, 1 << 14
    while size <= 16384 and size + 262 <= half:
        half >>= 1
        bits -= 1
    strategy = zlib.Z_DEFAULT_STRATEGY if filters == [0] else zlib.Z_FILTERED
    packer = zlib.compressobj(compression, zlib.DEFLATED, bits, zlib.DEF_MEM_LEVEL, strategy)
    found = []
    count = max(1, _ROWS_AT_ONCE // (length + 1))
    for start in range(0, height, count):
        above = rows[start - 1] if start else np.zeros(length, np.uint8)
        found.append(packer.compress(_filtered(rows[start : start + count], above, filters, step).tobytes()))
    data = bytearray(b"".join(found) + packer.flush())
    # The window in the header is as small as the data allows.
    window, half = data[0] >> 4, 1 << ((data[0] >> 4) + 7)
    if size <= 16384 and size <= half:
        while True:
            half >>= 1
            window -= 1
            if window <= 0 or size > half:
                break
        data[0] = (data[0] & 15) | window << 4
        flags = data[1] & 0xE0
        data[1] = flags + 31 - ((data[0] << 8) + flags) % 31
    return bytes(data)


def _filtered(rows: np.ndarray, above: np.ndarray, filters: list[int], step: int) -> np.ndarray:
    """Each row behind the number of its filter: the first with the smallest sum of absolute (signed) values."""
    up = np.concatenate([above[None], rows[:-1]])
    left, corner = np.zeros_like(rows), np.zeros_like(rows)
    left[:, step:], corner[:, step:] = rows[:, :-step], up[:, :-step]
    best = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    smallest = np.full(len(rows), np.iinfo(np.int64).max)
    for number in filters:
        values = rows - _predicted(number, left, up, corner)
        total = np.minimum(values, 0 - values).sum(axis=1, dtype=np.int64)
        better = total < smallest
        best[better, 0], best[better, 1:] = number, values[better]
        smallest = np.minimum(smallest, total)
    return best


def _predicted(number: int, left: np.ndarray, up: np.ndarray, corner: np.ndarray) -> np.ndarray:
    if number < 3:
        return (np.zeros_like(left), left, up)[number]
    if number == 3:
        return ((left.astype(np.uint16) + up) >> 1).astype(np.uint8)
    a, b, c = (part.astype(np.int16) for part in (left, up, corner))
    to_left, to_up, to_corner = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    nearest = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearest)
