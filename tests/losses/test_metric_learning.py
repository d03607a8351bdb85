"""Losses of embeddings against loops over pairs and triplets, at the edges, and what they refuse."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

ml = slim.losses.metric_learning

rng = np.random.default_rng(0)
LABELS = np.array([0, 1, 0, 2, 1, 0, 3])  # 3 is alone
A, B = rng.normal(size=(2, 7, 3)).astype(np.float32)


def value_and_gradient(loss, labels, *args):
    """As one program, not operation by operation; the gradient is that of the embeddings, which follow the labels."""
    return jax.tree.map(np.asarray, jax.jit(jax.value_and_grad(loss, 1))(labels, *args))


def distance(x, y):
    return math.sqrt(sum((float(a) - float(b)) ** 2 for a, b in zip(x, y, strict=True)))


def pairs_of_one_class():
    return [(i, j) for i in range(7) for j in range(7) if i != j and LABELS[i] == LABELS[j]]


def test_contrastive_loss():
    labels = LABELS % 2
    expected = [
        distance(a, b) ** 2 if label else max(1.5 - distance(a, b), 0) ** 2
        for label, a, b in zip(labels, A, B, strict=True)
    ]
    np.testing.assert_allclose(jax.jit(ml.contrastive_loss)(labels, A, B, 1.5), np.mean(expected), rtol=1e-5)


@pytest.mark.parametrize("margin", [0.5, 5.0])
def test_triplet_semihard_loss(margin):
    losses = []
    for anchor, positive in pairs_of_one_class():
        near = distance(A[anchor], A[positive]) ** 2
        negatives = [distance(A[anchor], A[n]) ** 2 for n in range(7) if LABELS[n] != LABELS[anchor]]
        semihard = min((far for far in negatives if far > near), default=max(negatives))
        losses.append(max(near - semihard + margin, 0))
    np.testing.assert_allclose(jax.jit(ml.triplet_semihard_loss)(LABELS, A, margin), np.mean(losses), rtol=1e-5)


def test_a_semihard_negative_is_farther_than_the_positive_not_as_far():
    square = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], np.float32)
    # From (1, 0): the positive (0, 1) and the negative (0, -1) are at 2, the negative (-1, 0) at 4.
    assert jax.jit(ml.triplet_semihard_loss)(np.array([0, 1, 0, 1]), square) == 0


def npairs(targets, reg_lambda):
    entropies = []
    for i, row in enumerate(A.astype(np.float64) @ B.T):
        chances = np.exp(row) / np.exp(row).sum()
        entropies.append(-sum(t * math.log(p) for t, p in zip(targets[i], chances, strict=True)))
    lengths = np.mean(np.sum(A**2, 1)) + np.mean(np.sum(B**2, 1))
    return np.mean(entropies) + reg_lambda / 4 * lengths


def test_npairs_loss():
    shared = [[float(a == b) for b in LABELS] for a in LABELS]
    targets = [np.array(row) / sum(row) for row in shared]
    np.testing.assert_allclose(jax.jit(ml.npairs_loss)(LABELS, A, B), npairs(targets, 0.002), rtol=1e-5)
    np.testing.assert_allclose(jax.jit(ml.npairs_loss)(LABELS, A, B, 0.5), npairs(targets, 0.5), rtol=1e-5)


class Sparse:
    """A row that only `todense` opens, as those of SciPy and jax.experimental.sparse."""

    def __init__(self, row):
        self.row = row

    def todense(self):
        return self.row


def test_npairs_loss_multilabel():
    classes = [{0}, {1, 2}, {0, 1}, {2}, {1, 2, 3}, {0, 3}, {3}]
    many_hot = np.array([[c in row for c in range(4)] for row in classes])
    targets = [[len(a & b) / sum(len(a & c) for c in classes) for b in classes] for a in classes]
    expected = npairs(targets, 0.1)
    for labels in (many_hot, 5 * many_hot, list(many_hot), [Sparse(row) for row in many_hot]):
        result = jax.jit(lambda labels=labels: ml.npairs_loss_multilabel(labels, A, B, 0.1))()
        np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_npairs_loss_multilabel_with_one_label_each_is_npairs_loss():
    result = jax.jit(ml.npairs_loss_multilabel)(np.eye(4)[LABELS], A, B)
    np.testing.assert_allclose(result, jax.jit(ml.npairs_loss)(LABELS, A, B), rtol=1e-6)


def test_a_pair_without_a_label_costs_nothing():
    many_hot = np.eye(4)[LABELS]
    many_hot[6] = 0
    value, grad = value_and_gradient(ml.npairs_loss_multilabel, many_hot, A, B, 0.0)
    assert np.isfinite(value)
    np.testing.assert_array_equal(grad[6], 0)


@pytest.mark.parametrize("margin", [1.0, 3.0])
def test_lifted_struct_loss(margin):
    losses = []
    for i, j in pairs_of_one_class():
        push = sum(math.exp(margin - distance(A[k], A[n])) for k in (i, j) for n in range(7) if LABELS[n] != LABELS[i])
        losses.append(max(0, math.log(push) + distance(A[i], A[j])) ** 2 / 2)
    np.testing.assert_allclose(jax.jit(ml.lifted_struct_loss)(LABELS, A, margin), np.mean(losses), rtol=1e-5)


# --- the edges --------------------------------------------------------------------------------------

OF_ONE_BATCH = [ml.triplet_semihard_loss, ml.lifted_struct_loss]


@pytest.mark.parametrize("loss", OF_ONE_BATCH)
def test_classes_of_one_vector_have_nothing_to_lose(loss):
    value, grad = value_and_gradient(loss, np.arange(7), A)
    np.testing.assert_array_equal((value, *grad.ravel()), 0)


def test_a_batch_of_one_class_has_no_negatives():
    value, grad = value_and_gradient(ml.lifted_struct_loss, np.zeros(7, int), A)
    np.testing.assert_array_equal((value, *grad.ravel()), 0)
    expected = np.mean([distance(A[i], A[j]) ** 2 + 1 for i in range(7) for j in range(7) if i != j])  # TF's
    value, grad = value_and_gradient(ml.triplet_semihard_loss, np.zeros(7, int), A)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    assert np.all(np.isfinite(grad))


@pytest.mark.parametrize("loss", OF_ONE_BATCH)
def test_equal_embeddings_have_finite_gradients(loss):
    embeddings = np.repeat(A[:1], 7, axis=0)
    value, grad = value_and_gradient(loss, LABELS, embeddings)
    assert np.isfinite(value)
    assert np.all(np.isfinite(grad))


@pytest.mark.parametrize("label", [0, 1])
def test_contrastive_loss_of_equal_vectors_has_a_finite_gradient(label):
    value, grad = value_and_gradient(ml.contrastive_loss, np.full(7, label), A, A)
    np.testing.assert_array_equal((value, *grad.ravel()), [1 - label] + [0] * 21)


def test_distances_survive_a_common_offset():
    loss = jax.jit(ml.lifted_struct_loss)
    np.testing.assert_allclose(loss(LABELS, A + np.float32(300)), loss(LABELS, A), rtol=1e-3)


@pytest.mark.parametrize("loss", OF_ONE_BATCH)
def test_embeddings_that_are_far_away_do_not_overflow(loss):
    value, grad = value_and_gradient(loss, LABELS, 1e4 * A)
    assert np.isfinite(value)
    assert np.all(np.isfinite(grad))


@pytest.mark.parametrize("loss", OF_ONE_BATCH)
def test_nan_embeddings_show(loss):
    embeddings = A.copy()
    embeddings[0, 0] = np.nan
    assert np.isnan(jax.jit(loss)(LABELS, embeddings))


CALLS = [
    lambda x: ml.contrastive_loss(LABELS % 2, x, B),
    lambda x: ml.triplet_semihard_loss(LABELS, x),
    lambda x: ml.npairs_loss(LABELS, x, B),
    lambda x: ml.lifted_struct_loss(LABELS, x),
]


@pytest.mark.parametrize("call", CALLS)
def test_jit_vmap_and_lower_precision(call):
    value = call(A)
    np.testing.assert_allclose(jax.jit(call)(A), value, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(jax.vmap(call))(np.stack([B, A]))[1], value, rtol=1e-5)
    half = jnp.asarray(A, jnp.bfloat16)
    assert jax.jit(call)(half).dtype == jnp.float32
    np.testing.assert_allclose(jax.jit(call)(half), jax.jit(call)(half.astype(jnp.float32)), rtol=1e-6)


def test_they_list_nothing():
    def program():
        return slim.Model(lambda: [call(A) for call in CALLS]).collect({})[1].collections

    assert jax.jit(program)() == {}


def test_print_losses(capfd):
    ml.npairs_loss(LABELS, A, B, print_losses=True)
    jax.effects_barrier()
    assert capfd.readouterr().out.startswith("cross entropy: ")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ml.triplet_semihard_loss(LABELS[:, None], A),
            r"triplet_semihard_loss: labels must be \[N\], one for each of the 7 embeddings, got shape \(7, 1\)",
        ),
        (lambda: ml.lifted_struct_loss(LABELS, A[0]), r"lifted_struct_loss: embeddings must be \[N, D\], got shape"),
        (
            lambda: ml.contrastive_loss(LABELS, A, B[:, :2]),
            r"embeddings_anchor and embeddings_positive must be of one shape, got \(7, 3\) and \(7, 2\)",
        ),
        (
            lambda: ml.npairs_loss_multilabel(LABELS, A, B),
            r"sparse_labels must be \[N, classes\], a row for each of the 7 pairs, got shape \(7,\)",
        ),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
