"""`multi_head_attention`: each element of a sequence as a mixture of what all of them say."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim import initializers, kernels
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.layers import _args
from jax_slim.layers._steps import Scope
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.stochastic import dropout


@add_arg_scope
@operation
def multi_head_attention(
    inputs: jax.Array,
    num_heads: int,
    memory: jax.Array | None = None,
    mask: jax.Array | None = None,
    num_outputs: int | None = None,
    keep_prob: float | jax.Array = 1.0,
    is_training: bool = True,
    weights_initializer: Any = initializers.xavier_initializer(),
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
) -> jax.Array:
    """Mixes, for each element of a sequence, what all elements say, weighted by how well they answer it.

    Every head has queries, keys and values of C / num_heads numbers: softmax(queries keys^T / sqrt(C / num_heads))
    values. The heads' results, side by side, are multiplied with a last matrix. Creates `<scope>/qkv/weights`
    [C, 3 C], which makes queries, keys and values, one behind the other and each the heads one behind the other,
    `<scope>/output/weights` [C, num_outputs], and `biases` of both. With `memory`, `<scope>/query/weights` [C, C] and
    `<scope>/key_value/weights` [M, 2 C] are in the place of the first.

        net = slim.multi_head_attention(tokens, 6)               # [N, 197, 384] -> [N, 197, 384]

    From Vaswani et al., "Attention Is All You Need", 2017. Its dropout is on the weights of the mixture; that on the
    result is a `slim.dropout` behind it.

    Args:
      inputs: [N, T, C] floats: what asks.
      num_heads: how many heads; must divide C.
      memory: [N, S, M] floats: what is asked; None means `inputs`.
      mask: bools that broadcast to [N, num_heads, T, S]: where an element may look; None means everywhere. One that may
        look nowhere gets the mean of all.
      num_outputs: the last size of the result; None means C.
      keep_prob: the probability that a weight of the mixture is *kept* in training, as for `dropout`.
      is_training: whether to drop any; a Python bool, known while tracing.
      weights_initializer, biases_initializer: (key, shape, dtype) -> array; None for the biases leaves them out.
      weights_regularizer, biases_regularizer: array -> scalar loss, or None.
      reuse: True shares the variables that an earlier call made under the same `scope`.
      variables_collections: collections that list the variables: names, or a dict {"weights": names, "biases": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variables out of the gradient.
      scope: name of the layer; by default "attention", made unique.

    Returns:
      [N, T, num_outputs], in the dtype of `inputs` (or that of `slim.precision`).

    Raises:
      ValueError: `inputs` or `memory` is not of rank 3, they are of other batches, `num_heads` does not divide C, or
        `mask` does not broadcast to what it is for.
      TypeError: `inputs` or `memory` are not floats, or `mask` are not bools.
    """
    function = "multi_head_attention"
    inputs = _args.floats(function, inputs)
    _args.rank(function, inputs, "NTC")
    num_heads = _args.count(function, "num_heads", num_heads)
    batch, asking, depth = inputs.shape
    if depth % num_heads:
        raise ValueError(f"{function}: num_heads must divide the {depth} channels of inputs, got {num_heads}.")
    if memory is not None:
        memory = _args.floats(function, memory, "memory")
        _args.rank(function, memory, "NSM", "memory")
        if memory.shape[0] != batch:
            raise ValueError(
                f"{function}: memory must have as many examples as inputs, {batch}, got shape {memory.shape}."
            )
    asked = asking if memory is None else memory.shape[1]
    _check_mask(function, mask, (batch, num_heads, asking, asked))
    num_outputs = depth if num_outputs is None else _args.count(function, "num_outputs", num_outputs)

    with variable_scope(scope, "attention", [inputs], reuse=reuse) as sc:
        # All by keyword, so that what an arg_scope says of the dense layers of a net does not reach these.
        arguments: dict[str, Any] = dict(
            activation_fn=None, normalizer_fn=None, normalizer_params=None, weights_initializer=weights_initializer,
            weights_regularizer=weights_regularizer, biases_initializer=biases_initializer,
            biases_regularizer=biases_regularizer, reuse=None, variables_collections=variables_collections,
            outputs_collections=None, trainable=trainable,
        )  # fmt: skip
        if memory is None:
            made = fully_connected(inputs, num_outputs=3 * depth, scope="qkv", **arguments)
            queries, keys, values = (_heads(part, num_heads) for part in jnp.split(made, 3, axis=-1))
        else:
            queries = _heads(fully_connected(inputs, num_outputs=depth, scope="query", **arguments), num_heads)
            made = fully_connected(memory, num_outputs=2 * depth, scope="key_value", **arguments)
            keys, values = (_heads(part, num_heads) for part in jnp.split(made, 2, axis=-1))
        weights = _mixture(queries, keys, mask)
        weights = dropout(
            weights, keep_prob=keep_prob, noise_shape=None, is_training=is_training, outputs_collections=None, seed=None
        )
        mixed = kernels.mixture(weights, values).reshape(batch, asking, depth)
        outputs = fully_connected(mixed, num_outputs=num_outputs, scope="output", **arguments)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def _heads(array: jax.Array, num_heads: int) -> jax.Array:
    """[N, T, C] -> [N, T, heads, C / heads], in the dtype that is computed in."""
    return to_compute(array).reshape(*array.shape[:2], num_heads, -1)


def _mixture(queries: jax.Array, keys: jax.Array, mask: jax.Array | None) -> jax.Array:
    """How much of each element goes into each: [N, heads, T, S], whose last axis sums to 1."""
    scores = kernels.scores(queries / math.sqrt(queries.shape[-1]), keys)
    # In float32: a softmax over hundreds of elements loses too much in bfloat16.
    exact = scores.astype(jnp.promote_types(scores.dtype, jnp.float32))
    if mask is not None:
        exact = jnp.where(mask, exact, jnp.finfo(exact.dtype).min)
    return jax.nn.softmax(exact).astype(scores.dtype)


def _check_mask(function: str, mask: Any, shape: tuple[int, ...]) -> None:
    if mask is None:
        return
    if not jnp.issubdtype(jnp.asarray(mask).dtype, jnp.bool_):
        raise TypeError(f"{function}: mask must be bools, got {jnp.asarray(mask).dtype}.")
    given = jnp.shape(mask)
    padded = (1,) * (len(shape) - len(given)) + given
    if len(padded) != len(shape) or any(size not in (1, full) for size, full in zip(padded, shape, strict=True)):
        raise ValueError(f"{function}: mask must broadcast to {shape}, got shape {given}.")
