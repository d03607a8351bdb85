"""Numbers as integers with the range that these stand for, as eight-bit graphs hold them."""

from typing import Any

import numpy as np

from jax_slim.tf1.operations.arrays import xp


def limits(kind: Any) -> tuple[float, float]:
    """The least and the greatest integer of a quantized type."""
    found = np.iinfo(kind.as_numpy_dtype)
    return float(found.min), float(found.max)


def is_sum(kind: Any) -> bool:
    """Whether it is the type of sums, of 32 bits: their ranges are made so that 0 stands for zero."""
    return kind.as_numpy_dtype is np.int32


def step(low: Any, high: Any, kind: Any) -> Any:
    """What one more of the integers stands for."""
    least, greatest = limits(kind)
    return (high - low) / np.float32(greatest - least)


def zero(low: Any, high: Any, kind: Any) -> Any:
    """Which integer stands for zero, be it one of the type or not."""
    if is_sum(kind):
        return np.float32(0)  # the 24 bits of a float would not tell
    least, _ = limits(kind)
    empty = low == high
    size = xp(low, high).where(empty, np.float32(1), step(low, high, kind))
    return xp(low, high).where(empty, np.float32(0), np.float32(least) - away(low / size))


def to_real(numbers: Any, low: Any, high: Any, kind: Any) -> Any:
    """The numbers that integers stand for: zero is one of them exactly."""
    found = (numbers.astype(np.float32) - zero(low, high, kind)) * step(low, high, kind)
    return xp(numbers, low, high).where(low == high, low, found)


def to_integers(numbers: Any, low: Any, high: Any, kind: Any) -> Any:
    """The integers that stand for numbers; for those out of the range its ends."""
    module = xp(numbers, low, high)
    empty = low == high
    size = step(low, high, kind)
    scaled = away(numbers / module.where(empty, np.float32(1), size)) + zero(low, high, kind)
    return to_type(module.where(empty, np.float32(0), scaled), kind)


def from_low(numbers: Any, low: Any, high: Any, kind: Any) -> Any:
    """As `to_integers`, counted from the lower end, as TensorFlow does it for sums: zero is none of them exactly."""
    module = xp(numbers, low, high)
    empty = low == high
    size = module.where(empty, np.float32(1), step(low, high, kind))
    scaled = module.floor((numbers - low) / size + np.float32(0.5)) + np.float32(limits(kind)[0])
    return to_type(module.where(empty, np.float32(0), scaled), kind)


def to_type(numbers: Any, kind: Any) -> Any:
    """Whole numbers in a quantized type, cut off at its ends."""
    least, greatest = limits(kind)
    top = np.nextafter(np.float32(greatest), np.float32(0)) if is_sum(kind) else np.float32(greatest)
    return xp(numbers).clip(numbers, np.float32(least), top).astype(kind.as_numpy_dtype)


def away(numbers: Any) -> Any:
    """Rounded to whole numbers, halves away from zero."""
    module = xp(numbers)
    return module.sign(numbers) * module.floor(abs(numbers) + np.float32(0.5))
