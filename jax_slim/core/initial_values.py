"""Initial values of variables: what an initializer draws, and TensorFlow's choice where there is none."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def draw(initializer: Any, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    """The initial value of a variable: what its initializer draws, or the array that it is."""
    if callable(initializer):
        return jnp.asarray(initializer(key, shape, dtype), dtype)
    return jnp.asarray(initializer, dtype)


@functools.cache
def default_initializer(dtype: Any) -> Callable[..., jax.Array]:
    """TensorFlow's defaults for a variable without initializer."""
    return _glorot_uniform if jnp.issubdtype(dtype, jnp.floating) else _zeros


def _glorot_uniform(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    receptive = math.prod(shape[:-2])
    fan_in, fan_out = shape[-2:] if len(shape) > 1 else (shape * 2 if shape else (1, 1))
    limit = math.sqrt(6.0 / max(1.0, receptive * (fan_in + fan_out)))
    return jax.random.uniform(key, shape, dtype, -limit, limit)


def _zeros(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    del key
    return jnp.zeros(shape, dtype)
