"""JPEG to pixels and back, bit for bit as TensorFlow does it by default."""

import io
from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError

# TensorFlow's limit for width * height * channels.
MOST_VALUES = 1 << 29

_END = b"\xff\xd9"
_ADOBE = b"\xff\xee"


def decode(function: str, contents: bytes, channels: int, fast: bool) -> np.ndarray:
    """uint8 [H, W, channels]; 0 channels mean those of the file, 3 for one with 4.

    `fast` takes the integer transform that libjpeg calls fast, else its accurate one: up to 7 levels apart.
    """
    try:
        import simplejpeg
    except ImportError:
        return _by_pillow(function, contents, channels)
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(contents, strict=False)
    except Exception:  # it knows the usual subsamplings only
        return _by_pillow(function, contents, channels)
    if width * height * 3 >= MOST_VALUES:
        raise DataLossError(f"{function}: the image must have less than {MOST_VALUES} values, got {width}x{height}.")
    inks = colours in ("CMYK", "YCCK")
    if channels == 0:
        channels = 1 if colours == "Gray" else 3
    space = "CMYK" if inks else "GRAY" if channels == 1 else "RGB"
    try:
        pixels = simplejpeg.decode_jpeg(contents, space, fastdct=fast)
    except Exception as error:
        # libjpeg complains of much that it can repair, and TensorFlow passes over: not so of a file that is cut.
        if "Premature end" in str(error) or _END not in contents[2:]:
            raise _damaged(function, contents, str(error)) from None
        try:
            pixels = simplejpeg.decode_jpeg(contents, space, fastdct=fast, strict=False)
        except Exception as error:
            raise _damaged(function, contents, str(error)) from None
    if inks:
        pixels = _of_inks(pixels, _has_adobe_marker(contents))
        if channels == 1:
            pixels = _grey(pixels)
    return pixels


def encode(image: np.ndarray, quality: int) -> bytes:
    """A JPEG of uint8 [H, W, 1 or 3] pixels, with colours at half the resolution."""
    try:
        import simplejpeg
    except ImportError:
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, "JPEG", quality=quality)
        return buffer.getvalue()
    grey = image.shape[2] == 1
    return simplejpeg.encode_jpeg(
        np.ascontiguousarray(image), quality, "GRAY" if grey else "RGB", "Gray" if grey else "420", fastdct=False
    )


def _by_pillow(function: str, contents: bytes, channels: int) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(contents), formats=["JPEG"]) as image:
            if image.width * image.height * 3 >= MOST_VALUES:
                raise ValueError(f"{image.width}x{image.height} pixels are too many")
            image.load()
            inks = image.mode == "CMYK"
            pixels: Any = np.asarray(image)
    except Exception as error:  # a damaged file can fail anywhere in there
        raise _damaged(function, contents, str(error)) from None
    if inks:
        pixels = _of_inks(255 - pixels, True)  # Pillow has turned Adobe's inverted inks round
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if channels == 1 and pixels.shape[2] == 3:
        return _grey(pixels)
    return np.repeat(pixels, 3, 2) if channels == 3 and pixels.shape[2] == 1 else pixels


def _of_inks(inks: np.ndarray, inverted: bool) -> np.ndarray:
    """Red, green and blue of cyan, magenta, yellow and black; Adobe's programs store 255 for no ink."""
    light = inks.astype(np.int32) if inverted else 255 - inks.astype(np.int32)
    return (light[..., :3] * light[..., 3:] // 255).astype(np.uint8)


def _grey(pixels: np.ndarray) -> np.ndarray:
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(np.uint8)[..., None]


def _has_adobe_marker(contents: bytes) -> bool:
    at = 2
    while at + 4 <= len(contents) and contents[at] == 0xFF:
        marker, size = contents[at : at + 2], int.from_bytes(contents[at + 2 : at + 4], "big")
        if marker == _ADOBE and contents[at + 4 : at + 9] == b"Adobe":
            return True
        if marker == b"\xff\xda":  # the pixels begin
            return False
        at += 2 + size
    return False


def _damaged(function: str, contents: bytes, why: str) -> DataLossError:
    cut = "" if _END in contents[2:] else ", which ends before the image does"
    return DataLossError(
        f"{function}: contents must be a whole JPEG image, got {len(contents)} bytes of one{cut}: {why}."
    )
