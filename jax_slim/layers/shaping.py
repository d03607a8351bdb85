"""`flatten`: layers that rearrange axes."""

import math

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope
from jax_slim.layers import _args


@add_arg_scope
@operation
def flatten(inputs: jax.Array, outputs_collections: NamesOfCollections = None, scope: str | None = None) -> jax.Array:
    """Makes each example one row: [N, ...] becomes [N, k].

        net = slim.flatten(net)          # [N, 7, 7, 512] -> [N, 25088]

    Args:
      inputs: [N, ...] of rank 1 or more; [N] becomes [N, 1].
      outputs_collections: where to list the outputs.
      scope: name of the operation; by default "Flatten", made unique.

    Returns:
      [N, k], in the order of the last axis first, as in memory.

    Raises:
      ValueError: `inputs` have no batch axis.
    """
    inputs = jnp.asarray(inputs)
    _args.least_rank("flatten", inputs, 1)
    with name_scope(scope, "Flatten", [inputs]) as sc:
        outputs = to_compute(inputs).reshape(inputs.shape[0], math.prod(inputs.shape[1:]))
        return collect_named_outputs(outputs_collections, sc, outputs)
