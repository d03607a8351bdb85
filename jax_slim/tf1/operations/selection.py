"""The largest elements, different elements, counts of equal ones, and sorting of rows into parts and back."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import building, errors, rows, shapes
from jax_slim.tf1.operations import arrays, shape_rules

Shape = shapes.TensorShape


def _top_shape(op: Any) -> list[Shape]:
    sizes = shape_rules.sizes(op)
    if op.type == "TopK":
        count: int | None = op.attrs["k"]
    else:
        shape_rules.check_rank(op, 1, 0)
        found = shape_rules.values(op, 1)
        count = None if found is None else found[0]
    if sizes is None:
        return [shapes.unknown_shape(), shapes.unknown_shape()]
    if not sizes:
        shape_rules.refuse(op, "Shape must be at least rank 1 but is rank 0")
    if count is not None and count < 0:
        shape_rules.refuse(op, f"Need k >= 0, got {count}")
    if count is not None and sizes[-1] is not None and sizes[-1] < count:
        shape_rules.refuse(op, f"input must have last dimension >= k = {count} but is {sizes[-1]}")
    return [Shape([*sizes[:-1], count]), Shape([*sizes[:-1], count])]


def _top(input: Any, count: int) -> Any:
    if count < 0 or input.shape[-1] < count:
        raise errors.InvalidArgumentError(
            None, None, f"input must have at least k columns. Had {input.shape[-1]}, needed {count}"
        )
    if isinstance(input, jax.Array):
        return tuple(jax.lax.top_k(input, count))
    # Of equal elements the first comes first, as it does last in the reversed array.
    places = input.shape[-1] - 1 - np.argsort(input[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :count]
    return np.take_along_axis(input, places, -1), places.astype(np.int32)


@rows.row("TopKV2", static=("k",), shape=_top_shape)
def top_k(input: Any, k: Any) -> Any:
    return _top(input, int(k))


@rows.row("TopK", shape=_top_shape)
def top_k_of_attribute(input: Any, *, k: int) -> Any:
    return _top(input, k)


def _nth_gradient(op: Any, grad: Any) -> list[Any]:
    """Shared by all elements that are equal to the one that was found."""
    values = building.make("ExpandDims", op.outputs[0], -1)
    same = building.make("Cast", building.make("Equal", op._inputs[0], values), DstT=grad.dtype.base_dtype)
    count = building.make("Sum", same, -1, keep_dims=True)
    return [building.make("Mul", building.make("RealDiv", same, count), building.make("ExpandDims", grad, -1)), None]


@rows.row(
    "NthElement",
    static=("n",),
    shape=lambda op: [op._inputs[0].shape.with_rank_at_least(1)[:-1]],
    gradient=_nth_gradient,
)
def nth_element(input: Any, n: Any, *, reverse: bool) -> Any:
    """Of each row the element that would be at place n, were it sorted (the largest first with `reverse`)."""
    place = int(n)
    if not 0 <= place < input.shape[-1]:
        raise errors.InvalidArgumentError(
            None, None, f"Input must have at least n+1={place + 1} columns, got {input.shape[-1]}"
        )
    return arrays.xp(input).sort(input, -1)[..., -1 - place if reverse else place]


def _in_top_shape(op: Any) -> Shape:
    shape_rules.check_rank(op, 0, 2)
    shape_rules.check_rank(op, 1, 1)
    predictions, targets = shape_rules.sizes(op), shape_rules.sizes(op, 1)
    found = shape_rules.merged(op, None if predictions is None else predictions[:1], targets)
    return Shape([None] if found is None else found)


def _in_top(predictions: Any, targets: Any, k: Any) -> Any:
    xp = arrays.xp(predictions, targets)
    classes = predictions.shape[1]
    inside = (targets >= 0) & (targets < classes)
    own = xp.take_along_axis(predictions, xp.where(inside, targets, 0)[:, None].astype(np.int64), axis=1)
    better = (predictions > own).sum(axis=1)
    return inside & xp.isfinite(predictions).all(axis=1) & (better < k)


@rows.row("InTopKV2", shape=_in_top_shape, gradient=rows.NONE)
def in_top_k(predictions: Any, targets: Any, k: Any) -> Any:
    return _in_top(predictions, targets, k)


@rows.row("InTopK", shape=_in_top_shape, gradient=rows.NONE)
def in_top_k_of_attribute(predictions: Any, targets: Any, *, k: int) -> Any:
    return _in_top(predictions, targets, k)


def _unique_shape(op: Any) -> list[Shape]:
    if op.type in ("Unique", "UniqueWithCounts"):
        shape_rules.check_rank(op, 0, 1)
        whole, like = Shape([None]), op._inputs[0].shape
    else:
        sizes = shape_rules.sizes(op)
        whole, like = shapes.unknown_shape(None if sizes is None else len(sizes)), Shape([None])
    return [whole, like, *([Shape([None])] if "Counts" in op.type else [])]


def _unique(x: Any, kind: Any, axis: int | None) -> tuple[Any, Any, Any]:
    """(the different elements in the order in which they are first seen, for each element which one it is, how often each is there)."""
    whole = np.moveaxis(x, axis or 0, 0)
    keys = (
        whole.tolist()
        if whole.ndim == 1
        else [r.tobytes() if r.dtype != object else tuple(r.reshape(-1)) for r in whole]
    )
    number: dict[Any, int] = {}
    ids = [number.setdefault(key, len(number)) for key in keys]
    first = [0] * len(number)
    for place in range(len(ids) - 1, -1, -1):
        first[ids[place]] = place
    dtype = kind.as_numpy_dtype
    found = np.moveaxis(whole[np.array(first, np.int64)], 0, axis or 0)
    return found, np.array(ids, dtype), np.bincount(np.array(ids, np.int64), minlength=len(number)).astype(dtype)


@rows.row("Unique", host=True, shape=_unique_shape, gradient=rows.NONE)
def unique(x: Any, *, out_idx: Any) -> Any:
    return _unique(x, out_idx, None)[:2]


@rows.row("UniqueWithCounts", host=True, shape=_unique_shape, gradient=rows.NONE)
def unique_with_counts(x: Any, *, out_idx: Any) -> Any:
    return _unique(x, out_idx, None)


@rows.row("UniqueV2", host=True, shape=_unique_shape, gradient=rows.NONE)
def unique_v2(x: Any, axis: Any, *, out_idx: Any) -> Any:
    return _unique(x, out_idx, int(axis[0]) if axis.size else None)[:2]


@rows.row("UniqueWithCountsV2", host=True, shape=_unique_shape, gradient=rows.NONE)
def unique_with_counts_v2(x: Any, axis: Any, *, out_idx: Any) -> Any:
    return _unique(x, out_idx, int(axis[0]) if axis.size else None)


def _counted_shape(op: Any) -> Shape:
    shape_rules.check_rank(op, 1, 0)
    found = shape_rules.values(op, 1)
    return Shape([None if found is None else found[0]])


@rows.row("Bincount", static=("size",), shape=_counted_shape, gradient=rows.NONE)
def count_equal(arr: Any, size: Any, weights: Any) -> Any:
    count = int(size)
    if count < 0:
        raise errors.InvalidArgumentError(None, None, f"size ({count}) must be non-negative")
    if arrays.is_known(arr) and (np.asarray(arr) < 0).any():
        raise errors.InvalidArgumentError(None, None, "Input arr must be non-negative!")
    flat = arr.reshape(-1)
    each = weights.reshape(-1) if weights.size else np.ones(flat.shape, weights.dtype)
    return _added(flat, each, count)


def _added(places: Any, values: Any, count: int) -> Any:
    """A vector with the values added at their places; what lies behind its end is left out."""
    if arrays.xp(places, values) is jnp:
        return jnp.zeros(count, values.dtype).at[places].add(values, mode="drop")
    result = np.zeros(count, values.dtype)
    np.add.at(result, places[places < count], values[places < count])
    return result


def _histogram_shape(op: Any) -> Shape:
    found = shape_rules.values(op, 2)
    shape_rules.check_rank(op, 2, 0)
    return Shape([None if found is None else found[0]])


@rows.row("HistogramFixedWidth", static=("nbins",), shape=_histogram_shape, gradient=rows.NONE)
def histogram(values: Any, value_range: Any, nbins: Any, *, dtype: Any) -> Any:
    count = int(nbins)
    if count <= 0:
        raise errors.InvalidArgumentError(None, None, f"nbins should be a positive number, but got '{count}'")
    if arrays.is_known(value_range) and not np.asarray(value_range)[0] < np.asarray(value_range)[1]:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"value_range should satisfy value_range[0] < value_range[1], but got '{np.asarray(value_range).tolist()}'",
        )
    xp = arrays.xp(values, value_range)
    low, high = value_range.astype(np.float64)
    places = xp.floor((values.reshape(-1).astype(np.float64) - low) / ((high - low) / count))
    places = xp.clip(places, 0, count - 1).astype(np.int32)
    return _added(places, np.ones(places.shape, dtype.as_numpy_dtype), count)


def _partition_shape(op: Any) -> list[Shape]:
    data, parts = shape_rules.sizes(op), shape_rules.sizes(op, 1)
    if data is None or parts is None:
        return [shapes.unknown_shape() for _ in op.outputs]
    if len(data) < len(parts):
        shape_rules.refuse(op, f"Shape must be at least rank {len(parts)} but is rank {len(data)}")
    shape_rules.merged(op, data[: len(parts)], parts)
    return [Shape([None, *data[len(parts) :]]) for _ in op.outputs]


def _partition_gradient(op: Any, *gradients: Any) -> list[Any]:
    data, parts = op.inputs
    total = building.make("Size", parts)
    order = building.make("Reshape", building.make("Range", 0, total, 1), building.make("Shape", parts))
    places = building.make("DynamicPartition", order, parts, num_partitions=op.attrs["num_partitions"])
    whole = building.make("ParallelDynamicStitch", places, list(gradients))
    return [building.make("Reshape", whole, building.make("Shape", data)), None]


@rows.row("DynamicPartition", host=True, shape=_partition_shape, gradient=_partition_gradient)
def dynamic_partition(data: Any, partitions: Any, *, num_partitions: int) -> Any:
    if data.shape[: partitions.ndim] != partitions.shape:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"data.shape must start with partitions.shape, got data.shape = {list(data.shape)}, partitions.shape = {list(partitions.shape)}",
        )
    flat = partitions.reshape(-1)
    if flat.size and (flat.min() < 0 or flat.max() >= num_partitions):
        bad = int(np.flatnonzero((flat < 0) | (flat >= num_partitions))[0])
        raise errors.InvalidArgumentError(
            None, None, f"partitions[{bad}] = {flat[bad]} is not in [0, {num_partitions})"
        )
    rows_ = data.reshape((-1, *data.shape[partitions.ndim :]))
    return tuple(rows_[flat == i] for i in range(num_partitions))


def _stitched_shape(op: Any) -> Shape:
    count = op.attrs["N"]
    rest: Any = None
    largest: int | None = -1
    for place in range(count):
        indices, data = shape_rules.sizes(op, place), shape_rules.sizes(op, count + place)
        found = shape_rules.values(op, place)
        largest = None if found is None or largest is None else max([largest, *found])
        if indices is None or data is None:
            continue
        if len(data) < len(indices):
            shape_rules.refuse(op, f"Shape must be at least rank {len(indices)} but is rank {len(data)}")
        shape_rules.merged(op, data[: len(indices)], indices)
        rest = shape_rules.merged(op, rest, data[len(indices) :])
    return Shape(None if rest is None else [None if largest is None else largest + 1, *rest])


def _stitched_gradient(op: Any, gradient: Any) -> list[Any]:
    count = op.attrs["N"]
    return [None] * count + [building.make("GatherV2", gradient, i, 0) for i in op.inputs[:count]]


@rows.row("DynamicStitch", "ParallelDynamicStitch", host=True, shape=_stitched_shape, gradient=_stitched_gradient)
def dynamic_stitch(indices: list[Any], data: list[Any]) -> Any:
    size = max((int(i.max()) + 1 for i in indices if i.size), default=0)
    result = np.zeros((size, *data[0].shape[indices[0].ndim :]), data[0].dtype)
    for places, values in zip(indices, data, strict=True):
        result[places.reshape(-1)] = values.reshape((-1, *result.shape[1:]))
    return result
