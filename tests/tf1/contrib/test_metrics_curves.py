"""Points of curves, areas without thresholds and with intervals: against definitions in float64."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

metrics = tf.contrib.metrics
DRAW = np.random.default_rng(0)
LABELS = DRAW.integers(0, 2, 40)
PREDICTIONS = np.round(0.3 * LABELS + DRAW.uniform(0, 0.7, 40), 1)  # many are equal
WEIGHTS = DRAW.integers(1, 4, 40).astype(float)


def _in_batches(metric, kinds, *columns):
    """The value after two batches of 20."""
    with tf.Graph().as_default(), tf.Session() as session:
        fed = [tf.placeholder(kind, [20]) for kind in kinds]
        value, update = metric(*fed)
        session.run(tf.local_variables_initializer())
        for half in (slice(None, 20), slice(20, None)):
            feeds = dict(zip(fed, (c[half] for c in columns), strict=True))
            session.run(update, feeds)
        return session.run(value, feeds)


def _pairs(labels, predictions, weights):
    """The area under the ROC curve as the share of pairs that are in the right order, half of equal ones."""
    true, false = labels == 1, labels == 0
    above = predictions[true][:, None] - predictions[false][None]
    products = weights[true][:, None] * weights[false][None]
    return (products * (above > 0)).sum() / products.sum() + (products * (above == 0)).sum() / products.sum() / 2


def test_the_area_without_thresholds_is_the_share_of_ordered_pairs():
    kinds = (tf.int64, tf.float32, tf.float32)
    found = _in_batches(
        lambda y, p, w: metrics.streaming_dynamic_auc(y, p, weights=w), kinds, LABELS, PREDICTIONS, WEIGHTS
    )
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, _pairs(LABELS, PREDICTIONS, WEIGHTS), rtol=1e-12)


def test_the_area_under_precision_and_recall():
    found = _in_batches(
        lambda y, p: metrics.streaming_dynamic_auc(y, p, curve="PR"), (tf.int64, tf.float32), LABELS, PREDICTIONS
    )
    points = [(0.0, 1.0)]
    for threshold in sorted(set(PREDICTIONS), reverse=True):
        above = threshold <= PREDICTIONS
        points.append((LABELS[above].sum() / LABELS.sum(), LABELS[above].mean()))
    x, y = np.transpose(points)
    np.testing.assert_allclose(found, np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2), rtol=1e-12)


def test_an_area_of_one_class_is_zero():
    with tf.Graph().as_default(), tf.Session() as session:
        value, update = metrics.streaming_dynamic_auc(tf.constant([1, 1]), tf.constant([0.1, 0.2]))
        session.run(tf.local_variables_initializer())
        session.run(update)
        assert session.run(value) == 0.0
        _, update = metrics.streaming_dynamic_auc(tf.constant([2, 1]), tf.constant([0.1, 0.2]))
        session.run(tf.local_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="labels must be 0 or 1"):
            session.run(update)
        with pytest.raises(ValueError, match="ROC or PR"):
            metrics.streaming_dynamic_auc(tf.constant([2, 1]), tf.constant([0.1, 0.2]), curve="X")


@pytest.mark.parametrize("logit", [False, True])
def test_the_interval_is_that_of_delong(logit):
    found = _in_batches(
        lambda y, p: metrics.auc_with_confidence_intervals(y, p, logit_transformation=logit),
        (tf.int64, tf.float32),
        LABELS,
        PREDICTIONS,
    )
    true, false = PREDICTIONS[LABELS == 1], PREDICTIONS[LABELS == 0]
    wins = np.sign(true[:, None] - false[None]) / 2 + 0.5
    area = wins.mean()
    error = np.sqrt(wins.mean(1).var(ddof=1) / len(true) + wins.mean(0).var(ddof=1) / len(false))
    if logit:
        middle, error = np.log(area / (1 - area)), error / (area * (1 - area))
        bounds = [1 / (1 + np.exp(-middle - sign * 1.959964 * error)) for sign in (-1, 1)]
    else:
        bounds = [area - 1.959964 * error, area + 1.959964 * error]
    np.testing.assert_allclose(found, [area, *bounds], rtol=2e-5)


def test_points_of_a_curve():
    found = _in_batches(
        lambda y, p: metrics.streaming_curve_points(y, p, num_thresholds=3), (tf.int64, tf.float32), LABELS, PREDICTIONS
    )
    above = PREDICTIONS.astype(np.float32) > 0.5
    middle = [above[LABELS == 0].mean(), above[LABELS == 1].mean()]
    np.testing.assert_allclose(found, [[1, 1], middle, [0, 0]], atol=1e-6)


def test_precision_and_recall_at_thresholds_of_equal_distance():
    columns = LABELS == 1, 0.9 * PREDICTIONS + 0.03, WEIGHTS
    found = _in_batches(
        lambda y, p, w: metrics.precision_recall_at_equal_thresholds(y, p, w, num_thresholds=5),
        (tf.bool, tf.float32, tf.float32),
        *columns,
    )
    assert found._fields == ("tp", "fp", "tn", "fn", "precision", "recall", "thresholds")
    labels, predictions, weights = columns
    for at, threshold in enumerate([0, 0.25, 0.5, 0.75, 1]):
        above = predictions >= threshold
        counts = [weights[labels & above].sum(), weights[~labels & above].sum(), weights[~labels & ~above].sum()]
        np.testing.assert_allclose([found.tp[at], found.fp[at], found.tn[at]], counts, rtol=1e-6)
        assert found.thresholds[at] == threshold
    np.testing.assert_allclose(found.recall, found.tp / WEIGHTS[LABELS == 1].sum(), rtol=1e-6)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (lambda y, p: metrics.recall_at_precision(y, p, 0.7, num_thresholds=4), 2 / 3),
        (lambda y, p: metrics.recall_at_precision(y, p, 0.8, num_thresholds=4, strict_mode=True), 1 / 3),
        (lambda y, p: metrics.precision_at_recall(y, p, 0.6, num_thresholds=4), 2 / 3),
    ],
)
def test_what_is_had_at_a_precision_or_recall(metric, expected):
    with tf.Graph().as_default(), tf.Session() as session:
        # Above 0: 3 true, 3 false; above 1/3: 2 and 1; above 2/3: 1 and 0.
        value, update = metric(tf.constant([1, 1, 1, 0, 0, 0]), tf.constant([0.9, 0.5, 0.2, 0.5, 0.2, 0.1]))
        session.run(tf.local_variables_initializer())
        updated = session.run(update)
        np.testing.assert_allclose([updated, session.run(value)], expected, rtol=1e-5)


def test_bounds_outside_of_0_to_1_are_refused():
    y, p = np.array([1]), np.array([0.5])
    for metric, match in (
        (lambda: metrics.recall_at_precision(y, p, 1.5), "`precision`"),
        (lambda: metrics.precision_at_recall(y, p, -1), "`target_recall`"),
        (lambda: metrics.auc_with_confidence_intervals(y, p, alpha=1.0), "alpha must be between"),
    ):
        with pytest.raises(ValueError, match=match):
            metric()
