"""Penalties on weights: factories of functions from an array to a scalar loss, or to None where nothing is penalized.

The functions are TF-Slim's. What they return is kept beside the variable it was given for, and becomes one of the
regularization losses:

    penalty = l2_regularizer(0.0005)
    penalty(weights)             # 0.0005 * sum(weights ** 2) / 2, a float32 scalar

Equal arguments make equal, hashable regularizers. `name` is what the loss is called: `scope`, or the factory's name.
Weights of float16 and bfloat16 are summed in float32; float64 stays float64.
"""

import dataclasses
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike

Regularizer = Callable[[jax.Array], jax.Array | None]


def l1_regularizer(scale: ArrayLike, scope: str | None = None) -> "Penalty":
    """Penalizes `scale` times the sum of the absolute values: pushes weights to exactly zero.

    Args:
      scale: a float of 0.0 or more; 0.0 makes a regularizer that returns None. A value traced by JAX will do, for a
        scale that changes from step to step.
      scope: the name of the loss.

    Raises:
      ValueError: `scale` is an integer (in TF-Slim as here: 1 for 1.0 is usually a slip) or negative.
      TypeError: `scale` is not a number.
    """
    return Penalty("l1", _scale("l1_regularizer", "scale", scale), scope or "l1_regularizer")


def l2_regularizer(scale: ArrayLike, scope: str | None = None) -> "Penalty":
    """Penalizes `scale` times *half* the sum of the squares, so that the gradient is `scale` times the weights.

    Args, Raises: as `l1_regularizer`.
    """
    return Penalty("l2", _scale("l2_regularizer", "scale", scale), scope or "l2_regularizer")


def l1_l2_regularizer(scale_l1: ArrayLike = 1.0, scale_l2: ArrayLike = 1.0, scope: str | None = None) -> "Regularizer":
    """Penalizes with `l1_regularizer(scale_l1)` plus `l2_regularizer(scale_l2)`; 0.0 leaves either out.

    Args, Raises: as `l1_regularizer`.
    """
    scale_l1 = _scale("l1_l2_regularizer", "scale_l1", scale_l1)
    scale_l2 = _scale("l1_l2_regularizer", "scale_l2", scale_l2)
    return Sum(
        (Penalty("l1", scale_l1, "l1_regularizer"), Penalty("l2", scale_l2, "l2_regularizer")),
        scope or "l1_l2_regularizer",
    )


def sum_regularizer(regularizer_list: Sequence[Regularizer | None], scope: str | None = None) -> "Sum | None":
    """Penalizes with the sum of several regularizers; None among them is left out, as are those that return None.

        sum_regularizer([l1_regularizer(0.1), lambda weights: jnp.max(weights)])

    Returns:
      A regularizer, or None when the list has none: then there is nothing to call, in TF-Slim as here.
    """
    if callable(regularizer_list):
        raise TypeError(f"sum_regularizer: regularizer_list must be a list of regularizers, got {regularizer_list!r}.")
    regularizers = tuple(regularizer for regularizer in regularizer_list if regularizer is not None)
    for regularizer in regularizers:
        if not callable(regularizer):
            raise TypeError(
                f"sum_regularizer: regularizer_list must hold functions or None, got {regularizer!r} in it."
            )
    return Sum(regularizers, scope or "sum_regularizer") if regularizers else None


@dataclasses.dataclass(frozen=True)
class Penalty:
    """`scale` times a norm of the weights."""

    norm: str
    scale: Any
    name: str

    def __call__(self, weights: jax.Array) -> jax.Array | None:
        scale = self.scale.value if isinstance(self.scale, _Traced) else self.scale
        if isinstance(scale, float) and scale == 0.0:
            return None
        weights = jnp.asarray(weights)
        exact = weights.astype(jnp.promote_types(weights.dtype, jnp.float32))
        if self.norm == "l1":
            # JAX's gradient of abs at 0 is 1: a weight that has reached 0 would be pushed on. TF's is 0.
            return scale * jnp.sum(jnp.where(exact == 0, 0, jnp.abs(exact)))
        return scale * (jnp.sum(jnp.square(exact)) / 2)


@dataclasses.dataclass(frozen=True)
class Sum:
    """The sum of what several regularizers return."""

    regularizers: tuple[Regularizer, ...]
    name: str

    def __call__(self, weights: jax.Array) -> jax.Array | None:
        penalties = [regularizer(weights) for regularizer in self.regularizers]
        present = [penalty for penalty in penalties if penalty is not None]
        return sum(present[1:], present[0]) if present else None


@dataclasses.dataclass(frozen=True, eq=False)
class _Traced:
    """A traced scale, which has no value to compare: equal only to itself."""

    value: Tracer


def _scale(function: str, argument: str, scale: Any) -> Any:
    if isinstance(scale, Tracer):
        return _Traced(scale)
    if isinstance(scale, (np.generic, np.ndarray, jax.Array)) and np.ndim(scale) == 0:
        scale = scale.item()
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"{function}: {argument} must be a float, got the integer {scale!r}. Write {float(scale)}.")
    if not isinstance(scale, numbers.Real):
        raise TypeError(f"{function}: {argument} must be a float, got {scale!r}.")
    scale = float(scale)
    if not scale >= 0.0:  # so that NaN is refused too
        raise ValueError(f"{function}: {argument} must be 0.0 or more, got {scale}.")
    return scale
