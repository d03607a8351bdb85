"""Array code of the layers: convolutions, products, pooling, normalization. Array in, array out, no variables.

Each operation has one entry point, whose meaning is the plain `jax.lax` operation's. Behind it lie that definition and
forms that are faster on a CPU, for the operation and its gradients:

    choices         which form is taken, from shapes, dtype and layout; the scope `kernel_forms`
    linear_maps     operations whose gradients are operations of the same kind; the form follows the platform
    conv_maps       the convolution, its two gradients and their forms: conv_products, depthwise, winograd
    product_maps    both, and the order of a layer's two gradients
    ordering        what a program computes only after something else
    dense_maps      the product with a matrix of weights and its two gradients
    attention_maps  the products of attention
    products        matrix products as a CPU computes them fastest
    pool_maps       maxima, sums and the ways back: pooling_forms
    phases          pixels of one phase of a stride, side by side
    layouts         where the axes of "NHWC" and its like are, and how windows lie on them
    conv_geometry   a convolution without its arrays
    recomputing     functions whose gradient computes again what they do not keep; program_parts cuts programs for it
    activations     those that have forms of their own
    narrowing       arrays at half width while they wait for the gradient
    precision       how exact products are
    compiling       `jit` with options for XLA
    memory          freed memory, kept
    caching         the folder of what programs find again
    quantized       convolutions of bytes
    native/         convolutions with what follows them in machine code, for results alone
"""

from jax_slim.kernels.activations import gelu as gelu
from jax_slim.kernels.attention_maps import mixture as mixture
from jax_slim.kernels.attention_maps import scores as scores
from jax_slim.kernels.choices import kernel_forms as kernel_forms
from jax_slim.kernels.compiling import compiler_options as compiler_options
from jax_slim.kernels.compiling import jit as jit
from jax_slim.kernels.conv import convolution as convolution
from jax_slim.kernels.conv import depthwise_convolution as depthwise_convolution
from jax_slim.kernels.conv import transposed_convolution as transposed_convolution
from jax_slim.kernels.dense_maps import dense as dense
from jax_slim.kernels.memory import keep_freed_memory as keep_freed_memory
from jax_slim.kernels.native import NativeKernelsError as NativeKernelsError
from jax_slim.kernels.native import build_native_kernels as build_native_kernels
from jax_slim.kernels.normalization import clips_by_kernel as clips_by_kernel
from jax_slim.kernels.normalization import moments as moments
from jax_slim.kernels.normalization import normalize as normalize
from jax_slim.kernels.normalization import normalize_by_moments as normalize_by_moments
from jax_slim.kernels.ordering import parameters_first as parameters_first
from jax_slim.kernels.pooling import avg_pool as avg_pool
from jax_slim.kernels.pooling import max_pool as max_pool
