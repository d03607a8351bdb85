"""Several metrics as one: lists and dicts of values and of updates."""

from collections.abc import Mapping
from typing import Any


def aggregate_metrics(*value_update_tuples: tuple[Any, Any]) -> tuple[list[Any], list[Any]]:
    """Turns (value, update) pairs into a list of values and a list of updates.

        values, updates = slim.metrics.aggregate_metrics(
            slim.metrics.streaming_accuracy(predictions, labels),
            slim.metrics.streaming_mean_absolute_error(predictions, labels),
        )

    Raises:
      ValueError: no pair is given.
    """
    if not value_update_tuples:
        raise ValueError("aggregate_metrics: value_update_tuples must be at least one (value, update) pair, got none.")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples: Mapping[str, tuple[Any, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Turns a dict of (value, update) pairs into a dict of values and a dict of updates.

        names_to_values, names_to_updates = slim.metrics.aggregate_metric_map({
            "accuracy": slim.metrics.streaming_accuracy(predictions, labels),
            "loss": slim.metrics.streaming_mean(losses),
        })

    Args:
      names_to_tuples: name -> what the metric returned.

    Returns:
      name -> value, and name -> update, in the same order.

    Raises:
      ValueError: it is empty.
    """
    if not names_to_tuples:
        raise ValueError("aggregate_metric_map: names_to_tuples must have at least one metric, got none.")
    values, updates = zip(*names_to_tuples.values(), strict=True)
    return dict(zip(names_to_tuples, values, strict=True)), dict(zip(names_to_tuples, updates, strict=True))
