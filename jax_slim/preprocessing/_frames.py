"""Photographs of any size in arrays of one size, and their linear resampling on a device.

An output pixel of linear resampling is made of two rows and two columns. So a crop that becomes `outputs` pixels long
is made of at most twice as many, whatever its own size is: those alone travel, unchanged, and with them for each
output which two it is made of and in which proportion. What is computed is what NumPy computes, in its order.
"""

from typing import Any, NamedTuple

import numpy as np

from jax_slim.preprocessing._taps import Taps, taps


class Window(NamedTuple):
    """What an axis of the result shows: ints, or arrays of them, one for each image.

    Attributes:
      start, size: the pixels that are resized, of the frame's.
      resized: how many they become.
      first: which of those is the first that is kept.
      mirrored: whether the kept ones come in the reverse order.
    """

    start: Any
    size: Any
    resized: Any
    first: Any
    mirrored: Any


class Frame:
    """Pixels in the upper left corner of a frame of zeros, to be copied once: into the batch.

    `slim.data.pipeline` lets it fill its row; to NumPy it is an array like any other.

    Attributes:
      shape: of the frame, (height, width, C).
      dtype: uint8.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, pixels: np.ndarray, size: tuple[int, int]):
        self._pixels = pixels
        self.shape = (*size, pixels.shape[2])

    def write_into(self, zeros: np.ndarray) -> None:
        """Writes itself over zeros of its shape."""
        height, width = self._pixels.shape[:2]
        zeros[:height, :width] = self._pixels

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        del copy  # it is always one
        made = np.zeros(self.shape, self.dtype)
        self.write_into(made)
        return made if dtype is None else made.astype(dtype, copy=False)


def read(image: Any, rows: Taps, columns: Taps) -> tuple[np.ndarray, Taps, Taps]:
    """The part of an image not decoded yet that these taps read, and the taps into that part.

    Args:
      image: has `crop(top, left, height, width)`, which gives uint8 [height, width, C].
      rows, columns: taps into it.
    """
    (top, bottom), (left, right) = _extent(rows), _extent(columns)
    part = image.crop(top, left, bottom - top, right - left)
    return part, rows.moved(-top), columns.moved(-left)


def framed(
    function: str, image: np.ndarray, rows: Taps, columns: Taps, frame: tuple[int, int]
) -> tuple[Frame, np.ndarray, np.ndarray]:
    """The pixels that linear resampling by these taps reads, in a frame.

    Args:
      function: who asks, for the message.
      image: uint8 [H, W, C].
      rows, columns: linear taps into it.
      frame: (height, width) of the frame.

    Returns:
      The frame, and an array float32 [outputs, 3] for each axis: which two pixels of the frame, and how much of the
      second one.

    Raises:
      ValueError: the frame is too small.
    """
    used_rows, vertical = _used(rows, frame[0])
    used_columns, horizontal = _used(columns, frame[1])
    pixels = image[used_rows][:, used_columns]
    height, width = pixels.shape[:2]
    if height > frame[0] or width > frame[1]:
        raise ValueError(
            f"{function}: frame must hold the {height} x {width} pixels that this crop is made of, got "
            f"{frame[0]} x {frame[1]}. Twice the size of the result always holds them."
        )
    return Frame(pixels, frame), vertical, horizontal


def _used(axis_taps: Taps, room: int) -> tuple[Any, np.ndarray]:
    """The pixels that are read, as an index, and the axis among them."""
    first, last = _extent(axis_taps)
    if last - first <= room:
        used, places = slice(first, last), axis_taps.indices - first
    else:
        used, places = np.unique(axis_taps.indices, return_inverse=True)
        places = places.reshape(axis_taps.indices.shape)
    return used, np.concatenate([places, axis_taps.weights[:, 1:]], 1, dtype=np.float32)


def _extent(axis_taps: Taps) -> tuple[int, int]:
    """The first pixel that is read, and the one after the last."""
    return int(axis_taps.indices.min()), int(axis_taps.indices.max()) + 1


def axis(window: Window, outputs: int) -> Any:
    """[..., outputs, 3]: an axis as `framed` gives it, of windows drawn on the device."""
    import jax.numpy as jnp

    start, size, resized, first, mirrored = (jnp.asarray(part)[..., None] for part in window)
    kept = jnp.arange(outputs, dtype=jnp.int32)
    kept = first + jnp.where(mirrored, outputs - 1 - kept, kept)
    scale = size.astype(jnp.float32) / resized.astype(jnp.float32)
    position = kept.astype(jnp.float32) * scale
    low = jnp.floor(position)
    last = (size - 1).astype(jnp.float32)
    pair = [start.astype(jnp.float32) + jnp.minimum(pixel, last) for pixel in (low, jnp.ceil(position))]
    return jnp.stack([*pair, position - low], -1)


def resample(frames: Any, rows: Any, columns: Any) -> Any:
    """uint8 [N, H, W, C] to float32 [N, rows, columns, C]; `rows` and `columns` are [N, outputs, 3]."""
    import jax

    return jax.vmap(_resampled)(frames, rows, columns)


def _resampled(frame: Any, rows: Any, columns: Any) -> Any:
    low, high = (rows[:, tap].astype(np.int32)[:, None] for tap in range(2))
    left, right = (columns[:, tap].astype(np.int32) for tap in range(2))

    def across(row: Any) -> Any:
        start, end = (frame.at[row, column].get(mode="clip").astype(np.float32) for column in (left, right))
        return start + (end - start) * columns[:, 2, None]

    above, below = across(low), across(high)
    return above + (below - above) * rows[:, 2, None, None]


def unchanged(height: int, width: int) -> tuple[Taps, Taps]:
    """The taps of an image of that size as it is."""
    return taps("bilinear", height, height), taps("bilinear", width, width)
