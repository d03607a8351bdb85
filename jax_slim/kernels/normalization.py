"""Means and variances, and normalizing by them.

Everything is computed in float32 at least; what comes out has the dtype of the inputs again.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim.kernels import choices, moment_maps


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
        return _along(array, inputs.ndim, channel_axis)

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
    limits: tuple[float, float] | None = None,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Normalizes `inputs` by their own mean and variance over `axes`: batch, layer, group and instance normalization.

    The same as `moments`, then `normalize`, as one operation that has one gradient.

    Args:
      inputs, offset, scale, epsilon, channel_axis: as of `normalize`.
      axes: what to average over.
      limits: what the outputs are clipped to, which native kernels do with the rest: where `clips_by_kernel`.

    Returns:
      outputs, mean, variance: an array like `inputs`, and what `moments` returns (without the averaged axes).
    """
    axes = tuple(sorted(axis % inputs.ndim for axis in axes))
    if choices.plain():
        mean, variance = moments(inputs, axes, keepdims=True)
        outputs = normalize(inputs, mean, variance, offset, scale, epsilon, channel_axis)
        return outputs, lax.squeeze(mean, axes), lax.squeeze(variance, axes)
    if clips_by_kernel(inputs, axes, channel_axis):
        like = jax.ShapeDtypeStruct(inputs.shape[-1:], jnp.float32)
        factor = jnp.ones_like(like) if scale is None else scale.reshape(like.shape).astype(like.dtype)
        shift = jnp.zeros_like(like) if offset is None else offset.reshape(like.shape).astype(like.dtype)
        return moment_maps.normalized(inputs, factor, shift, epsilon, limits)
    assert limits is None
    exact = inputs.astype(jnp.promote_types(inputs.dtype, jnp.float32))
    kept = [1 if axis in axes else length for axis, length in enumerate(inputs.shape)]

    def within(array: jax.Array | None, otherwise: float) -> jax.Array | None:
        """`array` in the moments' shape; None where it has another."""
        if array is None:
            return jnp.full(kept, otherwise, exact.dtype)
        array = _along(array, inputs.ndim, channel_axis)
        if array.ndim != inputs.ndim or any(
            size not in (1, length) for size, length in zip(array.shape, kept, strict=True)
        ):
            return None
        return jnp.broadcast_to(array, kept).astype(exact.dtype)

    factor, shift = within(scale, 1), within(offset, 0)
    if factor is None or shift is None:
        # Layer, group and instance normalization: what the examples are scaled by is not what they are averaged over.
        outputs, mean, variance = _to_moments(
            exact, jnp.ones(kept, exact.dtype), jnp.zeros(kept, exact.dtype), axes, epsilon
        )
        if scale is not None:
            outputs = outputs * _along(scale, inputs.ndim, channel_axis)
        if offset is not None:
            outputs = outputs + _along(offset, inputs.ndim, channel_axis)
    else:
        outputs, mean, variance = _to_moments(exact, factor, shift, axes, epsilon)
    return outputs.astype(inputs.dtype), lax.squeeze(mean, axes), lax.squeeze(variance, axes)


def clips_by_kernel(inputs: jax.Array, axes: Sequence[int], channel_axis: int = -1) -> bool:
    """Whether native kernels normalize: float32 by all axes but the channels', in a program that may run on one CPU."""
    last = inputs.ndim - 1
    return (
        tuple(sorted(axes)) == tuple(range(last)) != ()
        and channel_axis % inputs.ndim == last
        and inputs.dtype == jnp.float32
        and inputs.size > 0
        and choices.may_be_native()
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(3, 4))
def _to_moments(
    exact: jax.Array, factor: jax.Array, shift: jax.Array, axes: tuple[int, ...], epsilon: float
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Normalizes by the moments over `axes`; `factor` and `shift` have the moments' shape. Returns the moments, too.

    Two passes, one for the mean and one for the distances from it: a single pass for both sums was no faster, as the
    compiler does not read once for two sums, and would subtract squares.
    """
    mean, variance = _moments(exact, axes, None)
    return (exact - mean) * (lax.rsqrt(variance + epsilon) * factor) + shift, mean, variance


@_to_moments.defjvp
def _derivative(
    axes: tuple[int, ...], epsilon: float, primals: tuple[jax.Array, ...], tangents: tuple[jax.Array, ...]
) -> tuple[Any, Any]:
    """The derivative, arranged so that its transpose, the gradient, sums twice over `inputs` and not six times.

    All that depends on the channel alone is computed there first. Transposed, each product with a whole array becomes
    one sum, and there are only two: with `centered`, and with ones.
    """
    exact, factor, shift = primals
    moved, of_factor, of_shift = tangents
    mean, variance = _moments(exact, axes, None)
    root = lax.rsqrt(variance + epsilon)
    # Not the distances of the forward pass: these would be kept until the gradient, an array as large as the inputs.
    centered = exact - lax.optimization_barrier(mean)
    slope = root * factor
    of_mean, half_of_variance = _mean(moved, axes), _mean(centered * moved, axes)
    by_distance = root * of_factor - slope * jnp.square(root) * half_of_variance
    same = _spread(of_shift - slope * of_mean, exact.shape, axes)
    of_outputs = moved * slope + centered * _spread(by_distance, exact.shape, axes) + same
    return ((exact - mean) * slope + shift, mean, variance), (of_outputs, of_mean, 2 * half_of_variance)


def _mean(array: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """The mean over some axes, which stay with length 1."""
    if not _by_products(array.shape, axes):
        return jnp.mean(array, axes, keepdims=True)
    ones = jnp.full((array.shape[-1], 1), 1 / array.shape[-1], array.dtype)
    return lax.dot_general(array, ones, (((array.ndim - 1,), (0,)), ((), ())), precision=lax.Precision.HIGHEST)


def _spread(array: jax.Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> jax.Array:
    """What is the same along some axes, in the full shape: its transpose sums over them as `_mean` does."""
    if not _by_products(shape, axes):
        return jnp.broadcast_to(array, shape)
    ones = jnp.ones((1, shape[-1]), array.dtype)
    return lax.dot_general(array, ones, (((array.ndim - 1,), (0,)), ((), ())), precision=lax.Precision.HIGHEST)


def _by_products(shape: tuple[int, ...], axes: tuple[int, ...]) -> bool:
    """Whether sums over some axes are products with ones: those over the channels of each pixel or word alone.

    With `compiler_options()`, XLA makes such a sum one operation with all elementwise ones before it, for YNNPACK:
    after a depthwise convolution of 7 x 7, whose taps are elementwise, the two took 105 ms instead of 12.
    """
    return choices.tuned() and axes == (len(shape) - 1,) and len(shape) > 1


def _along(array: jax.Array, ndim: int, channel_axis: int) -> jax.Array:
    """A vector laid along the axis of the channels; other arrays as they are."""
    if array.ndim != 1:
        return array
    return array.reshape([-1 if axis == channel_axis % ndim else 1 for axis in range(ndim)])


def _moments(exact: jax.Array, axes: tuple[int, ...], weights: jax.Array | None) -> tuple[jax.Array, jax.Array]:
    if weights is None:
        mean = _mean(exact, axes)
        return mean, _mean(jnp.square(exact - mean), axes)
    weights = jnp.broadcast_to(weights, exact.shape).astype(exact.dtype)
    total = jnp.sum(weights, axes, keepdims=True)
    mean = jnp.sum(exact * weights, axes, keepdims=True) / total
    return mean, jnp.sum(jnp.square(exact - mean) * weights, axes, keepdims=True) / total
