"""Pooling over windows of sizes drawn at random, and its gradients. On the host."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, errors, known_values, rows
from jax_slim.tf1.operations import host_random, shape_checks


def _shapes(op: Any) -> Any:
    sizes = shape_checks.with_rank(op, 0, 4)
    ratios = op.attrs["pooling_ratio"]
    made = [None if d is None else int(d / r) for d, r in zip(sizes, ratios, strict=True)]
    bounds = [None if m is None else m + 1 for m in made[1:3]]
    return [made, [bounds[0]], [bounds[1]]]


def _bounds(rng: np.random.Generator, length: int, count: int, pseudo_random: bool) -> np.ndarray:
    """Where windows begin, and the end of the last: int64 [count + 1]."""
    whole = length // count
    if pseudo_random:
        alpha = length / count
        most = min((whole + 2) / alpha - 1, (length + 1 - whole) / alpha - (count - 1))
        shift = rng.random() * most
        inner = [math.ceil(alpha * (i + shift)) - 1 for i in range(1, count)]
        return np.array([0, *inner, length], np.int64)
    steps = np.full(count, whole, np.int64)
    steps[: length % count] += 1
    return np.concatenate([[0], np.cumsum(rng.permutation(steps))]).astype(np.int64)


def _windows(down: np.ndarray, across: np.ndarray, height: int, width: int, overlapping: bool) -> Iterator[Any]:
    """For each window its place and the pixels it holds."""
    more = 1 if overlapping else 0
    for i in range(len(down) - 1):
        for j in range(len(across) - 1):
            rows_ = slice(int(down[i]), min(int(down[i + 1]) + more, height))
            yield i, j, rows_, slice(int(across[j]), min(int(across[j + 1]) + more, width))


def _pooled(
    run: Any, op: Any, value: np.ndarray, ratios: Any, pseudo_random: bool, overlapping: bool, reduce: Any
) -> Any:
    if ratios[0] != 1 or ratios[3] != 1:
        message = "Fractional pooling is not yet supported on the batch nor channel dimension."
        raise errors.UnimplementedError(None, None, message)
    batch, height, width, channels = value.shape
    counts = [int(length / ratio) for length, ratio in zip((height, width), ratios[1:3], strict=True)]
    rng = host_random.generator(run, op)
    if op.attrs["deterministic"]:  # the same windows in every run
        seeds = op.private.setdefault("seeds", rng.integers(1 << 32, size=2))
        rng = np.random.default_rng(seeds)
    down, across = (
        _bounds(rng, length, count, pseudo_random) for length, count in zip((height, width), counts, strict=True)
    )
    made = np.empty((batch, *counts, channels), value.dtype)
    for i, j, rows_, columns in _windows(down, across, height, width, overlapping):
        made[:, i, j] = reduce(value[:, rows_, columns])
    return made, down, across


def _max_gradient(op: Any, gradient: Any, *unused: Any) -> Any:
    overlapping = op.attrs["overlapping"]
    return building.make(
        "FractionalMaxPoolGrad", op._inputs[0], op.outputs[0], gradient, op.outputs[1], op.outputs[2], overlapping=overlapping
    )  # fmt: skip


def _avg_gradient(op: Any, gradient: Any, *unused: Any) -> Any:
    shape = building.make("Shape", op._inputs[0], out_type="int64")
    overlapping = op.attrs["overlapping"]
    return building.make(
        "FractionalAvgPoolGrad", shape, gradient, op.outputs[1], op.outputs[2], overlapping=overlapping
    )


@rows.row("FractionalMaxPool", host=True, context=True, shape=_shapes, gradient=_max_gradient)
def fractional_max_pool(run, op, value, *, pooling_ratio, pseudo_random, overlapping):
    return _pooled(run, op, value, pooling_ratio, pseudo_random, overlapping, lambda seen: seen.max((1, 2)))


@rows.row("FractionalAvgPool", host=True, context=True, shape=_shapes, gradient=_avg_gradient)
def fractional_avg_pool(run, op, value, *, pooling_ratio, pseudo_random, overlapping):
    return _pooled(run, op, value, pooling_ratio, pseudo_random, overlapping, lambda seen: seen.mean((1, 2)))


@rows.row("FractionalMaxPoolGrad", host=True, shape=lambda op: [op._inputs[0].shape], gradient=rows.NONE)
def fractional_max_pool_grad(
    orig_input, orig_output, out_backprop, row_pooling_sequence, col_pooling_sequence, *, overlapping
):
    made = np.zeros_like(orig_input)
    batch, height, width, channels = orig_input.shape
    examples, depth = np.ogrid[:batch, :channels]
    for i, j, rows_, columns in _windows(row_pooling_sequence, col_pooling_sequence, height, width, overlapping):
        seen = orig_input[:, rows_, columns]
        first = seen.reshape(batch, -1, channels).argmax(1)
        y, x = np.divmod(first, seen.shape[2])
        np.add.at(made, (examples, y + rows_.start, x + columns.start, depth), out_backprop[:, i, j])
    return made


def _shape_from_value(op: Any) -> Any:
    shape = known_values.constant_value_as_shape(op._inputs[0])
    return [[None] * 4 if shape.sizes is None else shape]


@rows.row("FractionalAvgPoolGrad", host=True, shape=_shape_from_value, gradient=rows.NONE)
def fractional_avg_pool_grad(
    orig_input_tensor_shape, out_backprop, row_pooling_sequence, col_pooling_sequence, *, overlapping
):
    made: Any = np.zeros(orig_input_tensor_shape, out_backprop.dtype)
    _, height, width, _ = made.shape
    for i, j, rows_, columns in _windows(row_pooling_sequence, col_pooling_sequence, height, width, overlapping):
        size = (rows_.stop - rows_.start) * (columns.stop - columns.start)
        made[:, rows_, columns] += (out_backprop[:, i, j] / size)[:, None, None]
    return made
