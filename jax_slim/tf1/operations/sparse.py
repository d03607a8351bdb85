"""Rows on sparse tensors whose results have sizes known beforehand: dense results, reductions, products, another order."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import building, gradients, known_values, rows, shape_inference
from jax_slim.tf1.operations.arrays import require, xp
from jax_slim.tf1.operations.shape_rules import check_rank, length, product, refuse, shape_in, sizes, unknown, value
from jax_slim.tf1.operations.shaping import invalid, reshaped


def strides_of(shape: Any) -> np.ndarray:
    """How far apart neighbours along each axis are in the flat tensor."""
    sizes_ = [int(d) for d in shape]
    return np.array([product(sizes_[axis + 1 :]) for axis in range(len(sizes_))], np.int64)


def flat_places(indices: Any, shape: Any) -> Any:
    """The place of each coordinate in the flat tensor."""
    return (indices.astype(np.int64) * strides_of(shape)).sum(-1)


def _coordinates(places: Any, shape: Any) -> Any:
    strides, dims = strides_of(shape), np.array([int(d) for d in shape], np.int64)
    return (places[:, None] // np.maximum(strides, 1)) % np.maximum(dims, 1)


def _check_inside(indices: Any, shape: Any, prefix: str = "indices") -> None:
    limits = np.array([int(d) for d in shape], np.int64)
    if isinstance(indices, np.ndarray):
        bad = ((indices < 0) | (indices >= limits)).any(-1)
        if bad.any():
            place = int(np.argmax(bad))
            raise invalid(
                f"{prefix}[{place}] = {indices[place].tolist()} is out of bounds: need 0 <= index < {limits.tolist()}"
            )
        return
    require(
        ((indices >= 0) & (indices < limits)).all(),
        lambda: invalid(f"{prefix} are out of bounds: need 0 <= index < {limits.tolist()}"),
    )


# To dense tensors.


def _dense_shape(op: Any) -> Any:
    check_rank(op, 1, 1)
    return [shape_in(op, 1)]


@rows.row("SparseToDense", static=("output_shape",), shape=_dense_shape)
def sparse_to_dense(
    sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any, *, validate_indices: bool
) -> Any:
    shape = tuple(int(d) for d in output_shape)
    rank = np.ndim(sparse_indices)
    if rank > 2:
        raise invalid(
            f"sparse_indices should be a scalar, vector, or matrix, got shape {list(np.shape(sparse_indices))}"
        )
    indices = sparse_indices.reshape((1, 1) if rank == 0 else (-1, 1) if rank == 1 else np.shape(sparse_indices))
    if np.shape(indices)[1] != len(shape):
        raise invalid(f"output_shape has incorrect number of elements: {len(shape)} should be: {np.shape(indices)[1]}")
    if np.ndim(sparse_values) and np.shape(sparse_values) != (np.shape(indices)[0],):
        raise invalid(
            f"sparse_values has incorrect shape {list(np.shape(sparse_values))}, should be [] or [{np.shape(indices)[0]}]"
        )
    if np.ndim(default_value):
        raise invalid("default_value should be a scalar.")
    if validate_indices:
        _check_inside(indices, shape)
        _check_order(flat_places(indices, shape), indices)
    module = xp(indices, sparse_values, default_value)
    if module is jnp:
        start = jnp.broadcast_to(default_value, shape).astype(sparse_values.dtype)
        return start.at[tuple(indices.T)].set(sparse_values, mode="drop")
    result = np.empty(shape, sparse_values.dtype)
    result[...] = default_value
    inside = ((indices >= 0) & (indices < np.array(shape))).all(-1)
    result[tuple(indices[inside].T)] = sparse_values if np.ndim(sparse_values) == 0 else sparse_values[inside]
    return result


def _check_order(places: Any, indices: Any) -> None:
    steps = places[1:] - places[:-1]
    if not isinstance(places, np.ndarray):
        require((steps > 0).all(), lambda: invalid("indices must be in order, each once."))
        return
    if (steps < 0).any():
        place = int(np.argmax(steps < 0)) + 1
        raise invalid(
            f"indices[{place}] = {indices[place].tolist()} is out of order. Many sparse ops require sorted indices."
        )
    if (steps == 0).any():
        place = int(np.argmax(steps == 0)) + 1
        raise invalid(f"indices[{place}] = {indices[place].tolist()} is repeated")


@rows.row("SparseTensorDenseAdd", static=("a_shape",), shape=shape_inference.like_input(3))
def sparse_tensor_dense_add(a_indices: Any, a_values: Any, a_shape: Any, b: Any) -> Any:
    _check_inside(a_indices, np.shape(b))
    if xp(a_indices, a_values, b) is jnp:
        return jnp.asarray(b).at[tuple(a_indices.T)].add(a_values, mode="drop")
    result = np.array(b)
    np.add.at(result, tuple(a_indices.T), a_values)
    return result


def _values_shape(op: Any) -> Any:
    check_rank(op, 0, 2)
    found = sizes(op)
    return [(None if found is None else found[0],)]


def _dense_at(indices: Any, shape: Any, dense: Any) -> Any:
    if np.ndim(dense) > len(shape):
        raise invalid("SparseDenseBinaryOpShared broadcasts dense to sparse only")
    full = xp(dense).broadcast_to(dense, tuple(int(d) for d in shape))
    return full[tuple(indices.T)] if np.ndim(full) else full


@rows.row("SparseDenseCwiseAdd", static=("sp_shape",), shape=_values_shape)
def sparse_dense_cwise_add(sp_indices: Any, sp_values: Any, sp_shape: Any, dense: Any) -> Any:
    return sp_values + _dense_at(sp_indices, sp_shape, dense)


@rows.row("SparseDenseCwiseMul", static=("sp_shape",), shape=_values_shape)
def sparse_dense_cwise_mul(sp_indices: Any, sp_values: Any, sp_shape: Any, dense: Any) -> Any:
    return sp_values * _dense_at(sp_indices, sp_shape, dense)


@rows.row("SparseDenseCwiseDiv", static=("sp_shape",), shape=_values_shape)
def sparse_dense_cwise_div(sp_indices: Any, sp_values: Any, sp_shape: Any, dense: Any) -> Any:
    found = _dense_at(sp_indices, sp_shape, dense)
    return sp_values / found if np.issubdtype(sp_values.dtype, np.inexact) else sp_values // found


def _product_shape(op: Any) -> Any:
    check_rank(op, 0, 2)
    check_rank(op, 1, 1)
    check_rank(op, 3, 2)
    a, b = known_values.constant_value_as_shape(op._inputs[2]).sizes, sizes(op, 3)
    a = (None, None) if a is None or len(a) != 2 else a
    b = (None, None) if b is None else b
    a = a[::-1] if op.attrs["adjoint_a"] else a
    b = b[::-1] if op.attrs["adjoint_b"] else b
    if a[1] is not None and b[0] is not None and a[1] != b[0]:
        refuse(op, f"Dimensions must be equal, but are {a[1]} and {b[0]}")
    return [(a[0], b[1])]


def _product_gradient(op: Any, grad: Any) -> list[Any]:
    """Nodes, as TensorFlow's: how many values there are is new in every run, which NumPy takes as it comes."""
    indices, values, shape, b = op._inputs
    if grad.dtype.is_complex:
        return gradients.generic(op, [grad])
    turned, b_turned = op.attrs["adjoint_a"], op.attrs["adjoint_b"]
    of_b = building.make("SparseTensorDenseMatMul", indices, values, shape, grad, adjoint_a=not turned, adjoint_b=False)
    row, column = (
        building.make("StridedSlice", indices, [0, i], [0, i + 1], [1, 1], begin_mask=1, end_mask=1, shrink_axis_mask=2)
        for i in (int(turned), int(not turned))
    )
    here = building.make("GatherV2", grad, row, 0)
    there = building.make("GatherV2", building.make("Transpose", b, [1, 0]) if b_turned else b, column, 0)
    of_values = building.make("Sum", building.make("Mul", here, there, name="mul"), 1)
    return [None, of_values, None, building.make("Transpose", of_b, [1, 0]) if b_turned else of_b]


