"""The weighted mean that TF-Slim's losses end in."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope
from jax_slim.losses._weighting import floats, leading, safe_divide
from jax_slim.losses.accounts import record


@operation
def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None) -> jax.Array:
    """Averages the losses of single elements with weights, and lists the result among the losses.

        slim.losses.compute_weighted_loss(jnp.square(x - y), weights=mask)      # [N, D] with weights [N] or [N, D]

    The sum of `losses * weights` is divided by how many elements have a weight other than 0, so that a weight of 0
    leaves an element out; with weights of 0 alone the loss is 0.

    Args:
      losses: an array of any shape.
      weights: a number, or an array that covers the leading axes of `losses`: [N] weighs examples, the whole shape
        weighs elements. A last axis of length 1 is dropped. Mind an axis of length 1 that stands for a longer one
        (TF-Slim's trap): only the weights are counted, not what they reach, so [1] divides by N times too little.
      scope: the name; by default 'weighted_loss'.

    Returns:
      A scalar, float32 or float64 (TF returns the dtype of `losses`, and rounds to it).

    Raises:
      ValueError: `weights` is None or does not fit.
    """
    losses = floats(losses)
    with name_scope(scope, "weighted_loss"):
        return mean("compute_weighted_loss", losses, weights)


def mean(function: str, losses: jax.Array, weights: Any) -> jax.Array:
    """The mean by TF-Slim's rule, listed as 'value' in the scope that is open."""
    weights, count = leading(function, weights, losses)
    return record(safe_divide(jnp.sum(losses * weights), count))
