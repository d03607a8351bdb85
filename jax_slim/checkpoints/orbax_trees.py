"""Trees that others saved with orbax, flax's for example, as readers give them: leaves by their keys."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from jax_slim.checkpoints._orbax import read_tree, tree_specs
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.reader import Checkpoint, Entry

_METADATA = "_METADATA"


class OrbaxCheckpoint(Checkpoint):
    """A tree in orbax's own form: 'params/conv1/kernel' is the leaf `tree["params"]["conv1"]["kernel"]`."""

    def __init__(self, path: str) -> None:
        self.path, self.format = path, "orbax tree"
        try:
            specs = tree_specs(path)
        except Exception as error:
            raise CheckpointError(f"Checkpoint {path} is damaged, or cannot be read: {_first_line(error)}") from error
        self._entries = {name: Entry(np.dtype(spec.dtype), spec.shape) for name, spec in specs.items()}

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def _read(self, name: str) -> np.ndarray:
        return self._read_some([name])[name]

    def _read_some(self, wanted: Sequence[str]) -> dict[str, np.ndarray]:
        if not wanted:
            return {}
        try:
            return read_tree(self.path, wanted)
        except Exception as error:
            raise CheckpointError(
                f"Checkpoint {self.path} is damaged, or cannot be read: {_first_line(error)}"
            ) from error


def orbax_tree(path: str) -> str | None:
    """The tree that `path` is, or holds as its only item, or, as a CheckpointManager's directory, has as its newest."""
    if os.path.isfile(os.path.join(path, _METADATA)):
        return os.path.abspath(path)
    if not os.path.isdir(path):
        return None
    items = [name for name in os.listdir(path) if os.path.isfile(os.path.join(path, name, _METADATA))]
    if "default" in items or len(items) == 1:
        return os.path.join(os.path.abspath(path), "default" if "default" in items else items[0])
    steps = sorted((int(name) for name in os.listdir(path) if name.isdecimal()), reverse=True)
    return next((found for step in steps if (found := orbax_tree(os.path.join(path, str(step))))), None)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
