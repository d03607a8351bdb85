"""Batch norm with a ReLU behind it, by native kernels: sums over rows as linear maps, the rest elementwise.

XLA reads an array once for each sum over it, and writes the gradient of a ReLU before it sums it. Here the moments take
one pass, the two sums of the gradient another, ReLU's gradient within it.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jax_slim.kernels import choices
from jax_slim.kernels.linear_maps import LinearMap
from jax_slim.kernels.native import row_sums

Limits = tuple[float, float] | None


@functools.partial(jax.custom_jvp, nondiff_argnums=(3, 4))
def normalized(
    inputs: jax.Array, factor: jax.Array, shift: jax.Array, epsilon: float, limits: Limits
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Normalizes by the moments over all axes but the last, and clips what comes out.

    Args:
      inputs: [..., C], float32.
      factor, shift: [C].
      epsilon: added to the variance, inside the root.
      limits: what outputs are clipped to; None: they are not. At and beyond the limits the gradient is 0.

    Returns:
      outputs [..., C], mean [C], variance [C].
    """
    mean, variance = _moments_of(inputs)
    outputs = _line(inputs, mean, lax.rsqrt(variance + epsilon) * factor, shift)
    return (outputs if limits is None else jnp.clip(outputs, *limits)), mean, variance


@normalized.defjvp
def _derivative(epsilon: float, limits: Limits, primals: Any, tangents: Any) -> tuple[Any, Any]:
    inputs, factor, shift = primals
    moved, of_factor, of_shift = tangents
    outputs, mean, variance = normalized(*primals, epsilon, limits)
    root = lax.rsqrt(variance + epsilon)
    slope = root * factor
    vectors = (mean, slope, shift)
    of_mean, half_of_variance = _sums(moved, inputs, *vectors, limits=None) / np.float32(inputs.size // len(mean))
    by_distance = root * of_factor - slope * jnp.square(root) * half_of_variance
    rows = jnp.stack([of_shift - slope * of_mean, by_distance])
    passed = _passed(moved, inputs, *vectors, limits=limits) if limits else moved
    of_outputs = passed * slope + _spread(rows, inputs, *vectors, limits=limits)
    return (outputs, mean, variance), (of_outputs, of_mean, 2 * half_of_variance)


def _line(inputs: jax.Array, mean: jax.Array, slope: jax.Array, shift: jax.Array) -> jax.Array:
    return (inputs - mean) * slope + shift


def _gate(array: jax.Array, inputs: jax.Array, vectors: Any, limits: Limits) -> jax.Array:
    """`array` where what was normalized is between the limits, else 0."""
    if limits is None:
        return array
    line = _line(inputs, *vectors)
    return lax.select((line > limits[0]) & (line < limits[1]), array, jnp.zeros_like(array))


def _plain_moments(inputs: jax.Array) -> jax.Array:
    axes = tuple(range(inputs.ndim - 1))
    mean = jnp.mean(inputs, axes)
    return jnp.stack([mean, jnp.mean(jnp.square(inputs - mean), axes)])


def _plain_sums(
    gradient: jax.Array, inputs: jax.Array, mean: jax.Array, slope: jax.Array, shift: jax.Array, *, limits: Limits
) -> jax.Array:
    passed, axes = _gate(gradient, inputs, (mean, slope, shift), limits), tuple(range(inputs.ndim - 1))
    return jnp.stack([jnp.sum(passed, axes), jnp.sum(passed * (inputs - mean), axes)])


def _plain_spread(
    rows: jax.Array, inputs: jax.Array, mean: jax.Array, slope: jax.Array, shift: jax.Array, *, limits: Limits
) -> jax.Array:
    return _gate(rows[0] + rows[1] * (inputs - mean), inputs, (mean, slope, shift), limits)


def _plain_passed(
    gradient: jax.Array, inputs: jax.Array, mean: jax.Array, slope: jax.Array, shift: jax.Array, *, limits: Limits
) -> jax.Array:
    return _gate(gradient, inputs, (mean, slope, shift), limits)


def _moments_on_cpu(inputs: jax.Array) -> jax.Array:
    return row_sums.moments(inputs) if choices.native() else _plain_moments(inputs)


def _sums_on_cpu(gradient: jax.Array, *others: jax.Array, limits: Limits) -> jax.Array:
    form = row_sums.gated_sums if choices.native() else _plain_sums
    return form(gradient, *others, limits=limits)


_moments_of = LinearMap("slim_moments", _plain_moments, _moments_on_cpu, {})
_sums = LinearMap(
    "slim_gated_sums",
    _plain_sums,
    _sums_on_cpu,
    {0: lambda cotangent, gradient, *others, limits: _spread(cotangent, *others, limits=limits)},
)
_spread = LinearMap(
    "slim_gated_spread",
    _plain_spread,
    _plain_spread,
    {0: lambda cotangent, rows, *others, limits: _sums(cotangent, *others, limits=limits)},
)
_passed = LinearMap(
    "slim_gated",
    _plain_passed,
    _plain_passed,
    {0: lambda cotangent, gradient, *others, limits: _passed(cotangent, *others, limits=limits)},
)
