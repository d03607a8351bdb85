"""`open_checkpoint`: finds out what a checkpoint is, and opens it."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from jax_slim.checkpoints.native import CheckpointError, MissingCheckpointError
from jax_slim.checkpoints.orbax_trees import OrbaxCheckpoint, orbax_tree
from jax_slim.checkpoints.other_files import what_else
from jax_slim.checkpoints.peers.keras_files import KerasCheckpoint, is_zip_of_keras
from jax_slim.checkpoints.peers.recognizing import as_slim
from jax_slim.checkpoints.peers.torch_files import TorchCheckpoint, is_old_pickle, is_zip_of_torch
from jax_slim.checkpoints.reader import Checkpoint, PathLike
from jax_slim.checkpoints.safetensors_files import SafetensorsCheckpoint
from jax_slim.checkpoints.tensorflow.opening import TensorFlowCheckpoint
from jax_slim.checkpoints.tensorflow.opening import open_checkpoint as open_tensorflow
from jax_slim.checkpoints.tensorflow.paths import checkpoints_in, place_of
from jax_slim.checkpoints.training_runs import open_newest, training_checkpoint
from jax_slim.core import names

_FILES = (".safetensors", (".pth", ".pt", ".bin", ".h5", ".keras"))  # which one in a directory is meant
_STATE = "checkpoint"  # TensorFlow's file that names the newest one
_TABLE = 0xDB4775248B80FB57.to_bytes(8, "little")  # what a table of TensorFlow ends with: V1 files, V2 indexes

Checkpoint.register(TensorFlowCheckpoint)


def open_checkpoint(path: PathLike, origin: str | None = None) -> Checkpoint:
    """Opens a checkpoint of any format: a lazy mapping name -> array.

        with slim.checkpoints.open_checkpoint("/tmp/inception_v3.ckpt") as checkpoint:
            print(slim.checkpoints.inspect(checkpoint))
            weights = checkpoint["InceptionV3/Logits/Conv2d_1c_1x1/weights"]     # reads this one alone

    Args:
      path: one of
        - TensorFlow's, version 1 or 2: the prefix ('model.ckpt-1000'), one of its files, or a directory with its
          `checkpoint` file (then the newest);
        - a run of `learning.train`: its directory (then the newest), or one checkpoint in it ('/tmp/run/1200');
        - a `.safetensors` file, or a directory with one;
        - a tree saved with orbax: its directory, or that of a CheckpointManager;
        - a file of PyTorch (`.pth`, `.pt`, `.bin`), read without PyTorch and without running what is in it, or of
          Keras (`.h5`, `.weights.h5`, `.keras`; needs h5py: `pip install 'jax-slim[keras]'`).

        Files of timm's, torchvision's and Keras's nets that are TF-Slim's have TF-Slim's names and layouts here
        (docs/weights_of_others.md lists them); those of other nets have their own.
      origin: whose net the file is of, 'timm/mobilenetv3_large_100', where neither its arrays nor its name tell, or to
        be sure of it. None finds out.

    Raises:
      MissingCheckpointError: there is none; it is a FileNotFoundError, too.
      CheckpointError: it is damaged, or something else, or not of the net that `origin` says.
      ValueError: no net is called `origin`.
    """
    if isinstance(path, Checkpoint):
        return path
    found = _open(path)
    if isinstance(found, SafetensorsCheckpoint | TorchCheckpoint | KerasCheckpoint):
        return as_slim(found, origin)
    if origin is not None:
        raise CheckpointError(f"open_checkpoint: origin must be None for {describe(found)}, got {origin!r}.")
    return found


def _open(path: PathLike) -> Checkpoint:
    given = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(given, str) or not given:
        raise TypeError(f"open_checkpoint: path must be the path of a checkpoint, got {path!r}.")
    if "://" in given:
        raise ValueError(f"open_checkpoint: path must be on a file system of this machine, got {given}. Download it.")
    given = os.path.expanduser(given)
    if training_checkpoint(given) is not None:
        return open_newest(given)
    if os.path.isdir(given):
        return _in_directory(given)
    if given.endswith(".safetensors") and os.path.exists(given):
        return SafetensorsCheckpoint(given)
    directory, name = os.path.split(given)
    if name == _STATE and os.path.isfile(given) and not _is_table(given):
        return _in_directory(directory or ".")
    place = place_of(given)
    if place is None:
        raise MissingCheckpointError(f"No such checkpoint: {given}.{_beside(given)}")
    if place.v1_files == (given,) and not _is_table(given) and (found := _by_content(given)) is not None:
        return found
    return cast(Checkpoint, open_tensorflow(given))  # registered above


@contextlib.contextmanager
def opened(source: Any) -> Iterator[Mapping[str, Any]]:
    """The checkpoint at a path, closed afterwards; something that is a mapping already stays as it is."""
    if isinstance(source, Mapping):
        yield source
        return
    with open_checkpoint(source) as checkpoint:
        yield checkpoint


def format_of(source: Mapping[str, Any]) -> str:
    """The format of a checkpoint, in words: 'TensorFlow V2'."""
    told = str(getattr(source, "format", ""))
    return f"TensorFlow {told}" if isinstance(source, TensorFlowCheckpoint) else told


def describe(source: Mapping[str, Any]) -> str:
    """A checkpoint in messages: its path and format."""
    return f"{source.path} ({format_of(source)})" if isinstance(source, Checkpoint) else "the values given"


def _in_directory(path: str) -> Any:
    found = checkpoints_in(path) + checkpoints_in(os.path.join(path, "variables"))  # the second are of a SavedModel
    if found or os.path.isfile(os.path.join(path, _STATE)):
        return open_tensorflow(path)
    if (tree := orbax_tree(path)) is not None:
        return OrbaxCheckpoint(tree)
    files = sorted(os.listdir(path))
    for endings in _FILES:
        found = [file for file in files if file.endswith(endings)]
        if len(found) == 1:
            return _open(os.path.join(path, found[0]))
        if found:
            raise CheckpointError(f"There are several checkpoints in {path}: {_listed(found)}. Name one.")
    if "saved_model.pb" in files:
        raise MissingCheckpointError(
            f"{path} is a SavedModel without variables: its folder 'variables' is missing, or has no index. Copy it "
            "again, whole. A graph whose variables were frozen holds constants: slim.graphs.load runs it."
        )
    raise MissingCheckpointError(
        f"There is no checkpoint in {path}" + (f", which has: {_listed(files)}." if files else ", which is empty.")
    )


def _by_content(path: str) -> Checkpoint | None:
    """A file whose name tells nothing; None when it may be TensorFlow's and damaged."""
    with Path(path).open("rb") as file:
        head = file.read(32)
    if re.fullmatch(rb"\{[\s\"]", head[8:10]):
        return SafetensorsCheckpoint(path)
    if is_old_pickle(head) or (head.startswith(b"PK\x03\x04") and is_zip_of_torch(path)):
        return TorchCheckpoint(path)
    if head.startswith(b"\x89HDF\r\n") or (head.startswith(b"PK\x03\x04") and is_zip_of_keras(path)):
        return KerasCheckpoint(path)
    if (what := what_else(path, head)) is not None:
        raise CheckpointError(f"{path} is no checkpoint, it is {what}.")
    if not head:
        raise CheckpointError(f"{path} is empty.")
    return None


def _is_table(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            file.seek(-len(_TABLE), os.SEEK_END)
            return file.read() == _TABLE
    except OSError:
        return False


def _beside(path: str) -> str:
    """What there is in its place, for the end of a message."""
    directory, name = os.path.split(os.path.abspath(path))
    if not os.path.isdir(directory):
        return f" There is no directory {directory} either."
    files = sorted(os.listdir(directory))
    near = names.near(name, files)
    return f" {directory} has: {_listed(near or files)}." if files else f" {directory} is empty."


def _listed(files: list[str]) -> str:
    return ", ".join(files[:8]) + (f", ... ({len(files)} in all)" if len(files) > 8 else "")
