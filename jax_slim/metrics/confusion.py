"""Right and wrong, yes and no: true and false positives and negatives, and the rates made of them."""

from typing import Any

import jax

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.metrics._accumulators import Accumulator, ratio, total
from jax_slim.metrics._args import matching, report, weighted

# What a prediction and its label must be to count: TensorFlow's name of the count -> (prediction, label).
_KINDS = {
    "true_positives": (True, True),
    "true_negatives": (False, False),
    "false_positives": (True, False),
    "false_negatives": (False, True),
}


def _counted(kind: str, predictions: jax.Array, labels: jax.Array, weights: jax.Array | None) -> Accumulator:
    """Makes the variable 'count' of one kind in the current scope and adds a batch; `updated` has the new count."""
    predicted, labelled = _KINDS[kind]
    hits = (predictions if predicted else ~predictions) & (labels if labelled else ~labels)
    counts = Accumulator("count")
    counts.add(total(weighted(hits, weights)))
    return counts


def _count_of(
    kind: str,
    predictions: Any,
    labels: Any,
    weights: Any,
    metrics_collections: NamesOfCollections,
    updates_collections: NamesOfCollections,
    name: str | None,
) -> tuple[jax.Array, jax.Array]:
    predictions, labels, weights = matching(f"streaming_{kind}", predictions, labels, weights)
    with variable_scope(name, kind):
        counts = _counted(kind, predictions != 0, labels != 0, weights)
        report(metrics_collections, updates_collections, counts.value, counts.updated)
        return counts.value, counts.updated


def _rate_of(
    function: str,
    kinds: tuple[str, str],
    predictions: Any,
    labels: Any,
    weights: Any,
    metrics_collections: NamesOfCollections,
    updates_collections: NamesOfCollections,
    name: str | None,
) -> tuple[jax.Array, jax.Array]:
    """The first kind's part in the sum of both."""
    predictions, labels, weights = matching(f"streaming_{function}", predictions, labels, weights)
    with variable_scope(name, function):
        counts = []
        for kind in kinds:
            with variable_scope(None, kind):
                counts.append(_counted(kind, predictions != 0, labels != 0, weights))
        part, rest = counts
        value = ratio(part.value, part.value + rest.value)
        update = ratio(part.updated, part.updated + rest.updated)
        report(metrics_collections, updates_collections, value, update)
        return value, update


@operation
def streaming_true_positives(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """How often prediction and label are both true, over all batches.

    Creates `<name>/count`.

        count, update = slim.metrics.streaming_true_positives(logits > 0, labels)      # [N], [N] -> two scalars

    Args:
      predictions, labels: of the same shape; numbers other than 0 count as true.
      weights: how much each one counts; broadcast as for `streaming_mean`.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variable; by default "true_positives", made unique.

    Returns:
      The count (the sum of the weights) before this batch, and including it.

    Raises:
      ValueError: the shapes differ, or `weights` do not broadcast to them.
    """
    return _count_of("true_positives", predictions, labels, weights, metrics_collections, updates_collections, name)


@operation
def streaming_true_negatives(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """How often prediction and label are both false, over all batches. As `streaming_true_positives`."""
    return _count_of("true_negatives", predictions, labels, weights, metrics_collections, updates_collections, name)


@operation
def streaming_false_positives(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """How often the prediction is true and the label false, over all batches. As `streaming_true_positives`."""
    return _count_of("false_positives", predictions, labels, weights, metrics_collections, updates_collections, name)


@operation
def streaming_false_negatives(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """How often the prediction is false and the label true, over all batches. As `streaming_true_positives`."""
    return _count_of("false_negatives", predictions, labels, weights, metrics_collections, updates_collections, name)


@operation
def streaming_precision(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of the predicted positives that is right, over all batches: tp / (tp + fp).

    Creates `<name>/true_positives/count` and `<name>/false_positives/count`.

        precision, update = slim.metrics.streaming_precision(logits > 0, labels)       # [N], [N] -> two scalars

    Args:
      predictions, labels: of the same shape; numbers other than 0 count as true.
      weights: how much each one counts; broadcast as for `streaming_mean`.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "precision", made unique.

    Returns:
      The rate before this batch, and including it; 0 while its denominator is 0.

    Raises:
      ValueError: the shapes differ, or `weights` do not broadcast to them.
    """
    kinds = "true_positives", "false_positives"
    return _rate_of("precision", kinds, predictions, labels, weights, metrics_collections, updates_collections, name)


@operation
def streaming_recall(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of the true labels that is found, over all batches: tp / (tp + fn).

    As `streaming_precision`.
    """
    kinds = "true_positives", "false_negatives"
    return _rate_of("recall", kinds, predictions, labels, weights, metrics_collections, updates_collections, name)


@operation
def streaming_false_positive_rate(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of the false labels that is taken for true, over all batches: fp / (fp + tn).

    As `streaming_precision`.
    """
    kinds = "false_positives", "true_negatives"
    return _rate_of(
        "false_positive_rate", kinds, predictions, labels, weights, metrics_collections, updates_collections, name
    )


@operation
def streaming_false_negative_rate(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The part of the true labels that is missed, over all batches: fn / (fn + tp).

    As `streaming_precision`.
    """
    kinds = "false_negatives", "true_positives"
    return _rate_of(
        "false_negative_rate", kinds, predictions, labels, weights, metrics_collections, updates_collections, name
    )
