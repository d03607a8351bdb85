"""Sums over all axes but the last by native kernels: the moments of batch norm, and what its gradient needs.

Calls of XLA's foreign functions, as in `by_channel`. Blocks of rows are cut by the shape and added in their order, in
float64: the same bits for any number of threads.
"""

import jax
import jax.numpy as jnp
import numpy as np


def moments(inputs: jax.Array) -> jax.Array:
    """[..., C], float32 -> [2, C]: means, and variances by distances from the means."""
    return jax.ffi.ffi_call("jax_slim_moments", _two_rows(inputs))(inputs)


def gated_sums(
    gradient: jax.Array,
    inputs: jax.Array,
    mean: jax.Array,
    slope: jax.Array,
    shift: jax.Array,
    limits: tuple[float, float] | None,
) -> jax.Array:
    """[..., C], the same and three [C], float32 -> [2, C]: sums of `gradient`, and of it times (inputs - mean).

    With limits, only where (inputs - mean) * slope + shift is between them.
    """
    low, high = limits or (-np.inf, np.inf)
    call = jax.ffi.ffi_call("jax_slim_gated_sums", _two_rows(inputs))
    vectors = (mean, slope, shift)
    return call(
        gradient, inputs, *vectors, low=np.float32(low), high=np.float32(high), gates=np.bool_(limits is not None)
    )


def _two_rows(inputs: jax.Array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((2, inputs.shape[-1]), jnp.float32)
