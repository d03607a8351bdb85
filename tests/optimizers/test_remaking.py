"""Optimizers and schedules in other processes: pickled as the calls that made them."""

import copy
import pickle

import jax
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim import optimizers

PARAMS = slim.Variables({"w": np.ones((3, 2), np.float32)})
GRADIENTS = {"w": np.arange(6, dtype=np.float32).reshape(3, 2)}
SCHEDULES = [
    optimizers.exponential_decay(0.1, decay_steps=10, decay_rate=0.9, staircase=True),
    optimizers.piecewise_constant(boundaries=[1, 2], values=[1.0, 0.1, 0.01]),
    optimizers.warm_up(optimizers.cosine_decay(0.1, decay_steps=10), 3),
]
OPTIMIZERS = [
    optimizers.gradient_descent(SCHEDULES[0]),
    optimizers.momentum(0.1, 0.9, use_nesterov=True),
    optimizers.adam_w(0.01, SCHEDULES[2]),
    optimizers.rmsprop(0.1),
    optimizers.ftrl(0.1, l1_regularization_strength=0.1),
    optimizers.add_sign(0.1, sign_decay_fn=optimizers.linear_sign_decay(10)),
    optimizers.only_touched_rows(optimizers.adagrad(0.1)),
]


def pickled(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("again", [pickled, copy.deepcopy])
@pytest.mark.parametrize("number", range(len(OPTIMIZERS)))
def test_optimizers(number, again):
    ours, theirs = OPTIMIZERS[number], again(OPTIMIZERS[number])
    assert isinstance(theirs, optax.GradientTransformationExtraArgs)
    found = []
    for optimizer in (ours, theirs):
        state = optimizer.init(dict(PARAMS))
        changes, state = optimizer.update(GRADIENTS, state, dict(PARAMS))
        found.append((changes, state))
    jax.tree.map(np.testing.assert_array_equal, *found)


@pytest.mark.parametrize("number", range(len(SCHEDULES)))
def test_schedules(number):
    theirs = pickled(SCHEDULES[number])
    assert [float(theirs(step)) for step in (0, 2, 11)] == [float(SCHEDULES[number](step)) for step in (0, 2, 11)]
