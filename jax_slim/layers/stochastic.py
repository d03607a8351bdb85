"""`dropout` and `drop_path`: layers that draw random numbers."""

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
    return _dropped("dropout", "Dropout", inputs, keep_prob, noise_shape, is_training, outputs_collections, scope, seed)


@add_arg_scope
@operation
def drop_path(
    inputs: jax.Array,
    keep_prob: float | jax.Array = 0.8,
    is_training: bool = True,
    outputs_collections: NamesOfCollections = None,
    scope: Any = None,
    seed: int | None = None,
) -> jax.Array:
    """Sets whole examples to 0 at random and divides the others by the probability that they are kept.

    Before it is added to a shortcut, a residual branch then is left out for some examples of a batch: stochastic depth.
    With `is_training=False` or `keep_prob=1.0`, `inputs` come out unchanged and no random key is needed.

        net = shortcut + slim.drop_path(residual, 0.9, is_training=is_training)      # [N, 14, 14, 64]

    From Huang et al., "Deep Networks with Stochastic Depth", 2016; TF's nets call it drop connect.

    Args:
      inputs: [N, ...] floats of rank 1 or more.
      keep_prob: the probability that an example is *kept* (timm and torchvision take the one that it is dropped), above
        0 and at most 1. May be an array, so that it can change while training.
      is_training: whether to drop anything; a Python bool, known while tracing.
      outputs_collections: where to list the outputs.
      scope: name of the layer; by default "DropPath", made unique.
      seed: draws from the program's key and this number, not the layer's name.

    Returns:
      An array like `inputs`.

    Raises:
      TypeError: `inputs` are not floats, or `is_training` is not a bool.
      ValueError: `keep_prob` is out of range, or `inputs` are a single number.
      ProgramError: random numbers are needed and there is no key.
    """
    inputs = _args.floats("drop_path", inputs)
    _args.least_rank("drop_path", inputs, 1)
    examples = [None] + [1] * (inputs.ndim - 1)
    return _dropped("drop_path", "DropPath", inputs, keep_prob, examples, is_training, outputs_collections, scope, seed)


def _dropped(
    function: str,
    default_scope: str,
    inputs: jax.Array,
    keep_prob: float | jax.Array,
    noise_shape: Sequence[int | None] | None,
    is_training: bool,
    outputs_collections: NamesOfCollections,
    scope: Any,
    seed: int | None,
) -> jax.Array:
    """What the two have in common."""
    is_training = static_bool(function, "is_training", is_training)
    # By NumPy: under jax.jit, comparing a known JAX array would give an unknown one.
    known = None if isinstance(keep_prob, Tracer) else np.asarray(keep_prob)
    if known is not None and not np.all((known > 0) & (known <= 1)):
        raise ValueError(
            f"{function}: keep_prob must be above 0 and at most 1, got {keep_prob!r}. It is the probability that an "
            "element is kept."
        )
    inputs = _args.floats(function, inputs)
    shape = _mask_shape(inputs, noise_shape)
    with variable_scope(scope, default_scope, [inputs]) as sc:
        outputs = to_compute(inputs)
        if is_training and (known is None or np.any(known != 1)):
            program = require(function)
            key = program.next_key(unique_op_name(function) if seed is None else f"{function}(seed={seed})")
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
