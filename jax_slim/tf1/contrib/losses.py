"""`tf.contrib.losses` (and `slim.losses`): the losses of early versions, predictions first."""

from typing import Any

from jax_slim.tf1.contrib.arg_scopes import add_arg_scope
from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import array, constant_op, gathering, math, nn_activations, nn_losses, reductions, slicing


def _safe_div(numerator: Any, denominator: Any, name: str = "value") -> Any:
    return gathering.where(
        math.greater(denominator, 0),
        math.div(numerator, gathering.where(math.equal(denominator, 0), constant_op.ones_like(denominator), denominator)),
        constant_op.zeros_like(numerator), name=name)  # fmt: skip


def _safe_mean(losses: Any, num_present: Any) -> Any:
    return _safe_div(reductions.reduce_sum(losses), num_present, name="value")


def _scaled(losses: Any, weights: Any) -> Any:
    axis = list(range(max(0, weights.shape.ndims), losses.shape.ndims))
    return reductions.reduce_sum(math.multiply(reductions.reduce_sum(losses, axis=axis), weights))


def _num_present(losses: Any, weights: Any, per_batch: bool = False) -> Any:
    if weights.shape.ndims == 0:
        batch = 1 if losses.shape.ndims == 0 else array.reshape(slicing.slice(array.shape(losses), [0], [1]), [])
        each = math.div(math.cast(array.size(losses), dtypes.float32), math.cast(batch, dtypes.float32))
        each = gathering.where(math.equal(weights, 0), 0.0, each)
        each = math.multiply(constant_op.ones(array.reshape(batch, [1])), each)
        return each if per_batch else reductions.reduce_sum(each)
    axis = list(range(1, weights.shape.ndims))
    nonzero = reductions.reduce_sum(math.cast(math.not_equal(weights, 0), dtypes.float32), axis=axis)
    rest = slicing.slice(array.shape(losses), [weights.shape.ndims], [-1])
    each = math.multiply(nonzero, math.cast(reductions.reduce_prod(rest), dtypes.float32))
    return each if per_batch else reductions.reduce_sum(each)


def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: Any = None) -> Any:
    """The mean of the losses by weights (a scalar, or of the first axes), over the nonzero ones; added to the collection.

    Raises:
      ValueError: a rank that is not known.
    """
    with graphs.name_scope(scope, "weighted_loss", [losses, weights]):
        losses = conversion.convert_to_tensor(losses)
        kind = losses.dtype
        losses = math.cast(losses, dtypes.float32)
        weights = math.cast(conversion.convert_to_tensor(weights), dtypes.float32)
        if losses.shape.ndims is None:
            raise ValueError("losses.get_shape().ndims cannot be None")
        if weights.shape.ndims is None:
            raise ValueError("weight.get_shape().ndims cannot be None")
        if weights.shape.ndims > 1 and weights.shape[-1].is_compatible_with(1):
            weights = array.squeeze(weights, [-1])
        mean = math.cast(_safe_mean(_scaled(losses, weights), _num_present(losses, weights)), kind)
        add_loss(mean)
        return mean


@add_arg_scope
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


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss") -> Any:
    """The sum of all losses, with those of regularizers unless told otherwise."""
    losses = get_losses()
    if add_regularization_losses:
        losses = losses + get_regularization_losses()
    return math.add_n(losses, name=name)


def _floats(predictions: Any, labels: Any) -> tuple[Any, Any]:
    predictions.get_shape().assert_is_compatible_with(labels.get_shape())
    return math.cast(predictions, dtypes.float32), math.cast(labels, dtypes.float32)


def absolute_difference(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: Any = None) -> Any:
    """|predictions - labels|."""
    with graphs.name_scope(scope, "absolute_difference", [predictions, labels, weights]) as scope:
        predictions, labels = _floats(predictions, labels)
        return compute_weighted_loss(math.abs(math.subtract(predictions, labels)), weights, scope=scope)


