"""Encodings without weights: classes as vectors, vectors as probabilities."""

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.layers import _args
from jax_slim.layers._steps import Scope


@add_arg_scope
@operation
def softmax(logits: jax.Array, scope: Scope = None) -> jax.Array:
    """Makes probabilities out of logits: along the last axis, exp(logits) divided by their sum.

        predictions = slim.softmax(logits)          # [N, 7, 7, 21] -> [N, 7, 7, 21]

    Args:
      logits: [N, ..., num_classes] floats of rank 2 or more.
      scope: name of the layer; by default "softmax", made unique.

    Returns:
      Probabilities of the shape of `logits`, that sum to 1 along the last axis.

    Raises:
      ValueError: `logits` have rank 0 or 1.
      TypeError: `logits` are not floats.
    """
    logits = _args.floats("softmax", logits, "logits")
    _args.least_rank("softmax", logits, 2, "logits")
    with variable_scope(scope, "softmax", [logits]):
        logits = to_compute(logits)
        exact = logits.astype(jnp.promote_types(logits.dtype, jnp.float32))
        return jax.nn.softmax(exact, axis=-1).astype(logits.dtype)
