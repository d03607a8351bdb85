"""Rates that adapt to each element's gradients: RMSProp, Adagrad and Adadelta of `tf.train`."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_slim.optimizers import _args
from jax_slim.optimizers._remaking import remade
from jax_slim.optimizers._rules import Rate, Slot, transformation


@remade
def rmsprop(
    learning_rate: Rate,
    decay: Any = 0.9,
    momentum: Any = 0.0,
    epsilon: Any = 1e-10,
    *,
    centered: bool = False,
    name: str = "RMSProp",
) -> optax.GradientTransformationExtraArgs:
    """Moves variables by their gradients over the running size of these. `tf.train.RMSPropOptimizer`.

        s += (1 - decay) · (g² - s)
        c += (1 - decay) · (g - c)                  centered only
        a = momentum · a + rate · g / √(s - c² + epsilon)
        v -= a

    s starts at 1, so that the first steps are small; `optax.rmsprop` starts at 0 unless told otherwise. The epsilon is
    inside the root, the rate inside the momentum.

    Slots '<variable>/RMSProp': s; '<variable>/RMSProp_1': a; or if centered '<variable>/RMSProp_1': c and
    '<variable>/RMSProp_2': a. At first c and a are 0. Tieleman and Hinton 2012; Graves 2013 (centered).

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      decay: how much of s and c each step keeps.
      momentum: how much of the last change each step keeps.
      epsilon: keeps the root away from 0.
      centered: whether to divide by the gradients' deviation instead of their size.
      name: what the slots are called.
    """
    _args.rate("rmsprop", learning_rate)

    def rule(g: jax.Array, v: Any, slots: Any, step: Any) -> Any:
        s, *c, a = slots
        s = s + (1 - decay) * (jnp.square(g) - s)
        size = s
        if centered:
            c = [c[0] + (1 - decay) * (g - c[0])]
            size = s - jnp.square(c[0])
        a = momentum * a + step.rate * g / jnp.sqrt(size + epsilon)
        return -a, (s, *c, a)

    slots = [Slot(name, 1.0), *([Slot(name)] if centered else []), Slot(name)]
    return transformation("rmsprop", learning_rate, rule, slots)


@remade
def adagrad(
    learning_rate: Rate, initial_accumulator_value: Any = 0.1, *, name: str = "Adagrad"
) -> optax.GradientTransformationExtraArgs:
    """Moves variables by their gradients over the size of all gradients so far. `tf.train.AdagradOptimizer`.

        s += g²
        v -= rate · g / √s

    Slot '<variable>/Adagrad': s, at first `initial_accumulator_value`. Duchi et al. 2011.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      initial_accumulator_value: what s starts from; positive, for there is no epsilon.
      name: what the slot is called.
    """
    _args.rate("adagrad", learning_rate)
    _args.above("adagrad", "initial_accumulator_value", initial_accumulator_value)

    def rule(g: jax.Array, v: Any, slots: Any, step: Any) -> Any:
        s = slots[0] + jnp.square(g)
        return -step.rate * g / jnp.sqrt(s), (s,)

    return transformation("adagrad", learning_rate, rule, [Slot(name, initial_accumulator_value)])


@remade
def adadelta(
    learning_rate: Rate = 0.001, rho: Any = 0.95, epsilon: Any = 1e-08, *, name: str = "Adadelta"
) -> optax.GradientTransformationExtraArgs:
    """Moves variables by their gradients in units of their own earlier changes. `tf.train.AdadeltaOptimizer`.

        s = rho · s + (1 - rho) · g²
        d = √(u + epsilon) / √(s + epsilon) · g
        u = rho · u + (1 - rho) · d²
        v -= rate · d

    Slots '<variable>/Adadelta': s, '<variable>/Adadelta_1': u, at first 0. Zeiler 2012, where the rate is 1;
    TensorFlow's default is 0.001.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      rho: how much of s and u each step keeps.
      epsilon: what gets the changes going.
      name: what the slots are called.
    """
    _args.rate("adadelta", learning_rate)

    def rule(g: jax.Array, v: Any, slots: Any, step: Any) -> Any:
        s, u = slots
        s = rho * s + (1 - rho) * jnp.square(g)
        d = jnp.sqrt(u + epsilon) / jnp.sqrt(s + epsilon) * g
        u = rho * u + (1 - rho) * jnp.square(d)
        return -step.rate * d, (s, u)

    return transformation("adadelta", learning_rate, rule, [Slot(name), Slot(name)])
