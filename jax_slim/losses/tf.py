"""TensorFlow's own losses, `tf.losses`: labels come first, and `reduction` says how elements become one number.

    slim.losses.tf.softmax_cross_entropy(onehot_labels, logits)      # tf.losses.softmax_cross_entropy

They list their result in the same collection as those of `slim.losses`, so `slim.losses.get_total_loss` counts both;
`loss_collection` takes another collection, or None for none. They differ from those in the rule for `weights`: scalar,
or of the rank of the losses, with length 1 along the axes that they are constant over ([N, 1] weighs the examples of
[N, D]); a weight that stands for several losses counts as often. Losses are float32, whatever lower precision the
inputs have.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.class_ids import ids_of
from jax_slim.core.collections import GraphKeys
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope, unique_op_name
from jax_slim.losses import _args, _elements
from jax_slim.losses._weighting import floats, pair, safe_divide, same_rank
from jax_slim.losses.accounts import add_loss as add_loss
from jax_slim.losses.accounts import get_losses as get_losses
from jax_slim.losses.accounts import get_regularization_loss as get_regularization_loss
from jax_slim.losses.accounts import get_regularization_losses as get_regularization_losses
from jax_slim.losses.accounts import get_total_loss as get_total_loss
from jax_slim.losses.accounts import record

LOSSES = GraphKeys.LOSSES
NAMES = ("labels", "predictions")


class Reduction:
    """How the weighted losses of single elements become the result. The values are TensorFlow's strings.

    Attributes:
      NONE: they stay as they are.
      SUM: their sum.
      MEAN: their sum, divided by the sum of the weights.
      SUM_OVER_BATCH_SIZE: their sum, divided by the number of all elements.
      SUM_BY_NONZERO_WEIGHTS, SUM_OVER_NONZERO_WEIGHTS: their sum, divided by the number of elements whose weight is
        not 0. The default.
    """

    NONE = "none"
    SUM = "weighted_sum"
    MEAN = "weighted_mean"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Every value there is."""
        return (cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_BY_NONZERO_WEIGHTS)

    @classmethod
    def validate(cls, key: str, function: str = "Reduction.validate") -> None:
        """Raises ValueError, in the name of `function`, unless `key` is one of the values."""
        if key not in cls.all():
            raise ValueError(f"{function}: reduction must be one of {', '.join(cls.all())}, got {key!r}.")


BY_NONZERO = Reduction.SUM_BY_NONZERO_WEIGHTS


@operation
def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
) -> jax.Array:
    """Reduces the losses of single elements with weights, and lists the result.

    Args:
      losses: an array of any shape.
      weights: a number, or an array of the rank of `losses`, each axis of length 1 or that of `losses`.
      scope: the name; by default 'weighted_loss'.
      loss_collection: the collection that lists the result; None lists it nowhere.
      reduction: a value of `Reduction`.

    Returns:
      A scalar, or the shape of `losses` for Reduction.NONE. Where the divisor is 0, 0.

    Raises:
      ValueError: `weights` does not fit, or `reduction` is unknown.
    """
    with name_scope(scope, "weighted_loss"):
        return _reduce("compute_weighted_loss", floats(losses), weights, loss_collection, reduction)


@operation
def absolute_difference(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
) -> jax.Array:
    """|predictions - labels|, reduced.

    Args:
      labels, predictions: two arrays of one shape.
      weights, scope, loss_collection, reduction: as for `compute_weighted_loss`; the name is the function's by default.

    Returns:
      A scalar, or the shape of `labels` for Reduction.NONE.

    Raises:
      ValueError: the shapes differ, `weights` does not fit, or `reduction` is unknown.
    """
    labels, predictions = pair("absolute_difference", NAMES, labels, predictions)
    with name_scope(scope, "absolute_difference"):
        losses = _elements.absolute(predictions, labels)
        return _reduce("absolute_difference", losses, weights, loss_collection, reduction)


@operation
def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
) -> jax.Array:
    """(predictions - labels)^2, reduced; there is no factor of 1/2.

    Args, Returns, Raises: as `absolute_difference`.
    """
    labels, predictions = pair("mean_squared_error", NAMES, labels, predictions)
    with name_scope(scope, "mean_squared_error"):
        return _reduce(
            "mean_squared_error", _elements.squared(predictions, labels), weights, loss_collection, reduction
        )


@operation
def huber_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    delta: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
) -> jax.Array:
    """Half the square of small errors, a straight line for those beyond `delta`: outliers pull with bounded force.

    Args:
      delta: the error, in units of the labels, from which on the loss is linear: delta * |error| - delta^2 / 2.
      labels, predictions, weights, scope, loss_collection, reduction: as for `absolute_difference`.

    Returns, Raises: as `absolute_difference`.
    """
    labels, predictions = pair("huber_loss", NAMES, labels, predictions)
    with name_scope(scope, "huber_loss"):
        losses = _elements.huber(predictions, labels, delta)
        return _reduce("huber_loss", losses, weights, loss_collection, reduction, taken=("Mul",) * 3)


