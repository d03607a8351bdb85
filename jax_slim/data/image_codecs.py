"""Encoded images to arrays of pixels and back, equal to TensorFlow's.

Different on purpose:

* `decode_image` turns photographs upright by their EXIF, and reads WebP and TIFF;
* what is transparent in a later frame of a GIF shows the frame before, and the first frame need not fill the image;
* PNGs of 1 to 4 bits with a transparent colour get alpha from 0 to 255;
* BMPs of 8 bits and less are read, with their palette, and those that are packed.

And JPEGs whose colours are sampled as no camera does (TurboJPEG has no name for it) are up to 5 levels away.
"""

from typing import Any

import numpy as np

from jax_slim.data import _exif, _gif_and_bmp, _jpeg, _png, _png_writing, _webp_and_tiff
from jax_slim.data.errors import DataLossError

_DCT_METHODS = {"": True, "INTEGER_FAST": True, "INTEGER_ACCURATE": False}

# How files begin: those that are read, and others, so that a message can tell what was found.
_BEGINNINGS = (
    (b"\xff\xd8\xff", "jpeg", "a JPEG image"),
    (b"\x89PN", "png", "a PNG image"),
    (b"GIF", "gif", "a GIF image"),
    (b"BM", "bmp", "a BMP image"),
    (b"II*\0", "tiff", "a TIFF image"),
    (b"MM\0*", "tiff", "a TIFF image"),
    (b"II+\0", "tiff", "a TIFF image"),
    (b"MM\0+", "tiff", "a TIFF image"),
    (b"\0\0\0\x0cjP  ", "", "a JPEG 2000 image"),
    (b"%PDF", "", "a PDF document"),
    (b"PK\x03\x04", "", "a ZIP archive"),
    (b"\x1f\x8b", "", "GZIP data"),
    (b"8BPS", "", "a Photoshop document"),
    (b"\0\0\x01\0", "", "an icon"),
)


def image_format(contents: bytes) -> str | None:
    """What encoded image the bytes begin as: "jpeg", "png", "gif", "bmp", "webp" or "tiff", or None."""
    for beginning, name, _ in _BEGINNINGS:
        if contents.startswith(beginning):
            return name or None
    return "webp" if contents[:4] == b"RIFF" and contents[8:12] == b"WEBP" else None


def decode_image(
    contents: bytes,
    channels: int | None = None,
    dtype: Any = np.uint8,
    expand_animations: bool = True,
    upright: bool = True,
) -> np.ndarray:
    """Decodes a JPEG, PNG, GIF, BMP, WebP or TIFF image, whatever its name says, and turns it upright.

        decode_image(Path("cat.jpg").read_bytes(), channels=3).shape      # (480, 640, 3)

    Cameras store pixels as the sensor has them, and note in EXIF which way up it was: that is done here, as viewers do.
    `upright=False`, `decode_jpeg` and `decode_png` give the pixels as they are stored, as TensorFlow does.

    Args:
      contents: the bytes of the file.
      channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha, not of JPEG and GIF); 0 or None leaves those of the file.
      dtype: uint8; or uint16, float32 (from 0 to 1) and the like, then scaled to the range of the dtype.
      expand_animations: False gives the first frame of a GIF, [H, W, 3]. Of WebP and TIFF it is always the first.
      upright: whether to turn the image as its EXIF says.

    Returns:
      [H, W, channels]; of a GIF all frames, [frames, H, W, 3]. Of 16 bits the lower half is lost in uint8.

    Raises:
      DataLossError: the bytes are no such image, or a damaged one. The message says what they are instead.
      ValueError: `channels` cannot be had from this format, or `dtype` is none for images.

    Source: tf.io.decode_image, which turns nothing and reads neither WebP nor TIFF.
    """
    contents = _bytes("decode_image", contents)
    channels = _channels("decode_image", channels, (0, 1, 3, 4))
    found = image_format(contents)
    kind = np.dtype(dtype)
    orientation = 1
    if found == "jpeg":
        _channels("decode_image", channels, (0, 1, 3), "a JPEG image")
        pixels = _jpeg.decode("decode_image", contents, channels, fast=True)
        orientation = _exif.jpeg_orientation(contents)
    elif found == "png":
        pixels = _png.decode("decode_image", contents, channels, wide=kind != np.uint8)
        orientation = _exif.png_orientation(contents)
    elif found == "gif":
        _channels("decode_image", channels, (0, 3), "a GIF image")
        frames = _gif_and_bmp.decode_frames("decode_image", contents)
        pixels = frames if expand_animations else frames[0]
    elif found == "bmp":
        pixels = _gif_and_bmp.decode_bitmap("decode_image", contents, channels)
    elif found in ("webp", "tiff"):
        pixels = _webp_and_tiff.decode("decode_image", found, contents, channels, upright)
    else:
        raise _no_image("decode_image", "a JPEG, PNG, GIF, BMP, WebP or TIFF image", contents)
    if upright and orientation != 1:
        pixels = _exif.upright(pixels, orientation)
    return _scaled(pixels, kind)


