"""Layers on eight-bit integers, as `quantize_graph` and the graph transforms wrote them: QuantizedConv2D and its kin.

Each tensor comes with the ends of its range, and each result has those of its own. Sums of products of integers are
computed in floats: up to 258 products they are exact, beyond it a few millionths off, where 8 bits are kept of them.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import rows
from jax_slim.tf1.operations import convolutions, linear_algebra, pooling, shaping
from jax_slim.tf1.operations.arrays import xp
from jax_slim.tf1.operations.quantized_ranges import (
    from_low,
    is_sum,
    limits,
    step,
    to_integers,
    to_real,
    to_type,
    zero,
)

_ROOM_OF_SUMS, _ROOM_OF_BIASES = np.float32(1 << 14), np.float32(1 << 17)


def _row(*types: str, **facts: Any) -> Any:
    return rows.row(*types, gradient=rows.NONE, **facts)


def _centered(numbers: Any, low: Any, high: Any, kind: Any) -> Any:
    """Integers as floats, moved so that 0 stands for zero."""
    return numbers.astype(np.float32) - zero(low, high, kind)


def _of_products(numbers: Any, one: Any, other: Any, kind: Any) -> list[Any]:
    """Sums of products as a result, in the range that the sizes of the factors' steps make."""
    size = one * other
    least, greatest = limits(kind)
    return [to_type(xp(numbers).round(numbers), kind), size * np.float32(least), size * np.float32(greatest)]


@_row("QuantizedConv2D", numpy=False)
def quantized_conv2d(
    input: Any, filter: Any, min_input: Any, max_input: Any, min_filter: Any, max_filter: Any,
    *, Tinput: Any, Tfilter: Any, out_type: Any, strides: Any, padding: bytes, dilations: Any = (1, 1, 1, 1),
) -> Any:  # fmt: skip
    """A convolution; beyond the borders are zeros."""
    found = convolutions.conv2d(
        jnp.asarray(_centered(input, min_input, max_input, Tinput)),
        jnp.asarray(_centered(filter, min_filter, max_filter, Tfilter)),
        strides=strides, padding=padding, data_format=b"NHWC", dilations=dilations,
    )  # fmt: skip
    return _of_products(found, step(min_input, max_input, Tinput), step(min_filter, max_filter, Tfilter), out_type)


@_row("QuantizedMatMul")
def quantized_mat_mul(
    a: Any, b: Any, min_a: Any, max_a: Any, min_b: Any, max_b: Any,
    *, T1: Any, T2: Any, Toutput: Any, transpose_a: bool, transpose_b: bool,
) -> Any:  # fmt: skip
    a, b = _centered(a, min_a, max_a, T1), _centered(b, min_b, max_b, T2)
    found = linear_algebra.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
    return _of_products(found, step(min_a, max_a, T1), step(min_b, max_b, T2), Toutput)


@_row("QuantizedMul")
def quantized_mul(
    x: Any, y: Any, min_x: Any, max_x: Any, min_y: Any, max_y: Any, *, T1: Any, T2: Any, Toutput: Any
) -> Any:
    found = _centered(x, min_x, max_x, T1) * _centered(y, min_y, max_y, T2)
    return _of_products(found, step(min_x, max_x, T1), step(min_y, max_y, T2), Toutput)


def _sum(x: Any, y: Any, ends: Any, types: Any, kind: Any, room: np.float32) -> list[Any]:
    """A sum of numbers, in a range with room above the larger ones."""
    low_x, high_x, low_y, high_y = ends
    module = xp(*ends)
    edge = module.maximum(abs(module.minimum(low_x, low_y)), abs(module.maximum(high_x, high_y))) * room
    found = to_real(x, low_x, high_x, types[0]) + to_real(y, low_y, high_y, types[1])
    return [to_integers(found, -edge, edge, kind), -edge, edge]


@_row("QuantizedBiasAdd")
def quantized_bias_add(
    input: Any, bias: Any, min_input: Any, max_input: Any, min_bias: Any, max_bias: Any,
    *, T1: Any, T2: Any, out_type: Any,
) -> Any:  # fmt: skip
    ends = (min_input, max_input, min_bias, max_bias)
    return _sum(input, bias, ends, (T1, T2), out_type, _ROOM_OF_BIASES)


@_row("QuantizedAdd")
def quantized_add(
    x: Any, y: Any, min_x: Any, max_x: Any, min_y: Any, max_y: Any, *, T1: Any, T2: Any, Toutput: Any
) -> Any:
    return _sum(x, y, (min_x, max_x, min_y, max_y), (T1, T2), Toutput, _ROOM_OF_SUMS)