@operation
def log_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
) -> jax.Array:
    """Cross entropy of probabilities with labels 0 and 1, reduced.

    Args:
      predictions: probabilities in [0, 1].
      epsilon: added inside the logarithms.
      labels, weights, scope, loss_collection, reduction: as for `absolute_difference`.

    Returns, Raises: as `absolute_difference`.
    """
    labels, predictions = pair("log_loss", NAMES, labels, predictions)
    with name_scope(scope, "log_loss"):
        losses = _elements.log(predictions, labels, epsilon)
        return _reduce("log_loss", losses, weights, loss_collection, reduction, taken=("Mul",) * 2)


@operation
def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
) -> jax.Array:
    """max(0, 1 - logit) for label 1 and max(0, 1 + logit) for label 0, reduced.

    Args, Returns, Raises: as `absolute_difference`, with `logits` for `predictions`.
    """
    labels, logits = pair("hinge_loss", ("labels", "logits"), labels, logits)
    with name_scope(scope, "hinge_loss"):
        losses = _elements.hinge(logits, labels)
        return _reduce("hinge_loss", losses, weights, loss_collection, reduction, taken=("Mul",) * 2)


@operation
def cosine_distance(
    labels: Any,
    predictions: Any,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
    dim: int | None = None,
) -> jax.Array:
    """1 - cos(angle) between *unit* vectors, reduced; nothing is normalized here.

    Args:
      axis: the axis that the vectors lie along. It stays, with length 1 ([N, D] has losses and weights of [N, 1]).
      dim: the older name of `axis`.
      labels, predictions, weights, scope, loss_collection, reduction: as for `absolute_difference`; the name is
        'cosine_distance_loss' by default.

    Returns:
      A scalar, or the shape of `labels` with length 1 along `axis` for Reduction.NONE.

    Raises:
      ValueError: as `absolute_difference`, or `axis` is missing or out of range.
    """
    labels, predictions = pair("cosine_distance", NAMES, labels, predictions)
    axis = _args.axis("cosine_distance", axis, dim, labels.ndim)
    with name_scope(scope, "cosine_distance_loss"):
        losses = _elements.cosine(predictions, labels, axis, keepdims=True)
        return _reduce("cosine_distance", losses, weights, loss_collection, reduction, taken=("Mul", "Sum"))


@operation
def mean_pairwise_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
) -> jax.Array:
    """How much the differences between an example's own elements differ from those of its labels.

    As `slim.losses.mean_pairwise_squared_error`, but divided by the n (n - 1) pairs of the n elements whose weight is
    not 0. Weights within an example do not weigh its pairs: they only multiply its loss, once for each element.

    Args:
      labels, predictions: [N, ...], two arrays of one shape.
      weights: a number, or of the rank of `labels`; [N, 1, ...] weighs examples.
      scope: the name; by default the function's.
      loss_collection: the collection that lists the result; None lists it nowhere.

    Returns:
      A scalar: the sum over the examples.

    Raises:
      ValueError: the shapes differ, are scalars, or `weights` does not fit.
    """
    function = "mean_pairwise_squared_error"
    labels, predictions = pair(function, NAMES, labels, predictions)
    _args.batch(function, "labels", labels)
    differences = predictions - labels
    weights, _ = same_rank(function, weights, differences)
    inner = tuple(range(1, differences.ndim))
    count = jnp.sum(jnp.broadcast_to(weights != 0, differences.shape), inner, differences.dtype, keepdims=True)
    squares = jnp.sum(jnp.square(differences), inner, keepdims=True)
    square = jnp.square(jnp.sum(differences, inner, keepdims=True))
    losses = safe_divide(squares, jnp.maximum(count - 1, 0)) - safe_divide(square, jnp.maximum(count * (count - 1), 0))
    with name_scope(scope, function):
        for _ in range(2):  # TF calls the loss 'value_2': two of its steps took that name before
            unique_op_name("value")
        return record(jnp.sum(2 * losses * weights), loss_collection or "")


@operation
def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: Any = 0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
) -> jax.Array:
    """Cross entropy of logits with labels that do not exclude each other, reduced.

    Args:
      multi_class_labels, logits: [N, classes], or two arrays of any one shape; labels are 0 or 1 or between.
      label_smoothing: in [0, 1]: how far labels move towards 1/2.
      weights, scope, loss_collection, reduction: as for `absolute_difference`; the name is
        'sigmoid_cross_entropy_loss' by default.

    Returns, Raises: as `absolute_difference`.
    """
    function = "sigmoid_cross_entropy"
    labels, logits = pair(function, ("multi_class_labels", "logits"), multi_class_labels, logits)
    smooth = _args.smoothing(function, label_smoothing)
    if smooth:
        labels = _elements.smooth_binary(labels, label_smoothing)
    with name_scope(scope, "sigmoid_cross_entropy_loss"):
        losses = _elements.sigmoid_cross_entropy(logits, labels)
        return _reduce(function, losses, weights, loss_collection, reduction, taken=("mul",) * smooth)


