"""Which pixels each output pixel is made of, along one axis: the sampling rules of TensorFlow 1.15's resizing kernels.

Positions are computed in float32, in the kernels' own order: a position that is rounded to the other side of a pixel
makes another picture.
"""

import dataclasses
import functools

import numpy as np

_f32 = np.float32
_ONE = _f32(1)

# The cubic kernel is read from a table of this many steps between two pixels.
_STEPS = 1024


@dataclasses.dataclass(frozen=True)
class Taps:
    """Output i of an axis is sum_k weights[i, k] * input[indices[i, k]], divided by `divisor`.

    Attributes:
      indices: int [outputs, taps].
      weights: float32 [outputs, taps].
      divisor: float32.
    """

    indices: np.ndarray
    weights: np.ndarray
    divisor: np.float32 = _ONE

    def part(self, start: int, count: int) -> "Taps":
        """The taps of `count` outputs from output `start` on: of a crop."""
        window = slice(start, start + count)
        return Taps(self.indices[window], self.weights[window], self.divisor)

    def moved(self, offset: int) -> "Taps":
        """The taps of the same outputs where the pixels lie `offset` further on."""
        return Taps(self.indices + offset, self.weights, self.divisor)

    def reversed(self) -> "Taps":
        """The taps of the flipped axis."""
        return Taps(self.indices[::-1], self.weights[::-1], self.divisor)


@functools.lru_cache(maxsize=512)
def taps(method: str, inputs: int, outputs: int, align_corners: bool = False, half_pixel_centers: bool = False) -> Taps:
    """The taps that resize an axis of `inputs` pixels to `outputs` by "bilinear", "nearest", "bicubic" or "area"."""
    if align_corners and outputs > 1:
        scale = _f32(inputs - 1) / _f32(outputs - 1)
    else:
        scale = _f32(inputs) / _f32(outputs)
    found = _RULES[method](inputs, np.arange(outputs, dtype=_f32), scale, align_corners, half_pixel_centers)
    for array in (found.indices, found.weights):
        array.flags.writeable = False  # shared between calls
    return found


def _positions(outputs: np.ndarray, scale: np.float32, half_pixel_centers: bool) -> np.ndarray:
    if half_pixel_centers:
        return (outputs + _f32(0.5)) * scale - _f32(0.5)
    return outputs * scale


def _bilinear(inputs, outputs, scale, align_corners, half_pixel_centers):
    positions = _positions(outputs, scale, half_pixel_centers)
    floor = np.floor(positions)
    fraction = positions - floor
    # Rows past the end (a rounded position) and before the start (half pixels) stand for the border.
    pair = np.stack([floor, np.ceil(positions)], axis=1).astype(np.intp)
    return Taps(pair.clip(0, inputs - 1), np.stack([_ONE - fraction, fraction], axis=1))


def _nearest(inputs, outputs, scale, align_corners, half_pixel_centers):
    if half_pixel_centers:
        positions = np.floor((outputs + _f32(0.5)) * scale)
    elif align_corners:
        positions = np.floor((outputs * scale).astype(np.float64) + 0.5)  # halves up; float32 would round the sum
    else:
        positions = np.floor(outputs * scale)
    indices = positions.astype(np.intp).clip(0, inputs - 1)[:, None]
    return Taps(indices, np.ones(indices.shape, _f32))


@functools.cache
def _cubic_table(a: float) -> tuple[np.ndarray, np.ndarray]:
    """Keys' kernel at distances 0 to 1 and 1 to 2."""
    x = np.arange(_STEPS + 1) / _STEPS
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    x = x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return near.astype(_f32), far.astype(_f32)


def _bicubic(inputs, outputs, scale, align_corners, half_pixel_centers):
    near, far = _cubic_table(-0.5 if half_pixel_centers else -0.75)
    positions = _positions(outputs, scale, half_pixel_centers)
    floor = np.floor(positions)
    step = np.rint((positions - floor) * _f32(_STEPS)).astype(np.intp)
    weights = np.stack([far[step], near[step], near[_STEPS - step], far[_STEPS - step]], axis=1)
    wanted = floor.astype(np.intp)[:, None] + np.arange(-1, 3)
    indices = wanted.clip(0, inputs - 1)
    if half_pixel_centers:
        # Here, unlike in the older rule, what lies outside of the image has no weight.
        weights = np.where(indices == wanted, weights, _f32(0))
        total = weights[:, 0] + weights[:, 1] + weights[:, 2] + weights[:, 3]
        weights = weights * (_ONE / total)[:, None]
    return Taps(indices, weights)


def _area(inputs, outputs, scale, align_corners, half_pixel_centers):
    if scale == 0:  # one pixel, corners aligned: there is no area to take the mean of
        return _nearest(inputs, outputs, scale, align_corners, half_pixel_centers)
    left, right = outputs * scale, (outputs + _ONE) * scale
    first, end = np.floor(left), np.ceil(right)
    count = int((end - first).max())
    pixel = first[:, None] + np.arange(count, dtype=_f32)
    left, right = left[:, None], right[:, None]
    after, beyond = pixel + _ONE, pixel + _ONE > right
    covered = np.where(
        pixel < left,
        np.where(beyond, scale, after - left),
        np.where(beyond, right - pixel, _ONE),
    )
    weights = np.where(pixel < end[:, None], covered, _f32(0)).astype(_f32)
    return Taps(pixel.astype(np.intp).clip(0, inputs - 1), weights, scale)


_RULES = {"bilinear": _bilinear, "nearest": _nearest, "bicubic": _bicubic, "area": _area}
