"""Matrix products of pixels or examples, in rows, with a matrix of weights, and the two of its derivatives.

XLA's products on a CPU differ by up to eight times with how the same sum is asked for.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

# So many that to turn the result around costs nothing beside them.
MANY_ROWS = 1024


def rows_by_weights(rows: jax.Array, weights: jax.Array, precision: Any) -> jax.Array:
    """[rows, in] times [in, out]: [rows, out]."""
    return _product(rows, weights, (1, 0), precision)


def rows_by_transposed_weights(rows: jax.Array, weights: jax.Array, precision: Any) -> jax.Array:
    """[rows, out] times the transpose of [in, out]: [rows, in].

    Of few rows, as two products of half the weights each: a single one takes 7.5 ms for 8 rows and weights
    [3136, 1024], two take 0.9; with XLA's default options, 1.4 and 0.8.
    """
    width = weights.shape[0]
    if width % 2 or 2 * len(rows) > width:
        return _product(rows, weights, (1, 1), precision)
    halves = weights.reshape(2, width // 2, weights.shape[1])
    both = jnp.broadcast_to(rows, (2, *rows.shape))
    products = lax.dot_general(halves, both, (((2,), (2,)), ((0,), (0,))), precision=precision)
    return products.reshape(width, len(rows)).T


def over_rows(left: jax.Array, right: jax.Array, precision: Any) -> jax.Array:
    """[rows, in] and [rows, out], multiplied and summed over the rows: [in, out], in at least float32.

    The narrower array comes first where there are many rows: 25088 of 256 and 64 take 8 ms, the other way around 11.
    """
    exact = jnp.promote_types(left.dtype, jnp.float32)
    if left.shape[1] > right.shape[1] and len(left) >= MANY_ROWS:
        return _product(right, left, (0, 0), precision, exact).T
    return _product(left, right, (0, 0), precision, exact)


def _product(
    left: jax.Array, right: jax.Array, summed: tuple[int, int], precision: Any, dtype: Any = None
) -> jax.Array:
    contracted = (((summed[0],), (summed[1],)), ((), ()))
    return lax.dot_general(left, right, contracted, precision=precision, preferred_element_type=dtype)
