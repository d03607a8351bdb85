"""`tf.contrib.metrics`: rates of false predictions, and numbers of true and false ones at thresholds."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import dtypes
from jax_slim.tf1.python import gathering, math, metrics_counts, variable_scope
from jax_slim.tf1.python.metrics_means import collected, fitted

_EPSILON = 1e-7


def _rate(name: str, wrong: str, right: str, doc: str) -> Callable[..., tuple[Any, Any]]:
    """A metric: `wrong` counts, as a share of them and the `right` ones; 0 where there are none."""

    def share(part: Any, other: Any, name: str) -> Any:
        return gathering.where(math.greater(part + other, 0), math.div(part, part + other), 0, name)

    def metric(predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
               name: Any = None) -> tuple[Any, Any]:  # fmt: skip
        with variable_scope.variable_scope(name, scope, (predictions, labels, weights)):
            predictions, labels, weights = fitted(
                math.cast(predictions, dtypes.bool_), math.cast(labels, dtypes.bool_), weights
            )
            part, part_update = getattr(metrics_counts, wrong)(labels, predictions, weights)
            other, other_update = getattr(metrics_counts, right)(labels, predictions, weights)
            value = collected(metrics_collections, share(part, other, "value"))
            return value, collected(updates_collections, share(part_update, other_update, "update_op"))

    scope = name.removeprefix("streaming_")
    return _named(metric, name, doc)


def _rate_at_thresholds(name: str, wrong: str, right: str, doc: str) -> Callable[..., tuple[Any, Any]]:
    def metric(predictions: Any, labels: Any, thresholds: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
               name: Any = None) -> tuple[Any, Any]:  # fmt: skip
        with variable_scope.variable_scope(name, scope, (predictions, labels, weights)):
            values, updates = metrics_counts.confusion_at_thresholds(
                labels, predictions, thresholds, weights, includes=(wrong, right)
            )
            results = [
                math.div(found[wrong], _EPSILON + found[wrong] + found[right], name=f"{short}_{what}")
                for found, what in ((values, "value"), (updates, "update_op"))
            ]
            return collected(metrics_collections, results[0]), collected(updates_collections, results[1])

    scope, short = name.removeprefix("streaming_"), wrong + "r"
    return _named(metric, name, doc)


def _counted_at_thresholds(kind: str, name: str) -> Callable[..., tuple[Any, Any]]:
    def metric(predictions: Any, labels: Any, thresholds: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
               name: Any = None) -> tuple[Any, Any]:  # fmt: skip
        # In contrib these have no scope: `name` is not used.
        values, updates = metrics_counts.confusion_at_thresholds(
            labels, predictions, thresholds, weights, includes=(kind,)
        )
        return collected(metrics_collections, values[kind]), collected(updates_collections, updates[kind])

    plain = name.removeprefix("streaming_")
    return _named(metric, name, f"`tf.metrics.{plain}` with predictions first; its variable is in no scope.")


def _named(metric: Callable[..., Any], name: str, doc: str) -> Callable[..., Any]:
    metric.__name__ = metric.__qualname__ = name
    metric.__doc__ = doc
    return metric


streaming_false_positive_rate = _rate(
    "streaming_false_positive_rate",
    "false_positives",
    "true_negatives",
    "The share of false labels that are predicted as true.",
)
streaming_false_negative_rate = _rate(
    "streaming_false_negative_rate",
    "false_negatives",
    "true_positives",
    "The share of true labels that are predicted as false.",
)
streaming_false_positive_rate_at_thresholds = _rate_at_thresholds(
    "streaming_false_positive_rate_at_thresholds",
    "fp",
    "tn",
    "The share of false labels above each threshold.",
)
streaming_false_negative_rate_at_thresholds = _rate_at_thresholds(
    "streaming_false_negative_rate_at_thresholds",
    "fn",
    "tp",
    "The share of true labels not above each threshold.",
)
streaming_true_positives_at_thresholds = _counted_at_thresholds("tp", "streaming_true_positives_at_thresholds")
streaming_true_negatives_at_thresholds = _counted_at_thresholds("tn", "streaming_true_negatives_at_thresholds")
streaming_false_positives_at_thresholds = _counted_at_thresholds("fp", "streaming_false_positives_at_thresholds")
streaming_false_negatives_at_thresholds = _counted_at_thresholds("fn", "streaming_false_negatives_at_thresholds")
