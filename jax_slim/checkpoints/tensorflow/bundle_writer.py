"""Writes V2 checkpoints that TensorFlow reads: an index, one file of values, and the `checkpoint` state file."""

import contextlib
import logging
import os
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow.atomic import written_whole
from jax_slim.checkpoints.tensorflow.bundles import HEADER_KEY, VERSION
from jax_slim.checkpoints.tensorflow.dtypes import STRING, TensorType, type_of_dtype
from jax_slim.checkpoints.tensorflow.paths import data_path, files_of, index_path, is_there
from jax_slim.checkpoints.tensorflow.state_files import read_checkpoint_state, update_checkpoint_state
from jax_slim.checkpoints.tensorflow.table_writer import TableWriter
from jax_slim.checkpoints.tensorflow.wire import field, fixed32_field, write_varint
from jax_slim.data.checksums import crc32c, mask

_PIECE = 1 << 20
_FILE_NAME = re.compile(r".*(\.index|\.meta|\.data-\d{5,}-of-\d{5,})")

_log = logging.getLogger(__name__)


def write_checkpoint(
    prefix: str | os.PathLike[str],
    tensors: Mapping[str, Any],
    *,
    global_step: int | None = None,
    update_state: bool = True,
    max_to_keep: int | None = None,
    latest_filename: str | None = None,
) -> str:
    """Writes arrays as a V2 checkpoint that `tf.train.Saver` and `tf.train.load_checkpoint` read, whole or not at all.

        write_checkpoint("/tmp/run/model.ckpt", variables, global_step=1200)

        /tmp/run/model.ckpt-1200.index
        /tmp/run/model.ckpt-1200.data-00000-of-00001
        /tmp/run/checkpoint                             names it as the latest

    Both files are on the disk under other names before the first of them gets its own, and the state file is changed
    after that. An array on an accelerator is fetched when it is written, so that one at a time is in memory twice.
    With several processes only one of them may write.

    Args:
      prefix: directory (made when missing) and the beginning of the files' names.
      tensors: name -> array; jax's and NumPy's arrays of all their dtypes, and strings: bytes, str (written as UTF-8),
        arrays of either.
      global_step: is appended to the prefix, as in `model.ckpt-1200`.
      update_state: whether to make it the latest in the state file. Its paths are relative: the directory may be moved.
      max_to_keep: how many checkpoints that the state file lists are kept; older ones are deleted. None keeps all.
      latest_filename: the name of the state file; 'checkpoint' by default.

    Returns:
      The prefix with the step: what `open_checkpoint` and TensorFlow take.

    Raises:
      ValueError: a prefix, name or number that cannot be.
      TypeError: a value that a checkpoint cannot hold.
      CheckpointError: the disk is full, or the like. What was saved before is still there.
    """
    path = _checked_prefix(os.fspath(prefix), global_step, latest_filename, of_a_run=update_state)
    if max_to_keep is not None and max_to_keep < 1:
        raise ValueError(f"write_checkpoint: max_to_keep must be None or at least 1, got {max_to_keep}.")
    if not isinstance(tensors, Mapping) or not tensors:
        raise ValueError(f"write_checkpoint: tensors must map one name or more to arrays, got {tensors!r}.")
    types = {_checked_name(name): _checked_type(name, value) for name, value in tensors.items()}
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        # The values first: without an index they are nothing.
        with written_whole([data_path(path), index_path(path)]) as (values, index):
            table = TableWriter(index)
            table.add(HEADER_KEY, field(1, 1) + field(3, field(1, VERSION)))
            offset = 0
            for name in sorted(types, key=str.encode):
                shape, size, crc = _write_values(values, tensors[name], types[name])
                table.add(name.encode(), _entry(types[name], shape, offset, size, crc))
                offset += size
            table.finish()
    except OSError as error:
        raise CheckpointError(
            f"write_checkpoint: {path} cannot be written: {error.strerror or error}. What was saved before is still "
            "there. Make room, or choose another directory."
        ) from error
    if update_state:
        _make_latest(path, max_to_keep, latest_filename)
    return path


def _checked_prefix(prefix: str, global_step: int | None, latest_filename: str | None, of_a_run: bool) -> str:
    name = os.path.basename(prefix)
    if not name or _FILE_NAME.fullmatch(name) or re.search(r"[*?]", name):
        raise ValueError(
            "write_checkpoint: prefix must be what the files' names begin with, such as /tmp/run/model.ckpt, got "
            f"{prefix!r}."
        )
    path = prefix if global_step is None else f"{prefix}-{int(global_step)}"
    if os.path.basename(path) == (latest_filename or "checkpoint"):
        raise ValueError(f"write_checkpoint: prefix must differ from the name of the state file, got {prefix!r}.")
    if of_a_run and os.path.isdir(path):  # most likely the run's own, in which the files should be
        raise ValueError(f"write_checkpoint: prefix must not be a directory, got {path!r}. Pass {path}/model.ckpt.")
    return path


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name or name.startswith("\0"):
        raise ValueError(f"write_checkpoint: names must be strings with something in them, got {name!r}.")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError(f"write_checkpoint: names must be text, got {name!r}.") from None
    return name


