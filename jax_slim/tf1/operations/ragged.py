"""Rows of different lengths: ranges, rows taken by number, as sparse and as dense tensors. They run on the host."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, errors, rows, shapes
from jax_slim.tf1.graph.composites import IndexedSlices

make = building.make


def _range_shapes(op: Any) -> list[Any]:
    counts = [t.shape.sizes[0] for t in op._inputs if t.shape.ndims == 1]
    known = 1 if all(t.shape.ndims == 0 for t in op._inputs) else next((n for n in counts if n is not None), None)
    return [(None if known is None else known + 1,), (None,)]


def _gather_shapes(op: Any) -> list[Any]:
    *_, values, indices = op._inputs
    sizes = indices.shape.sizes
    first = None if not sizes or sizes[0] is None else sizes[0] + 1
    rest = op.attrs["OUTPUT_RAGGED_RANK"] - 1
    inner = shapes.unknown_shape() if values.shape.ndims is None else (None, *values.shape.sizes[1:])
    return [*([(first,)] if rest >= 0 else []), *([(None,)] * max(rest, 0)), inner]


def _gather_gradient(op: Any, *grads: Any) -> Any:
    """Which rows the values come from is found by taking their numbers in the same way."""
    *splits, values, indices = op._inputs
    count = make("Shape", values, out_type=splits[0].dtype.base_dtype)
    zero, one = (make("Cast", number, DstT=count.dtype) for number in (0, 1))
    numbers = make("Range", zero, count[0], one)
    taken = building.make_op(
        "RaggedGather", splits, numbers, indices, OUTPUT_RAGGED_RANK=op.attrs["OUTPUT_RAGGED_RANK"]
    )
    return *([None] * len(splits)), IndexedSlices(grads[-1], taken.outputs[-1], count), None


@rows.row("RaggedRange", host=True, shape=_range_shapes, gradient=rows.NONE)
def ragged_range(starts: Any, limits: Any, deltas: Any, *, Tsplits: Any) -> Any:
    """Where the ranges begin and end, and all their numbers."""
    if not np.all(deltas):
        raise errors.InvalidArgumentError(None, None, "Requires delta != 0")
    whole = np.broadcast_arrays(*(np.atleast_1d(part) for part in (starts, limits, deltas)))
    found = [np.arange(start, stop, step).astype(starts.dtype) for start, stop, step in zip(*whole, strict=True)]
    splits = np.cumsum([0, *map(len, found)]).astype(Tsplits.as_numpy_dtype)
    return splits, np.concatenate([np.zeros(0, starts.dtype), *found])


@rows.row("RaggedGather", host=True, shape=_gather_shapes, gradient=_gather_gradient)
def ragged_gather(params_nested_splits: Any, params_dense_values: Any, indices: Any) -> Any:
    """Rows by number: the splits of what is taken, with those of `indices`' own axes before, and its values."""
    count = len(params_nested_splits[0]) - 1
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise errors.InvalidArgumentError(None, None, f"indices must be from 0 to {count - 1}, got {indices}.")
    splits = [np.arange(0, np.prod(indices.shape[: a + 1]) + 1, indices.shape[a]) for a in range(1, indices.ndim)]
    numbers = indices.reshape(-1)
    for found in params_nested_splits:
        lengths = np.diff(found)[numbers]
        splits.append(np.concatenate([[0], np.cumsum(lengths)]))
        pieces = [np.arange(found[n], found[n + 1]) for n in numbers]
        numbers = np.concatenate([np.zeros(0, np.int64), *pieces]).astype(np.int64)
    kind = params_nested_splits[0].dtype
    return *(s.astype(kind) for s in splits), params_dense_values[numbers]


def _sparse_shapes(op: Any) -> list[Any]:
    *splits, values = op._inputs
    rank = None if values.shape.ndims is None else len(splits) + values.shape.ndims
    return [(values.shape.num_elements(), rank), (values.shape.num_elements(),), (rank,)]


