"""Array code of the layers: convolutions, products, pooling, normalization. Array in, array out, no variables.

Each operation has one entry point, whose meaning is the plain `jax.lax` operation's; faster forms of it belong behind
that entry point. `layouts` knows where the axes of "NHWC" and its like are, and how windows lie on them; `precision`
says how exact products are.
"""

from jax_slim.kernels.choices import kernel_forms as kernel_forms
from jax_slim.kernels.conv import convolution as convolution
from jax_slim.kernels.conv import depthwise_convolution as depthwise_convolution
from jax_slim.kernels.conv import transposed_convolution as transposed_convolution
from jax_slim.kernels.normalization import moments as moments
from jax_slim.kernels.normalization import normalize as normalize
from jax_slim.kernels.normalization import normalize_by_moments as normalize_by_moments
from jax_slim.kernels.pooling import avg_pool as avg_pool
from jax_slim.kernels.pooling import max_pool as max_pool
from jax_slim.kernels.products import dense as dense
