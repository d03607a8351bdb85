"""What all readers of checkpoints are: mappings name -> array that list names and shapes without reading arrays."""

import abc
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.core import names
from jax_slim.core.values import Facts

AVERAGE = "ExponentialMovingAverage"
"""The last part of the names that TensorFlow gives to moving averages of variables."""

PathLike = str | os.PathLike[str]

_AT_ONCE = 64 << 20  # bytes read together


class Entry(NamedTuple):
    """What is known of an array before it is read.

    Attributes:
      dtype: as NumPy has it (bfloat16 is ml_dtypes'); `object` for strings.
      shape: its whole shape.
    """

    dtype: np.dtype
    shape: tuple[int, ...]


class Checkpoint(Mapping[str, np.ndarray], metaclass=abc.ABCMeta):
    """An open checkpoint: a mapping name -> array that reads each array when it is asked for.

        with slim.checkpoints.open_checkpoint("/tmp/vgg_16.ckpt") as checkpoint:
            checkpoint.entries()["vgg_16/fc8/weights"].shape      # (1, 1, 4096, 1000): no array was read
            checkpoint["vgg_16/fc8/weights"]                      # this one is

    Whatever the format, variables have their own names, what an optimizer keeps for a variable has its name in
    TensorFlow where there is one ('conv1/weights/Momentum'), and so have moving averages
    ('conv1/weights/ExponentialMovingAverage').

    Attributes:
      path: the checkpoint that was opened (of a directory, the newest in it).
      format: 'V1' or 'V2' (both TensorFlow's), 'orbax', 'orbax tree' or 'safetensors'.
    """

    path: str
    format: str

    @abc.abstractmethod
    def entries(self) -> Mapping[str, Entry]:
        """Name -> dtype and shape of everything in the checkpoint. Reads no array."""

    @abc.abstractmethod
    def _read(self, name: str) -> np.ndarray:
        """The array of a name that `entries` has."""

    def close(self) -> None:
        """Lets go of the files."""

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.entries():
            raise KeyError(f"{self.path} holds no {name!r}.{names.hint(name, self.entries(), 'entries')}")
        return self._read(name)

    def __contains__(self, name: object) -> bool:
        return name in self.entries()

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}: {len(self)} entries, {self.format}>"


def facts_in(checkpoint: Mapping[str, Any]) -> Mapping[str, Facts]:
    """What a checkpoint tells of its variables (trainable, collections): {} where the format cannot."""
    return getattr(checkpoint, "facts", {})


def averages_in(checkpoint: Mapping[str, Any]) -> dict[str, str]:
    """Variable name -> the name of the entry that is its moving average.

    Averages that were made inside a variable scope have it before the variable's name:
    'train/net/w/ExponentialMovingAverage' is that of 'net/w', where there is such a variable.

    Raises:
      CheckpointError: a variable has several, and none under its own name.
    """
    found: dict[str, str] = {}
    ending = f"/{AVERAGE}"
    for entry in checkpoint:
        if not entry.endswith(ending):
            continue
        parts = entry.removesuffix(ending).split("/")
        tails = ["/".join(parts[start:]) for start in range(len(parts))]
        name = next((tail for tail in tails if tail in checkpoint), tails[0])
        own = f"{name}{ending}"
        other = found.get(name, entry)
        if own not in checkpoint and other != entry:
            raise CheckpointError(
                f"{name!r} has several moving averages: {other!r} and {entry!r}. Read one of them as an entry, by "
                "name_map or with a dict name in the checkpoint -> variable."
            )
        found[name] = own if own in checkpoint else entry
    return found


def each_array(checkpoint: Any, wanted: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Name and array of each wanted entry, in order; few are in memory at once.

    Of formats where each reading costs more than the array, several are read together.
    """
    if not reads_together(checkpoint):
        for name in wanted:
            yield name, checkpoint[name]
        return
    entries, some, size = checkpoint.entries(), [], 0
    for name in wanted:
        some.append(name)
        size += size_of(entries[name]) or 0
        if size >= _AT_ONCE:
            yield from checkpoint._read_some(some).items()
            some, size = [], 0
    yield from checkpoint._read_some(some).items()


def reads_together(checkpoint: Mapping[str, Any]) -> bool:
    """Whether several arrays are better read at once than one by one: what a reader with `_read_some` says."""
    return hasattr(checkpoint, "_read_some")


def size_of(entry: Entry) -> int | None:
    """How many bytes an array takes; None for strings, whose lengths only reading tells."""
    dtype = np.dtype(entry.dtype)
    return None if dtype.kind in "OSU" else math.prod(entry.shape) * dtype.itemsize


def entries_of(checkpoint: Any) -> Mapping[str, Entry]:
    """dtype and shape by name, of a checkpoint or of a mapping of arrays."""
    if hasattr(checkpoint, "entries"):
        return checkpoint.entries()
    return {name: Entry(np.dtype(value.dtype), tuple(value.shape)) for name, value in checkpoint.items()}
