"""Linear resampling of photographs, and Inception's colours with it, in one pass: of NumPy's arrays, in any thread."""

from collections.abc import Sequence

import numpy as np

from jax_slim.kernels.native.building import library


def resample(
    image: np.ndarray,
    rows: tuple[np.ndarray, np.ndarray],
    columns: tuple[np.ndarray, np.ndarray],
    scale: np.float32 = np.float32(1),
    colours: Sequence[np.float32] | None = None,
) -> np.ndarray | None:
    """Resamples uint8 [H, W, 3] to float32 [rows, columns, 3], by the operations of `preprocessing`, in their order.

    Args:
      image: its pixels lie side by side, its rows anywhere.
      rows, columns: for each output the two pixels that it is made of, int [outputs, 2], all within the image, and
        the weights of both, float32 [outputs, 2].
      scale: what levels are multiplied by first.
      colours: (factor, offset, most, shift, least): what the results are multiplied by, what is added, the saturation's
        multiple times `factor`, what is added after it, and where values are clipped, besides at 1. None leaves them.

    Returns:
      The result; None where there are no native kernels.

    Raises:
      NativeKernelsError: there is a library that cannot be loaded.
      MemoryError: there is not enough for some rows.
    """
    kernels = library()
    if kernels is None:
        return None
    vertical, horizontal = _axis(*rows), _axis(*columns)
    resampled = np.empty((len(vertical[0]), len(horizontal[0]), 3), np.float32)
    changes = None if colours is None else np.array(colours, np.float32)
    # The arrays live until the call is over; other threads run meanwhile.
    if not kernels.jax_slim_resample(
        image.ctypes.data,
        image.strides[0],
        image.shape[1],
        float(scale),
        *_described(vertical),
        *_described(horizontal),
        None if changes is None else changes.ctypes.data,
        resampled.ctypes.data,
    ):
        raise MemoryError("resample: no memory for rows")
    return resampled


def _axis(pixels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(pixels, np.int64), np.ascontiguousarray(weights, np.float32)


def _described(axis: tuple[np.ndarray, np.ndarray]) -> tuple[int, int, int]:
    pixels, weights = axis
    return len(pixels), pixels.ctypes.data, weights.ctypes.data
