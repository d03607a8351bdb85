"""Rows without a gradient left alone: what TensorFlow's sparse updates do to embeddings."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jax_slim.optimizers._remaking import remade
from jax_slim.optimizers._rules import OptimizerState
from jax_slim.optimizers._selection import selected


@remade
def only_touched_rows(
    optimizer: optax.GradientTransformation, sparse: Any = None, decay_slots: bool = False
) -> optax.GradientTransformationExtraArgs:
    """Wraps an optimizer: rows whose gradient is 0 keep their values, and their slots.

        optimizer = slim.optimizers.only_touched_rows(slim.optimizers.momentum(0.1, 0.9), sparse=["words/embeddings"])

    TensorFlow does this by itself to a variable that is read with `tf.gather` or `tf.nn.embedding_lookup`: its gradient
    comes as the rows that were read (IndexedSlices), and the optimizer visits these. JAX's gradients are whole arrays,
    with zeros in the other rows. Left as they are,

    - `gradient_descent`, `adagrad`, `adam`, `add_sign` and `power_sign` do as TensorFlow does without this wrapper:
      TensorFlow's sparse Adam moves every row, too;
    - `momentum`, `momentum_w`, `rmsprop`, `adadelta`, `adagrad_da`, `ftrl`, `adamax`, `proximal_gradient_descent` and
      `proximal_adagrad` move, decay or shrink the other rows, and need it;
    - `lazy_adam` is `adam` in this wrapper;
    - `nadam` needs it with `decay_slots=True`: in TensorFlow its m and s fade in all rows, and the rows that were read
      move;
    - `adam_w` is the exception: TensorFlow decays the rows that were read and moves all, which neither form does.

    One difference stays: a row that was read but whose gradient is exactly 0 counts as not read.

    Args:
      optimizer: one of this room.
      sparse: the variables that this applies to: names or regular expressions for the beginning of names. None means
        all with two axes or more, which is more than TensorFlow would choose: weights whose inputs are 0 throughout a
        batch have rows of zeros, too. Their first axis counts the rows.
      decay_slots: True lets the slots of all rows change as without this wrapper; only the rows themselves stay.

    Raises:
      TypeError: `optimizer` is none of this room.
    """

    def init(params: Any) -> OptimizerState:
        state = optimizer.init(params)
        if not isinstance(state, OptimizerState):
            raise TypeError(
                "only_touched_rows: optimizer must be one of slim.optimizers, got one whose state is "
                f"{type(state).__name__}. Put it inside optax.chain(...), not around it."
            )
        return state

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, OptimizerState]:
        new: Any
        changes, new = optax.with_extra_args_support(optimizer).update(updates, state, params, **extra)
        chosen = selected("only_touched_rows", "sparse", sparse, updates, lambda leaf: np.ndim(leaf) >= 2)

        def touched(is_sparse: bool, gradient: jax.Array) -> jax.Array:
            if not is_sparse:
                return jnp.ones((), bool)
            return jnp.any(gradient != 0, axis=tuple(range(1, gradient.ndim)), keepdims=True)

        rows = jax.tree.map(touched, chosen, updates)
        if not decay_slots:
            kept = {name: jax.tree.map(jnp.where, rows, new.slots[name], state.slots[name]) for name in new.slots}
            new = new._replace(slots=kept)
        changes = jax.tree.map(lambda row, change: jnp.where(row, change, 0).astype(change.dtype), rows, changes)
        return changes, new

    return optax.GradientTransformationExtraArgs(init, update)
