"""Means and variances, and normalizing by them.

Everything is computed in float32 at least; what comes out has the dtype of the inputs again.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax


def moments(
    inputs: jax.Array, axes: Sequence[int], weights: jax.Array | None = None, keepdims: bool = False
) -> tuple[jax.Array, jax.Array]:
    """Takes the mean and the variance over some axes.

    The variance is that of the population: the mean squared distance from the mean, divided by n, not n - 1. It is
    computed from the distances, never as a difference of squares, so it is not negative and does not drown in a large
    mean.

    Args:
      inputs: any shape.
      axes: what to average over.
      weights: how much each element counts, 0 or more, of a shape that broadcasts against `inputs`; None: all the same.
      keepdims: True leaves the averaged axes in place, with length 1.

    Returns:
      mean, variance: of at least float32.
    """
    exact = inputs.astype(jnp.promote_types(inputs.dtype, jnp.float32))
    axes = tuple(axes)
    mean, variance = _moments(exact, axes, weights)
    return (mean, variance) if keepdims else (lax.squeeze(mean, axes), lax.squeeze(variance, axes))


def normalize(
    inputs: jax.Array,
    mean: jax.Array,
    variance: jax.Array,
    offset: jax.Array | None,
    scale: jax.Array | None,
    epsilon: float,
    channel_axis: int = -1,
) -> jax.Array:
    """Computes (inputs - mean) / sqrt(variance + epsilon) * scale + offset.

    Args:
      inputs: [N, H, W, C], or any other shape.
      mean, variance, offset, scale: vectors [C], which lie along `channel_axis`, or arrays that broadcast against
        `inputs`. `offset` and `scale` may be None.
      epsilon: added to the variance, inside the root.
      channel_axis: the axis of the channels in `inputs`.

    Returns:
      An array like `inputs`.
    """

    def in_place(array: jax.Array) -> jax.Array:
        if array.ndim != 1:
            return array
        return array.reshape([-1 if axis == channel_axis % inputs.ndim else 1 for axis in range(inputs.ndim)])

    exact = inputs.astype(jnp.promote_types(inputs.dtype, jnp.float32))
    factor = lax.rsqrt(in_place(variance).astype(exact.dtype) + epsilon)
    if scale is not None:
        factor = factor * in_place(scale)
    # The mean goes first: of large numbers close together, scaled and shifted copies would lose what sets them apart.
    outputs = (exact - in_place(mean)) * factor
    if offset is not None:
        outputs = outputs + in_place(offset)
    return outputs.astype(inputs.dtype)


def normalize_by_moments(
    inputs: jax.Array,
    axes: Sequence[int],
    offset: jax.Array | None,
    scale: jax.Array | None,
    epsilon: float,
    channel_axis: int = -1,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Normalizes `inputs` by their own mean and variance over `axes`: batch, layer, group and instance normalization.

    The same as `moments`, then `normalize`, as one operation that has one gradient.

    Returns:
      outputs, mean, variance: an array like `inputs`, and what `moments` returns (without the averaged axes).
    """
    axes = tuple(axes)
    mean, variance = moments(inputs, axes, keepdims=True)
    outputs = normalize(inputs, mean, variance, offset, scale, epsilon, channel_axis)
    return outputs, lax.squeeze(mean, axes), lax.squeeze(variance, axes)


def _moments(exact: jax.Array, axes: tuple[int, ...], weights: jax.Array | None) -> tuple[jax.Array, jax.Array]:
    if weights is None:
        mean = jnp.mean(exact, axes, keepdims=True)
        return mean, jnp.mean(jnp.square(exact - mean), axes, keepdims=True)
    weights = jnp.broadcast_to(weights, exact.shape).astype(exact.dtype)
    total = jnp.sum(weights, axes, keepdims=True)
    mean = jnp.sum(exact * weights, axes, keepdims=True) / total
    return mean, jnp.sum(jnp.square(exact - mean) * weights, axes, keepdims=True) / total
