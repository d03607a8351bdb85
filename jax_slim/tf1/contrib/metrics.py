"""`tf.contrib.metrics` (and `slim.metrics`): the streaming metrics of early versions, predictions first, and maps of metrics."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.python import (
    array,
    joining,
    math,
    metrics_counts,
    metrics_means,
    metrics_ranking,
    nn_losses,
    reductions,
    state_ops,
    variable_scope,
)
from jax_slim.tf1.python.metrics_means import collected, metric_variable
from jax_slim.tf1.python.weights_broadcast import broadcast_weights


def accuracy(predictions: Any, labels: Any, weights: Any = None, name: Any = None) -> Any:
    """The share of predictions that equal labels, of this batch alone.

    Raises:
      ValueError: other types than bool, integer and text, or two of them.
    """
    if not (labels.dtype.is_integer or labels.dtype.base_dtype in (dtypes.bool_, dtypes.string)):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype.name}")
    if not labels.dtype.is_compatible_with(predictions.dtype):
        raise ValueError(
            f"Dtypes of predictions and labels should match. Given: predictions ({predictions.dtype!r}) and labels ({labels.dtype!r})"
        )
    with graphs.name_scope(name, "accuracy", values=[predictions, labels]):
        correct = math.cast(math.equal(predictions, labels), dtypes.float32)
        if weights is not None:
            correct = math.multiply(correct, weights)
            number = math.multiply(weights, correct * 0 + 1)
            return math.div(reductions.reduce_sum(correct), reductions.reduce_sum(number))
        return reductions.reduce_mean(correct)


def aggregate_metrics(*value_update_tuples: Any) -> tuple[list[Any], list[Any]]:
    """(values, updates) of several (value, update) pairs.

    Raises:
      ValueError: none.
    """
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """({name: value}, {name: update}) of {name: (value, update)}."""
    names = names_to_tuples.keys()
    values, updates = zip(*names_to_tuples.values(), strict=True)
    return dict(zip(names, values, strict=True)), dict(zip(names, updates, strict=True))


def _first(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function with predictions before labels."""

    def streaming(predictions: Any, labels: Any, *args: Any, **kwargs: Any) -> Any:
        return function(labels, predictions, *args, **kwargs)

    streaming.__name__ = streaming.__qualname__ = name
    streaming.__doc__ = f"`tf.metrics.{function.__name__}` with predictions first."
    return streaming


streaming_accuracy = _first(metrics_means.accuracy, "streaming_accuracy")
streaming_precision = _first(metrics_counts.precision, "streaming_precision")
streaming_recall = _first(metrics_counts.recall, "streaming_recall")
streaming_true_positives = _first(metrics_counts.true_positives, "streaming_true_positives")
streaming_true_negatives = _first(metrics_counts.true_negatives, "streaming_true_negatives")
streaming_false_positives = _first(metrics_counts.false_positives, "streaming_false_positives")
streaming_false_negatives = _first(metrics_counts.false_negatives, "streaming_false_negatives")
streaming_auc = _first(metrics_counts.auc, "streaming_auc")
streaming_precision_at_thresholds = _first(metrics_counts.precision_at_thresholds, "streaming_precision_at_thresholds")
streaming_recall_at_thresholds = _first(metrics_counts.recall_at_thresholds, "streaming_recall_at_thresholds")
streaming_sensitivity_at_specificity = _first(
    metrics_counts.sensitivity_at_specificity, "streaming_sensitivity_at_specificity"
)
streaming_specificity_at_sensitivity = _first(
    metrics_counts.specificity_at_sensitivity, "streaming_specificity_at_sensitivity"
)
streaming_mean_absolute_error = _first(metrics_means.mean_absolute_error, "streaming_mean_absolute_error")
streaming_mean_squared_error = _first(metrics_means.mean_squared_error, "streaming_mean_squared_error")
streaming_root_mean_squared_error = _first(metrics_means.root_mean_squared_error, "streaming_root_mean_squared_error")
streaming_mean_relative_error = _first(metrics_means.mean_relative_error, "streaming_mean_relative_error")
streaming_mean_cosine_distance = _first(metrics_means.mean_cosine_distance, "streaming_mean_cosine_distance")
streaming_mean_iou = _first(metrics_means.mean_iou, "streaming_mean_iou")
streaming_mean_per_class_accuracy = _first(metrics_means.mean_per_class_accuracy, "streaming_mean_per_class_accuracy")
streaming_sparse_recall_at_k = _first(metrics_ranking.recall_at_k, "streaming_sparse_recall_at_k")
streaming_sparse_precision_at_k = _first(metrics_ranking.precision_at_k, "streaming_sparse_precision_at_k")
streaming_sparse_average_precision_at_k = _first(
    metrics_ranking.average_precision_at_k, "streaming_sparse_average_precision_at_k"
)


