"""Rows of feature columns: numbers sorted into buckets, features crossed."""

import itertools
from typing import Any

import numpy as np

from jax_slim.tf1.graph import rows, shape_inference
from jax_slim.tf1.operations import text_hashes
from jax_slim.tf1.operations.arrays import xp

_WORD = (1 << 64) - 1
_FACTOR = 0xC6A4A7935BD1E995


@rows.row("Bucketize", shape=shape_inference.like_input(), gradient=rows.NONE)
def bucketize(input: Any, *, boundaries: Any) -> Any:
    module = xp(input)
    kind = np.float32 if np.dtype(input.dtype).kind == "f" and np.dtype(input.dtype).itemsize <= 4 else np.float64
    edges = module.asarray(np.asarray(boundaries, kind))
    return module.searchsorted(edges, input.astype(kind), side="right").astype(np.int32)


def _shift(value: int) -> int:
    return value ^ (value >> 47)


def joined_fingerprint(first: int, second: int) -> int:
    """TensorFlow's fingerprint of two fingerprints in order."""
    result = first ^ _FACTOR
    result ^= (_shift((second * _FACTOR) & _WORD) * _FACTOR) & _WORD
    result = (result * _FACTOR) & _WORD
    result = (_shift(result) * _FACTOR) & _WORD
    return _shift(result)


def _hash(value: Any) -> int:
    return text_hashes.fingerprint64(value) if isinstance(value, bytes) else int(value) & _WORD


@rows.row("SparseCross", host=True, shape=shape_inference.unknown, gradient=rows.NONE)
def sparse_cross(indices: Any, values: Any, shapes: Any, dense_inputs: Any, *, hashed_output: bool, num_buckets: int, hash_key: int) -> Any:  # fmt: skip
    batch = int(shapes[0][0]) if shapes else len(dense_inputs[0])
    columns: list[list[list[Any]]] = []
    for places, entries in zip(indices, values, strict=True):
        lists: list[list[Any]] = [[] for _ in range(batch)]
        for place, entry in zip(places, entries, strict=True):
            lists[int(place[0])].append(entry)
        columns.append(lists)
    columns += [[list(line) for line in dense] for dense in dense_inputs]
    found, made, most = [], [], 0
    for number in range(batch):
        crosses = list(itertools.product(*(column[number] for column in columns)))
        most = max(most, len(crosses))
        for place, cross in enumerate(crosses):
            found.append((number, place))
            made.append(_number(cross, num_buckets, hash_key) if hashed_output else _text(cross))
    kind = np.int64 if hashed_output else object
    output = np.empty(len(made), kind)
    output[:] = made
    return [np.asarray(found, np.int64).reshape(-1, 2), output, np.asarray([batch, most], np.int64)]


def _number(cross: tuple[Any, ...], num_buckets: int, hash_key: int) -> int:
    result = hash_key & _WORD
    for value in cross:
        result = joined_fingerprint(result, _hash(value))
    return result % (num_buckets or (1 << 63) - 1)


def _text(cross: tuple[Any, ...]) -> bytes:
    return b"_X_".join(v if isinstance(v, bytes) else str(int(v)).encode() for v in cross)
