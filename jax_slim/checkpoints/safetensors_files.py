"""Safetensors files: a header of names, dtypes and shapes, then the bytes. Reading and writing them, with our facts.

The header is checked by the safetensors package, which is imported on first use; the format has no checksums.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import jax.numpy as jnp
import numpy as np

from jax_slim.checkpoints import _manifest
from jax_slim.checkpoints.native import CheckpointError, MissingCheckpointError
from jax_slim.checkpoints.reader import Checkpoint, Entry, PathLike
from jax_slim.core.values import Facts, Variables

_FACTS = "jax_slim.variables"  # in the metadata, where only strings are allowed

_ITEM = re.compile(rb'"(?:[^"\\]|\\.)*":"(?:[^"\\]|\\.)*"')
_METADATA = re.compile(rb'\{"__metadata__":\{(' + _ITEM.pattern + rb"(?:," + _ITEM.pattern + rb")*)\}")

# What the format calls the dtypes of NumPy, and those of ml_dtypes.
_DTYPES = {
    "BOOL": "bool",
    **{f"{kind}{bits}": f"{name}{bits}" for kind, name in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)},
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    "BF16": "bfloat16",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}
_WRITTEN = frozenset(_DTYPES.values())


class SafetensorsCheckpoint(Checkpoint):
    """A `.safetensors` file. Opening it reads the header alone.

    Attributes:
      facts: what `save_safetensors` wrote of each variable; {} in files of others.
      metadata: the strings in the header, by name.
    """

    def __init__(self, path: PathLike) -> None:
        from safetensors import SafetensorError, safe_open

        self.path, self.format = os.path.abspath(path), "safetensors"
        try:
            with safe_open(self.path, framework="numpy") as checked:
                self.metadata = dict(checked.metadata() or {})
            with Path(self.path).open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(length))
        except FileNotFoundError:
            raise MissingCheckpointError(f"No such checkpoint: {self.path}") from None
        except SafetensorError as error:
            why = str(error).removeprefix("Error while deserializing header: ")
            raise CheckpointError(f"{self.path} is damaged, or no safetensors file: {why}.") from error
        except OSError as error:
            raise CheckpointError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        self._start = 8 + length
        self._header = {name: told for name, told in header.items() if name != "__metadata__"}
        self._entries = {}
        for name, told in self._header.items():
            if told["dtype"] not in _DTYPES:
                raise CheckpointError(f"{self.path}: {name!r} is of dtype {told['dtype']}, which NumPy does not have.")
            self._entries[name] = Entry(jnp.dtype(_DTYPES[told["dtype"]]), tuple(told["shape"]))
        self.facts = _facts_from(self.metadata)

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def _read(self, name: str) -> np.ndarray:
        dtype, shape = self._entries[name]
        begin, end = self._header[name]["data_offsets"]
        try:
            with Path(self.path).open("rb") as file:
                file.seek(self._start + begin)
                # NumPy's own fromfile does not know the dtypes of ml_dtypes.
                data = np.fromfile(file, np.uint8, end - begin)
        except OSError as error:
            raise CheckpointError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        if data.size != end - begin:
            raise CheckpointError(f"{self.path} is damaged: it ends within {name!r}.")
        return data.view(dtype).reshape(shape)


def save_safetensors(path: PathLike, variables: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> None:
    """Writes variables to a `.safetensors` file, whole or not at all: what other frameworks read directly.

        slim.checkpoints.save_safetensors("vgg_16.safetensors", variables, {"classes": "1000"})
        variables = slim.checkpoints.load_variables("vgg_16.safetensors")

    Which variables are trainable, and their collections, are kept in the metadata. The same variables and metadata
    give the same bytes.

    Args:
      path: the file; one that is there is replaced once the new one is complete.
      variables: name -> array: `Variables`, a dict or an open checkpoint.
      metadata: strings by name, for the header.

    Raises:
      TypeError: something is not an array of numbers, or `metadata` has something else than strings.
      CheckpointError: the file cannot be written; one that was there stays.
    """
    from safetensors import SafetensorError, TensorSpec, serialize_file

    told = dict(metadata or {})
    for key, value in told.items():
        if not (isinstance(key, str) and isinstance(value, str)):
            raise TypeError(f"save_safetensors: metadata must map strings to strings, got {key!r}: {value!r}.")
    if isinstance(variables, Variables):
        told[_FACTS] = json.dumps({name: [fact.trainable, fact.collections] for name, fact in variables.facts.items()})
    arrays = {name: _written(name, value) for name, value in variables.items()}
    specs = {
        name: TensorSpec(dtype=a.dtype.name, shape=a.shape, data_ptr=a.ctypes.data, data_len=a.nbytes)
        for name, a in arrays.items()
    }
    target = os.path.abspath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        raise CheckpointError(f"save_safetensors: {target} cannot be written: it is a folder or a device.")
    temporary = f"{target}.tmp-{os.getpid()}"
    try:
        serialize_file(specs, temporary, metadata=told or None)
        with Path(temporary).open("rb+") as file:
            _sort_metadata(file)
            os.fsync(file.fileno())
        os.replace(temporary, target)
        _manifest.sync_directory(Path(target).parent)
    except (OSError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or error
        raise CheckpointError(f"save_safetensors: {target} cannot be written: {why}.") from error
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _sort_metadata(file: BinaryIO) -> None:
    """Puts the strings of the header in the order of their names: the safetensors package has them in a random one."""
    header = file.read(int.from_bytes(file.read(8), "little"))
    found = _METADATA.match(header)
    if found:
        items = sorted(_ITEM.findall(found[1]))
        file.seek(8 + found.start(1))
        file.write(b",".join(items))


def can_hold(dtype: np.dtype) -> bool:
    """Whether the format has this dtype."""
    return dtype.name in _WRITTEN


def _written(name: Any, value: Any) -> np.ndarray:
    """The array as its bytes are written: in one piece, little-endian."""
    if not isinstance(name, str) or name == "__metadata__":
        raise TypeError(f"save_safetensors: names must be strings, and not '__metadata__', got {name!r}.")
    try:
        array = np.asarray(value)
    except Exception as error:
        raise TypeError(
            f"save_safetensors: {name!r} must be an array of numbers, got {type(value).__name__}."
        ) from error
    if not can_hold(array.dtype):
        kind = "strings or objects" if array.dtype.kind in "OSU" else array.dtype.name
        raise TypeError(f"save_safetensors: {name!r} must be of a dtype that the format has, got {kind}.")
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)


def _facts_from(metadata: Mapping[str, str]) -> dict[str, Facts]:
    try:
        told = json.loads(metadata.get(_FACTS, "{}"))
        return {name: Facts(bool(trainable), tuple(listed)) for name, (trainable, listed) in told.items()}
    except (ValueError, TypeError, AttributeError):  # not ours, whatever it is called
        return {}
