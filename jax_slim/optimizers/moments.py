"""Adam and its relatives: `tf.train.AdamOptimizer`, and AdaMax, Nadam, LazyAdam and AdamW of `tf.contrib.opt`."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_slim.optimizers import _args
from jax_slim.optimizers._remaking import remade
from jax_slim.optimizers._rules import Rate, Slot, transformation
from jax_slim.optimizers.rows import only_touched_rows
from jax_slim.optimizers.weight_decay import with_weight_decay


@remade
def adam(
    learning_rate: Rate = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-08, *, name: str = "Adam"
) -> optax.GradientTransformationExtraArgs:
    """Moves variables by their gradients' running mean over their running size. `tf.train.AdamOptimizer`.

        m += (1 - beta1) · (g - m)
        s += (1 - beta2) · (g² - s)
        v -= rate · √(1 - beta2ᵗ) / (1 - beta1ᵗ) · m / (√s + epsilon)              t = 1, 2, ...

    This epsilon is the "epsilon hat" in the paper (Kingma and Ba 2014): it is added before the correction of s for its
    start at 0. `optax.adam` adds it after, which is another optimizer while t is small or epsilon large.

    Slots '<variable>/Adam': m, '<variable>/Adam_1': s, at first 0. Shared: 'beta1_power', 'beta2_power': the betas to
    the power of t.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      beta1, beta2: how much of m and s each step keeps.
      epsilon: keeps the quotient small where s is.
      name: what the slots are called.
    """
    return _adam("adam", learning_rate, beta1, beta2, epsilon, name)


@remade
def nadam(
    learning_rate: Rate = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-08, *, name: str = "Adam"
) -> optax.GradientTransformationExtraArgs:
    """As `adam`, one step ahead: with beta1 · m + (1 - beta1) · g for m. `tf.contrib.opt.NadamOptimizer`.

    Slots and shared numbers are named as Adam's (in TensorFlow, too). For embeddings see `only_touched_rows`:
    `only_touched_rows(nadam(...), sparse=["words/embeddings"], decay_slots=True)` is TensorFlow's.
    """
    return _adam("nadam", learning_rate, beta1, beta2, epsilon, name, use_nesterov=True)


@remade
def lazy_adam(
    learning_rate: Rate = 0.001,
    beta1: Any = 0.9,
    beta2: Any = 0.999,
    epsilon: Any = 1e-08,
    *,
    name: str = "Adam",
    sparse: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """As `adam`, but leaves rows without a gradient, and their slots, as they are. `tf.contrib.opt.LazyAdamOptimizer`.

    See `only_touched_rows` for what a row is, and for `sparse`: name the embeddings there. Slots and shared numbers are
    named as Adam's (in TensorFlow, too).
    """
    return only_touched_rows(_adam("lazy_adam", learning_rate, beta1, beta2, epsilon, name), sparse)


@remade
def adam_w(
    weight_decay: Rate,
    learning_rate: Rate = 0.001,
    beta1: Any = 0.9,
    beta2: Any = 0.999,
    epsilon: Any = 1e-08,
    *,
    name: str = "AdamW",
    decay_var_list: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """As `adam`, and shrinks variables apart from the gradient. `tf.contrib.opt.AdamWOptimizer`.

    v -= weight_decay · v, which the learning rate does not multiply (Loshchilov and Hutter 2017). `optax.adamw` does
    multiply it: its weight_decay · rate is this weight_decay. These are TensorFlow's numbers for resource variables;
    for reference variables, the default of 1.15, it gives others.

    Slots '<variable>/AdamW', '<variable>/AdamW_1'; shared 'beta1_power', 'beta2_power': as `adam`'s.

    Args:
      weight_decay: the part of a variable that each step takes away: a number, a scalar array or a schedule.
      learning_rate, beta1, beta2, epsilon, name: as for `adam`.
      decay_var_list: which variables decay: names or regular expressions for the beginning of names; None means all.
        (In TensorFlow an argument of `minimize`.)
    """
    _args.rate("adam_w", weight_decay, "weight_decay")
    inner = _adam("adam_w", learning_rate, beta1, beta2, epsilon, name)
    return with_weight_decay("adam_w", inner, weight_decay, decay_var_list)


@remade
def adamax(
    learning_rate: Rate = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-08, *, name: str = "AdaMax"
) -> optax.GradientTransformationExtraArgs:
    """Moves variables by their gradients' running mean over their fading maximum. `tf.contrib.opt.AdaMaxOptimizer`.

        m += (1 - beta1) · (g - m)
        s = max(beta2 · s, |g|)
        v -= rate / (1 - beta1ᵗ) · m / (s + epsilon)                               t = 1, 2, ...

    Slots '<variable>/AdaMax': m, '<variable>/AdaMax_1': s, at first 0. Shared: 'beta1_power'. Kingma and Ba 2014.

    Args:
      learning_rate: a number, a scalar array or a schedule (step -> number).
      beta1, beta2: how much of m and s each step keeps.
      epsilon: keeps the quotient finite where s is 0.
      name: what the slots are called.
    """
    _args.rate("adamax", learning_rate)

    def rule(g: jax.Array, v: Any, slots: Any, step: Any) -> Any:
        m, s = slots
        m = m + (1 - beta1) * (g - m)
        s = jnp.maximum(beta2 * s, jnp.abs(g))
        return -step.rate / (1 - step.shared["beta1_power"]) * m / (s + epsilon), (m, s)

    return transformation("adamax", learning_rate, rule, [Slot(name), Slot(name)], {"beta1_power": beta1})


def _adam(
    function: str, learning_rate: Rate, beta1: Any, beta2: Any, epsilon: Any, name: str, use_nesterov: bool = False
) -> optax.GradientTransformationExtraArgs:
    _args.rate(function, learning_rate)

    def rule(g: jax.Array, v: Any, slots: Any, step: Any) -> Any:
        m, s = slots
        rate = step.rate * jnp.sqrt(1 - step.shared["beta2_power"]) / (1 - step.shared["beta1_power"])
        m = m + (1 - beta1) * (g - m)
        s = s + (1 - beta2) * (jnp.square(g) - s)
        ahead = beta1 * m + (1 - beta1) * g if use_nesterov else m
        return -rate * ahead / (jnp.sqrt(s) + epsilon), (m, s)

    powers = {"beta1_power": beta1, "beta2_power": beta2}
    return transformation(function, learning_rate, rule, [Slot(name), Slot(name)], powers)
