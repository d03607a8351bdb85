"""The products of attention as three linear maps, each the transpose of the others.

Queries are [N, T, heads, D], keys and values [N, S, heads, D], and between them is one number for each pair of
elements: [N, heads, T, S]. Which of the three arrays is made of the other two is all that differs: scores of queries
and keys, a mixture of values by weights, and in the gradients sums over those who ask. So each result comes out with
its D numbers last, as it is wanted: derivatives of `lax`'s products would turn every matrix around.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim.kernels import choices
from jax_slim.kernels.linear_maps import LinearMap
from jax_slim.kernels.precision import precision_for_products


def scores(queries: jax.Array, keys: jax.Array) -> jax.Array:
    """Products of each query with each key: [N, T, heads, D] and [N, S, heads, D] -> [N, heads, T, S]."""
    form = _plain_scores if choices.plain() else _scores
    return form(queries, keys, precision=precision_for_products())


def mixture(weights: jax.Array, values: jax.Array) -> jax.Array:
    """Sums of values by weights: [N, heads, T, S] and [N, S, heads, D] -> [N, T, heads, D]."""
    form = _plain_mixture if choices.plain() else _mixture
    return form(weights, values, precision=precision_for_products())


def _plain_scores(queries: jax.Array, keys: jax.Array, precision: Any) -> jax.Array:
    return jnp.einsum("nthd,nshd->nhts", queries, keys, precision=precision)


def _plain_mixture(weights: jax.Array, values: jax.Array, precision: Any) -> jax.Array:
    return jnp.einsum("nhts,nshd->nthd", weights, values, precision=precision)


def _plain_sum(weights: jax.Array, outputs: jax.Array, precision: Any) -> jax.Array:
    return jnp.einsum("nhts,nthd->nshd", weights, outputs, precision=precision)


def _scores_on_cpu(queries: jax.Array, keys: jax.Array, precision: Any) -> jax.Array:
    return _by_heads(_turned(queries), _turned(keys), 3, 3, precision)


def _mixture_on_cpu(weights: jax.Array, values: jax.Array, precision: Any) -> jax.Array:
    return _turned(_by_heads(weights, _turned(values), 3, 2, precision))


def _sum_on_cpu(weights: jax.Array, outputs: jax.Array, precision: Any) -> jax.Array:
    return _turned(_by_heads(weights, _turned(outputs), 2, 2, precision))


def _by_heads(left: jax.Array, right: jax.Array, of_left: int, of_right: int, precision: Any) -> jax.Array:
    numbers = (((of_left,), (of_right,)), ((0, 1), (0, 1)))
    return lax.dot_general(left, right, numbers, precision=precision)


def _turned(array: jax.Array) -> jax.Array:
    """Heads before elements, or back: 256 bytes and more stay together."""
    return array.transpose(0, 2, 1, 3)


_scores = LinearMap(
    "slim_attention_scores",
    _plain_scores,
    _scores_on_cpu,
    {
        0: lambda found, queries, keys, **precision: _mixture(found, keys, **precision),
        1: lambda found, queries, keys, **precision: _sum(found, queries, **precision),
    },
)
_mixture = LinearMap(
    "slim_attention_mixture",
    _plain_mixture,
    _mixture_on_cpu,
    {
        0: lambda found, weights, values, **precision: _scores(found, values, **precision),
        1: lambda found, weights, values, **precision: _sum(weights, found, **precision),
    },
)
_sum = LinearMap(
    "slim_attention_sum",
    _plain_sum,
    _sum_on_cpu,
    {
        0: lambda found, weights, outputs, **precision: _scores(outputs, found, **precision),
        1: lambda found, weights, outputs, **precision: _mixture(weights, found, **precision),
    },
)
