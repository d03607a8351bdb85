"""Learning rates as tensors of the global step: `tf.train.exponential_decay` and its kin.

Each makes the nodes that TensorFlow 1.15 makes, below a name scope of its own.
"""

import math as numbers
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import cases, gathering, math


def _rate(learning_rate: Any) -> tuple[Any, Any]:
    rate = conversion.convert_to_tensor(learning_rate, name="initial_learning_rate")
    return rate, rate.dtype.base_dtype


def _needs_step(function: str, global_step: Any) -> None:
    if global_step is None:
        raise ValueError(f"global_step is required for {function}.")


def _periods(step: Any, decay_steps: Any, staircase: bool) -> Any:
    done = step / decay_steps
    return math.floor(done) if staircase else done


def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False, name: Any = None
) -> Tensor:
    """rate · decay_rate^(step / decay_steps); with `staircase` the quotient is rounded down."""
    _needs_step("exponential_decay", global_step)
    with graphs.name_scope(name or "ExponentialDecay") as scope:
        rate, kind = _rate(learning_rate)
        decay_steps, decay_rate = math.cast(decay_steps, kind), math.cast(decay_rate, kind)
        done = _periods(math.cast(global_step, kind), decay_steps, staircase)
        return math.multiply(rate, math.pow(decay_rate, done), name=scope)


def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False, name: Any = None
) -> Tensor:
    """rate · e^(-decay_rate · step / decay_steps)."""
    factor = math.exp(math.negative(decay_rate))
    return exponential_decay(learning_rate, global_step, decay_steps, factor, staircase, name)


def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False, name: Any = None
) -> Tensor:
    """rate / (1 + decay_rate · step / decay_steps)."""
    _needs_step("inverse_time_decay", global_step)
    with graphs.name_scope(name or "InverseTimeDecay") as scope:
        rate, kind = _rate(learning_rate)
        decay_steps, decay_rate = math.cast(decay_steps, kind), math.cast(decay_rate, kind)
        done = _periods(math.cast(global_step, kind), decay_steps, staircase)
        one = math.cast(conversion.constant(1), kind)
        return math.realdiv(rate, math.add(one, math.multiply(decay_rate, done)), name=scope)


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: Any = None,
) -> Tensor:
    """(rate - end) · (1 - step / decay_steps)^power + end; from decay_steps on `end`, or with `cycle` on and on."""
    _needs_step("polynomial_decay", global_step)
    with graphs.name_scope(name or "PolynomialDecay") as scope:
        rate, kind = _rate(learning_rate)
        end, power = math.cast(end_learning_rate, kind), math.cast(power, kind)
        step, steps = math.cast(global_step, kind), math.cast(decay_steps, kind)
        if cycle:
            # At step 0 a whole period, not none.
            count = gathering.where(math.equal(step, 0), math.cast(1.0, kind), math.ceil(step / decay_steps))
            steps = math.multiply(steps, count)
        else:
            step = math.minimum(step, steps)
        left = math.pow(1 - step / steps, power)
        return math.add(math.multiply(rate - end, left), end, name=scope)


def piecewise_constant(x: Any, boundaries: Any, values: Any, name: Any = None) -> Tensor:
    """values[0] where x <= boundaries[0], values[1] where x <= boundaries[1], ..., the last value beyond.

    Raises:
      ValueError: the lengths do not fit, or types differ.
    """
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")

    limits = [conversion.convert_to_tensor(b) for b in boundaries]
    rates = [conversion.convert_to_tensor(v) for v in values]
    x = conversion.convert_to_tensor(x)
    for place, limit in enumerate(limits):
        if limit.dtype.base_dtype != x.dtype.base_dtype:
            if limit.dtype.base_dtype == dtypes.int32 and x.dtype.base_dtype == dtypes.int64:
                limits[place] = math.cast(limit, x.dtype.base_dtype)
            else:
                raise ValueError(
                    f"Boundaries ({limit.dtype.base_dtype}) must have the same dtype as x ({x.dtype.base_dtype})."
                )
    for rate in rates[1:]:
        if rate.dtype.base_dtype != rates[0].dtype.base_dtype:
            raise ValueError(
                f"Values must have elements all with the same dtype ({rates[0].dtype.base_dtype} vs {rate.dtype.base_dtype})."
            )
    if not limits:
        return rates[0]
    with graphs.name_scope(name or "PiecewiseConstant"):
        pairs = [(x <= limits[0], lambda: rates[0]), (x > limits[-1], lambda: rates[-1])]
        for low, high, rate in zip(limits[:-1], limits[1:], rates[1:-1], strict=True):
            pairs.append(((x > low) & (x <= high), lambda rate=rate: rate))
        return cases.case(pairs, default=lambda: rates[0], exclusive=True)


def cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, alpha: Any = 0.0, name: Any = None) -> Tensor:
    """From rate to alpha · rate along half a cosine wave, in decay_steps steps; then constant."""
    _needs_step("cosine_decay", global_step)
    with graphs.name_scope(name or "CosineDecay"):
        rate, kind = _rate(learning_rate)
        steps = math.cast(decay_steps, kind)
        done = math.minimum(math.cast(global_step, kind), steps) / steps
        wave = 0.5 * (1.0 + math.cos(conversion.constant(numbers.pi) * done))
        return math.multiply(rate, (1 - alpha) * wave + alpha)


def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: Any = None,
) -> Tensor:
    """As `cosine_decay`, over and over: each period `t_mul` times as long, starting `m_mul` times as high."""
    _needs_step("cosine_decay_restarts", global_step)
    from jax_slim.tf1.python import control_flow

    with graphs.name_scope(name or "SGDRDecay") as scope:
        rate, kind = _rate(learning_rate)
        first = math.cast(first_decay_steps, kind)
        alpha, t_mul, m_mul = math.cast(alpha, kind), math.cast(t_mul, kind), math.cast(m_mul, kind)
        done = math.cast(global_step, kind) / first

        def geometric() -> Any:
            period = math.floor(math.log(1.0 - done * (1.0 - t_mul)) / math.log(t_mul))
            before = (1.0 - t_mul**period) / (1.0 - t_mul)
            return period, (done - before) / t_mul**period

        def equal() -> Any:
            period = math.floor(done)
            return period, done - period

        period, part = control_flow.cond(math.equal(t_mul, 1.0), equal, geometric)
        wave = 0.5 * m_mul**period * (1.0 + math.cos(conversion.constant(numbers.pi) * part))
        return math.multiply(rate, (1 - alpha) * wave + alpha, name=scope)


def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: Any = None,
) -> Tensor:
    """rate · ((alpha + line) · cosine + beta): a line from 1 to 0 in decay_steps, times a cosine wave between 1 and 0."""
    _needs_step("linear_cosine_decay", global_step)
    with graphs.name_scope(name or "LinearCosineDecay") as scope:
        rate, kind = _rate(learning_rate)
        steps = math.cast(decay_steps, kind)
        num_periods, alpha, beta = math.cast(num_periods, kind), math.cast(alpha, kind), math.cast(beta, kind)
        step = math.minimum(math.cast(global_step, kind), steps)
        line = (steps - step) / steps
        return math.multiply(rate, (alpha + line) * _wave(step, steps, num_periods) + beta, name=scope)


def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: Any = None,
) -> Tensor:
    """As `linear_cosine_decay`, with normal noise of variance initial_variance / (1 + step)^variance_decay on the line."""
    _needs_step("noisy_linear_cosine_decay", global_step)
    from jax_slim.tf1.python import random

    with graphs.name_scope(name or "NoisyLinearCosineDecay") as scope:
        rate, kind = _rate(learning_rate)
        steps = math.cast(decay_steps, kind)
        initial_variance, variance_decay = math.cast(initial_variance, kind), math.cast(variance_decay, kind)
        num_periods, alpha, beta = math.cast(num_periods, kind), math.cast(alpha, kind), math.cast(beta, kind)
        step = math.minimum(math.cast(global_step, kind), steps)
        line = (steps - step) / steps
        deviation = math.sqrt(initial_variance / math.pow(1.0 + step, variance_decay))
        line = line + random.random_normal(line.shape, stddev=deviation)
        return math.multiply(rate, (alpha + line) * _wave(step, steps, num_periods) + beta, name=scope)


def _wave(step: Any, steps: Any, num_periods: Any) -> Any:
    fraction = 2.0 * num_periods * (step / steps)
    return 0.5 * (1.0 + math.cos(conversion.constant(numbers.pi) * fraction))
