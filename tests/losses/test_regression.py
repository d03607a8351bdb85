"""Losses of values: against their definitions, by both orders of arguments, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from losses import definitions

losses = slim.losses

rng = np.random.default_rng(0)
P, L = rng.normal(size=(2, 3, 4)).astype(np.float32)
UNIT = P / np.linalg.norm(P, axis=1, keepdims=True)
WEIGHTS = np.array([0.5, 0.0, 2.0], np.float32)


@pytest.mark.parametrize(
    ("name", "definition"),
    [("absolute_difference", definitions.absolute), ("mean_squared_error", definitions.square)],
)
def test_differences(name, definition):
    each = definitions.each(definition, P, L)
    np.testing.assert_allclose(getattr(losses, name)(P, L, WEIGHTS), definitions.tf_slim_mean(each, WEIGHTS), rtol=1e-5)
    expected = definitions.tf_reduced(each, WEIGHTS[:, None], "weighted_mean")
    result = getattr(losses.tf, name)(L, P, WEIGHTS[:, None], reduction="weighted_mean")
    np.testing.assert_allclose(result, expected, rtol=1e-5)


@pytest.mark.parametrize("delta", [0.3, 1.0])
def test_huber_loss(delta):
    expected = definitions.each(definitions.huber, P, L, delta)
    result = losses.tf.huber_loss(L, P, delta=delta, reduction="none")
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_huber_loss_of_huge_and_borderline_errors():
    errors = np.float32([3e30, -3e30, 1.0, 0.0])
    loss = jax.value_and_grad(lambda p: losses.tf.huber_loss(jnp.zeros(4), p, reduction="weighted_sum"))
    value, grad = jax.jit(loss)(errors)
    assert np.isfinite(value)
    np.testing.assert_array_equal(grad, [1, -1, 1, 0])


def test_mean_pairwise_squared_error():
    each = definitions.pairwise(P, L, 16)
    np.testing.assert_allclose(losses.mean_pairwise_squared_error(P, L), each.sum(), rtol=1e-5)
    np.testing.assert_allclose(losses.mean_pairwise_squared_error(P, L, WEIGHTS), each @ WEIGHTS, rtol=1e-5)
    np.testing.assert_allclose(losses.mean_pairwise_squared_error(P, L, WEIGHTS[:, None]), each @ WEIGHTS, rtol=1e-5)
    each = definitions.pairwise(P, L, 12)
    np.testing.assert_allclose(losses.tf.mean_pairwise_squared_error(L, P), each.sum(), rtol=1e-5)
    result = losses.tf.mean_pairwise_squared_error(L, P, WEIGHTS[:, None])
    np.testing.assert_allclose(result, each @ WEIGHTS, rtol=1e-5)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (0, 2)])
def test_pairs_of_one_element_cost_nothing(shape):
    predictions = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    for loss in (losses.mean_pairwise_squared_error, losses.tf.mean_pairwise_squared_error):
        value, grad = jax.jit(jax.value_and_grad(loss))(predictions, np.zeros_like(predictions))
        np.testing.assert_array_equal((value, *np.ravel(grad)), 0)


def test_cosine_distance():
    expected = 1 - np.sum(UNIT * L, axis=1)
    result = losses.cosine_distance(UNIT, L, 1, WEIGHTS)
    np.testing.assert_allclose(result, definitions.tf_slim_mean(expected, WEIGHTS), rtol=1e-5)
    assert result == losses.cosine_distance(UNIT, L, dim=-1, weights=WEIGHTS)
    result = losses.tf.cosine_distance(L, UNIT, 1, reduction="none")
    np.testing.assert_allclose(result, expected[:, None], rtol=1e-5)


def test_the_gradient_of_no_difference_is_zero():
    for loss in (losses.absolute_difference, losses.tf.huber_loss, losses.mean_squared_error):
        np.testing.assert_array_equal(jax.jit(jax.grad(loss))(P, P), 0)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_lower_precision_is_computed_in_float32(dtype):
    p, l = jnp.asarray(P, dtype), jnp.asarray(L, dtype)  # noqa: E741
    for loss in (losses.absolute_difference, losses.mean_pairwise_squared_error, losses.tf.huber_loss):
        value = jax.jit(loss)(p, l)
        assert value.dtype == jnp.float32
        wide = p.astype(jnp.float32), l.astype(jnp.float32)
        np.testing.assert_allclose(value, jax.jit(loss)(*wide), rtol=1e-6)
    assert jax.eval_shape(jax.grad(losses.mean_squared_error), p, l).dtype == dtype


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: losses.mean_squared_error(P[:, 0], P[:, :1]),
            r"predictions and labels must be of one shape, got \(3,\) and \(3, 1\). Nothing is broadcast here",
        ),
        (lambda: losses.mean_squared_error(P), "mean_squared_error: labels must be an array, got None"),
        (lambda: losses.tf.huber_loss(None, P), "huber_loss: labels must be an array, got None"),
        (
            lambda: losses.mean_pairwise_squared_error(1.0, 2.0),
            r"mean_pairwise_squared_error: predictions must be \[N, ...\], a batch of examples, got shape \(\)",
        ),
        (
            lambda: losses.mean_pairwise_squared_error(P, L, P),
            r"must be a scalar or cover the leading axes of the losses, which have shape \(3,\), got shape \(3, 4\)",
        ),
        (lambda: losses.cosine_distance(P, L, 2), r"cosine_distance: axis must be an integer in \[-2, 2\), got 2"),
        (
            lambda: losses.cosine_distance(P, L, 1, dim=1),
            "axis and dim are two names of one argument, got axis=1 and dim=1",
        ),
        (
            lambda: losses.tf.huber_loss(P, L, reduction="mean"),
            "huber_loss: reduction must be one of none, weighted_sum, .*, got 'mean'",
        ),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_reduction_validates():
    for reduction in losses.tf.Reduction.all():
        losses.tf.Reduction.validate(reduction)
    with pytest.raises(ValueError, match=r"Reduction.validate: reduction must be one of none, .*, got 'sum'"):
        losses.tf.Reduction.validate("sum")
