"""What the factories share: checks of their arguments, and the drawing."""

import functools
import numbers
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike


def draw(
    initializer: Any, key: jax.Array, shape: Sequence[int], dtype: DTypeLike | None, kind: str, *limits: float
) -> jax.Array:
    """Draws for `initializer`; `limits` are low and high of a uniform, mean and standard deviation of a normal."""
    dtype = np.dtype(initializer.dtype if dtype is None else dtype)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(f"initializer: dtype must be a floating point type, got {dtype} for {initializer}.")
    return _sample(key_for(initializer.seed, key), *limits, shape=tuple(shape), dtype=dtype, kind=kind)


@functools.partial(jax.jit, static_argnames=("shape", "dtype", "kind"))  # one pass over the result, also outside a jit
def _sample(
    key: jax.Array, first: ArrayLike, second: ArrayLike, shape: tuple[int, ...], dtype: np.dtype, kind: str
) -> jax.Array:
    exact = jnp.promote_types(dtype, jnp.float32)  # half precision has too few bits to draw tails from
    if kind == "uniform":
        return jax.random.uniform(key, shape, exact, first, second).astype(dtype)
    if kind == "normal":
        unit = jax.random.normal(key, shape, exact)
    else:
        unit = jax.random.truncated_normal(key, -2.0, 2.0, shape, exact)
    return (unit * second + first).astype(dtype)


def key_for(seed: int | None, key: jax.Array) -> jax.Array:
    if seed is None:
        return key
    low, high = np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32 & 0xFFFFFFFF)  # jax.random.key drops the high half
    return jax.random.fold_in(jax.random.key(low), high) if high else jax.random.key(low)


def number(function: str, argument: str, value: Any) -> Any:
    """`value` as a Python number: those compare and hash by value."""
    if isinstance(value, (np.generic, np.ndarray, jax.Array)) and np.ndim(value) == 0:
        value = value.item()
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{function}: {argument} must be a number, got {value!r}.")
    return value


def seed_number(function: str, seed: Any) -> int | None:
    if seed is not None and not isinstance(seed, numbers.Integral):
        raise TypeError(f"{function}: seed must be an integer or None, got {seed!r}.")
    return None if seed is None else int(seed)


def floating(function: str, dtype: DTypeLike) -> np.dtype:
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(f"{function}: dtype must be a floating point type, got {np.dtype(dtype)}.")
    return np.dtype(dtype)
