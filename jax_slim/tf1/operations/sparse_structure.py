"""Rows on sparse tensors where values decide how many elements there are: sums, slices, filled rows, sets, edit distances."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, known_values, rows, shape_inference, tensor_protos
from jax_slim.tf1.operations.shape_rules import length, sizes
from jax_slim.tf1.operations.shaping import invalid
from jax_slim.tf1.operations.sparse import flat_places


def _rank_of(op: Any, place: int) -> int | None:
    """How many axes the sparse tensor has whose indices are that input, and whose shape comes two inputs later."""
    found = sizes(op, place)
    return found[1] if found is not None and len(found) == 2 and found[1] is not None else length(op, place + 2)


def _like_first(op: Any) -> Any:
    rank = _rank_of(op, 0)
    return [(None, rank), (None,), (rank,)]


def _sorted_sum(indices: Any, values: Any, shape: Any) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in order, each once, with the sums of their values."""
    places = flat_places(indices, shape)
    found, first, at = np.unique(places, return_index=True, return_inverse=True)
    total = np.zeros(len(found), values.dtype)
    np.add.at(total, at.reshape(-1), values)
    return indices[first], total


def _add_gradient(op: Any, indices: Any, values: Any, shape: Any) -> Any:
    a, b = building.make("SparseAddGrad", values, op._inputs[0], op._inputs[3], op.outputs[0])
    a.set_shape(op._inputs[1].shape)
    b.set_shape(op._inputs[4].shape)
    return [None, a, None, None, b, None, None]


@rows.row("SparseAdd", host=True, shape=_like_first, gradient=_add_gradient)
def sparse_add(
    a_indices: Any, a_values: Any, a_shape: Any, b_indices: Any, b_values: Any, b_shape: Any, thresh: Any
) -> Any:
    if list(a_shape) != list(b_shape):
        raise invalid(
            f"Operands' shapes do not match: got {a_shape.tolist()} for dimension sizes and {b_shape.tolist()}"
        )
    indices, values = _sorted_sum(np.concatenate([a_indices, b_indices]), np.concatenate([a_values, b_values]), a_shape)
    kept = abs(values) >= thresh
    return [indices[kept], values[kept], np.array(a_shape)]


@rows.row("SparseAddGrad", host=True, shape=lambda op: [(None,), (None,)])
def sparse_add_grad(backprop_val_grad: Any, a_indices: Any, b_indices: Any, sum_indices: Any) -> Any:
    found = {tuple(index): gradient for index, gradient in zip(sum_indices.tolist(), backprop_val_grad, strict=True)}
    zero = backprop_val_grad.dtype.type(0)
    return [
        np.array([found.get(tuple(index), zero) for index in indices.tolist()], backprop_val_grad.dtype)
        for indices in (a_indices, b_indices)
    ]


def _joined_shape(op: Any) -> Any:
    count, rank = 0, None
    for place in range(op.attrs["N"]):
        found = sizes(op, place)
        rows_ = None if found is None else found[0]
        count = None if count is None or rows_ is None else count + rows_
        rank = rank if found is None or found[1] is None else found[1]
    return [(count, rank), (count,), (rank,)]


@rows.row("SparseConcat", host=True, shape=_joined_shape, gradient=rows.NONE)
def sparse_concat(indices: list[Any], values: list[Any], shapes: list[Any], *, concat_dim: int) -> Any:
    axis = concat_dim % len(shapes[0])
    for number, shape in enumerate(shapes):
        if any(a != b for i, (a, b) in enumerate(zip(shape, shapes[0], strict=True)) if i != axis):
            raise invalid(
                f"Input shapes must match outside of dimension {axis}: {shapes[0].tolist()} and {shape.tolist()} (number {number})"
            )
    total, moved = 0, []
    for place, shape in zip(indices, shapes, strict=True):
        place = np.array(place)
        place[:, axis] += total
        total += int(shape[axis])
        moved.append(place)
    result = np.array(shapes[0])
    result[axis] = total
    whole, found = np.concatenate(moved), np.concatenate(values)
    order = np.argsort(flat_places(whole, result), kind="stable")
    return [whole[order], found[order], result]


