"""TF-Slim's losses of classifiers. Logits come first, labels second; `slim.losses.tf` has the other order.

Each returns the mean over the elements whose weight is not 0 (TF-Slim's rule: the weights' own size does not count)
and lists it in the collection LOSSES as '<scope>/value'. Losses are float32, whatever lower precision the logits have.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.class_ids import ids_of
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope
from jax_slim.losses import _args, _elements
from jax_slim.losses._weighting import floats, leading, pair
from jax_slim.losses.averaging import mean


@operation
def sigmoid_cross_entropy(
    logits: Any, multi_class_labels: Any, weights: Any = 1.0, label_smoothing: Any = 0, scope: str | None = None
) -> jax.Array:
    """Cross entropy of logits with labels that do not exclude each other.

    Args:
      logits: [N, classes], or any shape.
      multi_class_labels: of the same shape, 0 or 1 or between.
      weights: as for `compute_weighted_loss`.
      label_smoothing: in [0, 1]: how far labels move towards 1/2.
      scope: the name; by default 'sigmoid_cross_entropy_loss'.

    Returns:
      A scalar: the mean over all N * classes elements.

    Raises:
      ValueError: the shapes differ, `weights` does not fit, or `label_smoothing` is out of range.
    """
    function = "sigmoid_cross_entropy"
    logits, labels = pair(function, ("logits", "multi_class_labels"), logits, multi_class_labels)
    if _args.smoothing(function, label_smoothing):
        labels = _elements.smooth_binary(labels, label_smoothing)
    with name_scope(scope, "sigmoid_cross_entropy_loss"):
        return mean(function, _elements.sigmoid_cross_entropy(logits, labels), weights)


@operation
def softmax_cross_entropy(
    logits: Any, onehot_labels: Any, weights: Any = 1.0, label_smoothing: Any = 0, scope: str | None = None
) -> jax.Array:
    """Cross entropy of logits with one-hot labels.

        labels = slim.one_hot_encoding(ids, 1000)
        slim.losses.softmax_cross_entropy(logits, labels, label_smoothing=0.1)

    No gradient flows into the labels. That of the logits is softmax - labels, as in TF, also where a row of labels does
    not sum to 1: a row of zeros costs nothing, counts in the mean and pulls all the logits down.

    Labels that are the very result of `slim.one_hot_encoding` may not come of ids outside of [0, classes): such an id
    makes the loss and the gradient of its logits NaN, unless its weight is 0.

    Args:
      logits: [N, classes]; more axes in front will do. -inf rules a class out.
      onehot_labels: of the same shape: one-hot, or other distributions over the last axis.
      weights: a number, or [N], as for `compute_weighted_loss`.
      label_smoothing: in [0, 1]: the share of the labels that is spread over all classes.
      scope: the name; by default 'softmax_cross_entropy_loss'.

    Returns:
      A scalar: the mean over the examples whose weight is not 0.

    Raises:
      ValueError: the shapes differ, `weights` does not fit, or `label_smoothing` is out of range.
    """
    function, ids = "softmax_cross_entropy", ids_of(onehot_labels)
    logits, labels = pair(function, ("logits", "onehot_labels"), logits, onehot_labels)
    if _args.smoothing(function, label_smoothing):
        labels = _elements.smooth_one_hot(labels, label_smoothing)
    with name_scope(scope, "softmax_cross_entropy_loss"):
        losses = _elements.softmax_cross_entropy(logits, labels)
        if ids is not None:
            losses = _args.in_range(function, losses, ids, labels.shape[-1], leading(function, weights, losses)[0])
        return mean(function, losses, weights)


@operation
def sparse_softmax_cross_entropy(logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None) -> jax.Array:
    """Cross entropy of logits with the ids of classes.

        slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
        slim.losses.sparse_softmax_cross_entropy(logits, labels, weights=labels != 255)     # 255: to be ignored

    A label outside of [0, classes) makes the loss NaN, and the gradient of its logits too, unless its weight is 0
    (TF refuses the batch on CPU and yields NaN on GPU).

    Args:
      logits: [N, classes]. -inf rules a class out.
      labels: [N] or [N, 1], integers.
      weights: a number, or [N], as for `compute_weighted_loss`.
      scope: the name; by default 'sparse_softmax_cross_entropy_loss'.

    Returns:
      A scalar: the mean over the examples whose weight is not 0.

    Raises:
      TypeError: `labels` are not integers.
      ValueError: the shapes do not fit.
    """
    function = "sparse_softmax_cross_entropy"
    logits, labels = floats(logits), _args.class_ids(function, labels)
    size = logits.shape[0] if logits.ndim == 2 else None
    if size is None or labels.shape not in ((size,), (size, 1)):
        raise ValueError(
            f"{function}: logits must be [N, classes] and labels [N] or [N, 1], got shapes {logits.shape} and "
            f"{labels.shape}. slim.losses.tf.{function} takes more axes."
        )
    labels = labels.reshape(size)
    aligned, _ = leading(function, weights, jnp.zeros_like(logits[:, 0]))
    with name_scope(scope, "sparse_softmax_cross_entropy_loss"):
        losses = _elements.sparse_softmax_cross_entropy(logits, labels)
        return mean(function, _args.in_range(function, losses, labels, logits.shape[-1], aligned), weights)


@operation
def log_loss(
    predictions: Any, labels: Any = None, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None
) -> jax.Array:
    """Cross entropy of probabilities with labels 0 and 1. Where there are logits, `sigmoid_cross_entropy` is exacter.

    Args:
      predictions: probabilities in [0, 1], of any shape.
      labels: of the same shape.
      weights: as for `compute_weighted_loss`.
      epsilon: added inside the logarithms, so that a sure mistake costs about 16 and not infinity.
      scope: the name; by default 'log_loss'.

    Returns:
      A scalar: the mean over all elements whose weight is not 0.

    Raises:
      ValueError: the shapes differ or `weights` does not fit.
    """
    predictions, labels = pair("log_loss", ("predictions", "labels"), predictions, labels)
    with name_scope(scope, "log_loss"):
        return mean("log_loss", _elements.log(predictions, labels, epsilon), weights)


@operation
def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> jax.Array:
    """The hinge loss of each element: max(0, 1 - logit) for label 1, max(0, 1 + logit) for label 0.

    As in TF-Slim, this one takes no weights, reduces nothing and lists nothing:

        slim.losses.compute_weighted_loss(slim.losses.hinge_loss(logits, labels))

    Args:
      logits: of any shape.
      labels: of the same shape, 0 or 1.
      scope: the name; by default 'hinge_loss'.

    Returns:
      The losses, in the shape of `logits`.

    Raises:
      ValueError: the shapes differ.
    """
    logits, labels = pair("hinge_loss", ("logits", "labels"), logits, labels)
    with name_scope(scope, "hinge_loss"):
        return _elements.hinge(logits, labels)
