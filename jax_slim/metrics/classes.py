"""Class ids against class ids: accuracy of one batch, confusion matrices, mean IoU, Cohen's kappa."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope, variable_scope
from jax_slim.metrics._accumulators import (
    Accumulator,
    add_integers,
    at_least_float32,
    metric_variable,
    ratio,
    total,
)
from jax_slim.metrics._args import array, class_ids, is_concrete, matching, report, require, weights_for
from jax_slim.metrics._bins import counts_by_bin, sums_by_bin


@operation
def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> jax.Array:
    """The fraction of `predictions` that equal their `labels` in this batch alone. Keeps nothing.

        slim.metrics.accuracy(jnp.argmax(logits, -1), labels)       # [N], [N] -> a scalar

    Args:
      predictions: class ids or booleans of any shape.
      labels: of the same shape and dtype.
      weights: how much each one counts; they broadcast as in NumPy.
      name: names the operation in profiles.

    Raises:
      ValueError: the labels are floats, or predictions have another dtype.
    """
    predictions, labels = array(predictions), array(labels)
    if jnp.issubdtype(labels.dtype, jnp.inexact):
        raise ValueError(f"accuracy: labels must be integers or booleans, got {labels.dtype}.")
    if predictions.dtype != labels.dtype:
        raise ValueError(
            f"accuracy: predictions must have the dtype of labels, {labels.dtype}, got {predictions.dtype}. "
            "Class ids are jnp.argmax(logits, axis=-1)."
        )
    with name_scope(name, "accuracy"):
        hits = predictions == labels
        if weights is None:
            return jnp.mean(hits, dtype=jnp.float32)
        weights = at_least_float32(weights)
        shape = jnp.broadcast_shapes(hits.shape, weights.shape)
        return total(hits * weights).high / total(jnp.broadcast_to(weights, shape)).high


@operation
def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: int | None = None,
    dtype: Any = jnp.int32,
    name: str | None = None,
    weights: Any = None,
) -> jax.Array:
    """How often each label met each prediction in this batch: rows are labels, columns predictions. Keeps nothing.

        slim.metrics.confusion_matrix([1, 2, 4], [2, 2, 4])      # [5, 5], with ones at [1, 2], [2, 2] and [4, 4]

    Args:
      labels, predictions: class ids [N].
      num_classes: the number of rows and columns; by default one more than the greatest id, which `jit` cannot know.
      dtype: of the result; weights are cast to it.
      name: names the operation in profiles.
      weights: [N], how much each pair counts.

    Returns:
      [num_classes, num_classes].

    Raises:
      ValueError: ids below 0 or not below `num_classes`. Inside of `jit`, where values cannot be looked at, such
        pairs are left out. Or: shapes that do not match, or no `num_classes` inside of `jit`.
    """
    labels, predictions = class_ids(labels), class_ids(predictions)
    amounts = None if weights is None else array(weights).astype(dtype)
    predictions, labels, weights = matching("confusion_matrix", predictions, labels, weights)
    if labels.ndim != 1:
        raise ValueError(f"confusion_matrix: labels must have rank 1 [N], got shape {labels.shape}. Flatten both.")
    if num_classes is None:
        if not (is_concrete(labels) and is_concrete(predictions)):
            raise ValueError("confusion_matrix: num_classes must be given inside of jit, got None.")
        num_classes = int(jnp.maximum(jnp.max(labels, initial=-1), jnp.max(predictions, initial=-1))) + 1
    with name_scope(name, "confusion_matrix"):
        cells, _ = _cells("confusion_matrix", predictions, labels, num_classes)
        amounts = jnp.ones((), dtype) if amounts is None else _shaped_as(weights, amounts)
        amounts = jnp.broadcast_to(amounts, labels.shape)
        return counts_by_bin(cells, num_classes**2, amounts).reshape(num_classes, num_classes)


def _shaped_as(weights: jax.Array | None, amounts: jax.Array) -> jax.Array:
    """The weights as they were given, integers if they were, in the shape that `matching` found for them."""
    assert weights is not None
    return amounts.reshape(weights.shape)


def _cells(function: str, predictions: jax.Array, labels: jax.Array, num_classes: int) -> tuple[jax.Array, jax.Array]:
    """The index of each pair in the flat confusion matrix, -1 where an id is outside; and whether it is inside.

    Raises:
      ValueError: ids outside of [0, num_classes), where values can be looked at.
    """
    predictions, labels = class_ids(predictions), class_ids(labels)
    inside = jnp.ones(labels.shape, bool)
    for argument, ids in (("labels", labels), ("predictions", predictions)):
        valid = (ids >= 0) & (ids < num_classes)
        requirement = f"{function}: {argument} must be at least 0 and below num_classes={num_classes}"
        require(requirement, valid, lambda ids=ids, valid=valid: f", got {ids[~valid][0]}.")
        inside &= valid
    return jnp.where(inside, labels * num_classes + predictions, -1).astype(jnp.int32), inside


@operation
def streaming_confusion_matrix(
    predictions: Any,
    labels: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """How often each label met each prediction over all batches: rows are labels, columns predictions.

    Creates `<name>/total_confusion_matrix` [num_classes, num_classes].

        matrix, update = slim.metrics.streaming_confusion_matrix(jnp.argmax(logits, -1), labels, num_classes=10)

    Args:
      predictions, labels: class ids of any shape.
      num_classes: how many classes there are.
      weights: how much each pair counts; broadcast as for `streaming_mean`.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variable; by default "confusion_matrix", made unique.

    Returns:
      [num_classes, num_classes] before this batch, and including it.

    Raises:
      ValueError: ids outside of [0, num_classes). Inside of `jit`, where values cannot be looked at, they make the
        results NaN. Or: the shapes differ, or `weights` do not broadcast to them.
    """
    function = "streaming_confusion_matrix"
    predictions, labels, weights = matching(function, predictions, labels, weights)
    if weights is not None:
        weights = jnp.broadcast_to(weights, labels.shape).reshape(-1)
    cells, inside = _cells(function, predictions.reshape(-1), labels.reshape(-1), num_classes)
    batch = sums_by_bin(cells, num_classes**2, weights)
    batch = batch._replace(high=jnp.where(jnp.all(inside), batch.high, jnp.nan))
    with variable_scope(name, "confusion_matrix"):
        matrix = Accumulator("total_confusion_matrix", [num_classes, num_classes])
        before, after = matrix.value, matrix.add(batch.reshape([num_classes, num_classes]))
        report(metrics_collections, updates_collections, before, after)
        return before, after


@operation
def streaming_mean_iou(
    predictions: Any,
    labels: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The intersection over union of each class, averaged over the classes that occur: for segmentation.

    Creates `<name>/total_confusion_matrix` [num_classes, num_classes].

        miou, update = slim.metrics.streaming_mean_iou(jnp.argmax(logits, -1), masks, num_classes=21)

    Args:
      predictions: class ids of any shape.
      labels: of the same shape.
      num_classes: how many classes there are.
      weights: how much each pixel counts; broadcast as for `streaming_mean`. To leave a label such as 255 out, give it
        weight 0 and replace it by an id that exists.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variable; by default "mean_iou", made unique.

    Returns:
      The mean before this batch, and, as in TensorFlow, the confusion matrix including it (rows are labels).

    Raises:
      ValueError: ids outside of [0, num_classes). Inside of `jit`, where values cannot be looked at, they make the
        results NaN. Or: shapes that do not match.
    """
    function = "streaming_mean_iou"
    predictions, labels, _ = matching(function, predictions, labels)
    if weights is not None and jnp.shape(weights) != (labels.size,):  # flat ones are welcome, as in TensorFlow
        weights = weights_for(function, labels.shape, weights)
        weights = jnp.broadcast_to(weights, labels.shape).reshape(-1)
    cells, inside = _cells(function, predictions.reshape(-1), labels.reshape(-1), num_classes)
    batch = sums_by_bin(cells, num_classes**2, weights)
    batch = batch._replace(high=jnp.where(jnp.all(inside), batch.high, jnp.nan))

    with variable_scope(name, "mean_iou"):
        matrix = Accumulator("total_confusion_matrix", [num_classes, num_classes], np.float64)
        right = jnp.diagonal(matrix.value)
        union = jnp.sum(matrix.value, 0) + jnp.sum(matrix.value, 1) - right
        occurring = jnp.sum(union != 0)
        value = ratio(jnp.sum(ratio(right, union)), occurring).astype(jnp.float32)
        update = matrix.add(batch.reshape([num_classes, num_classes]))
        report(metrics_collections, updates_collections, value, update)
        return value, update


