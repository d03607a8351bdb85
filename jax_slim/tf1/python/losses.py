"""`tf.losses`: losses of labels and predictions with weights, reduced to a scalar and collected."""

from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import array, constant_op, gathering, math, nn_activations, nn_losses, reductions
from jax_slim.tf1.python.segments import remove_squeezable_dimensions
from jax_slim.tf1.python.weights_broadcast import assert_broadcastable, broadcast_weights, fitting_weights


class Reduction:
    """How a loss becomes a scalar: not at all, the sum, the mean by weights, by elements, or by nonzero weights (the default)."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: Any) -> None:
        """Raises ValueError for what is none of them."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}.")


_DEFAULT = Reduction.SUM_BY_NONZERO_WEIGHTS


def _safe_mean(losses: Any, num_present: Any) -> Any:
    return math.div_no_nan(reductions.reduce_sum(losses), num_present, name="value")


def _num_present(losses: Any, weights: Any, per_batch: bool = False) -> Any:
    if isinstance(weights, float) and weights != 0.0:
        return _num_elements(losses)
    with graphs.name_scope(None, "num_present", (losses, weights)) as scope:
        weights = math.cast(weights, dtypes.float32)
        present = gathering.where(
            math.equal(weights, 0.0), constant_op.zeros_like(weights), constant_op.ones_like(weights)
        )
        present = broadcast_weights(present, losses)
        if per_batch:
            return reductions.reduce_sum(
                present, axis=constant_op.range(1, array.rank(present)), keepdims=True, name=scope
            )
        return reductions.reduce_sum(present, name=scope)


def _num_elements(losses: Any) -> Any:
    with graphs.name_scope(None, "num_elements", [losses]) as scope:
        return math.cast(array.size(losses, name=scope), dtype=losses.dtype)


def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:
    """Losses times weights, reduced, added to the collection.

    Args:
      weights: broadcast to the losses.
      reduction: by default the sum over the number of nonzero weights; 0.0 where there are none.

    Raises:
      ValueError: weights that do not broadcast, another reduction.
    """
    Reduction.validate(reduction)
    with graphs.name_scope(scope, "weighted_loss", (losses, weights)):
        graphs.get_default_graph()._last_loss_reduction = reduction
        with graphs.control_dependencies((assert_broadcastable(weights, losses),)):
            losses = conversion.convert_to_tensor(losses)
            kind = losses.dtype
            losses = math.cast(losses, dtypes.float32)
            weights = math.cast(weights, dtypes.float32)
            weighted = math.multiply(losses, weights)
            if reduction == Reduction.NONE:
                loss = weighted
            else:
                loss = reductions.reduce_sum(weighted)
                if reduction == Reduction.MEAN:
                    loss = _safe_mean(loss, reductions.reduce_sum(constant_op.ones_like(losses) * weights))
                elif reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
                    loss = _safe_mean(loss, _num_present(losses, weights))
                elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
                    loss = _safe_mean(loss, _num_elements(losses))
            loss = math.cast(loss, kind)
            add_loss(loss, loss_collection)
            return loss


def _given(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"{name} must not be None.")


def _floats(labels: Any, predictions: Any) -> tuple[Any, Any]:
    predictions = math.cast(predictions, dtypes.float32)
    labels = math.cast(labels, dtypes.float32)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return labels, predictions


