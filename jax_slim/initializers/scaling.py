"""Draws whose spread follows from the shape: xavier, He, LeCun and their relatives."""

import dataclasses
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jax_slim.initializers import _args

# The standard deviation of a standard normal cut off at two sigmas.
_TRUNCATED_STDDEV = 0.87962566103423978


@dataclasses.dataclass(frozen=True)
class VarianceScaling:
    """A distribution whose variance is `scale` over a fan."""

    scale: float
    mode: str
    distribution: str
    widening: float  # of a truncated normal, against what the cut takes from its spread
    seed: int | None
    dtype: np.dtype

    def __call__(self, key: jax.Array, shape: Sequence[int], dtype: DTypeLike | None = None) -> jax.Array:
        fan_in, fan_out = _fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, fan))
        if self.distribution == "uniform":
            limit = math.sqrt(3) * stddev
            return _args.draw(self, key, shape, dtype, "uniform", -limit, limit)
        if self.distribution == "truncated_normal":
            stddev *= self.widening
        return _args.draw(self, key, shape, dtype, self.distribution, 0.0, stddev)


@dataclasses.dataclass(frozen=True)
class UnitScaling:
    """A uniform distribution that keeps the scale of a product with the matrix drawn."""

    factor: float
    seed: int | None
    dtype: np.dtype

    def __call__(self, key: jax.Array, shape: Sequence[int], dtype: DTypeLike | None = None) -> jax.Array:
        limit = math.sqrt(3 / max(1, math.prod(shape[:-1]))) * self.factor
        return _args.draw(self, key, shape, dtype, "uniform", -limit, limit)


def _fans(shape: Sequence[int]) -> tuple[float, float]:
    """How many inputs and outputs a unit has, for weights [..., inputs, outputs] whose leading dimensions are space."""
    if len(shape) == 0:
        return 1.0, 1.0
    space = math.prod(shape[:-2])
    return float(space * shape[-2 if len(shape) > 1 else -1]), float(space * shape[-1])


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: DTypeLike = jnp.float32,
) -> VarianceScaling:
    """Draws with a variance of `factor` / n, n the number of inputs or outputs of a unit: TF-Slim's own function.

        variance_scaling_initializer()                                           # He et al. 2015, for ReLUs
        variance_scaling_initializer(factor=1.0, mode="FAN_AVG", uniform=True)   # Glorot and Bengio 2010: xavier

    n for weights [kh, kw, inputs, outputs] is kh * kw * inputs for FAN_IN, kh * kw * outputs for FAN_OUT, their mean
    for FAN_AVG; likewise for any number of dimensions in front. A vector is its own fan in and fan out; a scalar has 1.

    Args:
      factor: the variance wanted, times n.
      mode: "FAN_IN", "FAN_OUT" or "FAN_AVG".
      uniform: True draws from [-limit, limit), limit = sqrt(3 factor / n). False draws a normal of standard deviation
        sqrt(1.3 factor / n) cut off at two of them: 1.3 makes up, nearly, for what the cut takes.
        `tf_variance_scaling_initializer` has the exact number.
      seed, dtype: see the module.

    Raises:
      TypeError: `mode` is another string (TF-Slim's type for it), `dtype` is not a floating point type.
      ValueError: `factor` is negative.
    """
    name = "variance_scaling_initializer"
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"{name}: mode must be 'FAN_IN', 'FAN_OUT' or 'FAN_AVG', got {mode!r}.")
    factor = _args.number(name, "factor", factor)
    if not factor >= 0:
        raise ValueError(f"{name}: factor must be 0 or more, got {factor}.")
    distribution = "uniform" if uniform else "truncated_normal"
    return VarianceScaling(
        factor, mode.lower(), distribution, math.sqrt(1.3), _args.seed_number(name, seed), _args.floating(name, dtype)
    )


def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: DTypeLike = jnp.float32
) -> VarianceScaling:
    """Draws with a variance of 2 / (fan in + fan out), so that values and gradients keep their scale through layers.

    The default of TF-Slim's layers: `variance_scaling_initializer(1.0, "FAN_AVG", uniform)`, see there for the fans.
    (Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".)
    """
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