@operation
def cohen_kappa(
    labels: Any,
    predictions_idx: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Cohen's kappa: how far labels and predictions agree beyond chance, over all batches. 1 is full agreement.

    Creates `<name>/po`, `<name>/pe_row` and `<name>/pe_col`, all [num_classes]: integers up to 2^31 - 1, beyond which
    the result is NaN (int64 with x64), or floats when there are float weights.

    Args:
      labels: class ids [N] or [N, 1].
      predictions_idx: predicted class ids, likewise.
      num_classes: how many classes there are, at least 2.
      weights: how much each pair counts; broadcast as for `streaming_mean`.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "cohen_kappa", made unique.

    Returns:
      kappa before this batch, and including it; 0 before any.

    Raises:
      ValueError: ids outside of [0, num_classes). Inside of `jit`, where values cannot be looked at, they make the
        results NaN. Or: fewer than two classes, or shapes that do not match.
    """
    function = "cohen_kappa"
    if num_classes < 2:
        raise ValueError(f"{function}: num_classes must be at least 2, got {num_classes}.")
    predictions, labels = (
        ids[:, 0] if ids.ndim == 2 and ids.shape[1] == 1 else ids for ids in (array(predictions_idx), array(labels))
    )
    whole = weights is None or not jnp.issubdtype(array(weights).dtype, jnp.inexact)
    amounts = None if weights is None else array(weights)
    predictions, labels, weights = matching(function, predictions, labels, weights)
    if labels.ndim != 1:
        raise ValueError(f"{function}: labels must be [N] or [N, 1], got shape {labels.shape}.")
    cells, inside = _cells(function, predictions, labels, num_classes)

    def kappa(agreed: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
        # Negative integers: an id that was outside, or more than an integer holds.
        lost = jnp.any(jnp.stack([agreed, rows, columns]) < 0)
        agreed, rows, columns = (x.astype(jax.dtypes.canonicalize_dtype(np.float64)) for x in (agreed, rows, columns))
        size = jnp.sum(rows)
        by_chance = jnp.sum(rows * ratio(columns, jnp.broadcast_to(size, columns.shape)))
        return jnp.where(lost, jnp.nan, ratio(jnp.sum(agreed) - by_chance, size - by_chance))

    square = [num_classes, num_classes]
    with variable_scope(name, function):
        if whole:
            if amounts is not None:
                amounts = jnp.broadcast_to(_shaped_as(weights, amounts).astype(jnp.int32), labels.shape)
            matrix = counts_by_bin(cells, num_classes**2, amounts).reshape(square)
            parts = [jnp.diagonal(matrix), jnp.sum(matrix, 0), jnp.sum(matrix, 1)]
            parts[1] = jnp.where(jnp.all(inside), parts[1], jnp.iinfo(parts[1].dtype).min)
            variables = [metric_variable(key, [num_classes], np.int64) for key in ("po", "pe_row", "pe_col")]
            before = [value for _, value in variables]
            after = [add_integers(*variable, part) for variable, part in zip(variables, parts, strict=True)]
        else:
            batch = sums_by_bin(cells, num_classes**2, jnp.broadcast_to(weights, labels.shape)).reshape(square)
            batch = batch._replace(high=jnp.where(jnp.all(inside), batch.high, jnp.nan))
            sums = [Accumulator(key, [num_classes]) for key in ("po", "pe_row", "pe_col")]
            before = [accumulator.value for accumulator in sums]
            parts = [batch.map(jnp.diagonal), batch.sum(0), batch.sum(1)]
            after = [accumulator.add(part) for accumulator, part in zip(sums, parts, strict=True)]
        value, update = kappa(*before), kappa(*after)
        report(metrics_collections, updates_collections, value, update)
        return value, update
