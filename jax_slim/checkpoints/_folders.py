"""The folders of checkpoints: how one gets its name, loses it, and what a killed process leaves behind."""

import logging
import os
import re
import shutil
from pathlib import Path

from jax_slim.checkpoints import _manifest

WRITING = ".tmp"  # not whole yet
_REPLACED = ".old"  # was whole, and is again if the one to replace it never got its name
_DELETED = ".trash"  # may have lost a part already
_LEFTOVER = re.compile(r"(\d+)(\.tmp|\.old|\.trash)|\.probe-\d+")

_log = logging.getLogger(__name__)


def steps_in(directory: Path) -> list[int]:
    """The steps that have a complete checkpoint there, in order."""
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(
        int(name)
        for name in names
        if re.fullmatch(r"0|[1-9][0-9]*", name) and (directory / name / _manifest.NAME).is_file()
    )


def publish(temporary: Path, final: Path) -> None:
    """Gives a written checkpoint its name; one that had it steps aside, and comes back should we die in between."""
    replaced = final.with_name(final.name + _REPLACED)
    if final.exists():
        shutil.rmtree(replaced, ignore_errors=True)
        os.rename(final, replaced)
    try:
        os.rename(temporary, final)
    except OSError:
        if replaced.exists():
            os.rename(replaced, final)
        raise
    _manifest.sync_directory(final.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def delete(path: Path) -> None:
    """Deletes a checkpoint; it loses its name first, so that no half of it can be taken for a whole."""
    trash = path.with_name(path.name + _DELETED)
    try:
        shutil.rmtree(trash, ignore_errors=True)
        os.rename(path, trash)
        shutil.rmtree(trash)
    except OSError as error:
        _log.warning("The old checkpoint %s could not be deleted: %s.", path, error)


def sweep(directory: Path) -> None:
    """Ends what a killed process had begun."""
    for path in sorted(directory.iterdir()):
        if (match := _LEFTOVER.fullmatch(path.name)) is None:
            continue
        if match[2] == _REPLACED and not (directory / match[1]).exists():
            os.rename(path, directory / match[1])
        elif path.is_file():
            path.unlink(missing_ok=True)
        else:
            shutil.rmtree(path, ignore_errors=True)
