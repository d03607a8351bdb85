"""Convolutions by channel and both their gradients by native kernels, for programs that train on a CPU.

Calls of XLA's foreign functions, and no primitives: the convolution's linear maps have the derivatives.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.native.fused import Activation, windows_of


def outputs_by_channel(inputs: jax.Array, weights: jax.Array, geometry: Geometry) -> jax.Array:
    """[N, H, W, C] and [kh, kw, 1, C] -> [N, H', W', C], all float32."""
    return _convolved(inputs, weights, geometry.outputs_shape(inputs, weights), windows_of(geometry))


def inputs_by_channel(weights: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient of the inputs: [kh, kw, 1, C] and that of the outputs, [N, H', W', C] -> [N, H, W, C]."""
    shape, numbers = geometry.inputs_shape(outputs, weights), windows_of(geometry)
    windows = geometry.windows
    before = [
        (size - 1) * rate - low
        for size, rate, (low, _) in zip(windows.sizes, windows.rates, windows.padding, strict=True)
    ]
    if max(windows.strides) == 1 and min(before) >= 0:  # a convolution again, by the kernel turned around
        numbers[-2:] = before
        return _convolved(outputs, lax.rev(weights, (0, 1)), shape, numbers)
    return jax.ffi.ffi_call("jax_slim_inputs_by_channel", _floats(shape))(weights, outputs, windows=numbers)


def weights_by_channel(inputs: jax.Array, outputs: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient of the weights: [N, H, W, C] and that of the outputs, [N, H', W', C] -> [kh, kw, 1, C].

    Rows are summed, then those of an image, then images in their order, in float64: always in the same way, whatever
    the number of threads.
    """
    made = _floats(geometry.weights_shape(inputs, outputs))
    return jax.ffi.ffi_call("jax_slim_weights_by_channel", made)(inputs, outputs, windows=windows_of(geometry))


def _convolved(inputs: jax.Array, weights: jax.Array, shape: Any, windows: np.ndarray) -> jax.Array:
    call = jax.ffi.ffi_call("jax_slim_convolve_by_channel", _floats(shape))
    bias = jnp.zeros(weights.shape[-1], jnp.float32)
    return call(inputs, weights, bias, windows=windows, activation=np.array(Activation(), np.float32))


def _floats(shape: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(tuple(shape), jnp.float32)
