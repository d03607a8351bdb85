"""A convolution of bytes: what it computes, and how numbers become bytes."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import mlir

from jax_slim.kernels import conv_maps
from jax_slim.kernels.conv_geometry import Geometry

MOST_PRODUCTS = (2**31 - 1) // (255 * 127)
"""Of how many products a sum of int32 holds."""


class Rounding(NamedTuple):
    """x as a byte: round(x / step) + zero, the half to even numbers, cut to 0 ... 255."""

    step: float
    zero: int


def rounding_of(low: float, high: float) -> Rounding:
    """The rounding that has bytes for all of [low, high] and exactly one for 0."""
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    step = float(np.float32((high - low) / 255)) or 1.0
    return Rounding(step, int(np.clip(np.rint(-low / step), 0, 255)))


def quantized_weights(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights [..., filters] as int8, -127 to 127, and the step of each filter, float32."""
    weights = np.asarray(weights)
    largest = np.abs(weights).max(axis=tuple(range(weights.ndim - 1)), initial=0)
    steps = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.clip(np.rint(weights / steps), -127, 127).astype(np.int8), steps


def quantized_convolution(
    inputs: jax.Array,
    weights: jax.Array,
    scale: jax.Array,
    bias: jax.Array,
    shortcut: jax.Array | None = None,
    *,
    geometry: Geometry,
    rounding: Rounding,
    made: Rounding | None = None,
    low: float = -np.inf,
    high: float = np.inf,
) -> jax.Array:
    """clip(scale * convolution(bytes of the inputs - zero, weights) + bias + shortcut, low, high).

    Sums are of whole numbers. XLA has them as float32, which rounds those above 2**24; the native kernels as int32.

    Args:
      inputs: [N, H, W, C], float32, or uint8: bytes already.
      weights: [kh, kw, C, out], int8; of a convolution by channel, one filter a channel, [kh, kw, 1, C].
      scale: [out], float32: the steps of inputs and weights, multiplied.
      bias: [out].
      shortcut: of the result's shape, float32.
      geometry: as of the convolution: channels last, one group or one for each channel.
      rounding: of the inputs.
      made: of the result, which is then bytes.
      low, high: what the result is cut to.

    Returns:
      [N, H', W', out], float32, or uint8.
    """
    more = () if shortcut is None else (shortcut,)
    return _quantized.bind(
        inputs, weights, scale, bias, *more,
        geometry=geometry, rounding=rounding, made=made, low=float(low), high=float(high),
    )  # fmt: skip


def as_bytes(values: jax.Array, rounding: Rounding) -> jax.Array:
    """float32 as uint8."""
    whole = jnp.round(values * np.float32(1 / np.float32(rounding.step))) + rounding.zero
    return jnp.clip(jnp.nan_to_num(whole, nan=0.0), 0, 255).astype(jnp.uint8)


def _computed(
    inputs: jax.Array, weights: jax.Array, scale: jax.Array, bias: jax.Array, *shortcut: jax.Array,
    geometry: Geometry, rounding: Rounding, made: Rounding | None, low: float, high: float,
) -> jax.Array:  # fmt: skip
    whole = inputs if inputs.dtype == jnp.uint8 else as_bytes(inputs, rounding)
    numbers = whole.astype(jnp.float32) - rounding.zero
    exact = dataclasses.replace(geometry, inexact=False)
    result = conv_maps.outputs_of(numbers, weights.astype(jnp.float32), geometry=exact) * scale + bias
    for more in shortcut:
        result = result + more
    result = jnp.clip(result, low, high)
    return result if made is None else as_bytes(result, made)


def _shape(
    inputs: Any, weights: Any, *others: Any, geometry: Geometry, made: Rounding | None, **parameters: Any
) -> Any:
    del others, parameters
    dtype = jnp.float32 if made is None else jnp.uint8
    return ShapedArray(geometry.outputs_shape(inputs, weights), jnp.dtype(dtype))


_quantized = Primitive("slim_quantized_convolution")
_quantized.def_impl(lambda *arrays, **parameters: jax.jit(lambda *a: _computed(*a, **parameters))(*arrays))
_quantized.def_abstract_eval(_shape)
mlir.register_lowering(_quantized, mlir.lower_fun(_computed, multiple_results=False))
