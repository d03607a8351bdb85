"""The product with a matrix of weights as three linear maps, each the transpose of the others."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim.kernels import choices, products
from jax_slim.kernels.precision import precision_for_products
from jax_slim.kernels.product_maps import maps_of_a_product


def dense(inputs: jax.Array, weights: jax.Array) -> jax.Array:
    """Multiplies the last axis of `inputs` [..., in] with `weights` [in, out]: [..., out], in the dtype of both."""
    if weights.ndim != 2 or inputs.ndim < 1 or inputs.shape[-1] != weights.shape[0]:
        raise ValueError(
            "dense: weights must have shape [in, out] with the last dimension of inputs as in, "
            f"got weights {weights.shape} for inputs {inputs.shape}."
        )
    if inputs.dtype != weights.dtype:
        raise TypeError(f"dense: inputs and weights must have one dtype, got {inputs.dtype} and {weights.dtype}.")
    if choices.plain():
        return _plain_outputs(inputs, weights, precision_for_products())
    return _outputs_of(inputs, weights, precision=precision_for_products())


def _plain_outputs(inputs: jax.Array, weights: jax.Array, precision: Any) -> jax.Array:
    return lax.dot_general(inputs, weights, (((inputs.ndim - 1,), (0,)), ((), ())), precision=precision)


def _plain_inputs(weights: jax.Array, outputs: jax.Array, precision: Any) -> jax.Array:
    return lax.dot_general(outputs, weights, (((outputs.ndim - 1,), (1,)), ((), ())), precision=precision)


def _plain_weights(inputs: jax.Array, outputs: jax.Array, precision: Any) -> jax.Array:
    before = tuple(range(inputs.ndim - 1))
    return lax.dot_general(inputs, outputs, ((before, before), ((), ())), precision=precision)


def _inputs_on_cpu(weights: jax.Array, outputs: jax.Array, precision: Any) -> jax.Array:
    found = products.rows_by_transposed_weights(_rows(outputs), weights, precision)
    return found.reshape(*outputs.shape[:-1], weights.shape[0])


def _weights_on_cpu(inputs: jax.Array, outputs: jax.Array, precision: Any) -> jax.Array:
    return products.over_rows(_rows(inputs), _rows(outputs), precision).astype(inputs.dtype)


def _rows(array: jax.Array) -> jax.Array:
    return array.reshape(-1, array.shape[-1])


def _fold_outputs(arrays: Any, axes: Any, precision: Any) -> Any:
    """Mapped inputs, or outputs, with weights that all share have one more axis in front."""
    if axes[1] is not None:
        return None
    return _outputs_of(jnp.moveaxis(arrays[0], axes[0], 0), arrays[1], precision=precision), 0


def _fold_inputs(arrays: Any, axes: Any, precision: Any) -> Any:
    if axes[0] is not None:
        return None
    return _inputs_of(arrays[0], jnp.moveaxis(arrays[1], axes[1], 0), precision=precision), 0


_outputs_of, _inputs_of, _ = maps_of_a_product(
    "slim_dense",
    (_plain_outputs, _plain_inputs, _plain_weights),
    (_plain_outputs, _inputs_on_cpu, _weights_on_cpu),
    (_fold_outputs, _fold_inputs, None),
)
