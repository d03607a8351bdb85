"""Optimizers of optax beyond gradients and variables: with the loss, along a line, with slow weights, with masks."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim.learning.transformations import SlowState

KEY = jax.random.key(0)
X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
BATCH = {"x": X, "y": X @ np.float32([[1.0], [-2.0], [0.5]]) + 3}


def loss_fn(batch):
    out = slim.fully_connected(batch["x"], 1, activation_fn=None, scope="fc")
    slim.losses.mean_squared_error(out, batch["y"])
    return slim.losses.get_total_loss()


def plain_loss(values, batch=BATCH):
    return jnp.mean((batch["x"] @ values["fc/weights"] + values["fc/biases"] - batch["y"]) ** 2)


def steps_of(optimizer, count, **options):
    """The variables after each step of `create_train_op`, and the last state."""
    train_op = slim.learning.create_train_op(loss_fn, optimizer, **options)
    state = train_op.init(KEY, BATCH)
    step, found = jax.jit(train_op), [dict(state.variables.trainable)]
    for _ in range(count):
        state, _ = step(state, BATCH)
        found.append(dict(state.variables.trainable))
    return found, state


def assert_follows(found, optimizer, **extra):
    """That the steps are those which optax makes from the same start, told the loss."""
    values, state = found[0], optimizer.init(found[0])

    @jax.jit
    def step(values, state):
        loss, gradients = jax.value_and_grad(plain_loss)(values)
        changes, state = optimizer.update(
            gradients, state, values, value=loss, grad=gradients, value_fn=plain_loss, **extra
        )
        return optax.apply_updates(values, changes), state

    for after in found[1:]:
        values, state = step(values, state)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), after, values)


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.chain(optax.sgd(0.3), optax.contrib.reduce_on_plateau(patience=1, factor=0.5)),
        optax.polyak_sgd(1.0),
        optax.contrib.momo(1.0),
        optax.lbfgs(),
        optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(max_backtracking_steps=5)),
    ],
    ids=["reduce_on_plateau", "polyak_sgd", "momo", "lbfgs", "backtracking"],
)
def test_they_are_given_the_loss(optimizer):
    found, _ = steps_of(optimizer, 3)
    assert_follows(found, optimizer)
    assert plain_loss(found[-1]) < plain_loss(found[0])


def test_a_line_search_over_an_accumulated_batch_sees_the_whole_of_it():
    optimizer = optax.chain(optax.sgd(9.0), optax.scale_by_backtracking_linesearch(max_backtracking_steps=9))
    whole, _ = steps_of(optimizer, 2)
    parts, _ = steps_of(optimizer, 2, accumulate=3)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), parts[-1], whole[-1])


def test_slow_weights_of_lookahead():
    found, state = steps_of(optax.lookahead(optax.sgd(0.1), sync_period=2, slow_step_size=0.5), 2)
    assert isinstance(state.optimizer, SlowState)
    plain, _ = steps_of(optax.sgd(0.1), 2)
    for name, start in found[0].items():
        half_way = start + 0.5 * (plain[2][name] - start)  # synchronized after the second step
        np.testing.assert_allclose(found[2][name], half_way, rtol=1e-5)
        np.testing.assert_allclose(state.optimizer.slow[name], half_way, rtol=1e-5)


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.masked(optax.scale(0.0), {"fc/weights": True, "fc/biases": False}),
        optax.multi_transform(
            {"stay": optax.set_to_zero(), "go": optax.identity()}, {"fc/weights": "stay", "fc/biases": "go"}
        ),
        optax.masked(optax.scale(0.0), lambda values: {name: "weights" in name for name in values}),
    ],
    ids=["mask", "labels", "function"],
)
def test_masks_as_plain_dicts(optimizer):
    found, _ = steps_of(optax.chain(optimizer, optax.sgd(0.1, momentum=0.9)), 2)
    np.testing.assert_array_equal(found[2]["fc/weights"], found[0]["fc/weights"])
    assert (found[2]["fc/biases"] != found[0]["fc/biases"]).all()


def test_a_run_goes_on_with_them(tmp_path):
    mask = {"fc/weights": True, "fc/biases": False}
    optimizer = optax.chain(optax.masked(optax.trace(0.9), mask), optax.polyak_sgd(1.0))
    for steps in (1, 2):
        train_op = slim.learning.create_train_op(loss_fn, optimizer)
        result = slim.learning.train(train_op, tmp_path, iter([BATCH] * 2), number_of_steps=steps, summary_writer=None)
    found, _ = steps_of(optimizer, 2)
    for name, value in found[2].items():
        np.testing.assert_allclose(result.variables[name], value, rtol=1e-5)


def test_what_cannot_be_set_up_or_needs_more_is_refused_by_name():
    incomplete = slim.learning.create_train_op(loss_fn, optax.masked(optax.scale(0.0), {"fc/weights": True}))
    with pytest.raises(
        TypeError, match=r"create_train_op: optimizer must be .* for these 2 variables: .*an entry for each"
    ):
        incomplete.init(KEY, BATCH)

    def update(gradients, state, params=None, *, temperature, **extra):
        return gradients, state

    hot = optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)
    with pytest.raises(TypeError, match=r"create_train_op: optimizer must be one that needs no more .*'temperature'"):
        steps_of(hot, 1)
    with pytest.raises(ValueError, match=r"decay_var_list has 'nothing', which no variable begins with"):
        steps_of(slim.optimizers.adam_w(0.1, 0.1, decay_var_list=["nothing"]), 1)
