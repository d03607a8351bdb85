"""The steps that layers with weights share: making a variable, and what follows the kernel."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import jax

from jax_slim import kernels
from jax_slim.core.collections import GraphKeys, collections_for
from jax_slim.core.precision import to_compute, variable_dtype
from jax_slim.core.scopes import VariableScope
from jax_slim.core.variables import model_variable
from jax_slim.layers._activating import activated

Function = Callable[..., jax.Array]
Scope = str | VariableScope | None


class Maker(Protocol):
    """Makes (or finds) a variable of one layer; returns it in the dtype that the layer computes in."""

    def __call__(
        self, name: str, shape: Sequence[int], initializer: Any, regularizer: Any, listed_as: str | None = None
    ) -> jax.Array: ...


def maker(inputs: jax.Array, trainable: bool, variables_collections: Any) -> Maker:
    """What makes the variables of a layer whose inputs these are, in the current variable scope."""
    dtype = variable_dtype(inputs.dtype)

    def make(
        name: str, shape: Sequence[int], initializer: Any, regularizer: Any, listed_as: str | None = None
    ) -> jax.Array:
        # By keyword, so that an arg_scope on model_variable sets what is left and disturbs nothing.
        value = model_variable(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=collections_for(variables_collections, listed_as or name),
        )
        return to_compute(value)

    return make


def of_model(getter: Callable[..., jax.Array], name: str, **arguments: Any) -> jax.Array:
    """A getter for the scope of a layer with weights: what its normalizer makes are model variables too.

    So the two that `batch_norm` makes for `zero_debias_moving_mean` are, inside such a layer, as in TF-Slim.
    """
    listed = arguments["collections"]
    if GraphKeys.MODEL_VARIABLES not in listed:
        arguments["collections"] = (*listed, GraphKeys.MODEL_VARIABLES)
    return getter(name, **arguments)


def run(
    compute: Callable[[jax.Array], jax.Array],
    inputs: jax.Array,
    num_outputs: int,
    make: Maker,
    channel_axis: int,
    normalizer_fn: Function | None,
    normalizer_params: Mapping[str, Any] | None,
    biases_initializer: Any,
    biases_regularizer: Any,
    activation_fn: Function | None,
) -> jax.Array:
    """Computes a layer's outputs, `num_outputs` channels; normalizes them, or else adds biases; then activates them."""
    if normalizer_fn is not None:
        outputs = normalizer_fn(compute(inputs), **(normalizer_params or {}))
    elif biases_initializer is not None:
        biases = make("biases", (num_outputs,), biases_initializer, biases_regularizer)
        outputs = biased(compute, inputs, biases, channel_axis)
    else:
        outputs = compute(inputs)
    return activated(activation_fn, outputs)


def biased(
    compute: Callable[[jax.Array], jax.Array], inputs: jax.Array, biases: jax.Array, channel_axis: int
) -> jax.Array:
    """What `compute` makes of the inputs, and `biases` [C] added along one of its axes."""
    inputs, biases = kernels.parameters_first(inputs, biases)
    outputs = compute(inputs)
    axis = channel_axis % outputs.ndim
    return outputs + biases.reshape([-1 if a == axis else 1 for a in range(outputs.ndim)])
