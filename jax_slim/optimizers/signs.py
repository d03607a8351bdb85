"""Steps by whether gradient and running mean agree: AddSign and PowerSign of `tf.contrib.opt`, and decays for them."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_slim.optimizers import _args
from jax_slim.optimizers._remaking import remade
from jax_slim.optimizers._rules import Rate, Slot, transformation
from jax_slim.optimizers.schedules import Schedule


@remade
def add_sign(
    learning_rate: Rate = 0.1,
    alpha: Any = 1.0,
    beta: Any = 0.9,
    sign_decay_fn: Schedule | None = None,
    *,
    name: str = "AddSignOptimizer",
) -> optax.GradientTransformationExtraArgs:
    """Moves variables further where gradient and running mean have one sign. `tf.contrib.opt.AddSignOptimizer`.

        m += (1 - beta) · (g - m)
        v -= rate · (alpha + decay · sign(g) · sign(m)) · g

    Slot '<variable>/AddSignOptimizer': m, at first 0. Bello et al. 2017.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      alpha: the factor where the signs tell nothing; with 1, elements whose signs differ stay.
      beta: how much of m each step keeps.
      sign_decay_fn: step -> what the signs count, such as `linear_sign_decay(1000)`; None: 1.
      name: what the slot is called.
    """
    decay = _checked("add_sign", learning_rate, sign_decay_fn)

    def rule(g: jax.Array, v: Any, slots: Any, step: Any) -> Any:
        m = slots[0] + (1 - beta) * (g - slots[0])
        agreement = decay(step.number) * jnp.sign(g) * jnp.sign(m)
        return -step.rate * (alpha + agreement) * g, (m,)

    return transformation("add_sign", learning_rate, rule, [Slot(name)])


@remade
def power_sign(
    learning_rate: Rate = 0.1,
    base: float = math.e,
    beta: Any = 0.9,
    sign_decay_fn: Schedule | None = None,
    *,
    name: str = "PowerSignOptimizer",
) -> optax.GradientTransformationExtraArgs:
    """Multiplies or divides steps by whether gradient and mean have one sign. `tf.contrib.opt.PowerSignOptimizer`.

        m += (1 - beta) · (g - m)
        v -= rate · base^(decay · sign(g) · sign(m)) · g

    Slot '<variable>/PowerSignOptimizer': m, at first 0. Bello et al. 2017.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      base: the factor where the signs agree, and the divisor where they do not; above 0.
      beta, sign_decay_fn, name: as for `add_sign`.
    """
    _args.above("power_sign", "base", base)
    decay = _checked("power_sign", learning_rate, sign_decay_fn)
    logarithm = math.log(base)

    def rule(g: jax.Array, v: Any, slots: Any, step: Any) -> Any:
        m = slots[0] + (1 - beta) * (g - slots[0])
        agreement = decay(step.number) * jnp.sign(g) * jnp.sign(m)
        return -step.rate * jnp.exp(logarithm * agreement) * g, (m,)

    return transformation("power_sign", learning_rate, rule, [Slot(name)])


@remade
def linear_sign_decay(decay_steps: int) -> Schedule:
    """A `sign_decay_fn` that falls straight from 1 to 0 at `decay_steps`. TensorFlow's get_linear_decay_fn."""
    _args.above("linear_sign_decay", "decay_steps", decay_steps)
    return lambda step: 1 - _done(step, decay_steps)


@remade
def cosine_sign_decay(decay_steps: int, num_periods: float = 0.5, zero_after: float | None = None) -> Schedule:
    """A `sign_decay_fn` of `num_periods` waves of a cosine between 1 and 0. TensorFlow's get_cosine_decay_fn.

    Args:
      decay_steps: how many steps the waves take; then it stays.
      num_periods: how many; 0.5 falls from 1 to 0 once.
      zero_after: after so many waves it is 0; None: never.
    """
    _args.above("cosine_sign_decay", "decay_steps", decay_steps)

    def decay(step: Any) -> jax.Array:
        waves = num_periods * _done(step, decay_steps)
        value = 0.5 * (1 + jnp.cos(2 * math.pi * waves))
        return value if zero_after is None else jnp.where(waves >= zero_after, 0, value)

    return decay


@remade
def restart_sign_decay(decay_steps: int, num_periods: float = 1, zero_after: float | None = None) -> Schedule:
    """A `sign_decay_fn` that falls from 1 to 0 `num_periods` times. TensorFlow's get_restart_decay_fn.

    Args: as for `cosine_sign_decay`; a period here is one fall, with a jump back to 1.
    """
    _args.above("restart_sign_decay", "decay_steps", decay_steps)

    def decay(step: Any) -> jax.Array:
        falls = num_periods * _done(step, decay_steps)
        # Of the steps, not of the quotient: rounding would take the first step of a fall for the last of one.
        within = jnp.mod(num_periods * jnp.minimum(jnp.asarray(step, jnp.float32), decay_steps), decay_steps)
        value = 0.5 * (1 + jnp.cos(math.pi * within / decay_steps))
        return value if zero_after is None else jnp.where(falls >= zero_after, 0, value)

    return decay


def _done(step: Any, decay_steps: int) -> jax.Array:
    return jnp.minimum(jnp.asarray(step, jnp.float32), decay_steps) / decay_steps


def _checked(function: str, learning_rate: Rate, sign_decay_fn: Schedule | None) -> Schedule:
    _args.rate(function, learning_rate)
    if sign_decay_fn is None:
        return lambda step: jnp.ones((), jnp.float32)
    if not callable(sign_decay_fn):
        raise TypeError(
            f"{function}: sign_decay_fn must be a function step -> number or None, got {sign_decay_fn!r}. "
            "slim.optimizers.linear_sign_decay(1000) makes one."
        )
    return sign_decay_fn
