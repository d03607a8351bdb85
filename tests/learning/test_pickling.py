"""What `train` returns, models and train ops: copied, and sent to other processes."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

X = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
DATA = {"x": X, "y": X.sum(1)}


def loss_fn(batch):
    return jnp.mean((slim.fully_connected(batch["x"], 1, activation_fn=None, scope="fc")[:, 0] - batch["y"]) ** 2)


def train_op():
    return slim.learning.create_train_op(
        loss_fn, slim.optimizers.momentum(0.1, 0.9), clip_gradient_norm=1.0,
        gradient_multipliers=slim.learning.by_name({"fc": 0.5}),
        learning_rate_multipliers=slim.learning.by_name({"fc": 2.0}),
        moving_average=slim.optimizers.ExponentialMovingAverage(0.9),
    )  # fmt: skip


def pickled(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_the_result_of_training(copied):
    result = slim.learning.train(train_op(), None, slim.data.Batches(DATA, 8), 2)
    again = copied(result)
    assert type(again) is type(result)
    assert (again, again.step, again.stopped) == (float(result), 2, None)
    jax.tree.map(np.testing.assert_array_equal, dict(again.variables), dict(result.variables))
    assert again.variables.facts == result.variables.facts
    np.testing.assert_array_equal(jax.random.key_data(again.state.rng), jax.random.key_data(result.state.rng))


def test_a_train_op():
    ours = train_op()
    state = ours.init(jax.random.key(0), DATA)
    for theirs in (pickled(ours), copy.deepcopy(ours)):
        (after, result), (expected, told) = theirs(state, DATA), ours(state, DATA)
        assert result.loss == told.loss
        jax.tree.map(np.testing.assert_array_equal, dict(after.variables), dict(expected.variables))


def test_models_of_the_zoo():
    model = slim.nets.create_model("lenet", num_classes=3, weight_decay=0.1, dropout_keep_prob=0.9)
    variables = model.init(jax.random.key(0))
    image = np.ones((1, 28, 28, 1), np.float32)
    for made in (model, slim.nets.features(model, ["fc3"])):
        again = pickled(made)
        expected = made.apply(variables, image)
        jax.tree.map(np.testing.assert_array_equal, again.apply(variables, image), expected)
    assert (pickled(model).name, pickled(model).num_classes, pickled(model).options) == ("lenet", 3, model.options)


def test_a_key_is_not_cut_with_the_variables():
    rules = slim.parallel.fully_sharded(min_size=0)
    result = slim.learning.train(train_op(), None, slim.data.Batches(DATA, 8), 2, sharding_rules=rules)
    whole = slim.learning.train(train_op(), None, slim.data.Batches(DATA, 8), 2)
    np.testing.assert_array_equal(result.variables["fc/weights"], whole.variables["fc/weights"])
