"""The names of a checkpoint's files, and which checkpoint a path means."""

import os
import re
from typing import NamedTuple

from jax_slim.checkpoints.native import CheckpointError

_FILE = re.compile(r"(.+?)(\.index|\.meta|\.data-\d{5,}-of-\d{5,})")
_V1_SHARD = re.compile(r"(.+)-\d{5,}-of-(\d{5,})")


def index_path(prefix: str) -> str:
    """The file that makes a V2 checkpoint of `prefix`."""
    return f"{prefix}.index"


def data_path(prefix: str, shard: int = 0, shards: int = 1) -> str:
    """A file with the values of a V2 checkpoint."""
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


class Place(NamedTuple):
    """Where a checkpoint is: its prefix, and for V1 its files."""

    prefix: str
    v1_files: tuple[str, ...]


def place_of(path: str) -> Place | None:
    """The checkpoint that `path` means: a prefix, one of its files, or the pattern of V1's shards; None where none is.

    Raises:
      CheckpointError: some of its files are there and others are missing.
    """
    directory, name = os.path.split(path)
    match = _FILE.fullmatch(name)
    prefix = os.path.join(directory, match[1]) if match else path
    if os.path.isfile(index_path(prefix)):
        return Place(prefix, ())
    if match and os.path.isfile(path) and not name.endswith(".meta"):
        raise CheckpointError(
            f"open_checkpoint: {index_path(prefix)} is missing: {name} alone does not say what is in it. Put the index "
            "beside it."
        )
    shard = _V1_SHARD.fullmatch(os.path.basename(prefix))
    if os.path.isfile(prefix):
        if not shard:
            return Place(prefix, (prefix,))
        return _shards(os.path.join(os.path.dirname(prefix), f"{shard[1]}-?????-of-{shard[2]}"))
    return _shards(prefix) or _shards(f"{prefix}-?????-of-?????")


def is_there(prefix: str) -> bool:
    """Whether there is a checkpoint of this prefix, as `tf.train.latest_checkpoint` sees it."""
    return bool(os.path.isfile(index_path(prefix)) or os.path.isfile(prefix) or _matching(prefix))


def files_of(prefix: str) -> list[str]:
    """Every file of a checkpoint, the one first without which the others are none."""
    directory, name = os.path.split(prefix)
    endings = re.compile(re.escape(name) + r"(\.index|\.meta|\.data-\d{5,}-of-\d{5,})")
    parts = sorted(other for other in _listed(directory) if endings.fullmatch(other))
    parts.sort(key=lambda other: not other.endswith(".index"))
    found = [os.path.join(directory, other) for other in parts]
    return found + ([prefix] if os.path.isfile(prefix) else _matching(prefix))


def checkpoints_in(directory: str) -> list[str]:
    """The prefixes of the V2 checkpoints in a directory, and the paths of what by its name is a V1 checkpoint."""
    names = sorted(_listed(directory))
    v2 = [name.removesuffix(".index") for name in names if name.endswith(".index") and len(name) > len(".index")]
    v1 = [re.sub(_V1_SHARD, r"\1-?????-of-\2", name) for name in names if re.search(r"ckpt(-\d+)*$", name)]
    found = dict.fromkeys(name for name in [*v2, *v1] if not name.startswith("."))
    return [path for name in found if is_there(path := os.path.join(directory, name))]


def _shards(pattern: str) -> Place | None:
    found = _matching(pattern)
    if not found:
        return None
    counts = {match[2] for path in found if (match := _V1_SHARD.fullmatch(os.path.basename(path)))}
    if len(counts) == 1 and len(found) != int(next(iter(counts))):
        raise CheckpointError(
            f"open_checkpoint: {pattern} has {len(found)} files of {int(next(iter(counts)))}. Put the missing ones "
            "beside them."
        )
    if len(counts) > 1:
        raise CheckpointError(f"open_checkpoint: {pattern} matches more than one checkpoint: {', '.join(found)}.")
    return Place(pattern, tuple(found))


def _matching(pattern: str) -> list[str]:
    directory, name = os.path.split(pattern)
    if not re.search(r"[*?]", name):
        return []
    # Brackets in a checkpoint's name are a part of it.
    wanted = re.compile(re.escape(name).replace(r"\?", ".").replace(r"\*", ".*"))
    return sorted(os.path.join(directory, other) for other in _listed(directory) if wanted.fullmatch(other))


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory or ".")
    except OSError:
        return []
