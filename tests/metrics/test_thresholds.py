"""Metrics over thresholds want probabilities: logits, percent and NaN give no number that looks like a result."""

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.metrics.programs import MetricsProgram

TRUTH = np.array([0, 0, 1, 1, 1, 0, 1, 0], bool)
PROPER = np.array([0.0, 0.4, 0.35, 0.8, 1.0, 0.2, 0.7, 0.3], np.float32)
WRONG = {
    "logits": (PROPER - 0.5) * 20,
    "percent": PROPER * 100,
    "a NaN": np.where(np.arange(8) == 3, np.nan, PROPER).astype(np.float32),
}

m = slim.metrics
OVER_THRESHOLDS = {
    "streaming_auc": lambda p, t: m.streaming_auc(p, t),
    "streaming_curve_points": lambda p, t: m.streaming_curve_points(t, p),
    "streaming_true_negatives_at_thresholds": lambda p, t: m.streaming_true_negatives_at_thresholds(p, t, [0.5]),
    "streaming_false_positive_rate_at_thresholds": lambda p, t: m.streaming_false_positive_rate_at_thresholds(
        p, t, [0.5]
    ),
    "streaming_recall_at_thresholds": lambda p, t: m.streaming_recall_at_thresholds(p, t, [0.5]),
    "streaming_sensitivity_at_specificity": lambda p, t: m.streaming_sensitivity_at_specificity(p, t, 0.5),
    "precision_at_recall": lambda p, t: m.precision_at_recall(t, p, 0.5),
    "recall_at_precision": lambda p, t: m.recall_at_precision(t, p, 0.5),
    "f1_score": lambda p, t: m.f1_score(t, p),
    "precision_recall_at_equal_thresholds": lambda p, t: [d.tp for d in m.precision_recall_at_equal_thresholds(t, p)],
}


@pytest.mark.parametrize("name", OVER_THRESHOLDS)
def test_what_is_no_probability_is_refused_and_inside_of_jit_makes_nan(name):
    metric = OVER_THRESHOLDS[name]
    (_, update), _ = slim.Model(lambda: metric(PROPER, TRUTH)).collect({})
    assert np.isfinite(update).all()
    collect = jax.jit(slim.Model(metric).collect)
    for wrong in WRONG.values():
        with pytest.raises(ValueError, match=rf"{name}: predictions must be probabilities in \[0, 1\], got .*sigmoid"):
            slim.Model(lambda wrong=wrong: metric(wrong, TRUTH)).collect({})
        (_, update), _ = collect({}, wrong, TRUTH)
        assert np.isnan(update).all()


@pytest.mark.parametrize(
    "metric",
    [
        lambda p, t: m.auc_using_histogram(t, p, [0.0, 1.0]),
        lambda p, t: m.streaming_dynamic_auc(t, p, capacity=64),
    ],
)
def test_scores_on_any_scale_may_not_be_nan(metric):
    collect = jax.jit(slim.Model(metric).collect)
    variables, values = {}, []
    for scores in (WRONG["logits"], WRONG["a NaN"], WRONG["a NaN"], PROPER):
        (_, update), collected = collect(variables, scores, TRUTH)
        variables, values = collected.updates, [*values, float(update)]
    assert np.isnan(values).tolist() == [False, True, True, True]


def test_an_evaluation_refuses_what_is_no_probability():
    program = MetricsProgram(lambda batch: {"auc": m.streaming_auc(batch, TRUTH), "too": m.streaming_auc(batch, TRUTH)})
    for batch in (PROPER, WRONG["percent"], PROPER):
        program.update({}, batch)
    with pytest.raises(
        ValueError, match=r"streaming_auc: predictions must be probabilities .*, and in some batch they"
    ):
        program.results({})
    program.reset()
    program.update({}, PROPER)
    assert np.isfinite(program.results({})[0]["auc"])


def test_an_evaluation_refuses_class_ids_out_of_range():
    program = MetricsProgram(lambda ids: {"iou": m.streaming_mean_iou(ids, ids, 3)})
    program.update({}, np.array([0, 3]))
    with pytest.raises(
        ValueError, match="streaming_mean_iou: labels must be at least 0 and below num_classes=3, and in"
    ):
        program.results({})
