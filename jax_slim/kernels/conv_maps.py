"""The convolution as three linear maps, each the transpose of the others.

A convolution relates three arrays, inputs x, weights w and outputs y, by one sum over all products x * w * y. Leaving y
out makes outputs of x and w; leaving x out, the gradient of the inputs; leaving w out, that of the weights. Every
derivative of any of the three, of any order, is one of the three again.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim.kernels import choices, conv_products, depthwise, winograd
from jax_slim.kernels.choices import Form
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import from_last, to_last
from jax_slim.kernels.linear_maps import varying_as
from jax_slim.kernels.native import by_channel, tiles
from jax_slim.kernels.ordering import in_order
from jax_slim.kernels.product_maps import maps_of_a_product

# Forms that begin with padded or transformed inputs. A compiler makes these on the way forward, where the convolution
# makes the same, and keeps them, which are more bytes than the inputs; so they wait for the gradient.
_REARRANGED = (Form.TAPS, Form.NATIVE, Form.GROUPS, Form.ROWS, Form.WINOGRAD)


def plain_outputs(inputs: jax.Array, weights: jax.Array, geometry: Geometry) -> jax.Array:
    """The convolution as `lax` has it."""
    axes, windows = geometry.layout, geometry.windows
    space = "".join(axes.name[axis] for axis in axes.spatial)
    return lax.conv_general_dilated(
        inputs,
        weights,
        windows.strides,
        windows.padding,
        rhs_dilation=windows.rates,
        dimension_numbers=(axes.name, space + "IO", axes.name),
        feature_group_count=geometry.groups,
        precision=geometry.precision,
    )


def _plain_inputs(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    inputs = _like(outputs, geometry.inputs_shape(outputs, weights))
    (found,) = jax.linear_transpose(lambda x: plain_outputs(x, weights, geometry), inputs)(outputs)
    return found


def _plain_weights(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    weights = _like(outputs, geometry.weights_shape(inputs, outputs))
    (found,) = jax.linear_transpose(lambda w: plain_outputs(inputs, w, geometry), weights)(outputs)
    return found


def _outputs_on_cpu(inputs: jax.Array, weights: jax.Array, geometry: Geometry) -> jax.Array:
    form = choices.for_outputs(inputs.shape, weights.shape, inputs.dtype, geometry)
    if form is Form.LAX:
        return plain_outputs(inputs, weights, geometry)
    last = geometry.channels_last()
    functions = {
        Form.PIXELS: conv_products.outputs_by_pixels,
        Form.TAPS: depthwise.outputs_by_taps,
        Form.NATIVE: by_channel.outputs_by_channel,
        Form.TILES: tiles.outputs_by_tiles,
        Form.WHOLE: conv_products.outputs_of_whole,
        Form.WINOGRAD: winograd.outputs,
    }
    return from_last(functions[form](to_last(inputs, geometry.layout), weights, last), geometry.layout)


def _inputs_on_cpu(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    form = choices.for_inputs(outputs.shape, weights.shape, outputs.dtype, geometry)
    if form is Form.LAX:
        return _plain_inputs(weights, outputs, geometry)
    last = geometry.channels_last()
    functions = {
        Form.PIXELS: conv_products.inputs_by_pixels,
        Form.TURNED: conv_products.inputs_by_turned_kernel,
        Form.TAPS: depthwise.inputs_by_phases,
        Form.NATIVE: by_channel.inputs_by_channel,
        Form.TILES: tiles.inputs_by_tiles,
        Form.WHOLE: conv_products.inputs_of_whole,
        Form.WINOGRAD: winograd.inputs,
    }
    return from_last(functions[form](weights, to_last(outputs, geometry.layout), last), geometry.layout)


def _weights_on_cpu(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    form = choices.for_weights(inputs.shape, outputs.shape, inputs.dtype, geometry)
    if form is Form.LAX:
        return _plain_weights(inputs, outputs, geometry)
    if geometry.tuned and form in _REARRANGED:
        inputs = in_order(inputs, outputs)
    last = geometry.channels_last()
    functions = {
        Form.PIXELS: conv_products.weights_by_pixels,
        Form.TAPS: depthwise.weights_by_taps if geometry.groups > 1 else conv_products.weights_by_taps,
        Form.GROUPS: conv_products.weights_by_groups,
        Form.ROWS: conv_products.weights_by_rows,
        Form.EXCHANGED: conv_products.weights_by_exchange,
        Form.NATIVE: by_channel.weights_by_channel,
        Form.WHOLE: conv_products.weights_of_whole,
        Form.WINOGRAD: winograd.weights,
    }
    return functions[form](to_last(inputs, geometry.layout), to_last(outputs, geometry.layout), last)


def _like(array: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """What stands for the argument that a transpose is taken by."""
    return varying_as(jnp.zeros(shape, array.dtype), array)


def _fold_outputs(arrays: Any, axes: Any, geometry: Geometry) -> Any:
    """Mapped inputs, or outputs, with weights that all share are one larger batch."""
    return (
        None
        if axes[1] is not None
        else _as_one_batch(arrays[0], axes[0], lambda x: outputs_of(x, arrays[1], geometry=geometry))
    )


def _fold_inputs(arrays: Any, axes: Any, geometry: Geometry) -> Any:
    return (
        None
        if axes[0] is not None
        else _as_one_batch(arrays[1], axes[1], lambda y: inputs_of(arrays[0], y, geometry=geometry))
    )


def _as_one_batch(array: jax.Array, axis: int, function: Any) -> tuple[jax.Array, int]:
    front = jnp.moveaxis(array, axis, 0)
    result = function(front.reshape(-1, *front.shape[2:]))
    return result.reshape(*front.shape[:2], *result.shape[1:]), 0


outputs_of, inputs_of, weights_of = maps_of_a_product(
    "slim_convolution",
    (plain_outputs, _plain_inputs, _plain_weights),
    (_outputs_on_cpu, _inputs_on_cpu, _weights_on_cpu),
    (_fold_outputs, _fold_inputs, None),
    lambda parameters: parameters | {"geometry": dataclasses.replace(parameters["geometry"], read_again=True)},
)