def _range_in_use(numbers: Any, low: Any, high: Any, kind: Any) -> tuple[Any, Any]:
    """The ends of what integers stand for; the lower one is no more than 0."""
    ends = to_real(numbers.min(), low, high, kind), to_real(numbers.max(), low, high, kind)
    return xp(*ends).minimum(ends[0], np.float32(0)), ends[1]


@_row("RequantizationRange")
def requantization_range(input: Any, input_min: Any, input_max: Any, *, Tinput: Any) -> Any:
    return list(_range_in_use(input, input_min, input_max, Tinput))


@_row("Requantize")
def requantize(
    input: Any, input_min: Any, input_max: Any, requested_output_min: Any, requested_output_max: Any,
    *, Tinput: Any, out_type: Any,
) -> Any:  # fmt: skip
    """The same numbers as integers of another range."""
    low, high = requested_output_min, requested_output_max
    numbers = to_real(input, input_min, input_max, Tinput)
    kept = from_low(numbers, low, high, out_type) if is_sum(Tinput) else to_integers(numbers, low, high, out_type)
    return [kept, low, high]


@_row("QuantizeDownAndShrinkRange")
def quantize_down_and_shrink_range(input: Any, input_min: Any, input_max: Any, *, Tinput: Any, out_type: Any) -> Any:
    """The same numbers as integers of the range that is in use."""
    ends = _range_in_use(input, input_min, input_max, Tinput)
    return requantize(input, input_min, input_max, *ends, Tinput=Tinput, out_type=out_type)


def _cut(numbers: Any, low: Any, high: Any, kind: Any, top: Any = None) -> list[Any]:
    module = xp(numbers, low, high)
    found = module.maximum(numbers, to_integers(np.float32(0), low, high, kind))
    if top is not None:
        found = module.minimum(found, to_integers(top, low, high, kind))
    return [found, low, high]


@_row("QuantizedRelu")
def quantized_relu(features: Any, min_features: Any, max_features: Any, *, Tinput: Any) -> Any:
    return _cut(features, min_features, max_features, Tinput)


@_row("QuantizedRelu6")
def quantized_relu6(features: Any, min_features: Any, max_features: Any, *, Tinput: Any) -> Any:
    return _cut(features, min_features, max_features, Tinput, np.float32(6))


@_row("QuantizedReluX")
def quantized_relu_x(features: Any, max_value: Any, min_features: Any, max_features: Any, *, Tinput: Any) -> Any:
    return _cut(features, min_features, max_features, Tinput, max_value)


@_row("QuantizedMaxPool", numpy=False)
def quantized_max_pool(
    input: Any, min_input: Any, max_input: Any, *, T: Any, ksize: Any, strides: Any, padding: bytes
) -> Any:
    numbers = jnp.asarray(input).astype(np.float32)
    found = pooling.max_pool(numbers, ksize=ksize, strides=strides, padding=padding)
    return [to_type(found, T), min_input, max_input]


@_row("QuantizedAvgPool", numpy=False)
def quantized_avg_pool(
    input: Any, min_input: Any, max_input: Any, *, T: Any, ksize: Any, strides: Any, padding: bytes
) -> Any:
    """Means of integers, as integers: what is behind the point is cut off."""
    numbers = jnp.asarray(input).astype(np.float32)
    found = pooling.avg_pool(numbers, ksize=ksize, strides=strides, padding=padding)
    whole = jnp.sign(found) * jnp.floor(abs(found) + np.float32(1e-3))  # a float's mean may be a little less
    return [to_type(whole, T), min_input, max_input]


@_row("QuantizedReshape", static=("shape",))
def quantized_reshape(tensor: Any, shape: Any, input_min: Any, input_max: Any) -> Any:
    return [shaping.reshape(tensor, shape), input_min, input_max]


@_row("QuantizedConcat", static=("concat_dim",))
def quantized_concat(concat_dim: Any, values: Any, input_mins: Any, input_maxes: Any, *, T: Any) -> Any:
    """Tensors joined, in the range of them all."""
    module = xp(*values, *input_mins, *input_maxes)
    low, high = module.stack(input_mins).min(), module.stack(input_maxes).max()
    moved = [
        module.where((low == a) & (high == b), v, to_integers(to_real(v, a, b, T), low, high, T))
        for v, a, b in zip(values, input_mins, input_maxes, strict=True)
    ]
    return [module.concatenate(moved, int(concat_dim)), low, high]


@_row("QuantizedConcatV2", static=("axis",))
def quantized_concat_v2(values: Any, axis: Any, input_mins: Any, input_maxes: Any, *, T: Any) -> Any:
    return quantized_concat(axis, values, input_mins, input_maxes, T=T)
