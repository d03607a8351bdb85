"""Opens TensorFlow checkpoints of both formats, as a mapping from names to arrays."""

import os
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from jax_slim.checkpoints.native import CheckpointError, MissingCheckpointError
from jax_slim.checkpoints.tensorflow.bundles import Bundle
from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.paths import Place, checkpoints_in, place_of
from jax_slim.checkpoints.tensorflow.saved_slices import SavedSlices
from jax_slim.checkpoints.tensorflow.state_files import read_checkpoint_state
from jax_slim.core.names import hint, near


class Entry(NamedTuple):
    """What a checkpoint says of a tensor without reading it.

    Attributes:
      dtype: of the array that reading gives; object for strings (which are bytes), and for what cannot be read.
      shape: of that array.
      type_name: TensorFlow's name of the dtype: 'float32', 'string', 'qint8', 'variant', ...
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    type_name: str


class MissingTensorError(CheckpointError, KeyError):
    """A checkpoint has no tensor of that name."""

    __str__ = RuntimeError.__str__  # a KeyError would show its message in quotes


class TensorFlowCheckpoint(Mapping[str, np.ndarray]):
    """The tensors of a checkpoint by name. Each is read from its file when it is looked up, and not kept.

        with open_checkpoint("/tmp/run/model.ckpt-1200") as checkpoint:
            checkpoint.entries()["conv1/weights"].shape     # (3, 3, 3, 64); nothing was read
            weights = checkpoint["conv1/weights"]           # reads this one, and verifies its checksum

    A partitioned variable is one tensor, put together from its slices. Several threads may read one checkpoint.

    Attributes:
      path: its prefix; for V1 its file, or the pattern of its files.
      format: 'V1' or 'V2'.
    """

    def __init__(self, place: Place) -> None:
        self.path: str = place.prefix
        self._source: Bundle | SavedSlices = SavedSlices(place.v1_files) if place.v1_files else Bundle(place.prefix)
        self.format: str = self._source.format
        self._closed = False

    def names(self) -> list[str]:
        """The names of all tensors, in order."""
        return list(self._source.tensors)

    def entries(self) -> dict[str, Entry]:
        """The dtype and shape of each tensor by name, from the index alone."""
        return {
            name: Entry(tensor_type.dtype, shape, tensor_type.name)
            for name, (tensor_type, shape) in self._source.tensors.items()
        }

    def close(self) -> None:
        """Closes the files. Names and entries are still known."""
        self._closed = True
        self._source.close()

    def __getitem__(self, name: str) -> np.ndarray:
        """Reads one tensor, into memory of its own.

        Raises:
          MissingTensorError: there is none of that name (a KeyError too).
          CheckpointError: its bytes are damaged or not there, or no array can hold it.
        """
        if name not in self._source.tensors:
            raise MissingTensorError(f"{self.path} has no tensor {name!r}.{hint(str(name), self.names(), 'tensors')}")
        if self._closed:
            raise CheckpointError(
                f"{self.path} was closed before the tensor {name!r} was read. Read it inside its `with`."
            )
        try:
            return self._source.read(name)
        except Damage as damage:
            raise CheckpointError(
                f"The tensor {name!r} cannot be read from {damage.path or self._source.path}: {damage}."
            ) from None
        except CheckpointError as error:
            raise type(error)(f"The tensor {name!r} cannot be read: {error}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._source.tensors

    def __iter__(self) -> Iterator[str]:
        return iter(self._source.tensors)

    def __len__(self) -> int:
        return len(self._source.tensors)

    # Comparing as mappings do would read everything.
    __eq__ = object.__eq__
    __hash__: Any = object.__hash__

    def __repr__(self) -> str:
        return f"TensorFlowCheckpoint({self.path!r}, {self.format}, {len(self)} tensors)"

    def __enter__(self) -> "TensorFlowCheckpoint":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_checkpoint(path: str | os.PathLike[str]) -> TensorFlowCheckpoint:
    """Opens a checkpoint of TensorFlow 1 or 2, V1 or V2, and reads its index. No TensorFlow is needed.

        checkpoint = open_checkpoint("/models/inception_v3.ckpt")
        checkpoint.names()                                      # ['InceptionV3/Conv2d_1a_3x3/BatchNorm/beta', ...]

    Args:
      path: a prefix ('/tmp/run/model.ckpt-1200'); or one of its files (`.index`, `.data-00000-of-00001`, `.meta`, or
        V1's only file); or the pattern of a V1 checkpoint of several files ('model.ckpt-?????-of-00002'); or a
        directory: then the latest that its `checkpoint` file names, or else the only one there is.

    Returns:
      Its tensors, a mapping that reads each when it is looked up.

    Raises:
      MissingCheckpointError: there is none.
      CheckpointError: it is damaged, or of another format, or some of its files are missing.
    """
    path = os.fspath(path)
    if not isinstance(path, str):
        raise TypeError(f"open_checkpoint: path must be a string or a path, got {path!r}.")
    place = place_of(path)
    if place is None and os.path.isdir(path):
        place = _place_in(path)
    if place is None:
        directory, name = os.path.split(path)
        known = {os.path.basename(found): found for found in checkpoints_in(directory)}
        alike = [known[other] for other in near(name, known)] or list(known.values())[:5]
        raise MissingCheckpointError(
            f"open_checkpoint: path must be a checkpoint's prefix, file or directory, got {path}, and there is neither "
            f"a file of that name nor {path}.index." + (f" There is: {', '.join(alike)}." if alike else "")
        )
    return TensorFlowCheckpoint(place)


def _place_in(directory: str) -> Place:
    state = read_checkpoint_state(directory)
    found = checkpoints_in(directory) + checkpoints_in(os.path.join(directory, "variables"))
    listed = f" There is: {', '.join(found)}." if found else ""
    if state is not None:
        place = place_of(state.model_checkpoint_path)
        if place is not None:
            return place
        raise MissingCheckpointError(
            f"open_checkpoint: {os.path.join(directory, 'checkpoint')} names {state.model_checkpoint_path}, which is "
            f"not there.{listed} Pass the prefix of one."
        )
    place = place_of(found[0]) if len(found) == 1 else None
    if place is not None:
        return place
    raise MissingCheckpointError(
        f"open_checkpoint: path must name one checkpoint, got the directory {directory}, which has no `checkpoint` "
        "file "
        + ("and several checkpoints." if found else "and no checkpoint.")
        + (f"{listed} Pass the prefix of one." if listed else "")
    )
