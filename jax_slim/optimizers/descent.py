"""Gradient descent and momentum: `tf.train`'s GradientDescent and Momentum, `tf.contrib.opt`'s MomentumW."""

from typing import Any

import jax
import optax

from jax_slim.optimizers import _args
from jax_slim.optimizers._remaking import remade
from jax_slim.optimizers._rules import Rate, Rule, Slot, transformation
from jax_slim.optimizers.weight_decay import with_weight_decay


@remade
def gradient_descent(learning_rate: Rate) -> optax.GradientTransformationExtraArgs:
    """Moves variables against their gradients: v -= rate · g. `tf.train.GradientDescentOptimizer`.

    Keeps no slots.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
    """
    _args.rate("gradient_descent", learning_rate)
    return transformation("gradient_descent", learning_rate, lambda g, v, slots, step: (-step.rate * g, ()))


@remade
def momentum(
    learning_rate: Rate, momentum: Any, *, name: str = "Momentum", use_nesterov: bool = False
) -> optax.GradientTransformationExtraArgs:
    """Moves variables against a running sum of their gradients. `tf.train.MomentumOptimizer`.

        a = momentum · a + g
        v -= rate · a                                 use_nesterov: v -= rate · (g + momentum · a)

    The rate multiplies the whole sum, so that lowering it slows what is already in motion.

    Slot '<variable>/Momentum': a, at first 0.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      momentum: how much of the sum each step keeps.
      name: what the slot is called.
      use_nesterov: whether to look one step ahead (Sutskever et al. 2013), by TensorFlow's formula.
    """
    _args.rate("momentum", learning_rate)
    return transformation("momentum", learning_rate, _momentum_rule(momentum, use_nesterov), [Slot(name)])


@remade
def momentum_w(
    weight_decay: Rate,
    learning_rate: Rate,
    momentum: Any,
    *,
    name: str = "MomentumW",
    use_nesterov: bool = False,
    decay_var_list: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """As `momentum`, and shrinks variables apart from the gradient. `tf.contrib.opt.MomentumWOptimizer`.

    v -= weight_decay · v, which the learning rate does not multiply (Loshchilov and Hutter 2017; optax's decoupled
    decay is multiplied by it). These are TensorFlow's numbers for resource variables; for reference variables, the
    default of 1.15, it gives others.

    Slot '<variable>/MomentumW': the sum, at first 0.

    Args:
      weight_decay: the part of a variable that each step takes away: a number, a scalar array or a schedule.
      learning_rate, momentum, name, use_nesterov: as for `momentum`.
      decay_var_list: which variables decay: names or regular expressions for the beginning of names; None means all.
        (In TensorFlow an argument of `minimize`.)
    """
    _args.rate("momentum_w", weight_decay, "weight_decay")
    _args.rate("momentum_w", learning_rate)
    inner = transformation("momentum_w", learning_rate, _momentum_rule(momentum, use_nesterov), [Slot(name)])
    return with_weight_decay("momentum_w", inner, weight_decay, decay_var_list)


def _momentum_rule(momentum: Any, use_nesterov: bool) -> Rule:
    def rule(g: jax.Array, v: Any, slots: Any, step: Any) -> Any:
        (a,) = slots
        a = momentum * a + g
        return -step.rate * (g + momentum * a if use_nesterov else a), (a,)

    return rule
