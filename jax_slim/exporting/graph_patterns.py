"""Equations that together are one operation of TensorFlow: batch norm, softmax, ReLUs, means, biases."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jax_slim.exporting import graph_shaping, graph_windows
from jax_slim.exporting.graph_equations import Equation, Known, Var
from jax_slim.exporting.graph_nodes import Tensor
from jax_slim.exporting.graph_writing import Writer


class Match(NamedTuple):
    """What is written in the place of an equation and of those that led to it.

    Attributes:
      operands: what it takes.
      write: (writer) -> the equation's result.
    """

    operands: list[Any]
    write: Callable[[Writer], Tensor]


def matched(equation: Equation) -> Match | None:
    """The operation of TensorFlow that ends in an equation, or None where there is none but the equation's own."""
    for pattern in _PATTERNS.get(equation.kind, ()):
        found = pattern(equation)
        if found is not None:
            return found
    return None


def _made_by(operand: Any, *kinds: str) -> Equation | None:
    made = operand.equation if isinstance(operand, Var | Known) else None
    return made if made is not None and made.kind in kinds else None


def _pair(equation: Equation) -> tuple[Var, Known] | None:
    """The operand that depends on the inputs, and the one that does not."""
    x, y = equation.operands
    if isinstance(x, Known):
        x, y = y, x
    return (x, y) if isinstance(x, Var) and isinstance(y, Known) else None


def _plain(known: Any) -> Any:
    """What was given another shape."""
    while isinstance(known, Known) and (made := _made_by(known, "reshape", "broadcast_in_dim", "copy", "squeeze")):
        inner = made.operands[0]
        if math.prod(inner.shape) != math.prod(known.shape):
            break
        known = inner
    return known


def _of_channels(known: Known, rank: int) -> bool:
    """Whether it has one element for each channel, along the last axis."""
    return len(known.shape) <= rank and all(size == 1 for size in known.shape[:-1]) and bool(known.shape)


def _all_are(known: Any, value: float) -> bool:
    return isinstance(known, Known) and math.prod(known.shape) > 0 and bool(np.all(known.value == value))


def _fused_batch_norm(equation: Equation) -> Match | None:
    """((x - mean) * (rsqrt(variance + epsilon) * gamma)) + beta over images with the channels last."""
    offset: Known | None = None
    scaled: Equation | None = equation
    if equation.kind == "add":
        pair = _pair(equation)
        if pair is None:
            return None
        scaled, offset = _made_by(pair[0], "mul"), pair[1]
    pair = _pair(scaled) if scaled is not None else None
    centered = _made_by(pair[0], "sub") if pair else None
    if scaled is None or pair is None or centered is None:
        return None
    factor, (x, mean) = pair[1], centered.operands
    if not isinstance(x, Var) or not isinstance(mean, Known) or len(x.shape) != 4 or x.dtype != np.float32:
        return None
    parts = [known for known in (mean, factor, offset) if known is not None]
    if not all(_of_channels(k, 4) and k.shape[-1] == x.shape[-1] and k.dtype == np.float32 for k in parts):
        return None
    gamma, root = _factors(factor)
    inside = _made_by(root, "rsqrt") if root is not None else None
    shifted = _made_by(inside.operands[0], "add") if inside is not None else None
    if shifted is None or not isinstance(shifted.operands[1], Known) or math.prod(shifted.operands[1].shape) != 1:
        return None
    vectors = [_plain(k) if k is not None else None for k in (gamma, offset, mean, shifted.operands[0])]
    channels = (x.shape[-1],)
    if not all(v is None or v.shape == channels for v in vectors):
        return None
    epsilon = float(shifted.operands[1].value.reshape(()))
    scope = centered.scope

    def write(writer: Writer) -> Tensor:
        kind, images = "FusedBatchNormV3", writer.full(x, scope)
        name = writer.nodes.name(scope, kind)
        sources = [images]
        for vector, otherwise in zip(vectors, (1, 0, 0, 1), strict=True):
            value = np.full(channels, otherwise, np.float32) if vector is None else vector
            sources.append(writer.constant(value, f"{scope}/Const" if scope else "Const"))
        return writer.nodes.add(
            kind, [s.source for s in sources], x.shape, x.dtype, name=name, T=x.dtype, U=x.dtype, data_format="NHWC",
            epsilon=epsilon, is_training=False,
        )  # fmt: skip

    return Match([x], write)


