"""Sums, means, products and extremes of rows that belong together: sorted and unsorted segments, and those of a selection of rows."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import building, errors, rows, shapes
from jax_slim.tf1.operations import arrays, shape_rules


def _refused(message: str) -> errors.OpError:
    return errors.InvalidArgumentError(None, None, message)


# Unsorted: the number of segments is an argument. Derivatives are TF's: extremes that several rows share are split among
# them, and products heed zeros.


def _flat(data: Any, ids: Any) -> tuple[Any, Any, tuple[int, ...]]:
    rest = data.shape[ids.ndim :]
    return data.reshape((-1, *rest)), ids.reshape(-1), rest


def _sums(data: Any, ids: Any, count: int) -> Any:
    if arrays.xp(data, ids) is np:
        found = np.zeros((count, *data.shape[1:]), data.dtype)
        np.add.at(found, ids[ids >= 0], data[ids >= 0])
        return found
    return jax.ops.segment_sum(data, jnp.where(ids < 0, count, ids), count)


def _along(values: Any, ids: Any, like: Any) -> Any:
    """For each row what its segment has; rows without one take the first's."""
    return jnp.take(values, jnp.maximum(ids, 0), axis=0).reshape(like.shape)


def _has_segment(ids: Any, like: Any) -> Any:
    return (ids >= 0).reshape(ids.shape + (1,) * (like.ndim - 1))


def _lowest(dtype: Any) -> Any:
    return jnp.finfo(dtype).min if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min


def _highest(dtype: Any) -> Any:
    return jnp.finfo(dtype).max if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).max


def _extremes(data: Any, ids: Any, count: int, largest: bool) -> Any:
    fill = _lowest(data.dtype) if largest else _highest(data.dtype)
    start = jnp.full((count, *data.shape[1:]), fill, data.dtype)
    at = start.at[jnp.where(ids < 0, count, ids)]
    return at.max(data, mode="drop") if largest else at.min(data, mode="drop")


def _with_shares(data: Any, ids: Any, count: int, largest: bool) -> Any:
    @jax.custom_jvp
    def extremes(data: Any) -> Any:
        return _extremes(data, ids, count, largest)

    @extremes.defjvp
    def derivative(values: Any, tangents: Any) -> Any:
        (data,), (change,) = values, tangents
        found = extremes(data)
        chosen = (data == _along(found, ids, data)) & _has_segment(ids, data)
        shares = jnp.maximum(_sums(chosen.astype(data.dtype), ids, count), 1)
        return found, _sums(jnp.where(chosen, change, 0), ids, count) / shares

    return extremes(data)


def _products(data: Any, ids: Any, count: int) -> Any:
    @jax.custom_jvp
    def products(data: Any) -> Any:
        start = jnp.ones((count, *data.shape[1:]), data.dtype)
        return start.at[jnp.where(ids < 0, count, ids)].multiply(data, mode="drop")

    @products.defjvp
    def derivative(values: Any, tangents: Any) -> Any:
        (data,), (change,) = values, tangents
        found, zero = products(data), data == 0
        others = products(jnp.where(zero, 1, data))
        zeros = _along(_sums(zero.astype(data.dtype), ids, count), ids, data)
        alone = jnp.where(zeros == 1, _along(others, ids, data), 0)
        factor = jnp.where(zero, alone, _along(found, ids, data) / jnp.where(zero, 1, data))
        return found, _sums(change * factor, ids, count)

    return products(data)


def _unsorted_shape(op: Any) -> shapes.TensorShape:
    data, ids, count = shape_rules.sizes(op), shape_rules.sizes(op, 1), shape_rules.values(op, 2)
    shape_rules.check_rank(op, 2, 0)
    if data is None or ids is None:
        return shapes.unknown_shape()
    if len(data) < len(ids):
        shape_rules.refuse(op, f"Shape must be at least rank {len(ids)} but is rank {len(data)}")
    shape_rules.merged(op, data[: len(ids)], ids)
    return shapes.TensorShape([None if count is None else count[0], *data[len(ids) :]])


def _unsorted(data: Any, segment_ids: Any, num_segments: Any, compute: Any) -> Any:
    count = int(num_segments)
    if count < 0:
        raise _refused(f"Input num_segments == {count} must not be negative.")
    if data.shape[: segment_ids.ndim] != segment_ids.shape:
        raise _refused(
            f"data.shape = {list(data.shape)} does not start with segment_ids.shape = {list(segment_ids.shape)}"
        )

    def error() -> errors.OpError:
        bad = np.flatnonzero(np.asarray(segment_ids).reshape(-1) >= count) if arrays.is_known(segment_ids) else []
        place = f"[{bad[0]}] = {np.asarray(segment_ids).reshape(-1)[bad[0]]}" if len(bad) else ""
        return _refused(f"segment_ids{place} is out of range [0, {count})")

    arrays.require((segment_ids < count).all(), error)
    flat, ids, rest = _flat(data, segment_ids)
    return compute(flat, ids, count).reshape((count, *rest))


