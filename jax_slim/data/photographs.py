"""The one reader of photographs: what training, evaluation, prediction and exported files see of an image file.

Copied into exported files together with the decoders, so nothing here or there imports from other rooms.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from jax_slim.data.errors import DataLossError
from jax_slim.data.image_codecs import decode_image, image_format

# What the files' names end with. What a file is decides its contents.
IMAGE_ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")

FOLDERS = "folders in folders of images"

# What `slim.preprocessing.rgb_to_grayscale` weighs red, green and blue by.
_GREY_WEIGHTS = np.array([0.2989, 0.5870, 0.1140], np.float32)


def read_photograph(path: str | os.PathLike[str], channels: int = 3) -> np.ndarray:
    """`decode_photograph` of a file.

    Raises:
      DataLossError: it is no image, or a damaged one; the message begins with its path.
      OSError: it cannot be read.
    """
    contents = Path(path).read_bytes()
    try:
        return decode_photograph(contents, channels)
    except DataLossError as error:
        raise DataLossError(f"{os.fspath(path)}: {error}") from None


def decode_photograph(contents: bytes, channels: int = 3) -> np.ndarray:
    """Decodes an image of any format that `decode_image` knows, upright, the first frame of several.

    Args:
      contents: the bytes of the file.
      channels: 3; or 1, for the grey that preprocessing with `use_grayscale` makes of the three, rounded; or 4, with
        alpha, which is 255 where the file has none.

    Returns:
      uint8 [H, W, channels].

    Raises:
      DataLossError: it is no image, or a damaged one.
      ValueError: there is no such number of channels.
    """
    if channels not in (1, 3, 4):
        raise ValueError(f"decode_photograph: channels must be 1, 3 or 4, got {channels}.")
    if channels == 4 and image_format(contents) not in ("jpeg", "gif"):
        return decode_image(contents, channels=4)
    pixels = decode_image(contents, channels=3, expand_animations=False)
    if channels == 3:
        return pixels
    if channels == 4:
        return np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], 2)
    return np.rint(pixels.astype(np.float32) @ _GREY_WEIGHTS).astype(np.uint8)[..., None]


def has_image_ending(name: str | os.PathLike[str]) -> bool:
    """Whether a file is one of images, by its name; hidden files are none."""
    name = os.path.basename(os.fspath(name))
    return os.path.splitext(name)[1].lower() in IMAGE_ENDINGS and not name.startswith(".")


def passed_over(folders: Iterable[str | os.PathLike[str]]) -> dict[str, int]:
    """How much in folders of images is not taken for images, by the endings of the names; but for what is hidden."""
    counts: dict[str, int] = {}
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or (entry.is_file() and has_image_ending(entry.name)):
                    continue
                ending = os.path.splitext(entry.name)[1].lower() or entry.name
                what = FOLDERS if entry.is_dir() else ending
                counts[what] = counts.get(what, 0) + 1
    return counts


def passed_over_text(function: str, counts: Mapping[str, int]) -> str:
    """What to tell of it: 'convert: passed over, no images by their names: 24 .heic'."""
    if not counts:
        return f"{function}: no file was passed over"
    listed = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    return f"{function}: passed over, no images by their names: {listed}"
