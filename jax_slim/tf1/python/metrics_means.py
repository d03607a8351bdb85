"""`tf.metrics`: means, accuracy and errors over all batches. Each gives (value, update operation) and keeps local variables."""

from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import array, constant_op, control_flow, gathering, math, reductions, state_ops, variable_scope
from jax_slim.tf1.python.segments import confusion_matrix, remove_squeezable_dimensions
from jax_slim.tf1.python.variables import Variable
from jax_slim.tf1.python.weights_broadcast import broadcast_weights


def metric_variable(shape: Any, dtype: Any, validate_shape: bool = True, name: str | None = None) -> Any:
    """A variable of zeros, part of LOCAL_VARIABLES and METRIC_VARIABLES."""
    return Variable(lambda: constant_op.zeros(shape, dtype), trainable=False, collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
                    validate_shape=validate_shape, synchronization=3, aggregation=1, name=name)  # fmt: skip


def fitted(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    """(predictions, labels, weights) of fitting ranks: axes of size one at the end are left out or added."""
    predictions = conversion.convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
    if weights is None:
        return predictions, labels, None
    weights = conversion.convert_to_tensor(weights)
    rank = weights.shape.ndims
    if rank == 0:
        return predictions, labels, weights
    wanted = predictions.shape.ndims
    if wanted is not None and rank is not None:
        if rank - wanted == 1:
            weights = array.squeeze(weights, [-1])
        elif wanted - rank == 1:
            weights = array.expand_dims(weights, [-1])
        return predictions, labels, weights
    given = weights
    weights_rank = array.rank(weights)
    difference = weights_rank - array.rank(predictions)

    def expanded() -> Any:
        return control_flow.cond(math.equal(difference, -1), lambda: array.expand_dims(given, [-1]), lambda: given)

    def squeezed() -> Any:
        return given if rank is not None and not given.shape[-1].is_compatible_with(1) else array.squeeze(given, [-1])

    def adjusted() -> Any:
        return control_flow.cond(math.equal(difference, 1), squeezed, expanded)

    return predictions, labels, control_flow.cond(math.equal(weights_rank, 0), lambda: given, adjusted)


def collected(collections: Any, value: Any) -> Any:
    """Adds a value to collections, where there are any, and gives it."""
    if collections:
        graphs.add_to_collections(collections, value)
    return value


def ratio(total: Any, count: Any, name: str | None) -> Any:
    """total / count, and 0 where there is nothing."""
    return math.div_no_nan(total, math.maximum(count, 0), name=name)


def mean(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None, name: Any = None
) -> tuple[Any, Any]:
    """The mean of all values of all batches, by weights: variables `total` and `count`."""
    with variable_scope.variable_scope(name, "mean", (values, weights)):
        values = math.cast(values, dtypes.float32)
        total, count = (
            metric_variable([], dtypes.float32, name="total"),
            metric_variable([], dtypes.float32, name="count"),
        )
        if weights is None:
            number = math.cast(array.size(values), dtypes.float32)
        else:
            values, _, weights = fitted(values, None, weights)
            weights = broadcast_weights(math.cast(weights, dtypes.float32), values)
            values = math.multiply(values, weights)
            number = reductions.reduce_sum(weights)
        update_total = state_ops.assign_add(total, reductions.reduce_sum(values))
        with graphs.control_dependencies([values]):
            update_count = state_ops.assign_add(count, number)
        value = collected(metrics_collections, ratio(total, count, "value"))
        return value, collected(updates_collections, ratio(update_total, update_count, "update_op"))


def mean_tensor(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None, name: Any = None
) -> tuple[Any, Any]:
    """The mean of each element over all batches."""
    with variable_scope.variable_scope(name, "mean", (values, weights)):
        values = math.cast(values, dtypes.float32)
        total = metric_variable(values.shape, dtypes.float32, name="total_tensor")
        count = metric_variable(values.shape, dtypes.float32, name="count_tensor")
        number = constant_op.ones_like(values)
        if weights is not None:
            values, _, weights = fitted(values, None, weights)
            weights = broadcast_weights(math.cast(weights, dtypes.float32), values)
            values, number = math.multiply(values, weights), math.multiply(number, weights)
        update_total = state_ops.assign_add(total, values)
        with graphs.control_dependencies([values]):
            update_count = state_ops.assign_add(count, number)
        value = collected(metrics_collections, ratio(total, count, "value"))
        return value, collected(updates_collections, ratio(update_total, update_count, "update_op"))


def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> tuple[Any, Any]:
    """How often predictions equal labels."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    predictions.shape.assert_is_compatible_with(labels.shape)
    if labels.dtype != predictions.dtype:
        predictions = math.cast(predictions, labels.dtype)
    correct = math.cast(math.equal(predictions, labels), dtypes.float32)
    return mean(correct, weights, metrics_collections, updates_collections, name or "accuracy")


def mean_absolute_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                        name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean of |predictions - labels|."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    return mean(
        math.abs(predictions - labels), weights, metrics_collections, updates_collections, name or "mean_absolute_error"
    )


def mean_squared_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                       name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean of (predictions - labels) ** 2."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    squared = math.squared_difference(labels, predictions)
    return mean(squared, weights, metrics_collections, updates_collections, name or "mean_squared_error")


def root_mean_squared_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                            name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The root of the mean of (predictions - labels) ** 2."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    value, update = mean_squared_error(labels, predictions, weights, None, None, name or "root_mean_squared_error")
    value = collected(metrics_collections, math.sqrt(value))
    return value, collected(updates_collections, math.sqrt(update))


def mean_relative_error(labels: Any, predictions: Any, normalizer: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                        name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean of |predictions - labels| / normalizer; 0 where the normalizer is."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    predictions, normalizer = remove_squeezable_dimensions(predictions, normalizer)
    predictions.shape.assert_is_compatible_with(normalizer.shape)
    errors = gathering.where(
        math.equal(normalizer, 0.0),
        constant_op.zeros_like(labels),
        math.div(math.abs(labels - predictions), normalizer),
    )
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_relative_error")


def mean_cosine_distance(labels: Any, predictions: Any, dim: int, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                         name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean of 1 - sum(labels * predictions) along `dim`, for vectors of length one."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    diffs = reductions.reduce_sum(math.multiply(predictions, labels), axis=[dim], keepdims=True)
    value, update = mean(diffs, weights, None, None, name or "mean_cosine_distance")
    value, update = math.subtract(1.0, value), math.subtract(1.0, update)
    return collected(metrics_collections, value), collected(updates_collections, update)


def percentage_below(values: Any, threshold: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                     name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of values below a threshold."""
    below = math.cast(math.less(values, threshold), dtypes.float32)
    return mean(below, weights, metrics_collections, updates_collections, name or "percentage_below_threshold")


def streaming_confusion_matrix(labels: Any, predictions: Any, num_classes: Any, weights: Any = None) -> tuple[Any, Any]:
    """(the variable `total_confusion_matrix`, the operation that adds to it)."""
    total = metric_variable([num_classes, num_classes], dtypes.float64, name="total_confusion_matrix")
    predictions, labels = math.cast(predictions, dtypes.int64), math.cast(labels, dtypes.int64)
    num_classes = math.cast(num_classes, dtypes.int64)
    flat = [None if v is None else array.reshape(v, [-1]) if v.shape.ndims > 1 else v
            for v in (predictions, labels, None if weights is None else conversion.convert_to_tensor(weights))]  # fmt: skip
    current = confusion_matrix(flat[1], flat[0], num_classes, weights=flat[2], dtype=dtypes.float64)
    return total, state_ops.assign_add(total, current)


def mean_iou(labels: Any, predictions: Any, num_classes: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
             name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean over classes of intersection over union; the update gives the confusion matrix."""
    from jax_slim.tf1.graph import building

    with variable_scope.variable_scope(name, "mean_iou", (predictions, labels, weights)):
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        total, update = streaming_confusion_matrix(labels, predictions, num_classes, weights)
        over_rows = math.cast(reductions.reduce_sum(total, 0), dtypes.float32)
        over_columns = math.cast(reductions.reduce_sum(total, 1), dtypes.float32)
        diagonal = math.cast(building.make("DiagPart", total), dtypes.float32)
        union = over_rows + over_columns - diagonal
        valid = reductions.reduce_sum(math.cast(math.not_equal(union, 0), dtypes.float32))
        union = gathering.where(math.greater(union, 0), union, constant_op.ones_like(union))
        iou = math.div(diagonal, union)
        value = gathering.where(math.greater(valid, 0), reductions.reduce_sum(iou, name="mean_iou") / valid, 0)
        return collected(metrics_collections, value), collected(updates_collections, update)


def mean_per_class_accuracy(labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
                            updates_collections: Any = None, name: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean over classes of how often they are predicted right; the update gives each class's."""
    with variable_scope.variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels = math.cast(labels, dtypes.int64)
        labels = array.reshape(labels, [-1]) if labels.shape.ndims > 1 else labels
        predictions = array.reshape(predictions, [-1]) if predictions.shape.ndims > 1 else predictions
        predictions.get_shape().assert_is_compatible_with(labels.shape)
        total, count = (
            metric_variable([num_classes], dtypes.float32, name="total"),
            metric_variable([num_classes], dtypes.float32, name="count"),
        )
        ones = constant_op.ones([array.size(labels)], dtypes.float32)
        if labels.dtype != predictions.dtype:
            predictions = math.cast(predictions, labels.dtype)
        correct = math.cast(math.equal(predictions, labels), dtypes.float32)
        if weights is not None:
            weights = conversion.convert_to_tensor(weights)
            weights = math.cast(array.reshape(weights, [-1]) if weights.shape.ndims > 1 else weights, dtypes.float32)
            correct, ones = correct * weights, ones * weights
        update_total = state_ops.scatter_add(total, labels, ones)
        update_count = state_ops.scatter_add(count, labels, correct)
        value = reductions.reduce_mean(ratio(count, total, None), name="mean_accuracy")
        value = collected(metrics_collections, value)
        return value, collected(updates_collections, ratio(update_count, update_total, "update_op"))
