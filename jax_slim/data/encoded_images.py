"""Photographs that are decoded when their pixels are asked for, and only as far down as these lie."""

from typing import Any

import numpy as np

from jax_slim.data import _exif, _jpeg
from jax_slim.data.errors import DataLossError
from jax_slim.data.image_codecs import image_format
from jax_slim.data.photographs import decode_photograph


class EncodedImage:
    """A photograph as the bytes of its file, for a transform that uses a part of it: `on_device(...).cut`.

        image = EncodedImage(Path("photo.jpg").read_bytes())
        image.shape                                             # (375, 500, 3), of its header alone
        image.crop(20, 30, 224, 224)                            # decodes the first 244 rows

    Of baseline JPEGs, the usual ones, what lies below a crop is not decoded; other files are decoded whole. To NumPy it
    is an array like any other.

    Args:
      contents: the bytes of a file of any format that `decode_image` knows.
      name: what to call it in messages, such as its path.

    Attributes:
      shape: (height, width, 3) in pixels, upright.

    Raises:
      DataLossError: it is no image, or a damaged one; the parts that are not read are not looked at.
    """

    def __init__(self, contents: bytes, name: str = ""):
        self._contents, self._name = contents, name
        self._pixels: np.ndarray | None = None
        size = None
        if image_format(contents) == "jpeg" and _exif.jpeg_orientation(contents) == 1:
            size = _jpeg.baseline_size(contents)
        self._in_rows = size is not None
        self.shape: tuple[int, int, int] = (*size, 3) if size is not None else self._whole().shape

    def crop(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        """uint8 [height, width, 3]: that part of the photograph, bit for bit as of the whole."""
        pixels = self._pixels
        if pixels is None and self._in_rows and top + height < self.shape[0]:
            pixels = _jpeg.first_rows(self._contents, top + height)
        if pixels is None:
            pixels = self._whole()
        return pixels[top : top + height, left : left + width]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        pixels = self._whole()
        return np.array(pixels, dtype, copy=copy) if copy is not False else np.asarray(pixels, dtype)

    def _whole(self) -> np.ndarray:
        if self._pixels is None:
            try:
                self._pixels = decode_photograph(self._contents)
            except DataLossError as error:
                raise DataLossError(f"{self._name}: {error}" if self._name else str(error)) from None
        return self._pixels