def streaming_sparse_precision_at_top_k(top_k_predictions: Any, labels: Any, class_id: int | None = None, weights: Any = None,
                                        metrics_collections: Any = None, updates_collections: Any = None, name: Any = None) -> Any:  # fmt: skip
    """`tf.metrics.precision_at_top_k` with predictions first."""
    return metrics_ranking.precision_at_top_k(
        labels, top_k_predictions, None, class_id, weights, metrics_collections, updates_collections, name
    )


def streaming_mean(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None, name: Any = None
) -> Any:
    """`tf.metrics.mean`."""
    return metrics_means.mean(values, weights, metrics_collections, updates_collections, name)


def streaming_mean_tensor(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None, name: Any = None
) -> Any:
    """`tf.metrics.mean_tensor`."""
    return metrics_means.mean_tensor(values, weights, metrics_collections, updates_collections, name)


def streaming_percentage_less(values: Any, threshold: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                              name: Any = None) -> Any:  # fmt: skip
    """`tf.metrics.percentage_below`."""
    return metrics_means.percentage_below(values, threshold, weights, metrics_collections, updates_collections, name)


def streaming_recall_at_k(predictions: Any, labels: Any, k: int, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                          name: Any = None) -> Any:  # fmt: skip
    """How often the label is among the k best predictions."""
    hit = math.cast(nn_losses.in_top_k(predictions, labels, k), dtypes.float32)
    return streaming_mean(
        hit, weights, metrics_collections, updates_collections, name or metrics_ranking.at_k_name("recall", k)
    )


def streaming_covariance(predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                         name: Any = None) -> Any:  # fmt: skip
    """The unbiased covariance of predictions and labels."""
    with variable_scope.variable_scope(name, "covariance", (predictions, labels, weights)):
        from jax_slim.tf1.python import gathering

        predictions, labels, weights = metrics_means.fitted(predictions, labels, weights)
        predictions.shape.assert_is_compatible_with(labels.shape)
        count, mean_p, mean_l, comoment = (
            metric_variable([], dtypes.float32, name=n) for n in ("count", "mean_prediction", "mean_label", "comoment")
        )
        if weights is None:
            batch = math.cast(array.size(labels), dtypes.float32)
            weighted_p, weighted_l = predictions, labels
        else:
            weights = broadcast_weights(weights, labels)
            batch = reductions.reduce_sum(weights)
            weighted_p, weighted_l = math.multiply(predictions, weights), math.multiply(labels, weights)
        update_count = state_ops.assign_add(count, batch)
        previous = update_count - batch
        zero = conversion.constant(0.0)

        def safe(a: Any, b: Any) -> Any:
            return gathering.where(
                math.greater(b, 0), math.div(a, gathering.where(math.equal(b, 0), zero + 1.0, b)), zero
            )

        batch_p = safe(reductions.reduce_sum(weighted_p), batch)
        delta_p = safe((batch_p - mean_p) * batch, update_count)
        update_p = state_ops.assign_add(mean_p, delta_p)
        before_p = update_p - delta_p
        batch_l = safe(reductions.reduce_sum(weighted_l), batch)
        delta_l = safe((batch_l - mean_l) * batch, update_count)
        update_l = state_ops.assign_add(mean_l, delta_l)
        before_l = update_l - delta_l
        product = (predictions - batch_p) * (labels - batch_l)
        product = product if weights is None else product * weights
        own = reductions.reduce_sum(product)
        delta = own + (before_p - batch_p) * (before_l - batch_l) * safe(previous * batch, update_count)
        update_comoment = state_ops.assign_add(comoment, delta)
        nan = float("nan")
        value = gathering.where(
            math.less_equal(count, 1.0), zero + nan, math.truediv(comoment, count - 1), name="covariance"
        )
        with graphs.control_dependencies([update_comoment]):
            update = gathering.where(
                math.less_equal(update_count, 1.0),
                zero + nan,
                math.truediv(update_comoment, update_count - 1),
                name="update_op",
            )
        return collected(metrics_collections, value), collected(updates_collections, update)


