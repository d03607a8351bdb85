"""Rows that save and restore tensors."""

import functools
import importlib
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, rows, shape_inference, shapes


@functools.cache
def _files() -> Any:
    # What files hold is a room of its own, beside the operations.
    return importlib.import_module("jax_slim.tf1.files.checkpoints")


def _str(value: Any) -> str:
    value = np.asarray(value, object).reshape(-1)
    if value.size != 1:
        raise errors.InvalidArgumentError(
            None, None, f"Input prefix should have a single element, got {value.size} instead."
        )
    return value[0].decode() if isinstance(value[0], bytes) else str(value[0])


def _strs(values: Any) -> list[str]:
    return [v.decode() if isinstance(v, bytes) else str(v) for v in np.asarray(values, object).reshape(-1)]


def _scalar(text: str) -> np.ndarray:
    result = np.empty((), object)
    result[()] = text.encode()
    return result


@rows.row("SaveV2", host=True, gradient=rows.NONE)
def save_v2(prefix: Any, tensor_names: Any, shape_and_slices: Any, tensors: Any) -> Any:
    _files().save(_str(prefix), _strs(tensor_names), _strs(shape_and_slices), tensors)
    return []


@rows.row("Save", host=True, gradient=rows.NONE)
def save_v1(filename: Any, tensor_names: Any, data: Any) -> Any:
    _files().save(_str(filename), _strs(tensor_names), [""] * len(data), data, version=1)
    return []


@rows.row("SaveSlices", host=True, gradient=rows.NONE)
def save_slices(filename: Any, tensor_names: Any, shapes_and_slices: Any, data: Any) -> Any:
    _files().save(_str(filename), _strs(tensor_names), _strs(shapes_and_slices), data, version=1)
    return []


def _restored_shapes(op: Any) -> Any:
    from jax_slim.tf1.graph import known_values

    slices = known_values.constant_value(op._inputs[2])
    if slices is None or len(slices) != len(op.outputs):
        return [shapes.unknown_shape() for _ in op.outputs]
    return [_part_shape(text) for text in _strs(slices)]


def _part_shape(text: str) -> shapes.TensorShape:
    if not text.strip():
        return shapes.unknown_shape()
    _, place = _files().parsed_slice(text)
    return shapes.TensorShape([p.stop - p.start for p in place])


@rows.row("RestoreV2", host=True, shape=_restored_shapes, gradient=rows.NONE)
def restore_v2(prefix: Any, tensor_names: Any, shape_and_slices: Any, *, dtypes: Any) -> Any:
    return _files().restore(_str(prefix), _strs(tensor_names), _strs(shape_and_slices), dtypes)


@rows.row("Restore", host=True, shape=shape_inference.unknown, gradient=rows.NONE)
def restore(file_pattern: Any, tensor_name: Any, *, dt: Any) -> Any:
    return _files().restore(_str(file_pattern), _strs(tensor_name), [""], [dt])


@rows.row("RestoreSlice", host=True, shape=shape_inference.unknown, gradient=rows.NONE)
def restore_slice(file_pattern: Any, tensor_name: Any, shape_and_slice: Any, *, dt: Any) -> Any:
    return _files().restore(_str(file_pattern), _strs(tensor_name), _strs(shape_and_slice), [dt])


@rows.row("MergeV2Checkpoints", host=True, gradient=rows.NONE)
def merge_v2_checkpoints(checkpoint_prefixes: Any, destination_prefix: Any, *, delete_old_dirs: bool) -> Any:
    _files().merge(_strs(checkpoint_prefixes), _str(destination_prefix), delete_old_dirs)
    return []


@rows.row("ShardedFilename", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def sharded_filename(basename: Any, shard: Any, num_shards: Any) -> Any:
    return _scalar(f"{_str(basename)}-{int(shard):05d}-of-{int(num_shards):05d}")


@rows.row("ShardedFilespec", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def sharded_filespec(basename: Any, num_shards: Any) -> Any:
    return _scalar(f"{_str(basename)}-?????-of-{int(num_shards):05d}")
