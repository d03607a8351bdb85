"""Products with a matrix of weights."""

import jax
from jax import lax

from jax_slim.kernels.precision import precision_for_products


def dense(inputs: jax.Array, weights: jax.Array) -> jax.Array:
    """Multiplies the last axis of `inputs` [..., in] with `weights` [in, out]: [..., out], in the dtype of both."""
    if weights.ndim != 2 or inputs.ndim < 1 or inputs.shape[-1] != weights.shape[0]:
        raise ValueError(
            "dense: weights must have shape [in, out] with the last dimension of inputs as in, "
            f"got weights {weights.shape} for inputs {inputs.shape}."
        )
    if inputs.dtype != weights.dtype:
        raise TypeError(f"dense: inputs and weights must have one dtype, got {inputs.dtype} and {weights.dtype}.")
    return lax.dot_general(inputs, weights, (((inputs.ndim - 1,), (0,)), ((), ())), precision=precision_for_products())