def decode_jpeg(contents: bytes, channels: int | None = 0, dct_method: str = "") -> np.ndarray:
    """Decodes a JPEG image.

    Args:
      contents: the bytes of the file.
      channels: 1 (grey) or 3 (RGB); 0 or None leaves those of the file. CMYK images become RGB.
      dct_method: "INTEGER_FAST" (as ""), or "INTEGER_ACCURATE", which other libraries use: up to 7 levels away.

    Returns:
      uint8 [H, W, channels] as stored, whatever EXIF says, bit for bit as TF has it. (Where simplejpeg is not
      installed, or does not know how the colours are sampled, Pillow decodes, accurately.)

    Raises:
      DataLossError: the bytes are no JPEG image, or one that is cut or damaged.
      ValueError: an argument is out of its range.

    Source: tf.io.decode_jpeg.
    """
    contents = _bytes("decode_jpeg", contents)
    channels = _channels("decode_jpeg", channels, (0, 1, 3))
    if dct_method not in _DCT_METHODS:
        raise ValueError(f"decode_jpeg: dct_method must be one of {list(_DCT_METHODS)}, got {dct_method!r}.")
    if image_format(contents) != "jpeg":
        raise _no_image("decode_jpeg", "a JPEG image", contents)
    return _jpeg.decode("decode_jpeg", contents, channels, _DCT_METHODS[dct_method])


def decode_png(contents: bytes, channels: int | None = 0, dtype: Any = np.uint8) -> np.ndarray:
    """Decodes a PNG image.

    Args:
      contents: the bytes of the file.
      channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha); 0 or None leaves those of the file. Colours become grey with the
        weights 0.299 for red, 0.587 for green and 0.114 for blue.
      dtype: uint8 or uint16. A file of another depth is converted: 16 bits lose the lower half.

    Returns:
      [H, W, channels] of `dtype`, as stored, whatever EXIF says.

    Raises:
      DataLossError: the bytes are no PNG image, or a damaged one.
      ValueError: an argument is out of its range.

    Source: tf.io.decode_png.
    """
    contents = _bytes("decode_png", contents)
    channels = _channels("decode_png", channels, (0, 1, 3, 4))
    if np.dtype(dtype) not in (np.uint8, np.uint16):
        raise ValueError(f"decode_png: dtype must be uint8 or uint16, got {np.dtype(dtype)}.")
    if image_format(contents) != "png":
        raise _no_image("decode_png", "a PNG image", contents)
    return _png.decode("decode_png", contents, channels, np.dtype(dtype) == np.uint16)


def decode_gif(contents: bytes) -> np.ndarray:
    """Decodes the frames of a GIF image, as they are to be seen: uint8 [frames, H, W, 3].

    All have the size of the first; what a frame has outside of that is cut off. What is transparent shows the frame
    before, which TensorFlow paints over.

    Raises:
      DataLossError: the bytes are no GIF image, or a damaged one.

    Source: tf.io.decode_gif.
    """
    contents = _bytes("decode_gif", contents)
    if image_format(contents) != "gif":
        raise _no_image("decode_gif", "a GIF image", contents)
    return _gif_and_bmp.decode_frames("decode_gif", contents)


def decode_bmp(contents: bytes, channels: int | None = 0) -> np.ndarray:
    """Decodes a BMP image: uint8 [H, W, channels]; 0 channels mean those of the file.

    Raises:
      DataLossError: the bytes are no BMP image, or a damaged one.
      ValueError: the image has other channels.

    Source: tf.io.decode_bmp.
    """
    contents = _bytes("decode_bmp", contents)
    channels = _channels("decode_bmp", channels, (0, 1, 3, 4))
    if image_format(contents) != "bmp":
        raise _no_image("decode_bmp", "a BMP image", contents)
    return _gif_and_bmp.decode_bitmap("decode_bmp", contents, channels)


