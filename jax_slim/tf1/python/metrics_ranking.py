"""`tf.metrics`: recall and precision of the k best predictions."""

from typing import Any

from jax_slim.tf1.graph import composites, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.python import (
    array,
    constant_op,
    control_flow,
    joining,
    math,
    reductions,
    sets,
    sorting,
    sparse,
    state_ops,
)
from jax_slim.tf1.python.metrics_means import collected, metric_variable
from jax_slim.tf1.python.weights_broadcast import assert_broadcastable


def at_k_name(name: str, k: int | None = None, class_id: int | None = None) -> str:
    """`recall_at_5`, with `_class3` behind."""
    name = f"{name}_at_{k}" if k is not None else f"{name}_at_k"
    return f"{name}_class{class_id}" if class_id is not None else name


def _expanded(labels: Any, predictions: Any) -> Any:
    with graphs.name_scope(None, "expand_labels", (labels, predictions)):
        labels = composites.convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            given = labels
            return control_flow.cond(
                math.equal(array.rank(predictions), array.size(labels.dense_shape) + 1),
                lambda: sparse.sparse_reshape(given, shape=joining.concat((given.dense_shape, (1,)), 0), name="expand_labels"), lambda: given)  # fmt: skip
        rank, wanted = labels.shape.ndims, predictions.shape.ndims
        if rank is not None and wanted is not None:
            if wanted == rank:
                return labels
            if wanted == rank + 1:
                return array.expand_dims(labels, -1, name="expand_labels")
            raise ValueError(f"Unexpected labels shape {labels.shape} for predictions shape {predictions.shape}.")
        return control_flow.cond(math.equal(array.rank(predictions), array.rank(labels) + 1),
                                 lambda: array.expand_dims(labels, -1, name="expand_labels"), lambda: labels)  # fmt: skip


def _selected(ids: Any, class_id: Any) -> Any:
    ids = composites.convert_to_tensor_or_sparse_tensor(ids)
    if isinstance(ids, SparseTensor):
        return sparse.sparse_retain(ids, math.equal(ids.values, class_id))
    shape = array.shape(ids, out_type=dtypes.int64)
    filled = constant_op.fill(joining.concat([shape[:-1], [1]], 0), math.cast(class_id, dtypes.int64))
    result = sets.set_intersection(filled, ids)
    return SparseTensor(result.indices, result.values, shape)


_KINDS = {
    "true_positive": ("true_positives", lambda p, y: sets.set_intersection(p, y)),
    "false_positive": ("false_positives", lambda p, y: sets.set_difference(p, y, aminusb=True)),
    "false_negative": ("false_negatives", lambda p, y: sets.set_difference(p, y, aminusb=False)),
}


def _streaming(
    kind: str, labels: Any, predictions_idx: Any, k: int | None, class_id: int | None, weights: Any
) -> tuple[Any, Any]:
    scope_name, function = _KINDS[kind]
    with graphs.name_scope(None, at_k_name(kind, k, class_id=class_id), (predictions_idx, labels, weights)) as scope:
        with graphs.name_scope(None, scope_name, (predictions_idx, labels, weights)):
            if class_id is not None:
                labels, predictions_idx = _selected(labels, class_id), _selected(predictions_idx, class_id)
            count = math.cast(sets.set_size(function(predictions_idx, labels)), dtypes.float64)
            if weights is not None:
                with graphs.control_dependencies((assert_broadcastable(weights, count),)):
                    count = math.multiply(count, math.cast(weights, dtypes.float64))
        total = math.cast(reductions.reduce_sum(count), dtypes.float64)
        variable = metric_variable([], dtypes.float64, name=scope)
        return variable, state_ops.assign_add(variable, total, name="update")