def _sparse_gradient(op: Any, indices_grad: Any, values_grad: Any, shape_grad: Any) -> Any:
    *splits, values = op._inputs
    return *([None] * len(splits)), make("Reshape", values_grad, make("Shape", values))


@rows.row("RaggedTensorToSparse", host=True, shape=_sparse_shapes, gradient=_sparse_gradient)
def ragged_tensor_to_sparse(rt_nested_splits: Any, rt_dense_values: Any) -> Any:
    """Places of all values, the values, and the shape that has room for them."""
    values = rt_dense_values
    places = np.indices(values.shape, np.int64).reshape(values.ndim, -1).T
    shape = list(values.shape)
    for splits in reversed(rt_nested_splits):
        lengths = np.diff(splits)
        ids = np.repeat(np.arange(len(lengths)), lengths)
        own = places[:, 0]
        places = np.column_stack([ids[own], own - splits[:-1][ids][own], places[:, 1:]]).astype(np.int64)
        shape = [len(lengths), int(lengths.max(initial=0)), *shape[1:]]
    return places.reshape(-1, len(shape)), values.reshape(-1), np.array(shape, np.int64)


def _tensor_gradient(op: Any, grad: Any) -> Any:
    """To each value the gradient from its place; to the default value the sum of those from all other places."""
    _, values, default, *partitions = op._inputs
    inner = values.shape.with_rank_at_least(1).ndims
    if inner is None:
        raise ValueError("RaggedTensorToTensor: the rank of the values must be known for a gradient.")
    sizes = make("Shape", grad)
    sizes = sizes if inner == 1 else sizes[: 1 - inner]
    count = make("Shape", values)[0]
    numbers = make(
        "RaggedTensorToTensor", sizes, make("Range", 1, count + 1, 1), conversion.constant(0), partitions,
        row_partition_types=op.attrs["row_partition_types"],
    )  # fmt: skip
    sums = make("UnsortedSegmentSum", grad, numbers, count + 1)
    elsewhere = sums[0]
    axes, _ = make("BroadcastGradientArgs", make("Shape", default), make("Shape", elsewhere))
    of_default = make("Reshape", make("Sum", elsewhere, axes), make("Shape", default))
    return None, sums[1:], of_default, *([None] * len(partitions))


@rows.row("RaggedTensorToTensor", host=True, gradient=_tensor_gradient)
def ragged_tensor_to_tensor(
    shape: Any, values: Any, default_value: Any, row_partition_tensors: Any, *, row_partition_types: Any
) -> Any:
    """A tensor of `shape` (-1 where there shall be room for all) with default values where rows have ended."""
    types = [t.decode() if isinstance(t, bytes) else t for t in row_partition_types]
    counts = []
    if types[0] == "FIRST_DIM_SIZE":
        counts, types = [int(row_partition_tensors[0])], types[1:]
        row_partition_tensors = row_partition_tensors[1:]
    levels = []
    for kind, given in zip(types, row_partition_tensors, strict=True):
        if kind == "ROW_SPLITS":
            levels.append(np.asarray(given))
        elif kind == "VALUE_ROWIDS" and counts:
            levels.append(np.concatenate([[0], np.cumsum(np.bincount(given, minlength=counts[0]))]))
        else:
            raise errors.InvalidArgumentError(None, None, f"row_partition_types must begin with FIRST_DIM_SIZE or be ROW_SPLITS, got {kind}.")  # fmt: skip
        counts = [int(levels[-1][-1])]
    places, _, least = ragged_tensor_to_sparse(levels, np.zeros(len(values), np.int8))
    asked = list(np.atleast_1d(shape)) if np.ndim(shape) else [-1] * (len(least) + values.ndim - 1)
    sizes = [int(w) if a < 0 else int(a) for a, w in zip(asked, [*least, *values.shape[1:]], strict=True)]
    result = np.empty(sizes, values.dtype)
    result[...] = default_value
    inside = (places < np.array(sizes[: len(least)])).all(1)
    result[tuple(places[inside].T)] = values[inside]
    return result
