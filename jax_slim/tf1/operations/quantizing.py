"""Rows that round as 8-bit arithmetic would: FakeQuantWithMinMax*, QuantizeV2, Dequantize."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import rows, shape_inference
from jax_slim.tf1.operations.arrays import xp
from jax_slim.tf1.operations.quantized_ranges import away, limits, step, to_integers, to_real, to_type
from jax_slim.tf1.operations.shape_rules import check_rank

_same = shape_inference.like_input()


def _nudged(low: Any, high: Any, num_bits: int, narrow_range: bool) -> tuple[Any, Any, Any]:
    """The range moved so that zero is one of the steps, and the size of a step."""
    module = xp(low, high)
    first, last = np.float32(1 if narrow_range else 0), np.float32((1 << num_bits) - 1)
    scale = (high - low) / (last - first)
    zero = first - low / scale
    zero = module.where(zero < first, first, module.where(zero > last, last, module.floor(zero + np.float32(0.5))))
    return (first - zero) * scale, (last - zero) * scale, scale


def _rounded(x: Any, low: Any, high: Any, num_bits: int, narrow_range: bool) -> Any:
    module = xp(x, low, high)
    empty = (low == 0) & (high == 0)
    high = module.where(empty, np.float32(1), high)
    bottom, top, scale = _nudged(low, high, num_bits, narrow_range)
    steps = module.floor((module.clip(x, bottom, top) - bottom) / scale + np.float32(0.5))
    return module.where(empty, np.float32(0), steps * scale + bottom).astype(np.float32)


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _fake(x: Any, low: Any, high: Any, num_bits: int, narrow_range: bool) -> Any:
    return _rounded(x, low, high, num_bits, narrow_range)


def _forward(x: Any, low: Any, high: Any, num_bits: int, narrow_range: bool) -> Any:
    return _rounded(x, low, high, num_bits, narrow_range), (x, low, high)


def _backward(num_bits: int, narrow_range: bool, kept: Any, gradient: Any) -> Any:
    x, low, high = kept
    bottom, top, _ = _nudged(low, high, num_bits, narrow_range)
    empty = (low == 0) & (high == 0)
    below, above = (x < bottom) & ~empty, (x > top) & ~empty
    axes = tuple(range(x.ndim - np.ndim(low)))
    zero = np.float32(0)
    module = xp(x, low, high, gradient)
    return (
        module.where(below | above, zero, gradient),
        module.where(below, gradient, zero).sum(axes),
        module.where(above, gradient, zero).sum(axes),
    )


_fake.defvjp(_forward, _backward)


def _computed(x: Any, low: Any, high: Any, num_bits: int, narrow_range: bool) -> Any:
    if xp(x, low, high) is np:
        with np.errstate(all="ignore"):
            return _rounded(x, low, high, num_bits, narrow_range)
    return _fake(jnp.asarray(x), jnp.asarray(low), jnp.asarray(high), num_bits, narrow_range)


@rows.row("FakeQuantWithMinMaxArgs", shape=_same)
def fake_quant_with_min_max_args(inputs: Any, *, min: float, max: float, num_bits: int, narrow_range: bool) -> Any:
    return _computed(inputs, np.float32(min), np.float32(max), num_bits, narrow_range)


@rows.row("FakeQuantWithMinMaxVars", shape=_same)
def fake_quant_with_min_max_vars(inputs: Any, min: Any, max: Any, *, num_bits: int, narrow_range: bool) -> Any:
    return _computed(inputs, min, max, num_bits, narrow_range)


def _channels(op: Any) -> Any:
    check_rank(op, 1, 1)
    check_rank(op, 2, 1)
    return [op._inputs[0].shape]


@rows.row("FakeQuantWithMinMaxVarsPerChannel", shape=_channels)
def fake_quant_with_min_max_vars_per_channel(
    inputs: Any, min: Any, max: Any, *, num_bits: int, narrow_range: bool
) -> Any:
    return _computed(inputs, min, max, num_bits, narrow_range)


@rows.row("FakeQuantWithMinMaxArgsGradient", shape=_same)
def fake_quant_with_min_max_args_gradient(
    gradients: Any, inputs: Any, *, min: float, max: float, num_bits: int, narrow_range: bool
) -> Any:
    return _backward(num_bits, narrow_range, (inputs, np.float32(min), np.float32(max)), gradients)[0]


@rows.row("FakeQuantWithMinMaxVarsGradient", shape=lambda op: [op._inputs[1].shape, (), ()], gradient=rows.NONE)
def fake_quant_with_min_max_vars_gradient(
    gradients: Any, inputs: Any, min: Any, max: Any, *, num_bits: int, narrow_range: bool
) -> Any:
    return list(_backward(num_bits, narrow_range, (inputs, min, max), gradients))


@rows.row(
    "FakeQuantWithMinMaxVarsPerChannelGradient",
    shape=lambda op: [op._inputs[1].shape, op._inputs[2].shape, op._inputs[3].shape],
    gradient=rows.NONE,
)
def fake_quant_with_min_max_vars_per_channel_gradient(
    gradients: Any, inputs: Any, min: Any, max: Any, *, num_bits: int, narrow_range: bool
) -> Any:
    return list(_backward(num_bits, narrow_range, (inputs, min, max), gradients))


def _straight(op: Any, gradient: Any) -> list[Any]:
    return [gradient] + [None] * (len(op._inputs) - 1)


def _there_and_back(
    x: Any, low: Any, high: Any, num_bits: int, signed: bool, given: bool, narrow: bool, up: bool
) -> Any:
    """Numbers rounded to the steps between low and high (or their own extremes) of integers of so many bits."""
    module = xp(x, low, high)
    if not given:
        low, high = x.min(), x.max()
    bits = int(num_bits)
    first = float((-(1 << (bits - 1)) + narrow) if signed else 0)
    last = float((1 << (bits - 1)) - 1 if signed else (1 << bits) - 1)
    huge = np.asarray(np.finfo(x.dtype).max, x.dtype)
    with np.errstate(all="ignore"):
        from_low = module.where(first * low > 0, first / low, huge)
        from_high = module.where(last * high > 0, last / high, huge)
        by_low = from_low < from_high
        scale = module.where(by_low, from_low, from_high).astype(x.dtype)
        back = module.where(by_low, low / (first or 1.0), high / last).astype(x.dtype)
    low, high = module.where(by_low, low, first * back), module.where(by_low, last * back, high)
    scaled = (module.clip(x, low, high) if given else x) * scale
    rounded = module.floor(scaled + np.asarray(0.5, x.dtype)) if up else module.round(scaled)
    return (rounded * back).astype(x.dtype)


@rows.row("QuantizeAndDequantizeV2", shape=_same, gradient=_straight)
def quantize_and_dequantize_v2(
    input: Any,
    input_min: Any,
    input_max: Any,
    *,
    signed_input: bool,
    num_bits: int,
    range_given: bool,
    round_mode: bytes,
    narrow_range: bool,
) -> Any:
    return _there_and_back(
        input, input_min, input_max, num_bits, signed_input, range_given, narrow_range, round_mode == b"HALF_UP"
    )


@rows.row("QuantizeAndDequantizeV3", static=("num_bits",), shape=_same, gradient=_straight)
def quantize_and_dequantize_v3(
    input: Any,
    input_min: Any,
    input_max: Any,
    num_bits: Any,
    *,
    signed_input: bool,
    range_given: bool,
    narrow_range: bool,
) -> Any:
    return _there_and_back(input, input_min, input_max, int(num_bits), signed_input, range_given, narrow_range, False)


# Real quantization: numbers as integers, with the range that they stand for.


def _like_and_scalars(op: Any) -> Any:
    return [op._inputs[0].shape, (), ()]


@rows.row("QuantizeV2", shape=_like_and_scalars, gradient=rows.NONE)
def quantize_v2(input: Any, min_range: Any, max_range: Any, *, T: Any, mode: bytes, round_mode: bytes) -> Any:
    module = xp(input, min_range, max_range)
    lowest, highest = limits(T)
    low = module.minimum(np.float32(0), min_range)
    epsilon = module.maximum(np.float32(1), module.maximum(abs(min_range), abs(max_range))) / np.float32(100)
    high = module.maximum(np.float32(0), module.maximum(max_range, low + epsilon))
    if mode == b"MIN_FIRST":
        return [to_integers(input, low, high, T), module.asarray(low), module.asarray(high)]
    if mode == b"SCALED":
        size = _scaled_step(low, high, T)
        scaled, low, high = input / size, size * np.float32(lowest), size * np.float32(highest)
    else:
        scaled = (module.clip(input, low, high) - low) * (np.float32(highest - lowest) / (high - low))
        scaled = scaled - np.float32((highest - lowest + 1) / 2) if lowest < 0 else scaled
    rounded = module.round(scaled) if round_mode == b"HALF_TO_EVEN" else away(scaled)
    return [to_type(rounded, T), module.asarray(low), module.asarray(high)]


def _scaled_step(low: Any, high: Any, kind: Any) -> Any:
    """The size of steps from zero that reach both ends of a range."""
    lowest, highest = limits(kind)
    upwards = high / np.float32(highest)
    return xp(low, high).maximum(low / np.float32(lowest), upwards) if lowest < 0 else upwards


@rows.row("Dequantize", shape=_same, gradient=rows.NONE)
def dequantize(input: Any, min_range: Any, max_range: Any, *, T: Any, mode: bytes) -> Any:
    lowest, highest = limits(T)
    if mode == b"MIN_FIRST":
        return to_real(input, min_range, max_range, T)
    wide = input.astype(np.float32)
    if mode == b"SCALED":
        return wide * _scaled_step(min_range, max_range, T)
    if lowest < 0:
        wide = wide + np.float32((highest - lowest + 1) / 2)
    return wide * step(min_range, max_range, T) + min_range
