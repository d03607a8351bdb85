"""`tf.signal`: frames of a signal, windows, and the short-time Fourier transform."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, graphs, known_values
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, gathering, math, reductions, spectral
from jax_slim.tf1.python.padding import pad


def _known(value: Any) -> Any:
    """A number as Python's where it is known, else the tensor."""
    found = known_values.constant_value(conversion.convert_to_tensor(value))
    return value if found is None else int(found)


def _sizes(tensor: Tensor) -> list[Any]:
    """Each size of a tensor of known rank: a number, or a scalar tensor."""
    shape = array.shape(tensor)
    return [shape[i] if size is None else size for i, size in enumerate(tensor.shape.as_list())]


def _higher(a: Any, b: Any) -> Any:
    return max(a, b) if isinstance(a, int) and isinstance(b, int) else math.maximum(a, b)


def frame(signal: Any, frame_length: Any, frame_step: Any, pad_end: bool = False, pad_value: Any = 0, axis: int = -1,
          name: str | None = None) -> Tensor:  # fmt: skip
    """Cuts a dimension into frames that may overlap: [..., samples, ...] to [..., frames, frame_length, ...].

    Args:
      frame_step: by how many samples the next frame begins later.
      pad_end: frames begin as long as there are samples; those past the end are `pad_value`. Else only whole frames.

    Raises:
      ValueError: the signal is a scalar, or its rank is not known.
    """
    with graphs.name_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        signal = conversion.convert_to_tensor(signal, name="signal")
        rank = signal.shape.with_rank_at_least(1).ndims
        if rank is None:
            raise ValueError("frame: signal must be of a known rank, got a tensor of unknown rank.")
        length, step, axis = _known(frame_length), _known(frame_step), range(rank)[_known(axis)]
        sizes = _sizes(signal)
        samples = sizes[axis]
        if pad_end:
            count = -(-samples // step)
            missing = _higher(0, length + step * (count - 1) - samples)
            paddings = [[0, missing if i == axis else 0] for i in range(rank)]
            signal = pad(signal, paddings, constant_values=pad_value)
        else:
            count = _higher(0, 1 + (samples - length) // step)
        if all(isinstance(x, int) for x in (count, length, step)):
            places: Any = np.add.outer(np.arange(count) * step, np.arange(length)).astype(np.int32)
        else:
            places = (constant_op.range(count) * step)[:, None] + constant_op.range(length)
        frames = gathering.gather(signal, places, axis=axis)
        shape = signal.shape.as_list()
        counts = [n if isinstance(n, int) else None for n in (count, length)]
        frames.set_shape([*shape[:axis], *counts, *shape[axis + 1 :]])
        return frames


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Tensor:
    """Adds frames [..., frames, frame_length] up to a signal, each `frame_step` later than the one before.

    Raises:
      ValueError: the step is no whole number, or the rank is below 2 or not known.
    """
    with graphs.name_scope(name, "overlap_and_add", [signal, frame_step]):
        signal = conversion.convert_to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(2)
        kind = conversion.convert_to_tensor(frame_step, name="frame_step").dtype
        if not kind.is_integer:
            raise ValueError(f"frame_step must be an integer. Got {kind!r}")
        step, (*outer, frames, length) = _known(frame_step), _sizes(signal)
        whole = length + step * (frames - 1)
        segments = -(-length // step)
        nothing = [[0, 0]] * len(outer)
        # Each frame is cut into segments of a step; the k-th segment of a frame belongs k steps later.
        signal = pad(signal, [*nothing, [0, segments], [0, segments * step - length]])
        signal = array.reshape(signal, [*outer, frames + segments, segments, step])
        signal = array.transpose(signal, [*range(len(outer)), len(outer) + 1, len(outer), len(outer) + 2])
        # One row less in each column of segments moves every next one by a step.
        signal = array.reshape(signal, [*outer, (frames + segments) * segments, step])[
            ..., : (frames + segments - 1) * segments, :
        ]
        signal = reductions.reduce_sum(array.reshape(signal, [*outer, segments, frames + segments - 1, step]), axis=-3)
        return array.reshape(signal, [*outer, (frames + segments - 1) * step])[..., :whole]


def hann_window(
    window_length: Any, periodic: bool = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Hann's window: 0.5 - 0.5 cos. A periodic one of even length ends one sample before it would be 0 again."""
    return _cosine_window(name, "hann_window", window_length, periodic, dtype, 0.5, 0.5)


def hamming_window(
    window_length: Any, periodic: bool = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Hamming's window: 0.54 - 0.46 cos."""
    return _cosine_window(name, "hamming_window", window_length, periodic, dtype, 0.54, 0.46)


def _cosine_window(
    name: Any, default: str, window_length: Any, periodic: Any, dtype: Any, a: float, b: float
) -> Tensor:
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype!r}")
    with graphs.name_scope(name, default, [window_length, periodic]):
        length = conversion.convert_to_tensor(window_length, dtype=dtypes.int32, name="window_length")
        if known_values.constant_value(length) == 1:
            return constant_op.ones([1], dtype=dtype)
        periodic = math.cast(conversion.convert_to_tensor(periodic, dtype=dtypes.bool_, name="periodic"), dtypes.int32)
        # A length of 1, which may be known only when it is run, must not divide by zero.
        last = math.maximum(length + periodic * (1 - math.mod(length, 2)) - 1, 1)
        turns = math.cast(constant_op.range(length), dtype) / math.cast(last, dtype)
        window = a - b * math.cos(constant_op.constant(2 * np.pi, dtype) * turns)
        return (
            window
            if known_values.constant_value(length) is not None
            else gathering.where_v2(math.equal(length, 1), constant_op.ones_like(window), window)
        )


def _transform_length(frame_length: Any, fft_length: Any) -> Any:
    """The least power of two that is not below a frame's length, where none is given."""
    if fft_length is not None:
        return fft_length
    length = _known(frame_length)
    if isinstance(length, int):
        return int(2 ** np.ceil(np.log(length) / np.log(2.0)))
    power = math.ceil(math.log(math.cast(length, dtypes.float32)) / float(np.log(2.0)))
    return math.cast(math.pow(2.0, power), dtypes.int32)


def stft(signals: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Callable[..., Any] | None = hann_window,
         pad_end: bool = False, name: str | None = None) -> Tensor:  # fmt: skip
    """The Fourier transform of each frame of real signals: [..., samples] to [..., frames, fft_length / 2 + 1].

    Args:
      fft_length: how long a frame is with zeros at its end: the next power of two by default.
      window_fn: a function of the length and `dtype` that makes what frames are multiplied by; None for nothing.
      pad_end: as in `frame`.
    """
    with graphs.name_scope(name, "stft", [signals, frame_length, frame_step]):
        signals = conversion.convert_to_tensor(signals, name="signals")
        framed = frame(signals, frame_length, frame_step, pad_end=pad_end)
        if window_fn is not None:
            framed = framed * window_fn(frame_length, dtype=framed.dtype)
        return spectral.rfft(framed, [_transform_length(frame_length, fft_length)])


def inverse_stft(stfts: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Callable[..., Any] | None = hann_window,
                 name: str | None = None) -> Tensor:  # fmt: skip
    """Signals from their short-time Fourier transform; `inverse_stft_window_fn(frame_step)` as the window gives back what was transformed."""
    with graphs.name_scope(name, "inverse_stft", [stfts]):
        stfts = conversion.convert_to_tensor(stfts, name="stfts")
        length, transform = _known(frame_length), _known(_transform_length(frame_length, fft_length))
        frames = spectral.irfft(stfts, [transform])
        missing = _higher(0, length - transform)
        frames = pad(frames[..., :length], [*[[0, 0]] * (frames.shape.ndims - 1), [0, missing]])
        if window_fn is not None:
            frames = frames * window_fn(frame_length, dtype=frames.dtype)
        return overlap_and_add(frames, frame_step)


def inverse_stft_window_fn(frame_step: Any, forward_window_fn: Callable[..., Any] = hann_window, name: str | None = None) -> Callable[..., Tensor]:  # fmt: skip
    """A window function for `inverse_stft` which makes up for the window of `stft` and for how frames overlap."""

    def window_fn(frame_length: Any, dtype: Any) -> Tensor:
        with graphs.name_scope(name, "inverse_stft_window_fn"):
            length, step = _known(frame_length), _known(frame_step)
            window = forward_window_fn(frame_length, dtype=dtype)
            overlaps = -(-length // step)
            squares = pad(math.square(window), [[0, overlaps * step - length]])
            sums = reductions.reduce_sum(array.reshape(squares, [overlaps, step]), axis=0)
            whole = array.tile(sums, [overlaps])[:length]
            return math.div_no_nan(window, whole)

    return window_fn
