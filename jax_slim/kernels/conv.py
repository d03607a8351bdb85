"""Convolutions over one, two or three spatial dimensions: in full, by channel, and transposed.

"Convolution" is, as everywhere in neural networks, correlation: the kernel is not flipped. Weights have TF's layout,
whatever that of the inputs. Sizes, strides and rates are in pixels; padding is "SAME", "VALID" or (before, after) for
each spatial dimension.
"""

from collections.abc import Sequence

import jax
from jax import lax

from jax_slim.kernels import choices, conv_maps
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, Padding, Windows, layout_of, per_axis, windows_on
from jax_slim.kernels.precision import precision_for_products


def convolution(
    inputs: jax.Array,
    weights: jax.Array,
    strides: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    rate: int | Sequence[int] = 1,
    layout: str = "NHWC",
) -> jax.Array:
    """Convolves `inputs` with `weights`: every output channel sees every input channel, or those of its group.

    Args:
      inputs: [N, H, W, C], or as `layout` says.
      weights: [kh, kw, in, out]. `in` is C, or C divided by a number of groups: then the first out / groups outputs see
        the first `in` channels, and so on.
      strides: step between windows.
      padding: "SAME", "VALID" or [(top, bottom), (left, right)].
      rate: distance between the taps of a window.
      layout: "NWC", "NCW", "NHWC", "NCHW", "NDHWC" or "NCDHW".

    Returns:
      [N, H', W', out], or as `layout` says, in the dtype of both arguments.
    """
    function = "convolution"
    axes = layout_of(function, inputs, layout)
    _check_weights(function, inputs, weights)
    channels, per_group, outputs = inputs.shape[axes.channel], *weights.shape[-2:]
    groups, rest = divmod(channels, per_group) if per_group else (0, 0)
    if groups < 1 or rest or outputs % groups:
        raise ValueError(
            f"{function}: weights must have the inputs' {channels} channels as their last dimension but one, or "
            f"a number that divides them into groups of equally many outputs, got weights {weights.shape}."
        )
    return _convolve(function, inputs, weights, strides, padding, rate, axes, groups)


def depthwise_convolution(
    inputs: jax.Array,
    weights: jax.Array,
    strides: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    rate: int | Sequence[int] = 1,
    layout: str = "NHWC",
) -> jax.Array:
    """Convolves each channel of `inputs` on its own.

    Args:
      weights: [kh, kw, C, multiplier]: so many filters for each channel.
      inputs, strides, padding, rate, layout: as `convolution`.

    Returns:
      [N, H', W', C * multiplier]: channel c through filter m is output c * multiplier + m.
    """
    function = "depthwise_convolution"
    axes = layout_of(function, inputs, layout)
    _check_weights(function, inputs, weights)
    channels = inputs.shape[axes.channel]
    if weights.shape[-2] != channels:
        raise ValueError(
            f"{function}: weights must have the inputs' {channels} channels as their last dimension but one, "
            f"got weights {weights.shape}."
        )
    grouped = weights.reshape(*weights.shape[:-2], 1, channels * weights.shape[-1])
    return _convolve(function, inputs, grouped, strides, padding, rate, axes, channels)


def transposed_convolution(
    inputs: jax.Array,
    weights: jax.Array,
    strides: int | Sequence[int] = 1,
    padding: str = "SAME",
    layout: str = "NHWC",
) -> jax.Array:
    """Spreads each pixel of `inputs` over a window: the gradient of `convolution` towards its inputs.

    Args:
      inputs: [N, H, W, C], or as `layout` says.
      weights: [kh, kw, out, C]: TF's order, that of the convolution whose gradient this is.
      strides: step between windows, in output pixels.
      padding: "SAME" yields H * stride rows, "VALID" H * stride + max(kh - stride, 0).
      layout: as for `convolution`.

    Returns:
      [N, H', W', out], or as `layout` says, in the dtype of both arguments.
    """
    function = "transposed_convolution"
    axes = layout_of(function, inputs, layout)
    _check_weights(function, inputs, weights)
    strides = per_axis(function, "strides", strides, len(axes.spatial))
    if not isinstance(padding, str) or padding.upper() not in ("SAME", "VALID"):
        raise ValueError(f"{function}: padding must be 'SAME' or 'VALID', got {padding!r}.")
    channels = inputs.shape[axes.channel]
    if weights.shape[-1] != channels:
        raise ValueError(
            f"{function}: weights must have the inputs' {channels} channels as their last dimension, "
            f"got weights {weights.shape}."
        )
    if choices.plain():
        space = "".join(axes.name[axis] for axis in axes.spatial)
        return lax.conv_transpose(
            inputs,
            weights,
            strides,
            padding.upper(),
            dimension_numbers=(axes.name, space + "IO", axes.name),
            transpose_kernel=True,
            precision=precision_for_products(),
        )
    # Of a convolution with these windows, the outputs would be as long as these inputs.
    sizes = weights.shape[:-2]
    spare = [
        max(size - stride, 0) if padding.upper() == "VALID" else 0 for size, stride in zip(sizes, strides, strict=True)
    ]
    lengths = tuple(
        inputs.shape[axis] * stride + more for axis, stride, more in zip(axes.spatial, strides, spare, strict=True)
    )
    windows = windows_on(function, lengths, sizes, strides, padding, 1)
    geometry = _geometry(axes, lengths, windows, 1)
    return conv_maps.inputs_of(weights, inputs, geometry=geometry)


def _convolve(
    function: str,
    inputs: jax.Array,
    weights: jax.Array,
    strides: int | Sequence[int],
    padding: Padding,
    rate: int | Sequence[int],
    axes: Layout,
    groups: int,
) -> jax.Array:
    lengths = tuple(inputs.shape[axis] for axis in axes.spatial)
    windows = windows_on(function, lengths, weights.shape[:-2], strides, padding, rate)
    geometry = _geometry(axes, lengths, windows, groups)
    if choices.plain():
        return conv_maps.plain_outputs(inputs, weights, geometry)
    return conv_maps.outputs_of(inputs, weights, geometry=geometry)


def _geometry(axes: Layout, lengths: tuple[int, ...], windows: Windows, groups: int) -> Geometry:
    inexact, tuned = choices.inexact_allowed(), choices.tuned()
    return Geometry(axes, lengths, windows, groups, precision_for_products(), inexact, tuned)


def _check_weights(function: str, inputs: jax.Array, weights: jax.Array) -> None:
    if weights.ndim != inputs.ndim:
        raise ValueError(f"{function}: weights must have rank {inputs.ndim}, as the inputs, got shape {weights.shape}.")
    if weights.dtype != inputs.dtype:
        raise TypeError(f"{function}: inputs and weights must have one dtype, got {inputs.dtype} and {weights.dtype}.")
