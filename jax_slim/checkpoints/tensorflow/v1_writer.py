"""Writes V1 checkpoints: one table, in it a list of the tensors and each tensor's values as a message.

(saved_tensor_slice.proto and tensor.proto of TensorFlow)
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow.atomic import written_whole
from jax_slim.checkpoints.tensorflow.dtypes import TensorType, type_of_dtype
from jax_slim.checkpoints.tensorflow.slice_keys import WHOLE, slice_key
from jax_slim.checkpoints.tensorflow.table_writer import TableWriter
from jax_slim.checkpoints.tensorflow.wire import field, write_varint

_FIXED = {"float32": 5, "float64": 6, "complex64": 9, "complex128": 12}
_VARYING = {"int64": 10, "bool": 11, "bfloat16": 13, "float16": 13, "uint32": 16, "uint64": 17}
_SMALL = 7  # integers of at most 32 bits


def write_checkpoint(path: str | os.PathLike[str], tensors: Mapping[str, Any]) -> None:
    """Writes arrays as a V1 checkpoint, the form of TensorFlow before 1.0, whole or not at all.

    Args:
      path: the file.
      tensors: name -> array, of TensorFlow's dtypes; strings as arrays of bytes.

    Raises:
      TypeError: a value that a checkpoint cannot hold.
      CheckpointError: the disk is full, or the like.
    """
    arrays = {name: np.asarray(value) for name, value in tensors.items()}
    types = {name: _type(name, array) for name, array in arrays.items()}
    listed = b"".join(field(1, _entry(name, arrays[name].shape, types[name])) for name in arrays)
    values = {slice_key(n.encode(), [(0, WHOLE)] * a.ndim): _slice(n, a, types[n]) for n, a in arrays.items()}
    try:
        with written_whole([os.fspath(path)]) as (file,):
            table = TableWriter(file)
            table.add(b"", field(1, listed + field(2, field(1, 1))))
            for key in sorted(values):
                table.add(key, values[key])
            table.finish()
    except OSError as error:
        raise CheckpointError(
            f"write_checkpoint: {os.fspath(path)} cannot be written: {error.strerror or error}. Make room, or choose "
            "another directory."
        ) from error


def _type(name: str, array: np.ndarray) -> TensorType:
    found = type_of_dtype(np.dtype(object) if array.dtype.kind in "SU" else array.dtype)
    if found is None:
        raise TypeError(f"write_checkpoint: {name!r} must have a dtype that TensorFlow has, got {array.dtype}.")
    return found


def _shape(shape: tuple[int, ...]) -> bytes:
    return b"".join(field(2, field(1, size)) for size in shape)


def _whole(rank: int) -> bytes:
    """A slice that is everything: an extent without a length for each dimension."""
    return b"".join(field(1, b"") for _ in range(rank))


def _entry(name: str, shape: tuple[int, ...], tensor_type: TensorType) -> bytes:
    return (
        field(1, name.encode()) + field(2, _shape(shape)) + field(3, tensor_type.number) + field(4, _whole(len(shape)))
    )


def _slice(name: str, array: np.ndarray, tensor_type: TensorType) -> bytes:
    tensor = field(1, tensor_type.number) + _values(array, tensor_type)
    return field(2, field(1, name.encode()) + field(2, _whole(array.ndim)) + field(3, tensor))


def _values(array: np.ndarray, tensor_type: TensorType) -> bytes:
    if tensor_type.is_string:
        texts = (v if isinstance(v, bytes) else str(v).encode() for v in array.reshape(-1))
        return b"".join(field(8, text) for text in texts)
    if tensor_type.name in _FIXED:
        raw = np.ascontiguousarray(array, tensor_type.dtype).tobytes()
        return field(_FIXED[tensor_type.name], raw)
    if tensor_type.name in ("bfloat16", "float16"):
        array = np.ascontiguousarray(array).view(np.uint16)
    numbers = (int(v) % (1 << 64) for v in np.asarray(array).reshape(-1).tolist())
    return field(_VARYING.get(tensor_type.name, _SMALL), b"".join(map(write_varint, numbers)))
