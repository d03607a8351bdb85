"""How other libraries bring a photograph to a net's size for evaluation: timm, torchvision and Keras resize by Pillow.

Where an image is made smaller Pillow's filters are wider, which TensorFlow's are not, and each of the two passes is
rounded to whole levels.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jax_slim.preprocessing.imagenet_preprocessing import DEVIATION, MEAN
from jax_slim.preprocessing.vgg_preprocessing import MEANS

INTERPOLATIONS = ("nearest", "bilinear", "bicubic")


class Framing(NamedTuple):
    """Which part of a photograph a net sees, and how it is resized.

    Attributes:
      crop: the net's size as a part of the shorter side after resizing, of which the middle is cut out: 0.875 resizes
        to 256 for 224 pixels. None squeezes the whole photograph to the net's size, as Keras's `load_img` does.
      interpolation: 'nearest', 'bilinear' or 'bicubic'.
    """

    crop: float | None = None
    interpolation: str = "bilinear"


def framed(image: np.ndarray, height: int, width: int, framing: Framing) -> np.ndarray:
    """Resizes and crops a photograph, level for level as Pillow does it for timm, torchvision and Keras.

    Args:
      image: uint8 [H, W, 3].
      height, width: of the result, in pixels.
      framing: how.

    Returns:
      uint8 [height, width, 3].

    Raises:
      ValueError, TypeError: another shape or dtype, or `framing` is out of range.
    """
    check_framing("framed", framing)
    if not (isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[-1] == 3 and image.dtype == np.uint8):
        got = f"{getattr(image, 'dtype', type(image).__name__)} {list(np.shape(image))}"
        raise TypeError(
            f"framed: image must be a NumPy array, uint8 [height, width, 3], got {got}. Prepared images need none."
        )
    from PIL import Image

    resampling = Image.Resampling[framing.interpolation.upper()]
    picture = Image.fromarray(np.ascontiguousarray(image))
    rows, columns = _resized_size(image.shape[0], image.shape[1], height, width, framing)
    if (columns, rows) != picture.size:
        picture = picture.resize((columns, rows), resampling)
    top, left = round((rows - height) / 2), round((columns - width) / 2)
    return np.asarray(picture.crop((left, top, left + width, top + height)))


def check_framing(function: str, framing: Framing) -> None:
    """Raises ValueError for a part of a photograph, or an interpolation, that there is not."""
    if framing.crop is not None and not 0 < framing.crop <= 1:
        raise ValueError(f"{function}: crop must be above 0 and at most 1, or None, got {framing.crop!r}.")
    if framing.interpolation not in INTERPOLATIONS:
        raise ValueError(
            f"{function}: interpolation must be one of {', '.join(INTERPOLATIONS)}, got {framing.interpolation!r}."
        )


def _resized_size(rows: int, columns: int, height: int, width: int, framing: Framing) -> tuple[int, int]:
    """The size of a whole photograph after resizing, before the middle is cut out."""
    if framing.crop is None:
        return height, width
    side = math.floor(max(height, width) / framing.crop)
    # The longer side is cut off to whole pixels.
    return (side, side * columns // rows) if rows <= columns else (side * rows // columns, side)


def _centred(levels: Any) -> Any:
    return levels * np.float32(1 / 127.5) - np.float32(1)


def _normalized(levels: Any) -> Any:
    return (levels * np.float32(1 / 255) - np.asarray(MEAN, np.float32)) / np.asarray(DEVIATION, np.float32)


def _less_means(levels: Any) -> Any:
    return levels - np.asarray(MEANS, np.float32)


SCALES: dict[str, Callable[[Any], Any]] = {"inception": _centred, "imagenet": _normalized, "vgg": _less_means}
"""Preprocessing -> what it does to levels from 0 to 255, float32 [..., 3]."""