@rows.row("SparseTensorDenseMatMul", static=("a_shape",), shape=_product_shape, gradient=_product_gradient)
def sparse_tensor_dense_mat_mul(
    a_indices: Any, a_values: Any, a_shape: Any, b: Any, *, adjoint_a: bool, adjoint_b: bool
) -> Any:
    module = xp(a_indices, a_values, b)
    height, width = int(a_shape[0]), int(a_shape[1])
    _check_inside(a_indices, a_shape)
    row, column = a_indices[:, 0], a_indices[:, 1]
    if adjoint_a:
        row, column, height, width, a_values = column, row, width, height, module.conj(a_values)
    if adjoint_b:
        b = module.conj(b).T
    if np.shape(b)[0] != width:
        raise invalid(
            f"Cannot multiply A and B because inner dimension does not match: {width} vs. {np.shape(b)[0]}. Did you forget a transpose? Dimensions of A: [{height}, {width})"
        )
    parts = a_values[:, None] * b[column]
    if module is jnp:
        return jnp.zeros((height, b.shape[1]), parts.dtype).at[row].add(parts, mode="drop")
    result = np.zeros((height, b.shape[1]), parts.dtype)
    np.add.at(result, row, parts)
    return result


# Reductions.


def _reduced_shape(op: Any) -> Any:
    shape, axes = known_values.constant_value_as_shape(op._inputs[2]).sizes, value(op, 3)
    if shape is None or axes is None:
        return [unknown()]
    chosen = {int(a) % max(len(shape), 1) for a in axes.reshape(-1)}
    if any(not -len(shape) <= int(a) < len(shape) for a in axes.reshape(-1)):
        refuse(op, f"Invalid reduction dimension {axes.tolist()}, for input with {len(shape)} dimensions.")
    if op.attrs["keep_dims"]:
        return [tuple(1 if axis in chosen else d for axis, d in enumerate(shape))]
    return [tuple(d for axis, d in enumerate(shape) if axis not in chosen)]


