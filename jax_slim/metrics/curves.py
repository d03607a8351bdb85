"""ROC and precision-recall curves from counts at fixed thresholds: their areas and their points."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.collections import GraphKeys, NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope, variable_scope
from jax_slim.metrics._accumulators import (
    Accumulator,
    Pair,
    add_integers,
    at_least_float32,
    metric_variable,
)
from jax_slim.metrics._args import all_probabilities, array, matching
from jax_slim.metrics._bins import counts_by_bin, sums_by_bin
from jax_slim.metrics.thresholds import EPSILON, evenly_spaced, metric_at_thresholds

# Keeps the ends of the curves defined where there are no positives or no negatives, as in TensorFlow.
_CURVE_EPSILON = 1e-6


def check_curve(function: str, curve: str) -> None:
    """Raises ValueError unless `curve` is one of the two that there are."""
    if curve not in ("ROC", "PR"):
        raise ValueError(f'{function}: curve must be "ROC" or "PR", got {curve!r}.')


def _points(curve: str, tp: jax.Array, fn: jax.Array, tn: jax.Array, fp: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The x and y of the curve at each threshold, from its right end to its left one."""
    recall = (tp + _CURVE_EPSILON) / (tp + fn + _CURVE_EPSILON)
    if curve == "ROC":
        return fp / (fp + tn + _CURVE_EPSILON), recall
    return recall, (tp + _CURVE_EPSILON) / (tp + fp + _CURVE_EPSILON)


def _interpolated_pr_area(tp: jax.Array, fn: jax.Array, fp: jax.Array) -> jax.Array:
    """The area under the PR curve with precision interpolated as counts allow (Davis and Goadrich, ICML 2006)."""

    def quotient(a: jax.Array, b: jax.Array) -> jax.Array:
        return jnp.where(b > 0, a / jnp.where(b > 0, b, 1), 0)

    positive = tp + fp
    upper, lower = positive[:-1], positive[1:]
    d_tp = tp[:-1] - tp[1:]
    slope = quotient(d_tp, upper - lower)
    intercept = tp[1:] - slope * lower
    both = (upper > 0) & (lower > 0)
    logarithm = jnp.log(jnp.where(both, quotient(upper, lower), 1))
    return jnp.sum(quotient(slope * (d_tp + intercept * logarithm), tp[1:] + fn[1:]))


def _area(curve: str, method: str, tp: jax.Array, fn: jax.Array, tn: jax.Array, fp: jax.Array) -> jax.Array:
    if curve == "PR" and method == "careful_interpolation":
        return _interpolated_pr_area(tp, fn, fp)
    x, y = _points(curve, tp, fn, tn, fp)
    heights = {"minoring": jnp.minimum, "majoring": jnp.maximum}.get(method, lambda a, b: (a + b) / 2)(y[:-1], y[1:])
    return jnp.sum((x[:-1] - x[1:]) * heights)


