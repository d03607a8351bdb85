"""Two ways to apply taps to an image: in TensorFlow's order of operations, or fast.

`exact` keeps TensorFlow's order, so that it rounds as TensorFlow does; NumPy and JAX. `fast` is for training, in NumPy.
Linear resampling of bytes and 32-bit floats is both (`_linear`). For the rest, an axis is a few small matrix products,
each a block of outputs times the pixels it is made of: that costs the same for any number of taps. Where native kernels
were built, they resample bytes.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.preprocessing import _arrays, _colors, _linear
from jax_slim.preprocessing._taps import Taps

_ROWS, _COLUMNS = -3, -2

# Beyond this many taps an unrolled sum makes too large a program for XLA.
_UNROLLED = 8

# Products up to this many multiplications are done by one thread in OpenBLAS. Several threads would wait for each other
# and for the other workers: 50 milliseconds where one needs 0.1.
_ONE_THREAD = 1 << 18

_OUTPUTS_PER_BLOCK = 32


def exact(image: Any, method: str, rows: Taps, columns: Taps) -> Any:
    """Resamples [..., H, W, C] to float32 [..., rows, columns, C]; "nearest" keeps the dtype."""
    xp = _arrays.namespace(image)
    if xp is np and _linear.serves(image, method):
        return scaled(image, rows, columns, np.float32(1))
    image, rows = _used(xp, image, rows, _ROWS)
    if method == "nearest":
        return _gather(xp, _gather(xp, image, rows.indices[:, 0], _ROWS), columns.indices[:, 0], _COLUMNS)
    image = image.astype(np.float32)
    if method == "bilinear":
        return _lerp(xp, _lerp(xp, image, columns, _COLUMNS), rows, _ROWS)
    if method == "bicubic":
        return _sum(xp, _sum(xp, image, rows, _ROWS), columns, _COLUMNS)
    summed = _sum(xp, _sum(xp, image, columns, _COLUMNS), rows, _ROWS)
    return summed * (np.float32(1) / (rows.divisor * columns.divisor))


def _used(xp: Any, image: Any, rows: Taps, axis: int) -> tuple[Any, Taps]:
    """Only the rows that some output is made of: the others need not be resampled along the columns."""
    used, positions = np.unique(rows.indices, return_inverse=True)
    if len(used) == image.shape[axis]:
        return image, rows
    return _gather(xp, image, used, axis), Taps(positions.reshape(rows.indices.shape), rows.weights, rows.divisor)


def _gather(xp: Any, image: Any, indices: np.ndarray, axis: int) -> Any:
    return xp.take(image, indices, axis=axis, mode="clip")  # checked already: every index is inside


def _along(weights: np.ndarray, axis: int) -> np.ndarray:
    """[outputs] as a factor of that axis."""
    return weights.reshape(weights.shape + (1,) * (-1 - axis))


def _lerp(xp: Any, image: Any, taps: Taps, axis: int) -> Any:
    low = _gather(xp, image, taps.indices[:, 0], axis)
    high = _gather(xp, image, taps.indices[:, 1], axis)
    high = high - low
    high *= _along(taps.weights[:, 1], axis)
    high += low
    return high


def _sum(xp: Any, image: Any, taps: Taps, axis: int) -> Any:
    if xp is not np and taps.indices.shape[1] > _UNROLLED:
        matrix = np.zeros((len(taps.indices), image.shape[axis]), np.float32)
        np.add.at(matrix, (np.arange(len(matrix))[:, None], taps.indices), taps.weights)
        moved = xp.tensordot(image, matrix, axes=((image.ndim + axis,), (1,)), precision="highest")
        return xp.moveaxis(moved, -1, axis)
    total = None
    for tap in range(taps.indices.shape[1]):
        part = _gather(xp, image, taps.indices[:, tap], axis) * _along(taps.weights[:, tap], axis)
        total = part if total is None else total + part
    return total


def fast(image: np.ndarray, method: str, rows: Taps, columns: Taps) -> np.ndarray:
    """Resamples [H, W, C] to float32 [C, rows, columns]: in planes, which is how colours compute best."""
    if _linear.serves(image, method):
        return _linear.resample(image, rows, columns, planes=True)
    channels = image.shape[2]
    first, last = int(rows.indices.min()), int(rows.indices.max()) + 1
    left, right = int(columns.indices.min()), int(columns.indices.max()) + 1
    # Transposed before the cast: a quarter of the bytes.
    planes = np.ascontiguousarray(image[first:last, left:right].transpose(0, 2, 1))
    planes = planes.reshape(last - first, -1).astype(np.float32, copy=False)
    outputs, across = len(rows.indices), len(columns.indices)

    resized = np.empty((outputs, planes.shape[1]), np.float32)
    for made, read, weights in _blocks(rows, first):
        for part in _slices(planes.shape[1], weights.size):
            np.matmul(weights, planes[read, part], out=resized[made, part])
    resized = resized.reshape(outputs * channels, right - left)
    finished = np.empty((outputs * channels, across), np.float32)
    for made, read, weights in _blocks(columns, left):
        weights = np.ascontiguousarray(weights.T)
        for part in _slices(len(resized), weights.size):
            np.matmul(resized[part, read], weights, out=finished[part, made])
    divisor = rows.divisor * columns.divisor
    if divisor != 1:
        finished *= np.float32(1) / divisor
    return np.ascontiguousarray(finished.reshape(outputs, channels, across).transpose(1, 0, 2))


def scaled(image: np.ndarray, rows: Taps, columns: Taps, scale: np.float32) -> np.ndarray:
    """Resamples [H, W, C] that `_linear` serves, multiplied by `scale`, to float32 [rows, columns, C], exactly."""
    made = _natively(image, rows, columns, scale)
    return _linear.resample(image, rows, columns, scale=scale) if made is None else made


def saturated(
    image: np.ndarray,
    rows: Taps,
    columns: Taps,
    amount: np.float32,
    factor: np.float32,
    offset: np.float32,
    shift: np.float32,
    least: np.float32,
) -> np.ndarray:
    """Resamples [H, W, 3] linearly, fast, and changes the saturation: what Inception is trained on, in the fast mode.

    Args:
      image: integers or floats.
      rows, columns: linear taps into it.
      amount: what the saturation of levels * factor + offset is multiplied by.
      factor: above 0.
      offset: of each channel.
      shift: added at last.
      least: where the result is clipped, besides at 1.

    Returns:
      float32 [rows, columns, 3].
    """
    if _linear.serves(image, "bilinear"):
        most = max(amount, np.float32(0)) * factor
        made = _natively(image, rows, columns, np.float32(1), (factor, offset, most, shift, least))
        if made is not None:
            return made
    planes = fast(image, "bilinear", rows, columns)
    _colors.saturate(planes, amount, factor, offset)
    return _colors.interleaved(planes, np.float32(1), shift, least)


def _natively(
    image: np.ndarray, rows: Taps, columns: Taps, scale: np.float32, colours: Sequence[np.float32] | None = None
) -> np.ndarray | None:
    """The same to the bit by native kernels; None where there are none, or this is nothing for them."""
    # They come with jax, which a process that has not loaded it need not load for this.
    if image.dtype != np.uint8 or image.shape[2] != 3 or "jax" not in sys.modules:
        return None
    from jax_slim.kernels import native

    return native.resample(image, (rows.indices, rows.weights), (columns.indices, columns.weights), scale, colours)


def _blocks(taps: Taps, origin: int):
    """Cuts the axis into (outputs, the pixels they are made of, the matrix [outputs, pixels] between them)."""
    count, width = taps.indices.shape
    for start in range(0, count, _OUTPUTS_PER_BLOCK):
        made = slice(start, min(start + _OUTPUTS_PER_BLOCK, count))
        indices = taps.indices[made]
        low = int(indices.min())
        high = int(indices.max()) + 1
        matrix = np.zeros((len(indices), high - low), np.float32)
        line = np.arange(len(indices))
        for tap in range(width):  # one by one: at the border several taps read one pixel
            matrix[line, indices[:, tap] - low] += taps.weights[made, tap]
        yield made, slice(low - origin, high - origin), matrix


def _slices(total: int, size: int):
    """Cuts an axis of `total` so that each product with a matrix of `size` elements stays with one thread."""
    step = max(1, _ONE_THREAD // size)
    return [slice(start, min(start + step, total)) for start in range(0, total, step)]
