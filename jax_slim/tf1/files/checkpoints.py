"""Checkpoints as the operations Save and Restore see them: names, slices and arrays. The formats are those of `jax_slim.checkpoints`."""

import functools
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.checkpoints import tensorflow as formats
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow import paths, v1_writer
from jax_slim.tf1.graph import dtypes, errors


def save(prefix: str, names: Sequence[str], slices: Sequence[str], tensors: Sequence[Any], version: int = 2) -> None:
    """Writes tensors; parts of a whole (their slices say which) are put together.

    Raises:
      NotFoundError: the folder's own folder is missing.
      UnimplementedError: parts of a whole are missing.
    """
    parent = os.path.dirname(os.path.dirname(prefix) or ".")
    if parent and not os.path.isdir(parent):
        raise errors.NotFoundError(None, None, f"{os.path.dirname(prefix)}; No such file or directory")
    whole = _joined(names, slices, tensors)
    try:
        if version == 1:
            v1_writer.write_checkpoint(prefix, whole)
        else:
            formats.write_checkpoint(prefix, whole, update_state=False)
    except CheckpointError as error:
        raise errors.InternalError(None, None, str(error)) from error
    _open.cache_clear()


def _joined(names: Sequence[str], slices: Sequence[str], tensors: Sequence[Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    covered: dict[str, int] = {}
    for name, text, tensor in zip(names, slices, tensors, strict=True):
        if not text.strip():
            if name in whole:
                raise errors.InvalidArgumentError(None, None, f"Adding duplicate key: {name}")
            whole[name] = tensor
            continue
        shape, place = parsed_slice(text)
        if name not in whole:
            whole[name] = np.zeros(shape, np.asarray(tensor).dtype)
            covered[name] = 0
        whole[name][place] = tensor
        covered[name] += int(np.size(tensor))
    for name, count in covered.items():
        if count < whole[name].size:
            raise errors.UnimplementedError(
                None,
                None,
                f"All parts of {name} must be saved together: only {count} of {whole[name].size} elements are here.",
            )
    return whole


def parsed_slice(text: str) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    """The whole's shape and the part's place, of a text such as '6 4 0,3:-'.

    Raises:
      InvalidArgumentError: it is no such text.
    """
    *sizes, extents = text.split()
    try:
        shape = tuple(int(s) for s in sizes)
        place = []
        for size, extent in zip(shape, extents.split(":"), strict=True):
            if extent == "-":
                place.append(slice(0, size))
            else:
                start, _, length = extent.partition(",")
                place.append(slice(int(start), int(start) + int(length)))
    except ValueError:
        raise errors.InvalidArgumentError(
            None, None, f"Need shape and slice such as '6 4 0,3:-', got {text!r}"
        ) from None
    return shape, tuple(place)


def restore(
    prefix: str, names: Sequence[str], slices: Sequence[str], types: Sequence[Any] | None = None
) -> list[np.ndarray]:
    """Reads tensors, or parts of them.

    Raises:
      NotFoundError: there is no such checkpoint, or no such tensor in it.
      InvalidArgumentError: a tensor has another type, or another shape than its slice says.
      DataLossError: the files are damaged.
    """
    checkpoint = opened(prefix)
    entries = checkpoint.entries()
    found = []
    for place, (name, text) in enumerate(zip(names, slices, strict=True)):
        if name not in entries:
            raise errors.NotFoundError(None, None, f"Key {name} not found in checkpoint")
        kind = dtypes.as_dtype(entries[name].type_name)
        if types is not None and dtypes.as_dtype(types[place]).base_dtype != kind:
            wanted = dtypes.as_dtype(types[place]).base_dtype.name
            raise errors.InvalidArgumentError(
                None, None, f"tensor_name = {name}; expected dtype {wanted} does not equal original dtype {kind.name}"
            )
        try:
            value = checkpoint[name]
        except CheckpointError as error:
            raise errors.DataLossError(None, None, str(error)) from error
        if text.strip():
            shape, part = parsed_slice(text)
            if shape != value.shape:
                sizes = ["[" + ",".join(map(str, s)) + "]" for s in (shape, value.shape)]
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"tensor_name = {name}; shape in shape_and_slice spec {sizes[0]} does not match the shape stored in checkpoint: {sizes[1]}",
                )
            value = value[part]
        found.append(value)
    return found


def opened(prefix: str) -> formats.TensorFlowCheckpoint:
    """A checkpoint, its index read.

    Raises:
      NotFoundError: there is none of that prefix.
      DataLossError: it is damaged.
    """
    try:
        stamps = tuple(os.stat(p).st_mtime_ns for p in paths.files_of(prefix)[:1])
    except OSError:
        stamps = ()
    return _open(prefix, stamps)


@functools.lru_cache(maxsize=4)
def _open(prefix: str, stamps: tuple[int, ...]) -> formats.TensorFlowCheckpoint:
    if not exists(prefix):
        raise errors.NotFoundError(
            None, None, f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {prefix}"
        )
    try:
        return formats.open_checkpoint(prefix)
    except CheckpointError as error:
        raise errors.DataLossError(None, None, str(error)) from error


def exists(prefix: str) -> bool:
    """Whether there is a V1 or V2 checkpoint of that prefix."""
    return bool(prefix) and paths.is_there(prefix)


def merge(prefixes: Sequence[str], destination: str, delete_old_dirs: bool = True) -> None:
    """Makes one checkpoint of several, and removes those."""
    whole: dict[str, Any] = {}
    for prefix in prefixes:
        with formats.open_checkpoint(prefix) as checkpoint:
            whole.update({name: checkpoint[name] for name in checkpoint})
    save(destination, list(whole), [""] * len(whole), list(whole.values()))
    for prefix in prefixes:
        for file in paths.files_of(prefix):
            os.unlink(file)
        if delete_old_dirs and os.path.dirname(prefix) != os.path.dirname(destination):
            try:
                os.rmdir(os.path.dirname(prefix))
            except OSError:  # something else is in it
                pass
    _open.cache_clear()


class CheckpointReader:
    """`tf.train.NewCheckpointReader(prefix)`: what is in a checkpoint, tensor by tensor."""

    def __init__(self, filename: Any) -> None:
        self._checkpoint = opened(os.fspath(filename) if not isinstance(filename, bytes) else filename.decode())

    def has_tensor(self, tensor_str: Any) -> bool:
        """Whether it has a tensor of that name."""
        return _text(tensor_str) in self._checkpoint

    def get_tensor(self, tensor_str: Any) -> Any:
        """The tensor's value.

        Raises:
          NotFoundError: there is none of that name.
        """
        name = _text(tensor_str)
        if name not in self._checkpoint:
            raise errors.NotFoundError(None, None, f"Key {name} not found in checkpoint")
        value = self._checkpoint[name]
        return value if value.shape else value[()]

    def get_variable_to_shape_map(self) -> Mapping[str, list[int]]:
        """Name -> shape."""
        return {name: list(entry.shape) for name, entry in self._checkpoint.entries().items()}

    def get_variable_to_dtype_map(self) -> Mapping[str, Any]:
        """Name -> type."""
        return {name: dtypes.as_dtype(entry.type_name) for name, entry in self._checkpoint.entries().items()}

    def debug_string(self) -> bytes:
        """A line for each tensor: name, type and shape."""
        entries = self._checkpoint.entries()
        lines = [
            f"{n} (DT_{e.type_name.replace('float32', 'float').upper()}) {list(e.shape)}".replace(", ", ",")
            for n, e in sorted(entries.items())
        ]
        return "".join(line + "\n" for line in lines).encode()


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else name
