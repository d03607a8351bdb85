"""Encoded images: decoding and encoding, by `jax_slim.data.image_codecs`. All on the host."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.data import image_codecs
from jax_slim.data.errors import DataLossError
from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.operations import shape_checks, shape_rules


def _as_op_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Damaged images and arguments that do not suit are TF's InvalidArgumentError."""

    @functools.wraps(function)
    def wrapped(*args: Any, **attributes: Any) -> Any:
        try:
            return function(*args, **attributes)
        except (DataLossError, ValueError, TypeError) as error:
            raise errors.InvalidArgumentError(None, None, str(error)) from None

    return wrapped


def _contents(value: Any) -> bytes:
    value = np.asarray(value)
    if value.ndim:
        raise errors.InvalidArgumentError(None, None, f"contents must be scalar, got shape {list(value.shape)}")
    return value.item()


def _decoded_shape(op: Any) -> Any:
    shape_checks.with_rank(op, 0, 0)
    channels = op.attrs.get("channels", 0)
    if channels < 0:
        shape_rules.refuse(op, f"channels must be non-negative, got {channels}")
    return [[None, None, channels or None]]


def _of_any_format(contents: Any, channels: int, dtype: Any = np.uint8) -> np.ndarray:
    """What TF's decoders of JPEG, PNG and GIF do: each reads all three."""
    found = _contents(contents)
    kind = image_codecs.image_format(found)
    if kind not in ("jpeg", "png", "gif"):
        start = found[:16].decode("latin1")
        raise errors.InvalidArgumentError(
            None, None, f"Expected image (JPEG, PNG, or GIF), got unknown format starting with '{start}'"
        )
    if kind == "png":
        return image_codecs.decode_png(found, channels, dtype)
    image = image_codecs.decode_jpeg(found, channels) if kind == "jpeg" else image_codecs.decode_gif(found)
    if kind == "gif":
        if len(image) != 1:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Got {len(image)} frames, but animated gifs can only be decoded by tf.image.decode_gif or tf.image.decode_image",
            )
        image = image[0]
    return image if dtype == np.uint8 else image.astype(dtype) * dtype(257)


@rows.row("DecodePng", host=True, shape=_decoded_shape)
@_as_op_errors
def decode_png(contents, *, channels, dtype):
    return _of_any_format(contents, channels, dtype.as_numpy_dtype)


def _jpeg(contents: bytes, channels: int, dct_method: bytes, ratio: int) -> np.ndarray:
    image = image_codecs.decode_jpeg(contents, channels, dct_method.decode())
    if ratio == 1:
        return image
    # libjpeg makes it smaller while it decodes: the mean of blocks, up to its rounding.
    rows_, columns = (-(-side // ratio) for side in image.shape[:2])
    whole = np.pad(
        image, [(0, rows_ * ratio - image.shape[0]), (0, columns * ratio - image.shape[1]), (0, 0)], mode="edge"
    )
    blocks = whole.reshape(rows_, ratio, columns, ratio, -1).astype(np.float32)
    return np.floor(blocks.mean((1, 3)) + 0.5).astype(np.uint8)


@rows.row("DecodeJpeg", host=True, shape=_decoded_shape)
@_as_op_errors
def decode_jpeg(contents, *, channels, ratio, dct_method):
    if ratio not in (1, 2, 4, 8):
        raise errors.InvalidArgumentError(None, None, f"ratio must be 1, 2, 4, or 8, got {ratio}")
    found = _contents(contents)
    if image_codecs.image_format(found) == "jpeg":
        return _jpeg(found, channels, dct_method, ratio)
    return _of_any_format(contents, channels)


@rows.row("DecodeAndCropJpeg", host=True, shape=_decoded_shape)
@_as_op_errors
def decode_and_crop_jpeg(contents, crop_window, *, channels, ratio, dct_method):
    image = _jpeg(_contents(contents), channels, dct_method, ratio)
    top, left, height, width = (int(v) for v in crop_window)
    if top < 0 or left < 0 or height < 1 or width < 1 or top + height > image.shape[0] or left + width > image.shape[1]:
        raise errors.InvalidArgumentError(None, None, "Invalid JPEG data or crop window")
    return np.ascontiguousarray(image[top : top + height, left : left + width])


@rows.row("DecodeGif", host=True, shape=lambda op: [[None, None, None, 3]])
@_as_op_errors
def decode_gif(contents):
    found = _contents(contents)
    kind = image_codecs.image_format(found)
    if kind in ("jpeg", "png"):
        return _of_any_format(contents, 3)[None]
    return image_codecs.decode_gif(found)


@rows.row("DecodeBmp", host=True, shape=_decoded_shape)
@_as_op_errors
def decode_bmp(contents, *, channels):
    return image_codecs.decode_bmp(_contents(contents), channels)


@rows.row("DecodeImage", host=True, shape=lambda op: [None])
@_as_op_errors
def decode_image(contents, *, channels, dtype, expand_animations):
    return image_codecs.decode_image(_contents(contents), channels, dtype.as_numpy_dtype, expand_animations)


def _encoded_shape(op: Any) -> Any:
    shape_checks.with_rank(op, 0, 3)
    return [[]]


def _text(value: bytes) -> np.ndarray:
    made = np.empty((), object)
    made[()] = value
    return made


@rows.row("EncodePng", host=True, shape=_encoded_shape)
@_as_op_errors
def encode_png(image, *, compression):
    return _text(image_codecs.encode_png(image, compression))


@rows.row("EncodeJpeg", host=True, shape=_encoded_shape)
@_as_op_errors
def encode_jpeg(image, *, format, quality):
    channels = {b"grayscale": (1,), b"rgb": (3,)}.get(format, (1, 3))
    if image.ndim != 3 or image.shape[2] not in channels:
        raise errors.InvalidArgumentError(
            None, None, f"image must have {' or '.join(map(str, channels))} channels, got {list(image.shape)}"
        )
    return _text(image_codecs.encode_jpeg(image, quality))


@rows.row("EncodeJpegVariableQuality", host=True, shape=_encoded_shape)
@_as_op_errors
def encode_jpeg_variable_quality(images, quality):
    return _text(image_codecs.encode_jpeg(images, int(quality)))


@rows.row("ExtractJpegShape", host=True, shape=lambda op: [[3]])
@_as_op_errors
def extract_jpeg_shape(contents, *, output_type):
    return np.array(image_codecs.decode_jpeg(_contents(contents)).shape, output_type.as_numpy_dtype)
