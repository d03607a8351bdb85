"""How well pixels are classified: intersection over union, of each class and in the mean, without pixels to ignore."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.metrics._args import class_ids, report
from jax_slim.metrics.classes import streaming_confusion_matrix


def class_iou(confusion_matrix: Any) -> Any:
    """The intersection over union of each class: [classes, classes], rows labels, columns predictions -> [classes].

    A class that is neither a label nor a prediction anywhere has none: NaN. NumPy or JAX arrays.
    """
    right = confusion_matrix.diagonal()
    union = confusion_matrix.sum(0) + confusion_matrix.sum(1) - right
    some = union > 0
    # 0 / 0 would be NaN too, with a warning of NumPy's.
    xp = jnp if isinstance(confusion_matrix, jax.Array) else np
    return xp.where(some, right / xp.where(some, union, 1), xp.nan)


@operation
def streaming_class_iou(
    predictions: Any,
    labels: Any,
    num_classes: int,
    ignore_label: int | None = 255,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The intersection over union of each class over all batches, without the pixels of one label.

    Creates `<name>/confusion_matrix/total_confusion_matrix` [num_classes, num_classes].

        iou, update = slim.metrics.segmentation.streaming_class_iou(masks, batch["mask"], num_classes=21)

    Args:
      predictions: class ids of any shape.
      labels: of the same shape.
      num_classes: how many classes there are.
      ignore_label: the label of pixels that do not count; None for none.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variable; by default "class_iou", made unique.

    Returns:
      [num_classes] before this batch, and including it; NaN for classes that occur nowhere.

    Raises:
      ValueError: ids outside of [0, num_classes). Inside of `jit`, where values cannot be looked at, they make the
        results NaN. Or: shapes that do not match.
    """
    with variable_scope(name, "class_iou"):
        before, after = (class_iou(matrix) for matrix in _matrices(predictions, labels, num_classes, ignore_label))
        report(metrics_collections, updates_collections, before, after)
        return before, after


@operation
def streaming_mean_iou(
    predictions: Any,
    labels: Any,
    num_classes: int,
    ignore_label: int | None = 255,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The mean of `streaming_class_iou` over the classes that occur. Arguments as there.

    (`slim.metrics.streaming_mean_iou` is TensorFlow's: it ignores no label, and its update is a matrix.)

    Returns:
      The mean before this batch, 0 without any, and including it.

    Raises:
      ValueError: as `streaming_class_iou`.
    """
    with variable_scope(name, "mean_iou"):
        matrices = _matrices(predictions, labels, num_classes, ignore_label)
        # The sum tells ids that are none from classes that do not occur: both make NaN of their class.
        before, after = (
            jnp.where(jnp.isnan(matrix.sum()), jnp.nan, jnp.nan_to_num(jnp.nanmean(class_iou(matrix))))
            for matrix in matrices
        )
        report(metrics_collections, updates_collections, before, after)
        return before, after


def _matrices(predictions: Any, labels: Any, num_classes: int, ignore_label: int | None) -> tuple[jax.Array, jax.Array]:
    predictions, labels = class_ids(predictions), class_ids(labels)
    if ignore_label is None:
        return streaming_confusion_matrix(predictions, labels, num_classes)
    counted = labels != ignore_label
    return streaming_confusion_matrix(
        predictions, jnp.where(counted, labels, 0), num_classes, counted.astype(jnp.float32)
    )
