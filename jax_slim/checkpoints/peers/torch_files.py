"""PyTorch's files, `.pth`, `.pt` and `.bin`, without PyTorch: tensors by name, and nothing else that they can hold."""

import io
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import jax.numpy as jnp
import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.peers.archives import DAMAGED, members
from jax_slim.checkpoints.peers.pickles import Refused, Tensor, read_pickle
from jax_slim.checkpoints.reader import Checkpoint, Entry

_MAGIC = 0x1950A86A20F9469CFC6C  # of the files before PyTorch 1.6
_VERSION = 1001
_LARGEST = 64 << 20  # bytes of a pickle: names, shapes and places
_WRAPPERS = ("state_dict", "model", "model_state_dict", "state_dict_ema", "model_ema", "net", "network")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_DEEP = 4
_SHARED = 8  # times that the tensors of a file may be as large as it is, because several show the same numbers


class _Place(NamedTuple):
    """Where the bytes of a storage are in the file."""

    start: int
    stop: int


class TorchCheckpoint(Checkpoint):
    """A file of `torch.save`: a state_dict, or a dict that has one as 'state_dict' or 'model'. Both forms: the zip of
    PyTorch 1.6 and later, and the pickles before.

    What is no tensor is left out, and what would need something else than tensors to be made is refused. Names are the
    file's, without the 'module.' of nets that ran on several GPUs.
    """

    def __init__(self, path: str) -> None:
        self.path, self.format = os.path.abspath(path), "PyTorch"
        try:
            with Path(self.path).open("rb") as file:
                told, self._places = _zipped(file) if zipfile.is_zipfile(file) else _pickled(file)
        except OSError as error:
            raise CheckpointError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        except DAMAGED as error:
            why = str(error).rstrip(".") or type(error).__name__
            raise CheckpointError(
                f"{self.path} cannot be read as a file of PyTorch: {why}. A file of tensors alone can: "
                "torch.save(model.state_dict(), path), or safetensors.torch.save_file."
            ) from error
        self._tensors = _state(told)
        if not self._tensors:
            raise CheckpointError(f"{self.path} is a file of PyTorch that holds no tensors by name.")
        self._entries = {name: self._entry(name, tensor) for name, tensor in self._tensors.items()}
        shown = sum(math.prod(entry.shape) * entry.dtype.itemsize for entry in self._entries.values())
        if shown > _SHARED * os.path.getsize(self.path):
            raise CheckpointError(f"{self.path} is damaged: its tensors are larger than the file.")

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def _entry(self, name: str, tensor: Tensor) -> Entry:
        storage, dtype = tensor.storage, jnp.dtype(tensor.storage.dtype)
        place = self._places.get(storage.key)
        reached = tensor.offset + sum(
            (size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True)
        )
        elements = math.prod(tensor.shape)
        if place is None or (place.stop - place.start) // dtype.itemsize < storage.size:
            raise CheckpointError(f"{self.path} is damaged: it ends within {name!r}.")
        if elements and (reached >= storage.size or elements > storage.size):
            raise CheckpointError(f"{self.path} is damaged: {name!r} is larger than what the file has of it.")
        return Entry(dtype, tensor.shape)

    def _read(self, name: str) -> np.ndarray:
        tensor, dtype = self._tensors[name], self._entries[name].dtype
        place = self._places[tensor.storage.key]
        if not math.prod(tensor.shape):
            return np.zeros(tensor.shape, dtype)
        steps = [step for size, step in zip(tensor.shape, tensor.strides, strict=True) if size > 1]
        sizes = [size for size in tensor.shape if size > 1]
        count = 1 + sum((size - 1) * step for size, step in zip(sizes, steps, strict=True))
        try:
            with Path(self.path).open("rb") as file:
                file.seek(place.start + tensor.offset * dtype.itemsize)
                data = np.fromfile(file, np.uint8, count * dtype.itemsize)
        except OSError as error:
            raise CheckpointError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        if data.size != count * dtype.itemsize:
            raise CheckpointError(f"{self.path} is damaged: it ends within {name!r}.")
        told = zip(tensor.shape, tensor.strides, strict=True)
        strides = [step * dtype.itemsize if size > 1 else 0 for size, step in told]
        return np.ascontiguousarray(np.lib.stride_tricks.as_strided(data.view(dtype), tensor.shape, strides))


def is_zip_of_torch(path: str) -> bool:
    """Whether a file is a zip archive of PyTorch's."""
    return any(name.endswith("data.pkl") for name in members(path))


