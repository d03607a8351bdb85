"""Rates at the threshold where another rate is as wanted, against a search through all thresholds."""

import jax
import numpy as np
import pytest

import jax_slim as slim

RNG = np.random.default_rng(3)
TRUTH = RNG.uniform(size=60) < 0.4
SCORES = np.clip(RNG.normal(0.4 + 0.2 * TRUTH, 0.2), 0.01, 0.99).astype(np.float32)
NUM = 21
CUTS = [-1e-7, *(i / (NUM - 1) for i in range(1, NUM - 1)), 1 + 1e-7]


def rates(cut):
    """sensitivity (recall), specificity, precision."""
    yes = np.float32(cut) < SCORES
    tp, fp, tn, fn = (np.sum(part) for part in (yes & TRUTH, yes & ~TRUTH, ~yes & ~TRUTH, ~yes & TRUTH))
    return tp / (tp + fn), tn / (tn + fp), tp / max(tp + fp, 1)


TABLE = np.array([rates(cut) for cut in CUTS])
SENSITIVITY, SPECIFICITY, PRECISION = TABLE.T


def update_of(metric, *args, **kwargs):
    model = slim.Model(lambda: metric(*args, num_thresholds=NUM, **kwargs))
    return float(jax.jit(lambda: model.collect({})[0][1])())


@pytest.mark.parametrize("wanted", [0.0, 0.55, 0.9, 1.0])
def test_points(wanted):
    m = slim.metrics
    nearest = np.flatnonzero(np.isclose(abs(SENSITIVITY - wanted), abs(SENSITIVITY - wanted).min()))
    found = update_of(m.streaming_specificity_at_sensitivity, SCORES, TRUTH, wanted)
    assert found == pytest.approx(SPECIFICITY[nearest[-1]], abs=1e-6)
    nearest = np.flatnonzero(np.isclose(abs(SPECIFICITY - wanted), abs(SPECIFICITY - wanted).min()))
    found = update_of(m.streaming_sensitivity_at_specificity, SCORES, TRUTH, wanted)
    assert found == pytest.approx(SENSITIVITY[nearest[0]], abs=1e-6)
    found = update_of(m.precision_at_recall, TRUTH, SCORES, wanted - 1e-3 if wanted == 1 else wanted)
    best = np.flatnonzero(wanted - 1e-3 <= SENSITIVITY)[-1]
    assert found == pytest.approx(PRECISION[best] if wanted else 1.0, abs=1e-5)


@pytest.mark.parametrize("wanted", [0.45, 0.6])
def test_recall_at_precision(wanted):
    nearest = np.argmin(abs(PRECISION - wanted))
    found = update_of(slim.metrics.recall_at_precision, TRUTH, SCORES, wanted)
    assert found == pytest.approx(SENSITIVITY[nearest], abs=1e-6)
    enough = np.flatnonzero(wanted <= PRECISION)
    strict = update_of(slim.metrics.recall_at_precision, TRUTH, SCORES, wanted, strict_mode=True)
    assert strict == pytest.approx(SENSITIVITY[enough[np.argmin(PRECISION[enough])]], abs=1e-6)


def test_a_score_at_a_threshold_is_not_above_it():
    metric = slim.metrics.streaming_true_positives_at_thresholds
    (_, update), _ = slim.Model(lambda: metric(np.float32([0.5, 0.75]), np.ones(2, bool), [0.25, 0.5, 0.75])).collect(
        {}
    )
    assert update.tolist() == [2, 1, 0]


def test_strict_mode_without_any_threshold():
    found = update_of(slim.metrics.recall_at_precision, ~np.isfinite(SCORES), SCORES, 0.5, strict_mode=True)
    assert found == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.recall_at_precision(TRUTH, SCORES, -0.1), r"precision must be in the range \[0, 1\], got -0.1"),
        (lambda m: m.precision_at_recall(TRUTH, SCORES, 2), r"target_recall must be in the range \[0, 1\], got 2"),
        (lambda m: m.f1_score(TRUTH, SCORES, num_thresholds=1), "num_thresholds must be at least 2, got 1"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        slim.Model(lambda: call(slim.metrics)).specs()
