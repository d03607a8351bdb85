"""Convolutions in machine code of our own, for programs of a CPU; photographs resized.

XLA computes a convolution, its bias, a shortcut's sum and the activation in passes over memory, and arranges weights
anew at each call. Here they are one pass, with weights arranged beforehand:

    sources/        the kernels in C++: for AVX-512, AVX2 and everything else
    building        compiles them, once for each version, and finds what was compiled
    fused, narrow   the operations as primitives of JAX; what they call is XLA's foreign function interface
    by_channel      depthwise convolutions and their gradients, for training: forms of `conv_maps`
    tiles           3 x 3 convolutions and the gradients of their inputs, for training: forms of `conv_maps`
    row_sums        the moments of batch norm, and the sums of its gradient: forms of `moment_maps`
    photographs     of NumPy's arrays, for preprocessing on the host

Nothing is compiled unasked: `build_native_kernels`, or `jax-slim native`, does it.
"""

from jax_slim.kernels.native.building import NativeKernelsError as NativeKernelsError
from jax_slim.kernels.native.building import build_native_kernels as build_native_kernels
from jax_slim.kernels.native.building import library as library
from jax_slim.kernels.native.fused import Activation as Activation
from jax_slim.kernels.native.fused import are_panels as are_panels
from jax_slim.kernels.native.fused import fused_convolution as fused_convolution
from jax_slim.kernels.native.fused import out_of_panels as out_of_panels
from jax_slim.kernels.native.fused import panels as panels
from jax_slim.kernels.native.fused import sum_of_pixels as sum_of_pixels
from jax_slim.kernels.native.narrow import convolution_of_bfloat16 as convolution_of_bfloat16
from jax_slim.kernels.native.narrow import convolution_of_bytes as convolution_of_bytes
from jax_slim.kernels.native.narrow import has_bfloat16 as has_bfloat16
from jax_slim.kernels.native.photographs import resample as resample