def _reduced(indices: Any, values: Any, shape: Any, axes: Any, keep_dims: bool, how: str) -> Any:
    dims = [int(d) for d in shape]
    for axis in np.reshape(axes, -1):
        if not -len(dims) <= int(axis) < len(dims):
            raise invalid(f"Invalid reduction dimension {int(axis)}, for input with {len(dims)} dimensions.")
    chosen = {int(a) % len(dims) for a in np.reshape(axes, -1)}
    kept = [axis for axis in range(len(dims)) if axis not in chosen]
    size = tuple(dims[axis] for axis in kept)
    place = (
        flat_places(indices[:, np.array(kept, np.int64)], size) if kept else np.zeros(np.shape(indices)[0], np.int64)
    )
    module = xp(indices, values)
    total = product(size)
    if module is np:
        result = np.zeros(total, values.dtype)
        if how == "max":
            seen = np.zeros(total, bool)
            seen[place] = True
            lowest = np.full(total, -np.inf if values.dtype.kind == "f" else np.iinfo(values.dtype).min, values.dtype)
            np.maximum.at(lowest, place, values)
            result = np.where(seen, lowest, result)
        else:
            np.add.at(result, place, values)
    elif how == "max":
        lowest = jax.ops.segment_max(values, place, total)
        count = jax.ops.segment_sum(jnp.ones_like(place), place, total)
        result = jnp.where(count > 0, lowest, jnp.zeros_like(lowest))
    else:
        result = jax.ops.segment_sum(values, place, total)
    return result.reshape([1 if axis in chosen else d for axis, d in enumerate(dims)] if keep_dims else size)


