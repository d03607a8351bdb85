"""Metrics of the k best classes: recall, precision and average precision at k, with one label or several.

Several labels are class ids [..., num_labels], where a negative id is no label, so that rows may have different
numbers of them; or a `SparseTensor` of ids. Labels [...] are one each.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.class_ids import at_least_32_bits
from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope, unique_op_name
from jax_slim.metrics._accumulators import Accumulator, ratio, total
from jax_slim.metrics._args import array, class_ids, gathered, report, weighted, weights_for
from jax_slim.metrics.means import amount_of_weight, mean_of
from jax_slim.metrics.sets import Rows, SparseTensor, count_common, count_only_first, distinct, rows_of


def _at_k(name: str, k: int | None = None, class_id: int | None = None) -> str:
    name = f"{name}_at_{'k' if k is None else k}"
    return name if class_id is None else f"{name}_class{class_id}"


def _check_k(function: str, predictions: jax.Array, k: int) -> None:
    if predictions.ndim < 1 or not 1 <= k <= predictions.shape[-1]:
        raise ValueError(
            f"{function}: k must be at least 1 and at most the number of classes, the last axis of predictions "
            f"{predictions.shape}, got {k}."
        )


def _label_rows(function: str, labels: Any, top_k: jax.Array) -> Rows:
    """Labels as sets, row by row like the predictions [..., k]."""
    if not isinstance(labels, SparseTensor):
        labels = array(labels)
        if labels.ndim == top_k.ndim - 1:
            labels = labels[..., None]
        if labels.dtype == bool or jnp.issubdtype(labels.dtype, jnp.inexact):
            raise TypeError(f"{function}: labels must be class ids (integers), got {labels.dtype}.")
    rows = rows_of(function, "labels", labels)
    if rows.elements.shape[:-1] != top_k.shape[:-1]:
        raise ValueError(
            f"{function}: labels must be {top_k.shape[:-1]}, or the same with one more axis, as predictions are "
            f"{top_k.shape[:-1]} + classes, got {rows.elements.shape}."
        )
    return Rows(rows.elements.astype(jnp.int32), rows.present & (rows.elements >= 0))


def _selected(rows: Rows, class_id: int | None) -> Rows:
    return (
        rows
        if class_id is None
        else rows._replace(present=rows.present & (at_least_32_bits(rows.elements) == class_id))
    )


@operation
def streaming_recall_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """How often the label is among the `k` best classes ("top-k accuracy"), over all batches.

    Creates `<name>/total` and `<name>/count`.

        top5, update = slim.metrics.streaming_recall_at_k(logits, labels, 5)      # [N, 1000], [N] -> two scalars

    Args:
      predictions: scores [N, num_classes].
      labels: class ids [N]. Classes with the score of the label never push it out.
      k: how many classes may be named.
      weights: [N], how much each example counts.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "recall_at_<k>", made unique.

    Returns:
      The fraction before this batch, and including it; 0 while the weights sum to 0.

    Raises:
      ValueError: shapes that do not match, or `k` below 1.
    """
    function = "streaming_recall_at_k"
    predictions, labels = array(predictions), class_ids(labels)
    if predictions.ndim != 2 or labels.shape != predictions.shape[:1]:
        raise ValueError(
            f"{function}: predictions and labels must be [N, num_classes] and [N], got {predictions.shape} and "
            f"{labels.shape}."
        )
    if k < 1:
        raise ValueError(f"{function}: k must be at least 1, got {k}.")
    classes = predictions.shape[1]
    inside = (labels >= 0) & (labels < classes)
    score = jnp.take_along_axis(predictions, jnp.clip(labels, 0, classes - 1)[:, None], axis=1)
    found = inside & jnp.isfinite(score[:, 0]) & (jnp.sum(predictions > score, axis=1) < k)
    return mean_of(function, found, weights, metrics_collections, updates_collections, name or _at_k("recall", k))


def _found_of(
    function: str,
    quantity: str,
    top_k: jax.Array,
    labels: Any,
    k: int | None,
    class_id: int | None,
    weights: Any,
    metrics_collections: NamesOfCollections,
    updates_collections: NamesOfCollections,
    name: str | None,
) -> tuple[jax.Array, jax.Array]:
    """Recall or precision of the named classes: those found, over the labels or over the classes named."""
    rows = _label_rows(function, labels, top_k)
    weights = weights_for(function, top_k.shape[:-1], weights, "rows of predictions")
    named = _selected(rows_of(function, "predictions", top_k), class_id)
    rows = _selected(rows, class_id)
    found = count_common(named, rows)
    missed, error = (
        (count_only_first(rows, named), "false_negative")
        if quantity == "recall"
        else (count_only_first(named, rows), "false_positive")
    )
    with name_scope(name, _at_k(quantity, k, class_id)):
        right = Accumulator(_at_k("true_positive", k, class_id), [], np.float64)
        wrong = Accumulator(_at_k(error, k, class_id), [], np.float64)
        value = right.value / (right.value + wrong.value)
        right.add(total(weighted(found, weights)))
        wrong.add(total(weighted(missed, weights)))
        update = right.updated / (right.updated + wrong.updated)
        report(metrics_collections, updates_collections, value, update)
        return value, update


def _best(function: str, predictions: Any, k: int) -> jax.Array:
    """The ids of the `k` best classes; of equal scores the lower id."""
    predictions = gathered(array(predictions))
    _check_k(function, predictions, k)
    return jax.lax.top_k(predictions, k)[1]


def _named(function: str, top_k_predictions: Any) -> jax.Array:
    ids = gathered(array(top_k_predictions))
    if ids.ndim < 1 or not jnp.issubdtype(ids.dtype, jnp.integer):
        raise ValueError(
            f"{function}: top_k_predictions must be class ids [..., k], got {ids.dtype} of shape {ids.shape}. "
            "From scores: jax.lax.top_k(scores, k)[1]."
        )
    return ids.astype(jnp.int32)


@operation
def streaming_sparse_recall_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of all labels that is among the `k` best classes of its row, over all batches.

    Creates `<name>/true_positive_at_<k>` and `<name>/false_negative_at_<k>`; with `class_id` their names end in
    `_class<id>`.

        recall, update = slim.metrics.streaming_sparse_recall_at_k(scores, labels, k=3)   # [N, C], [N, num_labels]

    Args:
      predictions: scores [..., num_classes].
      labels: class ids [..., num_labels], where a negative one is no label; or [...], or a `SparseTensor` of ids. One
        that is there twice counts once; one that is no class is never found.
      k: how many classes may be named.
      class_id: count only this class.
      weights: [...], how much each row counts.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "recall_at_<k>" or "recall_at_<k>_class<id>", made unique.

    Returns:
      The recall before this batch, and including it; NaN while there are no labels.

    Raises:
      ValueError: shapes that do not match, or `k` below 1 or above the number of classes.
      TypeError: labels that are not integers.
    """
    function = "streaming_sparse_recall_at_k"
    best = _best(function, predictions, k)
    return _found_of(
        function, "recall", best, labels, k, class_id, weights, metrics_collections, updates_collections, name
    )


