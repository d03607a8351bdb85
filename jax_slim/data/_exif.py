"""Which way up a photograph is: what cameras note in EXIF, and pixels turned accordingly."""

from collections.abc import Iterator

import numpy as np

_ORIENTATION = 0x0112
_SHORT = 3
_HEAD = b"Exif\0"
_BYTE_ORDERS = {b"II*\0": "little", b"MM\0*": "big"}


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels [..., H, W, C] as they are to be seen, for EXIF's eight orientations; any other number turns nothing."""
    if orientation in (5, 6, 7, 8):  # the first row is the left or the right side
        pixels = pixels.swapaxes(-3, -2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[..., ::-1, :, :]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[..., ::-1, :]
    return np.ascontiguousarray(pixels)


def jpeg_orientation(contents: bytes) -> int:
    """What the first EXIF segment of a JPEG file says; 1 (upright) where it says nothing that is known."""
    if contents.find(_HEAD) < 0:
        return 1
    for marker, start, end in jpeg_segments(contents):
        if marker == 0xE1 and contents[start : start + 5] == _HEAD:
            return _orientation(contents[start + 6 : end])
    return 1


def png_orientation(contents: bytes) -> int:
    """The same of a PNG file, of its chunk eXIf, which may also stand behind the pixels."""
    if contents.find(b"eXIf") < 0:
        return 1
    at = 8
    while at + 12 <= len(contents):
        size = int.from_bytes(contents[at : at + 4], "big")
        if contents[at + 4 : at + 8] == b"eXIf":
            body = contents[at + 8 : at + 8 + size]
            return _orientation(body[6:] if body.startswith(_HEAD) else body)
        at += 12 + size
    return 1


def jpeg_segments(contents: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, first byte, byte after the last) of each segment before the pixels, their marker's included.

    Bytes between segments are passed over, as libjpeg does. The bytes of a segment begin behind its length.
    """
    at = 2
    while True:
        at = contents.find(b"\xff", at)
        if at < 0 or at + 4 > len(contents):
            return
        marker = contents[at + 1]
        if marker in (0x00, 0xFF):  # no marker, or one that is padded
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # these have no contents
            at += 2
        else:
            size = int.from_bytes(contents[at + 2 : at + 4], "big")
            yield marker, at + 4, at + 2 + size
            if size < 2 or marker in (0xD9, 0xDA):
                return
            at += 2 + size


def _orientation(exif: bytes) -> int:
    """The entry of the first directory of EXIF data, which is laid out as a TIFF file is."""
    order = _BYTE_ORDERS.get(exif[:4])
    if order is None:
        return 1

    def number(start: int, size: int) -> int:
        return int.from_bytes(exif[start : start + size], order)  # pyright: ignore[reportArgumentType]

    entries = number(4, 4)
    for entry in range(entries + 2, entries + 2 + 12 * number(entries, 2), 12):
        if entry + 12 > len(exif):
            break
        if number(entry, 2) == _ORIENTATION and number(entry + 2, 2) == _SHORT:
            found = number(entry + 8, 2)
            return found if 1 <= found <= 8 else 1
    return 1
