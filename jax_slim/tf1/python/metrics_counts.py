"""`tf.metrics`: true and false positives and negatives, precision and recall, and areas under their curves."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.python import (
    array,
    checks,
    constant_op,
    gathering,
    joining,
    math,
    reductions,
    state_ops,
    variable_scope,
)
from jax_slim.tf1.python.metrics_means import collected, fitted, metric_variable
from jax_slim.tf1.python.weights_broadcast import broadcast_weights

_EPSILON = 1e-7


def count_condition(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None
) -> tuple[Any, Any]:
    """The number of true values, by weights: the variable `count`."""
    count = metric_variable([], dtypes.float32, name="count")
    values = math.cast(values, dtypes.float32)
    if weights is not None:
        with graphs.control_dependencies((checks.assert_rank_in(weights, (0, array.rank(values))),)):
            weights = math.cast(weights, dtypes.float32)
            values = math.multiply(values, weights)
    value = collected(metrics_collections, array.identity(count))
    return value, collected(updates_collections, state_ops.assign_add(count, reductions.reduce_sum(values)))


def _counted(name: str, label: bool, prediction: bool, doc: str) -> Callable[..., tuple[Any, Any]]:
    def metric(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
               name: Any = None) -> tuple[Any, Any]:  # fmt: skip
        with variable_scope.variable_scope(name, metric.__name__, (predictions, labels, weights)):
            predictions, labels, weights = fitted(
                math.cast(predictions, dtypes.bool_), math.cast(labels, dtypes.bool_), weights
            )
            both = math.logical_and(math.equal(labels, label), math.equal(predictions, prediction))
            return count_condition(both, weights, metrics_collections, updates_collections)

    metric.__name__ = metric.__qualname__ = name
    metric.__doc__ = doc
    return metric


true_positives = _counted("true_positives", True, True, "How many labels and predictions are both true.")
true_negatives = _counted("true_negatives", False, False, "How many labels and predictions are both false.")
false_positives = _counted("false_positives", False, True, "How many predictions are true where the label is false.")
false_negatives = _counted("false_negatives", True, False, "How many predictions are false where the label is true.")


def _share(part: Any, other: Any, name: str | None) -> Any:
    return gathering.where(math.greater(part + other, 0), math.div(part, part + other), 0, name)


def precision(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
              name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of true predictions that are right."""
    with variable_scope.variable_scope(name, "precision", (predictions, labels, weights)):
        predictions, labels, weights = fitted(
            math.cast(predictions, dtypes.bool_), math.cast(labels, dtypes.bool_), weights
        )
        true_p, true_p_update = true_positives(labels, predictions, weights)
        false_p, false_p_update = false_positives(labels, predictions, weights)
        value = collected(metrics_collections, _share(true_p, false_p, "value"))
        return value, collected(updates_collections, _share(true_p_update, false_p_update, "update_op"))


