"""Rows of summaries: values as serialized `Summary` messages."""

import itertools
import operator
import struct
import sys
from functools import cache
from typing import Any

import numpy as np

from jax_slim.data import image_codecs
from jax_slim.tf1.graph import dtypes, errors, rows, shape_inference, shapes, tensor_protos

_DARK = 1e-6  # images whose greatest value is below are shown black


def _summary(*values: Any) -> np.ndarray:
    """A scalar text: the message with these values."""
    from tensorboard.compat.proto import summary_pb2

    return _text(summary_pb2.Summary(value=values).SerializeToString())  # pyright: ignore[reportAttributeAccessIssue] - made on import


def _value(tag: Any, **content: Any) -> Any:
    from tensorboard.compat.proto import summary_pb2

    return summary_pb2.Summary.Value(tag=_str(tag), **content)  # pyright: ignore[reportAttributeAccessIssue] - made on import


def _text(data: bytes) -> np.ndarray:
    result = np.empty((), object)
    result[()] = data
    return result


def _str(tag: Any) -> str:
    tag = np.asarray(tag, object).reshape(-1)[0]
    return tag.decode("utf-8", "replace") if isinstance(tag, bytes) else str(tag)


def _sizes(array: np.ndarray) -> str:
    return "[" + ",".join(map(str, np.shape(array))) + "]"


def _check_tag(tag: Any, what: str = "tag") -> None:
    if np.shape(tag) != ():
        raise errors.InvalidArgumentError(None, None, f"{what} must be scalar")


@rows.row("ScalarSummary", host=True, shape=shape_inference.scalar)
def scalar_summary(tags: Any, values: Any) -> Any:
    tags, values = np.asarray(tags, object), np.asarray(values)
    if tags.shape != values.shape and not (tags.size == values.size == 1):
        single = f" (tag '{_str(tags)}')" if tags.size == 1 else ""
        raise errors.InvalidArgumentError(
            None, None, f"tags and values not the same shape: {_sizes(tags)} != {_sizes(values)}{single}"
        )
    with np.errstate(over="ignore"):
        numbers = values.astype(np.float32).reshape(-1)
    return _summary(
        *(_value(tag, simple_value=float(number)) for tag, number in zip(tags.reshape(-1), numbers, strict=True))
    )


@rows.row("HistogramSummary", host=True, shape=shape_inference.scalar)
def histogram_summary(tag: Any, values: Any) -> Any:
    _check_tag(tag)
    flat = np.asarray(values).astype(np.float64).reshape(-1)
    if np.isnan(flat).any():
        raise errors.InvalidArgumentError(None, None, f"Nan in summary histogram for: {_str(tag)}")
    if np.isinf(flat).any():
        raise errors.InvalidArgumentError(None, None, f"Infinity in summary histogram for: {_str(tag)}")
    return _summary(_value(tag, histo=histogram(flat)))


@cache
def _limits() -> np.ndarray:
    """The upper ends of the buckets: 0, and from 1e-12 in steps of 10 % to 1e20, on both sides."""
    steps = itertools.accumulate(itertools.repeat(1.1), operator.mul, initial=1e-12)
    positive = np.array([*itertools.takewhile(lambda limit: limit < 1e20, steps), sys.float_info.max])
    return np.concatenate([-positive[::-1], [0.0], positive])


def histogram(flat: np.ndarray) -> dict[str, Any]:
    """The fields of a HistogramProto of finite float64 values."""
    limits = _limits()
    place = np.minimum(np.searchsorted(limits, flat, side="right"), len(limits) - 1)
    counts = np.bincount(place, minlength=len(limits)).astype(np.float64)
    # Of each run of empty buckets only the last is kept: it reaches back to where the run began.
    kept = (counts > 0) | (np.append(counts[1:], 1) > 0)
    largest = sys.float_info.max
    with np.errstate(over="ignore"):
        return {
            "min": float(flat.min()) if flat.size else largest,
            "max": float(flat.max()) if flat.size else -largest,
            "num": float(flat.size),
            "sum": float(flat.sum()),
            "sum_squares": float(np.square(flat).sum()),
            "bucket_limit": limits[kept].tolist(),
            "bucket": counts[kept].tolist(),
        }


@rows.row("ImageSummary", host=True, shape=shape_inference.scalar)
def image_summary(tag: Any, tensor: Any, *, max_images: int, bad_color: Any = None) -> Any:
    _check_tag(tag, "Tags")
    tensor = np.asarray(tensor)
    if tensor.ndim != 4 or tensor.shape[3] not in (1, 3, 4):
        raise errors.InvalidArgumentError(
            None, None, f"Tensor must be 4-D with last dim 1, 3, or 4, not {_sizes(tensor)}"
        )
    name, values = _str(tag), []
    for number, image in enumerate(tensor[:max_images]):
        if image.dtype != np.uint8:
            image = _as_bytes(image, bad_color)
        height, width, channels = image.shape
        content = {
            "height": height,
            "width": width,
            "colorspace": channels,
            "encoded_image_string": image_codecs.encode_png(image),
        }
        values.append(_value(f"{name}/image/{number}" if max_images > 1 else f"{name}/image", image=content))
    return _summary(*values)


