"""Pooling over images and volumes, and its gradients, by `jax_slim.kernels`."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim import kernels
from jax_slim.kernels.layouts import windows_on
from jax_slim.tf1.graph import building, errors, known_values, rows
from jax_slim.tf1.operations import shape_checks, shape_rules


def _pooled(
    function: Callable[..., Any], inputs: Any, ksize: Any, strides: Any, padding: bytes, data_format: bytes
) -> Any:
    inputs = jnp.asarray(inputs)
    ksize, strides = [int(k) for k in ksize], [int(s) for s in strides]
    channel, space = shape_checks.axes_of(data_format, inputs.ndim)
    if ksize[0] != 1 or strides[0] != 1:
        raise errors.UnimplementedError(None, None, "Pooling is not yet supported on the batch dimension.")
    if ksize[channel] != 1 or strides[channel] != 1:
        return _over_channels(function, inputs, ksize, strides, channel, space)
    window, step = [ksize[a] for a in space], [strides[a] for a in space]
    letters = "DHW"[3 - len(space) :]
    try:
        if not inputs.size:
            lengths = [inputs.shape[a] for a in space]
            counts = windows_on("pool", lengths, window, step, padding.decode(), 1).count(lengths)
            return jnp.zeros(
                shape_checks.laid(data_format, inputs.shape[0], inputs.shape[channel], counts), inputs.dtype
            )
        return function(
            inputs, window, step, padding.decode(), layout=f"NC{letters}" if channel == 1 else f"N{letters}C"
        )
    except ValueError as error:
        raise errors.InvalidArgumentError(None, None, str(error)) from None


def _over_channels(
    function: Callable[..., Any], inputs: Any, ksize: Any, strides: Any, channel: int, space: Any
) -> Any:
    """The maximum of each group of channels, which TF has for windows of one pixel."""
    size = ksize[channel]
    if function is not kernels.max_pool or any(ksize[a] != 1 or strides[a] != 1 for a in space):
        raise errors.UnimplementedError(
            None, None, "MaxPooling supports exactly one of pooling across depth or pooling across width/height."
        )
    if inputs.shape[channel] % size or strides[channel] != size:
        raise errors.UnimplementedError(
            None,
            None,
            "Depthwise max pooling requires the depth window to equal the depth stride and to divide the depth.",
        )
    shape = inputs.shape
    return inputs.reshape(*shape[:channel], shape[channel] // size, size, *shape[channel + 1 :]).max(channel + 1)


def _shape(rank: int) -> Callable[[Any], Any]:
    def rule(op: Any) -> Any:
        inputs = shape_checks.with_rank(op, 0, rank)
        form = op.attrs.get("data_format", b"NHWC")
        if "ksize" in op.attrs:
            ksize, strides = op.attrs["ksize"], op.attrs["strides"]
        else:
            ksize, strides = (known_values.constant_value(t) for t in op._inputs[1:3])
            if ksize is None or strides is None:
                return [[None] * rank for _ in op.outputs]
            ksize, strides = ksize.tolist(), strides.tolist()
        for name, values in (("ksize", ksize), ("strides", strides)):
            if len(values) != rank:
                shape_rules.refuse(op, f"{name} attribute must contain {rank} values, but got: {len(values)}")
        channel, space = shape_checks.axes_of(form, rank)
        along = lambda a: shape_checks.windows(op, inputs[a], ksize[a], strides[a], op.attrs["padding"])  # noqa: E731
        made = shape_checks.laid(form, inputs[0], along(channel), map(along, space))
        return [made for _ in op.outputs]

    return rule


def _of_input(place: int, rank: int) -> Callable[[Any], Any]:
    """A rule: the shape of that input, of that rank at least."""
    return lambda op: [shape_checks.with_rank(op, place, rank) for _ in op.outputs]


@rows.row("MaxPool", shape=_shape(4), numpy=False)
def max_pool(input, *, ksize, strides, padding, data_format=b"NHWC"):
    return _pooled(kernels.max_pool, input, ksize, strides, padding, data_format)


@rows.row("MaxPoolV2", shape=_shape(4), numpy=False, static=("ksize", "strides"))
def max_pool_v2(input, ksize, strides, *, padding, data_format=b"NHWC"):
    return _pooled(kernels.max_pool, input, ksize, strides, padding, data_format)


@rows.row("MaxPool3D", shape=_shape(5), numpy=False)
def max_pool3d(input, *, ksize, strides, padding, data_format=b"NDHWC"):
    return _pooled(kernels.max_pool, input, ksize, strides, padding, data_format)


@rows.row("AvgPool", shape=_shape(4), numpy=False)
def avg_pool(value, *, ksize, strides, padding, data_format=b"NHWC"):
    return _pooled(kernels.avg_pool, value, ksize, strides, padding, data_format)


@rows.row("AvgPool3D", shape=_shape(5), numpy=False)
def avg_pool3d(input, *, ksize, strides, padding, data_format=b"NDHWC"):
    return _pooled(kernels.avg_pool, input, ksize, strides, padding, data_format)


@rows.row("MaxPoolWithArgmax", shape=_shape(4), numpy=False)
def max_pool_with_argmax(input, *, ksize, strides, padding, Targmax, include_batch_in_index=False):
    if Targmax.name == "int32":
        raise errors.InvalidArgumentError(
            None,
            None,
            "No OpKernel was registered to support Op 'MaxPoolWithArgmax' with Targmax=int32 on a CPU. Use tf.int64.",
        )
    inputs = jnp.asarray(input)
    outputs = _pooled(kernels.max_pool, inputs, ksize, strides, padding, b"NHWC")
    # Which pixel it was: the first of the window, row by row, of those that hold the maximum.
    batch, height, width, channels = inputs.shape
    windows = windows_on("max_pool", (height, width), ksize[1:3], strides[1:3], padding.decode(), 1)
    rows_, columns = windows.count((height, width))
    chosen = jnp.full(outputs.shape, -1, jnp.int64)
    for at in itertools.product(range(ksize[1]), range(ksize[2])):
        y = np.arange(rows_) * strides[1] + at[0] - windows.padding[0][0]
        x = np.arange(columns) * strides[2] + at[1] - windows.padding[1][0]
        inside = ((y >= 0) & (y < height))[:, None, None] & ((x >= 0) & (x < width))[:, None]
        seen = inputs[:, np.clip(y, 0, height - 1)][:, :, np.clip(x, 0, width - 1)]
        index = ((y[:, None] * width + x)[:, :, None] * channels + np.arange(channels)).astype(np.int64)
        chosen = jnp.where((chosen < 0) & inside & (seen == outputs), index, chosen)
    if include_batch_in_index:
        chosen = chosen + (np.arange(batch) * height * width * channels).reshape(-1, 1, 1, 1)
    return outputs, chosen


# The gradients as operations.


def _back(function: Callable[..., Any], inputs: Any, grad: Any) -> Any:
    return jax.vjp(function, jnp.asarray(inputs))[1](jnp.asarray(grad))[0]


@rows.row("MaxPoolGrad", shape=_of_input(0, 4), numpy=False)
def max_pool_grad(orig_input, orig_output, grad, *, ksize, strides, padding, data_format=b"NHWC"):
    return _back(lambda x: _pooled(kernels.max_pool, x, ksize, strides, padding, data_format), orig_input, grad)


@rows.row("MaxPoolGradV2", shape=_of_input(0, 4), numpy=False, static=("ksize", "strides"))
def max_pool_grad_v2(orig_input, orig_output, grad, ksize, strides, *, padding, data_format=b"NHWC"):
    return _back(lambda x: _pooled(kernels.max_pool, x, ksize, strides, padding, data_format), orig_input, grad)


def _forth(back: Any, primal: Any, grad: Any) -> Any:
    """The transpose of what brings gradients back: the elements of `grad` at the places of the maxima."""
    return jax.vjp(back, jnp.zeros_like(primal))[1](jnp.asarray(grad))[0]


def _grad_grad_gradient(op: Any, grad: Any) -> list[Any]:
    """Where the maxima are does not move; what was taken from there goes back there."""
    orig_input, orig_output, *_ = op._inputs
    rest, facts = op._inputs[3:], {name: op.attrs[name] for name in ("ksize", "strides", "padding", "data_format") if name in op.attrs}  # fmt: skip
    back = building.make(op.type.replace("GradGrad", "Grad"), orig_input, orig_output, grad, *rest, **facts)
    zeros = [building.make("ZerosLike", t) for t in (orig_input, orig_output)]
    return [*zeros, back, *([None] * len(rest))]


@rows.row("MaxPoolGradGrad", shape=_of_input(1, 4), numpy=False, gradient=_grad_grad_gradient)
def max_pool_grad_grad(orig_input, orig_output, grad, *, ksize, strides, padding, data_format=b"NHWC"):
    facts = dict(ksize=ksize, strides=strides, padding=padding, data_format=data_format)
    return _forth(lambda g: max_pool_grad(orig_input, orig_output, g, **facts), orig_output, grad)


@rows.row(
    "MaxPoolGradGradV2", shape=_of_input(1, 4), numpy=False, static=("ksize", "strides"), gradient=_grad_grad_gradient
)
def max_pool_grad_grad_v2(orig_input, orig_output, grad, ksize, strides, *, padding, data_format=b"NHWC"):
    facts = dict(padding=padding, data_format=data_format)
    return _forth(lambda g: max_pool_grad_v2(orig_input, orig_output, g, ksize, strides, **facts), orig_output, grad)


@rows.row("MaxPool3DGradGrad", shape=_of_input(1, 5), numpy=False, gradient=_grad_grad_gradient)
def max_pool3d_grad_grad(orig_input, orig_output, grad, *, ksize, strides, padding, data_format=b"NDHWC"):
    facts = dict(ksize=ksize, strides=strides, padding=padding, data_format=data_format)
    return _forth(lambda g: max_pool3d_grad(orig_input, orig_output, g, **facts), orig_output, grad)


@rows.row("MaxPool3DGrad", shape=_of_input(0, 5), numpy=False)
def max_pool3d_grad(orig_input, orig_output, grad, *, ksize, strides, padding, data_format=b"NDHWC"):
    return _back(lambda x: _pooled(kernels.max_pool, x, ksize, strides, padding, data_format), orig_input, grad)


@rows.row("MaxPoolGradWithArgmax", shape=_of_input(0, 4), numpy=False)
def max_pool_grad_with_argmax(input, grad, argmax, *, ksize, strides, padding, include_batch_in_index=False):
    inputs, indices = jnp.asarray(input), jnp.asarray(argmax)
    per_image = int(np.prod(inputs.shape[1:]))
    if not include_batch_in_index:
        indices = indices + (np.arange(inputs.shape[0]) * per_image).reshape(-1, 1, 1, 1)
    spread = jnp.zeros(inputs.size, inputs.dtype).at[indices.reshape(-1)].add(jnp.asarray(grad).reshape(-1))
    return spread.reshape(inputs.shape)


def _shape_from_value(op: Any) -> Any:
    shape = known_values.constant_value_as_shape(op._inputs[0])
    return [[None] * (5 if "3D" in op.type else 4) if shape.sizes is None else shape]


@rows.row("AvgPoolGrad", "AvgPool3DGrad", shape=_shape_from_value, numpy=False, static=("orig_input_shape",))
def avg_pool_grad(orig_input_shape, grad, *, ksize, strides, padding, data_format):
    function = lambda x: _pooled(kernels.avg_pool, x, ksize, strides, padding, data_format)  # noqa: E731
    given = jax.ShapeDtypeStruct(tuple(int(s) for s in orig_input_shape), grad.dtype)
    return jax.linear_transpose(function, given)(jnp.asarray(grad))[0]
