"""Means over a data set: of numbers, of whole tensors, of how often something holds."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.metrics._accumulators import Accumulator, Pair, exactly, ratio, total
from jax_slim.metrics._args import array, matching, report, weighted, weights_for


def amount_of_weight(weights: jax.Array | None, size: int) -> Pair:
    """The sum of the weights over `size` values that they were broadcast to; without weights, how many there are."""
    if weights is None:
        return exactly(size)
    if weights.size == 0:
        return exactly(0)
    repeated = size // weights.size
    summed = total(weights)
    return summed if repeated == 1 else _times(summed, repeated)


def _times(pair: Pair, factor: int) -> Pair:
    """`pair` added to itself: by doubling, as a product of two floats would round."""
    result, power = None, pair
    while True:
        if factor & 1:
            result = power if result is None else result + power
        factor >>= 1
        if not factor:
            assert result is not None
            return result
        power = power + power


@operation
def streaming_mean(
    values: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The weighted mean of `values` over all batches.

    Creates `<name>/total` and `<name>/count` (and their residuals: a mean over 2^46 values is still exact in
    its count).

        def program(batch):
            return slim.metrics.streaming_mean(batch["loss"])

        model, variables = slim.Model(program), {}
        for batch in batches:
            (value, update), collected = model.collect(variables, batch)    # update: the mean including this batch
            variables = variables | collected.updates

    Args:
      values: numbers of any shape.
      weights: a scalar, or of the same rank as `values` with every axis 1 or as long; 0 leaves a value out.
        One axis less than `values` is taken as the first axes.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "mean", made unique.

    Returns:
      The mean before this batch, and the mean including it. 0 while the weights sum to 0.

    Raises:
      ValueError: `weights` do not broadcast to `values`.
      ProgramError: outside of a program: there is nowhere to keep the variables.
    """
    return mean_of("streaming_mean", values, weights, metrics_collections, updates_collections, name)


def mean_of(
    function: str,
    values: Any,
    weights: Any,
    metrics_collections: NamesOfCollections,
    updates_collections: NamesOfCollections,
    name: str | None,
    finish: Callable[[jax.Array], jax.Array] = lambda mean: mean,
) -> tuple[jax.Array, jax.Array]:
    """`streaming_mean`, for the metrics that are a mean, or what `finish` makes of one."""
    values = array(values)
    weights = weights_for(function, values.shape, weights)
    with variable_scope(name, "mean"):
        sums, counts = Accumulator("total"), Accumulator("count")
        value = finish(ratio(sums.value, counts.value))
        new_sum = sums.add(total(weighted(values, weights)))
        new_count = counts.add(amount_of_weight(weights, values.size))
        update = finish(ratio(new_sum, new_count))
        report(metrics_collections, updates_collections, value, update)
        return value, update


@operation
def streaming_mean_tensor(
    values: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The weighted mean of whole tensors over batches, element by element: one call, one tensor.

    Creates `<name>/total_tensor` and `<name>/count_tensor`, of the shape of `values`.

    Args:
      values: a tensor of the same shape in every batch.
      weights, metrics_collections, updates_collections: as for `streaming_mean`.
      name: by default "mean", made unique.

    Returns:
      The mean before this batch, and including it, of the shape of `values`; 0 where the weights sum to 0.

    Raises:
      ValueError: `weights` do not broadcast to `values`.
    """
    values = array(values)
    weights = weights_for("streaming_mean_tensor", values.shape, weights)
    with variable_scope(name, "mean"):
        sums, counts = Accumulator("total_tensor", values.shape), Accumulator("count_tensor", values.shape)
        value = ratio(sums.value, counts.value)
        weight = jnp.ones((), jnp.float32) if weights is None else weights
        update = ratio(
            sums.add(exactly(weighted(values, weights))), counts.add(exactly(jnp.broadcast_to(weight, values.shape)))
        )
        report(metrics_collections, updates_collections, value, update)
        return value, update


@operation
def streaming_accuracy(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The fraction of `predictions` that equal their `labels`, over all batches.

    Creates `<name>/total` and `<name>/count`.

        predictions = jnp.argmax(logits, axis=-1)                                    # [N]
        accuracy, update = slim.metrics.streaming_accuracy(predictions, labels)      # two scalars

    Args:
      predictions: class ids of any shape; cast to the dtype of `labels`.
      labels: the right ones, of the same shape.
      weights, metrics_collections, updates_collections: as for `streaming_mean`.
      name: the scope of the variables; by default "accuracy", made unique.

    Returns:
      The accuracy before this batch, and the accuracy including it; 0 while the weights sum to 0.

    Raises:
      ValueError: the shapes differ, or `weights` do not broadcast to them.
    """
    predictions, labels, weights = matching("streaming_accuracy", predictions, labels, weights)
    hits = predictions.astype(labels.dtype) == labels
    return mean_of("streaming_accuracy", hits, weights, metrics_collections, updates_collections, name or "accuracy")


@operation
def streaming_percentage_less(
    values: Any,
    threshold: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The fraction (0 to 1) of `values` below `threshold`, over all batches.

    Creates `<name>/total` and `<name>/count`.

    Args:
      values: numbers of any shape.
      threshold: a number; a value equal to it is not below.
      weights, metrics_collections, updates_collections: as for `streaming_mean`.
      name: by default "percentage_below_threshold", made unique.

    Returns:
      The fraction before this batch, and including it.
    """
    below = array(values) < threshold
    return mean_of(
        "streaming_percentage_less",
        below,
        weights,
        metrics_collections,
        updates_collections,
        name or "percentage_below_threshold",
    )


@operation
def count(
    values: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """How many values there were in all batches, or the sum of their weights.

    Creates `<name>/count`. Above 2^24 the result is the nearest float32; the sum itself stays exact.

    Args:
      values: of any shape and dtype; only the shape counts.
      weights, metrics_collections, updates_collections: as for `streaming_mean`.
      name: by default "count", made unique.

    Returns:
      The count before this batch, and including it.
    """
    shape = jnp.shape(values)
    weights = weights_for("count", shape, weights)
    with variable_scope(name, "count"):
        counts = Accumulator("count")
        value, update = counts.value, counts.add(amount_of_weight(weights, jnp.size(values)))
        report(metrics_collections, updates_collections, value, update)
        return value, update
