"""Optimizers that regularize as they go: Ftrl, the proximal ones and AdagradDA of `tf.train`. L1 gives exact zeros."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_slim.optimizers import _args
from jax_slim.optimizers._remaking import remade
from jax_slim.optimizers._rules import Rate, Slot, transformation

_STRENGTHS = ("l1_regularization_strength", "l2_regularization_strength", "l2_shrinkage_regularization_strength")


@remade
def ftrl(
    learning_rate: Rate,
    learning_rate_power: Any = -0.5,
    initial_accumulator_value: Any = 0.1,
    l1_regularization_strength: Any = 0.0,
    l2_regularization_strength: Any = 0.0,
    *,
    name: str = "Ftrl",
    accum_name: str | None = None,
    linear_name: str | None = None,
    l2_shrinkage_regularization_strength: Any = 0.0,
) -> optax.GradientTransformationExtraArgs:
    """Sets variables to what would have been best for the gradients so far, regularized. `tf.train.FtrlOptimizer`.

        n' = n + g²,  p = -learning_rate_power
        z += g + 2 · l2_shrinkage · v - (n'ᵖ - nᵖ) / rate · v
        v = (sign(z) · l1 - z) / (n'ᵖ / rate + 2 · l2)  where |z| > l1, else 0

    z starts at 0 whatever v is: the first step forgets most of a variable's initial value, and sets it to 0 where the
    gradient is 0 and z too. McMahan et al. 2013; "shrinkage" of the gradient: McMahan 2017.

    Slots '<variable>/Ftrl': n, at first `initial_accumulator_value`; '<variable>/Ftrl_1': z, at first 0.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      learning_rate_power: how the rate falls as n grows; at most 0, which is a constant rate.
      initial_accumulator_value: what n starts from; at least 0.
      l1_regularization_strength, l2_regularization_strength: l1 and l2; at least 0.
      name: what the slots are called, but for those with a name of their own.
      accum_name, linear_name: what n and z are called.
      l2_shrinkage_regularization_strength: as l2, but on the gradient; at least 0.
    """
    l1, l2, shrinkage = l1_regularization_strength, l2_regularization_strength, l2_shrinkage_regularization_strength
    _args.rate("ftrl", learning_rate)
    _args.at_most("ftrl", "learning_rate_power", learning_rate_power)
    _args.at_least("ftrl", "initial_accumulator_value", initial_accumulator_value)
    for argument, strength in zip(_STRENGTHS, (l1, l2, shrinkage), strict=True):
        _args.at_least("ftrl", argument, strength)

    def rule(g: jax.Array, v: jax.Array, slots: Any, step: Any) -> Any:
        n, z = slots
        grown = n + jnp.square(g)
        power = grown**-learning_rate_power
        z = z + g + 2 * shrinkage * v - (power - n**-learning_rate_power) / step.rate * v
        best = (jnp.sign(z) * l1 - z) / (power / step.rate + 2 * l2)
        return jnp.where(jnp.abs(z) > l1, best, 0) - v, (grown, z)

    slots = [Slot(accum_name or name, initial_accumulator_value), Slot(linear_name or name)]
    return transformation("ftrl", learning_rate, rule, slots, reads_variables=True)


@remade
def proximal_gradient_descent(
    learning_rate: Rate, l1_regularization_strength: Any = 0.0, l2_regularization_strength: Any = 0.0
) -> optax.GradientTransformationExtraArgs:
    """Moves variables against their gradients, then towards 0. `tf.train.ProximalGradientDescentOptimizer`.

        w = v - rate · g
        v = sign(w) · max(|w| - rate · l1, 0) / (1 + rate · l2)

    Keeps no slots. Duchi and Singer 2009.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      l1_regularization_strength, l2_regularization_strength: l1 and l2; at least 0.
    """
    l1, l2 = _strengths(
        "proximal_gradient_descent", learning_rate, l1_regularization_strength, l2_regularization_strength
    )

    def rule(g: jax.Array, v: jax.Array, slots: Any, step: Any) -> Any:
        return _towards_zero(v - step.rate * g, step.rate, l1, l2) - v, ()

    return transformation("proximal_gradient_descent", learning_rate, rule, reads_variables=True)


@remade
def proximal_adagrad(
    learning_rate: Rate,
    initial_accumulator_value: Any = 0.1,
    l1_regularization_strength: Any = 0.0,
    l2_regularization_strength: Any = 0.0,
    *,
    name: str = "ProximalAdagrad",
) -> optax.GradientTransformationExtraArgs:
    """As `adagrad`, then towards 0, as `proximal_gradient_descent`. `tf.train.ProximalAdagradOptimizer`.

        s += g²,  r = rate / √s,  w = v - r · g
        v = sign(w) · max(|w| - r · l1, 0) / (1 + r · l2)

    Slot '<variable>/ProximalAdagrad': s, at first `initial_accumulator_value`.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      initial_accumulator_value: what s starts from; positive.
      l1_regularization_strength, l2_regularization_strength: l1 and l2; at least 0.
      name: what the slot is called.
    """
    l1, l2 = _strengths("proximal_adagrad", learning_rate, l1_regularization_strength, l2_regularization_strength)
    _args.above("proximal_adagrad", "initial_accumulator_value", initial_accumulator_value)

    def rule(g: jax.Array, v: jax.Array, slots: Any, step: Any) -> Any:
        s = slots[0] + jnp.square(g)
        rate = step.rate / jnp.sqrt(s)
        return _towards_zero(v - rate * g, rate, l1, l2) - v, (s,)

    slots = [Slot(name, initial_accumulator_value)]
    return transformation("proximal_adagrad", learning_rate, rule, slots, reads_variables=True)


@remade
def adagrad_da(
    learning_rate: Rate,
    *,
    initial_gradient_squared_accumulator_value: Any = 0.1,
    l1_regularization_strength: Any = 0.0,
    l2_regularization_strength: Any = 0.0,
    name: str = "AdagradDA",
) -> optax.GradientTransformationExtraArgs:
    """Sets variables by the sum of all gradients, not by their last values. `tf.train.AdagradDAOptimizer`.

        a += g,  s += g²
        v = -rate · sign(a) · max(|a| - l1 · t, 0) / (l2 · t · rate + √s)          t = 1, 2, ...

    A variable's initial value is forgotten: start from zeros (Duchi et al. 2011, dual averaging). t counts the updates,
    or is `global_step` + 1 where `update` is given that; TensorFlow takes the step as its second argument.

    Slots '<variable>/AdagradDA': a, at first 0; '<variable>/AdagradDA_1': s, at first
    `initial_gradient_squared_accumulator_value`.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      initial_gradient_squared_accumulator_value: what s starts from; positive.
      l1_regularization_strength, l2_regularization_strength: l1 and l2; at least 0.
      name: what the slots are called.
    """
    l1, l2 = _strengths("adagrad_da", learning_rate, l1_regularization_strength, l2_regularization_strength)
    initial = initial_gradient_squared_accumulator_value
    _args.above("adagrad_da", "initial_gradient_squared_accumulator_value", initial)

    def rule(g: jax.Array, v: jax.Array, slots: Any, step: Any) -> Any:
        a, s = slots[0] + g, slots[1] + jnp.square(g)
        t = step.number + 1
        pulled = jnp.sign(a) * jnp.maximum(jnp.abs(a) - l1 * t, 0)
        return -step.rate * pulled / (l2 * t * step.rate + jnp.sqrt(s)) - v, (a, s)

    return transformation("adagrad_da", learning_rate, rule, [Slot(name), Slot(name, initial)], reads_variables=True)


def _strengths(function: str, learning_rate: Rate, l1: Any, l2: Any) -> tuple[Any, Any]:
    _args.rate(function, learning_rate)
    for argument, strength in zip(_STRENGTHS, (l1, l2), strict=False):
        _args.at_least(function, argument, strength)
    return l1, l2


def _towards_zero(w: jax.Array, rate: Any, l1: Any, l2: Any) -> jax.Array:
    return jnp.sign(w) * jnp.maximum(jnp.abs(w) - rate * l1, 0) / (1 + rate * l2)
