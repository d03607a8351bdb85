"""PNG to pixels, with the conversions between kinds of pixels that TensorFlow asks libpng for."""

import io
import struct
import zlib
from typing import Any

import numpy as np

from jax_slim.data._jpeg import MOST_VALUES
from jax_slim.data.errors import DataLossError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _COLOUR, _PALETTE, _GREY_ALPHA, _COLOUR_ALPHA = 0, 2, 3, 4, 6

# 0.299 for red, 0.587 for green and the rest for blue, in libpng's steps of 1 / 32768.
_RED, _GREEN = 9797, 19234
_BLUE = 32768 - _RED - _GREEN

_SRGB_GAMMA = 0.45455
# (Length, Adler-32, CRC-32) of the colour profiles that libpng takes for sRGB: four of color.org's, three of HP's.
_SRGB_PROFILES = frozenset(
    {
        (3048, 0x0A3FD9F6, 0x3B8772B9),
        (3052, 0x4909E5E1, 0x427EBB21),
        (60988, 0xFD2144A1, 0x306FD8AE),
        (60960, 0x209C35D2, 0xBBEF7812),
        (3024, 0xA054D762, 0x5D5129CE),
        (3144, 0xF784F3FB, 0x182EA552),
        (3144, 0x0398F3FC, 0xF29E526D),
    }
)


def decode(function: str, contents: bytes, channels: int, wide: bool) -> np.ndarray:
    """[H, W, channels], uint16 when `wide`, else uint8; 0 channels mean those of the file."""
    width, height, depth, kind = _header(function, contents)
    if width * height * max(channels, 4) * (2 if wide else 1) >= 2 * MOST_VALUES:
        raise DataLossError(f"{function}: the image must have less than {MOST_VALUES} values, got {width}x{height}.")
    try:
        _check_chunks(contents)
        pixels, transparent = _samples(contents, depth, kind)
        gamma = _gamma(contents) if channels == 1 and kind & _COLOUR else None
    except Exception as error:  # a damaged file can fail anywhere in there
        raise _damaged(function, contents, str(error)) from None
    pixels = _converted(pixels, transparent, channels or pixels.shape[2], gamma)
    if wide and depth < 16:
        return pixels.astype(np.uint16) * np.uint16(257)
    if depth == 16 and not wide:
        return (pixels >> 8).astype(np.uint8)
    return pixels


def _header(function: str, contents: bytes) -> tuple[int, int, int, int]:
    if len(contents) < 33 or contents[:8] != _SIGNATURE or contents[12:16] != b"IHDR":
        raise _damaged(function, contents, "it has no header")
    width, height, depth, kind = struct.unpack(">IIBB", contents[16:26])
    return width, height, depth, kind


def _check_chunks(contents: bytes) -> None:
    """Raises where the pixels' chunks are cut or damaged; Pillow passes over some of that."""
    at = 8
    while contents[at + 4 : at + 8] != b"IEND" and at < len(contents):
        end = at + 12 + int.from_bytes(contents[at : at + 4], "big")
        if contents[at + 4 : at + 8] == b"IDAT":
            if end > len(contents):
                raise ValueError("it is cut")
            if zlib.crc32(contents[at + 4 : end - 4]) != int.from_bytes(contents[end - 4 : end], "big"):
                raise ValueError("the checksum of its pixels does not fit")
        at = end


def _samples(contents: bytes, depth: int, kind: int) -> tuple[np.ndarray, Any]:
    """The pixels of a file as they are stored, [H, W, C], and the colour that counts as transparent, if one does."""
    if depth == 16 and kind == _GREY_ALPHA:
        # Pillow drops the lower halves. But two values of 16 bits are four of 8, filtered in the same way.
        header = contents[12:24] + bytes([8, _COLOUR_ALPHA]) + contents[26:29]
        patched = contents[:12] + header + struct.pack(">I", zlib.crc32(header)) + contents[33:]
        four = _by_pillow(patched, None)[0].astype(np.uint16)
        return four[..., 0::2] << 8 | four[..., 1::2], None
    if depth == 16 and kind in (_COLOUR, _COLOUR_ALPHA):
        mode = "RGB" if kind == _COLOUR else "RGBA"
        upper, key = _by_pillow(contents, f"{mode};16B")
        lower, _ = _by_pillow(contents, f"{mode};16L")  # takes the second byte of each value
        return upper.astype(np.uint16) << 8 | lower, key
    return _by_pillow(contents, None)


