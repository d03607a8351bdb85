"""Covariance and correlation of predictions and labels over a data set."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.metrics._accumulators import Accumulator, at_least_float32, exactly, ratio, total
from jax_slim.metrics._args import matching, report, weighted
from jax_slim.metrics.means import amount_of_weight


@operation
def streaming_covariance(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The unbiased sample covariance of predictions and labels over all batches.

    Batches are joined by the update of Chan, Golub and LeVeque (1979), which never subtracts two large sums.

    Creates `<name>/count`, `<name>/mean_prediction`, `<name>/mean_label` and `<name>/comoment`.

    Args:
      predictions, labels: numbers of the same shape.
      weights: how often each pair counts; broadcast as for `streaming_mean`.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "covariance", made unique.

    Returns:
      The covariance before this batch, and including it; NaN while the weights sum to 1 or less.

    Raises:
      ValueError: the shapes differ, or `weights` do not broadcast to them.
    """
    predictions, labels, weights = matching("streaming_covariance", predictions, labels, weights)
    predictions, labels = at_least_float32(predictions), at_least_float32(labels)

    batch_count = amount_of_weight(weights, labels.size)
    size = batch_count.high
    mean_prediction = ratio(total(weighted(predictions, weights)).high, size)
    mean_label = ratio(total(weighted(labels, weights)).high, size)
    products = (predictions - mean_prediction) * (labels - mean_label)

    with variable_scope(name, "covariance"):
        keys = ("count", "mean_prediction", "mean_label", "comoment")
        count, prediction, label, comoment = (Accumulator(key) for key in keys)
        new_count = count.add(batch_count)
        share = ratio(size, new_count)
        to_prediction, to_label = mean_prediction - prediction.value, mean_label - label.value
        prediction.add(exactly(to_prediction * share))
        label.add(exactly(to_label * share))
        comoment.add(total(weighted(products, weights)) + exactly(to_prediction * to_label * count.value * share))

        value, update = (
            jnp.where(n <= 1, jnp.nan, moment / (n - 1))
            for n, moment in ((count.value, comoment.value), (new_count, comoment.updated))
        )
        report(metrics_collections, updates_collections, value, update)
        return value, update


@operation
def streaming_pearson_correlation(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Pearson's correlation of predictions and labels over all batches: their covariance over their deviations.

    Creates the variables of three covariances: `<name>/covariance/...`, `<name>/variance_predictions/...` and
    `<name>/variance_labels/...`.

    Args:
      predictions, labels, weights, metrics_collections, updates_collections: as for `streaming_covariance`.
      name: by default "pearson_r", made unique.

    Returns:
      The correlation, -1 to 1, before this batch, and including it; NaN while the weights sum to 1 or less.

    Raises:
      ValueError: the shapes differ, or `weights` do not broadcast to them.
    """
    predictions, labels, weights = matching("streaming_pearson_correlation", predictions, labels, weights)
    with variable_scope(name, "pearson_r"):
        covariances = streaming_covariance(predictions, labels, weights, name="covariance")
        of_predictions = streaming_covariance(predictions, predictions, weights, name="variance_predictions")
        of_labels = streaming_covariance(labels, labels, weights, name="variance_labels")
        value, update = (
            c / (jnp.sqrt(p) * jnp.sqrt(n)) for c, p, n in zip(covariances, of_predictions, of_labels, strict=True)
        )
        report(metrics_collections, updates_collections, value, update)
        return value, update