def _unsorted_row(type: str, compute: Any, numpy: bool = False) -> None:
    def row(data: Any, segment_ids: Any, num_segments: Any) -> Any:
        if not numpy:
            data, segment_ids = jnp.asarray(data), jnp.asarray(segment_ids)
        return _unsorted(data, segment_ids, num_segments, compute)

    rows.row(type, static=("num_segments",), shape=_unsorted_shape, numpy=numpy)(row)


_unsorted_row("UnsortedSegmentSum", _sums, numpy=True)
_unsorted_row("UnsortedSegmentProd", _products)
_unsorted_row("UnsortedSegmentMax", lambda data, ids, count: _with_shares(data, ids, count, True))
_unsorted_row("UnsortedSegmentMin", lambda data, ids, count: _with_shares(data, ids, count, False))


# Sorted: how many segments there are says the last id. On the host; gradients are nodes that gather.


def _sorted_shape(op: Any) -> shapes.TensorShape:
    shape_rules.check_rank(op, 1, 1)
    data = shape_rules.sizes(op)
    if data is None:
        return shapes.unknown_shape()
    if not data:
        shape_rules.refuse(op, "Shape must be at least rank 1 but is rank 0")
    return shapes.TensorShape([None, *data[1:]])


def _starts(data: Any, ids: Any) -> tuple[Any, Any]:
    """(where each segment that is there begins, its id)."""
    if ids.shape[0] != data.shape[0]:
        raise _refused("segment_ids should be the same size as dimension 0 of input.")
    if len(ids) and (np.diff(ids) < 0).any():
        raise _refused("segment ids are not increasing")
    if len(ids) and ids[0] < 0:
        raise _refused("segment ids must be >= 0")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(ids) > 0])) if len(ids) else np.zeros(0, np.int64)
    return starts, ids[starts]


def _sorted(data: Any, ids: Any, ufunc: Any, empty: Any) -> Any:
    starts, present = _starts(data, ids)
    result = np.full((int(ids[-1]) + 1 if len(ids) else 0, *data.shape[1:]), empty, data.dtype)
    if len(starts):
        result[present] = ufunc.reduceat(data, starts, axis=0, dtype=data.dtype)
    return result


def _gathered(values: Any, ids: Any) -> Any:
    return building.make("GatherV2", values, ids, 0)


def _sum_gradient(op: Any, gradient: Any) -> list[Any]:
    return [_gathered(gradient, op.inputs[1]), None]


@rows.row("SegmentSum", host=True, shape=_sorted_shape, gradient=_sum_gradient)
def segment_sum(data: Any, segment_ids: Any) -> Any:
    return _sorted(data, segment_ids, np.add, 0)


def _counts(op: Any, gradient: Any) -> Any:
    """For each segment its number of rows, with sizes 1 to divide the gradient by."""
    ones = building.make("OnesLike", building.make("Cast", op.inputs[1], DstT=gradient.dtype.base_dtype))
    counts = building.make("SegmentSum", ones, op.inputs[1])
    rank = op.inputs[0].shape.ndims
    if rank is None:
        tail = building.make("Fill", [building.make("Sub", building.make("Rank", op.inputs[0]), 1)], 1)
        return building.make("Reshape", counts, building.make("ConcatV2", [[-1], tail], 0))
    return building.make("Reshape", counts, [-1] + [1] * (rank - 1))


def _mean_gradient(op: Any, gradient: Any) -> list[Any]:
    return [_gathered(building.make("RealDiv", gradient, _counts(op, gradient)), op.inputs[1]), None]


@rows.row("SegmentMean", host=True, shape=_sorted_shape, gradient=_mean_gradient)
def segment_mean(data: Any, segment_ids: Any) -> Any:
    sums = segment_sum(data, segment_ids)
    counts = (
        np.maximum(np.bincount(segment_ids, minlength=len(sums)), 1)
        .reshape((-1,) + (1,) * (data.ndim - 1))
        .astype(data.dtype)
    )
    return (sums - np.fmod(sums, counts)) // counts if np.issubdtype(data.dtype, np.integer) else sums / counts


def _extreme_gradient(op: Any, gradient: Any) -> list[Any]:
    data, ids = op.inputs
    chosen = building.make("Equal", data, _gathered(op.outputs[0], ids))
    count = building.make("SegmentSum", building.make("Cast", chosen, DstT=gradient.dtype.base_dtype), ids)
    shares = _gathered(building.make("RealDiv", gradient, count), ids)
    return [building.make("Select", chosen, shares, building.make("ZerosLike", shares)), None]


