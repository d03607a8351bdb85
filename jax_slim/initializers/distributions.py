"""Draws whose spread is given: normal, truncated normal, uniform; and random orthogonal matrices."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jax_slim.initializers import _args


@dataclasses.dataclass(frozen=True)
class Normal:
    """A normal distribution, whole or cut off at two standard deviations."""

    mean: float
    stddev: float
    truncated: bool
    seed: int | None
    dtype: np.dtype

    def __call__(self, key: jax.Array, shape: Sequence[int], dtype: DTypeLike | None = None) -> jax.Array:
        kind = "truncated_normal" if self.truncated else "normal"
        return _args.draw(self, key, shape, dtype, kind, self.mean, self.stddev)


@dataclasses.dataclass(frozen=True)
class Uniform:
    """A uniform distribution of floats or integers."""

    minval: float
    maxval: float | None
    seed: int | None
    dtype: np.dtype

    def __call__(self, key: jax.Array, shape: Sequence[int], dtype: DTypeLike | None = None) -> jax.Array:
        dtype = np.dtype(self.dtype if dtype is None else dtype)
        low, high = self.limits(dtype)
        if jnp.issubdtype(dtype, jnp.integer):
            return jax.random.randint(_args.key_for(self.seed, key), tuple(shape), low, high, dtype)
        return _args.draw(self, key, shape, dtype, "uniform", low, high)

    def limits(self, dtype: np.dtype) -> tuple[Any, Any]:
        """Where draws of `dtype` begin and end: integers need both limits, as integers."""
        name = "random_uniform_initializer"
        if not jnp.issubdtype(dtype, jnp.integer):
            _args.floating(name, dtype)
            return self.minval, 1.0 if self.maxval is None else self.maxval
        if self.maxval is None:
            raise ValueError(f"{name}: maxval must be given for dtype {dtype}, got None.")
        if not (isinstance(self.minval, int) and isinstance(self.maxval, int)):
            raise ValueError(
                f"{name}: minval and maxval must be integers for dtype {dtype}, got {self.minval} and {self.maxval}."
            )
        return self.minval, self.maxval


@dataclasses.dataclass(frozen=True)
class Orthogonal:
    """A random orthogonal matrix."""

    gain: float
    seed: int | None
    dtype: np.dtype

    def __call__(self, key: jax.Array, shape: Sequence[int], dtype: DTypeLike | None = None) -> jax.Array:
        shape = tuple(shape)
        if len(shape) < 2:
            raise ValueError(f"orthogonal_initializer: shape must have two or more dimensions, got {shape}.")
        dtype = _args.floating("orthogonal_initializer", self.dtype if dtype is None else dtype)
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        exact = jnp.promote_types(dtype, jnp.float32)  # the decomposition has no smaller type
        q, r = jnp.linalg.qr(jax.random.normal(_args.key_for(self.seed, key), tall, exact))
        # The decomposition alone favours some matrices; with the signs of r's diagonal all are equally likely.
        q *= jnp.where(jnp.diagonal(r) < 0, -1.0, 1.0)
        q = q.T if rows < columns else q
        return (self.gain * q).reshape(shape).astype(dtype)


def truncated_normal_initializer(
    mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: DTypeLike = jnp.float32
) -> Normal:
    """Draws from a normal distribution cut off at two `stddev` from `mean`.

    The spread of what is drawn is 0.88 `stddev`. The usual choice for VGG: `truncated_normal_initializer(0.0, 0.01)`.
    """
    name = "truncated_normal_initializer"
    return Normal(
        _args.number(name, "mean", mean),
        _args.number(name, "stddev", stddev),
        True,
        _args.seed_number(name, seed),
        _args.floating(name, dtype),
    )


def random_normal_initializer(
    mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: DTypeLike = jnp.float32
) -> Normal:
    """Draws from the normal distribution of `mean` and standard deviation `stddev`."""
    name = "random_normal_initializer"
    return Normal(
        _args.number(name, "mean", mean),
        _args.number(name, "stddev", stddev),
        False,
        _args.seed_number(name, seed),
        _args.floating(name, dtype),
    )


def random_uniform_initializer(
    minval: float = 0, maxval: float | None = None, seed: int | None = None, dtype: DTypeLike = jnp.float32
) -> Uniform:
    """Draws uniformly from [minval, maxval).

    `maxval` None means 1 for floats; for integers, which are drawn without the upper end too, it must be given.
    """
    name = "random_uniform_initializer"
    low = _args.number(name, "minval", minval)
    high = None if maxval is None else _args.number(name, "maxval", maxval)
    initializer = Uniform(low, high, _args.seed_number(name, seed), np.dtype(dtype))
    initializer.limits(initializer.dtype)
    return initializer


def orthogonal_initializer(gain: float = 1.0, seed: int | None = None, dtype: DTypeLike = jnp.float32) -> Orthogonal:
    """Draws a random matrix whose rows or columns, whichever are fewer, are orthogonal and of length `gain`.

    All dimensions but the last count as rows: weights [3, 3, 64, 32] become a matrix [576, 32] of orthogonal columns.
    Every such matrix is equally likely. (Saxe et al. 2013, "Exact solutions to the nonlinear dynamics of learning in
    deep linear neural networks".) Called with fewer than two dimensions: ValueError.
    """
    name = "orthogonal_initializer"
    return Orthogonal(_args.number(name, "gain", gain), _args.seed_number(name, seed), _args.floating(name, dtype))
