"""Metrics that keep every value: room, overflow, and what jit cannot know."""

import jax
import numpy as np
import pytest

import jax_slim as slim

SCORES, LABELS = np.float32([0.1, 0.4, 0.4, 0.8]), np.array([0, 0, 1, 1])


def collect(function, *batches, jit=False):
    """The (value, update) pairs over batches of arguments."""
    run = slim.Model(function).collect
    run = jax.jit(run) if jit else run
    variables, pairs = {}, []
    for batch in batches:
        pair, collected = run(variables, *batch)
        variables |= collected.updates
        pairs.append(pair)
    return pairs, variables


def test_concat_along_another_axis():
    x = np.arange(12.0).reshape(2, 3, 2)
    pairs, variables = collect(lambda x: slim.metrics.streaming_concat(x, -1, capacity=5), (x,), (-x,), (x[..., :1],))
    np.testing.assert_array_equal(pairs[2][0], np.concatenate([x, -x], -1))
    assert [int(size) for _, size in pairs] == [2, 4, 5]
    assert variables["streaming_concat/array"].shape == (5, 2, 3)


def test_concat_says_when_it_is_full():
    with pytest.raises(ValueError, match=r"capacity must be at least .* got 5 with 6 values so far"):
        collect(lambda x: slim.metrics.streaming_concat(x, capacity=5), (np.ones(3),), (np.ones(3),))


def test_concat_inside_of_jit():
    def keep(x):
        return slim.metrics.streaming_concat(x, capacity=5)

    pairs, _ = collect(keep, *[(np.float32([1, 2]),)] * 4, jit=True)
    np.testing.assert_array_equal(pairs[2][0], [1, 2, 1, 2, 0])
    assert [int(size) for _, size in pairs] == [2, 4, 6, 8]  # more than there is room for
    assert np.isnan(pairs[3][0]).all()


def test_concat_with_max_size_leaves_the_rest_out():
    pairs, _ = collect(lambda x: slim.metrics.streaming_concat(x, max_size=3), *[(np.float32([1, 2]),)] * 3, jit=True)
    np.testing.assert_array_equal(pairs[2][0], [1, 2, 1])
    assert [int(size) for _, size in pairs] == [2, 3, 3]


def test_concat_refuses_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match=r"axis must be an axis of values \(3,\), got 1"):
        collect(lambda x: slim.metrics.streaming_concat(x, 1), (np.ones(3),))


METRICS = [slim.metrics.streaming_dynamic_auc, slim.metrics.auc_with_confidence_intervals]


@pytest.mark.parametrize("metric", METRICS)
def test_full_is_an_error_and_nan_inside_of_jit(metric):
    def auc(labels, scores):
        return metric(labels, scores, capacity=7)

    with pytest.raises(ValueError, match=r"capacity must be at least .* got 7 with 8 values"):
        collect(auc, *[(LABELS, SCORES)] * 2)
    ((_, once), (_, twice)), _ = collect(auc, *[(LABELS, SCORES)] * 2, jit=True)
    assert np.isfinite(once).all()
    assert np.isnan(twice).all()


@pytest.mark.parametrize("metric", METRICS)
def test_labels_are_0_or_1(metric):
    def auc(labels, scores):
        return metric(labels, scores, capacity=8)

    with pytest.raises(ValueError, match="labels must be 0 or 1, got 3"):
        collect(auc, (LABELS * 3, SCORES))
    ((_, update),), _ = collect(auc, (LABELS * 3, SCORES), jit=True)
    assert np.isnan(update).all()


def test_one_label_only_has_no_area():
    ((value, update),), _ = collect(
        lambda labels, scores: slim.metrics.streaming_dynamic_auc(labels, scores, capacity=8), (LABELS * 0, SCORES)
    )
    assert value == update == 0


def test_interval_without_logit_is_symmetric():
    def auc(labels, scores):
        return slim.metrics.auc_with_confidence_intervals(labels, scores, logit_transformation=False, capacity=8)

    ((_, update),), _ = collect(auc, (LABELS, SCORES))
    area, lower, upper = map(float, update)
    assert area == pytest.approx(0.875)
    assert upper - area == pytest.approx(area - lower, rel=1e-5)
    assert upper > area


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: slim.metrics.streaming_dynamic_auc(LABELS, SCORES, "XX"), "curve must be .* got 'XX'"),
        (lambda: slim.metrics.streaming_dynamic_auc(LABELS, SCORES[:3]), r"got \(3,\) and \(4,\)"),
        (lambda: slim.metrics.auc_with_confidence_intervals(LABELS, SCORES, alpha=1.0), "alpha must be .* got 1.0"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        slim.Model(call).specs()
