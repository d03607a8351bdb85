"""Which files a data set consists of: lists, patterns, folders, shards."""

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path

_SHARD = re.compile(r"-\d{5,}-of-(?P<count>\d{5,})")
_COUNTED = re.compile(r"(?P<base>.+)@(?P<count>\d+)")

DataSources = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def get_data_files(data_sources: DataSources) -> list[str]:
    """Lists the files that `data_sources` stands for, in the order of their names.

        get_data_files("/data/flowers_train_*.tfrecord")   # a pattern: sorted, so shards come in order
        get_data_files("/data/train@5")                    # train-00000-of-00005 ... train-00004-of-00005
        get_data_files("/data/records")                    # a folder: its TFRecord files
        get_data_files("a.tfrecord,b.tfrecord")            # a list in one string; also ["a.tfrecord", "b.tfrecord"]

    Args:
      data_sources: a path, or several in a list or parted by commas. Each one is a file, a pattern with *, ? or
        [...], `name@count` for a set of shards, or a folder: there, the files with "tfrecord" in their name and shards.

    Returns:
      The paths, one for each file. A file that is named twice is listed twice.

    Raises:
      ValueError: a pattern matches no file, or a folder has none.
      FileNotFoundError: a file, or a shard of `name@count`, does not exist.
      TypeError: `data_sources` is no path.

    Source: tf_slim.data.parallel_reader, which knows lists, patterns and `@`.
    """
    if isinstance(data_sources, str | os.PathLike):
        files = _files_of(os.fspath(data_sources))
    elif isinstance(data_sources, Sequence) and not isinstance(data_sources, bytes):
        files = [file for source in data_sources for file in get_data_files(source)]
    else:
        kind = type(data_sources).__name__
        raise TypeError(f"get_data_files: data_sources must be a path or a list of paths, got {kind}.")
    if not files:
        raise ValueError(f"get_data_files: data_sources must name at least one file, got {data_sources!r}.")
    return files


def shard_names(path: str | os.PathLike[str], num_shards: int) -> list[str]:
    """The names of a set of files: 'train-00000-of-00003', ...; an ending such as '.tfrecord' stays at the end.

        shard_names("/data/flowers_train.tfrecord", 2)[0]      # '/data/flowers_train-00000-of-00002.tfrecord'

    Raises:
      ValueError: `num_shards` is below 1.
    """
    if num_shards < 1:
        raise ValueError(f"shard_names: num_shards must be at least 1, got {num_shards}.")
    text = os.fspath(path)
    ending = ".tfrecord" if text.endswith(".tfrecord") else ""
    base = text.removesuffix(ending) if ending else text
    return [f"{base}-{number:05d}-of-{num_shards:05d}{ending}" for number in range(num_shards)]


def _files_of(text: str) -> list[str]:
    path = Path(text)
    if path.is_file():  # whatever its name looks like
        return [text]
    if path.is_dir():
        return _files_in(path)
    if "," in text:
        return [file for part in text.split(",") if part.strip() for file in get_data_files(part.strip())]
    folder, name = os.path.split(text)
    # A folder that is there is meant as it is called, though 'run[1]' could be a pattern.
    pattern = os.path.join(glob.escape(folder), name) if Path(folder).is_dir() else text
    if any(sign in (name if pattern != text else text) for sign in "*?["):
        found = sorted(name for name in glob.glob(pattern) if Path(name).is_file())
        if not found:
            raise ValueError(f"get_data_files: no data files found that match {text!r}{_nearby(path)}.")
        return found
    counted = _COUNTED.fullmatch(text)
    if counted:
        names = shard_names(counted["base"], int(counted["count"]))
        missing = [name for name in names if not Path(name).is_file()]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise FileNotFoundError(f"get_data_files: {text!r} lacks the shard {missing[0]!r}{more}.")
        return names
    raise FileNotFoundError(f"get_data_files: there is no file {text!r}{_nearby(path)}.")


def _files_in(folder: Path) -> list[str]:
    found = sorted(
        str(path)
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".") and ("tfrecord" in path.name or _SHARD.search(path.name))
    )
    if not found:
        raise ValueError(
            f"get_data_files: no TFRecord files in the folder {str(folder)!r}. Files are taken that have 'tfrecord' in "
            "their name or end in '-00000-of-00005' and the like; pass a pattern for others."
        )
    return found


def _nearby(path: Path) -> str:
    """What helps to see why nothing was found."""
    if not path.parent.is_dir():
        return f": there is no folder {str(path.parent)!r}"
    return ""
