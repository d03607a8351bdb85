"""How losses of single elements become one: checks, broadcasting of weights, counts, safe division.

Two rules of broadcasting exist. TF-Slim's weights cover the *leading* axes of the losses ([batch] weighs examples);
those of `tf.losses` are scalar or of the losses' own rank, with 1 along the axes that they are constant over.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def floats(values: Any) -> jax.Array:
    """As an array of at least float32: losses of half precision would lose what a sum of many terms needs."""
    values = jnp.asarray(values)
    return values.astype(jnp.promote_types(values.dtype, jnp.float32))


def pair(function: str, names: tuple[str, str], first: Any, second: Any) -> tuple[jax.Array, jax.Array]:
    """Two arrays that must be of one shape, as floats.

    Args:
      names: their names in messages.
      first, second: in the order in which `function` takes them.
    """
    for name, value in zip(names, (first, second), strict=True):
        if value is None:
            raise ValueError(f"{function}: {name} must be an array, got None.")
    first, second = floats(first), floats(second)
    if first.shape != second.shape:
        raise ValueError(
            f"{function}: {names[0]} and {names[1]} must be of one shape, got {first.shape} and {second.shape}. "
            "Nothing is broadcast here: [N, 1] against [N] would silently compare all with all."
        )
    return first, second


def leading(function: str, weights: Any, losses: jax.Array) -> tuple[jax.Array, jax.Array]:
    """TF-Slim's rule: `weights` cover the leading axes of `losses`.

    Returns:
      The weights with as many axes as `losses` has, and the number of losses that TF-Slim divides by.
    """
    weights = _given(function, weights, losses)
    if weights.ndim > 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    rank = weights.ndim
    fits = rank <= losses.ndim and _broadcastable(weights.shape, losses.shape[:rank])
    if not fits:
        raise ValueError(
            f"{function}: weights must be a scalar or cover the leading axes of the losses, which have shape "
            f"{losses.shape}, got shape {weights.shape}.{_example(losses.shape[:1])}"
        )
    # TF-Slim counts the weights, each for the axes that it lacks, and not the losses that an axis of length 1 reaches.
    each = losses.size if rank == 0 else np.prod(losses.shape[rank:], dtype=np.int64)
    count = jnp.sum(weights != 0).astype(losses.dtype) * each
    return weights.reshape(weights.shape + (1,) * (losses.ndim - rank)), count


def same_rank(function: str, weights: Any, losses: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The rule of `tf.losses`: `weights` are scalar, or of the rank of `losses` with some axes of length 1.

    Returns:
      The weights, and the number of losses whose weight is not 0.
    """
    weights = _given(function, weights, losses)
    fits = weights.ndim == 0 or (
        weights.ndim == losses.ndim
        and all(mine in (1, other) for mine, other in zip(weights.shape, losses.shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"{function}: weights must be a scalar or of rank {losses.ndim}, each axis of length 1 or that of the "
            f"losses, {losses.shape}, got shape {weights.shape}."
            f"{_example(losses.shape[:1] + (1,) * (losses.ndim - 1))}"
        )
    present = (weights != 0).astype(losses.dtype)
    return weights, jnp.sum(jnp.broadcast_to(present, losses.shape))


def safe_divide(numerator: jax.Array, denominator: jax.Array) -> jax.Array:
    """The quotient; 0, with gradients of 0, where the denominator is 0."""
    empty = denominator == 0
    return jnp.where(empty, 0, numerator / jnp.where(empty, 1, denominator))


def _given(function: str, weights: Any, losses: jax.Array) -> jax.Array:
    if weights is None:
        raise ValueError(f"{function}: weights must be a number or an array, got None. Write weights=1.0.")
    return jnp.asarray(weights).astype(losses.dtype)


def _broadcastable(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    return all(a == b or 1 in (a, b) for a, b in zip(first, second, strict=True))


def _example(shape: tuple[int, ...]) -> str:
    return f" Shape {shape} weighs the examples." if shape else ""
