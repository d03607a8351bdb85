"""`tf.gfile` and `tf.io.gfile`: files and folders, with TensorFlow's errors."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jax_slim.tf1.graph import errors
from jax_slim.tf1.operations import file_system
from jax_slim.tf1.operations.file_system import opened, text_of

_MODES = {
    "r": "rb",
    "rb": "rb",
    "w": "wb",
    "wb": "wb",
    "a": "ab",
    "ab": "ab",
    "r+": "rb+",
    "w+": "wb+",
    "a+": "ab+",
    "x": "xb",
    "xb": "xb",
}


class GFile:
    """A file, opened when it is first read or written. Without 'b' in the mode texts are UTF-8 and come as str."""

    def __init__(self, name: Any, mode: str = "r") -> None:
        self._name, self._mode = text_of(name), mode
        self._file: Any = None

    name = property(lambda self: self._name)
    mode = property(lambda self: self._mode)

    def _opened(self) -> Any:
        if self._file is None:
            if self._mode not in _MODES:
                raise errors.InvalidArgumentError(None, None, f"{self._mode} is not a valid mode")
            with opened(self._name):
                self._file = Path(self._name).open(_MODES[self._mode])  # noqa: SIM115 - it is closed by `close`
        return self._file

    def _readable(self) -> Any:
        if not any(sign in self._mode for sign in "r+"):
            raise errors.PermissionDeniedError(None, None, "File isn't open for reading")
        return self._opened()

    def _text(self, found: bytes) -> Any:
        return found if "b" in self._mode else found.decode()

    def read(self, n: int = -1) -> Any:
        """The next n bytes, or all that remain."""
        return self._text(self._readable().read(n))

    def readline(self) -> Any:
        """The next line with its end; nothing at the end of the file."""
        return self._text(self._readable().readline())

    def readlines(self) -> list[Any]:
        """The lines that remain."""
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        found = self.readline()
        if not found:
            raise StopIteration
        return found

    next = __next__

    def write(self, file_content: Any) -> None:
        """Writes a text, or bytes.

        Raises:
          PermissionDeniedError: the file is open for reading.
        """
        if not any(sign in self._mode for sign in "wax+"):
            raise errors.PermissionDeniedError(None, None, "File isn't open for writing")
        self._opened().write(file_content.encode() if isinstance(file_content, str) else file_content)

    def seek(self, offset: Any = None, whence: int = 0, position: Any = None) -> None:
        """Goes to a place, from the start, from here (`whence` 1), or from the end (2)."""
        self._readable().seek(position if offset is None else offset, whence)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._opened().tell()

    def size(self) -> int:
        """How many bytes the file has."""
        if self._file is not None and "r" not in self._mode:
            self._file.flush()
        with opened(self._name):
            return os.stat(self._name).st_size

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Closes it. Reading or writing opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> "GFile":
        if "r" not in self._mode:
            self._opened()
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


FastGFile = Open = GFile
io.IOBase.register(GFile)  # for libraries that ask whether they may read from it


class FileStatistics:
    """What `Stat` tells of a file: its length in bytes, when it was changed (nanoseconds), whether it is a folder."""

    def __init__(self, length: int, mtime_nsec: int, is_directory: bool) -> None:
        self.length, self.mtime_nsec, self.is_directory = length, mtime_nsec, is_directory


def Exists(filename: Any) -> bool:
    """Whether there is a file or folder."""
    return os.path.exists(text_of(filename))


def IsDirectory(dirname: Any) -> bool:
    """Whether there is a folder of that name."""
    return os.path.isdir(text_of(dirname))


def Remove(filename: Any) -> None:
    """Removes a file.

    Raises:
      NotFoundError: there is none.
    """
    file_system.remove(text_of(filename))


def Copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """Copies a file.

    Raises:
      AlreadyExistsError: the target is there and `overwrite` is False.
    """
    file_system.copy(text_of(oldpath), text_of(newpath), overwrite)


def Rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Renames a file or folder.

    Raises:
      AlreadyExistsError: the target is there and `overwrite` is False.
    """
    file_system.rename(text_of(oldname), text_of(newname), overwrite)


def MkDir(dirname: Any) -> None:
    """Makes a folder; the one above it must be there.

    Raises:
      NotFoundError, AlreadyExistsError: it is not, or the folder is there already.
    """
    path = text_of(dirname)
    with opened(path):
        os.mkdir(path)


def MakeDirs(dirname: Any) -> None:
    """Makes a folder and those above it; does nothing where it is there."""
    file_system.make_folders(text_of(dirname))


def DeleteRecursively(dirname: Any) -> None:
    """Removes a folder with everything in it."""
    file_system.remove_tree(text_of(dirname))


def ListDirectory(dirname: Any) -> list[str]:
    """The names of what is in a folder.

    Raises:
      NotFoundError: there is no such folder.
    """
    path = text_of(dirname)
    if not os.path.isdir(path):
        raise errors.NotFoundError(None, None, f"Could not find directory {path}")
    with opened(path):
        return os.listdir(path)


def Glob(filename: Any) -> list[str]:
    """The files that a pattern, or one of a list, matches."""
    patterns = filename if isinstance(filename, list | tuple) else [filename]
    return [found for pattern in patterns for found in file_system.matching(text_of(pattern))]


def Walk(top: Any, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """(folder, names of folders in it, names of files in it) for a folder and all below it; those below first without `in_order`."""
    yield from os.walk(text_of(top), topdown=in_order)


def Stat(filename: Any) -> FileStatistics:
    """Facts of a file.

    Raises:
      NotFoundError: there is none.
    """
    path = text_of(filename)
    with opened(path):
        found = os.stat(path)
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(path))


def walk_v2(top: Any, topdown: bool = True, onerror: Any = None) -> Iterator[tuple[str, list[str], list[str]]]:
    """`Walk`, by the name of later versions."""
    return Walk(top, topdown)


def join(path: Any, *paths: Any) -> str:
    """Parts of a path put together."""
    return os.path.join(text_of(path), *(text_of(p) for p in paths))


# What `tensorflow.python.lib.io.file_io` calls them.


def read_file_to_string(filename: Any, binary_mode: bool = False) -> Any:
    """The contents of a file, as str, or as bytes in `binary_mode`."""
    with GFile(filename, "rb" if binary_mode else "r") as file:
        return file.read()


def write_string_to_file(filename: Any, file_content: Any) -> None:
    """Writes a text into a file."""
    with GFile(filename, "w") as file:
        file.write(file_content)


def recursive_create_dir(dirname: Any) -> None:
    """`MakeDirs`."""
    MakeDirs(dirname)


def file_exists(filename: Any) -> bool:
    """`Exists`."""
    return Exists(filename)


def get_matching_files(filename: Any) -> list[str]:
    """`Glob`."""
    return Glob(filename)


def list_directory(dirname: Any) -> list[str]:
    """`ListDirectory`."""
    return ListDirectory(dirname)


def delete_file(filename: Any) -> None:
    """`Remove`."""
    Remove(filename)


def delete_recursively(dirname: Any) -> None:
    """`DeleteRecursively`."""
    DeleteRecursively(dirname)


def is_directory(dirname: Any) -> bool:
    """`IsDirectory`."""
    return IsDirectory(dirname)


def create_dir(dirname: Any) -> None:
    """`MkDir`."""
    MkDir(dirname)


def rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """`Rename`."""
    Rename(oldname, newname, overwrite)


def copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """`Copy`."""
    Copy(oldpath, newpath, overwrite)


def stat(filename: Any) -> FileStatistics:
    """`Stat`."""
    return Stat(filename)


FileIO = GFile
