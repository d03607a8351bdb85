"""Weight decay apart from the gradient, as `tf.contrib.opt` has it, for any optimizer here."""

from typing import Any

import jax
import optax

from jax_slim.optimizers._rules import Rate, rate_at
from jax_slim.optimizers._selection import selected


def with_weight_decay(
    function: str, optimizer: optax.GradientTransformationExtraArgs, weight_decay: Rate, variables: Any
) -> optax.GradientTransformationExtraArgs:
    """`optimizer`, which then also subtracts `weight_decay` times each of `variables`. The state stays its own."""

    def update(updates: Any, state: Any, params: Any = None, *, global_step: Any = None, **extra: Any) -> Any:
        if params is None:
            raise ValueError(f"{function}: update must be given the variables: update(gradients, state, variables).")
        number = state.count if global_step is None else global_step
        decay = rate_at(weight_decay, number)
        changes, state = optimizer.update(updates, state, params, global_step=global_step, **extra)

        def shrunk(decays: bool, change: jax.Array, variable: jax.Array) -> jax.Array:
            return (change - decay * variable).astype(change.dtype) if decays else change

        return jax.tree.map(shrunk, selected(function, "decay_var_list", variables, updates), changes, params), state

    return optax.GradientTransformationExtraArgs(optimizer.init, update)
