"""Rows that pick elements by index or mask, and put them back: Gather, GatherNd, ScatterNd, Where, Select, OneHot."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, gradients, known_values, rows, shapes
from jax_slim.tf1.graph.composites import IndexedSlices
from jax_slim.tf1.operations.arrays import is_known, require, xp
from jax_slim.tf1.operations.shape_rules import (
    check_rank,
    length,
    merged,
    refuse,
    shape_in,
    sizes,
    unknown,
    value,
    written,
)
from jax_slim.tf1.operations.shaping import invalid


def check_indices(indices: Any, limit: int, what: str = "indices") -> None:
    """Raises for indices outside of [0, limit): at once, or after the run where they are computed in it."""
    if isinstance(indices, np.ndarray):
        bad = (indices < 0) | (indices >= limit)
        if bad.any():
            place = tuple(int(p) for p in np.argwhere(bad)[0]) if indices.ndim else ()
            where = f"[{','.join(map(str, place))}]" if place else ""
            raise invalid(f"{what}{where} = {indices[place]} is not in [0, {limit})")
        return
    require(((indices >= 0) & (indices < limit)).all(), lambda: invalid(f"{what} must be in [0, {limit})"))


# Rows by number.


def _gathered(op: Any) -> Any:
    params, indices = sizes(op), sizes(op, 1)
    if len(op._inputs) > 2:
        check_rank(op, 2, 0)
        axis, batch = value(op, 2), op.attrs.get("batch_dims", 0)
    else:
        axis, batch = np.int32(0), 0
    if params is None:
        return [unknown()]
    if not params:
        refuse(op, "Shape must be at least rank 1 but is rank 0")
    if axis is not None and not -len(params) <= int(axis) < len(params):
        refuse(
            op, f"Shape must be at least rank {int(axis) + 1 if axis >= 0 else -int(axis)} but is rank {len(params)}"
        )
    if indices is None:
        return [unknown()]
    if axis is None:
        return [unknown(len(params) + len(indices) - 1 - batch)]
    place = int(axis) % len(params)
    batch = batch + len(indices) if batch < 0 else batch
    return [params[:place] + indices[batch:] + params[place + 1 :]]


def _gather_gradient(op: Any, gradient: Any) -> Any:
    axis = known_values.constant_value(op._inputs[2]) if len(op._inputs) > 2 else np.int32(0)
    if axis is None or int(axis) != 0 or op.attrs.get("batch_dims", 0):
        return gradients.generic(op, [gradient])
    params, indices = op._inputs[:2]
    shape = building.make("Cast", building.make("Shape", params, out_type=dtypes.int64), DstT=dtypes.int32)
    rest = building.make("StridedSlice", shape, [1], [0], [1], end_mask=1)
    count = building.make("ExpandDims", building.make("Size", indices), 0)
    values = building.make("Reshape", gradient, building.make("ConcatV2", [count, rest], 0, name="concat"))
    rows_ = building.make("Reshape", indices, count)
    return [IndexedSlices(values, rows_, shape)] + [None] * (len(op._inputs) - 1)


@rows.row("GatherV2", static=("axis",), shape=_gathered, gradient=_gather_gradient)
def gather_v2(params: Any, indices: Any, axis: Any, *, batch_dims: int = 0) -> Any:
    rank = np.ndim(params)
    place = int(axis)
    if not -rank <= place < rank:
        raise invalid(f"axis must be in [{-rank}, {rank}), got {place}")
    place %= rank
    check_indices(indices, np.shape(params)[place])
    if batch_dims:
        return _gathered_in_batch(params, indices, place, batch_dims % max(np.ndim(indices), 1))
    if xp(params, indices) is np:
        return np.asarray(np.take(params, indices, place), params.dtype)
    return jnp.take(jnp.asarray(params), jnp.asarray(indices), place, mode="clip")


@rows.row("Gather", shape=_gathered, gradient=_gather_gradient)
def gather(params: Any, indices: Any) -> Any:
    return gather_v2(params, indices, 0)


def _gathered_in_batch(params: Any, indices: Any, axis: int, batch: int) -> Any:
    module = xp(params, indices)
    outer = np.shape(params)[:batch]
    found = [
        module.take(params[place], indices[place], axis=axis - batch, **({} if module is np else {"mode": "clip"}))
        for place in np.ndindex(*outer)
    ]
    whole = module.stack([module.asarray(f) for f in found]) if found else module.zeros((0,), params.dtype)
    return whole.reshape(
        outer + np.shape(params)[batch:axis] + np.shape(indices)[batch:] + np.shape(params)[axis + 1 :]
    )


# Elements and slices by coordinates.


def _gathered_nd(op: Any) -> Any:
    params, indices = sizes(op), sizes(op, 1)
    if indices == ():
        refuse(op, "Shape must be at least rank 1 but is rank 0")
    if params is None or indices is None or indices[-1] is None:
        return [unknown()]
    if indices[-1] > len(params):
        refuse(
            op,
            f"indices.shape[-1] must be <= params.rank, but saw indices shape: {written(op._inputs[1].shape)} and params shape: {written(op._inputs[0].shape)}",
        )
    return [indices[:-1] + params[indices[-1] :]]


def _gather_nd_gradient(op: Any, gradient: Any) -> Any:
    params, indices = op._inputs
    known = indices.shape.sizes
    if known is not None and len(known) == 2 and known[1] == 1:
        shape = building.make("Shape", params, out_type=indices.dtype.base_dtype)
        return [IndexedSlices(gradient, building.make("Squeeze", indices, squeeze_dims=[-1]), shape), None]
    return gradients.generic(op, [gradient])


def _check_coordinates(indices: Any, limits: tuple[int, ...], whole: tuple[int, ...], what: str) -> None:
    edge = np.array(limits, np.asarray(indices).dtype if isinstance(indices, np.ndarray) else np.int64)
    if isinstance(indices, np.ndarray):
        bad = ((indices < 0) | (indices >= edge)).any(-1)
        if bad.any():
            place = tuple(int(p) for p in np.argwhere(bad)[0]) if bad.ndim else ()
            where = f"[{','.join(map(str, place))}]" if place else ""
            raise invalid(
                f"indices{where} = [{', '.join(map(str, indices[place].tolist()))}] does not index into {what} [{','.join(map(str, whole))}]"
            )
        return
    require(
        ((indices >= 0) & (indices < edge)).all(),
        lambda: invalid(f"indices do not index into {what} [{','.join(map(str, whole))}]"),
    )


@rows.row("GatherNd", shape=_gathered_nd, gradient=_gather_nd_gradient)
def gather_nd(params: Any, indices: Any) -> Any:
    depth = np.shape(indices)[-1]
    if depth > np.ndim(params):
        raise invalid(f"index innermost dimension length must be <= params rank; saw: {depth} vs. {np.ndim(params)}")
    shape = np.shape(params)
    _check_coordinates(indices, shape[:depth], shape, "param shape")
    if depth == 0:
        return xp(params).broadcast_to(params, np.shape(indices)[:-1] + shape)
    if xp(params, indices) is np:
        return np.asarray(params[tuple(indices[..., i] for i in range(depth))], params.dtype)
    indices = jnp.asarray(indices)
    return jnp.asarray(params).at[tuple(indices[..., i] for i in range(depth))].get(mode="clip")


def _scattered(op: Any) -> Any:
    found = shape_in(op, 2)
    indices, updates = sizes(op), sizes(op, 1)
    if found.sizes is not None and indices is not None and indices and indices[-1] is not None and updates is not None:
        _check_updates(op, indices, updates, found.sizes)
    return [found]


def _check_updates(op: Any, indices: Any, updates: Any, output: Any) -> None:
    outer, depth = indices[:-1], indices[-1]
    if depth > len(output):
        refuse(op, f"Index depth {depth} must not be larger than the rank of {list(output)}")
    inner = output[depth:]
    if len(updates) != len(outer) + len(inner):
        refuse(op, f"Shape must be rank {len(outer) + len(inner)} but is rank {len(updates)} of updates")
    merged(op, outer, updates[: len(outer)])
    for axis, (a, b) in enumerate(zip(inner, updates[len(outer) :], strict=True)):
        if a is not None and b is not None and a != b:
            refuse(
                op, f"The inner {len(inner)} dimensions of output.shape={written(shapes.TensorShape(output))} must match the inner {len(inner)} "
                f"dimensions of updates.shape={written(shapes.TensorShape(updates))}: Dimension {axis} in both shapes must be equal, but are {a} and {b}"
            )  # fmt: skip


@rows.row("ScatterNd", static=("shape",), shape=_scattered)
def scatter_nd(indices: Any, updates: Any, shape: Any) -> Any:
    size = tuple(int(d) for d in shape)
    module = xp(indices, updates)
    start = np.full(size, b"", object) if updates.dtype == object else module.zeros(size, updates.dtype)
    return scattered(start, indices, updates, "add")


def scattered(start: Any, indices: Any, updates: Any, how: str) -> Any:
    """`start` with `updates` set or added (`how`: set, add, subtract, min, max) at coordinates."""
    depth, shape = np.shape(indices)[-1], np.shape(start)
    if depth > len(shape):
        raise invalid(f"Index depth {depth} must not be larger than the rank of [{','.join(map(str, shape))}]")
    _check_coordinates(indices, shape[:depth], shape, "shape")
    wanted = np.shape(indices)[:-1] + shape[depth:]
    if np.shape(updates) != wanted:
        raise invalid(
            f"Must have updates.shape = indices.shape[:-1] + shape[{depth}:], got updates of shape {list(np.shape(updates))}, wanted {list(wanted)}"
        )
    place = tuple(indices[..., i] for i in range(depth)) or (Ellipsis,)
    if xp(start, indices, updates) is jnp:
        return getattr(jnp.asarray(start).at[place], how)(updates, mode="drop")
    result = np.array(start)
    if how == "set" or result.dtype == object:
        result[place] = updates
    else:
        {"add": np.add, "subtract": np.subtract, "min": np.minimum, "max": np.maximum}[how].at(result, place, updates)
    return result


def _like_first(op: Any) -> Any:
    indices, updates, output = sizes(op, 1), sizes(op, 2), sizes(op)
    if indices and indices[-1] is not None and updates is not None and output is not None:
        _check_updates(op, indices, updates, output)
    return [op._inputs[0].shape]


@rows.row("TensorScatterUpdate", shape=_like_first)
def tensor_scatter_update(tensor: Any, indices: Any, updates: Any) -> Any:
    return scattered(tensor, indices, updates, "set")


@rows.row("TensorScatterAdd", "ScatterNdNonAliasingAdd", shape=_like_first)
def tensor_scatter_add(tensor: Any, indices: Any, updates: Any) -> Any:
    return scattered(tensor, indices, updates, "add")


@rows.row("TensorScatterSub", shape=_like_first)
def tensor_scatter_sub(tensor: Any, indices: Any, updates: Any) -> Any:
    return scattered(tensor, indices, updates, "subtract")


@rows.row("TensorScatterMin", shape=_like_first)
def tensor_scatter_min(tensor: Any, indices: Any, updates: Any) -> Any:
    return scattered(tensor, indices, updates, "min")


@rows.row("TensorScatterMax", shape=_like_first)
def tensor_scatter_max(tensor: Any, indices: Any, updates: Any) -> Any:
    return scattered(tensor, indices, updates, "max")


# By masks.


@rows.row("Where", host=True, shape=lambda op: [(None, op._inputs[0].shape.ndims)], gradient=rows.NONE)
def where(input: Any) -> Any:
    if not np.ndim(input):
        return np.zeros((int(bool(input)), 0), np.int64)
    return np.argwhere(input != 0 if input.dtype != np.bool_ else input).astype(np.int64).reshape(-1, np.ndim(input))


def _selected(op: Any) -> Any:
    one = merged(op, sizes(op, 1), sizes(op, 2))
    condition = sizes(op)
    if one is None or condition is None or not condition:
        return [shapes.TensorShape(one)]
    if len(condition) == 1 and len(one) > 1:
        merged(op, condition, one[:1])
        return [one]
    return [merged(op, condition, one)]


@rows.row("Select", shape=_selected)
def select(condition: Any, t: Any, e: Any) -> Any:
    if np.shape(t) != np.shape(e):
        raise invalid(
            f"'then' and 'else' must have the same size.  but received: {list(np.shape(t))} vs. {list(np.shape(e))}"
        )
    rank = np.ndim(condition)
    if rank == 1 and np.ndim(t) > 1:
        if np.shape(condition)[0] != np.shape(t)[0]:
            raise invalid(
                f"Number of batches of 'then' must match size of 'cond', but saw: {np.shape(t)[0]} vs. {np.shape(condition)[0]}"
            )
        condition = condition.reshape((-1,) + (1,) * (np.ndim(t) - 1))
    elif rank and np.shape(condition) != np.shape(t):
        raise invalid(
            f"'cond' must be a scalar, a vector or have the shape of 'then', got {list(np.shape(condition))} and {list(np.shape(t))}"
        )
    return _chosen(condition, t, e)


def _selected_broadcast(op: Any) -> Any:
    try:
        return [shapes.broadcast(*(t.shape for t in op._inputs))]
    except ValueError as error:
        refuse(op, str(error))


@rows.row("SelectV2", shape=_selected_broadcast)
def select_v2(condition: Any, t: Any, e: Any) -> Any:
    try:
        np.broadcast_shapes(np.shape(condition), np.shape(t), np.shape(e))
    except ValueError:
        raise invalid(
            f"condition {list(np.shape(condition))}, then {list(np.shape(t))}, and else {list(np.shape(e))} must be broadcastable"
        ) from None
    return _chosen(condition, t, e)


def _chosen(condition: Any, t: Any, e: Any) -> Any:
    if is_known(condition) and np.ndim(condition) == 0 and np.shape(t) == np.shape(e):
        return t if condition else e
    return xp(condition, t, e).where(condition, t, e)


# One-hot vectors.


def _hot(op: Any) -> Any:
    for place in (1, 2, 3):
        check_rank(op, place, 0)
    indices, depth, axis = sizes(op), value(op, 1), op.attrs["axis"]
    if axis < -1:
        refuse(op, f"axis must be >= -1, got {axis}")
    if depth is not None and int(depth) < 0:
        refuse(op, f"Dimension {int(depth)} must be >= 0")
    if indices is None:
        return [unknown()]
    place = axis % (len(indices) + 1)  # what is out of range is found when it is run
    return [(*indices[:place], None if depth is None else int(depth), *indices[place:])]


@rows.row("OneHot", static=("depth",), shape=_hot, gradient=rows.NONE)
def one_hot(indices: Any, depth: Any, on_value: Any, off_value: Any, *, axis: int) -> Any:
    count, place = int(depth), np.ndim(indices) if axis == -1 else axis
    if count < 0:
        raise invalid(f"depth must be non-negative, got: {count}")
    if place > np.ndim(indices):
        raise invalid(f"Expected axis to be -1 or between [0, {np.ndim(indices) + 1}).  But received: {axis}")
    module = xp(indices, on_value, off_value)
    classes = np.arange(count, dtype=np.int64).reshape((-1,) + (1,) * (np.ndim(indices) - place))
    chosen = module.expand_dims(indices.astype(np.int64), place) == classes
    return module.where(chosen, on_value, off_value)


# Places in sorted rows.


def _places(op: Any) -> Any:
    check_rank(op, 0, 2)
    check_rank(op, 1, 2)
    return [op._inputs[1].shape if op._inputs[1].shape.ndims is not None else unknown(2)]


def _searched(inputs: Any, wanted: Any, side: Literal["left", "right"], kind: Any) -> Any:
    if np.shape(inputs)[0] != np.shape(wanted)[0]:
        raise invalid("Leading dim_size of both tensors must match.")
    if xp(inputs, wanted) is np:
        found = [np.searchsorted(a, b, side) for a, b in zip(inputs, wanted, strict=True)]
        return np.stack(found).astype(kind) if found else np.zeros(np.shape(wanted), kind)
    return jax.vmap(lambda a, b: jnp.searchsorted(a, b, side=side))(jnp.asarray(inputs), jnp.asarray(wanted)).astype(
        kind
    )


@rows.row("LowerBound", shape=_places, gradient=rows.NONE)
def lower_bound(sorted_inputs: Any, values: Any, *, out_type: Any) -> Any:
    return _searched(sorted_inputs, values, "left", out_type.as_numpy_dtype)


@rows.row("UpperBound", shape=_places, gradient=rows.NONE)
def upper_bound(sorted_inputs: Any, values: Any, *, out_type: Any) -> Any:
    return _searched(sorted_inputs, values, "right", out_type.as_numpy_dtype)


def _unraveled(op: Any) -> Any:
    indices, axes = sizes(op), length(op, 1)
    return [unknown() if indices is None else (axes, *indices)]


@rows.row("UnravelIndex", static=("dims",), shape=_unraveled, gradient=rows.NONE)
def unravel_index(indices: Any, dims: Any) -> Any:
    shape = [int(d) for d in dims]
    check_indices(indices, int(np.prod(shape)), "indices")
    module = xp(indices)
    strides = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    return module.stack([(indices // stride % size) for stride, size in zip(strides, shape, strict=True)]).astype(
        indices.dtype
    )


# Rows of a tensor, as what gradients of gathers are, in place of the whole tensor.


def _dense(slices: IndexedSlices, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Any:
    if as_ref:
        return NotImplemented
    if dtype is not None and not dtype.is_compatible_with(slices.dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with dtype {slices.dtype.name}"
        )
    if slices.dense_shape is None:
        raise ValueError(f"Tensor conversion requested for IndexedSlices without dense_shape: {slices}")
    count = building.make("StridedSlice", slices.dense_shape, [0], [1], [1], shrink_axis_mask=1)
    return building.make("UnsortedSegmentSum", slices.values, slices.indices, count, name=name)


conversion.register_tensor_conversion_function(IndexedSlices, _dense)
