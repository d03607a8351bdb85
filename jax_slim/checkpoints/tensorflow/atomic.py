"""Files that get their names when they are whole: what was there before stays until then."""

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from jax_slim.checkpoints._manifest import sync_directory


@contextlib.contextmanager
def written_whole(paths: Sequence[str]) -> Iterator[list[BinaryIO]]:
    """Opens a new file for each of `paths`, all in one directory; they get these names, in this order, at the end.

    When the body or the disk fails they are deleted, and the paths are as they were.

    Raises:
      OSError: what the disk says.
    """
    mark = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = [os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.writing-{mark}") for path in paths]
    files: list[BinaryIO] = []
    try:
        for path in temporary:  # one by one, so that those already open are closed when the next one cannot be
            files.append(Path(path).open("xb"))  # noqa: PERF401, SIM115
        yield files
        for file in files:
            file.flush()
            os.fsync(file.fileno())
            file.close()
        for path, name in zip(temporary, paths, strict=True):
            os.replace(path, name)
    except BaseException:
        for file in files:
            with contextlib.suppress(OSError):  # closing writes what is left, which fails again on a full disk
                file.close()
        for path in temporary:
            with contextlib.suppress(OSError):
                os.unlink(path)
        raise
    sync_directory(Path(paths[0]).parent)