def absolute_difference(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:
    """|predictions - labels|."""
    _given(labels=labels, predictions=predictions)
    with graphs.name_scope(scope, "absolute_difference", (predictions, labels, weights)) as scope:
        labels, predictions = _floats(labels, predictions)
        losses = math.abs(math.subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def cosine_distance(labels: Any, predictions: Any, axis: Any = None, weights: Any = 1.0, scope: Any = None, loss_collection: Any = GraphKeys.LOSSES,
                    reduction: str = _DEFAULT, dim: Any = None) -> Any:  # fmt: skip
    """1 - sum(labels * predictions) along `axis`, for vectors of length one.

    Raises:
      ValueError: no axis.
    """
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    _given(labels=labels, predictions=predictions)
    with graphs.name_scope(scope, "cosine_distance_loss", (predictions, labels, weights)) as scope:
        labels, predictions = _floats(labels, predictions)
        losses = 1 - reductions.reduce_sum(math.multiply(predictions, labels), axis=(axis,), keepdims=True)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:
    """max(0, 1 - y * logits) of labels 0 and 1, as y = -1 and 1."""
    _given(labels=labels, logits=logits)
    with graphs.name_scope(scope, "hinge_loss", (logits, labels, weights)) as scope:
        labels, logits = _floats(labels, logits)
        ones = constant_op.ones_like(labels)
        labels = math.subtract(2 * labels, ones)
        losses = nn_activations.relu(math.subtract(ones, math.multiply(labels, logits)))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def huber_loss(labels: Any, predictions: Any, weights: Any = 1.0, delta: Any = 1.0, scope: Any = None, loss_collection: Any = GraphKeys.LOSSES,
               reduction: str = _DEFAULT) -> Any:  # fmt: skip
    """Half the squared difference up to `delta`, linear beyond."""
    _given(labels=labels, predictions=predictions)
    with graphs.name_scope(scope, "huber_loss", (predictions, labels, weights)) as scope:
        labels, predictions = _floats(labels, predictions)
        size = math.abs(math.subtract(predictions, labels))
        delta = conversion.convert_to_tensor(delta, dtype=size.dtype)
        quadratic = math.minimum(size, delta)
        rest = math.subtract(size, quadratic)
        half = conversion.convert_to_tensor(0.5, dtype=quadratic.dtype)
        losses = math.add(math.multiply(half, math.multiply(quadratic, quadratic)), math.multiply(delta, rest))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def log_loss(labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: Any = None, loss_collection: Any = GraphKeys.LOSSES,
             reduction: str = _DEFAULT) -> Any:  # fmt: skip
    """The cross entropy of probabilities: -labels * log(predictions) - (1 - labels) * log(1 - predictions)."""
    _given(labels=labels, predictions=predictions)
    with graphs.name_scope(scope, "log_loss", (predictions, labels, weights)) as scope:
        labels, predictions = _floats(labels, predictions)
        losses = -math.multiply(labels, math.log(predictions + epsilon)) - math.multiply(
            1 - labels, math.log(1 - predictions + epsilon)
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def mean_pairwise_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: Any = None, loss_collection: Any = GraphKeys.LOSSES
) -> Any:
    """The squared error of the differences of all pairs of elements of an example."""
    _given(labels=labels, predictions=predictions)
    with graphs.name_scope(scope, "mean_pairwise_squared_error", (predictions, labels, weights)) as scope:
        weights = math.cast(weights, dtypes.float32)
        labels = math.cast(labels, dtypes.float32)
        with graphs.control_dependencies((assert_broadcastable(weights, labels),)):
            predictions = math.cast(predictions, dtypes.float32)
            predictions.shape.assert_is_compatible_with(labels.shape)
            diffs = math.subtract(predictions, labels)
            axis = constant_op.range(1, array.rank(diffs))
            squares = reductions.reduce_sum(math.square(diffs), axis=axis, keepdims=True)
            present = _num_present(diffs, weights, per_batch=True)
            first = 2.0 * math.div_no_nan(squares, math.maximum(present - 1, 0), name="value")
            total = reductions.reduce_sum(diffs, axis=axis, keepdims=True)
            second = 2.0 * math.div_no_nan(
                math.square(total), math.maximum(math.multiply(present, present - 1), 0), name="value"
            )
            loss = reductions.reduce_sum(math.multiply(first - second, weights))
            mean = gathering.where(reductions.reduce_sum(present) > 0, loss, constant_op.zeros_like(loss), name="value")
            add_loss(mean, loss_collection)
            return mean


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:
    """(predictions - labels) ** 2."""
    _given(labels=labels, predictions=predictions)
    with graphs.name_scope(scope, "mean_squared_error", (predictions, labels, weights)) as scope:
        labels, predictions = _floats(labels, predictions)
        losses = math.squared_difference(predictions, labels)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def sigmoid_cross_entropy(multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: Any = None,
                          loss_collection: Any = GraphKeys.LOSSES, reduction: str = _DEFAULT) -> Any:  # fmt: skip
    """The cross entropy of logits of independent classes. Smoothing moves labels towards 1/2."""
    _given(multi_class_labels=multi_class_labels, logits=logits)
    with graphs.name_scope(scope, "sigmoid_cross_entropy_loss", (logits, multi_class_labels, weights)) as scope:
        logits = conversion.convert_to_tensor(logits)
        labels = math.cast(multi_class_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = nn_losses.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def softmax_cross_entropy(onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: Any = None,
                          loss_collection: Any = GraphKeys.LOSSES, reduction: str = _DEFAULT) -> Any:  # fmt: skip
    """The cross entropy of logits of exclusive classes. Smoothing moves labels towards 1/classes."""
    _given(onehot_labels=onehot_labels, logits=logits)
    with graphs.name_scope(scope, "softmax_cross_entropy_loss", (logits, onehot_labels, weights)) as scope:
        logits = conversion.convert_to_tensor(logits)
        labels = math.cast(onehot_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            num_classes = math.cast(array.shape(labels)[-1], logits.dtype)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / num_classes
        labels = array.stop_gradient(labels, name="labels_stop_gradient")
        losses = nn_losses.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:
    """The cross entropy of logits of exclusive classes, of which labels are the ids."""
    _given(labels=labels, logits=logits)
    with graphs.name_scope(scope, "sparse_softmax_cross_entropy_loss", (logits, labels, weights)) as scope:
        labels, logits = remove_squeezable_dimensions(labels, logits, expected_rank_diff=1)
        weights = fitting_weights(weights, labels)
        losses = nn_losses.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


# The losses of a graph.


def add_loss(loss: Any, loss_collection: Any = GraphKeys.LOSSES) -> None:
    """Adds a loss to the collection; to none where it is None."""
    if loss_collection:
        graphs.add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES) -> list[Any]:
    """The collected losses, of a scope."""
    return graphs.get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The collected losses of regularizers, of a scope."""
    return graphs.get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Any:
    """The sum of the losses of regularizers; 0.0 where there are none."""
    losses = get_regularization_losses(scope)
    return math.add_n(losses, name=name) if losses else conversion.constant(0.0)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None) -> Any:
    """The sum of all losses, with those of regularizers unless told otherwise.

    Raises:
      ValueError: there are none.
    """
    losses = get_losses(scope=scope)
    if add_regularization_losses:
        losses = losses + get_regularization_losses(scope=scope)
    return math.add_n(losses, name=name)
