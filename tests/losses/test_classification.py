"""Losses of classifiers against their definitions, at the edges of the numbers, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from losses import definitions

losses = slim.losses

LOGITS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32) * 2
IDS = np.array([2, 0, 1, 2])
ONE_HOT = np.eye(3, dtype=np.float32)[IDS]
MANY_HOT = np.random.default_rng(1).integers(0, 2, (4, 3)).astype(np.float32)
WEIGHTS = np.array([0.5, 0.0, 2.0, 1.0], np.float32)


def value_and_gradient(loss, *args):
    """As one program, not operation by operation."""
    return jax.tree.map(np.asarray, jax.jit(jax.value_and_grad(loss))(*args))


def gradient(loss, *args):
    return value_and_gradient(loss, *args)[1]


@pytest.mark.parametrize("smoothing", [0, 0.3])
def test_softmax_cross_entropy(smoothing):
    labels = ONE_HOT * (1 - smoothing) + smoothing / 3
    expected = definitions.tf_slim_mean(definitions.softmax(LOGITS, labels), WEIGHTS)
    result = losses.softmax_cross_entropy(LOGITS, ONE_HOT, WEIGHTS, smoothing)
    np.testing.assert_allclose(result, expected, rtol=1e-5)


@pytest.mark.parametrize("labels", [IDS, IDS[:, None], IDS.astype(np.uint8)])
def test_sparse_softmax_cross_entropy(labels):
    expected = definitions.tf_slim_mean(definitions.softmax(LOGITS, ONE_HOT), WEIGHTS)
    np.testing.assert_allclose(losses.sparse_softmax_cross_entropy(LOGITS, labels, WEIGHTS), expected, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0, 0.3])
def test_sigmoid_cross_entropy(smoothing):
    labels = MANY_HOT * (1 - smoothing) + smoothing / 2
    expected = definitions.tf_slim_mean(definitions.each(definitions.sigmoid, LOGITS, labels), WEIGHTS)
    result = losses.sigmoid_cross_entropy(LOGITS, MANY_HOT, WEIGHTS, smoothing)
    np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_log_loss_and_hinge_loss():
    chances = 1 / (1 + np.exp(-LOGITS))
    expected = definitions.tf_slim_mean(definitions.each(definitions.log, chances, MANY_HOT, 0.01), WEIGHTS)
    np.testing.assert_allclose(losses.log_loss(chances, MANY_HOT, WEIGHTS, 0.01), expected, rtol=1e-5)
    expected = definitions.each(definitions.hinge, LOGITS, MANY_HOT)
    np.testing.assert_allclose(losses.hinge_loss(LOGITS, MANY_HOT), expected, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_softmax_is_that_of_a_softmax():
    grad = gradient(lambda logits: losses.sparse_softmax_cross_entropy(logits, IDS), LOGITS)
    chances = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    np.testing.assert_allclose(grad, (chances - ONE_HOT) / 4, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(gradient(losses.softmax_cross_entropy, LOGITS, ONE_HOT), grad, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("loss", [losses.softmax_cross_entropy, lambda x, y: losses.tf.softmax_cross_entropy(y, x)])
def test_the_gradient_of_labels_that_do_not_sum_to_one_is_tensorflow_s(loss):
    logits, labels = np.float32([[1, 2, 3]]), np.float32([[1, 1, 0]])
    np.testing.assert_allclose(gradient(loss, logits, labels), [[-0.910, -0.755, 0.665]], atol=1e-3)
    np.testing.assert_allclose(gradient(loss, logits, 0 * labels), [[0.090, 0.245, 0.665]], atol=1e-3)
    second = jax.jit(jax.hessian(lambda x: loss(x[None], labels)))(logits[0])  # of a softmax, whatever the labels
    p = np.exp(logits[0]) / np.exp(logits).sum()
    np.testing.assert_allclose(second, np.diag(p) - np.outer(p, p), atol=1e-6)


def test_ids_out_of_range_spoil_the_loss_of_what_was_made_one_hot():
    def program(logits, weights):
        return losses.softmax_cross_entropy(logits, slim.one_hot_encoding(np.array([2, 0, -1, 3]), 3), weights)

    def loss(logits, weights):
        return slim.Model(program).apply({}, logits, weights)

    assert np.isnan(loss(LOGITS, 1.0))
    grad = gradient(loss, LOGITS, 1.0)
    assert np.isnan(grad).all(1).tolist() == [False, False, True, True]
    assert np.isfinite(loss(LOGITS, np.float32([1, 1, 0, 0])))


def test_the_gradient_of_the_sigmoid_where_its_branches_meet():
    grad = gradient(lambda logits: losses.sigmoid_cross_entropy(logits, MANY_HOT), np.zeros((4, 3), np.float32))
    np.testing.assert_allclose(grad, (0.5 - MANY_HOT) / 12, rtol=1e-6)


# --- the edges --------------------------------------------------------------------------------------

SOFTMAXES = [
    lambda logits: losses.softmax_cross_entropy(logits, ONE_HOT),
    lambda logits: losses.sparse_softmax_cross_entropy(logits, IDS),
    lambda logits: losses.tf.softmax_cross_entropy(ONE_HOT, logits),
    lambda logits: losses.tf.sparse_softmax_cross_entropy(IDS, logits),
]


@pytest.mark.parametrize("loss", [*SOFTMAXES, lambda logits: losses.sigmoid_cross_entropy(logits, ONE_HOT)])
def test_huge_logits(loss):
    logits = np.where(ONE_HOT == 1, -3e4, 3e4).astype(np.float32)
    value, grad = value_and_gradient(loss, logits)
    assert np.all(np.isfinite(grad))
    assert value in (6e4 + np.float32(np.log(2)), 3e4)
    value, grad = value_and_gradient(loss, -logits)
    np.testing.assert_array_equal((value, *grad.ravel()), 0)


@pytest.mark.parametrize("loss", SOFTMAXES)
def test_a_logit_of_minus_infinity_rules_a_class_out(loss):
    ruled_out = np.zeros((4, 3), bool)
    ruled_out[np.arange(4), (IDS + 1) % 3] = True
    logits = np.where(ruled_out, -np.inf, LOGITS)
    value, grad = value_and_gradient(loss, logits)
    rest = LOGITS[~ruled_out].reshape(4, 2)
    np.testing.assert_allclose(value, definitions.softmax(rest, ONE_HOT[~ruled_out].reshape(4, 2)).mean(), rtol=1e-5)
    assert np.all(np.isfinite(grad))
    np.testing.assert_array_equal(grad[ruled_out], 0)


@pytest.mark.parametrize("wrong", [3, -1, 255])
@pytest.mark.parametrize(
    "loss",
    [losses.sparse_softmax_cross_entropy, lambda x, y, w=1.0: losses.tf.sparse_softmax_cross_entropy(y, x, w)],
)
def test_a_label_out_of_range_is_nan_unless_it_has_no_weight(loss, wrong):
    labels = IDS.copy()
    labels[1] = wrong
    value, grad = value_and_gradient(loss, LOGITS, labels)
    assert np.isnan(value)
    np.testing.assert_array_equal(np.isnan(grad).any(1), [False, True, False, False])
    value, grad = value_and_gradient(loss, LOGITS, labels, WEIGHTS)
    np.testing.assert_allclose(value, jax.jit(loss)(LOGITS, IDS, WEIGHTS), rtol=1e-6)
    np.testing.assert_allclose(grad, gradient(loss, LOGITS, IDS, WEIGHTS), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@pytest.mark.parametrize("classes", [200, 256])
def test_ids_of_few_bits_among_many_classes(dtype, classes):
    logits = np.float32(np.log(np.arange(1, classes + 1)) * np.ones([2, 1]))  # probabilities as 1, 2, 3, ...
    expected = np.mean(np.log(classes * (classes + 1) / 2 / np.array([2, 101])))
    ids = np.array([1, 100], dtype)
    np.testing.assert_allclose(losses.sparse_softmax_cross_entropy(logits, ids), expected, rtol=1e-5)
    np.testing.assert_allclose(losses.tf.sparse_softmax_cross_entropy(ids, logits), expected, rtol=1e-5)


def test_sure_probabilities_have_a_finite_log_loss():
    value, grad = value_and_gradient(losses.log_loss, jnp.asarray([0.0, 1.0]), jnp.asarray([1.0, 0.0]))
    np.testing.assert_allclose(value, -np.log(1e-7), rtol=1e-2)  # float32 has no number close to 1 - 1e-7
    assert np.all(np.isfinite(grad))


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
@pytest.mark.parametrize("loss", [*SOFTMAXES, lambda logits: losses.sigmoid_cross_entropy(logits, ONE_HOT)])
def test_lower_precision_is_computed_in_float32(loss, dtype):
    logits = jnp.asarray(LOGITS, dtype)
    value, grad = value_and_gradient(loss, logits)
    assert (value.dtype, grad.dtype) == (jnp.float32, dtype)
    np.testing.assert_allclose(value, jax.jit(loss)(logits.astype(jnp.float32)), rtol=1e-6)


@pytest.mark.parametrize("loss", SOFTMAXES)
def test_jit_vmap_and_both_modes_of_differentiation(loss):
    value = loss(LOGITS)
    np.testing.assert_allclose(jax.jit(loss)(LOGITS), value, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(jax.vmap(loss))(np.stack([LOGITS, 2 * LOGITS]))[0], value, rtol=1e-6)
    tangent = jax.jit(lambda *both: jax.jvp(loss, both[:1], both[1:])[1])(LOGITS, ONE_HOT)
    np.testing.assert_allclose(tangent, np.sum(gradient(loss, LOGITS) * ONE_HOT), rtol=1e-5)


def test_smoothing_may_be_traced():
    result = jax.jit(losses.softmax_cross_entropy, static_argnames="scope")(LOGITS, ONE_HOT, label_smoothing=0.3)
    np.testing.assert_allclose(result, losses.softmax_cross_entropy(LOGITS, ONE_HOT, label_smoothing=0.3), rtol=1e-6)


# --- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: losses.softmax_cross_entropy(LOGITS, IDS),
            ValueError,
            r"softmax_cross_entropy: logits and onehot_labels must be of one shape, got \(4, 3\) and \(4,\)",
        ),
        (
            lambda: losses.softmax_cross_entropy(LOGITS, ONE_HOT, label_smoothing=1.5),
            ValueError,
            "softmax_cross_entropy: label_smoothing must be between 0 and 1, got 1.5",
        ),
        (
            lambda: losses.tf.sigmoid_cross_entropy(ONE_HOT, LOGITS, label_smoothing=-0.1),
            ValueError,
            "sigmoid_cross_entropy: label_smoothing must be between 0 and 1, got -0.1",
        ),
        (
            lambda: losses.sparse_softmax_cross_entropy(LOGITS, ONE_HOT),
            TypeError,
            "sparse_softmax_cross_entropy: labels must be integers, the ids of classes, got dtype float32",
        ),
        (
            lambda: losses.sparse_softmax_cross_entropy(LOGITS, IDS[:3]),
            ValueError,
            r"logits must be \[N, classes\] and labels \[N\] or \[N, 1\], got shapes \(4, 3\) and \(3,\)",
        ),
        (
            lambda: losses.sparse_softmax_cross_entropy(LOGITS, None),
            ValueError,
            "sparse_softmax_cross_entropy: labels must be an array, got None",
        ),
        (
            lambda: losses.tf.sparse_softmax_cross_entropy(IDS[:3], LOGITS),
            ValueError,
            r"labels must have the shape of logits without the last axis, got shapes \(3,\) and \(4, 3\)",
        ),
        (lambda: losses.log_loss(LOGITS), ValueError, "log_loss: labels must be an array, got None"),
    ],
)
def test_refuses(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_the_note_says_where():
    with pytest.raises(ValueError, match="of one shape") as caught:
        losses.softmax_cross_entropy(LOGITS, IDS, scope="head")
    assert caught.value.__notes__ == ["  in slim.softmax_cross_entropy (scope 'head')"]