def streaming_pearson_correlation(predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                                  name: Any = None) -> Any:  # fmt: skip
    """Pearson's correlation of predictions and labels."""
    with variable_scope.variable_scope(name, "pearson_r", (predictions, labels, weights)):
        predictions, labels, weights = metrics_means.fitted(predictions, labels, weights)
        weights = None if weights is None else broadcast_weights(weights, labels)
        cov, update_cov = streaming_covariance(predictions, labels, weights=weights, name="covariance")
        var_p, update_p = streaming_covariance(predictions, predictions, weights=weights, name="variance_predictions")
        var_l, update_l = streaming_covariance(labels, labels, weights=weights, name="variance_labels")
        value = math.truediv(cov, math.multiply(math.sqrt(var_p), math.sqrt(var_l)), name="pearson_r")
        update = math.truediv(update_cov, math.multiply(math.sqrt(update_p), math.sqrt(update_l)), name="update_op")
        return collected(metrics_collections, value), collected(updates_collections, update)


def streaming_concat(values: Any, axis: int = 0, max_size: int | None = None, metrics_collections: Any = None, updates_collections: Any = None,
                     name: Any = None) -> Any:  # fmt: skip
    """All values of all batches, joined along `axis`, up to `max_size` of them.

    Raises:
      ValueError: a size other than that of `axis` is not known, or there is no such axis.
    """
    with variable_scope.variable_scope(name, "streaming_concat", (values,)):
        values = conversion.convert_to_tensor(values)
        if values.shape.ndims is None:
            raise ValueError("`values` must have known statically known rank")
        rank = values.shape.ndims
        if not -rank <= axis < rank:
            raise ValueError(f"axis = {axis} not in [{-rank}, {rank})")
        axis %= rank
        sizes = values.shape.as_list()
        if None in sizes[:axis] + sizes[axis + 1 :]:
            raise ValueError(
                "all dimensions of `values` other than the dimension to concatenate along must have statically known size"
            )
        # Kept with the axis in front, as it grows there.
        turned = array.transpose(values, [axis, *(i for i in range(rank) if i != axis)]) if axis else values
        kept = metric_variable(
            [0, *turned.shape.as_list()[1:]], values.dtype.base_dtype, validate_shape=False, name="array"
        )
        size = metric_variable([], dtypes.int32, name="size")
        joined = joining.concat([kept.value(), turned], 0)
        joined = joined if max_size is None else joined[:max_size]
        update = state_ops.assign(kept, joined, validate_shape=False)
        with graphs.control_dependencies([state_ops.assign(size, array.shape(update)[0])]):
            update = array.identity(update)
        value = array.identity(kept)
        back = [*range(1, axis + 1), 0, *range(axis + 1, rank)]
        shape = [*sizes[:axis], None, *sizes[axis + 1 :]]
        results = []
        for result in (value, update):
            result.set_shape([None, *turned.shape.as_list()[1:]])
            result = array.transpose(result, back) if axis else result
            result.set_shape(shape)
            results.append(result)
        return collected(metrics_collections, results[0]), collected(updates_collections, results[1])


def count(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None, name: Any = None
) -> Any:
    """The number of values, by weights."""
    with variable_scope.variable_scope(name, "count", (values, weights)):
        total = metric_variable([], dtypes.float32, name="count")
        if weights is None:
            number = math.cast(array.size(values), dtypes.float32)
        else:
            values = math.cast(values, dtypes.float32)
            values, _, weights = metrics_means.fitted(values, None, weights)
            number = reductions.reduce_sum(broadcast_weights(math.cast(weights, dtypes.float32), values))
        with graphs.control_dependencies([values]):
            update = state_ops.assign_add(total, number)
        return collected(metrics_collections, array.identity(total)), collected(updates_collections, update)


