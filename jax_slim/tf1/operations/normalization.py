"""Biases, batch normalization and local response normalization, and their gradients."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jax_slim import kernels
from jax_slim.tf1.graph import building, rows
from jax_slim.tf1.operations import arrays, shape_checks


def _bias_shape(op: Any) -> Any:
    form = op.attrs.get("data_format", b"NHWC")
    sizes = shape_checks.with_rank_at_least(op, 0, 3 if form == b"NCHW" else 2)
    (bias,) = shape_checks.with_rank(op, 1, 1)
    if sizes is None:
        return [None]
    channel = 1 if form == b"NCHW" else len(sizes) - 1
    made = list(sizes)
    made[channel] = shape_checks.merged(op, sizes[channel], bias)
    return [made]


def _bias_gradient(op: Any, grad: Any) -> list[Any]:
    return [grad, building.make("BiasAddGrad", grad, data_format=op.attrs.get("data_format"))]


@rows.row("BiasAdd", "BiasAddV1", shape=_bias_shape, gradient=_bias_gradient)
def bias_add(value, bias, *, data_format=b"NHWC"):
    if data_format == b"NCHW":
        bias = bias.reshape(bias.shape + (1,) * (value.ndim - 2))
    return value + bias


def _bias_grad_shape(op: Any) -> Any:
    sizes = op._inputs[0].shape.sizes
    if sizes is None:
        return [[None]]
    return [[sizes[1 if op.attrs["data_format"] == b"NCHW" else -1]]]


@rows.row("BiasAddGrad", shape=_bias_grad_shape)
def bias_add_grad(out_backprop, *, data_format=b"NHWC"):
    channel = 1 if data_format == b"NCHW" else out_backprop.ndim - 1
    axes = tuple(a for a in range(out_backprop.ndim) if a != channel)
    return out_backprop.sum(axes, dtype=arrays.summing_type(out_backprop.dtype)).astype(out_backprop.dtype)


def _fused_shapes(op: Any) -> Any:
    rank = 5 if op.attrs["data_format"] in (b"NDHWC", b"NCDHW") else 4
    sizes = list(shape_checks.with_rank(op, 0, rank))
    channel, _ = shape_checks.axes_of(op.attrs["data_format"], rank)
    vectors = [shape_checks.with_rank(op, place, 1)[0] for place in range(1, 3 if op.attrs["is_training"] else 5)]
    sizes[channel] = shape_checks.merged(op, sizes[channel], *vectors)
    return [sizes] + [[sizes[channel]]] * 4 + [None] * (len(op.outputs) - 5)


def _fused(
    x: Any, scale: Any, offset: Any, mean: Any, variance: Any, epsilon: float, data_format: bytes, is_training: bool
) -> list[Any]:
    x, scale, offset, mean, variance = (jnp.asarray(v) for v in (x, scale, offset, mean, variance))
    channel, space = shape_checks.axes_of(data_format, x.ndim)
    if not is_training:
        # TF's gradient passes by the averages.
        mean, variance = lax.stop_gradient((mean, variance))
        outputs = kernels.normalize(x, mean, variance, offset, scale, epsilon, channel)
        return [outputs, mean, variance, mean, variance]
    axes = (0, *space)
    if not x.size:
        nothing = jnp.full(scale.shape, np.nan, scale.dtype)
        return [x, nothing, nothing, nothing, nothing]
    outputs, mean, variance = kernels.normalize_by_moments(x, axes, offset, scale, epsilon, channel)
    mean, variance = lax.stop_gradient((mean, variance))
    count = int(np.prod([x.shape[a] for a in axes]))
    unbiased = variance * np.asarray(count / max(count - 1, 1), variance.dtype)
    return [outputs, mean, unbiased, mean, variance]


@rows.row("FusedBatchNorm", "FusedBatchNormV2", shape=_fused_shapes, numpy=False)
def fused_batch_norm(x, scale, offset, mean, variance, *, epsilon, data_format, is_training):
    return _fused(x, scale, offset, mean, variance, epsilon, data_format, is_training)


@rows.row("FusedBatchNormV3", shape=_fused_shapes, numpy=False)
def fused_batch_norm_v3(x, scale, offset, mean, variance, *, epsilon, data_format, is_training):
    return [*_fused(x, scale, offset, mean, variance, epsilon, data_format, is_training), jnp.zeros((), scale.dtype)]


def _fused_grad_shapes(op: Any) -> Any:
    scale = op._inputs[2].shape
    return [
        op._inputs[1].shape,
        scale,
        scale,
        [0] if op.type != "FusedBatchNormGrad" else None,
        [0] if op.type != "FusedBatchNormGrad" else None,
    ]


@rows.row("FusedBatchNormGrad", "FusedBatchNormGradV2", shape=_fused_grad_shapes, numpy=False)
def fused_batch_norm_grad(y_backprop, x, scale, reserve_space_1, reserve_space_2, *, epsilon, data_format, is_training):
    x, scale, mean, variance, dy = (jnp.asarray(v) for v in (x, scale, reserve_space_1, reserve_space_2, y_backprop))
    facts = (float(epsilon), data_format, bool(is_training))
    found = (
        _fused_gradient(facts, dy, x, scale, mean, variance) if x.size else _by_vjp(facts, dy, x, scale, mean, variance)
    )
    return [*found, jnp.zeros((0,), scale.dtype), jnp.zeros((0,), scale.dtype)]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _fused_gradient(facts: tuple[Any, ...], dy: Any, x: Any, scale: Any, mean: Any, variance: Any) -> list[Any]:
    """The gradients of x, scale and offset, from the moments that the operation kept: nothing is computed again."""
    epsilon, data_format, is_training = facts
    channel, space = shape_checks.axes_of(data_format, x.ndim)
    axes = (0, *space)
    along = [1] * x.ndim
    along[channel] = -1
    mean, factor = mean.reshape(along), lax.rsqrt(variance + np.asarray(epsilon, variance.dtype)).reshape(along)
    exact, upstream = x.astype(factor.dtype), dy.astype(factor.dtype)
    of_offset = upstream.sum(axes)
    of_scale = (upstream * (exact - mean)).sum(axes) * factor.reshape(-1)
    gain = factor * scale.reshape(along)
    if is_training:
        count = np.asarray(np.prod([x.shape[a] for a in axes]), factor.dtype)
        pull = (of_scale / count).reshape(along) * factor
        upstream = upstream - (of_offset / count).reshape(along) - (exact - mean) * pull
    return [(upstream * gain).astype(x.dtype), of_scale.astype(scale.dtype), of_offset.astype(scale.dtype)]


@_fused_gradient.defjvp
def _fused_gradient_jvp(facts: tuple[Any, ...], primals: Any, tangents: Any) -> Any:
    # The moments are functions of x: what they contribute to a second derivative comes by way of x.
    function = lambda dy, x, scale: _by_vjp(facts, dy, x, scale, *primals[3:])  # noqa: E731
    return _fused_gradient(facts, *primals), jax.jvp(function, primals[:3], tangents[:3])[1]


def _by_vjp(facts: tuple[Any, ...], dy: Any, x: Any, scale: Any, mean: Any, variance: Any) -> list[Any]:
    function = lambda x, s, o: _fused(x, s, o, mean, variance, *facts)[0]  # noqa: E731
    return list(jax.vjp(function, x, scale, jnp.zeros_like(scale))[1](dy))


@rows.row("FusedBatchNormGradV3", shape=_fused_grad_shapes, numpy=False)
def fused_batch_norm_grad_v3(
    y_backprop, x, scale, reserve_space_1, reserve_space_2, reserve_space_3, *, epsilon, data_format, is_training
):
    return fused_batch_norm_grad(
        y_backprop,
        x,
        scale,
        reserve_space_1,
        reserve_space_2,
        epsilon=epsilon,
        data_format=data_format,
        is_training=is_training,
    )


def _global_shape(op: Any) -> Any:
    sizes = list(shape_checks.with_rank(op, 0, 4))
    sizes[3] = shape_checks.merged(op, sizes[3], *(shape_checks.with_rank(op, place, 1)[0] for place in range(1, 5)))
    return [sizes]


@rows.row("BatchNormWithGlobalNormalization", shape=_global_shape, numpy=False)
def batch_norm_with_global_normalization(t, m, v, beta, gamma, *, variance_epsilon, scale_after_normalization):
    scale = jnp.asarray(gamma) if scale_after_normalization else None
    return kernels.normalize(jnp.asarray(t), jnp.asarray(m), jnp.asarray(v), jnp.asarray(beta), scale, variance_epsilon)


def _rank_four(op: Any) -> Any:
    return [shape_checks.with_rank(op, 0, 4)]


@rows.row("LRN", shape=_rank_four)
def lrn(input, *, depth_radius, bias, alpha, beta):
    xp = arrays.xp(input)
    exact = input.astype(xp.promote_types(input.dtype, np.float32))
    padded = xp.pad(exact * exact, [(0, 0)] * 3 + [(depth_radius, depth_radius)])
    channels = input.shape[3]
    total = padded[..., :channels]
    for shift in range(1, 2 * depth_radius + 1):
        total = total + padded[..., shift : shift + channels]
    level = np.asarray(bias, exact.dtype) + np.asarray(alpha, exact.dtype) * total
    return (exact * level ** np.asarray(-beta, exact.dtype)).astype(input.dtype)


@rows.row("LRNGrad", shape=_rank_four, numpy=False)
def lrn_grad(input_grads, input_image, output_image, *, depth_radius, bias, alpha, beta):
    function = lambda x: lrn(x, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta)  # noqa: E731
    return jax.vjp(function, jnp.asarray(input_image))[1](jnp.asarray(input_grads))[0]
