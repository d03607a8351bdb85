"""Mean errors over a data set: absolute, squared, relative, cosine."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.metrics._accumulators import at_least_float32
from jax_slim.metrics._args import matching
from jax_slim.metrics.means import mean_of


@operation
def streaming_mean_absolute_error(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The mean of `abs(predictions - labels)` over all batches.

    Creates `<name>/total` and `<name>/count`.

    Args:
      predictions: numbers of any shape.
      labels: the right ones, of the same shape.
      weights, metrics_collections, updates_collections: as for `streaming_mean`.
      name: the scope of the variables; by default "mean_absolute_error", made unique.

    Returns:
      The mean before this batch, and including it; 0 while the weights sum to 0.

    Raises:
      ValueError: the shapes differ, or `weights` do not broadcast to them.
    """
    function = "streaming_mean_absolute_error"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    errors = jnp.abs(at_least_float32(predictions) - at_least_float32(labels))
    return mean_of(function, errors, weights, metrics_collections, updates_collections, name or "mean_absolute_error")


@operation
def streaming_mean_squared_error(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The mean of `(predictions - labels)^2` over all batches.

    As `streaming_mean_absolute_error`; `name` is "mean_squared_error" by default.
    """
    function = "streaming_mean_squared_error"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    errors = jnp.square(at_least_float32(predictions) - at_least_float32(labels))
    return mean_of(function, errors, weights, metrics_collections, updates_collections, name or "mean_squared_error")


@operation
def streaming_root_mean_squared_error(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The square root of the mean of `(predictions - labels)^2` over all batches.

    As `streaming_mean_absolute_error`; `name` is "root_mean_squared_error" by default.
    """
    function, name = "streaming_root_mean_squared_error", name or "root_mean_squared_error"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    errors = jnp.square(at_least_float32(predictions) - at_least_float32(labels))
    return mean_of(function, errors, weights, metrics_collections, updates_collections, name, jnp.sqrt)


@operation
def streaming_mean_relative_error(
    predictions: Any,
    labels: Any,
    normalizer: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The mean of `abs(predictions - labels) / normalizer` over all batches, taking 0 where the normalizer is 0.

    As `streaming_mean_absolute_error`; `name` is "mean_relative_error" by default.

    Args:
      predictions, labels: numbers of the same shape.
      normalizer: what each error is divided by, of the same shape: often the labels.
      weights, metrics_collections, updates_collections, name: as for `streaming_mean_absolute_error`.

    Returns:
      The mean before this batch, and including it.
    """
    function = "streaming_mean_relative_error"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    predictions, normalizer, _ = matching(function, predictions, normalizer, names=("predictions", "normalizer"))
    normalizer = at_least_float32(normalizer)
    errors = jnp.abs(at_least_float32(predictions) - at_least_float32(labels))
    errors = jnp.where(normalizer == 0, 0, errors / jnp.where(normalizer == 0, 1, normalizer))
    return mean_of(function, errors, weights, metrics_collections, updates_collections, name or "mean_relative_error")


@operation
def streaming_mean_cosine_distance(
    predictions: Any,
    labels: Any,
    dim: int,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """One minus the mean of the inner products of `predictions` and `labels` along `dim`, over all batches.

    It is the cosine distance when both have length 1 along `dim`; nothing here makes them so.

        distance, update = slim.metrics.streaming_mean_cosine_distance(unit_predictions, unit_labels, dim=1)

    Args:
      predictions, labels: vectors along `dim`, of the same shape.
      dim: the axis of the vectors.
      weights: a scalar, or of the same rank with size 1 along `dim`.
      metrics_collections, updates_collections: as for `streaming_mean`.
      name: by default "mean_cosine_distance", made unique.

    Returns:
      The distance before this batch, and including it; 1 before any.

    Raises:
      ValueError: the shapes differ, or `dim` is no axis of them.
    """
    function, name = "streaming_mean_cosine_distance", name or "mean_cosine_distance"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    if not -predictions.ndim <= dim < predictions.ndim:
        raise ValueError(f"{function}: dim must be an axis of predictions {predictions.shape}, got {dim}.")
    products = jnp.sum(at_least_float32(predictions) * at_least_float32(labels), dim, keepdims=True)
    return mean_of(function, products, weights, metrics_collections, updates_collections, name, lambda mean: 1 - mean)