def _slice_gradient(op: Any, indices: Any, values: Any, shape: Any) -> Any:
    gradient = building.make("SparseSliceGrad", values, op._inputs[0], op._inputs[3], op.outputs[0])
    gradient.set_shape(op._inputs[1].shape)
    return [None, gradient, None, None, None]


@rows.row(
    "SparseSlice",
    host=True,
    shape=lambda op: [(None, length(op, 2)), (None,), op._inputs[2].shape],
    gradient=_slice_gradient,
)
def sparse_slice(indices: Any, values: Any, shape: Any, start: Any, size: Any) -> Any:
    end = np.minimum(start + size, shape)
    kept = ((indices >= start) & (indices < end)).all(-1)
    return [indices[kept] - start, values[kept], np.maximum(end - start, 0)]


@rows.row("SparseSliceGrad", host=True, shape=lambda op: [(None if sizes(op, 1) is None else sizes(op, 1)[0],)])  # type: ignore[index]
def sparse_slice_grad(backprop_val_grad: Any, input_indices: Any, input_start: Any, output_indices: Any) -> Any:
    found = {
        tuple(index): g for index, g in zip((output_indices + input_start).tolist(), backprop_val_grad, strict=True)
    }
    zero = backprop_val_grad.dtype.type(0)
    return np.array([found.get(tuple(index), zero) for index in input_indices.tolist()], backprop_val_grad.dtype)


def _filled_shape(op: Any) -> Any:
    shape = known_values.sizes_of(op._inputs[2])
    first = sizes(op)
    return [(None, _rank_of(op, 0)), (None,), (shape[0] if shape else None,), (None if first is None else first[0],)]


def _filled_gradient(op: Any, indices: Any, values: Any, empty: Any, back: Any) -> Any:
    gradient, default = building.make("SparseFillEmptyRowsGrad", op.outputs[3], values)
    gradient.set_shape(op._inputs[1].shape)
    return [None, gradient, None, default]


@rows.row("SparseFillEmptyRows", host=True, shape=_filled_shape, gradient=_filled_gradient)
def sparse_fill_empty_rows(indices: Any, values: Any, dense_shape: Any, default_value: Any) -> Any:
    count = int(dense_shape[0])
    if len(indices) and not 0 <= indices[:, 0].min() <= indices[:, 0].max() < count:
        raise invalid(f"indices must be in rows below {count}, got {indices[:, 0].tolist()}")
    empty = np.ones(count, bool)
    empty[indices[:, 0]] = False
    missing = np.flatnonzero(empty)
    new = np.zeros((len(missing), len(dense_shape)), np.int64)
    new[:, 0] = missing
    filler = np.empty(len(missing), values.dtype)
    filler[:] = default_value
    whole = np.concatenate([indices, new])
    order = np.argsort(whole[:, 0], kind="stable")
    back = np.argsort(order, kind="stable")[: len(indices)]
    return [whole[order], np.concatenate([values, filler])[order], empty, back.astype(np.int64)]


@rows.row("SparseFillEmptyRowsGrad", host=True, shape=lambda op: [op._inputs[0].shape, ()])
def sparse_fill_empty_rows_grad(reverse_index_map: Any, grad_values: Any) -> Any:
    rest = np.ones(len(grad_values), bool)
    rest[reverse_index_map] = False
    return [grad_values[reverse_index_map], np.asarray(grad_values[rest].sum(), grad_values.dtype)]


def _merged(choose: Any, a_indices: Any, a_values: Any, b_indices: Any, b_values: Any, shape: Any) -> Any:
    places = np.union1d(flat_places(a_indices, shape), flat_places(b_indices, shape))
    dense = []
    for indices, values in ((a_indices, a_values), (b_indices, b_values)):
        found = np.zeros(len(places), values.dtype)
        found[np.searchsorted(places, flat_places(indices, shape))] = values
        dense.append(found)
    return [np.stack(np.unravel_index(places, [int(d) for d in shape]), -1).astype(np.int64), choose(*dense)]


