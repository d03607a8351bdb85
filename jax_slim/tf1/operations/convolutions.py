"""Convolutions over images and volumes, in full and by channel, and their two gradients, by `jax_slim.kernels`."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim import kernels
from jax_slim.kernels.layouts import windows_on
from jax_slim.tf1.graph import errors, known_values, rows
from jax_slim.tf1.operations import shape_checks, shape_rules


def _convolved(
    function: Callable[..., Any],
    inputs: Any,
    weights: Any,
    strides: Any,
    padding: bytes,
    data_format: bytes,
    dilations: Any,
    explicit: Any = (),
) -> Any:
    """One of the kernels' convolutions with arguments as TF has them."""
    inputs, weights = jnp.asarray(inputs), jnp.asarray(weights)
    rank = inputs.ndim
    channel, space = shape_checks.axes_of(data_format, rank)
    dilations = dilations or [1] * rank
    for what, values in (("strides", strides), ("dilations", dilations)):
        if values[0] != 1 or values[channel] != 1:
            raise errors.InvalidArgumentError(
                None, None, f"Current implementation does not yet support {what} in the batch and depth dimensions."
            )
    step, rate = [strides[a] for a in space], [dilations[a] for a in space]
    pad: Any = padding.decode()
    if padding == b"EXPLICIT":
        pad = [(explicit[2 * a], explicit[2 * a + 1]) for a in space]
    layout = ("NC" + "DHW"[3 - len(space) :]) if channel == 1 else ("N" + "DHW"[3 - len(space) :] + "C")
    try:
        if not inputs.size:  # no example or no pixel
            return _empty(
                inputs, weights, step, pad, rate, data_format, depthwise=function is kernels.depthwise_convolution
            )
        return function(inputs, weights, step, pad, rate, layout)
    except ValueError as error:
        raise errors.InvalidArgumentError(None, None, str(error)) from None


def _empty(inputs: Any, weights: Any, step: Any, pad: Any, rate: Any, data_format: bytes, depthwise: bool) -> Any:
    _, space = shape_checks.axes_of(data_format, inputs.ndim)
    lengths = [inputs.shape[a] for a in space]
    counts = windows_on("convolution", lengths, weights.shape[:-2], step, pad, rate).count(lengths)
    channels = weights.shape[-1] * (weights.shape[-2] if depthwise else 1)
    return jnp.zeros(shape_checks.laid(data_format, inputs.shape[0], channels, counts), inputs.dtype)


def _shape(rank: int, depthwise: bool = False) -> Callable[[Any], Any]:
    """The rule of a convolution over inputs of that rank."""

    def rule(op: Any) -> Any:
        inputs, weights = (shape_checks.with_rank(op, place, rank) for place in range(2))
        form = op.attrs["data_format"]
        channel, space = shape_checks.axes_of(form, rank)
        strides, rates = op.attrs["strides"], op.attrs.get("dilations") or [1] * rank
        for name, values in (("strides", strides), ("dilations", rates)):
            if len(values) != rank:
                shape_rules.refuse(op, f"{name} attribute must contain {rank} values, but got: {len(values)}")
        explicit = op.attrs.get("explicit_paddings") or [0] * (2 * rank)
        if len(explicit) != 2 * rank:
            shape_rules.refuse(
                op, f"explicit_paddings attribute must contain {2 * rank} values, but got: {len(explicit)}"
            )
        counts = [
            shape_checks.windows(
                op,
                inputs[a],
                weights[i],
                strides[a],
                op.attrs["padding"],
                rates[a],
                (explicit[2 * a], explicit[2 * a + 1]),
            )
            for i, a in enumerate(space)
        ]
        channels, seen, made = inputs[channel], weights[-2], weights[-1]
        if depthwise:
            seen = shape_checks.merged(op, channels, seen)
            made = None if seen is None or made is None else seen * made
        elif channels is not None and seen is not None and (seen == 0 or channels % seen):
            shape_rules.refuse(op, f"Depth of input ({channels}) is not a multiple of input depth of filter ({seen})")
        return [shape_checks.laid(form, inputs[0], made, counts)]

    return rule


@rows.row("Conv2D", shape=_shape(4), numpy=False)
def conv2d(input, filter, *, strides, padding, data_format, dilations, explicit_paddings=()):
    return _convolved(kernels.convolution, input, filter, strides, padding, data_format, dilations, explicit_paddings)


@rows.row("Conv3D", shape=_shape(5), numpy=False)
def conv3d(input, filter, *, strides, padding, data_format, dilations):
    return _convolved(kernels.convolution, input, filter, strides, padding, data_format, dilations)