@operation
def streaming_auc(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The area under the ROC or precision-recall curve, approximated at fixed thresholds.

    Scores that crowd between two thresholds make it coarse: `streaming_dynamic_auc` is exact, and keeps the scores.

    Creates `<name>/true_positives`, `false_negatives`, `true_negatives` and `false_positives`, all [num_thresholds].

        auc, update = slim.metrics.streaming_auc(jax.nn.sigmoid(logits), labels)      # [N], [N] -> two scalars

    Args:
      predictions: probabilities, in [0, 1], of any shape.
      labels: of the same shape; numbers other than 0 count as true.
      weights: how much each one counts; broadcast as for `streaming_mean`.
      num_thresholds: how many thresholds, evenly spaced over [0, 1].
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      curve: "ROC", or "PR" for precision over recall.
      name: the scope of the variables; by default "auc", made unique.
      summation_method: "trapezoidal"; "careful_interpolation", which for "PR" is the better one (a straight line
        between two points of that curve is too high); "minoring" or "majoring" for bounds. As `tf.metrics.auc` has it.
      thresholds: a list of floats to use besides 0 and 1, in place of `num_thresholds`.

    Returns:
      The area before this batch, and including it.

    Raises:
      ValueError: `curve` or `summation_method` is another, the shapes differ, `weights` do not broadcast to them, or a
        prediction is outside of [0, 1] or NaN; inside of `jit`, where values cannot be looked at, that makes the
        results NaN.
    """
    check_curve("streaming_auc", curve)
    methods = ("trapezoidal", "careful_interpolation", "minoring", "majoring")
    if summation_method not in methods:
        raise ValueError(
            f"streaming_auc: summation_method must be one of {', '.join(methods)}, got {summation_method!r}."
        )
    if thresholds is None:
        cuts = evenly_spaced("streaming_auc", num_thresholds)
    else:
        cuts = [-EPSILON, *sorted(thresholds), 1 + EPSILON]
    return metric_at_thresholds(
        "streaming_auc",
        "auc",
        predictions,
        labels,
        cuts,
        weights,
        ["tp", "fn", "tn", "fp"],
        functools.partial(_area, curve, summation_method),
        metrics_collections,
        updates_collections,
        name,
    )


@operation
def streaming_curve_points(
    labels: Any = None,
    predictions: Any = None,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    curve: str = "ROC",
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The points of the ROC or precision-recall curve at fixed thresholds, over all batches.

    Creates `<name>/true_positives`, `false_negatives`, `true_negatives` and `false_positives`, all [num_thresholds].

    Args:
      labels: numbers other than 0 count as true.
      predictions: scores in [0, 1], of the same shape.
      weights, num_thresholds, metrics_collections, updates_collections, curve: as for `streaming_auc`.
      name: by default "curve_points", made unique.

    Returns:
      The points [num_thresholds, 2] before this batch, and including it: (false positive rate, recall), or
      (recall, precision) for "PR", from the lowest threshold to the highest.
    """
    function = "streaming_curve_points"
    check_curve(function, curve)
    return metric_at_thresholds(
        function,
        "curve_points",
        predictions,
        labels,
        evenly_spaced(function, num_thresholds),
        weights,
        ["tp", "fn", "tn", "fp"],
        lambda **counts: jnp.stack(_points(curve, **counts), axis=1),
        metrics_collections,
        updates_collections,
        name,
    )


class PrecisionRecallData(NamedTuple):
    """Counts and rates at evenly spaced thresholds, each [num_thresholds]."""

    tp: jax.Array
    fp: jax.Array
    tn: jax.Array
    fn: jax.Array
    precision: jax.Array
    recall: jax.Array
    thresholds: jax.Array


@operation
def precision_recall_at_equal_thresholds(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> tuple[PrecisionRecallData, PrecisionRecallData]:
    """Counts, precision and recall at evenly spaced thresholds, in one pass over the scores however many there are.

    The functions `..._at_thresholds` compare each score with each threshold; this one sorts the scores into bins, which
    suits scores by the million, such as those of pixels. A score at a threshold counts as positive here.

    Creates `<name>/variables/tp_buckets` and `<name>/variables/fp_buckets`, both [num_thresholds].

    Args:
      labels: booleans.
      predictions: scores in [0, 1], of the same shape. A score outside is an error; inside of `jit`, where values
        cannot be looked at, it makes the results NaN.
      weights: how much each one counts; broadcast as for `streaming_mean`.
      num_thresholds: how many, from 0 to 1 inclusive; by default 201.
      use_locking: accepted, without meaning here.
      name: the scope of the variables; by default "precision_recall_at_equal_thresholds", made unique.

    Returns:
      `PrecisionRecallData` (tp, fp, tn, fn, precision, recall, thresholds) before this batch, and including it.

    Raises:
      ValueError: scores outside of [0, 1], fewer than two thresholds, or shapes that do not match.
      TypeError: `labels` are not booleans.
    """
    del use_locking
    function = "precision_recall_at_equal_thresholds"
    num_thresholds = 201 if num_thresholds is None else num_thresholds
    if num_thresholds < 2:
        raise ValueError(f"{function}: num_thresholds must be at least 2, got {num_thresholds}.")
    if array(labels).dtype != bool:
        raise TypeError(f"{function}: labels must be booleans, got {array(labels).dtype}. Pass labels > 0.")
    predictions, labels, weights = matching(function, predictions, labels, weights)
    scores = at_least_float32(predictions).reshape(-1)
    proper = all_probabilities(function, scores)
    bins = jnp.floor(jnp.where(proper, scores, 0) * (num_thresholds - 1)).astype(jnp.int32)

    def batch(hits: jax.Array) -> Pair:
        hits = hits.reshape(-1)
        if weights is None:
            sums = sums_by_bin(jnp.where(hits, bins, -1), num_thresholds)
        else:
            sums = sums_by_bin(bins, num_thresholds, hits * jnp.broadcast_to(weights, labels.shape).reshape(-1))
        return sums._replace(high=jnp.where(proper, sums.high, jnp.nan))

    thresholds = jnp.linspace(0, 1, num_thresholds, dtype=scores.dtype)

    def result(tp_bins: Pair, fp_bins: Pair) -> PrecisionRecallData:
        tp, fp = _sums_from_the_end(tp_bins), _sums_from_the_end(fp_bins)
        fn, tn = _first_minus(tp), _first_minus(fp)
        precision = tp.high / jnp.maximum(EPSILON, tp.high + fp.high)
        recall = tp.high / jnp.maximum(EPSILON, tp.high + fn)
        values = (tp.high, fp.high, tn, fn, precision, recall, thresholds)
        return PrecisionRecallData(*(value.astype(scores.dtype) for value in values))

    with variable_scope(name, function):
        with name_scope("variables"):
            tp_bins = Accumulator("tp_buckets", [num_thresholds], np.float64)
            fp_bins = Accumulator("fp_buckets", [num_thresholds], np.float64)
        before = result(tp_bins.pair(), fp_bins.pair())
        tp_bins.add(batch(labels))
        fp_bins.add(batch(~labels))
        return before, result(tp_bins.updated_pair, fp_bins.updated_pair)


def _sums_from_the_end(pair: Pair) -> Pair:
    """Each element plus all that follow."""
    return Pair(*jax.lax.associative_scan(lambda a, b: tuple(Pair(*a) + Pair(*b)), tuple(pair), reverse=True))


def _first_minus(pair: Pair) -> jax.Array:
    first = Pair(pair.high[:1], pair.low[:1])
    return (first + Pair(-pair.high, -pair.low)).high


@operation
def auc_using_histogram(
    boolean_labels: Any,
    scores: Any,
    score_range: Any,
    nbins: int = 100,
    collections: NamesOfCollections = None,
    check_shape: bool = True,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The area under the ROC curve, approximated from one histogram of scores for each label.

    Takes O(N + nbins) a batch. (Bouckaert, Efficient AUC learning curve calculation, AI 2006.)

    Creates the integers `<name>/hist_accumulate/hist_true_acc` and `.../hist_false_acc`, both [nbins]: up to 2^31 - 1
    scores in a bin, beyond which the result is NaN (int64 with x64).

    Args:
      boolean_labels: booleans [N].
      scores: numbers [N], on any scale.
      score_range: the least and greatest score expected; scores outside count as in the first or last bin.
      nbins: how many bins; more of them approximate better.
      collections: the collections that list the variables; LOCAL_VARIABLES by default.
      check_shape: False accepts any rank.
      name: by default "auc_using_histogram", made unique.

    Returns:
      The area before this batch, and including it; NaN while there are no true or no false labels, and from the first
      score on that is NaN.

    Raises:
      ValueError: labels that are not booleans, or shapes that do not match or are not [N].
    """
    function = "auc_using_histogram"
    scores, labels, _ = matching(function, scores, boolean_labels, names=("scores", "boolean_labels"))
    if labels.dtype != bool:
        raise ValueError(f"{function}: boolean_labels must be booleans, got {labels.dtype}. Pass labels > 0.")
    if check_shape and labels.ndim != 1:
        raise ValueError(f"{function}: boolean_labels and scores must have rank 1 [N], got shape {labels.shape}.")
    scores, labels = at_least_float32(scores).reshape(-1), labels.reshape(-1)
    low, high = jnp.unstack(at_least_float32(score_range))
    bins = jnp.clip(jnp.floor(nbins * ((scores - low) / (high - low))), 0, nbins - 1).astype(jnp.int32)
    unknown = jnp.any(jnp.isnan(scores))

    def amounts(counts: jax.Array, hits: jax.Array) -> jax.Array:
        # Counts of -1 stay so: what `area` takes for counts that are not to be trusted.
        lost = unknown | jnp.any(counts < 0)
        return jnp.where(lost, -1 - counts, counts_by_bin(jnp.where(hits, bins, -1), nbins))

    def area(of_true: jax.Array, of_false: jax.Array) -> jax.Array:
        # From the highest bin to the lowest: the curve starts where nothing is taken for true.
        dy, dx = (counts[::-1] / jnp.sum(counts.astype(jnp.float32)) for counts in (of_true, of_false))
        y = jnp.cumsum(dy)
        full = jnp.any(of_true < 0) | jnp.any(of_false < 0)  # more than an integer holds, or NaN among the scores
        return jnp.where(full, jnp.nan, jnp.sum(dx * (y - dy / 2)))

    collections = GraphKeys.LOCAL_VARIABLES if collections is None else collections
    with variable_scope(name, function), variable_scope(None, "hist_accumulate"):
        true_name, of_true = metric_variable("hist_true_acc", [nbins], np.int64, collections)
        false_name, of_false = metric_variable("hist_false_acc", [nbins], np.int64, collections)
        new_true = add_integers(true_name, of_true, amounts(of_true, labels))
        new_false = add_integers(false_name, of_false, amounts(of_false, ~labels))
        return area(of_true, of_false), area(new_true, new_false)