def _unknown_pair(op: Any) -> Any:
    return [(None, None), (None,)]


@rows.row("SparseSparseMaximum", host=True, shape=_unknown_pair, gradient=rows.NONE)
def sparse_sparse_maximum(
    a_indices: Any, a_values: Any, a_shape: Any, b_indices: Any, b_values: Any, b_shape: Any
) -> Any:
    return _merged(np.maximum, a_indices, a_values, b_indices, b_values, a_shape)


@rows.row("SparseSparseMinimum", host=True, shape=_unknown_pair, gradient=rows.NONE)
def sparse_sparse_minimum(
    a_indices: Any, a_values: Any, a_shape: Any, b_indices: Any, b_values: Any, b_shape: Any
) -> Any:
    return _merged(np.minimum, a_indices, a_values, b_indices, b_values, a_shape)


def _split_shape(op: Any) -> Any:
    count, rank = op.attrs["num_split"], _rank_of(op, 1)
    return [(None, rank)] * count + [(None,)] * count + [(rank,)] * count


@rows.row("SparseSplit", host=True, shape=_split_shape)
def sparse_split(split_dim: Any, indices: Any, values: Any, shape: Any, *, num_split: int) -> Any:
    axis = int(split_dim) % len(shape)
    size = int(shape[axis])
    if not 1 <= num_split <= size:
        raise invalid(f"Input num_split should be between 1 and the splitting dimension size ({size}), got {num_split}")
    small, large = divmod(size, num_split)
    parts: list[list[Any]] = [[], [], []]
    first = 0
    for number in range(num_split):
        last = first + small + (number < large)
        kept = (indices[:, axis] >= first) & (indices[:, axis] < last)
        place, found = np.array(indices[kept]), np.array(shape)
        place[:, axis] -= first
        found[axis] = last - first
        for one, part in zip((place, values[kept], found), parts, strict=True):
            one = np.asarray(one)
            part.append(one)
        first = last
    return parts[0] + parts[1] + parts[2]


def _reduced(indices: Any, values: Any, shape: Any, axes: Any, keep_dims: bool, how: Any) -> Any:
    chosen = {int(a) % len(shape) for a in np.reshape(axes, -1)}
    kept = [axis for axis in range(len(shape)) if axis not in chosen]
    size = np.array([1 if axis in chosen else d for axis, d in enumerate(shape)], np.int64)
    place = np.where(size == 1, 0, indices) if len(indices) else indices
    places, at = np.unique(flat_places(place, size), return_inverse=True)
    found = [how(values[at.reshape(-1) == number]) for number in range(len(places))]
    where = np.stack(np.unravel_index(places, tuple(size)), -1).astype(np.int64).reshape(len(places), len(size))
    if not keep_dims:
        where, size = where[:, kept], size[kept]
    return [where, np.array(found, values.dtype), size]


@rows.row("SparseReduceSumSparse", host=True, shape=shape_inference.unknown)
def sparse_reduce_sum_sparse(
    input_indices: Any, input_values: Any, input_shape: Any, reduction_axes: Any, *, keep_dims: bool
) -> Any:
    return _reduced(input_indices, input_values, input_shape, reduction_axes, keep_dims, np.sum)


@rows.row("SparseReduceMaxSparse", host=True, shape=shape_inference.unknown)
def sparse_reduce_max_sparse(
    input_indices: Any, input_values: Any, input_shape: Any, reduction_axes: Any, *, keep_dims: bool
) -> Any:
    return _reduced(input_indices, input_values, input_shape, reduction_axes, keep_dims, np.max)


# Edit distances.


def _distance_shape(op: Any) -> Any:
    found = [known_values.constant_value_as_shape(op._inputs[place]).sizes for place in (2, 5)]
    if found[0] is None or found[1] is None:
        return [None]
    return [
        tuple(None if a is None or b is None else max(a, b) for a, b in zip(found[0][:-1], found[1][:-1], strict=True))
    ]