def _as_bytes(image: np.ndarray, bad_color: Any) -> np.ndarray:
    """Floats scaled to 0..255: to a maximum of 255 when none is negative, else so that 0 is 128 and nothing leaves the range."""
    image = image.astype(np.float32)
    finite: Any = np.isfinite(image).all(axis=-1)
    good = image[finite]
    low, high = (good.min(), good.max()) if good.size else (np.inf, -np.inf)
    if low < 0:
        reach, top, offset = max(high, -low), 127.0, 128.0
    else:
        reach, top, offset = high, 255.0, 0.0
    scale = np.float32(0.0 if reach < _DARK else top / reach)
    color = np.asarray([255, 0, 0, 255] if bad_color is None else bad_color, np.uint8).reshape(-1)[: image.shape[-1]]
    scaled = np.where(finite[..., None], image, 0) * scale + np.float32(offset)
    return np.where(finite[..., None], scaled.astype(np.uint8), color)


@rows.row("AudioSummaryV2", host=True, shape=shape_inference.scalar)
def audio_summary_v2(tag: Any, tensor: Any, sample_rate: Any, *, max_outputs: int) -> Any:
    _check_tag(tag)
    tensor, rate = np.asarray(tensor), float(np.asarray(sample_rate).reshape(()))
    if tensor.ndim not in (2, 3):
        raise errors.InvalidArgumentError(None, None, f"Tensor must be 3-D or 2-D, got: {_sizes(tensor)}")
    if rate <= 0:
        raise errors.InvalidArgumentError(None, None, "sample_rate must be positive")
    name, values = _str(tag), []
    for number, clip in enumerate(tensor[:max_outputs]):
        clip = clip.reshape(clip.shape[0], -1)
        content = {
            "sample_rate": rate,
            "num_channels": clip.shape[1],
            "length_frames": clip.shape[0],
            "encoded_audio_string": _wav(clip, int(rate)),
            "content_type": "audio/wav",
        }
        values.append(_value(f"{name}/audio/{number}" if max_outputs > 1 else f"{name}/audio", audio=content))
    return _summary(*values)


@rows.row("AudioSummary", host=True, shape=shape_inference.scalar)
def audio_summary(tag: Any, tensor: Any, *, sample_rate: float, max_outputs: int) -> Any:
    return audio_summary_v2(tag, tensor, sample_rate, max_outputs=max_outputs)


def _wav(clip: np.ndarray, rate: int) -> bytes:
    """Frames of -1 to 1 [n, channels] as a WAV file of 16 bits."""
    scaled = clip.astype(np.float32) * np.float32(1 << 15)
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))
    samples = np.clip(rounded, -(1 << 15), (1 << 15) - 1).astype("<i2").tobytes()
    channels = clip.shape[1]
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * channels * 2, channels * 2, 16)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body


@rows.row("TensorSummaryV2", host=True, shape=shape_inference.scalar)
def tensor_summary_v2(tag: Any, tensor: Any, serialized_summary_metadata: Any) -> Any:
    _check_tag(tag)
    value = _value(tag, tensor=_tensor(np.asarray(tensor)))
    value.metadata.ParseFromString(np.asarray(serialized_summary_metadata, object).reshape(-1)[0])
    value.metadata.SetInParent()
    return _summary(value)


@rows.row("TensorSummary", host=True, context=True, shape=shape_inference.scalar)
def tensor_summary(run: Any, op: Any, tensor: Any) -> Any:
    return _summary(_value(op.name, tensor=_tensor(np.asarray(tensor))))


def _tensor(array: np.ndarray) -> Any:
    from tensorboard.compat.proto import tensor_pb2

    if array.dtype == object or array.dtype.kind in "SU":
        proto = tensor_protos.make_tensor_proto(array)
        proto.tensor_shape.SetInParent()
        return proto
    shape = shapes.TensorShape(array.shape).as_proto()
    return tensor_pb2.TensorProto(  # pyright: ignore[reportAttributeAccessIssue] - made on import
        dtype=int(dtypes.as_dtype(array.dtype)), tensor_shape=shape, tensor_content=array.tobytes()
    )


@rows.row("MergeSummary", host=True, shape=shape_inference.scalar)
def merge_summary(inputs: Any) -> Any:
    from tensorboard.compat.proto import summary_pb2

    merged, tags = summary_pb2.Summary(), set()  # pyright: ignore[reportAttributeAccessIssue] - made on import
    for data in itertools.chain.from_iterable(np.asarray(i, object).reshape(-1) for i in inputs):
        summary = summary_pb2.Summary.FromString(data)  # pyright: ignore[reportAttributeAccessIssue] - made on import
        for value in summary.value:
            if value.tag and value.tag in tags:
                raise errors.InvalidArgumentError(None, None, f"Duplicate tag {value.tag} found in summary inputs")
            tags.add(value.tag)
        merged.MergeFrom(summary)
    return _text(merged.SerializeToString())