def cohen_kappa(labels: Any, predictions_idx: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                name: Any = None) -> Any:  # fmt: skip
    """Cohen's kappa: how much more often predictions agree with labels than by chance.

    Raises:
      ValueError: fewer than two classes.
    """
    if num_classes < 2:
        raise ValueError(f"`num_classes` must be >= 2.Found: {num_classes}")
    with variable_scope.variable_scope(name, "cohen_kappa", (labels, predictions_idx, weights)):
        from jax_slim.tf1.graph import building
        from jax_slim.tf1.python.segments import confusion_matrix

        labels = array.squeeze(labels, axis=[-1]) if labels.shape.ndims == 2 else labels
        predictions_idx, labels, weights = metrics_means.fitted(predictions_idx, labels, weights)
        predictions_idx.shape.assert_is_compatible_with(labels.shape)
        kind = dtypes.int64 if weights is None or weights.dtype.is_integer else dtypes.float32
        po, pe_row, pe_col = (metric_variable([num_classes], kind, name=n) for n in ("po", "pe_row", "pe_col"))
        counts = confusion_matrix(labels, predictions_idx, num_classes=num_classes, weights=weights, dtype=kind)
        po_t = building.make("DiagPart", counts)
        row_t, col_t = reductions.reduce_sum(counts, axis=0), reductions.reduce_sum(counts, axis=1)
        updates = [state_ops.assign_add(v, t) for v, t in ((po, po_t), (pe_row, row_t), (pe_col, col_t))]

        def kappa(po: Any, row: Any, col: Any, name: str) -> Any:
            from jax_slim.tf1.python import gathering

            agreed = reductions.reduce_sum(math.cast(po, dtypes.float64))
            total = reductions.reduce_sum(math.cast(row, dtypes.float64))
            products = reductions.reduce_sum(math.cast(row, dtypes.float64) * math.cast(col, dtypes.float64))
            chance = gathering.where(
                math.greater(total, 0),
                products / gathering.where(math.greater(total, 0), total, total + 1.0),
                total * 0.0,
            )
            rest = total - chance
            good = math.greater(rest, 0)
            return math.cast(
                gathering.where(good, (agreed - chance) / gathering.where(good, rest, rest * 0.0 + 1.0), rest * 0.0),
                dtypes.float64,
                name=name,
            )

        value = collected(metrics_collections, kappa(po, pe_row, pe_col, "value"))
        return value, collected(updates_collections, kappa(*updates, name="update_op"))


def sparse_recall_at_top_k(labels: Any, top_k_predictions: Any, class_id: int | None = None, weights: Any = None, metrics_collections: Any = None,
                           updates_collections: Any = None, name: Any = None) -> Any:  # fmt: skip
    """`tf.metrics.recall_at_top_k`."""
    return metrics_ranking.recall_at_top_k(labels, top_k_predictions, None, class_id, weights, metrics_collections, updates_collections,
                                           name or metrics_ranking.at_k_name("recall", class_id=class_id))  # fmt: skip


def streaming_sparse_average_precision_at_top_k(top_k_predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
                                                updates_collections: Any = None, name: Any = None) -> Any:  # fmt: skip
    """The mean of the average precision of classes predicted, in their order."""
    return metrics_ranking.sparse_average_precision_at_top_k(
        labels, top_k_predictions, weights, metrics_collections, updates_collections, name
    )


def f1_score(labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
             updates_collections: Any = None, name: Any = None) -> Any:  # fmt: skip
    """The best F1 over thresholds."""
    epsilon = 1e-7
    with variable_scope.variable_scope(name, "f1", (labels, predictions, weights)):
        thresholds = metrics_counts.even_thresholds(num_thresholds)
        values, updates = metrics_counts.confusion_at_thresholds(
            labels, predictions, thresholds, weights, includes=("tp", "fp", "fn")
        )

        def best(v: dict[str, Any], name: str) -> Any:
            prec = math.div(v["tp"], epsilon + v["tp"] + v["fp"], name="precision_" + name)
            rec = math.div(v["tp"], epsilon + v["tp"] + v["fn"], name="recall_" + name)
            return reductions.reduce_max(2.0 * math.div(prec * rec, epsilon + prec + rec, name="f1_score_" + name))

        value = collected(metrics_collections, best(values, "value"))
        return value, collected(updates_collections, best(updates, "update_op"))
