"""Confusion matrices."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jax_slim.plots.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NUMBERED = 20  # up to so many classes, each square says its number
_NAMED = 60


def confusion_matrix(matrix: Any, class_names: Sequence[str] | None = None) -> "Figure":
    """Draws which classes a net takes for which: the darker a square, the larger its part of its row.

        slim.plots.confusion_matrix(slim.metrics.confusion_matrix(labels, predictions), ["cat", "dog"])

    Args:
      matrix: [classes, classes], how often: rows are labels, columns predictions, as
        `slim.metrics.confusion_matrix` and `slim.metrics.streaming_confusion_matrix` count.
      class_names: a name for each class; None numbers them.

    Returns:
      The figure.

    Raises:
      ValueError: `matrix` is not square, or there is not a name for each class.
      ImportError: matplotlib is not installed.
    """
    counts = np.asarray(matrix, np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"confusion_matrix: matrix must be [classes, classes], got shape {counts.shape}.")
    classes = len(counts)
    if class_names is not None and len(class_names) != classes:
        raise ValueError(f"confusion_matrix: class_names must be {classes} names, got {len(class_names)}.")
    parts = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = min(9.0, 2.5 + 0.42 * classes)
    figure = new_figure("confusion_matrix", side, side)
    panel = figure.subplots()
    panel.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    if classes <= _NAMED:
        named = [str(number) for number in range(classes)] if class_names is None else list(class_names)
        rotation = 90 if max(map(len, named)) > 2 else 0
        panel.set_xticks(range(classes), named, fontsize=8, rotation=rotation)
        panel.set_yticks(range(classes), named, fontsize=8)
    if classes <= _NUMBERED:
        for row, column in np.argwhere(counts):
            ink = "white" if parts[row, column] > 0.5 else "black"
            text = f"{counts[row, column]:.10g}"
            panel.text(column, row, text, ha="center", va="center", fontsize=8, color=ink)
    right = np.trace(counts) / max(counts.sum(), 1)
    panel.set(xlabel="predicted", ylabel="is", title=f"{right:.1%} of {counts.sum():.10g} right")
    return figure
