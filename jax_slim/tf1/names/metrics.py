"""`tf.metrics` and `tf.contrib.metrics`."""

NAMES: dict[str, str] = {}
_FILES = {
    "means": (
        "mean mean_tensor accuracy mean_absolute_error mean_squared_error root_mean_squared_error mean_relative_error mean_cosine_distance percentage_below "
        "mean_iou mean_per_class_accuracy"
    ),
    "counts": (
        "true_positives true_negatives false_positives false_negatives precision recall auc true_positives_at_thresholds true_negatives_at_thresholds "
        "false_positives_at_thresholds false_negatives_at_thresholds precision_at_thresholds recall_at_thresholds sensitivity_at_specificity "
        "specificity_at_sensitivity"
    ),
    "ranking": "recall_at_k recall_at_top_k precision_at_k precision_at_top_k average_precision_at_k sparse_average_precision_at_k sparse_precision_at_k",
}  # fmt: skip
for _file, _names in _FILES.items():
    for _name in _names.split():
        NAMES[f"metrics.{_name}"] = f"python.metrics_{_file}:{_name}"
_CONTRIB = (
    "accuracy aggregate_metrics aggregate_metric_map streaming_accuracy streaming_precision streaming_recall streaming_true_positives "
    "streaming_true_negatives streaming_false_positives streaming_false_negatives streaming_true_positives_at_thresholds "
    "streaming_true_negatives_at_thresholds streaming_false_positives_at_thresholds streaming_false_negatives_at_thresholds streaming_auc "
    "streaming_precision_at_thresholds streaming_recall_at_thresholds streaming_sensitivity_at_specificity streaming_specificity_at_sensitivity "
    "streaming_mean_absolute_error streaming_mean_squared_error streaming_root_mean_squared_error streaming_mean_relative_error "
    "streaming_mean_cosine_distance streaming_mean_iou streaming_mean_per_class_accuracy streaming_sparse_recall_at_k streaming_sparse_precision_at_k "
    "streaming_sparse_average_precision_at_k streaming_sparse_precision_at_top_k streaming_mean streaming_mean_tensor streaming_percentage_less "
    "streaming_recall_at_k streaming_covariance streaming_pearson_correlation streaming_concat f1_score count cohen_kappa sparse_recall_at_top_k streaming_sparse_average_precision_at_top_k"
)
for _name in _CONTRIB.split():
    NAMES[f"contrib.metrics.{_name}"] = f"contrib.metrics:{_name}"
_RATES = (
    "true_positives",
    "true_negatives",
    "false_positives",
    "false_negatives",
    "false_positive_rate",
    "false_negative_rate",
)
for _name in (*_RATES[4:], *(f"{n}_at_thresholds" for n in _RATES)):
    NAMES[f"contrib.metrics.streaming_{_name}"] = f"contrib.metrics_rates:streaming_{_name}"
_CURVES = (
    "streaming_curve_points streaming_dynamic_auc auc_with_confidence_intervals precision_recall_at_equal_thresholds recall_at_precision "
    "precision_at_recall"
)
for _name in _CURVES.split():
    NAMES[f"contrib.metrics.{_name}"] = f"contrib.metrics_curves:{_name}"
NAMES["contrib.metrics.auc_using_histogram"] = "contrib.metrics_histograms:auc_using_histogram"
NAMES["contrib.metrics.confusion_matrix"] = "python.segments:confusion_matrix"
for _name in "set_difference set_intersection set_size set_union".split():
    NAMES[f"contrib.metrics.{_name}"] = f"python.sets:{_name}"
