"""Image files as records hold them: JPEG and PNG as they are, when they can be decoded, all else as PNG."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from jax_slim.data._exif import jpeg_segments
from jax_slim.data.errors import DataLossError
from jax_slim.data.image_codecs import encode_png, image_format
from jax_slim.data.photographs import decode_photograph


class EncodedImage(NamedTuple):
    """An encoded image.

    Attributes:
      data: its bytes.
      format: "jpg" or "png".
      height, width: in pixels, of the image upright.
    """

    data: bytes
    format: str
    height: int
    width: int


def encoded_file(path: Path) -> EncodedImage:
    """Reads an image file, and decodes it to see that it is whole.

    JPEG files stay as they are, but for those of four inks (CMYK), which many programs cannot read; so do PNG files,
    but for those of 16 bits. These, GIF (the first frame), BMP, WebP and TIFF files become PNG with the very pixels
    that `ImageFolder` decodes from them.

    Raises:
      DataLossError: it is no image, or a damaged one; the message names it.
      OSError: it cannot be read.
    """
    data = path.read_bytes()
    try:
        pixels = decode_photograph(data)
    except DataLossError as error:
        raise DataLossError(f"{path}: {error}") from None
    kind = image_format(data)
    if kind == "jpeg" and _inks(data) != 4:
        return EncodedImage(data, "jpg", *pixels.shape[:2])
    if kind == "png" and data[24] <= 8:
        return EncodedImage(data, "png", *pixels.shape[:2])
    return encoded_pixels(pixels)


def encoded_pixels(pixels: np.ndarray) -> EncodedImage:
    """uint8 [H, W, C] pixels as PNG."""
    return EncodedImage(encode_png(pixels), "png", *pixels.shape[:2])


def _inks(data: bytes) -> int:
    """How many components the image of a JPEG file has: 1 (grey), 3 (colours) or 4 (inks)."""
    for marker, start, _ in jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # the frame's header
            return data[start + 5]
    return 0
