"""Scores in [0, 1] cut at many thresholds: counts and rates at each, and the best of one given another."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.metrics._accumulators import Accumulator, at_least_float32, total
from jax_slim.metrics._args import all_probabilities, matching, report

# Added to denominators, and the width by which the outer thresholds lie outside of [0, 1].
EPSILON = 1e-7

Counts = Mapping[str, jax.Array]


def evenly_spaced(function: str, num_thresholds: int) -> list[float]:
    """Thresholds from just below 0 to just above 1."""
    if num_thresholds < 2:
        raise ValueError(f"{function}: num_thresholds must be at least 2, got {num_thresholds}.")
    inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)]
    return [-EPSILON, *inner, 1 + EPSILON]


def counts_at_thresholds(
    function: str,
    predictions: jax.Array,
    labels: jax.Array,
    thresholds: Sequence[float],
    weights: jax.Array | None,
    kinds: Sequence[str] = ("tp", "fn", "tn", "fp"),
) -> tuple[Counts, Counts]:
    """The counts at each threshold, before this batch and including it. Creates a variable [T] for each kind.

    A score counts as positive above the threshold, not at it. A batch with a score that is no probability makes all
    counts NaN: cut at thresholds in [0, 1], logits and percentages would give numbers that look like a result.

    Raises:
      ValueError: a score is outside of [0, 1] or NaN, where values can be looked at.
    """
    scores = at_least_float32(predictions).reshape(1, -1)
    proper = all_probabilities(function, scores)
    truth = (labels != 0).reshape(1, -1)
    positive = scores > np.asarray(thresholds, np.float32)[:, None].astype(scores.dtype)
    if weights is not None:
        weights = jnp.broadcast_to(weights, predictions.shape).reshape(1, -1)
    names = {"tp": "true_positives", "fn": "false_negatives", "tn": "true_negatives", "fp": "false_positives"}
    before, after = {}, {}
    for kind in kinds:
        counts = Accumulator(names[kind], [len(thresholds)])
        hits = (positive if kind in ("tp", "fp") else ~positive) & (truth if kind in ("tp", "fn") else ~truth)
        before[kind] = counts.value
        amounts = total(hits if weights is None else hits * weights, axis=1)
        after[kind] = counts.add(amounts._replace(high=jnp.where(proper, amounts.high, jnp.nan)))
    return before, after


def metric_at_thresholds(
    function: str,
    default_name: str,
    predictions: Any,
    labels: Any,
    thresholds: Sequence[float],
    weights: Any,
    kinds: Sequence[str],
    compute: Callable[..., Any],
    metrics_collections: NamesOfCollections,
    updates_collections: NamesOfCollections,
    name: str | None,
) -> tuple[Any, Any]:
    """A metric that `compute` makes of the counts, which it gets by their kinds."""
    predictions, labels, weights = matching(function, predictions, labels, weights)
    with variable_scope(name, default_name):
        before, after = counts_at_thresholds(function, predictions, labels, thresholds, weights, kinds)
        value, update = compute(**before), compute(**after)
        report(metrics_collections, updates_collections, value, update)
        return value, update


def _share(part: str, rest: str) -> Callable[..., jax.Array]:
    return lambda **counts: counts[part] / (EPSILON + counts[part] + counts[rest])


@operation
def streaming_true_positives_at_thresholds(
    predictions: Any, labels: Any, thresholds: Sequence[float], weights: Any = None
) -> tuple[jax.Array, jax.Array]:
    """How often labels are true and predictions above each threshold, over all batches.

    Creates `true_positives` [T] in the current scope.

        counts, update = slim.metrics.streaming_true_positives_at_thresholds(scores, labels, [0.25, 0.5, 0.75])   # [3]

    Args:
      predictions: probabilities, in [0, 1], of any shape.
      labels: of the same shape; numbers other than 0 count as true.
      thresholds: a list of T floats. A score equal to a threshold is not above it.
      weights: how much each one counts; broadcast as for `streaming_mean`.

    Returns:
      The counts (sums of weights) [T] before this batch, and including it.

    Raises:
      ValueError: the shapes differ, `weights` do not broadcast to them, or a prediction is outside of [0, 1] or NaN;
        inside of `jit`, where values cannot be looked at, that makes the results NaN.
    """
    function = "streaming_true_positives_at_thresholds"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    before, after = counts_at_thresholds(function, predictions, labels, thresholds, weights, ["tp"])
    return before["tp"], after["tp"]


@operation
def streaming_false_negatives_at_thresholds(
    predictions: Any, labels: Any, thresholds: Sequence[float], weights: Any = None
) -> tuple[jax.Array, jax.Array]:
    """How often labels are true and predictions not above each threshold, over all batches.

    As `streaming_true_positives_at_thresholds`.
    """
    function = "streaming_false_negatives_at_thresholds"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    before, after = counts_at_thresholds(function, predictions, labels, thresholds, weights, ["fn"])
    return before["fn"], after["fn"]


@operation
def streaming_false_positives_at_thresholds(
    predictions: Any, labels: Any, thresholds: Sequence[float], weights: Any = None
) -> tuple[jax.Array, jax.Array]:
    """How often labels are false and predictions above each threshold, over all batches.

    As `streaming_true_positives_at_thresholds`.
    """
    function = "streaming_false_positives_at_thresholds"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    before, after = counts_at_thresholds(function, predictions, labels, thresholds, weights, ["fp"])
    return before["fp"], after["fp"]


@operation
def streaming_true_negatives_at_thresholds(
    predictions: Any, labels: Any, thresholds: Sequence[float], weights: Any = None
) -> tuple[jax.Array, jax.Array]:
    """How often labels are false and predictions not above each threshold, over all batches.

    As `streaming_true_positives_at_thresholds`.
    """
    function = "streaming_true_negatives_at_thresholds"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    before, after = counts_at_thresholds(function, predictions, labels, thresholds, weights, ["tn"])
    return before["tn"], after["tn"]


@operation
def streaming_precision_at_thresholds(
    predictions: Any,
    labels: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of the scores above each threshold whose labels are true, over all batches: tp / (tp + fp).

    Creates `<name>/true_positives` and `<name>/false_positives`, both [T].

    Args:
      predictions: probabilities, in [0, 1], of any shape.
      labels: of the same shape; numbers other than 0 count as true.
      thresholds: a list of T floats. A score equal to a threshold is not above it.
      weights: how much each one counts; broadcast as for `streaming_mean`.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "precision_at_thresholds", made unique.

    Returns:
      The rates [T] before this batch, and including it; 0 where the denominator is 0.

    Raises:
      ValueError: the shapes differ, `weights` do not broadcast to them, or a prediction is outside of [0, 1] or NaN;
        inside of `jit`, where values cannot be looked at, that makes the results NaN.
    """
    return metric_at_thresholds(
        "streaming_precision_at_thresholds",
        "precision_at_thresholds",
        predictions,
        labels,
        thresholds,
        weights,
        ["tp", "fp"],
        _share("tp", "fp"),
        metrics_collections,
        updates_collections,
        name,
    )


