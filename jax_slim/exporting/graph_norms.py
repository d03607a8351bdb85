"""Normalization as TensorFlow's operations: batch norm of a trained net, local response normalization."""

import math
from typing import Any

import numpy as np

from jax_slim.exporting import graph_matching as matching
from jax_slim.exporting.graph_equations import Equation, Known, Var
from jax_slim.exporting.graph_nodes import Tensor
from jax_slim.exporting.graph_writing import Writer


def fused_batch_norm(equation: Equation) -> matching.Match | None:
    """((x - mean) * (rsqrt(variance + epsilon) * gamma)) + beta over images with the channels last."""
    offset: Known | None = None
    scaled: Equation | None = equation
    if equation.kind == "add":
        pair = matching.pair(equation)
        if pair is None:
            return None
        scaled, offset = matching.made_by(pair[0], "mul"), pair[1]
    pair = matching.pair(scaled) if scaled is not None else None
    centered = matching.made_by(pair[0], "sub") if pair else None
    if scaled is None or pair is None or centered is None:
        return None
    factor, (x, mean) = pair[1], centered.operands
    if not isinstance(x, Var) or not isinstance(mean, Known) or len(x.shape) != 4 or x.dtype != np.float32:
        return None
    parts = [known for known in (mean, factor, offset) if known is not None]
    if not all(matching.of_channels(k, 4) and k.shape[-1] == x.shape[-1] and k.dtype == np.float32 for k in parts):
        return None
    gamma, root = _factors(factor)
    inside = matching.made_by(root, "rsqrt") if root is not None else None
    shifted = matching.made_by(inside.operands[0], "add") if inside is not None else None
    if shifted is None or not isinstance(shifted.operands[1], Known) or math.prod(shifted.operands[1].shape) != 1:
        return None
    vectors = [matching.plain(k) if k is not None else None for k in (gamma, offset, mean, shifted.operands[0])]
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

    return matching.Match([x], write)


def _factors(factor: Known) -> tuple[Known | None, Any]:
    """(gamma, 1 / root) of their product, in either order; there may be no gamma."""
    if matching.made_by(factor, "rsqrt"):
        return None, factor
    product = matching.made_by(factor, "mul")
    if product is None:
        return None, None
    first, second = product.operands
    return (second, first) if matching.made_by(first, "rsqrt") else (first, second)


def local_response(equation: Equation) -> matching.Match | None:
    """x * (bias + alpha * the sum of squares over neighbouring channels) ** -beta."""
    if len(equation.operands) != 2 or not all(isinstance(o, Var) for o in equation.operands):
        return None
    for x, power in (equation.operands, equation.operands[::-1]):
        raised = matching.made_by(power, "pow")
        exponent = matching.number(raised.operands[1]) if raised is not None else None
        shifted = matching.made_by(raised.operands[0], "add") if raised is not None else None
        above = matching.pair(shifted)
        scaled = matching.pair(matching.made_by(above[0], "mul")) if above is not None else None
        if exponent is None or above is None or scaled is None or len(x.shape) != 4 or x.dtype != np.float32:
            continue
        bias, alpha = matching.number(above[1]), matching.number(scaled[1])
        radius = _neighbours(scaled[0], x)
        if bias is None or alpha is None or radius is None:
            continue
        facts = {"depth_radius": radius, "bias": bias, "alpha": alpha, "beta": -exponent}

        def write(writer: Writer, x: Var = x, facts: dict[str, Any] = facts) -> Tensor:
            images = writer.full(x, equation.scope)
            return writer.make(
                "LRN", [images], x.shape, x.dtype, equation.scope, suffixes=("input",), T=x.dtype, **facts
            )

        return matching.Match([x], write)
    return None


def _neighbours(total: Any, x: Var) -> int | None:
    """How many channels to each side are in a sum of squares of x, shifted by one each; None for another sum."""
    parts, stack = [], [total]
    while stack:
        last = stack.pop()
        added = matching.made_by(last, "add")
        if added is not None:
            stack.extend(o for o in added.operands if not matching.all_are(o, 0))
        else:
            parts.append(last)
    shifts, sources = [], set()
    for part in parts:
        cut = matching.made_by(part, "slice", "gather")
        if cut is None or tuple(part.shape) != tuple(x.shape):
            return None
        shifts.append(_shift(cut))
        sources.add(cut.operands[0])
    padded = matching.made_by(sources.pop(), "pad") if len(sources) == 1 else None
    squared = matching.made_by(padded.operands[0], "square", "integer_pow") if padded is not None else None
    if padded is None or squared is None or squared.operands[0] is not x or squared.params.get("y", 2) != 2:
        return None
    radius = len(parts) // 2
    edges = [(0, 0, 0)] * 3 + [(radius, radius, 0)]
    good = [tuple(sides) for sides in padded.params["padding_config"]] == edges and matching.all_are(
        padded.operands[1], 0
    )
    return radius if good and None not in shifts and sorted(shifts) == list(range(2 * radius + 1)) else None


def _shift(cut: Equation) -> int | None:
    """How far along the channels alone a part begins."""
    if cut.kind == "slice":
        *others, start = cut.params["start_indices"]
        return None if any(others) or set(cut.params["strides"] or (1,)) != {1} else start
    numbers, places = cut.params["dimension_numbers"], cut.operands[1]
    if numbers.collapsed_slice_dims or not isinstance(places, Known) or len(places.shape) != 1:
        return None
    at = dict(zip(numbers.start_index_map, places.value.tolist(), strict=True))
    start = at.pop(3, 0)
    return None if any(at.values()) else int(start)