def recall(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
           name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of true labels that are predicted."""
    with variable_scope.variable_scope(name, "recall", (predictions, labels, weights)):
        predictions, labels, weights = fitted(
            math.cast(predictions, dtypes.bool_), math.cast(labels, dtypes.bool_), weights
        )
        true_p, true_p_update = true_positives(labels, predictions, weights)
        false_n, false_n_update = false_negatives(labels, predictions, weights)
        value = collected(metrics_collections, _share(true_p, false_n, "value"))
        return value, collected(updates_collections, _share(true_p_update, false_n_update, "update_op"))


_CONDITIONS = {
    "tp": ("true_positives", True, True),
    "fn": ("false_negatives", True, False),
    "tn": ("true_negatives", False, False),
    "fp": ("false_positives", False, True),
}


def confusion_at_thresholds(
    labels: Any, predictions: Any, thresholds: Any, weights: Any = None, includes: Any = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """({kind: variable}, {kind: update}) of the kinds 'tp', 'fn', 'tn', 'fp', a number for each threshold."""
    includes = tuple(_CONDITIONS) if includes is None else includes
    for include in includes:
        if include not in _CONDITIONS:
            raise ValueError(f"Invalid key: {include}.")
    predictions = conversion.convert_to_tensor(predictions)
    with graphs.control_dependencies([
        checks.assert_greater_equal(predictions, math.cast(0.0, dtype=predictions.dtype), message="predictions must be in [0, 1]"),
        checks.assert_less_equal(predictions, math.cast(1.0, dtype=predictions.dtype), message="predictions must be in [0, 1]"),
    ]):  # fmt: skip
        predictions, labels, weights = fitted(
            math.cast(predictions, dtypes.float32), math.cast(labels, dtypes.bool_), weights
        )
    count = len(thresholds)
    predictions_2d = array.reshape(predictions, [-1, 1])
    labels_2d = array.reshape(math.cast(labels, dtypes.bool_), [1, -1])
    number = predictions_2d.shape.as_list()[0]
    number = array.shape(predictions_2d)[0] if number is None else number
    tiled = array.tile(array.expand_dims(conversion.constant(thresholds), [1]), joining.stack([1, number]))
    above = math.greater(array.tile(array.transpose(predictions_2d), [count, 1]), tiled)
    predicted = {True: above}
    if "fn" in includes or "tn" in includes:
        predicted[False] = math.logical_not(above)
    positive = array.tile(labels_2d, [count, 1])
    labelled = {True: positive}
    if "fp" in includes or "tn" in includes:
        labelled[False] = math.logical_not(positive)
    if weights is not None:
        weights = broadcast_weights(math.cast(weights, dtypes.float32), predictions)
        weights = array.tile(array.reshape(weights, [1, -1]), [count, 1])
        tiled.shape.assert_is_compatible_with(weights.shape)
    values: dict[str, Any] = {}
    updates: dict[str, Any] = {}
    for key in _CONDITIONS:
        if key in includes:
            name, label, prediction = _CONDITIONS[key]
            variable = metric_variable([count], dtypes.float32, name=name)
            both = math.cast(math.logical_and(labelled[label], predicted[prediction]), dtypes.float32)
            both = both if weights is None else both * weights
            updates[key] = state_ops.assign_add(variable, reductions.reduce_sum(both, 1))
            values[key] = variable
    return values, updates


def auc(labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None, updates_collections: Any = None,
        curve: str = "ROC", name: Any = None, summation_method: str = "trapezoidal", thresholds: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The area under the ROC (or PR) curve of probabilities, from counts at thresholds.

    Raises:
      ValueError: another curve, another summation method.
    """
    with variable_scope.variable_scope(name, "auc", (labels, predictions, weights)):
        if curve not in ("ROC", "PR"):
            raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
        if thresholds is not None:
            thresholds = sorted(thresholds)
            num_thresholds = len(thresholds) + 2
        else:
            thresholds = even_thresholds(num_thresholds)[1:-1]
        thresholds = [0.0 - _EPSILON, *thresholds, 1.0 + _EPSILON]
        values, updates = confusion_at_thresholds(labels, predictions, thresholds, weights)

        def area(found: dict[str, Any], name: str) -> Any:
            return _area(
                found["tp"], found["fn"], found["tn"], found["fp"], curve, summation_method, num_thresholds, name
            )

        value = collected(metrics_collections, area(values, "value"))
        return value, collected(updates_collections, area(updates, "update_op"))


def _area(tp: Any, fn: Any, tn: Any, fp: Any, curve: str, method: str, count: int, name: str) -> Any:
    epsilon = 1.0e-6
    if curve == "PR":
        if method == "trapezoidal":
            from jax_slim.tf1.python import logging

            logging.warning(
                'Trapezoidal rule is known to produce incorrect PR-AUCs; please switch to "careful_interpolation" instead.'
            )
        elif method == "careful_interpolation":
            return _interpolated(tp, fp, fn, count)
    rec = math.div(tp + epsilon, tp + fn + epsilon)
    if curve == "ROC":
        x, y = math.div(fp, fp + tn + epsilon), rec
    else:
        x, y = rec, math.div(tp + epsilon, tp + fp + epsilon)
    width, first, second = x[: count - 1] - x[1:], y[: count - 1], y[1:]
    if method in ("trapezoidal", "careful_interpolation"):
        return reductions.reduce_sum(math.multiply(width, (first + second) / 2.0), name=name)
    if method == "minoring":
        return reductions.reduce_sum(math.multiply(width, math.minimum(first, second)), name=name)
    if method == "majoring":
        return reductions.reduce_sum(math.multiply(width, math.maximum(first, second)), name=name)
    raise ValueError(f"Invalid summation_method: {method}")


def _interpolated(tp: Any, fp: Any, fn: Any, count: int) -> Any:
    dtp = tp[: count - 1] - tp[1:]
    p = tp + fp
    slope = math.div_no_nan(dtp, math.maximum(p[: count - 1] - p[1:], 0), name="prec_slope")
    intercept = tp[1:] - math.multiply(slope, p[1:])
    both = math.logical_and(p[: count - 1] > 0, p[1:] > 0)
    rate = gathering.where(
        both,
        math.div_no_nan(p[: count - 1], math.maximum(p[1:], 0), name="recall_relative_ratio"),
        constant_op.ones_like(p[1:]),
    )
    increment = math.div_no_nan(
        slope * (dtp + intercept * math.log(rate)), math.maximum(tp[1:] + fn[1:], 0), name="pr_auc_increment"
    )
    return reductions.reduce_sum(increment, name="interpolate_pr_auc")


def _at_thresholds(name: str, key: str) -> Callable[..., tuple[Any, Any]]:
    def metric(labels: Any, predictions: Any, thresholds: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
               name: Any = None) -> tuple[Any, Any]:  # fmt: skip
        with variable_scope.variable_scope(
            name, metric.__name__.removesuffix("_at_thresholds"), (predictions, labels, weights)
        ):
            values, updates = confusion_at_thresholds(labels, predictions, thresholds, weights, includes=(key,))
            return collected(metrics_collections, array.identity(values[key])), collected(
                updates_collections, updates[key]
            )

    metric.__name__ = metric.__qualname__ = f"{name}_at_thresholds"
    metric.__doc__ = f"The number of {name.replace('_', ' ')} where what is above each threshold counts as true."
    return metric


true_positives_at_thresholds = _at_thresholds("true_positives", "tp")
false_negatives_at_thresholds = _at_thresholds("false_negatives", "fn")
false_positives_at_thresholds = _at_thresholds("false_positives", "fp")
true_negatives_at_thresholds = _at_thresholds("true_negatives", "tn")


def precision_at_thresholds(labels: Any, predictions: Any, thresholds: Any, weights: Any = None, metrics_collections: Any = None,
                            updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The precision at each threshold."""
    with variable_scope.variable_scope(name, "precision_at_thresholds", (predictions, labels, weights)):
        values, updates = confusion_at_thresholds(labels, predictions, thresholds, weights, includes=("tp", "fp"))

        def share(found: dict[str, Any], name: str) -> Any:
            return math.div(found["tp"], _EPSILON + found["tp"] + found["fp"], name="precision_" + name)

        value = collected(metrics_collections, share(values, "value"))
        return value, collected(updates_collections, share(updates, "update_op"))


def recall_at_thresholds(labels: Any, predictions: Any, thresholds: Any, weights: Any = None, metrics_collections: Any = None,
                         updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The recall at each threshold."""
    with variable_scope.variable_scope(name, "recall_at_thresholds", (predictions, labels, weights)):
        values, updates = confusion_at_thresholds(labels, predictions, thresholds, weights, includes=("tp", "fn"))

        def share(found: dict[str, Any], name: str) -> Any:
            return math.div(found["tp"], _EPSILON + found["tp"] + found["fn"], name="recall_" + name)

        value = collected(metrics_collections, share(values, "value"))
        return value, collected(updates_collections, share(updates, "update_op"))


def even_thresholds(num_thresholds: int) -> list[float]:
    """Thresholds of equal distance from 0 to 1; the first and the last a little outside, so that all and none are above."""
    return [0.0 - _EPSILON, *((i + 1) * 1.0 / (num_thresholds - 1) for i in range(num_thresholds - 2)), 1.0 + _EPSILON]


def sensitivity_at_specificity(labels: Any, predictions: Any, specificity: float, weights: Any = None, num_thresholds: int = 200,
                               metrics_collections: Any = None, updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The recall at the threshold whose specificity is nearest the one asked for.

    Raises:
      ValueError: a specificity outside of 0 to 1.
    """
    if specificity < 0 or specificity > 1:
        raise ValueError("`specificity` must be in the range [0, 1].")
    with variable_scope.variable_scope(name, "sensitivity_at_specificity", (predictions, labels, weights)):
        values, updates = confusion_at_thresholds(labels, predictions, even_thresholds(num_thresholds), weights)

        def found(v: dict[str, Any], name: str) -> Any:
            specificities = math.div(v["tn"], v["tn"] + v["fp"] + _EPSILON)
            index = math.cast(reductions.argmin(math.abs(specificities - specificity), 0), dtypes.int32)
            return math.div(v["tp"][index], v["tp"][index] + v["fn"][index] + _EPSILON, name)

        value = collected(metrics_collections, found(values, "value"))
        return value, collected(updates_collections, found(updates, "update_op"))


def specificity_at_sensitivity(labels: Any, predictions: Any, sensitivity: float, weights: Any = None, num_thresholds: int = 200,
                               metrics_collections: Any = None, updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The specificity at the threshold whose recall is nearest the one asked for.

    Raises:
      ValueError: a sensitivity outside of 0 to 1.
    """
    if sensitivity < 0 or sensitivity > 1:
        raise ValueError("`sensitivity` must be in the range [0, 1].")
    with variable_scope.variable_scope(name, "specificity_at_sensitivity", (predictions, labels, weights)):
        values, updates = confusion_at_thresholds(labels, predictions, even_thresholds(num_thresholds), weights)

        def found(v: dict[str, Any], name: str) -> Any:
            sensitivities = math.div(v["tp"], v["tp"] + v["fn"] + _EPSILON)
            # Of equally near ones the last, so the most thresholds that reach it.
            nearest = reductions.reduce_min(math.abs(sensitivities - sensitivity))
            indices_at_minval = math.cast(math.equal(math.abs(sensitivities - sensitivity), nearest), dtypes.int64)
            index = math.cast(reductions.argmax(reductions.cumsum(indices_at_minval), 0), dtypes.int32)
            return math.div(v["tn"][index], v["tn"][index] + v["fp"][index] + _EPSILON, name)

        value = collected(metrics_collections, found(values, "value"))
        return value, collected(updates_collections, found(updates, "update_op"))
