"""Variables kept in parts, as TensorFlow's checkpoints have them: 'weights/part_0', 'weights/part_1', ..."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax

from jax_slim.core.initial_values import draw
from jax_slim.core.program import VariableSpec


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Callable[..., list[int]]:
    """A partitioner that cuts every variable into `num_shards` parts along `axis` (fewer where it is short)."""

    def partitioner(shape: Sequence[int], dtype: Any = None) -> list[int]:
        del dtype
        parts = [1] * len(shape)
        parts[axis] = min(num_shards, shape[axis])
        return parts

    return partitioner


def cut_up(spec: VariableSpec, parts: list[int]) -> tuple[int, list[VariableSpec]]:
    """The axis along which a variable is cut, and the specs of its parts.

    Raises:
      ValueError: `parts`, what the partitioner said, does not fit the shape, or cuts along two axes.
    """
    axes = [axis for axis, count in enumerate(parts) if count > 1]
    if len(parts) != len(spec.shape) or len(axes) > 1:
        raise ValueError(
            f"variable: the partitioner of {spec.name!r} must give one number per axis of {spec.shape}, at most one of "
            f"them above 1, got {parts}."
        )
    axis = axes[0] if axes else 0
    size, count = spec.shape[axis], parts[axis]
    pieces, start = [], 0
    for index in range(count):
        length = size // count + (index < size % count)
        shape = (*spec.shape[:axis], length, *spec.shape[axis + 1 :])
        piece = _Piece(spec.initializer, spec.shape, axis, start)
        pieces.append(spec._replace(name=f"{spec.name}/part_{index}", shape=shape, initializer=piece))
        start += length
    return axis, pieces


@dataclasses.dataclass(frozen=True)
class _Piece:
    """The initializer of one part: draws the whole variable and cuts its piece out."""

    initializer: Any
    whole: tuple[int, ...]
    axis: int
    start: int

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        drawn = draw(self.initializer, key, self.whole, dtype)
        return jax.lax.slice_in_dim(drawn, self.start, self.start + shape[self.axis], axis=self.axis)
