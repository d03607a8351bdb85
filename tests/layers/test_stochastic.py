"""`dropout` and `drop_path`: what they drop, what becomes of the rest, and where their random numbers come from."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

KEY = jax.random.key(0)
X = np.random.default_rng(0).uniform(0.5, 2, (64, 8, 8)).astype(np.float32)  # no zeros: those are the dropped ones


def drop(x=X, *args, rng=KEY, **kwargs):
    return np.asarray(slim.Model(lambda x: slim.dropout(x, *args, **kwargs)).apply({}, x, rng=rng))


def twice(x, **kwargs):
    return slim.dropout(x, **kwargs), slim.dropout(x, **kwargs)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_keeps_its_share_and_scales_it(keep):
    outputs = drop(X, keep)
    kept = outputs != 0
    deviation = np.sqrt(keep * (1 - keep) / X.size)
    assert abs(kept.mean() - keep) < 4 * deviation
    np.testing.assert_allclose(outputs[kept], X[kept] / keep, rtol=1e-6)
    # Neither rows nor columns go together: a mask along one axis would have means of 0 or 1 on it.
    assert all(np.ptp(kept.mean(axis)) > 0 and 0 < kept.mean(axis).mean() < 1 for axis in range(3))
    assert len(np.unique(kept.reshape(64, -1), axis=0)) == 64


def test_noise_shape_makes_the_mask_constant_along_an_axis():
    kept = drop(noise_shape=[None, 1, 8]) != 0
    assert (kept == kept[:, :1, :]).all()
    assert kept[:, 0].any(0).all() and not kept[:, 0].all(0).any()
    assert len(np.unique(kept[:, 0], axis=0)) > 1
    whole = drop(noise_shape=[1, 1, 1])
    assert (whole == 0).all() or (whole == 2 * X).all()


def test_without_training_it_is_the_identity():
    """No key is needed, and none is with keep_prob=1."""
    for kwargs in ({"is_training": False}, {"keep_prob": 1.0}, {"keep_prob": 1}):
        np.testing.assert_array_equal(drop(X, rng=None, **kwargs), X)


def test_masks_follow_the_key_and_the_layer():
    model = slim.Model(twice)
    one, other = model.apply({}, X, rng=KEY)
    again, _ = jax.jit(lambda x: model.apply({}, x, rng=KEY))(X)
    new, _ = model.apply({}, X, rng=jax.random.key(1))
    np.testing.assert_array_equal(one != 0, again != 0)
    for different in (other, new):
        # Independent masks agree on half of the elements.
        assert abs(np.mean((one != 0) == (different != 0)) - 0.5) < 0.05


def test_one_seed_one_mask():
    one, other = slim.Model(lambda x: twice(x, seed=3)).apply({}, X, rng=KEY)
    np.testing.assert_array_equal(one, other)
    assert (drop(seed=4) != one).any()
    assert (drop(seed=3, rng=jax.random.key(1)) != one).any(), "the seed does not replace the key"


def test_the_mask_belongs_to_the_name_not_to_what_was_called_before():
    def program(x, more):
        if more:
            slim.dropout(x, scope="before")
        with slim.variable_scope("net"):
            return slim.dropout(x, scope="here")

    model = slim.Model(program)
    one, other = (model.apply({}, X, more, rng=KEY) for more in (False, True))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("keep", [0.4, np.float32(0.4), jnp.float32(0.4)])
def test_the_gradient_is_the_mask_by_the_probability(keep):
    def loss(x):
        outputs = slim.Model(lambda x: slim.dropout(x, keep)).apply({}, x, rng=KEY)
        return jnp.sum(outputs), outputs

    grad, outputs = jax.jit(jax.grad(loss, has_aux=True))(X)
    np.testing.assert_allclose(grad, (np.asarray(outputs) != 0) / 0.4, rtol=1e-6)


def test_the_probability_may_be_traced():
    apply = jax.jit(lambda keep: slim.Model(lambda x: slim.dropout(x, keep)).apply({}, X, rng=KEY))
    np.testing.assert_allclose(apply(0.3), drop(X, 0.3), rtol=1e-6)
    np.testing.assert_array_equal(apply(1.0), X)


def test_what_is_dropped_is_zero_whatever_it_was():
    outputs = drop(np.full((100,), np.inf, np.float32))
    assert set(np.unique(outputs)) == {0, np.inf}


def test_needs_a_key():
    model = slim.Model(lambda x: slim.dropout(x))
    message = r"needs random numbers, but no key was given. Pass rng=jax.random.key\(...\) to model.apply or"
    with pytest.raises(slim.ProgramError, match=message):
        model.apply({}, X)
    with pytest.raises(slim.ProgramError, match=r"dropout: needs a running program.*model = slim.Model\(function\)"):
        slim.dropout(X)
    np.testing.assert_array_equal(slim.dropout(X, is_training=False), X)
    assert dict(model.init(KEY, X)) == {}


@pytest.mark.parametrize("keep", [0, -0.1, 1.01, float("nan")])
@pytest.mark.parametrize("training", [True, False])
def test_refuses_probabilities_out_of_range(keep, training):
    with pytest.raises(ValueError, match=r"dropout: keep_prob must be above 0 and at most 1, got .*that an element"):
        drop(X, keep, is_training=training)


def test_whole_examples_are_dropped():
    model = slim.Model(lambda x: slim.drop_path(x, 0.75, scope="path"))
    outputs = np.asarray(model.apply({}, X, rng=KEY))
    kept = (outputs != 0).all((1, 2))
    assert (kept == (outputs != 0).any((1, 2))).all() and 30 < kept.sum() < 62
    np.testing.assert_allclose(outputs[kept], X[kept] / 0.75, rtol=1e-6)
    quiet = slim.Model(lambda x: slim.drop_path(x, 0.75, is_training=False))
    np.testing.assert_array_equal(quiet.apply({}, X), X)
