"""TF-Slim's losses of values against values. Predictions come first; `slim.losses.tf` has the other order.

As those in `classification`, they return float32 scalars, listed in the collection LOSSES as '<scope>/value'.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope, unique_op_name
from jax_slim.losses import _args, _elements
from jax_slim.losses._weighting import leading, pair, safe_divide
from jax_slim.losses.accounts import record
from jax_slim.losses.averaging import mean

NAMES = ("predictions", "labels")


@operation
def absolute_difference(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> jax.Array:
    """The mean of |predictions - labels|.

    Args:
      predictions: an array of any shape.
      labels: of the same shape.
      weights: as for `compute_weighted_loss`: a number, [N] or the whole shape.
      scope: the name; by default 'absolute_difference'.

    Returns:
      A scalar: the mean over all elements whose weight is not 0.

    Raises:
      ValueError: the shapes differ or `weights` does not fit.
    """
    predictions, labels = pair("absolute_difference", NAMES, predictions, labels)
    with name_scope(scope, "absolute_difference"):
        return mean("absolute_difference", _elements.absolute(predictions, labels), weights)


@operation
def mean_squared_error(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> jax.Array:
    """The mean of (predictions - labels)^2, without a factor of 1/2.

    Args, Returns, Raises: as `absolute_difference`; the name is 'mean_squared_error' by default.
    """
    predictions, labels = pair("mean_squared_error", NAMES, predictions, labels)
    with name_scope(scope, "mean_squared_error"):
        return mean("mean_squared_error", _elements.squared(predictions, labels), weights)


@operation
def mean_pairwise_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> jax.Array:
    """How much the differences between an example's own elements differ from those of its labels.

    For predictions [a, b, c] and labels [x, y, z] it compares a - b with x - y, a - c with x - z, and so on: a
    constant added to all of them costs nothing. TF-Slim divides by n^2 pairs of the n elements (`slim.losses.tf` by
    n (n - 1)), and *sums* over the examples.

    Args:
      predictions: [N, ...].
      labels: of the same shape.
      weights: a number, or [N] to weigh examples.
      scope: the name; by default 'mean_pairwise_squared_error'.

    Returns:
      A scalar: the sum over the examples.

    Raises:
      ValueError: the shapes differ, are scalars, or `weights` does not fit.
    """
    function = "mean_pairwise_squared_error"
    predictions, labels = pair(function, NAMES, predictions, labels)
    _args.batch(function, "predictions", predictions)
    differences = (predictions - labels).reshape(len(labels), math.prod(labels.shape[1:]))
    weights, _ = leading(function, weights, differences[:, 0])
    # As TF-Slim counts: no element of an example of weight 0, all elements of any other.
    count = jnp.where(weights == 0, 0, differences.shape[1]).astype(differences.dtype)
    squares = safe_divide(jnp.sum(jnp.square(differences), 1), count)
    mean_square = safe_divide(jnp.square(jnp.sum(differences, 1)), jnp.square(count))
    with name_scope(scope, function):
        for _ in range(2):  # TF calls the loss 'value_2': two of its steps took that name before
            unique_op_name("value")
        return record(jnp.sum(2 * (squares - mean_square) * weights))


@operation
def cosine_distance(
    predictions: Any,
    labels: Any = None,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    dim: int | None = None,
) -> jax.Array:
    """The mean of 1 - cos(angle) between *unit* vectors: nothing is normalized here (see `slim.unit_norm`).

        slim.losses.cosine_distance(slim.unit_norm(embeddings, 1), targets, axis=1)

    Args:
      predictions: unit vectors along `axis`.
      labels: of the same shape.
      axis: the axis that the vectors lie along; it vanishes.
      weights: as for `compute_weighted_loss`, over the axes that are left.
      scope: the name; by default 'cosine_distance_loss'.
      dim: the older name of `axis`.

    Returns:
      A scalar: the mean over the vectors whose weight is not 0.

    Raises:
      ValueError: the shapes differ, `axis` is missing or out of range, or `weights` does not fit.
    """
    predictions, labels = pair("cosine_distance", NAMES, predictions, labels)
    axis = _args.axis("cosine_distance", axis, dim, predictions.ndim)
    with name_scope(scope, "cosine_distance_loss"):
        return mean("cosine_distance", _elements.cosine(predictions, labels, axis, keepdims=False), weights)
