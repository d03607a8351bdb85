"""Weights of every shape, by both rules: TF-Slim's leading axes, and those of `tf.losses`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jax_slim as slim
from losses import definitions

SHAPES = [(), (3,), (1,), (2, 3), (2, 1), (2, 3, 2)]  # few: each shape compiles its operations once


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def some_zero(*shape, seed):
    rng = np.random.default_rng(seed)
    return np.asarray(rng.uniform(0.1, 2, shape) * (rng.uniform(size=shape) < 0.6), np.float32)


@st.composite
def leading(draw):
    """A shape of losses, and one of weights that covers leading axes, perhaps with axes of length 1."""
    shape = draw(st.sampled_from(SHAPES))
    rank = draw(st.integers(0, len(shape)))
    weights = tuple(draw(st.sampled_from([1, size])) for size in shape[:rank])
    return shape, weights + ((1,) if draw(st.booleans()) and weights else ())


@st.composite
def same_rank(draw):
    shape = draw(st.sampled_from(SHAPES))
    return shape, draw(st.sampled_from([(), tuple(draw(st.sampled_from([1, size])) for size in shape)]))


@settings(max_examples=40)
@given(shapes=leading(), seed=st.integers(0, 99))
def test_tf_slims_rule(shapes, seed):
    shape, weights_shape = shapes
    losses, weights = numbers(*shape, seed=seed), some_zero(*weights_shape, seed=seed)
    # The last axis goes when it is 1 and not the only one, so [2, 1] with a further 1 covers both axes of [2, 1].
    expected = definitions.tf_slim_mean(losses, weights)
    np.testing.assert_allclose(slim.losses.compute_weighted_loss(losses, weights), expected, rtol=1e-5, atol=1e-6)


@settings(max_examples=40)
@given(shapes=same_rank(), seed=st.integers(0, 99), reduction=st.sampled_from(slim.losses.tf.Reduction.all()))
def test_tfs_rule(shapes, seed, reduction):
    shape, weights_shape = shapes
    losses, weights = numbers(*shape, seed=seed), some_zero(*weights_shape, seed=seed)
    result = slim.losses.tf.compute_weighted_loss(losses, weights, reduction=reduction)
    expected = definitions.tf_reduced(losses, weights, reduction)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


@given(losses=st.sampled_from([(3,), (2, 3), (2, 3, 2)]), weights=st.lists(st.integers(1, 4), max_size=4).map(tuple))
def test_what_does_not_fit_is_refused(losses, weights):
    covers = weights[:-1] if len(weights) > 1 and weights[-1] == 1 else weights
    fits = len(covers) <= len(losses) and all(
        1 in (have, want) or have == want for have, want in zip(covers, losses, strict=False)
    )
    check_refusal(slim.losses.compute_weighted_loss, losses, weights, fits)
    fits = not weights or (
        len(weights) == len(losses) and all(have in (1, want) for have, want in zip(weights, losses, strict=True))
    )
    check_refusal(slim.losses.tf.compute_weighted_loss, losses, weights, fits)


def check_refusal(function, losses, weights, fits):
    arrays = jax.ShapeDtypeStruct(losses, jnp.float32), jax.ShapeDtypeStruct(weights, jnp.float32)
    if fits:
        assert jax.eval_shape(function, *arrays).shape == ()
    else:
        with pytest.raises(ValueError, match=r"compute_weighted_loss: weights must be a scalar or .* got shape \("):
            jax.eval_shape(function, *arrays)


@pytest.mark.parametrize("room", [slim.losses, slim.losses.tf])
def test_no_losses_and_no_weights_are_zero_with_finite_gradients(room):
    def loss(losses, weights):
        return room.compute_weighted_loss(losses, weights)

    for shape, weight in (((0, 3), 1.0), ((2, 3), 0.0)):
        value, grads = jax.value_and_grad(loss, argnums=(0, 1))(numbers(*shape), jnp.float32(weight))
        assert value == 0
        assert all(np.all(np.isfinite(grad)) for grad in grads)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.int32])
@pytest.mark.parametrize("room", [slim.losses, slim.losses.tf])
def test_accumulates_in_float32(room, dtype):
    losses = jnp.full((300, 300), 3, dtype)  # the sum exceeds float16's range, and bfloat16's precision
    result = room.compute_weighted_loss(losses, jnp.full((300, 1), 2, jnp.float16))
    assert (result, result.dtype) == (6, jnp.float32)


def test_a_mean_of_weights_that_cancel_is_zero():
    weights = jnp.asarray([1.0, -1.0])
    assert slim.losses.tf.compute_weighted_loss(jnp.asarray([2.0, 5.0]), weights, reduction="weighted_mean") == 0


def test_the_message_shows_a_shape_that_fits():
    with pytest.raises(ValueError, match=r"got shape \(3,\). Shape \(2,\) weighs the examples"):
        slim.losses.compute_weighted_loss(numbers(2, 3), numbers(3))
    with pytest.raises(ValueError, match=r"got shape \(3,\). Shape \(2, 1\) weighs the examples"):
        slim.losses.tf.compute_weighted_loss(numbers(2, 3), numbers(3))
    with pytest.raises(ValueError, match=r"have shape \(\), got shape \(3,\)\.\n  in slim"):
        slim.losses.compute_weighted_loss(1.0, numbers(3))
