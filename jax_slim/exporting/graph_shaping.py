"""Shapes, axes and sums of JAX as TensorFlow's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jax_slim.exporting.graph_elementwise import cast
from jax_slim.exporting.graph_equations import Equation, Known
from jax_slim.exporting.graph_nodes import Tensor, is_known
from jax_slim.exporting.graph_writing import Writer, strided_slice

_REDUCTIONS = {
    "reduce_sum": "Sum",
    "reduce_max": "Max",
    "reduce_min": "Min",
    "reduce_prod": "Prod",
    "reduce_and": "All",
    "reduce_or": "Any",
}
_INT = np.dtype(np.int32)


def _reshape(writer: Writer, equation: Equation) -> Tensor:
    return writer.reshape(equation.operands[0], equation.kinds[0].shape, equation.scope)


def _squeeze(writer: Writer, equation: Equation) -> Tensor:
    x = writer.full(equation.operands[0], equation.scope)
    axes = [int(a) for a in equation.params["dimensions"]]
    if not axes:
        return x
    return writer.make("Squeeze", [x], equation.kinds[0].shape, x.dtype, equation.scope, T=x.dtype, squeeze_dims=axes)


def _broadcast(writer: Writer, equation: Equation) -> Tensor:
    shape, places = equation.kinds[0].shape, equation.params["broadcast_dimensions"]
    found = writer.operand(equation.operands[0])
    x = found.narrow or found if isinstance(found, Tensor) else writer.full(found, equation.scope)
    sizes: list[Any] = [1] * len(shape)
    for size, axis in zip(x.shape, places, strict=True):
        sizes[axis] = size
    narrow = writer.reshape(x, sizes, equation.scope)
    if tuple(sizes) == tuple(shape):
        return narrow
    return Tensor(narrow.source, tuple(shape), x.dtype, narrow)


def _transpose(writer: Writer, equation: Equation) -> Tensor:
    x = writer.full(equation.operands[0], equation.scope)
    return writer.transpose(x, [int(a) for a in equation.params["permutation"]], equation.scope)


def _reverse(writer: Writer, equation: Equation) -> Tensor:
    x = writer.full(equation.operands[0], equation.scope)
    axes = np.array(equation.params["dimensions"], np.int32)
    return writer.make(
        "ReverseV2", [x, axes], x.shape, x.dtype, equation.scope, suffixes=("tensor", "axis"), T=x.dtype, Tidx=_INT
    )


def concatenated(writer: Writer, parts: Sequence[Tensor], axis: int, shape: Sequence[Any], scope: str) -> Tensor:
    """Tensors side by side along an axis."""
    if len(parts) == 1:
        return parts[0]
    return writer.make(
        "ConcatV2", [*parts, np.array(axis, np.int32)], shape, parts[0].dtype, scope,
        suffixes=[*(f"values_{i}" for i in range(len(parts))), "axis"], N=len(parts), T=parts[0].dtype, Tidx=_INT,
    )  # fmt: skip


def _concatenate(writer: Writer, equation: Equation) -> Tensor:
    parts = [writer.full(o, equation.scope) for o in equation.operands]
    return concatenated(writer, parts, equation.params["dimension"], equation.kinds[0].shape, equation.scope)


def _stack(writer: Writer, equation: Equation) -> Tensor:
    parts = [writer.full(o, equation.scope) for o in equation.operands]
    return writer.make(
        "Pack", parts, equation.kinds[0].shape, parts[0].dtype, equation.scope, N=len(parts), T=parts[0].dtype,
        axis=int(equation.params["axis"]),
    )  # fmt: skip


def _tile(writer: Writer, equation: Equation) -> Tensor:
    x, counts = writer.full(equation.operands[0], equation.scope), np.array(equation.params["reps"], np.int32)
    return writer.make(
        "Tile", [x, counts], equation.kinds[0].shape, x.dtype, equation.scope, suffixes=("input", "multiples"),
        T=x.dtype, Tmultiples=_INT,
    )  # fmt: skip


def _slice(writer: Writer, equation: Equation) -> Tensor:
    x = writer.full(equation.operands[0], equation.scope)
    starts, limits = equation.params["start_indices"], equation.params["limit_indices"]
    strides = equation.params["strides"] or (1,) * len(starts)
    return cut(writer, x, starts, limits, strides, equation.kinds[0].shape, equation.scope)


def cut(writer: Writer, x: Tensor, starts: Any, limits: Any, strides: Any, shape: Sequence[Any], scope: str) -> Tensor:
    """A part of a tensor between bounds that are numbers, or whole along axes whose size is a symbol."""
    begin = end = 0
    low, high = [], []
    for axis, (start, limit, size) in enumerate(zip(starts, limits, x.shape, strict=True)):
        low.append(int(start))
        if limit == size:
            end |= 1 << axis
            high.append(0)
        else:
            high.append(int(limit))
        if start == 0:
            begin |= 1 << axis
    bounds = [np.array(b, np.int32) for b in (low, high, strides)]
    return strided_slice(writer, x, bounds, shape, scope, begin, end)


def _split(writer: Writer, equation: Equation) -> list[Tensor]:
    x, axis = writer.full(equation.operands[0], equation.scope), int(equation.params["axis"])
    sizes = np.array(equation.params["sizes"], np.int32)
    made = writer.make(
        "SplitV", [x, sizes, np.array(axis, np.int32)], equation.kinds[0].shape, x.dtype, equation.scope,
        suffixes=("value", "Const", "split_dim"), T=x.dtype, Tlen=_INT, num_split=len(sizes),
    )  # fmt: skip
    return [
        Tensor(made.name if i == 0 else f"{made.name}:{i}", tuple(k.shape), x.dtype)
        for i, k in enumerate(equation.kinds)
    ]


def _pad(writer: Writer, equation: Equation) -> Tensor:
    x = writer.full(equation.operands[0], equation.scope)
    return padded(writer, x, equation.operands[1], equation.params["padding_config"], equation.scope)


def padded(writer: Writer, x: Tensor, value: Any, config: Sequence[tuple[int, int, int]], scope: str) -> Tensor:
    """`lax.pad`: edges added or cut off, and elements between."""
    value = writer.operand(value)
    if any(inner for *_, inner in config):
        x = _spread(writer, x, value, [inner for *_, inner in config], scope)
    sides = np.array([(max(0, low), max(0, high)) for low, high, _ in config], np.int32).reshape(-1, 2)
    if sides.any():
        shape = [s + int(a) + int(b) for s, (a, b) in zip(x.shape, sides, strict=True)]
        facts = {"T": x.dtype, "Tpaddings": _INT}
        if isinstance(value, Known | np.ndarray) and not np.any(value.value if isinstance(value, Known) else value):
            x = writer.make("Pad", [x, sides], shape, x.dtype, scope, suffixes=("tensor", "paddings"), **facts)
        else:
            names = ("tensor", "paddings", "constant_values")
            x = writer.make("PadV2", [x, sides, value], shape, x.dtype, scope, suffixes=names, **facts)
    if any(low < 0 or high < 0 for low, high, _ in config):
        starts = [max(0, -low) for low, *_ in config]
        limits = [s + min(0, high) if high < 0 else s for s, (_, high, _) in zip(x.shape, config, strict=True)]
        shape = [b - a if a else b for a, b in zip(starts, limits, strict=True)]
        x = cut(writer, x, starts, limits, [1] * len(starts), shape, scope)
    return x


def _spread(writer: Writer, x: Tensor, value: Any, between: Sequence[int], scope: str) -> Tensor:
    """Puts elements between those of a tensor."""
    for axis, count in enumerate(between):
        if not count:
            continue
        apart = [*x.shape[: axis + 1], 1, *x.shape[axis + 1 :]]
        config = [(0, count if a == axis + 1 else 0, 0) for a in range(len(apart))]
        wide = padded(writer, writer.reshape(x, apart, scope), value, config, scope)
        shape = [*x.shape[:axis], x.shape[axis] * (count + 1), *x.shape[axis + 1 :]]
        x = writer.reshape(wide, shape, scope)
        limits = [s - count if a == axis else s for a, s in enumerate(shape)]
        x = cut(writer, x, [0] * len(shape), limits, [1] * len(shape), limits, scope)
    return x


def reduced(
    writer: Writer, kind: str, x: Tensor, axes: Sequence[int], shape: Sequence[Any], scope: str, keep: bool = False
) -> Tensor:
    """A reduction over axes."""
    facts: dict[str, Any] = {} if kind in ("All", "Any") else {"T": x.dtype}
    return writer.make(
        kind, [x, np.array(axes, np.int32)], shape, x.dtype, scope, suffixes=("input", "reduction_indices"),
        keep_dims=keep, Tidx=_INT, **facts,
    )  # fmt: skip


def _reduction(kind: str) -> Callable[[Writer, Equation], Tensor]:
    def rule(writer: Writer, equation: Equation) -> Tensor:
        x = writer.full(equation.operands[0], equation.scope)
        return reduced(writer, kind, x, equation.params["axes"], equation.kinds[0].shape, equation.scope)

    return rule


def _arg(kind: str) -> Callable[[Writer, Equation], Tensor]:
    def rule(writer: Writer, equation: Equation) -> Tensor:
        x, dtype = writer.full(equation.operands[0], equation.scope), np.dtype(equation.params["index_dtype"])
        (axis,) = equation.params["axes"]
        counted = dtype if dtype.name in ("int32", "int64") else np.dtype(np.int64)
        found = writer.make(
            kind, [x, np.array(axis, np.int32)], equation.kinds[0].shape, counted, equation.scope,
            suffixes=("input", "dimension"), T=x.dtype, Tidx=_INT, output_type=counted,
        )  # fmt: skip
        return cast(writer, found, dtype, equation.scope)

    return rule


def _cumulative(kind: str) -> Callable[[Writer, Equation], Tensor]:
    def rule(writer: Writer, equation: Equation) -> Tensor:
        x = writer.full(equation.operands[0], equation.scope)
        axis, reverse = np.array(equation.params["axis"], np.int32), bool(equation.params["reverse"])
        return writer.make(
            kind, [x, axis], x.shape, x.dtype, equation.scope, suffixes=("x", "axis"), T=x.dtype, Tidx=_INT,
            exclusive=False, reverse=reverse,
        )  # fmt: skip

    return rule


def _iota(writer: Writer, equation: Equation) -> Tensor:
    shape, axis, dtype = equation.kinds[0].shape, equation.params["dimension"], np.dtype(equation.params["dtype"])
    bounds = [np.array(0, np.int32), _number(writer, shape[axis], equation.scope), np.array(1, np.int32)]
    row = writer.make(
        "Range", bounds, (shape[axis],), np.int32, equation.scope, suffixes=("start", "limit", "delta"), Tidx=_INT
    )
    row = cast(writer, row, dtype, equation.scope)
    sizes = [s if a == axis else 1 for a, s in enumerate(shape)]
    narrow = writer.reshape(row, sizes, equation.scope)
    return narrow if tuple(sizes) == tuple(shape) else Tensor(narrow.source, tuple(shape), dtype, narrow)


def _number(writer: Writer, size: Any, scope: str) -> Any:
    return np.array(size, np.int32) if isinstance(size, int) else writer.size(size, scope)


def _size(writer: Writer, equation: Equation) -> Tensor:
    scope = equation.scope
    found = writer.size(equation.params["dim"], scope)
    return cast(writer, found, equation.kinds[0].dtype, scope)


def _top_k(writer: Writer, equation: Equation) -> list[Tensor]:
    x, k = writer.full(equation.operands[0], equation.scope), int(equation.params["k"])
    last = len(x.shape) - 1
    axis = int(equation.params.get("axis", last)) % len(x.shape)
    order = [a for a in range(len(x.shape)) if a != axis] + [axis]
    turned = writer.transpose(x, order, equation.scope)
    shape = [*turned.shape[:-1], k]
    made = writer.make(
        "TopKV2",
        [turned, np.array(k, np.int32)],
        shape,
        x.dtype,
        equation.scope,
        suffixes=("input", "k"),
        T=x.dtype,
        sorted=True,
    )
    indices = Tensor(f"{made.name}:1", tuple(shape), _INT)
    back = [order.index(a) for a in range(len(order))]
    values, indices = (writer.transpose(t, back, equation.scope) for t in (made, indices))
    return [values, cast(writer, indices, equation.kinds[1].dtype, equation.scope)]


def _sort(writer: Writer, equation: Equation) -> list[Tensor]:
    """Sorting along an axis by the first operand: TopKV2 of the negated values takes the first of equals first."""
    axis, keys = equation.params["dimension"], equation.params["num_keys"]
    operands = [writer.full(o, equation.scope) for o in equation.operands]
    key = operands[0]
    if keys != 1 or not is_known([key.shape[axis]]) or key.dtype.kind not in "fi":
        raise NotImplementedError("sorting by several keys, or along an axis of unknown size")
    order = [a for a in range(len(key.shape)) if a != axis] + [axis]
    back = [order.index(a) for a in range(len(order))]
    turned = [writer.transpose(t, order, equation.scope) for t in operands]
    rows, length = [*turned[0].shape[:-1]], turned[0].shape[-1]
    minus = writer.make("Neg", [turned[0]], turned[0].shape, key.dtype, equation.scope, T=key.dtype)
    made = writer.make(
        "TopKV2", [minus, np.array(length, np.int32)], [*rows, length], key.dtype, equation.scope,
        suffixes=("input", "k"), T=key.dtype, sorted=True,
    )  # fmt: skip
    places = Tensor(f"{made.name}:1", (*rows, length), _INT)
    return [writer.transpose(_picked(writer, t, places, equation.scope), back, equation.scope) for t in turned]


def _picked(writer: Writer, x: Tensor, places: Tensor, scope: str) -> Tensor:
    """The elements of the last axis at places, row by row."""
    return writer.make(
        "GatherV2", [x, places, np.array(len(x.shape) - 1, np.int32)], x.shape, x.dtype, scope,
        suffixes=("params", "indices", "axis"), Tparams=x.dtype, Tindices=_INT, Taxis=_INT, batch_dims=len(x.shape) - 1,
    )  # fmt: skip


RULES: dict[str, Callable[[Writer, Equation], Any]] = {
    **{name: _reduction(kind) for name, kind in _REDUCTIONS.items()},
    "argmax": _arg("ArgMax"),
    "argmin": _arg("ArgMin"),
    "broadcast_in_dim": _broadcast,
    "concatenate": _concatenate,
    "cumprod": _cumulative("Cumprod"),
    "cumsum": _cumulative("Cumsum"),
    "dim_as_value": _size,
    "iota": _iota,
    "pad": _pad,
    "reshape": _reshape,
    "rev": _reverse,
    "slice": _slice,
    "sort": _sort,
    "split": _split,
    "squeeze": _squeeze,
    "stack": _stack,
    "tile": _tile,
    "top_k": _top_k,
    "transpose": _transpose,
}
