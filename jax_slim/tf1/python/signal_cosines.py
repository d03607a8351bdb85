"""`tf.signal`: cosine transforms, mel weights, and the order of frequencies."""

import math as numbers
from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, graphs, known_values
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, complex_numbers, constant_op, gathering, math, spectral
from jax_slim.tf1.python.padding import pad

_BREAK_HERTZ, _HIGH_Q = 700.0, 1127.0  # of the mel scale: 1127 log(1 + hertz / 700)


def dct(input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None) -> Tensor:  # fmt: skip
    """The cosine transform of the last dimension.

    Args:
      type: 1, 2, 3 or 4.
      n: to how many values the dimension is cut, or filled with zeros, before.
      norm: None, or "ortho" for a transform that keeps lengths (not of type 1).

    Raises:
      ValueError, NotImplementedError: another type, norm or axis.
    """
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if type not in (1, 2, 3, 4):
        raise ValueError("Types I, II, III and IV (I)DCT are supported.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")
    if type == 1 and norm == "ortho":
        raise ValueError("Normalization is not supported for the Type-I DCT.")
    with graphs.name_scope(name, "dct", [input]):
        input = conversion.convert_to_tensor(input)
        size = input.shape[-1].value
        if type == 1 and size is not None and (n or size) < 2:
            raise ValueError("Type-I DCT requires the dimension to be greater than one.")
        return _dct(input, type, n, norm)


def _dct(input: Tensor, type: int, n: Any, norm: str | None) -> Tensor:
    size: Any = input.shape[-1].value
    size = array.shape(input)[-1] if size is None else size
    if n is not None:
        missing = max(0, n - size) if isinstance(size, int) and isinstance(n, int) else math.maximum(0, n - size)
        input, size = pad(input[..., :n], [*[[0, 0]] * (input.shape.ndims - 1), [0, missing]]), n
    if type == 1:
        return complex_numbers.real(spectral.rfft(array.concat([input, input[..., -2:0:-1]], axis=-1)))
    count = math.cast(size, input.dtype)
    if type == 4:
        odd = _dct(input, 2, 2 * size, None)[..., 1::2]
        return odd * (numbers.sqrt(0.5) * math.rsqrt(count)) if norm else odd
    angles = constant_op.range(count) * (numbers.pi / 2) / count
    # The orthogonal transforms weigh the first value by the root of a half against the others.
    first = gathering.one_hot(0, size, numbers.sqrt(0.5), 1.0, dtype=input.dtype) if norm else None
    if type == 2:
        found = complex_numbers.real(spectral.rfft(input, [2 * size])[..., :size] * (_turn(2.0, -angles)))
        return found if first is None else found * first * math.sqrt(0.5 / count)
    scaled = input * count if first is None else input / first * math.sqrt(0.5 * count)
    whole = complex_numbers.complex(scaled, constant_op.zeros_like(scaled))
    return spectral.irfft(whole * (_turn(2.0, angles)), [2 * size])[..., :size]


def _turn(size: float, angles: Tensor) -> Tensor:
    """Complex numbers of a size at some angles."""
    return complex_numbers.complex(size * math.cos(angles), size * math.sin(angles))


def idct(input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None) -> Tensor:  # fmt: skip
    """The inverse of `dct` of a type, but for a factor without `norm="ortho"`."""
    return dct(input, {2: 3, 3: 2}.get(type, type), n, axis, norm, name or "dct")


def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20, num_spectrogram_bins: Any = 129, sample_rate: Any = 8000, lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0, dtype: Any = dtypes.float32, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Weights [num_spectrogram_bins, num_mel_bins] that make frequencies from 0 to half the sample rate into mel bins.

    Each bin is a triangle on the mel scale between its neighbours' middles, from one edge to the other.

    Raises:
      ValueError: edges are not in order, or above half the sample rate; no bins; no floating type.
    """
    dtype = dtypes.as_dtype(dtype)
    if isinstance(sample_rate, Tensor):
        known = known_values.constant_value(sample_rate)
        sample_rate = sample_rate if known is None else float(known)
    if num_mel_bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {num_mel_bins}")
    if lower_edge_hertz < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower_edge_hertz}")
    if lower_edge_hertz >= upper_edge_hertz:
        raise ValueError(f"lower_edge_hertz {lower_edge_hertz:.1f} >= upper_edge_hertz {upper_edge_hertz:.1f}")
    if not isinstance(sample_rate, Tensor):
        if sample_rate <= 0.0:
            raise ValueError(f"sample_rate must be positive. Got: {sample_rate}")
        if upper_edge_hertz > sample_rate / 2:
            raise ValueError(
                f"upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). Got {upper_edge_hertz} for sample_rate: {sample_rate}"
            )
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {dtype!r}")
    with graphs.name_scope(name, "linear_to_mel_weight_matrix") as scope:
        nyquist = math.cast(sample_rate, dtype) / 2.0
        zero = constant_op.constant(0.0, dtype)
        mels = _mel(constant_op.lin_space(zero, nyquist, num_spectrogram_bins)[1:])[:, None]  # that of 0 is in no bin
        ends = np.array([lower_edge_hertz, upper_edge_hertz], dtype.as_numpy_dtype)
        low, high = (_mel(constant_op.constant(end, dtype)) for end in ends)
        edges = constant_op.lin_space(low, high, num_mel_bins + 2)
        lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
        weights = math.minimum((mels - lower) / (center - lower), (upper - mels) / (upper - center))
        return pad(math.maximum(zero, weights), [[1, 0], [0, 0]], name=scope)


def _mel(hertz: Tensor) -> Tensor:
    return _HIGH_Q * math.log(1.0 + hertz / _BREAK_HERTZ)


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Tensor:
    """Cepstral coefficients of logarithmic mel spectrograms [..., bins]: their `dct`, over the root of twice the bins."""
    with graphs.name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        spectrograms = conversion.convert_to_tensor(log_mel_spectrograms)
        size: Any = spectrograms.shape[-1].value
        if size == 0:
            raise ValueError(f"num_mel_bins must be positive. Got: {log_mel_spectrograms}")
        size = array.shape(spectrograms)[-1] if size is None else size
        found = dct(spectrograms)
        return found * math.rsqrt(math.cast(size, found.dtype) * 2.0)


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Rolls frequencies so that 0 is in the middle of the axes, all by default."""
    with graphs.name_scope(name, "fftshift"):
        return _shifted(x, axes, lambda size: size // 2)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """The inverse of `fftshift`."""
    with graphs.name_scope(name, "ifftshift"):
        return _shifted(x, axes, lambda size: -(size // 2))


def _shifted(x: Any, axes: Any, shift: Any) -> Tensor:
    x = conversion.convert_to_tensor(x)
    axes = list(range(x.shape.ndims)) if axes is None else [axes] if isinstance(axes, int) else list(axes)
    sizes = [x.shape[axis].value for axis in axes]
    shape = array.shape(x)
    return array.roll(x, [shift(shape[a] if s is None else s) for a, s in zip(axes, sizes, strict=True)], axes)
