"""GIF and BMP to pixels."""

import io
import struct

import numpy as np

from jax_slim.data._jpeg import MOST_VALUES
from jax_slim.data.errors import DataLossError


def decode_frames(function: str, contents: bytes) -> np.ndarray:
    """The frames of a GIF, uint8 [frames, H, W, 3], each one as it is to be seen."""
    from PIL import Image

    try:
        frames = []
        with Image.open(io.BytesIO(contents), formats=["GIF"]) as image:
            image_size = image.size
            size = image.width * image.height * 3
            while True:
                if (len(frames) + 1) * size >= MOST_VALUES:
                    raise ValueError(f"{len(frames) + 1} frames of {image.width}x{image.height} are too many")
                # Pillow lets a frame that leaves the canvas enlarge it, and all after it.
                frames.append(np.asarray(image.convert("RGB"))[: image_size[1], : image_size[0]])
                try:
                    image.seek(len(frames))
                except EOFError:
                    return np.stack(frames)
    except Exception as error:  # a damaged file can fail anywhere in there
        raise DataLossError(
            f"{function}: contents must be a whole GIF image, got {len(contents)} bytes of one: {error}."
        ) from None


def decode_bitmap(function: str, contents: bytes, channels: int) -> np.ndarray:
    """A BMP, uint8 [H, W, channels]; 0 channels mean those of the file."""
    try:
        (begin,) = struct.unpack("<I", contents[10:14])
        width, height, _, bits, packing = struct.unpack("<iiHHI", contents[18:34])
        if bits in (24, 32) and packing in (0, 3):
            pixels = _plain(contents, begin, width, height, bits // 8)
        else:
            pixels = _by_pillow(contents)
    except Exception as error:  # a damaged file can fail anywhere in there
        raise DataLossError(
            f"{function}: contents must be a whole BMP image, got {len(contents)} bytes of one: {error}."
        ) from None
    if channels == 3 and pixels.shape[2] == 4:
        return np.ascontiguousarray(pixels[..., :3])
    if channels == 3 and pixels.shape[2] == 1:
        return np.repeat(pixels, 3, 2)
    if channels == 4 and pixels.shape[2] < 4:
        colours = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
        return np.concatenate([colours, np.full_like(colours[..., :1], 255)], 2)
    if channels not in (0, pixels.shape[2]):
        raise ValueError(f"{function}: channels must be 0 or {pixels.shape[2]} for this BMP image, got {channels}.")
    return pixels


def _plain(contents: bytes, begin: int, width: int, height: int, channels: int) -> np.ndarray:
    row = (width * channels + 3) // 4 * 4
    rows = abs(height)
    if width < 1 or rows < 1 or begin + row * rows > len(contents):
        raise ValueError(f"{width}x{height} pixels need more bytes")
    stored = np.frombuffer(contents, np.uint8, row * rows, begin).reshape(rows, row)
    pixels = stored[:, : width * channels].reshape(rows, width, channels)
    if height > 0:  # the lowest row comes first
        pixels = pixels[::-1]
    order = [2, 1, 0, 3][:channels]
    return np.ascontiguousarray(pixels[..., order])


def _by_pillow(contents: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(contents), formats=["BMP"]) as image:
        if image.width * image.height * 3 >= MOST_VALUES:
            raise ValueError(f"{image.width}x{image.height} pixels are too many")
        grey = image.mode in ("1", "L")
        pixels = np.asarray(image.convert("L" if grey else "RGB"))
    return pixels[..., None] if grey else pixels
