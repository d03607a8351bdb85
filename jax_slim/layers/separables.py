"""Convolutions of each channel on its own: separable ones, and one filter for all channels."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim import initializers, kernels
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.kernels.layouts import extent, windows_on
from jax_slim.layers import _args
from jax_slim.layers._steps import Function, Scope, maker, of_model, run


@add_arg_scope
@operation
def separable_convolution2d(
    inputs: jax.Array,
    num_outputs: int | None,
    kernel_size: int | Sequence[int],
    depth_multiplier: int = 1,
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: int | Sequence[int] = 1,
    activation_fn: Function | None = jax.nn.relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = initializers.xavier_initializer(),
    pointwise_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
) -> jax.Array:
    """Convolves each channel of images on its own, then mixes the channels of each pixel.

    Creates `<scope>/depthwise_weights` [kh, kw, C, depth_multiplier], `<scope>/pointwise_weights`
    [1, 1, C * depth_multiplier, num_outputs] and, when there is no `normalizer_fn`, `<scope>/biases`. With
    `num_outputs=None` the channels are not mixed: no pointwise weights. Also `slim.separable_conv2d`.

        net = slim.separable_conv2d(net, 128, [3, 3], stride=2)      # [N, 56, 56, 64] -> [N, 28, 28, 128]
        net = slim.separable_conv2d(net, None, 5, 2)                 # depthwise only: [N, 28, 28, 256]

    Args:
      inputs: [N, H, W, C] floats, or [N, C, H, W] when `data_format` is "NCHW".
      num_outputs: the channels of the result; None stops after the depthwise convolution.
      kernel_size: height and width of the depthwise filters in pixels; one int means a square.
      depth_multiplier: how many depthwise filters for each channel; channel c through filter m becomes channel
        c * depth_multiplier + m.
      stride: step between outputs in pixels of the inputs; an int or a pair.
      padding: "SAME" or "VALID".
      data_format: "NHWC" or "NCHW".
      rate: distance between the taps of a filter in pixels; an int or a pair. Together with a stride above 1 it means
        what it means in TF: the image is cut into rate x rate images of every rate-th pixel, each is convolved with the
        stride, and the results are interleaved. So for stride 2 and rate 2 windows start at rows 0, 1, 4, 5, 8, ...
      activation_fn: applied last; None leaves the layer linear.
      normalizer_fn: takes the place of the biases; called with `**normalizer_params`.
      weights_initializer, pointwise_initializer: (key, shape, dtype) -> array, of the depthwise and the pointwise
        weights; None for the latter means the former.
      weights_regularizer: array -> scalar loss, or None; for both weights.
      biases_initializer: None leaves the biases out.
      biases_regularizer: array -> scalar loss, or None.
      reuse: True shares the variables that an earlier call made under the same `scope`.
      variables_collections: collections that list the variables: names, or a dict {"weights": names, "biases": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variables out of the gradient.
      scope: name of the layer; by default "SeparableConv2d", made unique.

    Returns:
      [N, H', W', num_outputs or C * depth_multiplier], or with the channels behind N, in the dtype of `inputs`.

    Raises:
      ValueError: `inputs` is not of rank 4, or a window does not fit.
      TypeError: `inputs` are not floats.
    """
    function = "separable_conv2d"
    layout = _args.choice(function, "data_format", data_format, ("NHWC", "NCHW"))
    inputs = _args.floats(function, inputs)
    _args.rank(function, inputs, layout)
    if num_outputs is not None:
        num_outputs = _args.count(function, "num_outputs", num_outputs)
    multiplier = _args.count(function, "depth_multiplier", depth_multiplier)
    kernel, strides, rates, padding = _windows(function, inputs, layout, kernel_size, stride, padding, rate)
    channel_axis = layout.index("C")
    channels = inputs.shape[channel_axis]

    with variable_scope(scope, "SeparableConv2d", [inputs], custom_getter=of_model, reuse=reuse) as sc:
        make = maker(inputs, trainable, variables_collections)
        shape = (*kernel, channels, multiplier)
        depthwise = make("depthwise_weights", shape, weights_initializer, weights_regularizer, listed_as="weights")
        pointwise = None
        if num_outputs is not None:
            initializer = weights_initializer if pointwise_initializer is None else pointwise_initializer
            shape = (1, 1, channels * multiplier, num_outputs)
            pointwise = make("pointwise_weights", shape, initializer, weights_regularizer, listed_as="weights")

        def both(inputs: jax.Array) -> jax.Array:
            outputs = _by_channel(inputs, depthwise, strides, padding, rates, layout)
            return outputs if pointwise is None else kernels.convolution(outputs, pointwise, layout=layout)

        outputs = run(
            both, to_compute(inputs), num_outputs or channels * multiplier, make, channel_axis, normalizer_fn,
            normalizer_params, biases_initializer, biases_regularizer, activation_fn,
        )  # fmt: skip
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
@operation
def convolution2d_in_plane(
    inputs: jax.Array,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    activation_fn: Function | None = jax.nn.relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = initializers.xavier_initializer(),
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
) -> jax.Array:
    """Convolves every channel of images with one and the same learned filter: blurs, derivatives, edges.

    Creates `<scope>/weights` [kh, kw, 1, 1] and, when there is no `normalizer_fn`, `<scope>/biases` [C]. Also
    `slim.conv2d_in_plane`.

        gradient = slim.conv2d_in_plane(images, [1, 2], activation_fn=None)    # [N, 64, 64, 3] -> [N, 64, 64, 3]

    Args:
      inputs: [N, H, W, C] floats.
      kernel_size: height and width of the filter in pixels; one int means a square.
      stride: step between outputs in pixels of the inputs; an int or a pair.
      padding: "SAME" or "VALID".
      others: as `conv2d`. The default scope is "ConvInPlane".

    Returns:
      [N, H', W', C], in the dtype of `inputs`.

    Raises:
      ValueError: `inputs` is not of rank 4, or a window does not fit.
      TypeError: `inputs` are not floats.
    """
    function = "conv2d_in_plane"
    inputs = _args.floats(function, inputs)
    _args.rank(function, inputs, "NHWC")
    kernel, strides, rates, padding = _windows(function, inputs, "NHWC", kernel_size, stride, padding, 1)

    with variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        make = maker(inputs, trainable, variables_collections)
        weights = make("weights", (*kernel, 1, 1), weights_initializer, weights_regularizer)
        weights = jnp.broadcast_to(weights, (*kernel, inputs.shape[-1], 1))
        outputs = run(
            lambda inputs: kernels.depthwise_convolution(inputs, weights, strides, padding, rates),
            to_compute(inputs), inputs.shape[-1], make, -1, normalizer_fn, normalizer_params, biases_initializer,
            biases_regularizer, activation_fn,
        )  # fmt: skip
        return collect_named_outputs(outputs_collections, sc.name, outputs)


separable_conv2d = separable_convolution2d
conv2d_in_plane = convolution2d_in_plane


def _windows(
    function: str, inputs: jax.Array, layout: str, kernel_size: Any, stride: Any, padding: Any, rate: Any
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], str]:
    """Kernel, strides, rates and padding, checked against each other and the inputs."""
    kernel = _args.sizes(function, "kernel_size", kernel_size, 2)
    strides = _args.sizes(function, "stride", stride, 2)
    rates = _args.sizes(function, "rate", rate, 2)
    padding = _args.same_or_valid(function, padding)
    lengths = [inputs.shape[layout.index(axis)] for axis in "HW"]
    windows_on(function, lengths, kernel, strides, padding, rates)
    return kernel, strides, rates, padding


def _by_channel(
    inputs: jax.Array,
    weights: jax.Array,
    strides: tuple[int, ...],
    padding: str,
    rates: tuple[int, ...],
    layout: str,
) -> jax.Array:
    """A depthwise convolution, with TF's meaning of a stride together with a rate."""
    if max(strides) == 1 or max(rates) == 1:
        return kernels.depthwise_convolution(inputs, weights, strides, padding, rates, layout)
    # Every window is computed, then the ones that TF keeps are picked: rare enough not to deserve more.
    pads, picks = [], {}
    for axis, size, stride, rate in zip("HW", weights.shape, strides, rates, strict=False):
        length = inputs.shape[layout.index(axis)]
        around = extent(size, rate) - 1 if padding == "SAME" else 0
        rest = -(length + around) % rate  # the phases must be equally long
        pads.append((around // 2, around - around // 2 + rest))
        rows = ((length + around + rest) // rate - size) // stride + 1
        starts = np.arange(rows)[:, None] * (stride * rate) + np.arange(rate)
        picks[layout.index(axis)] = starts.ravel()[: rows * rate - rest]
    outputs = kernels.depthwise_convolution(inputs, weights, 1, pads, rates, layout)
    for axis, starts in picks.items():
        outputs = jnp.take(outputs, starts, axis)
    return outputs