@operation
def streaming_sparse_precision_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of the `k` best classes of each row that are labels of it, over all batches.

    Creates `<name>/true_positive_at_<k>` and `<name>/false_positive_at_<k>`. As `streaming_sparse_recall_at_k`, with
    the name "precision_at_<k>". With `class_id` only rows that name that class count.
    """
    function = "streaming_sparse_precision_at_k"
    best = _best(function, predictions, k)
    return _found_of(
        function, "precision", best, labels, k, class_id, weights, metrics_collections, updates_collections, name
    )


@operation
def streaming_sparse_precision_at_top_k(
    top_k_predictions: Any,
    labels: Any,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """As `streaming_sparse_precision_at_k`, with the ids [..., k] of the best classes in place of scores.

    Creates `<name>/true_positive_at_k` and `<name>/false_positive_at_k`; the name is "precision_at_k" by default.
    """
    function = "streaming_sparse_precision_at_top_k"
    best = _named(function, top_k_predictions)
    return _found_of(
        function, "precision", best, labels, None, class_id, weights, metrics_collections, updates_collections, name
    )


@operation
def sparse_recall_at_top_k(
    labels: Any,
    top_k_predictions: Any,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """As `streaming_sparse_recall_at_k`, with the ids [..., k] of the best classes in place of scores, labels first.

    Creates `<name>/true_positive_at_k` and `<name>/false_negative_at_k`; the name is "recall_at_k" by default.
    """
    function = "sparse_recall_at_top_k"
    best = _named(function, top_k_predictions)
    return _found_of(
        function, "recall", best, labels, None, class_id, weights, metrics_collections, updates_collections, name
    )


def _average_precision_of(
    function: str,
    top_k: jax.Array,
    labels: Any,
    weights: Any,
    metrics_collections: NamesOfCollections,
    updates_collections: NamesOfCollections,
    name: str | None,
    default_name: str,
    prepare: Callable[[], Any] = lambda: None,
) -> tuple[jax.Array, jax.Array]:
    rows = _label_rows(function, labels, top_k)
    weights = weights_for(function, top_k.shape[:-1], weights, "rows of predictions")
    k = top_k.shape[-1]
    hits = jnp.any((top_k[..., :, None] == rows.elements[..., None, :]) & rows.present[..., None, :], -1)
    precisions = jnp.cumsum(hits, -1) / jnp.arange(1, k + 1, dtype=jnp.float32)
    # As in TensorFlow, a label that is twice in an array counts twice here.
    counted = distinct(rows).present if isinstance(labels, SparseTensor) else rows.present
    relevant = jnp.minimum(jnp.sum(counted, -1), k)
    average = jnp.sum(precisions * hits, -1) / relevant
    if weights is not None:
        average = jnp.where(weights == 0, 0, average)  # a row without labels, 0 / 0, can be left out
    with name_scope(name, default_name):
        prepare()
        greatest, sums = Accumulator("max", [], np.float64), Accumulator("total", [], np.float64)
        value = ratio(sums.value, greatest.value)
        greatest.add(amount_of_weight(weights, average.size))
        sums.add(total(weighted(average, weights)))
        update = ratio(sums.updated, greatest.updated)
        report(metrics_collections, updates_collections, value, update)
        return value, update


@operation
def streaming_sparse_average_precision_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The average precision of the `k` best classes, averaged over all rows of all batches (mean average precision).

    Of a row it is the sum of the precisions at each rank that names a label, over the number of labels (`k` at most).

    Creates `<name>/max_1` (TensorFlow's name: the weight of all rows) and `<name>/total`.

    Args:
      predictions: scores [..., num_classes].
      labels: class ids [..., num_labels], where a negative one is no label; or [...], or a `SparseTensor` of ids.
      k: how many classes are named.
      weights: [...], how much each row counts.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "average_precision_at_<k>", made unique.

    Returns:
      The mean before this batch, and including it. A row without labels makes it NaN: give it weight 0.

    Raises:
      ValueError: shapes that do not match, or `k` below 1 or above the number of classes.
      TypeError: labels that are not integers.
    """
    function = "streaming_sparse_average_precision_at_k"
    return _average_precision_of(
        function,
        _best(function, predictions, k),
        labels,
        weights,
        metrics_collections,
        updates_collections,
        name,
        _at_k("average_precision", k),
        # An operation of TensorFlow's took the name 'max' first there.
        lambda: unique_op_name("max"),
    )


@operation
def streaming_sparse_average_precision_at_top_k(
    top_k_predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """As `streaming_sparse_average_precision_at_k`, with the ids [..., k] of the best classes in place of scores.

    Creates `<name>/max` and `<name>/total`; the name is "average_precision_at_top_k" by default.
    """
    function = "streaming_sparse_average_precision_at_top_k"
    return _average_precision_of(
        function,
        _named(function, top_k_predictions),
        labels,
        weights,
        metrics_collections,
        updates_collections,
        name,
        "average_precision_at_top_k",
    )