def encode_jpeg(image: Any, quality: int = 95) -> bytes:
    """Encodes pixels as a JPEG image.

    Args:
      image: uint8 [H, W, 1] (grey) or [H, W, 3] (RGB).
      quality: from 1 to 100.

    Raises:
      ValueError: an argument is out of its range.

    Source: tf.io.encode_jpeg.
    """
    pixels = _pixels("encode_jpeg", image, (1, 3), ("uint8",))
    if not 1 <= quality <= 100:
        raise ValueError(f"encode_jpeg: quality must be from 1 to 100, got {quality}.")
    if max(pixels.shape[:2]) > 65500:
        raise ValueError(f"encode_jpeg: image must have at most 65500 rows and columns, got {pixels.shape[:2]}.")
    return _jpeg.encode(pixels, quality)


def encode_png(image: Any, compression: int = -1) -> bytes:
    """Encodes pixels as a PNG image, without loss.

    Args:
      image: uint8 or uint16 [H, W, C]: grey, grey and alpha, RGB, or RGB and alpha.
      compression: from 0 (fast) to 9 (small); -1 is zlib's choice.

    Raises:
      ValueError: an argument is out of its range.

    Source: tf.io.encode_png.
    """
    pixels = _pixels("encode_png", image, (1, 2, 3, 4), ("uint8", "uint16"))
    if not -1 <= compression <= 9:
        raise ValueError(f"encode_png: compression must be from -1 to 9, got {compression}.")
    return _png_writing.encode(pixels, compression)


def _scaled(pixels: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Pixels in another dtype, white staying white."""
    if pixels.dtype == dtype:
        return pixels
    if dtype.kind == "f":
        return pixels.astype(dtype) * dtype.type(1 / np.iinfo(pixels.dtype).max)
    if dtype.kind in "iu":
        here, there = int(np.iinfo(pixels.dtype).max), int(np.iinfo(dtype).max)
        if here > there:
            return (pixels // ((here + 1) // (there + 1))).astype(dtype)
        return pixels.astype(dtype) * dtype.type((there + 1) // (here + 1))
    raise ValueError(f"decode_image: dtype must be of ints or floats, got {dtype}.")


def _bytes(function: str, contents: Any) -> bytes:
    if not isinstance(contents, bytes | bytearray | memoryview):
        kind = type(contents).__name__
        raise TypeError(f"{function}: contents must be the bytes of a file, got {kind}. Path.read_bytes() gives them.")
    return bytes(contents)


def _channels(function: str, channels: int | None, allowed: tuple[int, ...], of: str = "") -> int:
    if (channels or 0) not in allowed:
        choice = ", ".join(str(number) for number in allowed)
        raise ValueError(f"{function}: channels must be one of {choice}{' for ' + of if of else ''}, got {channels}.")
    return channels or 0


def _pixels(function: str, image: Any, channels: tuple[int, ...], dtypes: tuple[str, ...]) -> np.ndarray:
    pixels = np.asarray(image)
    if pixels.ndim != 3 or pixels.shape[2] not in channels or not pixels.size:
        raise ValueError(f"{function}: image must be [H, W, C] with C in {channels}, got shape {pixels.shape}.")
    if pixels.dtype.name not in dtypes:
        raise ValueError(f"{function}: image must be of dtype {' or '.join(dtypes)}, got {pixels.dtype}.")
    return pixels


def _no_image(function: str, wanted: str, contents: bytes) -> DataLossError:
    return DataLossError(f"{function}: contents must be {wanted}, got {_described(contents)}.")


def _described(contents: bytes) -> str:
    """What bytes are that are not what was wanted."""
    for beginning, _, what in _BEGINNINGS:
        if contents.startswith(beginning):
            return f"{what} ({len(contents)} bytes)"
    if image_format(contents) == "webp":
        return f"a WebP image ({len(contents)} bytes)"
    if contents[4:8] == b"ftyp":
        return f"a HEIF or AVIF image, or a film ({len(contents)} bytes)"
    if not contents:
        return "no bytes"
    if not contents.strip(b"\0"):
        return f"{len(contents)} zero bytes"
    head = contents[:256]
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        text = head[: error.start].decode() if error.start > 250 else ""
    if text and all(sign.isprintable() or sign.isspace() for sign in text):
        what = "an HTML page" if text.lstrip()[:5].lower() in ("<html", "<!doc") else "text"
        return f"{what} that begins with {text[:30]!r} ({len(contents)} bytes)"
    return f"{len(contents)} bytes of an unknown format that begin with {contents[:8]!r}"
