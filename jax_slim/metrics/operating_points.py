"""One rate at the threshold where another has a wanted value, and the best F1 score of all thresholds."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.metrics.thresholds import EPSILON, evenly_spaced, metric_at_thresholds


def _in_unit_interval(function: str, argument: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{function}: {argument} must be in the range [0, 1], got {value}.")


@operation
def streaming_specificity_at_sensitivity(
    predictions: Any,
    labels: Any,
    sensitivity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The specificity tn / (tn + fp) at the threshold whose sensitivity tp / (tp + fn) is nearest to the wanted one.

    Creates `<name>/true_positives`, `false_negatives`, `true_negatives` and `false_positives`, all [num_thresholds].

        value, update = slim.metrics.streaming_specificity_at_sensitivity(scores, labels, 0.9)

    Args:
      predictions: probabilities, in [0, 1], of any shape.
      labels: of the same shape; numbers other than 0 count as true.
      sensitivity: the wanted one, in [0, 1]. Of equally near thresholds the highest is taken.
      weights: how much each one counts; broadcast as for `streaming_mean`.
      num_thresholds: how many thresholds, evenly spaced over [0, 1].
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "specificity_at_sensitivity", made unique.

    Returns:
      The specificity before this batch, and including it.

    Raises:
      ValueError: `sensitivity` is outside of [0, 1], the shapes differ, `weights` do not broadcast to them, or a
        prediction is outside of [0, 1] or NaN; inside of `jit`, where values cannot be looked at, that makes the
        results NaN.
    """
    function = "streaming_specificity_at_sensitivity"
    _in_unit_interval(function, "sensitivity", sensitivity)

    def compute(tp: jax.Array, fn: jax.Array, tn: jax.Array, fp: jax.Array) -> jax.Array:
        distances = jnp.abs(tp / (tp + fn + EPSILON) - sensitivity)
        last = len(distances) - 1 - jnp.argmin(distances[::-1])
        return tn[last] / (tn[last] + fp[last] + EPSILON)

    return metric_at_thresholds(
        function,
        "specificity_at_sensitivity",
        predictions,
        labels,
        evenly_spaced(function, num_thresholds),
        weights,
        ["tp", "fn", "tn", "fp"],
        compute,
        metrics_collections,
        updates_collections,
        name,
    )


@operation
def streaming_sensitivity_at_specificity(
    predictions: Any,
    labels: Any,
    specificity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The sensitivity tp / (tp + fn) at the threshold whose specificity tn / (tn + fp) is nearest to the wanted one.

    As `streaming_specificity_at_sensitivity`; of equally near thresholds the lowest is taken.
    """
    function = "streaming_sensitivity_at_specificity"
    _in_unit_interval(function, "specificity", specificity)

    def compute(tp: jax.Array, fn: jax.Array, tn: jax.Array, fp: jax.Array) -> jax.Array:
        first = jnp.argmin(jnp.abs(tn / (tn + fp + EPSILON) - specificity))
        return tp[first] / (tp[first] + fn[first] + EPSILON)

    return metric_at_thresholds(
        function,
        "sensitivity_at_specificity",
        predictions,
        labels,
        evenly_spaced(function, num_thresholds),
        weights,
        ["tp", "fn", "tn", "fp"],
        compute,
        metrics_collections,
        updates_collections,
        name,
    )


@operation
def recall_at_precision(
    labels: Any,
    predictions: Any,
    precision: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
    strict_mode: bool = False,
) -> tuple[jax.Array, jax.Array]:
    """The recall at the threshold whose precision is nearest to the wanted one.

    As `streaming_specificity_at_sensitivity`, with labels first as in TensorFlow.

    Args:
      labels: numbers other than 0 count as true.
      predictions: probabilities, in [0, 1], of the same shape.
      precision: the wanted one, in [0, 1]. Of equally near thresholds the lowest is taken.
      weights, num_thresholds, metrics_collections, updates_collections: as above.
      name: by default "recall_at_precision", made unique.
      strict_mode: True takes the lowest precision that is not below the wanted one; where there is none, the
        recall is 0.

    Returns:
      The recall before this batch, and including it.
    """
    _in_unit_interval("recall_at_precision", "precision", precision)

    def compute(tp: jax.Array, fn: jax.Array, tn: jax.Array, fp: jax.Array) -> jax.Array:
        del tn
        precisions = tp / (tp + fp + EPSILON)
        if strict_mode:
            # The reciprocal ranks positive differences before negative ones, and small before large.
            best = jnp.argmax(1 / (precisions - precision + EPSILON))
        else:
            best = jnp.argmin(jnp.abs(precisions - precision))
        recall = tp[best] / (tp[best] + fn[best] + EPSILON)
        return jnp.where(precisions[best] >= precision, recall, 0) if strict_mode else recall

    return metric_at_thresholds(
        "recall_at_precision",
        "recall_at_precision",
        predictions,
        labels,
        evenly_spaced("recall_at_precision", num_thresholds),
        weights,
        ["tp", "fn", "tn", "fp"],
        compute,
        metrics_collections,
        updates_collections,
        name,
    )


@operation
def precision_at_recall(
    labels: Any,
    predictions: Any,
    target_recall: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The precision at the highest threshold whose recall is not below the wanted one.

    As `streaming_specificity_at_sensitivity`, with labels first as in TensorFlow.

    Args:
      labels: numbers other than 0 count as true.
      predictions: probabilities, in [0, 1], of the same shape.
      target_recall: the wanted recall, in [0, 1].
      weights, num_thresholds, metrics_collections, updates_collections: as above.
      name: by default "precision_at_recall", made unique.

    Returns:
      The precision before this batch, and including it.
    """
    _in_unit_interval("precision_at_recall", "target_recall", target_recall)

    def compute(tp: jax.Array, fn: jax.Array, tn: jax.Array, fp: jax.Array) -> jax.Array:
        del tn
        # Recall falls as the threshold rises. Where none reaches the target, index -1 is the last, as in TensorFlow.
        index = jnp.sum(tp / (tp + fn + EPSILON) >= target_recall) - 1
        return (tp[index] + EPSILON) / (tp[index] + fp[index] + EPSILON)

    return metric_at_thresholds(
        "precision_at_recall",
        "precision_at_recall",
        predictions,
        labels,
        evenly_spaced("precision_at_recall", num_thresholds),
        weights,
        ["tp", "fn", "tn", "fp"],
        compute,
        metrics_collections,
        updates_collections,
        name,
    )


@operation
def f1_score(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The best F1 score over all thresholds: the harmonic mean of precision and recall.

    Chosen on the data that it is measured on, it flatters: choose the threshold on other data.

    Creates `<name>/true_positives`, `false_negatives` and `false_positives`, all [num_thresholds].

    Args:
      labels: numbers other than 0 count as true.
      predictions: probabilities, in [0, 1], of the same shape.
      weights, num_thresholds, metrics_collections, updates_collections: as for
        `streaming_specificity_at_sensitivity`.
      name: by default "f1", made unique.

    Returns:
      The score before this batch, and including it.
    """

    def compute(tp: jax.Array, fn: jax.Array, fp: jax.Array) -> jax.Array:
        precision, recall = tp / (EPSILON + tp + fp), tp / (EPSILON + tp + fn)
        return jnp.max(2 * precision * recall / (precision + recall + EPSILON))

    return metric_at_thresholds(
        "f1_score",
        "f1",
        predictions,
        labels,
        evenly_spaced("f1_score", num_thresholds),
        weights,
        ["tp", "fn", "fp"],
        compute,
        metrics_collections,
        updates_collections,
        name,
    )
