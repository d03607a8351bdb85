"""Equations that together are one operation of TensorFlow: softmax, ReLUs, means, biases."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jax_slim.exporting import graph_matching as matching
from jax_slim.exporting import graph_norms, graph_shaping, graph_windows
from jax_slim.exporting.graph_equations import Equation, Var
from jax_slim.exporting.graph_nodes import Tensor
from jax_slim.exporting.graph_writing import Writer


def matched(equation: Equation) -> matching.Match | None:
    """The operation of TensorFlow that ends in an equation, or None where there is none but the equation's own."""
    for pattern in _PATTERNS.get(equation.kind, ()):
        found = pattern(equation)
        if found is not None:
            return found
    return None


def _bias(equation: Equation) -> matching.Match | None:
    pair = matching.pair(equation)
    if pair is None or not matching.made_by(pair[0], "conv_general_dilated", "dot_general"):
        return None
    x, bias = pair[0], matching.plain(pair[1])
    if len(x.shape) < 2 or bias.shape != (x.shape[-1],) or not matching.of_channels(pair[1], len(x.shape)):
        return None

    def write(writer: Writer) -> Tensor:
        return writer.make(
            "BiasAdd", [writer.full(x, equation.scope), bias], x.shape, x.dtype, equation.scope,
            suffixes=("value", "bias"), T=x.dtype, data_format="NHWC",
        )  # fmt: skip

    return matching.Match([x], write)


def _relu(equation: Equation) -> matching.Match | None:
    pair = matching.pair(equation)
    if (
        pair is None
        or not matching.all_are(pair[1], 0)
        or pair[0].dtype.kind != "f"
        or pair[0].shape != equation.kinds[0].shape
    ):
        return None
    return matching.Match([pair[0]], lambda writer: _activated(writer, "Relu", pair[0], equation))


def _relu6(equation: Equation) -> matching.Match | None:
    pair = matching.pair(equation)
    inner = matching.made_by(pair[0], "max") if pair is not None and matching.all_are(pair[1], 6) else None
    found = _relu(inner) if inner is not None else None
    if found is None:
        return None
    return matching.Match(found.operands, lambda writer: _activated(writer, "Relu6", found.operands[0], equation))


def _leaky_relu(equation: Equation) -> matching.Match | None:
    """Where x >= 0, x, and elsewhere a part of it."""
    which, otherwise, x = equation.operands if len(equation.operands) == 3 else (None, None, None)
    above, product = matching.made_by(which, "ge", "gt"), matching.made_by(otherwise, "mul")
    pair = matching.pair(product) if product is not None else None
    if above is None or pair is None or not isinstance(x, Var) or x.dtype.kind != "f" or pair[0] is not x:
        return None
    if above.operands[0] is not x or not matching.all_are(above.operands[1], 0) or math.prod(pair[1].shape) == 0:
        return None
    slope = float(pair[1].value.reshape(-1)[0])
    if not matching.all_are(pair[1], slope):
        return None
    return matching.Match([x], lambda writer: _activated(writer, "LeakyRelu", x, equation, alpha=slope))


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


def _softmax(equation: Equation) -> matching.Match | None:
    """exp(x - max) / sum, along the last axis: as TF-Slim's softmax writes it, over rows."""
    top, bottom = equation.operands
    powers, total = matching.made_by(top, "exp"), matching.made_by(_repeated(bottom), "reduce_sum")
    if powers is None or total is None or total.operands[0] is not top:
        return None
    less = matching.made_by(powers.operands[0], "sub")
    if less is None or not isinstance(less.operands[0], Var):
        return None
    x, largest = less.operands[0], _repeated(less.operands[1])
    floor = matching.made_by(largest, "max")  # JAX takes the maximum with minus infinity
    if floor is not None and (pair := matching.pair(floor)) is not None and matching.all_are(pair[1], -np.inf):
        largest = pair[0]
    largest = matching.made_by(largest, "reduce_max")
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

    return matching.Match([x], write)


def _repeated(operand: Any) -> Any:
    """What was repeated along an axis of size 1."""
    while isinstance(operand, Var) and (
        made := matching.made_by(operand, "broadcast_in_dim", "reshape", "stop_gradient")
    ):
        operand = made.operands[0]
    return operand


def _mean(equation: Equation) -> matching.Match | None:
    """A sum divided by how many were added, its axes kept or not."""
    pair = matching.pair(equation)
    if pair is None:
        return None
    summed = matching.made_by(pair[0], "reduce_sum")
    kept = False
    if summed is None and (wide := matching.made_by(pair[0], "broadcast_in_dim", "reshape")) is not None:
        summed, kept = matching.made_by(wide.operands[0], "reduce_sum"), True
    if summed is None or not isinstance(summed.operands[0], Var):
        return None
    x, axes = summed.operands[0], sorted(summed.params["axes"])
    sizes = [x.shape[axis] for axis in axes]
    shape = tuple(1 if a in axes else s for a, s in enumerate(x.shape)) if kept else summed.kinds[0].shape
    if not all(isinstance(s, int) for s in sizes) or tuple(pair[0].shape) != tuple(shape) or x.dtype.kind != "f":
        return None
    if not matching.all_are(pair[1], math.prod(sizes)) or tuple(equation.kinds[0].shape) != tuple(shape):
        return None

    def write(writer: Writer) -> Tensor:
        return graph_shaping.reduced(
            writer, "Mean", writer.full(x, equation.scope), axes, shape, equation.scope, keep=kept
        )

    return matching.Match([x], write)


def _average_pool(equation: Equation) -> matching.Match | None:
    """Sums over windows divided by how many pixels, not padding, each holds."""
    pair = matching.pair(equation)
    summed = matching.made_by(pair[0], "reduce_window_sum") if pair is not None else None
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
        expected, found = np.broadcast_arrays(held, divisor)
        same = np.array_equal(expected, found)
    except ValueError:
        return None
    if not same:
        return None

    def write(writer: Writer) -> Tensor:
        pool = graph_windows.Pool(writer, summed)
        return pool.back(writer, pool.node(writer, "AvgPool", 0, equation.scope), equation.scope)

    return matching.Match([x], write)


_PATTERNS: dict[str, Sequence[Callable[[Equation], matching.Match | None]]] = {
    "add": (graph_norms.fused_batch_norm, _bias),
    "div": (_softmax, _average_pool, _mean),
    "max": (_relu,),
    "min": (_relu6,),
    "mul": (graph_norms.local_response, graph_norms.fused_batch_norm),
    "select_n": (_leaky_relu,),
}