@rows.row("EditDistance", host=True, shape=_distance_shape, gradient=rows.NONE)
def edit_distance(hypothesis_indices: Any, hypothesis_values: Any, hypothesis_shape: Any, truth_indices: Any, truth_values: Any,
                  truth_shape: Any, *, normalize: bool) -> Any:  # fmt: skip
    if len(hypothesis_shape) != len(truth_shape):
        raise invalid("Expected hypothesis and truth to have matching ranks")
    size = tuple(int(max(a, b)) for a, b in zip(hypothesis_shape[:-1], truth_shape[:-1], strict=True))
    sequences = []
    for indices, values in ((hypothesis_indices, hypothesis_values), (truth_indices, truth_values)):
        found: dict[tuple[int, ...], list[Any]] = {}
        for index, one in zip(indices.tolist(), values, strict=True):
            found.setdefault(tuple(index[:-1]), []).append(one)
        sequences.append(found)
    result = np.zeros(size, np.float32)
    for place in np.ndindex(*size):
        a, b = sequences[0].get(place, []), sequences[1].get(place, [])
        distance = float(levenshtein(a, b))
        if normalize:
            distance = distance / len(b) if b else (float("inf") if a else 0.0)
        result[place] = distance
    return result


def levenshtein(a: list[Any], b: list[Any]) -> int:
    """How many insertions, deletions and substitutions make one sequence of the other."""
    before = list(range(len(b) + 1))
    for row, left in enumerate(a, 1):
        now = [row]
        for column, right in enumerate(b, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (left != right)))
        before = now
    return before[-1]


# Sets: the last axis of a tensor as a set of values.


def _sets_of(indices: Any, values: Any) -> dict[tuple[int, ...], set[Any]]:
    found: dict[tuple[int, ...], set[Any]] = {}
    for index, one in zip(indices.tolist(), values.tolist(), strict=True):
        found.setdefault(tuple(index[:-1]), set()).add(one)
    return found


def _dense_sets(values: Any) -> dict[tuple[int, ...], set[Any]]:
    return {place: set(values[place].tolist()) for place in np.ndindex(*values.shape[:-1])}


def _operated(a: dict[Any, set[Any]], b: dict[Any, set[Any]], outer: Any, how: bytes, kind: Any) -> Any:
    function = {
        b"intersection": set.intersection,
        b"union": set.union,
        b"a-b": set.difference,
        b"b-a": lambda x, y: y - x,
    }[how]
    indices, values, longest = [], [], 0
    for place in sorted(set(a) | set(b)):
        found = sorted(function(a.get(place, set()), b.get(place, set())))
        longest = max(longest, len(found))
        indices += [(*place, number) for number in range(len(found))]
        values += found
    whole = np.empty(len(values), kind)
    whole[:] = values
    return [
        np.array(indices, np.int64).reshape(len(values), len(outer) + 1),
        whole,
        np.array([*outer, longest], np.int64),
    ]


def _set_shape(op: Any) -> Any:
    """Of the axes of the sets: those of a dense one, or as many as the shape of a sparse one says."""
    ranks = [op._inputs[0].shape.ndims if op.type.startswith("Dense") else None]
    if op.type == "DenseToDenseSetOperation":
        ranks.append(op._inputs[1].shape.ndims)
    elif op.type == "DenseToSparseSetOperation":
        ranks.append(_rank_of(op, 1))
    else:
        ranks += [_rank_of(op, 0), _rank_of(op, 3)]
    rank = next((r for r in ranks if r is not None), None)
    return [(None, rank), (None,), (rank,)]


@rows.row("DenseToDenseSetOperation", host=True, shape=_set_shape, gradient=rows.NONE)
def dense_to_dense_set_operation(set1: Any, set2: Any, *, set_operation: bytes) -> Any:
    return _operated(_dense_sets(set1), _dense_sets(set2), set1.shape[:-1], set_operation, set1.dtype)


