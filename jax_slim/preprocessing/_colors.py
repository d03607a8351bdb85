"""Saturation and hue of images in three planes, in closed form.

One keeps the hue and the largest channel, the other the largest and the smallest one: that makes a conversion to HSV
and back needless. Planes are float32 arrays of one shape.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

# Smaller differences between channels than this do not matter, and dividing by them would overflow.
_TINY = np.float32(1e-30)

# Numbers of a plane at once, so that what is computed of them stays in a processor's cache.
_AT_ONCE = 16 * 1024


def change(planes: np.ndarray, adjust: Callable[..., Sequence[np.ndarray]], amount: Any) -> None:
    """`adjust` (`saturated` or `hue_rotated`) applied in place to float32 [3, H, W], whose planes follow each other."""
    for part in _parts(planes):
        for channel, plane in enumerate(adjust(np, part, amount)):
            part[channel] = plane


def saturate(planes: np.ndarray, amount: np.float32, factor: np.float32, offset: np.float32) -> None:
    """`saturated` of `planes * factor + offset` in place: float32 [3, H, W] one after the other, a factor above 0.

    Multiplying and adding take no passes of their own: both go into the ratio and the rest that `saturated` applies.
    """
    most = max(amount, np.float32(0)) * factor
    scratch = np.empty((3, min(_AT_ONCE, planes[0].size)), np.float32)
    for part in _parts(planes):
        red, green, blue = part
        largest, value, ratio = scratch[:, : part.shape[1]]
        np.maximum(red, green, out=largest)
        np.maximum(largest, blue, out=largest)
        np.minimum(red, green, out=ratio)
        np.minimum(ratio, blue, out=ratio)
        np.subtract(largest, ratio, out=ratio)
        ratio += _TINY
        np.multiply(largest, factor, out=value)
        value += offset
        np.divide(value, ratio, out=ratio)
        np.clip(ratio, np.float32(0), most, out=ratio)
        largest *= ratio
        value -= largest
        part *= ratio
        part += value


def interleaved(planes: np.ndarray, factor: np.float32, offset: np.float32, least: np.float32) -> np.ndarray:
    """float32 [H, W, 3]: planes [3, H, W] * factor + offset, clipped to least to 1; `planes` are used up."""
    if factor != 1:
        planes *= factor
    image = np.empty((*planes.shape[1:], 3), np.float32)
    for channel, plane in enumerate(planes):
        np.add(plane, offset, out=image[..., channel])
    return np.clip(image, least, np.float32(1), out=image)


def _parts(planes: np.ndarray) -> Iterator[np.ndarray]:
    """Views [3, numbers] of [3, H, W] that make up the whole."""
    flat = planes.reshape(3, -1)
    for start in range(0, flat.shape[1], _AT_ONCE):
        yield flat[:, start : start + _AT_ONCE]


def saturated(xp: Any, planes: Sequence[Any], factor: Any) -> list[Any]:
    """Multiplies HSV's saturation by `factor`, up to full saturation; hue and value stay.

    The distance of a channel x to the value v is proportional to the saturation: v - (v - x) * ratio. Full saturation,
    a smallest channel of 0, is at ratio = v / (v - smallest). Pixels with no channel above 0 have no saturation.
    """
    red, green, blue = planes
    value = xp.maximum(xp.maximum(red, green), blue)
    chroma = value - xp.minimum(xp.minimum(red, green), blue)
    ratio = value / xp.maximum(chroma, _TINY)
    factor = xp.maximum(factor, np.float32(0))
    ratio = xp.minimum(xp.maximum(ratio, np.float32(0)), factor)
    rest = value - value * ratio
    return [plane * ratio + rest for plane in planes]


def hue_rotated(xp: Any, planes: Sequence[Any], delta: Any) -> list[Any]:
    """Turns the hue by `delta` turns; the largest and the smallest channel of each pixel keep their values.

    Hues from 0 (red) to 6 are kept multiplied by the chroma, the largest minus the smallest channel: so nothing is
    divided and grey, which has no hue, needs no case of its own. Over the circle a channel follows a trapezoid.
    """
    red, green, blue = planes
    largest = xp.maximum(xp.maximum(red, green), blue)
    smallest = xp.minimum(xp.minimum(red, green), blue)
    chroma = largest - smallest
    hue = xp.where(
        blue == smallest,
        chroma + (green - red),
        xp.where(red == smallest, 3 * chroma + (blue - green), 5 * chroma + (red - blue)),
    )
    circle = 6 * chroma
    hue = hue + circle * (delta % 1)
    hue = xp.where(hue >= circle, hue - circle, hue)
    twice = 2 * chroma
    raised = twice + smallest
    rotated = [
        xp.abs(hue - 3 * chroma) - (chroma - smallest),
        raised - xp.abs(hue - twice),
        raised - xp.abs(hue - 2 * twice),
    ]
    return [xp.minimum(xp.maximum(plane, smallest), largest) for plane in rotated]