def _checked_type(name: str, value: Any) -> TensorType:
    if isinstance(value, jax.Array):
        if value.is_deleted():
            raise ValueError(
                f"write_checkpoint: the array {name!r} was deleted or donated. Save what the step returned."
            )
        if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
            raise TypeError(f"write_checkpoint: {name!r} is a random key. Save jax.random.key_data of it.")
        if not value.is_fully_addressable:
            raise ValueError(
                f"write_checkpoint: the array {name!r} is spread over several processes. Gather it first "
                "(jax.experimental.multihost_utils.process_allgather)."
            )
        dtype = np.dtype(value.dtype)
    else:
        array = _as_array(value)
        dtype = array.dtype
        if dtype.hasobject and not all(isinstance(item, bytes | str) for item in array.flat):
            kinds = sorted({type(item).__name__ for item in array.flat} - {"bytes", "str"})
            raise TypeError(
                f"write_checkpoint: {name!r} must be an array of numbers or strings, got {', '.join(kinds)}."
            )
    tensor_type = type_of_dtype(dtype)
    if tensor_type is None:
        raise TypeError(f"write_checkpoint: {name!r} must have a dtype that TensorFlow has, got {dtype}.")
    return tensor_type


def _as_array(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, bytes | str):
        return np.asarray(value)
    try:
        array = np.asarray(value)
    except ValueError:  # lists of unequal lengths
        array = np.empty((), object)
        array[()] = value
    # NumPy's own strings lose the zero bytes at their ends.
    return np.array(value, object) if array.dtype.kind in "SU" else array


def _write_values(file: BinaryIO, value: Any, tensor_type: TensorType) -> tuple[tuple[int, ...], int, int]:
    """Writes one tensor; returns its shape, how many bytes it took, and their checksum."""
    array = np.asarray(value) if isinstance(value, jax.Array) else _as_array(value)
    if tensor_type == STRING:
        return array.shape, *_write_strings(file, array)
    raw = np.ascontiguousarray(array, tensor_type.dtype).reshape(-1).view(np.uint8)
    crc = 0
    for start in range(0, raw.size, _PIECE):
        piece = raw[start : start + _PIECE]
        file.write(piece.data)
        crc = crc32c(piece, crc)
    return array.shape, raw.size, crc


def _write_strings(file: BinaryIO, array: np.ndarray) -> tuple[int, int]:
    strings = [item if isinstance(item, bytes) else item.encode() for item in array.flat]
    # The checksum is of the lengths as integers, which are written as varints.
    crc = crc32c(b"".join(struct.pack("<I" if len(item) < 1 << 32 else "<Q", len(item)) for item in strings))
    lengths = b"".join(write_varint(len(item)) for item in strings)
    check = struct.pack("<I", mask(crc))
    crc = crc32c(check, crc)
    file.write(lengths + check)
    for item in strings:
        file.write(item)
        crc = crc32c(item, crc)
    return len(lengths) + len(check) + sum(map(len, strings)), crc


def _entry(tensor_type: TensorType, shape: tuple[int, ...], offset: int, size: int, crc: int) -> bytes:
    dims = b"".join(field(2, field(1, size)) for size in shape)
    return (
        field(1, tensor_type.number) + field(2, dims) + field(4, offset) + field(5, size) + fixed32_field(6, mask(crc))
    )


def _make_latest(path: str, max_to_keep: int | None, latest_filename: str | None) -> None:
    directory = os.path.dirname(path)
    try:
        state = read_checkpoint_state(directory, latest_filename)
    except CheckpointError as error:
        _log.warning("%s It is written anew.", error)
        state = None
    before = state.all_model_checkpoint_paths if state is not None else ()
    this = os.path.abspath(path)
    kept = [other for other in before if os.path.abspath(other) != this and is_there(other)]
    kept.append(path)
    dropped = kept[:-max_to_keep] if max_to_keep is not None else []
    kept = kept[len(dropped) :]
    update_checkpoint_state(
        directory, this, [os.path.abspath(other) for other in kept], latest_filename, save_relative_paths=True
    )
    for other in dropped:
        for file in files_of(other):
            with contextlib.suppress(OSError):  # it may be gone already, or stay: it is no longer listed
                os.unlink(file)