@rows.row("SparseReduceSum", static=("input_shape", "reduction_axes"), shape=_reduced_shape)
def sparse_reduce_sum(
    input_indices: Any, input_values: Any, input_shape: Any, reduction_axes: Any, *, keep_dims: bool
) -> Any:
    return _reduced(input_indices, input_values, input_shape, reduction_axes, keep_dims, "sum")


def _no_gradient(op: Any, *gradients: Any) -> Any:
    raise LookupError(f"No gradient defined for operation '{op.name}' (op type: {op.type})")


@rows.row("SparseReduceMax", static=("input_shape", "reduction_axes"), shape=_reduced_shape, gradient=_no_gradient)
def sparse_reduce_max(
    input_indices: Any, input_values: Any, input_shape: Any, reduction_axes: Any, *, keep_dims: bool
) -> Any:
    return _reduced(input_indices, input_values, input_shape, reduction_axes, keep_dims, "max")


def _softmax_shape(op: Any) -> Any:
    check_rank(op, 0, 2)
    check_rank(op, 1, 1)
    return [(None,) if sizes(op, 1) is None else op._inputs[1].shape]


@rows.row("SparseSoftmax", static=("sp_shape",), shape=_softmax_shape)
def sparse_softmax(sp_indices: Any, sp_values: Any, sp_shape: Any) -> Any:
    dims = [int(d) for d in sp_shape]
    row = flat_places(sp_indices[:, :-1], dims[:-1]) if len(dims) > 1 else np.zeros(np.shape(sp_indices)[0], np.int64)
    total = product(dims[:-1])
    if xp(sp_indices, sp_values) is np:
        top = np.full(total, -np.inf, sp_values.dtype)
        np.maximum.at(top, row, sp_values)
        power = np.exp(sp_values - top[row])
        sums = np.zeros(total, sp_values.dtype)
        np.add.at(sums, row, power)
        return power / sums[row]
    top = jax.lax.stop_gradient(jax.ops.segment_max(sp_values, row, total))
    power = jnp.exp(sp_values - top[row])
    return power / jax.ops.segment_sum(power, row, total)[row]


# Another order, another shape.


def _reordered_shape(op: Any) -> Any:
    check_rank(op, 0, 2)
    check_rank(op, 1, 1)
    check_rank(op, 2, 1)
    indices, found = sizes(op), sizes(op, 1)
    return [(None, None) if indices is None else indices, (None,) if found is None else found]


@rows.row("SparseReorder", static=("input_shape",), shape=_reordered_shape)
def sparse_reorder(input_indices: Any, input_values: Any, input_shape: Any) -> Any:
    if np.shape(input_indices)[0] != np.shape(input_values)[0]:
        raise invalid(
            f"Number of elements of indices and values differ: {np.shape(input_indices)[0]} and {np.shape(input_values)[0]}"
        )
    # TensorFlow does not ask whether they lie within the shape: sorting outliers and cutting them off is a way to drop them.
    if not np.shape(input_indices)[1]:
        return [input_indices, input_values]
    order = (np if isinstance(input_indices, np.ndarray) else jnp).lexsort(tuple(input_indices.T[::-1]))
    return [input_indices[order], input_values[order]]


def _reshaped_shape(op: Any) -> Any:
    check_rank(op, 0, 2)
    check_rank(op, 1, 1)
    check_rank(op, 2, 1)
    indices = sizes(op)
    return [
        (None if indices is None else indices[0], length(op, 2)),
        op._inputs[2].shape if sizes(op, 2) is not None else (None,),
    ]


@rows.row("SparseReshape", static=("input_shape", "new_shape"), shape=_reshaped_shape, gradient=rows.NONE)
def sparse_reshape(input_indices: Any, input_shape: Any, new_shape: Any) -> Any:
    shape = reshaped(tuple(int(d) for d in input_shape), [int(d) for d in new_shape])
    found = _coordinates(flat_places(input_indices, input_shape), shape)
    return [found, np.array(shape, np.int64)]