def xavier_initializer_conv2d(
    uniform: bool = True, seed: int | None = None, dtype: DTypeLike = jnp.float32
) -> VarianceScaling:
    """The same as `xavier_initializer`, under TF-Slim's name for convolutions."""
    return xavier_initializer(uniform, seed, dtype)


def tf_variance_scaling_initializer(
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
    seed: int | None = None,
    dtype: DTypeLike = jnp.float32,
) -> VarianceScaling:
    """Draws with a variance of `scale` / n: `tf.variance_scaling_initializer`, which is not TF-Slim's.

    Its truncated normal is widened so that the variance after the cut is `scale` / n exactly.

    Args:
      scale: the variance wanted, times n; above 0.
      mode: what n is: "fan_in", "fan_out" or "fan_avg", counted as in `variance_scaling_initializer`.
      distribution: "truncated_normal" (also "normal"), "untruncated_normal" or "uniform".
      seed, dtype: see the module.

    Raises:
      ValueError: `scale` is not above 0, or `mode` or `distribution` is another string.
      TypeError: `dtype` is not a floating point type.
    """
    name = "tf_variance_scaling_initializer"
    scale = _args.number(name, "scale", scale)
    if not scale > 0:
        raise ValueError(f"{name}: scale must be above 0, got {scale}.")
    if mode not in ("fan_in", "fan_out", "fan_avg"):
        raise ValueError(f"{name}: mode must be 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}.")
    kinds = {
        "truncated_normal": "truncated_normal",
        "normal": "truncated_normal",
        "untruncated_normal": "normal",
        "uniform": "uniform",
    }
    kind = kinds.get(str(distribution).lower())
    if kind is None:
        raise ValueError(f"{name}: distribution must be one of {', '.join(map(repr, kinds))}, got {distribution!r}.")
    return VarianceScaling(
        scale, mode, kind, 1 / _TRUNCATED_STDDEV, _args.seed_number(name, seed), _args.floating(name, dtype)
    )


def glorot_uniform_initializer(seed: int | None = None, dtype: DTypeLike = jnp.float32) -> VarianceScaling:
    """Draws uniformly with a variance of 2 / (fan in + fan out): the same distribution as `xavier_initializer()`."""
    return tf_variance_scaling_initializer(1.0, "fan_avg", "uniform", seed, dtype)


def glorot_normal_initializer(seed: int | None = None, dtype: DTypeLike = jnp.float32) -> VarianceScaling:
    """Draws a truncated normal with a variance of 2 / (fan in + fan out), exact after the cut."""
    return tf_variance_scaling_initializer(1.0, "fan_avg", "truncated_normal", seed, dtype)


def he_normal(seed: int | None = None) -> VarianceScaling:
    """Draws a truncated normal with a variance of 2 / fan in, for ReLUs (He et al. 2015)."""
    return tf_variance_scaling_initializer(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Draws uniformly with a variance of 2 / fan in, for ReLUs (He et al. 2015)."""
    return tf_variance_scaling_initializer(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Draws a truncated normal with a variance of 1 / fan in (LeCun et al. 1998, "Efficient BackProp")."""
    return tf_variance_scaling_initializer(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Draws uniformly with a variance of 1 / fan in (LeCun et al. 1998, "Efficient BackProp")."""
    return tf_variance_scaling_initializer(1.0, "fan_in", "uniform", seed)


def uniform_unit_scaling_initializer(
    factor: float = 1.0, seed: int | None = None, dtype: DTypeLike = jnp.float32
) -> UnitScaling:
    """Draws uniformly from `factor` * [-sqrt(3 / n), sqrt(3 / n)), n the product of all dimensions but the last.

    So a linear layer keeps the scale of its input; factor 1.15 makes up for a tanh, 1.43 for a ReLU. (Sussillo and
    Abbott 2014, "Random Walk Initialization for Training Very Deep Feedforward Networks".)
    """
    name = "uniform_unit_scaling_initializer"
    return UnitScaling(_args.number(name, "factor", factor), _args.seed_number(name, seed), _args.floating(name, dtype))
