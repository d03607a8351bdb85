"""Linear resampling in NumPy without temporary arrays: in TensorFlow's order of operations, and fast.

A row of pixels is taken as one line of numbers, so that pixels are gathered as single numbers, which NumPy does best.
It goes by blocks of rows in buffers that each thread keeps: new arrays of this size come from the system each time, and
their first use costs more than the arithmetic.
"""

import threading

import numpy as np
from numpy.typing import DTypeLike

from jax_slim.preprocessing._taps import Taps

_OUTPUTS_PER_BLOCK = 112


def serves(image: np.ndarray, method: str) -> bool:
    """Whether `resample` can do it: [H, W, C] of bytes or of 32-bit floats whose pixels lie side by side."""
    if method != "bilinear" or image.ndim != 3 or image.dtype not in (np.uint8, np.float32) or not image.size:
        return False
    size = image.itemsize
    return image.strides[2] == size and image.strides[1] == size * image.shape[2]


def resample(
    image: np.ndarray, rows: Taps, columns: Taps, planes: bool = False, scale: np.float32 = np.float32(1)
) -> np.ndarray:
    """Resamples [H, W, C] to float32 [rows, columns, C], or [C, rows, columns] with `planes`; two taps an output.

    Numbers are multiplied by `scale` first.
    """
    height, width, channels = image.shape
    lines = np.lib.stride_tricks.as_strided(image, (height, width * channels), (image.strides[0], image.itemsize))
    low, high = (_numbers(columns.indices[:, tap], channels, planes) for tap in range(2))
    across = columns.weights[:, 1]
    across = np.tile(across, channels) if planes else np.repeat(across, channels)
    outputs, length = len(rows.indices), len(low)
    resampled = np.empty((channels, outputs, len(columns.indices)) if planes else (outputs, length), np.float32)
    buffers = _Buffers.of_this_thread
    for start in range(0, outputs, _OUTPUTS_PER_BLOCK):
        block = slice(start, min(start + _OUTPUTS_PER_BLOCK, outputs))
        wanted = rows.indices[block]
        first, last = int(wanted.min()), int(wanted.max()) + 1
        used = slice(first, last)
        if last - first > 2 * len(wanted):  # between them lie rows that no output is made of
            used, wanted = np.unique(wanted, return_inverse=True)
            wanted, first = wanted.reshape(-1, 2), 0
        read = lines[used]
        shape = (len(read), length)
        left, right = buffers("left", shape, np.float32), buffers("right", shape, np.float32)
        _take(read, low, left, buffers)
        _take(read, high, right, buffers)
        if scale != 1:
            left *= scale
            right *= scale
        right -= left
        right *= across
        right += left
        above = buffers("above", (len(wanted), length), np.float32)
        below = buffers("below", above.shape, np.float32) if planes else resampled[block]
        right.take(wanted[:, 0] - first, axis=0, out=above, mode="clip")
        right.take(wanted[:, 1] - first, axis=0, out=below, mode="clip")
        below -= above
        below *= rows.weights[block, 1, None]
        below += above
        if planes:
            resampled[:, block] = below.reshape(len(wanted), channels, -1).transpose(1, 0, 2)
    return resampled if planes else resampled.reshape(outputs, -1, channels)


def _numbers(pixels: np.ndarray, channels: int, planes: bool) -> np.ndarray:
    """The places of the numbers of these pixels in a line."""
    places = pixels[:, None] * channels + np.arange(channels)
    return (places.T if planes else places).reshape(-1)


def _take(read: np.ndarray, places: np.ndarray, out: np.ndarray, buffers: "_Buffers") -> None:
    taken = out if read.dtype == out.dtype else buffers("taken", out.shape, read.dtype)
    read.take(places, axis=1, out=taken, mode="wrap")  # every place is inside, and "wrap" is the fastest
    if taken is not out:
        out[...] = taken


class _Buffers(threading.local):
    """Arrays for one use each, kept for the next time."""

    of_this_thread: "_Buffers"

    def __init__(self) -> None:
        self._kept: dict[str, np.ndarray] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        size = shape[0] * shape[1]
        kept = self._kept.get(f"{name} {np.dtype(dtype)}")
        if kept is None or kept.size < size:
            kept = self._kept[f"{name} {np.dtype(dtype)}"] = np.empty(size, dtype)
        return kept[:size].reshape(shape)


_Buffers.of_this_thread = _Buffers()