@rows.row("DenseToSparseSetOperation", host=True, shape=_set_shape, gradient=rows.NONE)
def dense_to_sparse_set_operation(
    set1: Any, set2_indices: Any, set2_values: Any, set2_shape: Any, *, set_operation: bytes
) -> Any:
    return _operated(_dense_sets(set1), _sets_of(set2_indices, set2_values), set1.shape[:-1], set_operation, set1.dtype)


@rows.row("SparseToSparseSetOperation", host=True, shape=_set_shape, gradient=rows.NONE)
def sparse_to_sparse_set_operation(set1_indices: Any, set1_values: Any, set1_shape: Any, set2_indices: Any, set2_values: Any,
                                   set2_shape: Any, *, set_operation: bytes) -> Any:  # fmt: skip
    outer = [int(max(a, b)) for a, b in zip(set1_shape[:-1], set2_shape[:-1], strict=True)]
    return _operated(
        _sets_of(set1_indices, set1_values),
        _sets_of(set2_indices, set2_values),
        outer,
        set_operation,
        set1_values.dtype,
    )


@rows.row("SetSize", host=True, shape=lambda op: [None], gradient=rows.NONE)
def set_size(set_indices: Any, set_values: Any, set_shape: Any) -> Any:
    result = np.zeros([int(d) for d in set_shape[:-1]], np.int32)
    for place, found in _sets_of(set_indices, set_values).items():
        result[place] = len(found)
    return result


# Sparse tensors as texts: three serialized tensors for each.


def _texts(*values: Any) -> np.ndarray:
    result = np.empty(3, object)
    for place, one in enumerate(values):
        result[place] = tensor_protos.make_tensor_proto(np.asarray(one)).SerializeToString()
    return result


@rows.row("SerializeSparse", host=True, shape=lambda op: [(3,)], gradient=rows.NONE)
def serialize_sparse(sparse_indices: Any, sparse_values: Any, sparse_shape: Any) -> Any:
    return _texts(sparse_indices, sparse_values, sparse_shape)


@rows.row("SerializeManySparse", host=True, shape=lambda op: [(None, 3)], gradient=rows.NONE)
def serialize_many_sparse(sparse_indices: Any, sparse_values: Any, sparse_shape: Any) -> Any:
    result = np.empty((int(sparse_shape[0]), 3), object)
    for number in range(len(result)):
        here = sparse_indices[:, 0] == number
        result[number] = _texts(sparse_indices[here, 1:], sparse_values[here], sparse_shape[1:])
    return result


@rows.row(
    "DeserializeManySparse",
    "DeserializeSparse",
    host=True,
    shape=lambda op: [(None, None), (None,), (None,)],
    gradient=rows.NONE,
)
def deserialize_many_sparse(serialized_sparse: Any, *, dtype: Any) -> Any:
    from tensorboard.compat.proto import tensor_pb2

    flat = np.asarray(serialized_sparse, object).reshape(-1, 3)
    read = [[tensor_protos.make_ndarray(tensor_pb2.TensorProto.FromString(text)) for text in row] for row in flat]  # pyright: ignore[reportAttributeAccessIssue] - made on import
    if np.ndim(serialized_sparse) == 1:
        return read[0]
    for _, values, _ in read:
        if values.dtype != dtype.as_numpy_dtype:
            raise invalid(f"Requested SparseTensor of type {dtype.name} but a serialized one has type {values.dtype}")
    rank = read[0][0].shape[1] if read else 0
    outer = np.shape(serialized_sparse)[:-1]
    indices = [
        np.concatenate([np.tile(np.array(place, np.int64), (len(one[0]), 1)), one[0]], 1)
        for place, one in zip(np.ndindex(*outer), read, strict=True)
    ]
    shape = np.max([one[2] for one in read], axis=0) if read else np.zeros(rank, np.int64)
    return [
        np.concatenate(indices) if read else np.empty((0, rank + len(outer)), np.int64),
        np.concatenate([one[1] for one in read]) if read else np.empty(0, dtype.as_numpy_dtype),
        np.array([*outer, *shape], np.int64),
    ]
