"""`Image`: the item handler that decodes images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.data._exif import jpeg_orientation, upright
from jax_slim.data.errors import DataLossError
from jax_slim.data.features import SparseTensorValue
from jax_slim.data.image_codecs import decode_image, decode_jpeg, image_format
from jax_slim.data.item_handlers import ItemHandler, Tensors, reshaped


class Image(ItemHandler):
    """Decodes an image of any format that `decode_image` reads, whatever the format feature says, or raw pixels.

    Photographs are turned upright by their EXIF, as everywhere. TensorFlow does not: boxes that belong to the pixels as
    they are stored need `upright=False`.

        Image()                                              # "image/encoded" as uint8 [H, W, 3]
        Image(shape=[28, 28, 1], channels=1)                 # all have the same size

    Args:
      image_key: the name of the feature with the encoded image; by default "image/encoded".
      format_key: the name of the feature with its format; by default "image/format". Pixels that
        are not encoded say "raw" there.
      shape: [height, width, channels], when all images have the same; raw pixels need it.
      channels: 1 (grey), 3 (RGB) or 4 (with alpha, not of JPEG and GIF); 0 or None leaves those of the file.
      dtype: what the pixels are cast to, without scaling; raw pixels are read as this.
      repeated: whether the feature holds several images of one size; the item is then [n, H, W, C].
      dct_method: for JPEG, "INTEGER_FAST" (as "") or "INTEGER_ACCURATE".
      upright: whether to turn images as their EXIF says.

    Raises:
      ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        image_key: str | None = None,
        format_key: str | None = None,
        shape: Sequence[int] | None = None,
        channels: int | None = 3,
        dtype: Any = np.uint8,
        repeated: bool = False,
        dct_method: str = "",
        upright: bool = True,
    ):
        if channels not in (None, 0, 1, 3, 4):
            raise ValueError(f"Image: channels must be 0, 1, 3, 4 or None, got {channels}.")
        self._image_key = image_key or "image/encoded"
        self._format_key = format_key or "image/format"
        self._shape = shape
        self._channels = channels
        self._dtype = np.dtype(dtype)
        self._repeated = repeated
        self._dct_method = dct_method
        self._upright = upright
        super().__init__([self._image_key, self._format_key])

    def tensors_to_item(self, keys_to_tensors: Tensors) -> np.ndarray:
        encoded = keys_to_tensors[self._image_key]
        given_format = keys_to_tensors[self._format_key]
        if not self._repeated:
            return self._decode(self._one(encoded), given_format)
        if isinstance(encoded, SparseTensorValue):
            raise TypeError(
                f"Image: with repeated=True feature {self._image_key!r} must be a FixedLenFeature or a "
                "FixedLenSequenceFeature, got a VarLenFeature."
            )
        images = [self._decode(one, given_format) for one in np.reshape(np.asarray(encoded, object), -1)]
        if not images:
            return np.zeros((0, *(self._shape or (0, 0, self._channels or 0))), self._dtype)
        if len({image.shape for image in images}) > 1:
            raise DataLossError(
                f"Image: the images of feature {self._image_key!r} must be of one size, got shapes "
                f"{[image.shape for image in images]}."
            )
        return np.stack(images)

    def _one(self, encoded: Any) -> bytes:
        values = encoded.values if isinstance(encoded, SparseTensorValue) else encoded
        if isinstance(values, np.ndarray):
            if values.size != 1:
                raise DataLossError(
                    f"Image: feature {self._image_key!r} must hold one image, got {values.size}. "
                    "Pass repeated=True for several."
                )
            values = values.reshape(-1)[0]
        return values

    def _decode(self, encoded: bytes, given_format: Any) -> np.ndarray:
        if given_format in (b"raw", b"RAW", "raw", "RAW"):
            pixels = self._raw(encoded)
        elif image_format(encoded) == "jpeg":
            pixels = decode_jpeg(encoded, self._channels, self._dct_method)
            pixels = upright(pixels, jpeg_orientation(encoded)) if self._upright else pixels
        else:
            pixels = decode_image(encoded, self._channels, upright=self._upright)
        pixels = pixels.astype(self._dtype, copy=False)
        return pixels if self._shape is None else reshaped(pixels, self._shape, self._image_key)

    def _raw(self, encoded: bytes) -> np.ndarray:
        if len(encoded) % self._dtype.itemsize:
            raise DataLossError(
                f"Image: the raw image {self._image_key!r} must have a multiple of {self._dtype.itemsize} bytes for "
                f"{self._dtype}, got {len(encoded)}."
            )
        return np.frombuffer(encoded, self._dtype.newbyteorder("<")).astype(self._dtype)
