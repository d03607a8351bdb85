"""`cluster_loss` against the search written as loops, its gradient, and what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.losses import _agreement, clustering
from jax_slim.losses._distances import same_class
from losses.partitions import DEFINITIONS, same_partition

cluster_loss = slim.losses.metric_learning.cluster_loss
SCORES = {**DEFINITIONS, "const": lambda labels, predictions: float(np.all(labels == predictions))}

LABELS = np.array([4, 1, 4, 2, 1, 2, 4, 1, 2])


def embeddings(seed, spread=1.0):
    """Classes that overlap a little, on the unit sphere."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(5, 4))[LABELS] + spread * rng.normal(size=(len(LABELS), 4))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def assign(distances, centers):
    predictions = np.argmin(distances[centers], axis=0)
    predictions[centers] = np.arange(len(centers))
    return predictions


def margin(labels, predictions, multiplier, kind):
    if kind != "const" and same_partition(labels, predictions):
        return 0.0
    return multiplier * (1 - max(0.0, SCORES[kind](labels, predictions)))


def search(distances, labels, multiplier, refine, kind):
    """The centers, found as in the paper: greedily, then by exchange."""
    centers = []
    for _ in set(labels.tolist()):
        scores = {}
        for candidate in sorted(set(range(len(labels))) - set(centers)):
            chosen = [*centers, candidate]
            score = -distances[chosen].min(axis=0).sum()
            scores[candidate] = score + margin(labels, assign(distances, chosen), multiplier, kind)
        centers.append(max(scores, key=scores.get))
    for _ in range(5 if refine else 0):
        clusters = assign(distances, centers)
        for cluster in range(len(centers)):
            members = np.flatnonzero(clusters == cluster)
            scores = {}
            for member in members:
                chosen = [member if i == cluster else center for i, center in enumerate(centers)]
                score = -distances[members, member].sum()
                scores[member] = score + margin(labels, assign(distances, chosen), multiplier, kind)
            centers[cluster] = max(scores, key=scores.get)
    return centers


def definition(labels, points, multiplier, refine, kind):
    points = points.astype(np.float64)
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    centers = search(distances, labels, multiplier, refine, kind)
    predicted = -distances[centers].min(axis=0).sum() + margin(labels, assign(distances, centers), multiplier, kind)
    truth = 0.0
    for label in set(labels.tolist()):
        members = np.flatnonzero(labels == label)
        truth -= distances[np.ix_(members, members)].sum(axis=0).min()
    return max(0.0, predicted - truth)


@pytest.mark.parametrize("refine", [False, True])
@pytest.mark.parametrize("kind", SCORES)
def test_matches_the_loops(kind, refine):
    run = jax.jit(cluster_loss, static_argnums=(3, 4))
    found = []
    for seed in range(6):
        points = embeddings(seed)
        for multiplier in (0.3, 3.0):
            expected = definition(LABELS, points, multiplier, refine, kind)
            np.testing.assert_allclose(run(LABELS, points, multiplier, refine, kind), expected, rtol=1e-4, atol=1e-5)
            found.append(expected)
    assert max(found) > 0.5


@pytest.mark.parametrize("refine", [False, True])
@pytest.mark.parametrize(
    "labels", [LABELS, np.array([4, 1, 4, 2, 1, 2, 4, 3, 3]), np.array([0, 1, 0, 2, 3, 0, 4, 4, 1])]
)
def test_equal_vectors_of_different_classes(refine, labels):
    # Centers in one place: each keeps itself, and the first of them all the others.
    run = jax.jit(cluster_loss, static_argnums=(3, 4))
    for seed in range(8):
        points = embeddings(seed)[np.random.default_rng(seed).integers(0, 3, 9)]
        for multiplier in (0.3, 3.0):
            expected = definition(labels, points, multiplier, refine, "nmi")
            np.testing.assert_allclose(run(labels, points, multiplier, refine, "nmi"), expected, rtol=1e-4, atol=1e-5)


def test_of_centers_in_one_place_the_first_gets_the_points():
    labels = jnp.asarray([0, 1, 0])
    search = clustering._Search(jnp.zeros((3, 3)), _agreement.score("const", labels), 1.0, same_class(labels))
    order = jnp.asarray([-1, 1, -1])
    margins = search._margins(order, jnp.asarray(0))
    np.testing.assert_array_equal(margins[jnp.asarray([0, 2])], 0)  # either, as center 0, takes the other from center 1


def test_the_refinement_changes_something():
    changed = [
        definition(LABELS, embeddings(seed), 1.0, True, "nmi") - definition(LABELS, embeddings(seed), 1.0, False, "nmi")
        for seed in range(6)
    ]
    assert np.any(np.abs(changed) > 1e-3)


def test_the_gradient_is_that_of_the_chosen_distances():
    points = embeddings(1).astype(np.float64)
    with jax.enable_x64(True):
        run = jax.jit(jax.value_and_grad(lambda points: cluster_loss(LABELS, points, 2.0)))
        loss, grad = run(points)
        assert loss > 0
        direction = np.random.default_rng(2).normal(size=points.shape)
        (ahead, _), (behind, _) = (run(points + s * 1e-6 * direction) for s in (1, -1))
    np.testing.assert_allclose(np.sum(np.asarray(grad) * direction), (float(ahead) - float(behind)) / 2e-6, rtol=1e-4)


@pytest.mark.parametrize(
    ("labels", "points"),
    [
        (np.zeros(9, int), embeddings(0)),  # one class
        (np.arange(9), embeddings(0)),  # classes of one vector
        (LABELS, np.ones((9, 4), np.float32)),  # one place
        (np.zeros(1, int), np.ones((1, 4), np.float32)),
    ],
)
def test_the_edges_are_finite(labels, points):
    loss, grad = jax.jit(jax.value_and_grad(lambda points: cluster_loss(labels, points, 1.0)))(points)
    assert np.isfinite(loss)
    assert np.all(np.isfinite(grad))


def test_vmap_and_a_column_of_labels():
    batch = np.stack([embeddings(0), embeddings(1)])
    result = jax.jit(jax.vmap(lambda points: cluster_loss(LABELS[:, None], points, 1.0)))(batch)
    one = jax.jit(lambda points: cluster_loss(LABELS, points, 1.0))
    np.testing.assert_allclose(result, [one(points) for points in batch], rtol=1e-5)


def test_its_parts_are_summaries():
    model = slim.Model(lambda: cluster_loss(LABELS, embeddings(1), 1.0))
    loss, collected = jax.jit(lambda: model.collect({}))()
    parts = collected.summaries
    assert set(parts) == {"losses/score_pred", "losses/nmi", "losses/score_gt"}
    expected = parts["losses/score_pred"] + 1 - parts["losses/nmi"] - parts["losses/score_gt"]
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    assert collected.losses == {}


def test_print_losses(capfd):
    cluster_loss(LABELS, embeddings(1), 1.0, print_losses=True)
    jax.effects_barrier()
    assert capfd.readouterr().out.startswith("clustering_loss: ")


def test_refuses():
    with pytest.raises(ValueError, match=r"cluster_loss: margin_type must be one of nmi, .*, const, got 'rand'"):
        cluster_loss(LABELS, embeddings(0), 1.0, margin_type="rand")
    message = r"embeddings must be \[N, D\] and labels \[N\] or \[N, 1\], got shapes \(9, 4\) and \(3,\)"
    with pytest.raises(ValueError, match=message):
        cluster_loss(LABELS[:3], embeddings(0), 1.0)
