"""WebP and TIFF to pixels, upright; TensorFlow reads neither."""

import io
from typing import Any

import numpy as np

from jax_slim.data._exif import upright
from jax_slim.data._jpeg import MOST_VALUES
from jax_slim.data.errors import DataLossError

_NAMES = {"webp": "WebP", "tiff": "TIFF"}
_ORIENTATION = 0x0112
# Kinds of pixels that show what they are without a conversion, by Pillow's names.
_PLAIN = ("L", "LA", "RGB", "RGBA")


def decode(function: str, kind: str, contents: bytes, channels: int, turned: bool) -> np.ndarray:
    """The first image of a file, [H, W, channels]; uint8, or uint16 of a grey TIFF of 16 bits."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(contents), formats=[_NAMES[kind].upper()]) as image:
            if image.width * image.height * 4 >= 2 * MOST_VALUES:
                raise ValueError(f"{image.width}x{image.height} pixels are too many")
            stored = _orientation(image)
            image.load()  # turns a TIFF, and then forgets its orientation
            left = _orientation(image)
            pixels = _pixels(image)
    except UnidentifiedImageError:
        raise _damaged(function, kind, contents, "it has no header") from None
    except Exception as error:  # a damaged file can fail anywhere in there
        raise _damaged(function, kind, contents, str(error)) from None
    if turned:
        pixels = upright(pixels, left)
    elif stored != left:
        pixels = _turned_back(pixels, stored)
    return _converted(pixels, channels)


def _pixels(image: Any) -> np.ndarray:
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)[..., None]
    if image.mode in ("I", "F"):
        raise ValueError("its pixels are numbers of 32 bits, of which nothing says what is black and what is white")
    if image.mode not in _PLAIN:
        grey = image.mode == "1"
        alpha = image.mode in ("PA", "La", "RGBa") or (image.mode == "P" and "transparency" in image.info)
        image = image.convert("L" if grey else "RGBA" if alpha else "RGB")
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _orientation(image: Any) -> Any:
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF that is damaged says nothing
        return 1


def _turned_back(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels as they are stored, of those that were turned upright."""
    return upright(pixels, {6: 8, 8: 6}.get(orientation, orientation))


def _converted(pixels: np.ndarray, channels: int) -> np.ndarray:
    has = pixels.shape[2]
    if channels in (0, has) and has != 2:
        return pixels
    colours, alpha = (pixels[..., :-1], pixels[..., -1:]) if has in (2, 4) else (pixels, None)
    if channels == 1 and colours.shape[2] == 3:
        from jax_slim.data._jpeg import grey_of

        return grey_of(colours)
    if channels != 1 and colours.shape[2] == 1:
        colours = np.repeat(colours, 3, 2)
    if channels == 4 or (channels == 0 and alpha is not None):
        full = np.full_like(colours[..., :1], np.iinfo(colours.dtype).max)
        colours = np.concatenate([colours, full if alpha is None else alpha], 2)
    return np.ascontiguousarray(colours)


def _damaged(function: str, kind: str, contents: bytes, why: str) -> DataLossError:
    return DataLossError(
        f"{function}: contents must be a whole {_NAMES[kind]} image, got {len(contents)} bytes of one: {why}."
    )