def sigmoid_cross_entropy(
    logits: Any, multi_class_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: Any = None
) -> Any:
    """The cross entropy of logits of independent classes."""
    with graphs.name_scope(scope, "sigmoid_cross_entropy_loss", [logits, multi_class_labels, weights]) as scope:
        logits.get_shape().assert_is_compatible_with(multi_class_labels.get_shape())
        labels = math.cast(multi_class_labels, logits.dtype)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        return compute_weighted_loss(
            nn_losses.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy"),
            weights,
            scope=scope,
        )


def softmax_cross_entropy(
    logits: Any, onehot_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: Any = None
) -> Any:
    """The cross entropy of logits of exclusive classes."""
    with graphs.name_scope(scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]) as scope:
        logits.get_shape().assert_is_compatible_with(onehot_labels.get_shape())
        labels = math.cast(onehot_labels, logits.dtype)
        if label_smoothing > 0:
            num_classes = math.cast(array.shape(labels)[1], logits.dtype)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / num_classes
        return compute_weighted_loss(
            nn_losses.softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy"),
            weights,
            scope=scope,
        )


def sparse_softmax_cross_entropy(logits: Any, labels: Any, weights: Any = 1.0, scope: Any = None) -> Any:
    """The cross entropy of logits of exclusive classes, of which labels are the ids, [batch] or [batch, 1]."""
    with graphs.name_scope(scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]) as scope:
        labels = array.reshape(labels, shape=[array.shape(labels)[0]])
        losses = nn_losses.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=scope)


def log_loss(predictions: Any, labels: Any = None, weights: Any = 1.0, epsilon: float = 1e-7, scope: Any = None) -> Any:
    """The cross entropy of probabilities."""
    with graphs.name_scope(scope, "log_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _floats(predictions, labels)
        losses = -math.multiply(labels, math.log(predictions + epsilon)) - math.multiply(
            1 - labels, math.log(1 - predictions + epsilon)
        )
        return compute_weighted_loss(losses, weights, scope=scope)


def hinge_loss(logits: Any, labels: Any = None, scope: Any = None) -> Any:
    """max(0, 1 - y * logits) for each element, neither reduced nor collected."""
    with graphs.name_scope(scope, "hinge_loss", [logits, labels]) as scope:
        logits.get_shape().assert_is_compatible_with(labels.get_shape())
        labels = math.cast(labels, dtypes.float32)
        ones = constant_op.ones_like(labels)
        labels = math.subtract(2 * labels, ones)
        return nn_activations.relu(math.subtract(ones, math.multiply(labels, logits)))


def mean_squared_error(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: Any = None) -> Any:
    """(predictions - labels) ** 2."""
    with graphs.name_scope(scope, "mean_squared_error", [predictions, labels, weights]) as scope:
        predictions, labels = _floats(predictions, labels)
        return compute_weighted_loss(math.squared_difference(predictions, labels), weights, scope=scope)


def mean_pairwise_squared_error(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: Any = None) -> Any:
    """The squared error of the differences of all pairs of elements of an example."""
    with graphs.name_scope(scope, "mean_pairwise_squared_error", [predictions, labels, weights]) as scope:
        predictions, labels = _floats(predictions, labels)
        weights = math.cast(conversion.convert_to_tensor(weights), dtypes.float32)
        diffs = math.subtract(predictions, labels)
        axis = list(range(1, diffs.shape.ndims))
        squares = reductions.reduce_sum(math.square(diffs), axis=axis)
        present = _num_present(diffs, weights, per_batch=True)
        first = 2.0 * _safe_div(squares, present)
        total = reductions.reduce_sum(diffs, axis=axis)
        second = 2.0 * _safe_div(math.square(total), math.square(present))
        loss = _scaled(first - second, weights)
        mean = gathering.where(reductions.reduce_sum(present) > 0, loss, constant_op.zeros_like(loss), name="value")
        add_loss(mean)
        return mean


def cosine_distance(
    predictions: Any, labels: Any = None, axis: Any = None, weights: Any = 1.0, scope: Any = None, dim: Any = None
) -> Any:
    """1 - sum(labels * predictions) along `axis`, for vectors of length one.

    Raises:
      ValueError: no axis.
    """
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    with graphs.name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _floats(predictions, labels)
        losses = 1 - reductions.reduce_sum(math.multiply(predictions, labels), axis=[axis])
        return compute_weighted_loss(losses, weights, scope=scope)