@rows.row("SegmentMax", host=True, shape=_sorted_shape, gradient=_extreme_gradient)
def segment_max(data: Any, segment_ids: Any) -> Any:
    return _sorted(data, segment_ids, np.maximum, 0)


@rows.row("SegmentMin", host=True, shape=_sorted_shape, gradient=_extreme_gradient)
def segment_min(data: Any, segment_ids: Any) -> Any:
    return _sorted(data, segment_ids, np.minimum, 0)


def _no_gradient(op: Any, *gradients: Any) -> Any:
    raise LookupError(f"No gradient defined for operation '{op.name}' (op type: {op.type})")


@rows.row("SegmentProd", host=True, shape=_sorted_shape, gradient=_no_gradient)
def segment_prod(data: Any, segment_ids: Any) -> Any:
    return _sorted(data, segment_ids, np.multiply, 1)


# Rows chosen by `indices`, then sorted segments of those.


def _chosen_shape(op: Any) -> shapes.TensorShape:
    data = shape_rules.sizes(op)
    shape_rules.check_rank(op, 1, 1)
    shape_rules.check_rank(op, 2, 1)
    count = shape_rules.values(op, 3) if len(op._inputs) == 4 else None
    return shapes.TensorShape(None if data is None else [None if count is None else count[0], *data[1:]])


def _chosen_gradient(op: Any, gradient: Any) -> list[Any]:
    data, indices, ids = op.inputs[:3]
    size = building.make("StridedSlice", building.make("Shape", data), [0], [1], [1], shrink_axis_mask=1)
    none = [None] * (len(op.inputs) - 1)
    if op.type.startswith("SparseSegmentSum"):
        return [building.make("UnsortedSegmentSum", _gathered(gradient, ids), indices, size), *none]
    type = "SparseSegmentMeanGrad" if op.type.startswith("SparseSegmentMean") else "SparseSegmentSqrtNGrad"
    return [building.make(type, gradient, indices, ids, size), *none]


def _chosen(data: Any, indices: Any, ids: Any, count: Any, power: float) -> Any:
    if len(indices) and (indices.min() < 0 or indices.max() >= data.shape[0]):
        bad = int(np.flatnonzero((indices < 0) | (indices >= data.shape[0]))[0])
        raise _refused(f"indices[{bad}] == {indices[bad]} out of range [0, {data.shape[0]})")
    sums = segment_sum(data[indices], ids)
    if power:
        counts = np.maximum(np.bincount(ids, minlength=len(sums)), 1).astype(np.float64) ** power
        sums = (sums / counts.reshape((-1,) + (1,) * (data.ndim - 1))).astype(data.dtype)
    if count is None:
        return sums
    if len(sums) > int(count):
        raise _refused("segment ids must be < num_segments")
    return np.concatenate([sums, np.zeros((int(count) - len(sums), *sums.shape[1:]), sums.dtype)])


for _name, _power in {"Sum": 0.0, "Mean": 1.0, "SqrtN": 0.5}.items():

    def _compute(data: Any, indices: Any, segment_ids: Any, num_segments: Any = None, power: float = _power) -> Any:
        return _chosen(data, indices, segment_ids, num_segments, power)

    rows.row(
        f"SparseSegment{_name}",
        f"SparseSegment{_name}WithNumSegments",
        host=True,
        shape=_chosen_shape,
        gradient=_chosen_gradient,
    )(_compute)


def _of_rows(op: Any) -> shapes.TensorShape:
    sizes, count = shape_rules.sizes(op), shape_rules.values(op, 3)
    return shapes.TensorShape(None if sizes is None else [None if count is None else count[0], *sizes[1:]])


def _spread(grad: Any, indices: Any, ids: Any, count: Any, power: float) -> Any:
    grad, indices, ids = jnp.asarray(grad), jnp.asarray(indices), jnp.asarray(ids)
    counts = _sums(jnp.ones(ids.shape, grad.dtype), ids, grad.shape[0])
    scale = (1 / jnp.maximum(counts, 1) ** power).reshape((-1,) + (1,) * (grad.ndim - 1)).astype(grad.dtype)
    return _sums(jnp.take(grad * scale, ids, axis=0), indices, int(count))


@rows.row("SparseSegmentMeanGrad", static=("output_dim0",), shape=_of_rows, numpy=False)
def sparse_segment_mean_grad(grad: Any, indices: Any, segment_ids: Any, output_dim0: Any) -> Any:
    return _spread(grad, indices, segment_ids, output_dim0, 1.0)


@rows.row("SparseSegmentSqrtNGrad", static=("output_dim0",), shape=_of_rows, numpy=False)
def sparse_segment_sqrt_n_grad(grad: Any, indices: Any, segment_ids: Any, output_dim0: Any) -> Any:
    return _spread(grad, indices, segment_ids, output_dim0, 0.5)
