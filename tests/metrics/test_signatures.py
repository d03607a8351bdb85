"""The public names of tf.contrib.slim.metrics 1.15, their arguments, the order of these and their defaults."""

import inspect

import jax.numpy as jnp
import pytest

import jax_slim as slim

# "..." stands for metrics_collections=None, updates_collections=None, "..()" for the same with ().
TENSORFLOW = """
accuracy(predictions, labels, weights=None, name=None)
aggregate_metric_map(names_to_tuples)
aggregate_metrics(*value_update_tuples)
auc_using_histogram(boolean_labels, scores, score_range, nbins=100, collections=None, check_shape=True, name=None)
auc_with_confidence_intervals(labels, predictions, weights=None, alpha=0.95, logit_transformation=True, ..(), name=None)
cohen_kappa(labels, predictions_idx, num_classes, weights=None, ..., name=None)
confusion_matrix(labels, predictions, num_classes=None, dtype=jnp.int32, name=None, weights=None)
count(values, weights=None, ..., name=None)
f1_score(labels, predictions, weights=None, num_thresholds=200, ..., name=None)
precision_at_recall(labels, predictions, target_recall, weights=None, num_thresholds=200, ..., name=None)
precision_recall_at_equal_thresholds(labels, predictions, weights=None, num_thresholds=None, use_locking=None, \
name=None)
recall_at_precision(labels, predictions, precision, weights=None, num_thresholds=200, ..., name=None, strict_mode=False)
set_difference(a, b, aminusb=True, validate_indices=True)
set_intersection(a, b, validate_indices=True)
set_size(a, validate_indices=True)
set_union(a, b, validate_indices=True)
sparse_recall_at_top_k(labels, top_k_predictions, class_id=None, weights=None, ..., name=None)
streaming_accuracy(predictions, labels, weights=None, ..., name=None)
streaming_auc(predictions, labels, weights=None, num_thresholds=200, ..., curve="ROC", name=None)
streaming_concat(values, axis=0, max_size=None, ..., name=None)
streaming_covariance(predictions, labels, weights=None, ..., name=None)
streaming_curve_points(labels=None, predictions=None, weights=None, num_thresholds=200, ..., curve="ROC", name=None)
streaming_dynamic_auc(labels, predictions, curve="ROC", ..(), name=None, weights=None)
streaming_false_negative_rate(predictions, labels, weights=None, ..., name=None)
streaming_false_negative_rate_at_thresholds(predictions, labels, thresholds, weights=None, ..., name=None)
streaming_false_negatives(predictions, labels, weights=None, ..., name=None)
streaming_false_negatives_at_thresholds(predictions, labels, thresholds, weights=None)
streaming_false_positive_rate(predictions, labels, weights=None, ..., name=None)
streaming_false_positive_rate_at_thresholds(predictions, labels, thresholds, weights=None, ..., name=None)
streaming_false_positives(predictions, labels, weights=None, ..., name=None)
streaming_false_positives_at_thresholds(predictions, labels, thresholds, weights=None)
streaming_mean(values, weights=None, ..., name=None)
streaming_mean_absolute_error(predictions, labels, weights=None, ..., name=None)
streaming_mean_cosine_distance(predictions, labels, dim, weights=None, ..., name=None)
streaming_mean_iou(predictions, labels, num_classes, weights=None, ..., name=None)
streaming_mean_relative_error(predictions, labels, normalizer, weights=None, ..., name=None)
streaming_mean_squared_error(predictions, labels, weights=None, ..., name=None)
streaming_mean_tensor(values, weights=None, ..., name=None)
streaming_pearson_correlation(predictions, labels, weights=None, ..., name=None)
streaming_percentage_less(values, threshold, weights=None, ..., name=None)
streaming_precision(predictions, labels, weights=None, ..., name=None)
streaming_precision_at_thresholds(predictions, labels, thresholds, weights=None, ..., name=None)
streaming_recall(predictions, labels, weights=None, ..., name=None)
streaming_recall_at_k(predictions, labels, k, weights=None, ..., name=None)
streaming_recall_at_thresholds(predictions, labels, thresholds, weights=None, ..., name=None)
streaming_root_mean_squared_error(predictions, labels, weights=None, ..., name=None)
streaming_sensitivity_at_specificity(predictions, labels, specificity, weights=None, num_thresholds=200, ..., name=None)
streaming_sparse_average_precision_at_k(predictions, labels, k, weights=None, ..., name=None)
streaming_sparse_average_precision_at_top_k(top_k_predictions, labels, weights=None, ..., name=None)
streaming_sparse_precision_at_k(predictions, labels, k, class_id=None, weights=None, ..., name=None)
streaming_sparse_precision_at_top_k(top_k_predictions, labels, class_id=None, weights=None, ..., name=None)
streaming_sparse_recall_at_k(predictions, labels, k, class_id=None, weights=None, ..., name=None)
streaming_specificity_at_sensitivity(predictions, labels, sensitivity, weights=None, num_thresholds=200, ..., name=None)
streaming_true_negatives(predictions, labels, weights=None, ..., name=None)
streaming_true_negatives_at_thresholds(predictions, labels, thresholds, weights=None)
streaming_true_positives(predictions, labels, weights=None, ..., name=None)
streaming_true_positives_at_thresholds(predictions, labels, thresholds, weights=None)
"""
SIGNATURES = {
    line.partition("(")[0]: line.partition("(")[2][:-1]
    .replace("..()", "metrics_collections=(), updates_collections=()")
    .replace("...", "metrics_collections=None, updates_collections=None")
    for line in TENSORFLOW.split("\n")[1:-1]
}
# Ours, after TensorFlow's.
ADDED = {
    "auc_with_confidence_intervals": ["capacity"],
    "streaming_auc": ["summation_method", "thresholds"],
    "streaming_concat": ["capacity"],
    "streaming_dynamic_auc": ["capacity"],
}
OURS = {
    "AucData",
    "DEFAULT_CAPACITY",
    "PrecisionRecallData",
    "SparseTensor",
    "accumulator_dtype",
    "streaming_confusion_matrix",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments(name):
    expected = inspect.signature(eval(f"lambda {SIGNATURES[name]}: 0", {"jnp": jnp})).parameters.values()
    found = list(inspect.signature(getattr(slim.metrics, name)).parameters.values())
    wanted = [(parameter.name, parameter.default, parameter.kind) for parameter in expected]
    assert [(parameter.name, parameter.default, parameter.kind) for parameter in found][: len(wanted)] == wanted
    assert [parameter.name for parameter in found[len(wanted) :]] == ADDED.get(name, [])


def test_there_is_nothing_else():
    public = {name for name, value in vars(slim.metrics).items() if name[0] != "_" and not inspect.ismodule(value)}
    assert public == set(SIGNATURES) | OURS


def test_everything_says_what_it_does():
    assert [name for name in SIGNATURES if not getattr(slim.metrics, name).__doc__] == []
