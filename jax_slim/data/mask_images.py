"""Masks in image files: PNGs whose pixels are the numbers of classes, with or without a palette."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.data.errors import DataLossError

_ONE_NUMBER = ("1", "L", "P", "I", "I;16", "I;16B")
"""Pillow's names for images with one number for each pixel."""


def decode_mask(contents: bytes) -> np.ndarray:
    """The numbers of the classes in an image: what its pixels are, not what they look like.

    An image with a palette, as PASCAL VOC's masks, has the places in the palette; a grey one, its levels.

    Args:
      contents: the bytes of a file, such as a PNG.

    Returns:
      [H, W], uint8, or int32 for images of 16 bits.

    Raises:
      DataLossError: it is no image, a damaged one, or one of colours without a palette.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(contents)) as image:
            mode = image.mode
            pixels = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataLossError(f"decode_mask: contents must be an image, got {len(contents)} bytes: {error}") from None
    if mode not in _ONE_NUMBER:
        # Grey that was saved as colours is meant as grey.
        if pixels.ndim != 3 or pixels.shape[-1] < 3 or (pixels[..., :1] != pixels[..., :3]).any():
            raise DataLossError(
                f"decode_mask: contents must be an image with one number for each pixel, the class, got "
                f"colours ({mode}). Replace them by the numbers of the classes."
            )
        pixels = pixels[..., 0]
    return pixels.astype(np.uint8) if pixels.dtype in (np.bool_, np.uint8) else pixels.astype(np.int32)


def read_mask(path: str | os.PathLike[str]) -> np.ndarray:
    """`decode_mask` of a file.

    Raises:
      DataLossError: as there; the message begins with its path.
      OSError: it cannot be read.
    """
    contents = Path(path).read_bytes()
    try:
        return decode_mask(contents)
    except DataLossError as error:
        raise DataLossError(f"{os.fspath(path)}: {error}") from None


def encode_mask(mask: Any, colors: np.ndarray | None = None) -> bytes:
    """A PNG whose pixels are the numbers of classes, and look as the palette says.

    Args:
      mask: [H, W], integers from 0 to 255.
      colors: uint8 [classes, 3], the palette; None for grey.

    Returns:
      The bytes of the file; `decode_mask` gives `mask` again.

    Raises:
      ValueError: `mask` is no such array.
    """
    from PIL import Image

    mask = np.asarray(mask)
    if mask.ndim != 2 or not mask.size or not np.issubdtype(mask.dtype, np.integer):
        raise ValueError(f"encode_mask: mask must be [H, W], integers, got {mask.dtype} of shape {mask.shape}.")
    if mask.min() < 0 or mask.max() > 255:
        raise ValueError(f"encode_mask: mask must be from 0 to 255, got {mask.min()} to {mask.max()}.")
    image = Image.fromarray(mask.astype(np.uint8))
    if colors is not None:
        image = Image.frombytes("P", image.size, image.tobytes())
        image.putpalette(np.asarray(colors, np.uint8)[:256].tobytes())
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
