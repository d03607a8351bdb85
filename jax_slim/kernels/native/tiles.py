"""Convolutions and the gradients of their inputs by native kernels, in Winograd's form, for training.

The convolution's linear maps have the derivatives. Sums of weights are made anew at each call.
"""

import dataclasses

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim.kernels import choices
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.native.fused import fused_convolution, panels


def outputs_by_tiles(inputs: jax.Array, weights: jax.Array, geometry: Geometry) -> jax.Array:
    """[N, H, W, C] and [kh, kw, C, O] -> [N, H', W', O], all float32."""
    channels, filters = weights.shape[2:]
    tile = choices.native_winograd_tile(channels, filters, weights.dtype, geometry)
    bias = jnp.zeros(filters, weights.dtype)
    return fused_convolution(inputs, panels(weights, tile), bias, geometry=geometry, tile=tile)


def inputs_by_tiles(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient of the inputs, by the kernel turned around: that of the outputs, [N, H', W', O] -> [N, H, W, C]."""
    windows = geometry.windows
    around = tuple(
        (size - 1 - low, size - 1 - high) for size, (low, high) in zip(windows.sizes, windows.padding, strict=True)
    )
    turned = dataclasses.replace(
        geometry, lengths=geometry.counts, windows=dataclasses.replace(windows, padding=around)
    )
    return outputs_by_tiles(outputs, lax.rev(weights, (0, 1)).swapaxes(2, 3), turned)
