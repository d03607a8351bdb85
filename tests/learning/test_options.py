"""Accumulation, multipliers, decay, freezing and clipping: alone and together, against plain arithmetic."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim.learning.numerics import describe, diagnose

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
BATCH = {"x": RNG.normal(size=(12, 5)).astype(np.float32), "label": RNG.integers(0, 3, 12)}


def loss_fn(batch):
    net = slim.fully_connected(batch["x"], 4, activation_fn=jnp.tanh, scope="fc1")
    logits = slim.fully_connected(net, 3, activation_fn=None, scope="fc2")
    slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
    slim.summary.scalar("loss", slim.losses.get_total_loss())
    slim.summary.histogram("logits", logits)
    return slim.losses.get_total_loss()


def step(loss=loss_fn, optimizer=None, batch=BATCH, **options):
    """The variables before and after one step, and its result."""
    train_op = slim.learning.create_train_op(loss, optimizer or optax.sgd(1.0), **options)
    before = train_op.init(KEY, batch)
    after, result = jax.jit(train_op)(before, batch)
    return before.variables, after.variables, result


def change(**options):
    before, after, _ = step(**options)
    return {name: np.asarray(after[name] - before[name]) for name in before.trainable}


PLAIN = change()


@pytest.mark.parametrize("parts", [2, 3, 12])
def test_accumulated_gradients_are_those_of_the_whole_batch(parts):
    before, after, result = step(accumulate=parts)
    for name, whole in PLAIN.items():
        np.testing.assert_allclose(after[name] - before[name], whole, rtol=1e-4, atol=1e-6)
    assert result.loss == pytest.approx(float(step()[2].loss), rel=1e-5)
    assert result.summaries["loss"] == pytest.approx(float(result.loss), rel=1e-6)
    assert result.summaries["logits"].counts.sum() == 36


def test_updates_follow_one_another_through_the_parts():
    def loss(batch):
        count = slim.variable("count", initializer=jnp.zeros(()), trainable=False)
        slim.update_variable("count", lambda old: old * 2 + 1)
        return loss_fn(batch) + 0 * count

    assert step(loss, accumulate=3)[1]["count"] == 7
    assert step(loss)[1]["count"] == 1


def test_parts_must_divide_the_batch():
    with pytest.raises(ValueError, match="accumulate=5 must divide the batch, which has 12 examples"):
        step(accumulate=5)
    with pytest.raises(ValueError, match="accumulate must be 1 or more parts, got 0"):
        step(accumulate=0)


def test_learning_rates_by_name():
    by_name = slim.learning.by_name
    changed = change(learning_rate_multipliers=by_name({"fc2": 10.0, ".*/biases": 0.0}))
    np.testing.assert_allclose(changed["fc2/weights"], 10 * PLAIN["fc2/weights"], rtol=1e-4)
    np.testing.assert_allclose(changed["fc2/biases"], 10 * PLAIN["fc2/biases"], rtol=1e-4)
    np.testing.assert_allclose(changed["fc1/weights"], PLAIN["fc1/weights"], rtol=1e-4, atol=1e-7)
    assert not changed["fc1/biases"].any()
    # Adam divides by the gradient's own size: a factor for the gradient does nothing there, one for the rate does.
    adam, table = optax.adam(0.1), by_name({"fc2": 10.0})
    as_gradients, as_rates = (
        change(optimizer=adam, gradient_multipliers=table),
        change(optimizer=adam, learning_rate_multipliers=table),
    )
    np.testing.assert_allclose(as_gradients["fc2/biases"], change(optimizer=adam)["fc2/biases"], rtol=1e-3)
    np.testing.assert_allclose(as_rates["fc2/biases"], 10 * as_gradients["fc2/biases"], rtol=1e-3)


def test_weight_decay_is_an_l2_regularizer():
    def regularized(batch):
        with slim.arg_scope([slim.fully_connected], weights_regularizer=slim.l2_regularizer(0.3)):
            return loss_fn(batch)

    decayed = change(weight_decay=slim.learning.by_name({".*/weights": 0.3}, default=0.0))
    for name, value in change(loss=regularized).items():
        np.testing.assert_allclose(decayed[name], value, rtol=1e-4, atol=1e-6)


def test_patterns_match_whole_names_and_whole_scopes():
    table = slim.learning.by_name({"vgg/fc8": 10.0, ".*/biases": 2.0}, default=0.5)
    numbers = {"vgg/fc8/weights": 10, "vgg/fc80/weights": 0.5, "vgg/fc8/biases": 10, "a/biases": 2, "a/biases_2": 0.5}
    assert table.for_variables(numbers, "test") == numbers
    with pytest.raises(
        ValueError, match=r"weight_decay: the pattern 'fc3' matches none of the 4 variables.*fc1/weights"
    ):
        step(weight_decay=slim.learning.by_name({"fc3": 1.0}))
    with pytest.raises(TypeError, match="table must be a mapping pattern -> number, got 3"):
        slim.learning.by_name(3)


def test_the_two_ways_to_clip():
    norms = {name: np.linalg.norm(value) for name, value in PLAIN.items()}
    limit = 0.5 * max(norms.values())
    for name, value in change(clip_gradient_norm=limit).items():
        np.testing.assert_allclose(value, PLAIN[name] * min(1, limit / norms[name]), rtol=1e-4, atol=1e-7)
    factor = limit / np.sqrt(sum(norm**2 for norm in norms.values()))
    for name, value in change(clip_global_norm=limit).items():
        np.testing.assert_allclose(value, PLAIN[name] * factor, rtol=1e-4, atol=1e-7)
    with pytest.raises(ValueError, match="clip_global_norm must be positive, or 0 for no clipping, got -1"):
        step(clip_global_norm=-1)


def test_everything_together_is_one_compiled_step():
    train_op = slim.learning.create_train_op(
        loss_fn,
        optax.adam(0.01),
        accumulate=3,
        clip_gradient_norm=1.0,
        clip_global_norm=2.0,
        gradient_multipliers=slim.learning.by_name({"fc2": 2.0}),
        learning_rate_multipliers=slim.learning.by_name({"fc1/biases": 0.0}),
        weight_decay=slim.learning.by_name({".*/weights": 1e-3}, default=0.0),
        summarize_gradients=True,
    )
    state, compiled = train_op.init(KEY, BATCH), jax.jit(train_op)
    losses = []
    for _ in range(20):
        state, result = compiled(state, BATCH)
        losses.append(float(result.loss))
    assert losses[-1] < 0.9 * losses[0]
    assert compiled._cache_size() == 1


def test_what_went_bad_first_is_named():
    good, bad = jnp.ones(2), jnp.asarray([1.0, jnp.inf])
    variables, gradients = {"a": good, "b": bad, "c": good}, {"a": good, "c": bad * jnp.nan}
    nan = jnp.asarray(jnp.nan)
    found, advice = describe(diagnose(nan, variables, gradients), variables, gradients, 7)
    assert "step 6 went bad first: they left NaN or infinity in b." in found
    assert "lower learning rate" in advice
    fine = {"a": good}
    assert "gradients went bad for c." in describe(diagnose(nan, fine, gradients), fine, gradients, 7)[0]
    assert "the loss itself overflowed" in describe(diagnose(nan, fine, fine), fine, fine, 7)[0]
    batch = {"image": bad, "label": np.arange(3)}
    assert not any(map(jnp.any, jax.tree.leaves(diagnose(good[0], variables, gradients, batch))))
    found, advice = describe(diagnose(nan, fine, gradients, batch), fine, gradients, 7)
    assert found == "Its batch came with NaN or infinite values in batch['image']."
    assert "learning rate" not in advice


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("one_hot", [False, True])
def test_class_ids_out_of_range_are_named(tmp_path, one_hot, parts):
    def loss(batch):
        logits = slim.fully_connected(batch["x"], 3, activation_fn=None)
        if one_hot:
            slim.losses.softmax_cross_entropy(logits, slim.one_hot_encoding(batch["y"], 3), batch["weight"])
        else:
            slim.losses.sparse_softmax_cross_entropy(logits, batch["y"], batch["weight"])
        return slim.losses.get_total_loss()

    def trained(y, weight):
        batch = {"x": np.ones((4, 2), np.float32), "y": np.array(y), "weight": np.float32(weight)}
        train_op = slim.learning.create_train_op(loss, optax.sgd(0.1), accumulate=parts)
        return slim.learning.train(train_op, tmp_path, iter([batch] * 2))

    with pytest.raises(
        slim.learning.NonFiniteError,
        match=r"step 1\. Class ids must be in \[0, 3\), got 3 in .*softmax_cross_entropy\)\. Among the inputs are "
        r"batch\['y'\] from 1 to 3\. .*weights=labels != 255",
    ):
        trained([1, 2, 3, 1], [1, 1, 1, 1])
    assert np.isfinite(trained([1, 2, 255, -1], [1, 1, 0, 0]))
