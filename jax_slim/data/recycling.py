"""Memory for large arrays that is taken again when nobody holds them any more.

The system clears new memory before its first use, which for a batch of photographs costs up to a fifth of what decoding
and preparing them does.
"""

import ctypes
import math
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

# Smaller arrays are not worth it: their memory stays with the process anyway.
_LEAST_BYTES = 1 << 20

# How many are kept at most while nobody holds them: in steady use one or two are.
_KEPT = 4


class Recycling:
    """Makes arrays as `numpy.empty` does. Threads may share it; a copy in another process begins empty."""

    def __init__(self) -> None:
        # No lock: the end of an array may come within any operation here, in the same thread.
        self._free: deque[np.ndarray] = deque(maxlen=_KEPT)

    def __reduce__(self) -> tuple[Callable[[], "Recycling"], tuple[()]]:
        return Recycling, ()

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """An array of that shape; of at least 1 MiB in memory that a former one had, if there is such of its size.

        Python's objects are always in new memory: NumPy gives them back only with its own, and takes what was there
        for objects.
        """
        kind = np.dtype(dtype)
        wanted = math.prod(shape) * kind.itemsize
        if wanted < _LEAST_BYTES or kind.hasobject:
            return np.empty(shape, kind)
        # In steps of an eighth at most, as ctypes keeps a type for each size. Pages that nobody uses cost nothing.
        step = 1 << (wanted.bit_length() - 4)
        size = -(-wanted // step) * step
        memory = self._taken(size)
        if memory is None:
            memory = np.empty(size, np.uint8)
        # Whatever shares the array's memory refers to this.
        holder: Any = (ctypes.c_uint8 * size).from_buffer(memory.data)
        weakref.finalize(holder, self._free.append, memory).atexit = False
        return np.ndarray(shape, kind, holder)

    def _taken(self, size: int) -> np.ndarray | None:
        for _ in range(len(self._free)):
            try:
                memory = self._free.popleft()
            except IndexError:  # other threads took them
                return None
            if memory.size == size:
                return memory
            self._free.append(memory)
        return None
