"""Products, and reading at computed places, of JAX as TensorFlow's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jax import lax

from jax_slim.exporting import graph_shaping
from jax_slim.exporting.graph_elementwise import cast
from jax_slim.exporting.graph_equations import Equation, Known
from jax_slim.exporting.graph_nodes import Tensor, is_known
from jax_slim.exporting.graph_writing import Operand, Writer, strided_slice

_INT = np.dtype(np.int32)


def _dot(writer: Writer, equation: Equation) -> Tensor:
    (of_left, of_right), (batch_left, batch_right) = equation.params["dimension_numbers"]
    scope, like = equation.scope, equation.kinds[0]
    left, right = (writer.operand(o) for o in equation.operands)
    rank = len(left.shape), len(right.shape)
    if rank == (2, 2) and not batch_left and len(of_left) == 1:
        made = _product(writer, left, right, of_left[0] == 0, of_right[0] == 1, like.shape, scope)
        return cast(writer, made, like.dtype, scope)
    free_left = [a for a in range(rank[0]) if a not in (*of_left, *batch_left)]
    free_right = [a for a in range(rank[1]) if a not in (*of_right, *batch_right)]
    batch = [left.shape[a] for a in batch_left]
    rows, columns = [left.shape[a] for a in free_left], [right.shape[a] for a in free_right]
    inner = _size([left.shape[a] for a in of_left])
    first = _arranged(writer, left, [*batch_left, *free_left, *of_left], [*batch, _size(rows), inner], scope)
    second = _arranged(writer, right, [*batch_right, *of_right, *free_right], [*batch, inner, _size(columns)], scope)
    shape = [*batch, _size(rows), _size(columns)]
    if batch:
        made = writer.make(
            "BatchMatMulV2", [first, second], shape, left.dtype, scope, T=left.dtype, adj_x=False, adj_y=False
        )  # fmt: skip
    else:
        made = _product(writer, first, second, False, False, shape, scope)
    return cast(writer, writer.reshape(made, like.shape, scope), like.dtype, scope)


def _product(
    writer: Writer, left: Operand, right: Operand, a: bool, b: bool, shape: Sequence[Any], scope: str
) -> Tensor:
    dtype = left.dtype if isinstance(left, Tensor) else right.dtype
    sides = [
        writer.operand(s) if not isinstance(s, Tensor) or s.narrow is None else _whole(writer, s, scope)
        for s in (left, right)
    ]
    return writer.make(
        "MatMul", sides, shape, dtype, scope, suffixes=("a", "b"), T=np.dtype(dtype), transpose_a=a, transpose_b=b
    )


def _whole(writer: Writer, tensor: Tensor, scope: str) -> Tensor:
    if tensor.narrow is None:
        return tensor
    return writer.make(
        "BroadcastTo", [tensor.narrow, writer.sizes(tensor.shape, scope)], tensor.shape, tensor.dtype, scope,
        suffixes=("input", "shape"), T=tensor.dtype, Tidx=_INT,
    )  # fmt: skip


def _size(sizes: Sequence[Any]) -> Any:
    total: Any = 1
    for size in sizes:
        total = size * total
    return total


def _arranged(writer: Writer, x: Operand, order: Sequence[int], shape: Sequence[Any], scope: str) -> Operand:
    if isinstance(x, Known):
        if list(order) == list(range(len(order))) and tuple(x.shape) == tuple(shape):
            return x
        return Known(np.transpose(x.value, order).reshape(shape))
    assert isinstance(x, Tensor)
    return writer.reshape(writer.transpose(_whole(writer, x, scope), list(order), scope), shape, scope)


def _gather(writer: Writer, equation: Equation) -> Tensor:
    """Reading rows along one axis, or elements at places of several."""
    p, scope, like = equation.params, equation.scope, equation.kinds[0]
    numbers, sizes = p["dimension_numbers"], p["slice_sizes"]
    x = writer.full(equation.operands[0], scope)
    read = list(numbers.start_index_map)
    if isinstance(equation.operands[1], Known) and (found := _at_known_places(writer, x, equation)) is not None:
        return found
    places = writer.full(equation.operands[1], scope)
    if len(places.shape) == 1:
        return _one_slice(writer, x, places, equation)
    cut_short = [
        a for a, (size, whole) in enumerate(zip(sizes, x.shape, strict=True)) if size != whole and a not in read
    ]
    batches: list[int] = list(getattr(numbers, "operand_batching_dims", ()))
    if (
        (cut_short and cut_short != batches)
        or list(numbers.collapsed_slice_dims) != sorted(read)
        or any(sizes[a] != 1 for a in read)
    ):
        raise NotImplementedError("indexing with slices at computed places")
    if not is_known([x.shape[a] for a in read]):
        raise NotImplementedError("indexing along an axis whose size is not known")
    places = cast(writer, places, np.int32, scope)
    limits = np.array([x.shape[a] - 1 for a in read], np.int32)
    inside = None
    mode = _mode(p)
    if mode != lax.GatherScatterMode.PROMISE_IN_BOUNDS:
        held = _within(writer, places, limits[0] if len(limits) == 1 else limits, scope)
        if mode == lax.GatherScatterMode.FILL_OR_DROP:
            same = writer.make("Equal", [held, places], places.shape, np.bool_, scope, T=_INT)
            inside = writer.make(
                "All", [same, np.array([-1], np.int32)], places.shape[:-1], np.bool_, scope,
                suffixes=("input", "reduction_indices"), keep_dims=False, Tidx=_INT,
            )  # fmt: skip
        places = held
    found, shape, first = _read(writer, x, places, read, batches, numbers, scope)
    if inside is not None:
        # The axes of the indices stand together in `found`, from `first` on.
        rest = [1] * (len(shape) - first - len(inside.shape))
        mask = writer.reshape(inside, [*([1] * first), *inside.shape, *rest], scope)
        fill = p.get("fill_value")
        if fill is None:
            fill = (
                np.nan if x.dtype.kind == "f" else (np.iinfo(x.dtype).min if x.dtype.kind == "i" else x.dtype.type(-1))
            )
        found = writer.make(
            "SelectV2",
            [mask, found, np.asarray(fill, x.dtype)],
            shape,
            x.dtype,
            scope,
            suffixes=("condition", "t", "e"),
            T=x.dtype,
        )
    count = len(shape) - len(numbers.offset_dims)
    of_indices = list(range(first, first + count))
    of_slices = [a for a in range(len(shape)) if a not in of_indices]
    return _ordered(writer, found, of_indices, of_slices, numbers, scope)._replace(shape=tuple(like.shape))


def _ordered(
    writer: Writer, found: Tensor, of_indices: list[int], of_slices: list[int], numbers: Any, scope: str
) -> Tensor:
    """What was read, with the axes of the slices where `offset_dims` says, and those of the indices elsewhere."""
    indices, slices = iter(of_indices), iter(of_slices)
    order = [next(slices) if axis in numbers.offset_dims else next(indices) for axis in range(len(found.shape))]
    return writer.transpose(found, order, scope)


def _at_known_places(writer: Writer, x: Tensor, equation: Equation) -> Tensor | None:
    """Reads at known places, each axis by itself: `x[:, ::2, 3]`. None where places depend on several axes at once."""
    places, numbers, sizes = (
        equation.operands[1].value,
        equation.params["dimension_numbers"],
        equation.params["slice_sizes"],
    )
    scope, outer, collapsed = equation.scope, places.shape[:-1], numbers.collapsed_slice_dims
    starts, limits, strides = [0] * len(x.shape), list(sizes), [1] * len(x.shape)
    lists: dict[int, np.ndarray] = {}
    of_outer: dict[int, int] = {}
    for place, axis in enumerate(numbers.start_index_map):
        values = places[..., place]
        along = [d for d in range(len(outer)) if not (values == values.take([0], d)).all()] if values.size else [-1, -1]
        last = x.shape[axis] - sizes[axis] if isinstance(x.shape[axis], int) else (0 if sizes[axis] == 1 else -1)
        if len(along) > 1 or values.min() < 0 or values.max() > last:
            return None
        row = np.moveaxis(values, along[0], 0).reshape(outer[along[0]], -1)[:, 0] if along else values.reshape(-1)[:1]
        if along and (along[0] in of_outer or sizes[axis] != 1 or axis not in collapsed):
            return None
        step = int(row[1] - row[0]) if len(row) > 1 else 1
        if along:
            of_outer[along[0]] = axis
        if step > 0 and (np.diff(row) == step).all():
            starts[axis], strides[axis] = int(row[0]), step
            limits[axis] = int(row[-1]) + sizes[axis] if isinstance(x.shape[axis], int) else sizes[axis]
        else:
            lists[axis], limits[axis] = row, x.shape[axis]
    if any(d not in of_outer and size != 1 for d, size in enumerate(outer)) or getattr(
        numbers, "operand_batching_dims", ()
    ):
        return None
    shape = [len(range(a, b, s)) if isinstance(b, int) else b for a, b, s in zip(starts, limits, strides, strict=True)]
    if tuple(shape) != tuple(x.shape):
        x = graph_shaping.cut(writer, x, starts, limits, strides, shape, scope)
    for axis, row in lists.items():
        shape[axis] = len(row)
        x = _rows(writer, x, row.astype(np.int32), axis, shape, scope)
    slices = iter(a for a in range(len(shape)) if a not in collapsed)
    of_indices = iter(range(len(outer)))
    order = [
        next(slices) if axis in numbers.offset_dims else of_outer.get(next(of_indices), -1)
        for axis in range(len(equation.kinds[0].shape))
    ]
    order = [a for a in order if a >= 0]
    order += [a for a in range(len(shape)) if a not in order]
    return writer.reshape(writer.transpose(x, order, scope), equation.kinds[0].shape, scope)


def _rows(
    writer: Writer, x: Tensor, places: Any, axis: int, shape: Sequence[Any], scope: str, batches: int = 0
) -> Tensor:
    return writer.make(
        "GatherV2", [x, places, np.array(axis, np.int32)], shape, x.dtype, scope,
        suffixes=("params", "indices", "axis"), Tparams=x.dtype, Tindices=_INT, Taxis=_INT, batch_dims=batches,
    )  # fmt: skip


def _one_slice(writer: Writer, x: Tensor, places: Tensor, equation: Equation) -> Tensor:
    """A single slice at a computed place."""
    p, scope = equation.params, equation.scope
    numbers, sizes = p["dimension_numbers"], p["slice_sizes"]
    if _mode(p) == lax.GatherScatterMode.FILL_OR_DROP:
        raise NotImplementedError("a slice at a computed place that may be beyond the end")
    starts: list[Any] = [np.int32(0)] * len(sizes)
    for place, axis in enumerate(numbers.start_index_map):
        bounds = [np.array([b], np.int32) for b in (place, place + 1, 1)]
        starts[axis] = strided_slice(writer, places, bounds, (), scope, shrink=1)
    return writer.reshape(_sliced(writer, x, starts, sizes, sizes, scope), equation.kinds[0].shape, scope)


def _mode(params: Any) -> lax.GatherScatterMode:
    mode = params["mode"]
    return mode if isinstance(mode, lax.GatherScatterMode) else lax.GatherScatterMode.from_any(mode)


def _within(writer: Writer, places: Tensor, limit: Any, scope: str) -> Tensor:
    low = writer.make("Maximum", [places, np.int32(0)], places.shape, _INT, scope, T=_INT)
    high = limit if isinstance(limit, Tensor) else np.asarray(limit, np.int32)
    return writer.make("Minimum", [low, high], places.shape, _INT, scope, T=_INT)


def _read(
    writer: Writer, x: Tensor, places: Tensor, read: list[int], batches: list[int], numbers: Any, scope: str
) -> tuple[Tensor, list[Any], int]:
    """What stands at the places, its shape, and where the axes of the indices begin in it."""
    outer = list(places.shape[:-1])
    if len(read) == 1:
        axis, count = read[0], len(batches)
        if batches and (batches != list(range(count)) or list(numbers.start_indices_batching_dims) != batches):
            raise NotImplementedError("indexing in several batches, the axes in another order")
        flat = writer.reshape(places, outer, scope)
        shape = [*x.shape[:axis], *outer[count:], *x.shape[axis + 1 :]]
        if batches and axis != count:
            raise NotImplementedError("indexing in batches along a later axis")
        found = _rows(writer, x, flat, axis, shape, scope, count)
        return found, shape, 0 if batches else axis
    if batches:
        raise NotImplementedError("indexing in batches along several axes")
    rest = [a for a in range(len(x.shape)) if a not in read]
    turned = writer.transpose(x, [*read, *rest], scope)
    shape = [*outer, *(x.shape[a] for a in rest)]
    found = writer.make(
        "GatherNd",
        [turned, places],
        shape,
        x.dtype,
        scope,
        suffixes=("params", "indices"),
        Tparams=x.dtype,
        Tindices=_INT,
    )
    return found, shape, 0


def _starts(writer: Writer, starts: Sequence[Any], x: Tensor, sizes: Sequence[Any], scope: str) -> Any:
    """Starts as a vector, moved so that what is read lies within the array, as JAX does."""
    parts: list[Any] = []
    for operand, whole, size in zip(starts, x.shape, sizes, strict=True):
        start = writer.operand(operand)
        limit: Any = 0 if whole == size else whole - size
        if isinstance(limit, int) and not isinstance(start, Tensor):
            value = start.value if isinstance(start, Known) else start
            parts.append(np.int32(np.clip(value, 0, limit)))
            continue
        if not isinstance(limit, int):
            limit = writer.make("Sub", [writer.size(whole, scope), np.int32(size)], (), _INT, scope, T=_INT)
        tensor = cast(writer, writer.full(operand, scope) if not isinstance(start, Tensor) else start, np.int32, scope)
        parts.append(_within(writer, tensor, limit, scope))
    if not any(isinstance(p, Tensor) for p in parts):
        return np.array(parts, np.int32)
    return writer.make(
        "Pack",
        parts,
        (len(parts),),
        _INT,
        scope,
        suffixes=[str(i) for i in range(len(parts))],
        N=len(parts),
        T=_INT,
        axis=0,
    )


def _dynamic_slice(writer: Writer, equation: Equation) -> Tensor:
    x, scope, sizes = writer.full(equation.operands[0], equation.scope), equation.scope, equation.params["slice_sizes"]
    return _sliced(writer, x, equation.operands[1:], sizes, equation.kinds[0].shape, scope)


def _sliced(
    writer: Writer, x: Tensor, starts: Sequence[Any], sizes: Sequence[Any], shape: Sequence[Any], scope: str
) -> Tensor:
    begin = _starts(writer, starts, x, sizes, scope)
    whole = np.array([-1 if size == length else size for size, length in zip(sizes, x.shape, strict=True)], np.int32)
    return writer.make(
        "Slice", [x, begin, whole], shape, x.dtype, scope, suffixes=("input", "begin", "size"), T=x.dtype, Index=_INT
    )


def _dynamic_update_slice(writer: Writer, equation: Equation) -> Tensor:
    """The update, with zeros around it, where a mask of ones with zeros around it says so."""
    scope = equation.scope
    x, update = (writer.full(o, scope) for o in equation.operands[:2])
    starts = _starts(writer, equation.operands[2:], x, update.shape, scope)
    limits = [0 if whole == size else whole - size for whole, size in zip(x.shape, update.shape, strict=True)]
    if isinstance(starts, np.ndarray):
        sides: Any = np.stack([starts, np.array(limits, np.int32) - starts], axis=1)
    else:
        if not is_known(limits):
            raise NotImplementedError("an update of a part of an axis whose size is not known")
        after = writer.make("Sub", [np.array(limits, np.int32), starts], starts.shape, _INT, scope, T=_INT)
        sides = writer.make(
            "Pack", [starts, after], (len(limits), 2), _INT, scope, suffixes=("0", "1"), N=2, T=_INT, axis=1
        )
    ones = writer.make("OnesLike", [update], update.shape, update.dtype, scope, T=update.dtype)
    wide, mask = (
        writer.make(
            "Pad", [t, sides], x.shape, x.dtype, scope, suffixes=("tensor", "paddings"), T=x.dtype, Tpaddings=_INT
        )
        for t in (update, ones)
    )
    there = writer.make("Cast", [mask], x.shape, np.bool_, scope, SrcT=x.dtype, DstT=np.dtype(np.bool_), Truncate=False)
    return writer.make("Select", [there, wide, x], x.shape, x.dtype, scope, suffixes=("condition", "t", "e"), T=x.dtype)


RULES: dict[str, Callable[[Writer, Equation], Any]] = {
    "dot_general": _dot,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": _gather,
}
