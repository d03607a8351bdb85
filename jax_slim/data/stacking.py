"""Examples put together to a batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jax_slim.data.features import SparseTensorValue
from jax_slim.data.recycling import Recycling


class Stack:
    """Arrays [count, ...] by name, filled with one example after the other.

    Each is copied as it comes, and its memory is free for the next one: a batch of photographs that all lived until the
    last one was there would be new memory each time, whose first use costs as much as decoding them.

    Args:
      count: how many examples there will be.
      memory: where the arrays' memory is from; None takes new one.

    Attributes:
      arrays: name -> array; those of examples that were not put yet have no meaning.
    """

    def __init__(self, count: int, memory: Recycling | None = None) -> None:
        self._count = count
        self._empty = np.empty if memory is None else memory.empty
        self._first: Any = None
        self.arrays: dict[str, np.ndarray] = {}

    def put(self, number: int, label: Any, example: Mapping[str, Any]) -> None:
        """Copies an example to its place; `label` is what to call it in messages.

        Raises:
          ValueError: it differs from the first one in names, shapes or dtypes.
          TypeError: a value is no array of numbers.
        """
        if not self.arrays:
            self._first = label
            for name, value in example.items():
                array = _array(name, label, value)
                new = np.zeros if _fills(array) else self._empty
                self.arrays[name] = new((self._count, *array.shape), array.dtype)
        if example.keys() != self.arrays.keys():
            raise ValueError(
                f"pipeline: all examples must have the same names, got {sorted(self.arrays)} in example {self._first} "
                f"and {sorted(example)} in example {label}."
            )
        for name, whole in self.arrays.items():
            array = _array(name, label, example[name])
            if array.shape != whole.shape[1:] or array.dtype != whole.dtype:
                raise ValueError(
                    f"pipeline: {name!r} must have the same shape and dtype in all examples, got "
                    f"{whole.dtype}{list(whole.shape[1:])} in example {self._first} and {array.dtype}"
                    f"{list(array.shape)} in example {label}. Resize, crop or cast in transform."
                )
            if _fills(array):
                array.write_into(whole[number])
            else:
                whole[number] = array

    def repeat(self, number: int, of: int) -> None:
        """Copies the example number `of` to another place."""
        for whole in self.arrays.values():
            whole[number] = whole[of]


def _fills(value: Any) -> bool:
    """Whether it has a `shape` and a `dtype`, and writes itself into zeros of these: `preprocessing`'s frames do."""
    return not isinstance(value, np.ndarray) and hasattr(value, "write_into")


def _array(name: str, label: Any, value: Any) -> Any:
    if _fills(value):
        return value
    if isinstance(value, SparseTensorValue):
        raise TypeError(
            f"pipeline: {name!r} must be a dense array, got a SparseTensorValue in example {label}. Make it dense, or "
            "leave it out, in transform."
        )
    array = np.asarray(value)
    if array.dtype.kind not in "biufcV":
        kind = "text or bytes" if array.dtype.kind in "SU" or isinstance(value, bytes | str) else str(array.dtype)
        raise TypeError(
            f"pipeline: {name!r} must hold numbers, which is all that devices take, got {kind} in example {label}. "
            "Leave it out in transform, or turn it into numbers."
        )
    return array