@rows.row("DepthwiseConv2dNative", shape=_shape(4, depthwise=True), numpy=False)
def depthwise_conv2d_native(input, filter, *, strides, padding, data_format, dilations):
    _, (a, b) = shape_checks.axes_of(data_format, 4)
    if strides[a] != strides[b]:
        raise errors.InvalidArgumentError(
            None, None, "Current implementation only supports equal length strides in the row and column dimensions."
        )
    return _convolved(kernels.depthwise_convolution, input, filter, strides, padding, data_format, dilations)


# The gradients: what is linear in one argument, turned round. The kernels make of that their own fast forms.


def _sizes_of(place: int) -> Callable[[Any], Any]:
    """A rule: the value of that input is the shape, of the rank that the other inputs have."""

    def rule(op: Any) -> Any:
        shape = known_values.constant_value_as_shape(op._inputs[place])
        if shape.sizes is None:
            rank = 5 if "3D" in op.type else 4
            return [[None] * rank]
        return [shape]

    return rule


def _to_inputs(function: Callable[..., Any], sizes: Any, weights: Any, outputs: Any) -> Any:
    outputs = jnp.asarray(outputs)
    sizes = [int(s) for s in sizes]
    if not outputs.size:
        return jnp.zeros(sizes, outputs.dtype)
    given = jax.ShapeDtypeStruct(tuple(sizes), outputs.dtype)
    return _turned(lambda x: function(x, jnp.asarray(weights)), given, outputs)


def _to_weights(function: Callable[..., Any], inputs: Any, sizes: Any, outputs: Any) -> Any:
    outputs = jnp.asarray(outputs)
    sizes = [int(s) for s in sizes]
    if not outputs.size:
        return jnp.zeros(sizes, outputs.dtype)
    given = jax.ShapeDtypeStruct(tuple(sizes), outputs.dtype)
    return _turned(lambda w: function(jnp.asarray(inputs), w), given, outputs)


def _turned(convolve: Callable[..., Any], given: Any, outputs: Any) -> Any:
    made = jax.eval_shape(convolve, given).shape
    if made != outputs.shape:
        message = f"Size of out_backprop doesn't match computed: actual = {outputs.shape}, computed = {made}"
        raise errors.InvalidArgumentError(None, None, message)
    return jax.linear_transpose(convolve, given)(outputs)[0]


@rows.row("Conv2DBackpropInput", shape=_sizes_of(0), numpy=False, static=("input_sizes",))
def conv2d_backprop_input(
    input_sizes, filter, out_backprop, *, strides, padding, data_format, dilations, explicit_paddings=()
):
    sizes = list(input_sizes)
    if len(sizes) == 2:  # of space alone: the rest is known
        sizes = shape_checks.laid(data_format, out_backprop.shape[0], filter.shape[-2], sizes)
    facts = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    function = functools.partial(conv2d, **facts, explicit_paddings=explicit_paddings)
    return _to_inputs(function, sizes, filter, out_backprop)


@rows.row("Conv2DBackpropFilter", shape=_sizes_of(1), numpy=False, static=("filter_sizes",))
def conv2d_backprop_filter(
    input, filter_sizes, out_backprop, *, strides, padding, data_format, dilations, explicit_paddings=()
):
    facts = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    function = functools.partial(conv2d, **facts, explicit_paddings=explicit_paddings)
    return _to_weights(function, input, filter_sizes, out_backprop)


@rows.row("Conv3DBackpropInputV2", shape=_sizes_of(0), numpy=False, static=("input_sizes",))
def conv3d_backprop_input(input_sizes, filter, out_backprop, *, strides, padding, data_format, dilations):
    facts = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    return _to_inputs(functools.partial(conv3d, **facts), input_sizes, filter, out_backprop)


@rows.row("Conv3DBackpropFilterV2", shape=_sizes_of(1), numpy=False, static=("filter_sizes",))
def conv3d_backprop_filter(input, filter_sizes, out_backprop, *, strides, padding, data_format, dilations):
    facts = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    return _to_weights(functools.partial(conv3d, **facts), input, filter_sizes, out_backprop)


@rows.row("DepthwiseConv2dNativeBackpropInput", shape=_sizes_of(0), numpy=False, static=("input_sizes",))
def depthwise_backprop_input(input_sizes, filter, out_backprop, *, strides, padding, data_format, dilations):
    facts = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    return _to_inputs(functools.partial(depthwise_conv2d_native, **facts), input_sizes, filter, out_backprop)


@rows.row("DepthwiseConv2dNativeBackpropFilter", shape=_sizes_of(1), numpy=False, static=("filter_sizes",))
def depthwise_backprop_filter(input, filter_sizes, out_backprop, *, strides, padding, data_format, dilations):
    facts = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    return _to_weights(functools.partial(depthwise_conv2d_native, **facts), input, filter_sizes, out_backprop)
