"""Areas and points of curves: ways to sum, thresholds of one's own, scores outside of [0, 1]."""

import jax
import numpy as np
import pytest

import jax_slim as slim

SCORES, TRUTH = np.float32([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])


def update_of(metric, *args, **kwargs):
    model = slim.Model(lambda: metric(*args, **kwargs))
    return jax.jit(lambda: model.collect({})[0][1])()


def test_sums_bound_each_other():
    low, middle, high = (
        float(update_of(slim.metrics.streaming_auc, SCORES, TRUTH, num_thresholds=5, summation_method=method))
        for method in ("minoring", "trapezoidal", "majoring")
    )
    assert low < middle < high
    assert middle == pytest.approx((low + high) / 2, rel=1e-6)


def test_thresholds_of_ones_own():
    # Between any two scores: the curve is exact then, 3 of 4 pairs in the right order.
    area = update_of(slim.metrics.streaming_auc, SCORES, TRUTH, thresholds=[0.6, 0.2, 0.38])
    assert area == pytest.approx(0.75, abs=1e-5)


def test_points_lie_between_the_corners():
    points = update_of(slim.metrics.streaming_curve_points, TRUTH, SCORES, num_thresholds=3)
    np.testing.assert_allclose(points, [[1, 1], [0, 0.5], [0, 0]], atol=2e-6)


def test_counts_beyond_float32_at_equal_thresholds():
    scope = "precision_recall_at_equal_thresholds/variables"
    start = {f"{scope}/fp_buckets": np.float32([2**26, 3, 0])}  # their sum is no float32
    metric = slim.metrics.precision_recall_at_equal_thresholds
    model = slim.Model(lambda: metric(TRUTH, SCORES, num_thresholds=3))
    (value, _), _ = model.collect(start)
    np.testing.assert_array_equal(value.tn, np.float32([0, 2**26, 2**26 + 3]))


def test_a_score_at_a_threshold_counts_there():
    metric = slim.metrics.precision_recall_at_equal_thresholds
    update = update_of(metric, np.ones(3, bool), np.float32([0, 0.5, 1]), num_thresholds=3)
    np.testing.assert_array_equal(update.tp, [3, 2, 1])
    np.testing.assert_array_equal(update.thresholds, [0, 0.5, 1])


def test_histogram_clips_and_says_when_it_is_full():
    area = update_of(slim.metrics.auc_using_histogram, TRUTH, SCORES * 10 - 2, [0.0, 1.0], nbins=3)
    assert area == pytest.approx(0.5 * (1 + 0.5))  # -1, 2 and 1.5, 6 end in the outer bins
    start = {"auc_using_histogram/hist_accumulate/hist_true_acc": np.array([2**31 - 1, 1, 1], np.int32)}
    model = slim.Model(lambda: slim.metrics.auc_using_histogram(TRUTH, SCORES * 0, [0.0, 1.0], nbins=3))
    (_, update), _ = model.collect(start)
    assert np.isnan(update)


def test_histograms_are_listed_where_wanted():
    model = slim.Model(lambda: slim.metrics.auc_using_histogram(TRUTH, SCORES, [0.0, 1.0], collections=["mine"]))
    assert {spec.collections for spec in model.specs().values()} == {("mine",)}


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda m: m.streaming_auc(SCORES, TRUTH, summation_method="x"),
            ValueError,
            "must be one of trap.* got 'x'",
        ),
        (lambda m: m.streaming_curve_points(TRUTH, SCORES, curve="AB"), ValueError, "curve must be .* got 'AB'"),
        (lambda m: m.auc_using_histogram(TRUTH * 1, SCORES, [0.0, 1.0]), ValueError, "must be booleans, got int32"),
        (
            lambda m: m.auc_using_histogram(TRUTH[None], SCORES[None], [0, 1]),
            ValueError,
            r"rank 1 \[N\], got shape \(1, 4\)",
        ),
        (
            lambda m: m.precision_recall_at_equal_thresholds(TRUTH * 1, SCORES),
            TypeError,
            "must be booleans, got int32",
        ),
        (
            lambda m: m.precision_recall_at_equal_thresholds(TRUTH, SCORES, None, 1),
            ValueError,
            "must be at least 2, got 1",
        ),
    ],
)
def test_refuses(call, kind, message):
    with pytest.raises(kind, match=message):
        slim.Model(lambda: call(slim.metrics)).specs()
