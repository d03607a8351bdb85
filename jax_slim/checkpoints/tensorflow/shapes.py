"""Shapes and slices out of files: checked before anything is allocated for them, then put together."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.files import new_array
from jax_slim.checkpoints.tensorflow.slice_keys import WHOLE, Extent
from jax_slim.checkpoints.tensorflow.wire import INT, Fields, messages

_MOST_DIMENSIONS = 64  # NumPy's

SHAPE: Fields = {2: ("dims", messages({1: ("size", INT)}, 254)), 3: ("unknown_rank", INT)}
SLICE: Fields = {1: ("extents", messages({1: ("start", INT), 2: ("length", INT)}, _MOST_DIMENSIONS))}
MOST_SLICES = 100_000

Shape = tuple[int, ...]

_MOST_BYTES = (1 << 63) - 1


def shape_of(message: Mapping[str, Any]) -> Shape:
    """The shape in a message; raises Damage where no array can have it."""
    shape = tuple(dim.get("size", 0) for dim in message.get("dims", []))
    if message.get("unknown_rank") or min(shape, default=0) < 0:
        raise Damage("its shape is not fully known")
    if len(shape) > _MOST_DIMENSIONS:
        raise Damage(f"it has {len(shape)} dimensions, and NumPy's arrays at most {_MOST_DIMENSIONS}")
    # NumPy counts dimensions of zero as one here.
    if math.prod(max(size, 1) for size in shape) > _MOST_BYTES // 16:
        raise Damage(f"its shape {list(shape)} is larger than any memory")
    return shape


def extents_of(message: Mapping[str, Any]) -> tuple[Extent, ...]:
    """The slice in a message: a start and a length (or WHOLE) a dimension."""
    return tuple((extent.get("start", 0), extent.get("length", WHOLE)) for extent in message.get("extents", []))


class Box(NamedTuple):
    """A slice of a tensor: where it begins, and its shape."""

    start: Shape
    shape: Shape

    @property
    def slices(self) -> tuple[slice, ...]:
        return tuple(slice(start, start + size) for start, size in zip(self.start, self.shape, strict=True))


def box_of(extents: Sequence[Extent], shape: Shape) -> Box:
    """The slice `extents` of a tensor of `shape`; raises Damage unless it lies inside."""
    if len(extents) != len(shape):
        raise Damage(f"a slice of it has {len(extents)} dimensions and not {len(shape)}")
    sizes = []
    for (start, length), size in zip(extents, shape, strict=True):
        if length == WHOLE:
            length = size
        if start < 0 or length < 0 or start + length > size:
            raise Damage(f"a slice of it, {start} to {start + length}, lies outside of its {size}")
        sizes.append(length)
    return Box(tuple(start for start, _ in extents), tuple(sizes))


def check_volume(boxes: Sequence[Box], shape: Shape) -> None:
    """Raises Damage when slices hold more or fewer elements than a tensor of `shape`."""
    held, needed = sum(math.prod(box.shape) for box in boxes), math.prod(shape)
    if held != needed:
        raise Damage(f"its slices hold {held} elements, and its shape {list(shape)} has {needed}")


def assemble(
    shape: Shape, dtype: np.dtype, boxes: Sequence[Box], read: Callable[[int, np.ndarray | None], np.ndarray]
) -> np.ndarray:
    """The tensor whose slices are `boxes`, which must have passed `check_volume`.

    `read(number, out)` gives the values of one box; `out` is memory that it may put them in, or None.
    """
    whole = new_array(shape, dtype)
    filled = np.zeros(shape, np.bool_)
    for number, box in enumerate(boxes):
        if filled[box.slices].any():
            raise Damage("its slices overlap")
        filled[box.slices] = True
        out = whole[box.slices]
        values = read(number, out if out.flags.c_contiguous and not dtype.hasobject else None)
        if values is not out:
            whole[box.slices] = values
        del values  # before the next one is read
    return whole
