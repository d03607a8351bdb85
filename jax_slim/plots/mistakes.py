"""What a classifier got wrong."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jax_slim.plots.grids import WRONG, displayable, image_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def misclassified(
    images: Any,
    labels: Any,
    probabilities: Any,
    class_names: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    limit: int = 24,
) -> "Figure":
    """Draws images that a classifier is wrong about, the surest mistakes first, with what it said and what they are.

        probabilities = jax.nn.softmax(predict(test["image"]))
        slim.plots.misclassified(test["image"], test["label"], probabilities)

    Args:
      images: [N, H, W, C] or [N, H, W], as `image_grid` takes them.
      labels: [N], class ids.
      probabilities: [N, classes].
      class_names: a name for each class; None numbers them.
      columns: how many in a row; None makes the picture about as wide as it is high.
      limit: how many images to draw at most.

    Returns:
      The figure; where nothing is wrong, it says so.

    Raises:
      ValueError: shapes that do not fit, or `limit` below 1.
      ImportError: matplotlib is not installed.
    """
    pixels = displayable("misclassified", images)
    labels, chances = np.asarray(labels), np.asarray(probabilities, np.float32)
    if chances.ndim != 2 or labels.shape != (len(chances),) or len(pixels) != len(chances):
        raise ValueError(
            f"misclassified: labels must be [N] and probabilities [N, classes] for {len(pixels)} images, got shapes "
            f"{labels.shape} and {chances.shape}."
        )
    if class_names is not None and len(class_names) != chances.shape[1]:
        raise ValueError(f"misclassified: class_names must be {chances.shape[1]} names, got {len(class_names)}.")
    if limit < 1:
        raise ValueError(f"misclassified: limit must be at least 1, got {limit}.")
    named = [str(number) for number in range(chances.shape[1])] if class_names is None else list(class_names)
    said, sure = chances.argmax(1), chances.max(1)
    wrong = np.flatnonzero(said != labels)
    shown = wrong[np.argsort(-sure[wrong], kind="stable")][:limit]
    if not len(shown):
        figure = image_grid(pixels[:1])
        figure.suptitle(f"none of {len(labels)} wrong, such as this one", fontsize=9)
        return figure
    captions = [f"{named[said[n]]} {sure[n]:.0%}, is {named[labels[n]]}" for n in shown]
    figure = image_grid(pixels[shown], captions, colors=[WRONG] * len(shown), columns=columns, limit=None)
    figure.suptitle(f"{len(wrong)} of {len(labels)} wrong", fontsize=9)
    return figure
