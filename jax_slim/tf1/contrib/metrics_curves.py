"""`tf.contrib.metrics`: points of ROC and precision-recall curves, the areas under them, and what is had at a point."""

from typing import Any, NamedTuple

from jax_slim.tf1.contrib.metrics import streaming_concat
from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.python import (
    array,
    checks,
    constant_op,
    control_flow,
    distributions_continuous,
    gathering,
    joining,
    math,
    metrics_counts,
    reductions,
    segments,
    sorting,
    state_ops,
    variable_scope,
)
from jax_slim.tf1.python.metrics_means import collected, fitted, metric_variable

_EPSILON = 1e-7


class AucData(NamedTuple):
    """An area under a ROC curve, with the bounds that it is between with the confidence asked for."""

    auc: Any
    lower: Any
    upper: Any


class PrecisionRecallData(NamedTuple):
    """Numbers of true and false predictions, precision and recall, each a vector with an entry for each threshold."""

    tp: Any
    fp: Any
    tn: Any
    fn: Any
    precision: Any
    recall: Any
    thresholds: Any


def streaming_curve_points(labels: Any = None, predictions: Any = None, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
                           updates_collections: Any = None, curve: str = "ROC", name: Any = None) -> Any:  # fmt: skip
    """The points [num_thresholds, 2] of a curve: (false positive rate, recall), or for `PR` (recall, precision).

    Raises:
      ValueError: another curve.
    """
    with variable_scope.variable_scope(name, "curve_points", (labels, predictions, weights)):
        _check_curve(curve)
        values, updates = metrics_counts.confusion_at_thresholds(
            labels, predictions, metrics_counts.even_thresholds(num_thresholds), weights
        )
        epsilon = 1e-6
        found = math.div(values["tp"] + epsilon, values["tp"] + values["fn"] + epsilon)
        if curve == "ROC":
            points = [math.div(values["fp"], values["fp"] + values["tn"] + epsilon), found]
        else:
            points = [found, math.div(values["tp"] + epsilon, values["tp"] + values["fp"] + epsilon)]
        value = collected(metrics_collections, joining.stack(points, axis=1))
        return value, collected(updates_collections, control_flow.group(*updates.values()))


def streaming_dynamic_auc(labels: Any, predictions: Any, curve: str = "ROC", metrics_collections: Any = (), updates_collections: Any = (), name: Any = None,
                          weights: Any = None) -> Any:  # fmt: skip
    """The area under the curve of all predictions there were, without thresholds: it keeps them all. A float64.

    The value is 0 as long as all labels are alike. Predictions may be any numbers.

    Raises:
      ValueError: another curve. InvalidArgumentError, in a run: labels other than 0 and 1.
    """
    _check_curve(curve)
    with variable_scope.variable_scope(name, "dynamic_auc"):
        labels.get_shape().assert_is_compatible_with(predictions.get_shape())
        given = {"preds": _flat(predictions, dtypes.float64), "labels": _flat(labels, dtypes.int64)}
        if weights is not None:
            given["weights"] = _flat(weights, dtypes.float64)
        with graphs.control_dependencies(_labels_are_0_or_1(given["labels"])):
            kept = {key: streaming_concat(values, name=f"concat_{key}") for key, values in given.items()}
        update = control_flow.group(*(update for _, update in kept.values()))
        all_predictions, all_labels = kept["preds"][0], kept["labels"][0]
        each = constant_op.ones_like(all_predictions) if weights is None else kept["weights"][0]
        true = each * math.cast(all_labels, dtypes.float64)
        total, total_true = reductions.reduce_sum(each), reductions.reduce_sum(true)
        alike = math.logical_or(math.equal(total_true, 0.0), math.equal(total_true, total))
        zero = conversion.constant(0.0, dtypes.float64)
        value = control_flow.cond(alike, lambda: zero, lambda: _exact_area(all_predictions, true, each, curve))
        return collected(metrics_collections, value), collected(updates_collections, update)


