"""Files that others publish: fetched once, whole or not at all, and known again by size and checksum."""

import contextlib
import gzip
import hashlib
import http.client
import json
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zlib
from pathlib import Path
from typing import Any

from jax_slim.checkpoints.native import CheckpointError, MissingCheckpointError
from jax_slim.progress import Progress

_MOST = 4 << 30  # bytes of a file, and of what an archive holds
_MEMBERS = 1000  # files and folders of an archive
_AT_ONCE = 1 << 20
_SECONDS = 30  # without a byte
_LOOPBACK = ("127.0.0.1", "localhost")


def fetched(url: str, path: Path) -> str | None:
    """Fetches a file unless it is there. What was begun is gone on with.

    The first time its size and SHA-256 are written beside it, to '<name>.json'; later files of that name must be the
    same.

    Args:
      url: of the file; https alone, also behind redirections.
      path: where to put it.

    Returns:
      The commit that the server says the file is of (as the Hugging Face Hub does); None where it says nothing, or
      nothing was fetched.

    Raises:
      MissingCheckpointError: it is not there and cannot be fetched; the text says where to put it.
      CheckpointError: it is not the file that was first seen.
    """
    if path.exists():
        return None
    part = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        commit = _download(url, part)
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise MissingCheckpointError(
            f"{path} is not there, and {url} cannot be fetched ({why}). Try again, or put the file there by hand."
        ) from error
    _same_as_first(path, part)
    part.replace(path)
    return commit


def unpacked(archive: Path, folder: Path) -> None:
    """Unpacks a .tar.gz into a folder, which appears when it is complete. Only files and folders within it.

    Raises:
      CheckpointError: it is damaged, or holds something else; the folder is not there then.
    """
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with gzip.open(archive) as packed:
            _extract(packed, archive, temporary)
        with contextlib.suppress(FileExistsError):
            temporary.rename(folder)
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{archive} is damaged ({str(error) or type(error).__name__}). Remove it, and it is fetched anew."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _extract(packed: Any, archive: Path, folder: Path) -> None:
    pieces: Any = _Pieces(packed)
    with tarfile.open(fileobj=pieces, mode="r:") as tar:
        size = 0
        for number, member in enumerate(tar):
            size += member.size
            # Before the next one is looked for: after one with a size below zero it would be the same again.
            if number >= _MEMBERS or member.size < 0 or size > _MOST or not (member.isreg() or member.isdir()):
                raise CheckpointError(f"{archive} holds {member.name!r}, which a checkpoint does not. Remove it.")
            tar.extract(member, folder, filter="data")


class _Pieces:
    """A file that is read in pieces alone: tarfile takes what is before a member, its name perhaps, at once."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _AT_ONCE:
            raise tarfile.ReadError("it describes a member at a length that no name has")
        return self._file.read(size)


class _OnlySafe(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check(url: str) -> None:
    told = urllib.parse.urlsplit(url)
    if told.scheme != "https" and not (told.scheme == "http" and told.hostname in _LOOPBACK):
        raise ValueError(f"{url} is no address of https")


def _download(url: str, part: Path) -> str | None:
    _check(url)
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "jax-slim"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer = urllib.request.build_opener(_OnlySafe).open(request, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:  # what is there is longer than the file: begin anew
            raise
        part.unlink()
        return _download(url, part)
    with answer:
        have = have if answer.status == 206 else 0
        length = answer.headers.get("Content-Length")
        total = None if length is None else have + int(length)
        if total is not None and total > _MOST:
            raise ValueError(f"it has {total} bytes")
        with part.open("r+b" if have else "wb") as file, Progress(total, "fetch", "bytes", start=have) as progress:
            file.seek(have)
            while data := answer.read(_AT_ONCE):
                file.write(data)
                have += len(data)
                if have > _MOST:
                    raise ValueError("it does not end")
                progress.update(have)
        if total is not None and have != total:
            raise ValueError(f"it ended after {have} of {total} bytes")
        return answer.headers.get("X-Repo-Commit")


def _same_as_first(path: Path, part: Path) -> None:
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while data := file.read(_AT_ONCE):
            digest.update(data)
    now = {"size": part.stat().st_size, "sha256": digest.hexdigest()}
    record = path.with_name(f"{path.name}.json")
    try:
        first = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        record.write_text(json.dumps(now) + "\n", encoding="utf-8")
        return
    except ValueError:
        raise CheckpointError(f"{record} is damaged. Remove it to trust the next file that is fetched.") from None
    if first != now:
        part.unlink()
        raise CheckpointError(
            f"{path} is not the file that was first fetched: it has {now['size']} bytes and the SHA-256 "
            f"{now['sha256']}, {record} says {first}. If it was published anew, remove {record.name}."
        )
