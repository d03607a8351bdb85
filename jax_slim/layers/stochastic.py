"""`dropout`: layers that draw random numbers."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation, require
from jax_slim.core.scopes import unique_op_name, variable_scope
from jax_slim.layers import _args
from jax_slim.layers._modes import static_bool


@add_arg_scope
@operation
def dropout(
    inputs: jax.Array,
    keep_prob: float | jax.Array = 0.5,
    noise_shape: Sequence[int | None] | None = None,
    is_training: bool = True,
    outputs_collections: NamesOfCollections = None,
    scope: Any = None,
    seed: int | None = None,
) -> jax.Array:
    """Sets elements to 0 at random and divides the others by the probability that they are kept.

    The mean stays as it is. With `is_training=False` or `keep_prob=1.0`, `inputs` come out unchanged and no random
    key is needed; else the key is that of `model.apply(..., rng=key)`, folded with this layer's name.

        net = slim.dropout(net, 0.8, is_training=is_training)        # 20 % of the elements are 0
        net = slim.dropout(net, noise_shape=[None, 1, 1, None])      # whole channels at a time

    Args:
      inputs: floats of any shape.
      keep_prob: the probability that an element is *kept* (Keras, PyTorch and flax take the one that it is dropped),
        above 0 and at most 1. May be an array, so that it can change while training.
      noise_shape: the shape of the random mask, which broadcasts against `inputs`; None, there too, means theirs.
      is_training: whether to drop anything; a Python bool, known while tracing.
      outputs_collections: where to list the outputs.
      scope: name of the layer; by default "Dropout", made unique.
      seed: draws from the program's key and this number, not the layer's name: two layers with one seed and shape
        drop the same elements.

    Returns:
      An array like `inputs`.

    Raises:
      TypeError: `inputs` are not floats, or `is_training` is not a bool.
      ValueError: `keep_prob` is out of range, or `noise_shape` does not broadcast against `inputs`.
      ProgramError: random numbers are needed and there is no key.
    """
    is_training = static_bool("dropout", "is_training", is_training)
    # By NumPy: under jax.jit, comparing a known JAX array would give an unknown one.
    known = None if isinstance(keep_prob, Tracer) else np.asarray(keep_prob)
    if known is not None and not np.all((known > 0) & (known <= 1)):
        raise ValueError(
            f"dropout: keep_prob must be above 0 and at most 1, got {keep_prob!r}. It is the probability that an "
            "element is kept."
        )
    inputs = _args.floats("dropout", inputs)
    shape = _mask_shape(inputs, noise_shape)
    with variable_scope(scope, "Dropout", [inputs]) as sc:
        outputs = to_compute(inputs)
        if is_training and (known is None or np.any(known != 1)):
            program = require("dropout")
            key = program.next_key(unique_op_name("dropout") if seed is None else f"dropout(seed={seed})")
            # In float32: bfloat16 would round the probability, and the mean would no longer stay.
            exact = outputs.astype(jnp.promote_types(outputs.dtype, jnp.float32))
            kept = jax.random.bernoulli(key, keep_prob, shape)
            outputs = jnp.where(kept, exact / keep_prob, 0).astype(outputs.dtype)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def _mask_shape(inputs: jax.Array, noise_shape: Sequence[int | None] | None) -> tuple[int, ...]:
    if noise_shape is None:
        return inputs.shape
    noise_shape = tuple(noise_shape)
    if len(noise_shape) != inputs.ndim or any(
        size not in (None, 1, length) for size, length in zip(noise_shape, inputs.shape, strict=False)
    ):
        raise ValueError(
            f"dropout: noise_shape must have 1, None or the size of inputs on each axis of {inputs.shape}, "
            f"got {list(noise_shape)}."
        )
    return tuple(length if size is None else size for size, length in zip(noise_shape, inputs.shape, strict=True))