def _by_pillow(contents: bytes, raw_mode: str | None) -> tuple[np.ndarray, Any]:
    from PIL import Image

    with Image.open(io.BytesIO(contents), formats=["PNG"]) as image:
        if raw_mode is not None:
            image.tile = [tile._replace(args=raw_mode) for tile in image.tile]
        key: Any = image.info.get("transparency")
        image.load()
        key = image.info.get("transparency", key)
        if image.mode == "P":
            pixels, key = np.asarray(image.convert("RGB" if key is None else "RGBA")), None
        elif image.mode == "1":
            pixels = np.asarray(image).astype(np.uint8) * np.uint8(255)
        else:
            pixels = np.asarray(image)
            bits = contents[24]
            if key is not None and image.mode == "L" and bits < 8:
                key = key * (255 // ((1 << bits) - 1))
    return pixels if pixels.ndim == 3 else pixels[..., None], key


def _gamma(contents: bytes) -> float | None:
    """How the file says that its levels have to be raised for light to be linear, in the chunks before the pixels."""
    at, found = 8, None
    while at + 12 <= len(contents) and contents[at + 4 : at + 8] != b"IDAT":
        name = contents[at + 4 : at + 8]
        size = int.from_bytes(contents[at : at + 4], "big")
        if name == b"sRGB" or (name == b"iCCP" and _is_srgb(contents[at + 8 : at + 8 + size])):
            return _SRGB_GAMMA
        if name == b"gAMA":
            found = int.from_bytes(contents[at + 8 : at + 12], "big") / 100000
        at += 12 + size
    return found if found and abs(found - 1) > 0.05 else None


def _is_srgb(chunk: bytes) -> bool:
    """Whether a chunk with a colour profile holds one that libpng knows as sRGB."""
    _, _, packed = chunk.partition(b"\0")  # behind its name
    try:
        profile = zlib.decompressobj().decompress(packed[1:], 1 << 17)
    except zlib.error:
        return False
    return (len(profile), zlib.adler32(profile), zlib.crc32(profile)) in _SRGB_PROFILES


def _converted(pixels: np.ndarray, transparent: Any, channels: int, gamma: float | None) -> np.ndarray:
    """Adds or drops alpha and colour until there are `channels`."""
    if channels == pixels.shape[2]:
        return pixels
    most = np.iinfo(pixels.dtype).max
    has_alpha = pixels.shape[2] % 2 == 0
    colours = pixels[..., :-1] if has_alpha else pixels
    alpha = None
    if channels % 2 == 0:
        if has_alpha:
            alpha = pixels[..., -1:]
        elif transparent is not None:
            hidden = (colours == np.asarray(transparent, colours.dtype)).all(-1, keepdims=True)
            alpha = np.where(hidden, 0, most).astype(pixels.dtype)
        else:
            alpha = np.full((*pixels.shape[:2], 1), most, pixels.dtype)
    if channels < 3 and colours.shape[2] == 3:
        colours = _grey(colours, gamma)
    elif channels >= 3 and colours.shape[2] == 1:
        colours = np.repeat(colours, 3, 2)
    return np.ascontiguousarray(colours) if alpha is None else np.concatenate([colours, alpha], 2)


def _grey(colours: np.ndarray, gamma: float | None) -> np.ndarray:
    """Colours as grey, in libpng's steps: as light of linear levels where a file of 8 bits tells its gamma."""
    tables = [np.arange(np.iinfo(colours.dtype).max + 1)] * 2
    rounding = 16384
    if colours.dtype == np.uint8 and gamma:
        levels = np.arange(256) / 255
        tables = [np.floor(255 * levels**power + 0.5).astype(np.int64) for power in (1 / gamma, gamma)]
    elif colours.dtype == np.uint8:
        rounding = 0
    red, green, blue = (tables[0][colours[..., channel]] for channel in range(3))
    grey = tables[1][(_RED * red + _GREEN * green + _BLUE * blue + rounding) >> 15]
    same = (colours == colours[..., :1]).all(-1)
    return np.where(same, colours[..., 0], grey).astype(colours.dtype)[..., None]


def _damaged(function: str, contents: bytes, why: str) -> DataLossError:
    cut = "" if b"IEND" in contents[-64:] else ", which ends before the image does"
    return DataLossError(
        f"{function}: contents must be a whole PNG image, got {len(contents)} bytes of one{cut}: {why}."
    )
