"""The file that makes a directory a whole checkpoint: what it holds, and a checksum of every other file.

orbax and its storage do not notice a changed byte inside an array (tried: twelve of twelve came back silently), so the
checksums are ours. The manifest is the last file written before the directory gets its final name.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jax_slim.checkpoints._values import spec_of

NAME = "checkpoint.json"
_FORMAT = 1
_CHUNK = 1 << 20


class DamagedError(Exception):
    """A checkpoint is not what was written; the text says which file, and how."""


def write(directory: Path, contents: Mapping[str, Any]) -> None:
    """Writes the manifest: `contents` (JSON values) and the checksums of the files there. All of it is made durable."""
    files = {}
    for path in _files(directory):
        with path.open("rb") as file:
            files[path.relative_to(directory).as_posix()] = _measure(file)
            os.fsync(file.fileno())
    body = {"format": _FORMAT, **contents, "files": files}
    with (directory / NAME).open("w", encoding="utf-8") as file:
        json.dump({"crc32": _crc(body), **body}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    for path in (path for path in directory.rglob("*") if path.is_dir()):
        sync_directory(path)
    sync_directory(directory)


def read(directory: Path) -> dict[str, Any]:
    """The contents given to `write`; raises DamagedError when the manifest itself is not whole, or none of ours."""
    try:
        text = (directory / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DamagedError(f"{NAME} is missing") from None
    except OSError as error:
        raise DamagedError(f"{NAME} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DamagedError(f"{NAME} is corrupt") from error
    try:
        body = json.loads(text)
    except ValueError as error:
        raise DamagedError(f"{NAME} is corrupt") from error
    if not isinstance(body, dict) or body.pop("crc32", None) != _crc(body):
        raise DamagedError(f"{NAME} is corrupt: its checksum differs")
    if body.get("format") != _FORMAT:
        raise DamagedError(f"its format is {body.get('format')!r}, and this version of jax-slim reads {_FORMAT}")
    try:
        _check_form(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedError(f"{NAME} is none that jax-slim writes: {type(error).__name__}: {error}") from error
    if directory.name.isdecimal() and int(directory.name) != body["step"]:
        raise DamagedError(f"it is of step {body['step']}: call the directory that again")
    return body


def verify(directory: Path, contents: Mapping[str, Any]) -> None:
    """Reads every file of the checkpoint; raises DamagedError at the first that is not as it was written."""
    for name, (size, crc) in contents["files"].items():
        try:
            with (directory / name).open("rb") as file:
                found_size, found_crc = _measure(file)
        except FileNotFoundError:
            raise DamagedError(f"{name} is missing") from None
        except OSError as error:
            raise DamagedError(f"{name} cannot be read: {error.strerror}") from error
        if found_size != size:
            raise DamagedError(f"{name} has {found_size} bytes instead of {size}")
        if found_crc != crc:
            raise DamagedError(f"{name} is corrupt: its checksum differs")


def _check_form(body: Mapping[str, Any]) -> None:
    """Raises what using a manifest would raise somewhere else, if it is not of the form that `write` gives it.

    A checksum tells what happened by accident, not what somebody made.
    """
    for name, (size, crc) in body["files"].items():
        parts = name.split("/")
        if os.path.isabs(name) or ".." in parts or "\\" in name or "" in parts or ":" in parts[0]:
            raise ValueError(f"it names the file {name!r}, which is not in its folder")
        if not (isinstance(size, int) and isinstance(crc, int)):
            raise TypeError(f"{name!r} has no size and checksum")
    for entry in body["arrays"].values():
        spec_of(entry)
    if not isinstance(body["step"], int):
        raise TypeError(f"its step is {body['step']!r}")
    facts = body["facts"]
    for name, told in (facts.get("variables") or {}).items():
        _, collections = told
        if not all(isinstance(one, str) for one in (name, *collections)):
            raise TypeError(f"{name!r} is in collections that are no names")
    for name, average in (facts.get("averages") or {}).items():
        if not isinstance(average, str):
            raise TypeError(f"the average of {name!r} is no name")


def sync_directory(path: Path) -> None:
    """Makes the names in a directory durable, where the file system can."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # Windows has no such thing
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if path.is_file() and path.name != NAME)


def _measure(file: Any) -> list[int]:
    size = crc = 0
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        crc = zlib.crc32(chunk, crc)
    return [size, crc]


def _crc(body: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(body, sort_keys=True).encode())
