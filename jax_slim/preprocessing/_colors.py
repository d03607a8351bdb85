"""Saturation and hue of images in three planes, in closed form.

One keeps the hue and the largest channel, the other the largest and the smallest one: that makes a conversion to HSV
and back needless. Planes are float32 arrays of one shape.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# Smaller differences between channels than this do not matter, and dividing by them would overflow.
_TINY = np.float32(1e-30)

# A temporary array of more than 128 KiB comes from the system each time: its first use costs more than the arithmetic.
_NUMBERS_AT_ONCE = 24 * 1024


def change(lines: np.ndarray, adjust: Callable[..., Sequence[np.ndarray]], amount: Any) -> None:
    """`adjust` (`saturated` or `hue_rotated`) applied in place to float32 [H, 3, W], some lines at a time."""
    at_once = max(1, _NUMBERS_AT_ONCE // lines.shape[2])
    for start in range(0, len(lines), at_once):
        part = lines[start : start + at_once]
        for channel, plane in enumerate(adjust(np, [part[:, 0], part[:, 1], part[:, 2]], amount)):
            part[:, channel] = plane


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
