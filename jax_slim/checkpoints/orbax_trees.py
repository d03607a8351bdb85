"""Trees that others saved with orbax, flax's for example, as readers give them: leaves by their keys."""

import os
import re
from collections.abc import Mapping, Sequence

import numpy as np

from jax_slim.checkpoints._orbax import read_tree, tree_specs
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.reader import Checkpoint, Entry

_METADATA = "_METADATA"
_STEP_METADATA = "_CHECKPOINT_METADATA"
_STEP = re.compile(r"(?:(.+)_)?(\d+)")  # as managers call it that were given a prefix, or a length of numbers


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
    """The tree that `path` is, or holds as its only item, or, as a CheckpointManager's directory, has as its newest.

    Raises:
      CheckpointError: there are several trees, and nothing says which is meant.
    """
    if os.path.isfile(os.path.join(path, _METADATA)):
        return os.path.abspath(path)
    if not os.path.isdir(path):
        return None
    items = sorted(name for name in os.listdir(path) if os.path.isfile(os.path.join(path, name, _METADATA)))
    if "default" in items or len(items) == 1:
        return os.path.join(os.path.abspath(path), "default" if "default" in items else items[0])
    if items:
        one = os.path.join(path, "params" if "params" in items else items[0])
        raise CheckpointError(f"{path} holds several items that orbax saved: {', '.join(items)}. Name one: {one}.")
    steps = [(int(found[2]), found[1] or "", name) for name in os.listdir(path) if (found := _STEP.fullmatch(name))]
    prefixes = sorted({prefix for _, prefix, name in steps if os.path.isfile(os.path.join(path, name, _STEP_METADATA))})
    if len(prefixes) > 1:
        raise CheckpointError(
            f"{path} holds the steps of several managers of orbax: {', '.join(map(repr, prefixes))}. Name a step."
        )
    steps.sort(reverse=True)
    return next((found for _, _, name in steps if (found := orbax_tree(os.path.join(path, name)))), None)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
