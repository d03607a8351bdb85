"""The schedules: TensorFlow 1.15's values and boundaries, both ways to call them, optax, what is refused."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import golden
from jax_slim import optimizers

CASES = {id: case for id, case in golden.cases("training").items() if id.startswith("decay_")}
RECORDED = [id for id, case in CASES.items() if "error" not in case]
EACH = {
    "exponential_decay": dict(decay_steps=3, decay_rate=0.5),
    "natural_exp_decay": dict(decay_steps=3, decay_rate=0.5),
    "inverse_time_decay": dict(decay_steps=3, decay_rate=0.5),
    "polynomial_decay": dict(decay_steps=3),
    "cosine_decay": dict(decay_steps=3),
    "cosine_decay_restarts": dict(first_decay_steps=3),
    "linear_cosine_decay": dict(decay_steps=3),
    "noisy_linear_cosine_decay": dict(decay_steps=3),
}


def function(case):
    return getattr(optimizers, case["fn"].removeprefix("tf.train."))


@pytest.mark.parametrize("case_id", RECORDED)
def test_as_tensorflow(case_id):
    case, expected = CASES[case_id], golden.case_arrays("training", case_id)["value"]
    schedule = function(case)(**case["kwargs"])
    steps = jnp.asarray(case["global_steps"])
    tolerance = dict(rtol=2e-6, atol=2e-9)
    np.testing.assert_allclose(jax.jit(jax.vmap(schedule))(steps), expected, **tolerance)
    for step, value in zip(case["global_steps"], expected, strict=True):
        at = function(case)(**{case["step_argument"]: step}, **case["kwargs"])
        np.testing.assert_allclose(at, value, **tolerance, err_msg=f"step {step}")


def test_unequal_lengths_are_refused_as_by_tensorflow():
    (case,) = (case for case in CASES.values() if "error" in case)
    with pytest.raises(ValueError, match="boundaries must be one fewer than values, got 2 and 2"):
        function(case)(**case["kwargs"])


@pytest.mark.parametrize("name", EACH)
def test_arguments_stand_where_tensorflow_has_them(name):
    decay, kwargs = getattr(optimizers, name), EACH[name]
    assert decay(0.5, 2, *kwargs.values()) == decay(0.5, **kwargs)(2)
    assert decay(0.5, 2, *kwargs.values()).dtype == jnp.float32


@pytest.mark.parametrize("first", [1, 5, 100])
@pytest.mark.parametrize("t_mul", [1.0, 1.1, 1.5, 2.0, 4.0, 10.0])
def test_each_restart_is_at_the_top(first, t_mul):
    # Among these are boundaries that logarithms and powers in float32 miss by one step, in both directions.
    schedule = optimizers.cosine_decay_restarts(1.0, first_decay_steps=first, t_mul=t_mul, m_mul=0.5)
    factor, start, period, starts = Fraction(t_mul).limit_denominator(100), Fraction(0), 0, {}
    while start < 20_000 and period < 20:
        if start.denominator == 1:
            starts[period] = int(start)
        start, period = start + first * factor**period, period + 1
    assert len(starts) > 1
    for at in (schedule, jax.jit(schedule)):
        found = {period: float(at(start)) for period, start in starts.items()}
        assert found == pytest.approx({period: 0.5**period for period in starts}, rel=1e-4)


def test_boundaries_are_exact_also_when_compiled():
    # The compiler turns x / 49 into x * (1 / 49), and 49 * (1 / 49) is less than 1.
    multiples = jnp.arange(1, 200)
    for length in (3, 7, 10, 41, 47, 49, 55, 61, 1000, 1023):
        for kwargs, name, at_multiple in [
            (dict(decay_rate=2.0, staircase=True), "inverse_time_decay", 1 / (1 + 2.0 * multiples)),
            (dict(end_learning_rate=0.25, power=0.5, cycle=True), "polynomial_decay", 0.25 + 0 * multiples),
            (dict(end_learning_rate=0.25, power=0.5), "polynomial_decay", 0.25 + 0 * multiples),
        ]:
            schedule = getattr(optimizers, name)(1.0, decay_steps=length, **kwargs)
            np.testing.assert_allclose(jax.jit(schedule)(multiples * length), at_multiple, rtol=1e-3, err_msg=name)
        schedule = optimizers.cosine_decay_restarts(1.0, first_decay_steps=length, t_mul=1.0, m_mul=0.99)
        np.testing.assert_allclose(jax.jit(schedule)(multiples * length), 0.99**multiples, rtol=1e-4)


def test_piecewise_constant_beyond_what_float32_counts():
    schedule = optimizers.piecewise_constant(boundaries=[2**24], values=[1.0, 0.5])
    assert [float(schedule(step)) for step in (2**24, 2**24 + 1)] == [1.0, 0.5]


def test_noise_is_normal_falls_and_is_the_same_in_every_run():
    clean = optimizers.linear_cosine_decay(1.0, decay_steps=10**7)
    noisy = optimizers.noisy_linear_cosine_decay(1.0, decay_steps=10**7, initial_variance=4.0, variance_decay=0.5)
    steps = jnp.arange(4000)
    noise = (jax.vmap(noisy)(steps) - jax.vmap(clean)(steps)) * (1 + steps) ** 0.25 / 2
    assert abs(np.mean(noise)) < 4 / math.sqrt(4000)
    assert abs(np.std(noise) - 1) < 0.06
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 4 / math.sqrt(4000)
    assert noisy(7) == jax.jit(noisy)(7)
    assert noisy(7) != optimizers.noisy_linear_cosine_decay(1.0, 7, 10**7, 4.0, 0.5, seed=1)


def test_optax_takes_them_and_a_rate_may_be_traced():
    optimizer = optax.sgd(optimizers.exponential_decay(1.0, decay_steps=1, decay_rate=0.5))
    state, changes = optimizer.init(jnp.zeros(())), []
    for _ in range(3):
        change, state = optimizer.update(jnp.ones(()), state)
        changes.append(float(change))
    assert changes == [-1.0, -0.5, -0.25]
    assert jax.jit(lambda rate: optimizers.cosine_decay(rate, 0, 5))(0.25) == 0.25


@pytest.mark.parametrize("name", EACH)
def test_steps_are_needed_and_positive(name):
    argument = next(iter(EACH[name]))
    with pytest.raises(TypeError, match=f"{name}: {argument} must be given, got None"):
        getattr(optimizers, name)(0.1)
    with pytest.raises(ValueError, match=f"{name}: {argument} must be greater than 0, got 0"):
        getattr(optimizers, name)(0.1, **EACH[name] | {argument: 0})


def test_other_refusals():
    with pytest.raises(TypeError, match="exponential_decay: decay_rate must be given, got None"):
        optimizers.exponential_decay(0.1, decay_steps=5)
    with pytest.raises(ValueError, match=r"boundaries must increase, got \[5, 5\]"):
        optimizers.piecewise_constant(boundaries=[5, 5], values=[1, 2, 3])
    with pytest.raises(ValueError, match=r"t_mul must be at least 1, got 0\.5"):
        optimizers.cosine_decay_restarts(0.1, first_decay_steps=5, t_mul=0.5)


def test_warm_up():
    rise = optimizers.warm_up(optimizers.piecewise_constant(boundaries=[5], values=[0.4, 0.1]), steps=4)
    np.testing.assert_allclose([rise(step) for step in range(8)], [0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.1, 0.1], rtol=1e-6)
    assert float(optimizers.warm_up(0.8, 4, global_step=1, start=0.5)) == pytest.approx(0.5)
    assert float(optimizers.warm_up(0.8, 0)(0)) == pytest.approx(0.8)
    with pytest.raises(ValueError, match="warm_up: steps must be at least 0, got -1"):
        optimizers.warm_up(0.1, -1)
