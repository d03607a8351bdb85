"""Reductions over axes, places of extremes, and running sums and products."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import building, errors, rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays, shape_rules


def _reduced(op: Any) -> shapes.TensorShape:
    sizes, keep = shape_rules.sizes(op), op.attrs["keep_dims"]
    axes_shape = shape_rules.sizes(op, 1)
    if axes_shape is not None and len(axes_shape) > 1:
        shape_rules.refuse(op, f"Shape must be at most rank 1 but is rank {len(axes_shape)}")
    axes = shape_rules.values(op, 1)
    if sizes is None:
        return shapes.unknown_shape()
    if axes is None:
        return shapes.unknown_shape(len(sizes) if keep else None)
    for axis in axes:
        if not -len(sizes) <= axis < len(sizes):
            shape_rules.refuse(op, f"Invalid reduction dimension {axis} for input with {len(sizes)} dimensions.")
    gone = {a % len(sizes) for a in axes}
    return shapes.TensorShape([1 if i in gone else d for i, d in enumerate(sizes) if keep or i not in gone])


def _axes(input: Any, indices: Any) -> tuple[int, ...]:
    found = np.asarray(indices).reshape(-1).tolist()
    rank = input.ndim
    for axis in found:
        if not -rank <= axis < rank:
            raise errors.InvalidArgumentError(
                None, None, f"Invalid reduction dimension ({axis} for input with {rank} dimension(s)"
            )
    return tuple(sorted({a % rank for a in found}))


def _reduction(*types: str, **facts: Any) -> Any:
    return rows.row(*types, static=("reduction_indices",), shape=_reduced, **facts)


@_reduction("Sum")
def total(input: Any, reduction_indices: Any, *, keep_dims: bool) -> Any:
    axes = _axes(input, reduction_indices)
    if not axes:
        return input
    wide = arrays.summing_type(input.dtype)
    return arrays.xp(input).sum(input, axis=axes, keepdims=keep_dims, dtype=wide).astype(input.dtype)


@_reduction("Mean")
def mean(input: Any, reduction_indices: Any, *, keep_dims: bool) -> Any:
    axes = _axes(input, reduction_indices)
    if not axes:
        return input
    xp = arrays.xp(input)
    count = np.prod([input.shape[a] for a in axes], dtype=np.int64)
    if not np.issubdtype(input.dtype, np.integer):
        # The mean of half precision is not cut off where its sum would be too large.
        wide = arrays.summing_type(input.dtype)
        summed = xp.sum(input, axis=axes, keepdims=keep_dims, dtype=wide)
        return (summed / np.asarray(count, wide)).astype(input.dtype)
    if not count:
        return xp.zeros_like(xp.sum(input, axis=axes, keepdims=keep_dims, dtype=input.dtype))
    summed = xp.sum(input, axis=axes, keepdims=keep_dims, dtype=np.uint64 if input.dtype == np.uint64 else np.int64)
    count = count.astype(summed.dtype)
    return ((summed - xp.fmod(summed, count)) // count).astype(input.dtype)


@_reduction("Prod")
def product(input: Any, reduction_indices: Any, *, keep_dims: bool) -> Any:
    axes = _axes(input, reduction_indices)
    if not axes:
        return input
    wide = arrays.summing_type(input.dtype)
    return arrays.xp(input).prod(input, axis=axes, keepdims=keep_dims, dtype=wide).astype(input.dtype)


def _limit(dtype: Any, low: bool) -> Any:
    if jnp.issubdtype(dtype, jnp.floating):
        return dtype.type(-np.inf if low else np.inf)
    info = np.iinfo(dtype)
    return dtype.type(info.min if low else info.max)


def _extreme(input: Any, indices: Any, keep_dims: bool, name: str) -> Any:
    axes = _axes(input, indices)
    if not axes:
        return input
    xp = arrays.xp(input)
    if any(input.shape[a] == 0 for a in axes):
        left = [1 if i in axes else d for i, d in enumerate(input.shape) if keep_dims or i not in axes]
        return np.full(left, _limit(np.dtype(input.dtype), name == "max"), input.dtype)
    return getattr(xp, name)(input, axis=axes, keepdims=keep_dims)


@_reduction("Max")
def largest(input: Any, reduction_indices: Any, *, keep_dims: bool) -> Any:
    return _extreme(input, reduction_indices, keep_dims, "max")


@_reduction("Min")
def smallest(input: Any, reduction_indices: Any, *, keep_dims: bool) -> Any:
    return _extreme(input, reduction_indices, keep_dims, "min")


@_reduction("All", gradient=rows.NONE)
def all_true(input: Any, reduction_indices: Any, *, keep_dims: bool) -> Any:
    return arrays.xp(input).all(input, axis=_axes(input, reduction_indices), keepdims=keep_dims)


@_reduction("Any", gradient=rows.NONE)
def any_true(input: Any, reduction_indices: Any, *, keep_dims: bool) -> Any:
    return arrays.xp(input).any(input, axis=_axes(input, reduction_indices), keepdims=keep_dims)


@_reduction("EuclideanNorm")
def euclidean_norm(input: Any, reduction_indices: Any, *, keep_dims: bool) -> Any:
    xp = arrays.xp(input)
    squares = (xp.conjugate(input) * input) if np.iscomplexobj(input) else input * input
    wide = arrays.summing_type(input.dtype)
    summed = xp.sum(squares, axis=_axes(input, reduction_indices), keepdims=keep_dims, dtype=wide)
    return xp.sqrt(summed).astype(input.dtype)


def _half_square_gradient(op: Any, gradient: Any) -> list[Any]:
    return [building.make("Mul", op.inputs[0], gradient, name="mul")]


@rows.row("L2Loss", shape=shape_inference.scalar, gradient=_half_square_gradient)
def l2_loss(t: Any) -> Any:
    wide = arrays.summing_type(t.dtype)
    return (arrays.xp(t).sum(t * t, dtype=wide) * np.asarray(0.5, wide)).astype(t.dtype)


def _without_axis(op: Any) -> shapes.TensorShape:
    shape_rules.check_rank(op, 1, 0)
    sizes, axis = shape_rules.sizes(op), shape_rules.values(op, 1)
    if sizes is None:
        return shapes.unknown_shape()
    if len(sizes) <= 1:
        rank = max(len(sizes), 1)
        if axis is not None and not -rank <= axis[0] < rank:
            shape_rules.refuse(
                op,
                f"Dimension ({axis[0]}) must be in the range [{-rank}, {rank}), where {rank} is the number of dimensions in the input.",
            )
        return shapes.TensorShape([])
    if axis is None:
        return shapes.unknown_shape(len(sizes) - 1)
    if not -len(sizes) <= axis[0] < len(sizes):
        shape_rules.refuse(
            op,
            f"Dimension ({axis[0]}) must be in the range [{-len(sizes)}, {len(sizes)}), where {len(sizes)} is the number of dimensions in the input.",
        )
    return shapes.TensorShape([d for i, d in enumerate(sizes) if i != axis[0] % len(sizes)])


def _place(input: Any, dimension: Any, output_type: Any, largest: bool) -> Any:
    axis = int(dimension)
    if input.ndim and not -input.ndim <= axis < input.ndim:
        raise errors.InvalidArgumentError(
            None, None, f"Expected dimension in the range [{-input.ndim}, {input.ndim}), but got {axis}"
        )
    if input.ndim and input.shape[axis] == 0:
        raise errors.InvalidArgumentError(None, None, f"Reduction axis {axis} is empty in shape {list(input.shape)}")
    xp = arrays.xp(input)
    if jnp.issubdtype(input.dtype, jnp.floating):  # NaN is never found
        input = xp.where(xp.isnan(input), _limit(np.dtype(input.dtype), largest), input)
    if input.ndim == 0:
        return np.zeros((), output_type.as_numpy_dtype)
    return (xp.argmax if largest else xp.argmin)(input, axis=axis).astype(output_type.as_numpy_dtype)


@rows.row("ArgMax", static=("dimension",), shape=_without_axis, gradient=rows.NONE)
def place_of_largest(input: Any, dimension: Any, *, output_type: Any) -> Any:
    return _place(input, dimension, output_type, True)


@rows.row("ArgMin", static=("dimension",), shape=_without_axis, gradient=rows.NONE)
def place_of_smallest(input: Any, dimension: Any, *, output_type: Any) -> Any:
    return _place(input, dimension, output_type, False)


def _running(x: Any, axis: Any, exclusive: bool, reverse: bool, name: str) -> Any:
    place = int(axis)
    if not -x.ndim <= place < x.ndim:
        raise errors.InvalidArgumentError(
            None, None, f"ScanOp: Expected scan axis in the range [{-x.ndim}, {x.ndim}), but got {place}"
        )
    if x.shape[place] == 0:
        return x
    xp = arrays.xp(x)
    if reverse:
        x = xp.flip(x, place)
    if exclusive:
        first = np.full(
            [1 if i == place % x.ndim else d for i, d in enumerate(x.shape)], 0 if name == "cumsum" else 1, x.dtype
        )
        x = xp.concatenate(
            [
                first,
                jax.lax.slice_in_dim(x, 0, -1, axis=place)
                if xp is jnp
                else np.take(x, range(x.shape[place] - 1), place),
            ],
            place,
        )
    result = getattr(xp, name)(x, axis=place, dtype=x.dtype)
    return xp.flip(result, place) if reverse else result


@rows.row("Cumsum", static=("axis",), shape=shape_inference.like_input())
def running_sum(x: Any, axis: Any, *, exclusive: bool, reverse: bool) -> Any:
    return _running(x, axis, exclusive, reverse, "cumsum")


@rows.row("Cumprod", static=("axis",), shape=shape_inference.like_input())
def running_product(x: Any, axis: Any, *, exclusive: bool, reverse: bool) -> Any:
    return _running(x, axis, exclusive, reverse, "cumprod")