@operation
def streaming_recall_at_thresholds(
    predictions: Any,
    labels: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of the true labels with scores above each threshold, over all batches: tp / (tp + fn).

    As `streaming_precision_at_thresholds`.
    """
    return metric_at_thresholds(
        "streaming_recall_at_thresholds",
        "recall_at_thresholds",
        predictions,
        labels,
        thresholds,
        weights,
        ["tp", "fn"],
        _share("tp", "fn"),
        metrics_collections,
        updates_collections,
        name,
    )


@operation
def streaming_false_positive_rate_at_thresholds(
    predictions: Any,
    labels: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of the false labels with scores above each threshold, over all batches: fp / (fp + tn).

    As `streaming_precision_at_thresholds`.
    """
    return metric_at_thresholds(
        "streaming_false_positive_rate_at_thresholds",
        "false_positive_rate_at_thresholds",
        predictions,
        labels,
        thresholds,
        weights,
        ["tn", "fp"],
        _share("fp", "tn"),
        metrics_collections,
        updates_collections,
        name,
    )


@operation
def streaming_false_negative_rate_at_thresholds(
    predictions: Any,
    labels: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of the true labels with scores not above each threshold, over all batches: fn / (fn + tp).

    As `streaming_precision_at_thresholds`.
    """
    return metric_at_thresholds(
        "streaming_false_negative_rate_at_thresholds",
        "false_negative_rate_at_thresholds",
        predictions,
        labels,
        thresholds,
        weights,
        ["tp", "fn"],
        _share("fn", "tp"),
        metrics_collections,
        updates_collections,
        name,
    )