def _exact_area(predictions: Any, true: Any, weights: Any, curve: str) -> Any:
    """By trapezoids between the points that thresholds at each different prediction give."""
    ordered, order = sorting.top_k(predictions, k=array.size(predictions))
    differs = math.not_equal(ordered[:-1], ordered[1:])
    ends = gathering.where(joining.concat([differs, [True]], 0))[:, 0]  # of equal predictions the last

    def counted(values: Any) -> Any:
        return joining.concat([[0.0], gathering.gather(reductions.cumsum(gathering.gather(values, order)), ends)], 0)

    positives, above = counted(true), counted(weights)
    found = math.truediv(positives, reductions.reduce_sum(true))
    if curve == "ROC":
        negatives = above - positives
        x, y = math.truediv(negatives, reductions.reduce_sum(weights - true)), found
    else:
        x, y = found, joining.concat([[1.0], math.truediv(positives[1:], above[1:])], 0)
    return reductions.reduce_sum(math.abs(x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2.0)


def auc_with_confidence_intervals(labels: Any, predictions: Any, weights: Any = None, alpha: float = 0.95, logit_transformation: bool = True,
                                  metrics_collections: Any = (), updates_collections: Any = (), name: Any = None) -> Any:  # fmt: skip
    """(`AucData`, update): the area under the ROC curve of all predictions there were, with an interval of confidence `alpha`.

    Variances are those of each example's placement among those of the other class (DeLong et al., 1988). The values are 0 in a run
    whose own batch has labels of one class alone or weights below 1 together.

    Args:
      logit_transformation: whether the interval is symmetric for the logit of the area, so that it stays within 0 to 1.

    Raises:
      ValueError: an `alpha` not between 0 and 1. InvalidArgumentError, in a run: labels other than 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1; currently {alpha:.02f}")
    weights = constant_op.ones_like(predictions) if weights is None else weights
    with variable_scope.variable_scope(name, "auc_with_confidence_intervals", [labels, predictions, weights]):
        predictions, labels, weights = fitted(predictions, labels, weights)
        total = reductions.reduce_sum(weights)
        labels = _flat(labels, dtypes.int64)
        given = {"preds": _flat(predictions, dtypes.float64), "labels": labels, "weights": array.reshape(weights, [-1])}
        with graphs.control_dependencies(_labels_are_0_or_1(labels)):
            kept = {key: streaming_concat(values, name=f"concat_{key}") for key, values in given.items()}
        update = control_flow.group(*(update for _, update in kept.values()))
        enough = math.greater_equal(total, 1.0)
        both = math.logical_and(
            math.equal(reductions.reduce_min(labels), 0), math.equal(reductions.reduce_max(labels), 1)
        )
        found = _placed(kept["preds"][0], kept["labels"][0], kept["weights"][0], alpha, logit_transformation)
        zero = conversion.constant(0.0)
        valid = math.logical_and(both, enough)
        value = AucData(*control_flow.cond(valid, lambda: list(found), lambda: [zero] * 3))
        if metrics_collections:
            graphs.add_to_collections(metrics_collections, value)
        return value, collected(updates_collections, control_flow.cond(enough, lambda: update, control_flow.no_op))


def _placed(predictions: Any, labels: Any, weights: Any, alpha: float, logit: bool) -> AucData:
    order = sorting.top_k(-predictions, k=array.size(predictions))[1]  # the lowest first
    ordered = gathering.gather(predictions, order)
    differs = math.cast(math.not_equal(ordered[:-1], ordered[1:]), dtypes.int32)
    group = joining.concat([[0], reductions.cumsum(differs)], 0)
    weights, labels = gathering.gather(weights, order), gathering.gather(labels, order)
    kind = weights.dtype.base_dtype
    of_class = [weights * math.cast(math.equal(labels, c), kind) for c in (0, 1)]
    totals = [reductions.reduce_sum(w) for w in of_class]

    def placement(others: Any) -> Any:
        """The share of the other class that is below; of equal ones half."""
        in_groups = segments.segment_sum(others, group)
        below = reductions.cumsum(in_groups, exclusive=True) + in_groups / 2.0
        return gathering.gather(below / (reductions.reduce_sum(in_groups) + _EPSILON), group)

    # How well each example is placed: true ones above false ones, false ones below true ones.
    good = [1.0 - placement(of_class[1]), placement(of_class[0])]
    areas = [reductions.reduce_sum(w * g) / (t + _EPSILON) for w, g, t in zip(of_class, good, totals, strict=True)]
    auc = gathering.where(math.less(totals[0], totals[1]), areas[1], areas[0])
    variances = [
        reductions.reduce_sum(w * math.square(g - a)) / (t - 1.0 + _EPSILON)
        for w, g, a, t in zip(of_class, good, areas, totals, strict=True)
    ]
    error = math.sqrt(variances[0] / (totals[0] + _EPSILON) + variances[1] / (totals[1] + _EPSILON))
    width = -distributions_continuous.Normal(0.0, 1.0).quantile((1.0 - alpha) / 2.0)
    if logit:
        middle = math.log(auc / (1.0 - auc + _EPSILON))
        error = error / (auc * (1.0 - auc + _EPSILON))
        bounds = [1.0 / (1.0 + math.exp(-middle + sign * width * error) + _EPSILON) for sign in (1.0, -1.0)]
    else:
        bounds = [auc - width * error, auc + width * error]
    certain = math.logical_or(math.equal(auc, 1.0), math.equal(auc, 0.0))
    lower, upper = (gathering.where(certain, auc, bound) for bound in bounds)
    return AucData(auc, lower, upper)


def precision_recall_at_equal_thresholds(labels: Any, predictions: Any, weights: Any = None, num_thresholds: int | None = None, use_locking: bool | None = None,
                                         name: Any = None) -> Any:  # fmt: skip
    """(`PrecisionRecallData`, update) at `num_thresholds` (201) thresholds of equal distance from 0 to 1.

    Examples are counted by the interval that their prediction is in, so that costs do not grow with the number of thresholds.

    Raises:
      TypeError: labels that are not bool. InvalidArgumentError, in a run: predictions outside of 0 to 1.
    """
    count = 201 if num_thresholds is None else num_thresholds
    checks.assert_type(labels, dtypes.bool_)
    with variable_scope.variable_scope(
        name, "precision_recall_at_equal_thresholds", (labels, predictions, 1.0 if weights is None else weights)
    ):
        with graphs.control_dependencies([
            checks.assert_greater_equal(predictions, math.cast(0.0, predictions.dtype), message="predictions must be in [0, 1]"),
            checks.assert_less_equal(predictions, math.cast(1.0, predictions.dtype), message="predictions must be in [0, 1]"),
        ]):  # fmt: skip
            predictions, labels, weights = fitted(
                array.identity(predictions), labels, 1.0 if weights is None else weights
            )
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        kind, result_kind = dtypes.float64, predictions.dtype
        weights = math.cast(weights, kind)
        is_true = math.cast(labels, kind)
        predictions = array.reshape(predictions, [-1])
        places = math.cast(math.floor(predictions * (count - 1)), dtypes.int32)
        with graphs.name_scope("variables"):
            kept_true = metric_variable([count], kind, name="tp_buckets")
            kept_false = metric_variable([count], kind, name="fp_buckets")
        with graphs.name_scope("update_op"):
            locking = True if use_locking is None else use_locking
            updates = [
                state_ops.scatter_add(kept, places, array.reshape(share * weights, [-1]), use_locking=locking)
                for kept, share in ((kept_true, is_true), (kept_false, 1.0 - is_true))
            ]
        tp = reductions.cumsum(kept_true, reverse=True, name="tp")
        fp = reductions.cumsum(kept_false, reverse=True, name="fp")
        tn, fn = fp[0] - fp, tp[0] - tp
        epsilon = conversion.constant(_EPSILON, kind)
        results = [tp, fp, tn, fn, tp / math.maximum(epsilon, tp + fp), tp / math.maximum(epsilon, tp + fn)]
        results = [math.cast(r, result_kind) for r in (*results, constant_op.lin_space(0.0, 1.0, count))]
        return PrecisionRecallData(*results), control_flow.group(*updates)


def recall_at_precision(labels: Any, predictions: Any, precision: float, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
                        updates_collections: Any = None, name: Any = None, strict_mode: bool = False) -> Any:  # fmt: skip
    """The recall at the threshold whose precision is nearest `precision`; in `strict_mode` the nearest not below, else 0.

    Raises:
      ValueError: a precision outside of 0 to 1.
    """
    if not 0 <= precision <= 1:
        raise ValueError("`precision` must be in the range [0, 1].")
    with variable_scope.variable_scope(name, "recall_at_precision", (predictions, labels, weights)):
        thresholds = metrics_counts.even_thresholds(num_thresholds)
        values, updates = metrics_counts.confusion_at_thresholds(labels, predictions, thresholds, weights)

        def found(v: dict[str, Any], name: str) -> Any:
            over = math.div(v["tp"], v["tp"] + v["fp"] + _EPSILON) - precision
            if not strict_mode:
                at = math.cast(reductions.argmin(math.abs(over), 0), dtypes.int32)
                return math.div(v["tp"][at], v["tp"][at] + v["fn"][at] + _EPSILON, name)
            # The least that is over; what is hardly below counts as reached, as precisions themselves are that far off.
            at = math.cast(reductions.argmax(math.div(1.0, over + _EPSILON), 0), dtypes.int32)
            recall = math.div(v["tp"][at], v["tp"][at] + v["fn"][at] + _EPSILON)
            reached = math.greater_equal(over[at] + precision, precision)
            return gathering.where(reached, recall, constant_op.zeros_like(recall), name)

        value = collected(metrics_collections, found(values, "value"))
        return value, collected(updates_collections, found(updates, "update_op"))


def precision_at_recall(labels: Any, predictions: Any, target_recall: float, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
                        updates_collections: Any = None, name: Any = None) -> Any:  # fmt: skip
    """The precision at the highest threshold whose recall is at least `target_recall`.

    Raises:
      ValueError: a recall outside of 0 to 1.
    """
    if not 0 <= target_recall <= 1:
        raise ValueError("`target_recall` must be in the range [0, 1].")
    with variable_scope.variable_scope(name, "precision_at_recall", (predictions, labels, weights)):
        thresholds = metrics_counts.even_thresholds(num_thresholds)
        values, updates = metrics_counts.confusion_at_thresholds(labels, predictions, thresholds, weights)

        def found(v: dict[str, Any], name: str) -> Any:
            reached = math.greater_equal(math.div(v["tp"], v["tp"] + v["fn"] + _EPSILON), target_recall)
            at = reductions.reduce_sum(math.cast(reached, dtypes.int32)) - 1  # recalls fall with the threshold
            return math.div(v["tp"][at] + _EPSILON, v["tp"][at] + v["fp"][at] + _EPSILON, name)

        value = collected(metrics_collections, found(values, "value"))
        return value, collected(updates_collections, found(updates, "update_op"))


def _check_curve(curve: str) -> None:
    if curve not in ("ROC", "PR"):
        raise ValueError(f"curve must be either ROC or PR, {curve} unknown")


def _flat(values: Any, kind: Any) -> Any:
    return array.reshape(math.cast(values, kind), [-1])


def _labels_are_0_or_1(labels: Any) -> list[Any]:
    return [
        checks.assert_greater_equal(labels, constant_op.zeros_like(labels), message="labels must be 0 or 1, at least one is <0"),
        checks.assert_less_equal(labels, constant_op.ones_like(labels), message="labels must be 0 or 1, at least one is >1"),
    ]  # fmt: skip