@operation
def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: Any = 0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
) -> jax.Array:
    """Cross entropy of logits with one-hot labels, reduced. As `slim.losses.softmax_cross_entropy`.

    Args:
      onehot_labels, logits: [N, classes], or more axes in front.
      weights: a number, or of the rank of the losses: [N].
      label_smoothing: in [0, 1]: the share of the labels that is spread over all classes.
      scope, loss_collection, reduction: as for `absolute_difference`; the name is 'softmax_cross_entropy_loss' by
        default.

    Returns:
      A scalar, or [N] for Reduction.NONE.

    Raises:
      ValueError: the shapes differ, `weights` does not fit, or `reduction` or `label_smoothing` is wrong.
    """
    function, ids = "softmax_cross_entropy", ids_of(onehot_labels)
    labels, logits = pair(function, ("onehot_labels", "logits"), onehot_labels, logits)
    smooth = _args.smoothing(function, label_smoothing)
    if smooth:
        labels = _elements.smooth_one_hot(labels, label_smoothing)
    with name_scope(scope, "softmax_cross_entropy_loss"):
        losses = _elements.softmax_cross_entropy(logits, labels)
        if ids is not None:
            losses = _args.in_range(function, losses, ids, labels.shape[-1], same_rank(function, weights, losses)[0])
        return _reduce(function, losses, weights, loss_collection, reduction, taken=("mul",) * smooth)


@operation
def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = LOSSES,
    reduction: str = BY_NONZERO,
) -> jax.Array:
    """Cross entropy of logits with the ids of classes, reduced.

    A label outside of [0, classes) makes the loss NaN, and the gradient of its logits too, unless its weight is 0.

    Args:
      labels: integers, the shape of `logits` without its last axis. A further axis of length 1 is dropped.
      logits: [N, classes], or more axes in front.
      weights: a number, or of the rank of `labels`; a further axis of length 1 is dropped here too.
      scope, loss_collection, reduction: as for `absolute_difference`; the name is
        'sparse_softmax_cross_entropy_loss' by default.

    Returns:
      A scalar, or the shape of `labels` for Reduction.NONE.

    Raises:
      TypeError: `labels` are not integers.
      ValueError: the shapes do not fit, or `reduction` is unknown.
    """
    function = "sparse_softmax_cross_entropy"
    logits, labels = floats(logits), _args.class_ids(function, labels)
    if labels.ndim == logits.ndim and labels.shape[-1:] == (1,):
        labels = labels[..., 0]
    if logits.ndim == 0 or labels.shape != logits.shape[:-1]:
        raise ValueError(
            f"{function}: labels must have the shape of logits without the last axis, got shapes {labels.shape} and "
            f"{logits.shape}."
        )
    if weights is not None and jnp.ndim(weights) == labels.ndim + 1 and jnp.shape(weights)[-1] == 1:
        weights = jnp.asarray(weights)[..., 0]
    aligned, _ = same_rank(function, weights, jnp.zeros(labels.shape, logits.dtype))
    with name_scope(scope, "sparse_softmax_cross_entropy_loss"):
        losses = _elements.sparse_softmax_cross_entropy(logits, labels)
        losses = _args.in_range(function, losses, labels, logits.shape[-1], aligned)
        return _reduce(function, losses, weights, loss_collection, reduction)


def _reduce(
    function: str,
    losses: jax.Array,
    weights: Any,
    loss_collection: str | None,
    reduction: str,
    taken: tuple[str, ...] = (),
) -> jax.Array:
    """Reduces `losses`, and lists the result under the name that TF gives its last operation.

    Args:
      taken: names that operations of TF's have used up before, in the scope that is open.
    """
    Reduction.validate(reduction, function)
    weights, present = same_rank(function, weights, losses)
    weighted = losses * weights
    if reduction == Reduction.NONE:
        loss, name = weighted, "Mul"
    else:
        loss, name = jnp.sum(weighted), "Sum" if reduction == Reduction.SUM else "value"
    if reduction == Reduction.MEAN:
        loss = safe_divide(loss, jnp.sum(jnp.broadcast_to(weights, losses.shape)))
    elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
        loss = loss / max(losses.size, 1)
    elif reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        loss = safe_divide(loss, present)
    for name_taken in taken:
        unique_op_name(name_taken)
    return record(loss, loss_collection or "", name)
