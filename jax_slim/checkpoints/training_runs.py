"""The checkpoints of `learning.train` as readers give them: under the names that programs, and TensorFlow, use."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from jax_slim.checkpoints import _manifest
from jax_slim.checkpoints._manifest import DamagedError
from jax_slim.checkpoints._values import spec_of
from jax_slim.checkpoints.kinds import AVERAGED, OPTIMIZER, STATE, VARIABLE
from jax_slim.checkpoints.native import (
    CheckpointError,
    MissingCheckpointError,
    latest_checkpoint,
    read_stored,
)
from jax_slim.checkpoints.reader import AVERAGE, Checkpoint, Entry
from jax_slim.core.values import Facts

PREFIX = "variables/"
"""What the names of variables begin with among the arrays of a training checkpoint."""

SLOTS = "slots/"
"""Likewise, for what a conversion kept of another format's optimizer: it has the names of that format."""

# What optax calls what TensorFlow keeps in slots, where both compute it alike.
_OF_OPTAX = {"trace": "Momentum", "mu": "Adam", "nu": "Adam_1", "sum_of_squares": "Adagrad"}


class TrainingCheckpoint(Checkpoint):
    """One checkpoint of a training run: its variables, moving averages and optimizer, by their names in programs.

    What has no such name (the random key, counters) keeps the one of `learning.saving.named_arrays`.

    Attributes:
      facts: what is known of each variable.
      kinds: the kind of each entry.
    """

    def __init__(self, path: str) -> None:
        self.path, self.format = path, "orbax"
        try:
            self._contents = _manifest.read(Path(path))
        except DamagedError as error:
            raise CheckpointError(f"Checkpoint {path} is damaged: {error}.") from error
        self._verified = False
        arrays, told = self._contents["arrays"], self._contents["facts"]
        self._stored, self.kinds = _named(arrays, told.get("averages", {}))
        self._entries = {}
        for name, stored in self._stored.items():
            spec = spec_of(arrays[stored])
            self._entries[name] = Entry(np.dtype(spec.dtype), spec.shape)
        described = told.get("variables", {})
        self.facts = {name: Facts(bool(trainable), tuple(lists)) for name, (trainable, lists) in described.items()}

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def _read(self, name: str) -> np.ndarray:
        return self._read_some([name])[name]

    def _read_some(self, wanted: Sequence[str]) -> dict[str, np.ndarray]:
        try:
            if not self._verified:  # orbax does not notice a changed byte; our checksums are of whole files
                _manifest.verify(Path(self.path), self._contents)
                self._verified = True
            read = read_stored(Path(self.path), self._contents, [self._stored[name] for name in wanted])
        except DamagedError as error:
            raise CheckpointError(f"Checkpoint {self.path} is damaged: {error}.") from error
        return {name: read[self._stored[name]] for name in wanted}


def training_checkpoint(path: str) -> str | None:
    """The checkpoint that `path` is or, as the directory of a run, has as its newest; None if it is neither."""
    if os.path.basename(path) == _manifest.NAME:
        path = os.path.dirname(path)
    if os.path.isfile(os.path.join(path, _manifest.NAME)):
        return os.path.abspath(path)
    return latest_checkpoint(path)


def open_newest(path: str) -> TrainingCheckpoint:
    """Opens what `training_checkpoint` finds, though the run that writes it may delete it meanwhile."""
    while True:
        found = training_checkpoint(path)
        if found is None:
            raise MissingCheckpointError(f"There is no checkpoint in {path}.")
        try:
            return TrainingCheckpoint(found)
        except CheckpointError:
            if os.path.isdir(found) or os.path.abspath(path) == found:
                raise


def _named(arrays: Iterable[str], averages: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Name -> how the array is called in the files; and name -> kind."""
    variables = {stored.removeprefix(PREFIX) for stored in arrays if stored.startswith(PREFIX)}
    variable_of_average = {stored: variable for variable, stored in averages.items()}
    stored_as: dict[str, str] = {}
    kinds: dict[str, str] = {}
    others = []
    for stored in arrays:
        if stored.startswith(PREFIX):
            name, kind = stored.removeprefix(PREFIX), VARIABLE
        elif stored in variable_of_average:
            name, kind = f"{variable_of_average[stored]}/{AVERAGE}", AVERAGED
        else:
            others.append(stored)
            continue
        stored_as[name], kinds[name] = stored, kind
    adams = {stored.partition("/mu/")[0] for stored in others if "/mu/" in stored}
    for stored in others:
        name = _name_in_tensorflow(stored, variables, adams) or stored
        kind = OPTIMIZER if name != stored or stored.startswith("optimizer/") else STATE
        if name in stored_as:  # two optimizers with slots of one name: the second keeps its own
            name = stored
        while name in stored_as:  # a variable is called like that
            name = f"state/{name}"
        stored_as[name], kinds[name] = stored, kind
    return stored_as, kinds


def _name_in_tensorflow(stored: str, variables: set[str], adams: set[str]) -> str | None:
    """'optimizer/slots/Momentum/conv1/weights' -> 'conv1/weights/Momentum'; None where TensorFlow has no such thing."""
    if stored.startswith(SLOTS):
        return stored.removeprefix(SLOTS)
    if not stored.startswith("optimizer/"):
        return None
    if shared := re.search(r"/shared/([^/]+)$", stored):
        return shared[1]
    parts = stored.split("/")
    start = next((i for i in range(2, len(parts)) if "/".join(parts[i:]) in variables), None)
    if start is None:
        return None
    variable, kept = "/".join(parts[start:]), parts[start - 1]
    if parts[start - 2] == "slots":
        return f"{variable}/{kept}"
    if kept in ("mu", "nu") and "/".join(parts[: start - 1]) not in adams:
        return None
    return f"{variable}/{_OF_OPTAX[kept]}" if kept in _OF_OPTAX else None