def recall_at_top_k(labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
                    metrics_collections: Any = None, updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of labels among the classes predicted."""
    with graphs.name_scope(
        name, at_k_name("recall", k, class_id=class_id), (predictions_idx, labels, weights)
    ) as scope:
        labels = _expanded(labels, predictions_idx)
        best = math.cast(predictions_idx, dtypes.int64)
        tp, tp_update = _streaming("true_positive", labels, best, k, class_id, weights)
        fn, fn_update = _streaming("false_negative", labels, best, k, class_id, weights)
        value = collected(metrics_collections, math.div(tp, math.add(tp, fn), name=scope))
        return value, collected(updates_collections, math.div(tp_update, math.add(tp_update, fn_update), name="update"))


def recall_at_k(labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None, metrics_collections: Any = None,
                updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of labels among the k best predictions."""
    with graphs.name_scope(name, at_k_name("recall", k, class_id=class_id), (predictions, labels, weights)) as scope:
        _, best = sorting.top_k(predictions, k)
        return recall_at_top_k(labels, best, k, class_id, weights, metrics_collections, updates_collections, name=scope)


def precision_at_top_k(labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
                       metrics_collections: Any = None, updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of the classes predicted that are labels."""
    with graphs.name_scope(
        name, at_k_name("precision", k, class_id=class_id), (predictions_idx, labels, weights)
    ) as scope:
        labels = _expanded(labels, predictions_idx)
        best = math.cast(predictions_idx, dtypes.int64)
        tp, tp_update = _streaming("true_positive", labels, best, k, class_id, weights)
        fp, fp_update = _streaming("false_positive", labels, best, k, class_id, weights)
        value = collected(metrics_collections, math.div(tp, math.add(tp, fp), name=scope))
        return value, collected(updates_collections, math.div(tp_update, math.add(tp_update, fp_update), name="update"))


def precision_at_k(labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None, metrics_collections: Any = None,
                   updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of the k best predictions that are labels."""
    with graphs.name_scope(name, at_k_name("precision", k, class_id=class_id), (predictions, labels, weights)) as scope:
        _, best = sorting.top_k(predictions, k)
        return precision_at_top_k(
            labels, best, k, class_id, weights, metrics_collections, updates_collections, name=scope
        )


def _number_of_labels(labels: Any, k: int) -> Any:
    with graphs.name_scope(None, "num_relevant", (labels,)) as scope:
        labels = composites.convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            return math.minimum(sets.set_size(labels), k, name=scope)
        shape = array.shape(labels)
        return constant_op.fill(shape[:-1], math.minimum(shape[-1], k))


def _average_precision(labels: Any, best: Any) -> Any:
    with graphs.name_scope(None, "average_precision", (best, labels)) as scope:
        best = math.cast(best, dtypes.int64, name="predictions_idx")
        if best.shape.ndims == 0:
            raise ValueError("The rank of predictions_idx must be at least 1.")
        k = best.shape[-1].value
        if k is None:
            raise ValueError("The last dimension of predictions_idx must be set.")
        labels = _expanded(labels, best)
        each = array.expand_dims(best, -1, name="predictions_idx_per_k")
        if isinstance(labels, SparseTensor):
            whole = joining.concat([labels.dense_shape[:-1], [1], labels.dense_shape[-1:]], 0)
            tiled = sparse.sparse_concat(-2, [sparse.sparse_reshape(labels, whole)] * k)
        else:
            expanded = array.expand_dims(labels, -2)
            tiled = array.tile(expanded, [1] * (labels.shape.ndims - 1) + [k, 1])
        relevant = math.cast(sets.set_size(sets.set_intersection(each, tiled)), dtypes.float64)
        hits = reductions.cumsum(relevant, axis=-1)
        precisions = math.div(hits, constant_op.range(1, k + 1, dtype=dtypes.float64))
        total = reductions.reduce_sum(math.multiply(precisions, relevant), axis=[-1])
        return math.div(total, math.cast(_number_of_labels(labels, k), dtypes.float64), name=scope)


def sparse_average_precision_at_top_k(labels: Any, top_k_predictions: Any, weights: Any = None, metrics_collections: Any = None,
                                      updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean of the average precision of classes predicted, in their order."""
    return _streaming_average_precision(
        labels, top_k_predictions, weights, metrics_collections, updates_collections, name
    )


def _streaming_average_precision(
    labels: Any, best: Any, weights: Any, metrics_collections: Any, updates_collections: Any, name: Any
) -> tuple[Any, Any]:
    with graphs.name_scope(name, "average_precision_at_top_k", (best, labels, weights)) as scope:
        average = _average_precision(labels, best)
        if weights is not None:
            from jax_slim.tf1.python.weights_broadcast import broadcast_weights

            weights = broadcast_weights(math.cast(weights, dtypes.float64), average)
            average = math.multiply(average, weights)
        with graphs.name_scope(None, "max", (average,)) as max_scope:
            max_variable = metric_variable([], dtypes.float64, name=max_scope)
            batch = (
                math.cast(array.size(average), dtypes.float64) if weights is None else reductions.reduce_sum(weights)
            )
            max_update = state_ops.assign_add(max_variable, batch, name="update")
        with graphs.name_scope(None, "total", (average,)) as total_scope:
            total_variable = metric_variable([], dtypes.float64, name=total_scope)
            total_update = state_ops.assign_add(total_variable, reductions.reduce_sum(average), name="update")
        value = collected(
            metrics_collections, math.div_no_nan(total_variable, math.maximum(max_variable, 0), name="mean")
        )
        return value, collected(
            updates_collections, math.div_no_nan(total_update, math.maximum(max_update, 0), name=scope)
        )


def average_precision_at_k(labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                           name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean of the average precision of the k best predictions.

    Raises:
      ValueError: k is less than one.
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}.")
    with graphs.name_scope(name, at_k_name("average_precision", k), (predictions, labels, weights)) as scope:
        _, best = sorting.top_k(predictions, k)
        return _streaming_average_precision(labels, best, weights, metrics_collections, updates_collections, scope)


sparse_average_precision_at_k = average_precision_at_k
sparse_precision_at_k = precision_at_k
