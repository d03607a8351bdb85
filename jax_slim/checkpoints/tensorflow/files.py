"""Files read at given places, into memory of exactly the right size, with a checksum of what was read."""

import math
import os
import threading
from pathlib import Path

import numpy as np

from jax_slim.checkpoints.native import CheckpointError, MissingCheckpointError
from jax_slim.checkpoints.other_files import what_else
from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.data.checksums import crc32c

# Small enough to be still in the processor's cache when its checksum is taken.
_PIECE = 1 << 18
_ALIGNMENT = 64


def new_array(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """An array whose values are not set, at an address that jax takes over on CPU: it copies others."""
    dtype = np.dtype(dtype)
    if dtype.hasobject:
        return np.empty(shape, dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


class SourceFile:
    """A file that is open for reading. Several threads may read it at once.

    It is read, not mapped: a mapped file that shrinks meanwhile kills the process, and its pages count as memory.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._file = Path(path).open("rb", buffering=0)  # noqa: SIM115
        except FileNotFoundError:
            raise MissingCheckpointError(f"{path} is missing.") from None
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
        self.size = os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def check(self, offset: int, size: int) -> None:
        """Raises Damage unless the file has `size` bytes at `offset`."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise Damage(f"bytes {offset} to {offset + size} are asked for, and the file has {self.size}")

    def read(self, offset: int, size: int) -> np.ndarray:
        """Those bytes, as a new array of uint8."""
        self.check(offset, size)
        out = new_array((size,), np.uint8)
        self.read_into(out, offset)
        return out

    def read_into(self, out: np.ndarray, offset: int, crc: int = 0) -> int:
        """Fills `out` (contiguous, uint8) with what is at `offset`; returns its CRC-32C, which goes on from `crc`."""
        self.check(offset, out.size)
        for start in range(0, out.size, _PIECE):
            piece = out[start : start + _PIECE]
            self._fill(piece, offset + start)
            crc = crc32c(piece, crc)
        return crc

    def _fill(self, piece: np.ndarray, offset: int) -> None:
        view = piece.data
        try:
            with self._lock:
                self._file.seek(offset)
                while view:
                    count = self._file.readinto(view)
                    if not count:
                        raise Damage("it became shorter while it was read")
                    view = view[count:]
        except OSError as error:
            raise Damage(f"the disk gives an error: {error.strerror or error}") from error
        except ValueError:
            raise Damage("it was closed while it was read") from None


def unreadable(path: str, damage: Damage) -> CheckpointError:
    """The error for a file out of which nothing can be read."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(32)
    except OSError:
        start = b""
    if (what := what_else(path, start)) is not None:
        return CheckpointError(f"open_checkpoint: {path} is no TensorFlow checkpoint, it is {what}.")
    return CheckpointError(
        f"open_checkpoint: {path} is damaged, or no TensorFlow checkpoint: {damage}. Copy or fetch it again."
    )
