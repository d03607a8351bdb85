"""AddSign and PowerSign against their definitions, their decays, and that rows without a gradient stay."""

import math

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jax_slim import optimizers

GRADIENTS = np.random.default_rng(0).normal(size=(5, 6))


@pytest.mark.parametrize("decay", [None, optimizers.cosine_sign_decay(4)])
@pytest.mark.parametrize(
    ("made", "factor", "slot"),
    [
        (lambda d: optimizers.AddSignOptimizer(0.1, 1.5, 0.8, d), lambda a: 1.5 + a, "AddSignOptimizer"),
        (lambda d: optimizers.PowerSignOptimizer(0.1, 2.0, 0.8, d), lambda a: 2.0**a, "PowerSignOptimizer"),
    ],
)
def test_against_the_definition(made, factor, slot, decay):
    optimizer, v, m = made(decay), np.ones(6), np.zeros(6)
    variables = {"w": jnp.ones(6)}
    state = optimizer.init(variables)
    for step, g in enumerate(GRADIENTS):
        changes, state = optimizer.update({"w": jnp.float32(g)}, state, variables)
        variables = optax.apply_updates(variables, changes)
        m = 0.8 * m + 0.2 * g
        sign = 1 if decay is None else 0.5 * (1 + math.cos(math.pi * min(step, 4) / 4))
        v = v - 0.1 * factor(sign * np.sign(g) * np.sign(m)) * g
    np.testing.assert_allclose(variables["w"], v, rtol=1e-5)
    np.testing.assert_allclose(optimizers.slot_variables(state)[f"w/{slot}"], m, rtol=1e-5)


def test_decays():
    steps = jnp.arange(7)
    np.testing.assert_allclose(optimizers.linear_sign_decay(4)(steps), [1, 0.75, 0.5, 0.25, 0, 0, 0], atol=1e-6)
    wave = optimizers.cosine_sign_decay(4, num_periods=1, zero_after=0.75)(steps)
    np.testing.assert_allclose(wave, [1, 0.5, 0, 0, 0, 0, 0], atol=1e-6)
    falls = optimizers.restart_sign_decay(4, num_periods=2, zero_after=1.5)(steps)
    np.testing.assert_allclose(falls, [1, 0.5, 1, 0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(optimizers.restart_sign_decay(4)(steps)[4], 1, atol=1e-6)


def test_refuses():
    with pytest.raises(TypeError, match=r"add_sign: sign_decay_fn must be a function .*, got 0.5.*linear_sign_decay"):
        optimizers.add_sign(sign_decay_fn=0.5)
    with pytest.raises(ValueError, match="power_sign: base must be greater than 0, got 0"):
        optimizers.power_sign(base=0)
    with pytest.raises(ValueError, match="cosine_sign_decay: decay_steps must be greater than 0, got 0"):
        optimizers.cosine_sign_decay(0)
