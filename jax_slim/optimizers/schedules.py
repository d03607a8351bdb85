"""Learning rates that fall with the step, by TensorFlow's formulas and at its boundaries.

Each function has TensorFlow's arguments. Without `global_step` it returns a schedule, a function step -> rate, which
the optimizers here take, and optax's:

    schedule = slim.optimizers.exponential_decay(0.1, decay_steps=1000, decay_rate=0.96)
    optimizer = slim.optimizers.momentum(schedule, 0.9)

With `global_step` it returns the rate at that step. Steps count from 0 and may be traced.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.optimizers import _args
from jax_slim.optimizers._remaking import remade
from jax_slim.optimizers._rules import rate_at

Schedule = Callable[[Any], jax.Array]


@remade
def exponential_decay(
    learning_rate: Any,
    global_step: Any = None,
    decay_steps: Any = None,
    decay_rate: Any = None,
    staircase: bool = False,
) -> Any:
    """rate · decay_rate^(step / decay_steps).

    Args:
      learning_rate: the rate at step 0.
      global_step: the step to give the rate of; None gives a schedule.
      decay_steps: after so many steps the rate is `decay_rate` times what it was.
      decay_rate: that factor.
      staircase: whether to fall once every `decay_steps` steps instead of at every step.
    """
    _positive_steps("exponential_decay", decay_steps)
    _args.given("exponential_decay", decay_rate=decay_rate)
    return _at(global_step, lambda step: learning_rate * jnp.power(decay_rate, _periods(step, decay_steps, staircase)))


@remade
def natural_exp_decay(
    learning_rate: Any,
    global_step: Any = None,
    decay_steps: Any = None,
    decay_rate: Any = None,
    staircase: bool = False,
) -> Any:
    """rate · e^(-decay_rate · step / decay_steps).

    Args: as for `exponential_decay`, but that decay_rate is the exponent's.
    """
    _positive_steps("natural_exp_decay", decay_steps)
    _args.given("natural_exp_decay", decay_rate=decay_rate)
    return _at(global_step, lambda step: learning_rate * jnp.exp(-decay_rate * _periods(step, decay_steps, staircase)))


@remade
def inverse_time_decay(
    learning_rate: Any,
    global_step: Any = None,
    decay_steps: Any = None,
    decay_rate: Any = None,
    staircase: bool = False,
) -> Any:
    """rate / (1 + decay_rate · step / decay_steps).

    Args: as for `exponential_decay`, but that decay_rate is what the divisor grows by in `decay_steps` steps.
    """
    _positive_steps("inverse_time_decay", decay_steps)
    _args.given("inverse_time_decay", decay_rate=decay_rate)
    return _at(global_step, lambda step: learning_rate / (1 + decay_rate * _periods(step, decay_steps, staircase)))


@remade
def polynomial_decay(
    learning_rate: Any,
    global_step: Any = None,
    decay_steps: Any = None,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
) -> Any:
    """From rate to end_learning_rate in decay_steps: (rate - end) · (1 - step / decay_steps)^power + end; then `end`.

    Args:
      learning_rate: the rate at step 0.
      global_step: the step to give the rate of; None gives a schedule.
      decay_steps: how many steps the way takes.
      end_learning_rate: the rate from there on.
      power: 1 is a straight line; more falls sooner.
      cycle: whether to stretch decay_steps to its next multiple whenever it is passed: the rate then jumps up again,
        first at step decay_steps + 1, to fall ever more slowly.
    """
    _positive_steps("polynomial_decay", decay_steps)

    def rate(step: jax.Array) -> jax.Array:
        if cycle:
            whole = _whole_periods(step, decay_steps)
            steps = decay_steps * jnp.maximum(1.0, whole + (step > whole * decay_steps))
        else:
            step, steps = jnp.minimum(step, decay_steps), decay_steps
        # A quotient that is rounded up to more than 1 would have no root.
        left = jnp.maximum(0.0, 1 - step / steps)
        return (learning_rate - end_learning_rate) * jnp.power(left, power) + end_learning_rate

    return _at(global_step, rate)


@remade
def piecewise_constant(
    x: Any = None, boundaries: Sequence[Any] | None = None, values: Sequence[Any] | None = None
) -> Any:
    """values[0] up to and including step boundaries[0], values[1] up to and including boundaries[1], and so on.

    Optax's `piecewise_constant_schedule` changes at the boundary itself, one step earlier, and takes factors.

        slim.optimizers.piecewise_constant(boundaries=[1000, 2000], values=[0.1, 0.01, 0.001])

    Args:
      x: the step to give the rate of; None gives a schedule.
      boundaries: steps, increasing.
      values: the rates, one more than boundaries.

    Raises:
      ValueError: the lengths do not fit, or the boundaries do not increase.
    """
    _args.given("piecewise_constant", boundaries=boundaries, values=values)
    assert boundaries is not None
    assert values is not None
    if len(boundaries) != len(values) - 1:
        raise ValueError(
            f"piecewise_constant: boundaries must be one fewer than values, got {len(boundaries)} and {len(values)}."
        )
    if any(later <= earlier for earlier, later in itertools.pairwise(boundaries)):
        raise ValueError(f"piecewise_constant: boundaries must increase, got {list(boundaries)}.")

    def schedule(step: Any) -> jax.Array:
        # Compared as what it is: as float32, step 2²⁴ + 1 would not be past the boundary 2²⁴.
        step = jnp.asarray(step)
        passed = sum((step > boundary).astype(jnp.int32) for boundary in boundaries)
        return jnp.asarray(values, jnp.float32)[passed]

    return schedule if x is None else schedule(x)


@remade
def cosine_decay(learning_rate: Any, global_step: Any = None, decay_steps: Any = None, alpha: Any = 0.0) -> Any:
    """From rate to alpha · rate along half a cosine wave, in decay_steps steps; then constant.

    Args:
      learning_rate: the rate at step 0.
      global_step: the step to give the rate of; None gives a schedule.
      decay_steps: how many steps the way takes.
      alpha: the end, as a part of `learning_rate`.
    """
    _positive_steps("cosine_decay", decay_steps)

    def rate(step: jax.Array) -> jax.Array:
        cosine = _half_wave(jnp.minimum(step, decay_steps) / decay_steps)
        return learning_rate * ((1 - alpha) * cosine + alpha)

    return _at(global_step, rate)


@remade
def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any = None,
    first_decay_steps: Any = None,
    t_mul: float = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
) -> Any:
    """As `cosine_decay`, over and over: each period `t_mul` times as long, and starting `m_mul` times as high.

    At the step where a period ends the next one begins. Loshchilov and Hutter 2016.

    Args:
      learning_rate: the rate at step 0.
      global_step: the step to give the rate of; None gives a schedule.
      first_decay_steps: the steps of the first period.
      t_mul: how many times as long each period is as the one before; at least 1.
      m_mul: how many times as high it starts.
      alpha: the low end, as a part of `learning_rate`.
    """
    _positive_steps("cosine_decay_restarts", first_decay_steps, "first_decay_steps")
    _args.at_least("cosine_decay_restarts", "t_mul", t_mul, 1.0)

    def rate(step: jax.Array) -> jax.Array:
        if t_mul == 1:
            period = _whole_periods(step, first_decay_steps)
            start, length = period * first_decay_steps, first_decay_steps
        else:

            def start_of(period: jax.Array) -> jax.Array:
                return first_decay_steps * (jnp.power(t_mul, period) - 1) / (t_mul - 1)

            # Powers and logarithms may be off by a little, which at a boundary would be the difference between the
            # top and the bottom: a step within a millionth of a boundary counts as there.
            reached = step * (1 + 1e-6)
            period = jnp.floor(jnp.log1p(step / first_decay_steps * (t_mul - 1)) / math.log(t_mul))
            period -= start_of(period) > reached
            period += start_of(period + 1) <= reached
            start, length = start_of(period), first_decay_steps * jnp.power(t_mul, period)
        done = jnp.clip((step - start) / length, 0.0, 1.0)
        return learning_rate * ((1 - alpha) * jnp.power(m_mul, period) * _half_wave(done) + alpha)

    return _at(global_step, rate)


@remade
def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any = None,
    decay_steps: Any = None,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
) -> Any:
    """rate · ((alpha + line) · cosine + beta): a line from 1 to 0 in decay_steps, times a cosine wave between 1 and 0.

    Bello et al. 2017.

    Args:
      learning_rate: the rate at step 0, but for `alpha` and `beta`.
      global_step: the step to give the rate of; None gives a schedule.
      decay_steps: how many steps the way takes.
      num_periods: how many whole waves there are on the way.
      alpha: added to the line.
      beta: added to the product.
    """
    _positive_steps("linear_cosine_decay", decay_steps)

    def rate(step: jax.Array) -> jax.Array:
        done = jnp.minimum(step, decay_steps) / decay_steps
        return learning_rate * ((alpha + 1 - done) * _half_wave(2 * num_periods * done) + beta)

    return _at(global_step, rate)


@remade
def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any = None,
    decay_steps: Any = None,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    seed: int = 0,
) -> Any:
    """As `linear_cosine_decay`, with normal noise of variance initial_variance / (1 + step)^variance_decay on the line.

    Args:
      learning_rate, global_step, decay_steps, num_periods, alpha, beta: as for `linear_cosine_decay`.
      initial_variance: the noise's variance at step 0.
      variance_decay: how fast it falls.
      seed: of the noise. Each step has its own, the same in every run, so that a resumed run has it, too. (TensorFlow
        takes its graph's seed.)
    """
    _positive_steps("noisy_linear_cosine_decay", decay_steps)

    def rate(step: jax.Array) -> jax.Array:
        noise = jax.random.normal(jax.random.fold_in(jax.random.key(seed), step.astype(jnp.uint32)))
        step = jnp.minimum(step, decay_steps)
        done = step / decay_steps
        line = 1 - done + noise * jnp.sqrt(initial_variance / jnp.power(1 + step, variance_decay))
        return learning_rate * ((alpha + line) * _half_wave(2 * num_periods * done) + beta)

    return _at(global_step, rate)


@remade
def warm_up(learning_rate: Any, steps: int, global_step: Any = None, start: Any = 0.0) -> Any:
    """A rate that first rises in a straight line: rate(step) · (start + (1 - start) · min(step / steps, 1)).

        schedule = slim.optimizers.warm_up(slim.optimizers.cosine_decay(0.1, decay_steps=10_000), steps=500)

    The schedule behind is not moved: after `steps` steps its own rate holds.

    Args:
      learning_rate: a number, a scalar array or a schedule.
      steps: how many steps the rise takes; 0 gives the rate as it is.
      global_step: the step to give the rate of; None gives a schedule.
      start: the part of the rate to begin with. 0 makes the first step of a run one of rate 0.
    """
    _args.rate("warm_up", learning_rate)
    _args.at_least("warm_up", "steps", steps)

    def rate(step: jax.Array) -> jax.Array:
        whole = rate_at(learning_rate, step)
        if not steps:
            return whole
        return whole * (start + (1 - start) * jnp.minimum(step / steps, 1.0))

    return _at(global_step, rate)


def _at(global_step: Any, rate: Schedule) -> Any:
    """The schedule `rate`, or its value at `global_step`. Steps are computed with in float32."""

    def schedule(step: Any) -> jax.Array:
        return jnp.asarray(rate(jnp.asarray(step, jnp.float32)), jnp.float32)

    return schedule if global_step is None else schedule(global_step)


def _positive_steps(function: str, steps: Any, argument: str = "decay_steps") -> None:
    _args.given(function, **{argument: steps})
    _args.above(function, argument, steps)


def _periods(step: jax.Array, decay_steps: Any, staircase: bool) -> jax.Array:
    return _whole_periods(step, decay_steps) if staircase else step / decay_steps


def _whole_periods(step: jax.Array, length: Any) -> jax.Array:
    """How many periods of `length` are over at `step`: the quotient rounded down, exactly."""
    # The compiler may multiply by 1 / length instead of dividing, and a multiple of length then be just below itself.
    periods = jnp.floor(step / length)
    periods -= periods * length > step
    return periods + ((periods + 1) * length <= step)


def _half_wave(fraction: jax.Array) -> jax.Array:
    return 0.5 * (1 + jnp.cos(math.pi * fraction))
