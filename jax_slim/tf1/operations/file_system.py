"""Files and folders with TensorFlow's errors: NotFoundError, AlreadyExistsError, ... in place of Python's."""

import contextlib
import errno
import glob
import os
import re
import shutil
from collections.abc import Iterator

from jax_slim.tf1.graph import errors

_BY_NUMBER = {
    errno.ENOENT: errors.NotFoundError, errno.ENOTDIR: errors.FailedPreconditionError, errno.EEXIST: errors.AlreadyExistsError,
    errno.EACCES: errors.PermissionDeniedError, errno.EPERM: errors.PermissionDeniedError, errno.EISDIR: errors.FailedPreconditionError,
    errno.ENOTEMPTY: errors.FailedPreconditionError, errno.ENOSPC: errors.ResourceExhaustedError,
}  # fmt: skip


@contextlib.contextmanager
def opened(path: str) -> Iterator[None]:
    """Turns the system's errors into TensorFlow's, with the path."""
    try:
        yield
    except OSError as error:
        kind = _BY_NUMBER.get(error.errno or 0, errors.UnknownError)
        raise kind(None, None, f"{path}; {error.strerror or error}") from None


def text_of(path: object) -> str:
    """A path as text, of text, bytes or a path object; without the prefix 'file://'."""
    found = path.decode() if isinstance(path, bytes) else os.fspath(path)  # type: ignore[call-overload]
    return found.removeprefix("file://")


def folder_of(path: str) -> str:
    """The folder that a file is in; '' for the current one."""
    return os.path.dirname(path)


def make_folders(path: str) -> None:
    """Makes a folder and those above it; does nothing where it is there."""
    if path:
        with opened(path):
            os.makedirs(path, exist_ok=True)


def matching(pattern: str) -> list[str]:
    """The files and folders that a pattern with *, ? and [...] matches, sorted. Hidden ones count; `*` does not cross '/'."""
    pattern = pattern.removeprefix("file://")
    if not re.search(r"[*?\[\\]", pattern):
        return [pattern] if os.path.lexists(pattern) else []
    return sorted(glob.glob(pattern, include_hidden=True))


def copy(source: str, target: str, overwrite: bool) -> None:
    """Copies a file.

    Raises:
      AlreadyExistsError: there is a target and `overwrite` is False.
    """
    if not overwrite and os.path.exists(target):
        raise errors.AlreadyExistsError(None, None, "file already exists")
    with opened(source):
        shutil.copyfile(source, target)


def rename(source: str, target: str, overwrite: bool) -> None:
    """Renames a file or folder.

    Raises:
      AlreadyExistsError: there is a target and `overwrite` is False.
    """
    if not overwrite and os.path.exists(target):
        raise errors.AlreadyExistsError(None, None, "file already exists")
    with opened(source):
        os.replace(source, target)


def remove(path: str) -> None:
    """Removes a file."""
    with opened(path):
        os.unlink(path)


def remove_tree(path: str) -> None:
    """Removes a folder with everything in it, or a file."""
    with opened(path):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