def _factors(factor: Known) -> tuple[Known | None, Any]:
    """(gamma, 1 / root) of their product, in either order; there may be no gamma."""
    if _made_by(factor, "rsqrt"):
        return None, factor
    product = _made_by(factor, "mul")
    if product is None:
        return None, None
    first, second = product.operands
    return (second, first) if _made_by(first, "rsqrt") else (first, second)


def _bias(equation: Equation) -> Match | None:
    pair = _pair(equation)
    if pair is None or not _made_by(pair[0], "conv_general_dilated", "dot_general"):
        return None
    x, bias = pair[0], _plain(pair[1])
    if len(x.shape) < 2 or bias.shape != (x.shape[-1],) or not _of_channels(pair[1], len(x.shape)):
        return None

    def write(writer: Writer) -> Tensor:
        return writer.make(
            "BiasAdd", [writer.full(x, equation.scope), bias], x.shape, x.dtype, equation.scope,
            suffixes=("value", "bias"), T=x.dtype, data_format="NHWC",
        )  # fmt: skip

    return Match([x], write)


def _relu(equation: Equation) -> Match | None:
    pair = _pair(equation)
    if (
        pair is None
        or not _all_are(pair[1], 0)
        or pair[0].dtype.kind != "f"
        or pair[0].shape != equation.kinds[0].shape
    ):
        return None
    return Match([pair[0]], lambda writer: _activated(writer, "Relu", pair[0], equation))


def _relu6(equation: Equation) -> Match | None:
    pair = _pair(equation)
    inner = _made_by(pair[0], "max") if pair is not None and _all_are(pair[1], 6) else None
    found = _relu(inner) if inner is not None else None
    if found is None:
        return None
    return Match(found.operands, lambda writer: _activated(writer, "Relu6", found.operands[0], equation))


def _leaky_relu(equation: Equation) -> Match | None:
    """Where x >= 0, x, and elsewhere a part of it."""
    which, otherwise, x = equation.operands if len(equation.operands) == 3 else (None, None, None)
    above, product = _made_by(which, "ge", "gt"), _made_by(otherwise, "mul")
    pair = _pair(product) if product is not None else None
    if above is None or pair is None or not isinstance(x, Var) or x.dtype.kind != "f" or pair[0] is not x:
        return None
    if above.operands[0] is not x or not _all_are(above.operands[1], 0) or math.prod(pair[1].shape) == 0:
        return None
    slope = float(pair[1].value.reshape(-1)[0])
    if not _all_are(pair[1], slope):
        return None
    return Match([x], lambda writer: _activated(writer, "LeakyRelu", x, equation, alpha=slope))


def _activated(writer: Writer, kind: str, x: Var, equation: Equation, **facts: Any) -> Tensor:
    return writer.make(
        kind,
        [writer.full(x, equation.scope)],
        x.shape,
        x.dtype,
        equation.scope,
        suffixes=("features",),
        T=x.dtype,
        **facts,
    )


def _softmax(equation: Equation) -> Match | None:
    """exp(x - max) / sum, along the last axis: as TF-Slim's softmax writes it, over rows."""
    top, bottom = equation.operands
    powers, total = _made_by(top, "exp"), _made_by(_repeated(bottom), "reduce_sum")
    if powers is None or total is None or total.operands[0] is not top:
        return None
    less = _made_by(powers.operands[0], "sub")
    if less is None or not isinstance(less.operands[0], Var):
        return None
    x, largest = less.operands[0], _repeated(less.operands[1])
    floor = _made_by(largest, "max")  # JAX takes the maximum with minus infinity
    if floor is not None and (pair := _pair(floor)) is not None and _all_are(pair[1], -np.inf):
        largest = pair[0]
    largest = _made_by(largest, "reduce_max")
    last = (len(x.shape) - 1,)
    if (
        largest is None
        or largest.operands[0] is not x
        or not (tuple(largest.params["axes"]) == tuple(total.params["axes"]) == last)
    ):
        return None
    scope = equation.scope

    def write(writer: Writer) -> Tensor:
        rows: Any = 1
        for size in x.shape[:-1]:
            rows = size * rows
        images = writer.full(x, scope)
        target = np.array([-1, x.shape[-1]], np.int32)
        facts = {"T": x.dtype, "Tshape": np.dtype(np.int32)}
        flat = writer.make(
            "Reshape", [images, target], (rows, x.shape[-1]), x.dtype, scope, suffixes=("tensor", "shape"), **facts
        )
        made = writer.make("Softmax", [flat], flat.shape, x.dtype, scope, suffixes=("logits",), T=x.dtype)
        shape = writer.make("Shape", [images], (len(x.shape),), np.int32, scope, T=x.dtype, out_type=np.dtype(np.int32))
        return writer.make("Reshape", [made, shape], x.shape, x.dtype, scope, suffixes=("tensor", "shape"), **facts)

    return Match([x], write)