def is_old_pickle(head: bytes) -> bool:
    """Whether a file that begins so is a pickle of PyTorch before 1.6."""
    return head[:1] == b"\x80" and head[2:14] == b"\x8a\x0a" + _MAGIC.to_bytes(10, "little")


def _zipped(file: BinaryIO) -> tuple[Any, dict[str, _Place]]:
    """The object in a zip, and where the storages are in the file: all are stored, none compressed."""
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(names) != 1:
        raise Refused(f"it holds {len(names)} pickles")
    stem = names[0].removesuffix("data.pkl")
    listed = {info.filename: info for info in archive.infolist()}
    pickle = listed[names[0]]
    if pickle.file_size > _LARGEST or pickle.compress_type != zipfile.ZIP_STORED:
        raise Refused("its pickle is compressed, or larger than names need")
    if f"{stem}byteorder" in listed and _bytes(file, _place(file, listed[f"{stem}byteorder"]), 16) == b"big":
        raise Refused("its numbers have the largest byte first")
    places = {}
    for name, info in listed.items():
        if name.startswith(f"{stem}data/"):
            if info.compress_type != zipfile.ZIP_STORED:
                raise Refused("its tensors are compressed")
            places[name.removeprefix(f"{stem}data/")] = _place(file, info)
    return read_pickle(io.BytesIO(_bytes(file, _place(file, pickle), _LARGEST))), places


def _place(file: BinaryIO, info: zipfile.ZipInfo) -> _Place:
    file.seek(info.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise Refused("its archive is damaged")
    start = info.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return _Place(start, min(start + info.file_size, os.fstat(file.fileno()).st_size))


def _bytes(file: BinaryIO, place: _Place, most: int) -> bytes:
    file.seek(place.start)
    return file.read(min(place.stop - place.start, most))


def _pickled(file: BinaryIO) -> tuple[Any, dict[str, _Place]]:
    """The object in a row of pickles, and where the storages are, which follow them."""
    file.seek(0)
    limited = _Limited(file, _LARGEST)
    if read_pickle(limited) != _MAGIC or read_pickle(limited) != _VERSION:
        raise Refused("it is a pickle of something else")
    system = read_pickle(limited)
    if not (isinstance(system, dict) and system.get("little_endian", True)):
        raise Refused("its numbers have the largest byte first")
    told = read_pickle(limited)
    keys = read_pickle(limited)
    storages = {tensor.storage.key: tensor.storage for tensor in _tensors(told)}
    places, end = {}, os.fstat(file.fileno()).st_size
    for key in keys if isinstance(keys, list) else ():
        storage = storages.get(key) if isinstance(key, str) else None
        size = int.from_bytes(file.read(8), "little")
        if storage is None or size != storage.size:
            raise Refused("its tensors are damaged, or not all in the file's dict")
        start = file.tell()
        stop = start + size * jnp.dtype(storage.dtype).itemsize
        if stop > end:
            raise Refused("it ends within a tensor")
        places[key] = _Place(start, stop)
        file.seek(stop)
    return told, places


class _Limited:
    """A file whose pickles may only have so many bytes."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._left = file, most

    def read(self, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            raise Refused("its pickle is larger than names need")
        return self._file.read(size)

    def readline(self) -> bytes:
        line = self._file.readline(4096)
        self._left -= len(line)
        return line

    def tell(self) -> int:
        return self._file.tell()


def _tensors(told: Any) -> list[Tensor]:
    """All tensors in dicts, lists and tuples, each of these once."""
    found, left, seen = [], [told], set()
    while left:
        item = left.pop()
        if isinstance(item, Tensor):
            found.append(item)
        elif isinstance(item, dict | list | tuple) and id(item) not in seen:
            seen.add(id(item))
            left += item.values() if isinstance(item, dict) else item
    return found


def _state(told: Any, deep: int = _DEEP) -> dict[str, Tensor]:
    """The tensors by name: of the dict itself, or of the one in it that is called as people call a model's."""
    if not isinstance(told, dict) or not deep:
        return {}
    own = {name: value for name, value in told.items() if isinstance(value, Tensor) and isinstance(name, str)}
    for wrapper in _WRAPPERS:
        inside = told.get(wrapper)
        if isinstance(inside, dict) and (found := _state(inside, deep - 1)):
            own = found
            break
    for prefix in _PREFIXES:
        if own and all(name.startswith(prefix) for name in own):
            own = {name.removeprefix(prefix): tensor for name, tensor in own.items()}
    return own