def _repeated(operand: Any) -> Any:
    """What was repeated along an axis of size 1."""
    while isinstance(operand, Var) and (made := _made_by(operand, "broadcast_in_dim", "reshape", "stop_gradient")):
        operand = made.operands[0]
    return operand


def _mean(equation: Equation) -> Match | None:
    """A sum divided by how many were added, its axes kept or not."""
    pair = _pair(equation)
    if pair is None:
        return None
    summed = _made_by(pair[0], "reduce_sum")
    kept = False
    if summed is None and (wide := _made_by(pair[0], "broadcast_in_dim", "reshape")) is not None:
        summed, kept = _made_by(wide.operands[0], "reduce_sum"), True
    if summed is None or not isinstance(summed.operands[0], Var):
        return None
    x, axes = summed.operands[0], sorted(summed.params["axes"])
    sizes = [x.shape[axis] for axis in axes]
    shape = tuple(1 if a in axes else s for a, s in enumerate(x.shape)) if kept else summed.kinds[0].shape
    if not all(isinstance(s, int) for s in sizes) or tuple(pair[0].shape) != tuple(shape) or x.dtype.kind != "f":
        return None
    if not _all_are(pair[1], math.prod(sizes)) or tuple(equation.kinds[0].shape) != tuple(shape):
        return None

    def write(writer: Writer) -> Tensor:
        return graph_shaping.reduced(
            writer, "Mean", writer.full(x, equation.scope), axes, shape, equation.scope, keep=kept
        )

    return Match([x], write)


def _average_pool(equation: Equation) -> Match | None:
    """Sums over windows divided by how many pixels, not padding, each holds."""
    pair = _pair(equation)
    summed = _made_by(pair[0], "reduce_window_sum") if pair is not None else None
    if pair is None or summed is None:
        return None
    x, p = summed.operands[0], summed.params
    sizes, strides, padding = p["window_dimensions"], p["window_strides"], p["padding"]
    if any(d != 1 for d in (*(p.get("base_dilation") or ()), *(p.get("window_dilation") or ()))):
        return None
    held: Any = np.ones((1,) * len(sizes))
    padded = [axis for axis, sides in enumerate(padding) if any(sides)]
    for axis, (size, stride, sides) in enumerate(zip(sizes, strides, padding, strict=True)):
        if size == 1:
            continue
        length, count = x.shape[axis], summed.kinds[0].shape[axis]
        if not isinstance(length, int) or (padded and tuple(sides) != graph_windows.same_padding(length, size, stride)):
            return None
        starts = np.arange(count) * stride - sides[0]
        taps = starts[:, None] + np.arange(size)
        along = ((taps >= 0) & (taps < length)).sum(1)
        held = held * along.reshape([-1 if a == axis else 1 for a in range(len(sizes))])
    divisor = pair[1].value
    if divisor.ndim not in (0, len(sizes)):
        return None
    try:
        same = np.array_equal(*np.broadcast_arrays(divisor, held))
    except ValueError:
        return None
    if not same:
        return None

    def write(writer: Writer) -> Tensor:
        pool = graph_windows.Pool(writer, summed)
        return pool.back(writer, pool.node(writer, "AvgPool", 0, equation.scope), equation.scope)

    return Match([x], write)


_PATTERNS: dict[str, Sequence[Callable[[Equation], Match | None]]] = {
    "add": (_fused_batch_norm, _bias),
    "div": (_softmax, _average_pool, _mean),
    "max": (_relu,),
    "min": (_relu6,),
    "mul": (_fused_batch_norm,),
    "select_n": (_leaky_relu,),
}
