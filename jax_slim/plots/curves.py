"""Training curves."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jax_slim.core.names import hint
from jax_slim.plots.figures import new_figure
from jax_slim.summary.curves import read_scalars

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def training_curves(scalars: str | os.PathLike[str] | Mapping[str, Any], tags: Sequence[str] | None = None) -> "Figure":
    """Draws curves over the training steps: a panel for each scalar.

        slim.plots.training_curves("/tmp/run")
        slim.plots.training_curves({"a": losses_a, "b": losses_b}).savefig("curves.png")

    Values that span more than a factor of twenty, and are all above 0, get a logarithmic axis.

    Args:
      scalars: the directory of a run, or its `scalars.jsonl`; or a mapping: tag -> values, one a step from step 1 on,
        or tag -> (steps, values), as `slim.summary.read_scalars` returns it.
      tags: which of them, in this order; None draws all.

    Returns:
      The figure.

    Raises:
      FileNotFoundError, ValueError: as `slim.summary.read_scalars`; or a tag that is not there.
      ImportError: matplotlib is not installed.
    """
    found = scalars if isinstance(scalars, Mapping) else read_scalars(scalars)
    wanted = list(found) if tags is None else [tags] if isinstance(tags, str) else list(tags)
    for tag in wanted:
        if tag not in found:
            raise ValueError(
                f"training_curves: tags must be among {', '.join(found) or 'none'}, got {tag!r}.{hint(tag, found)}"
            )
    if not wanted:
        raise ValueError("training_curves: scalars must have one or more tags, got none.")
    curves = {tag: _points(tag, found[tag]) for tag in wanted}
    figure = new_figure("training_curves", 8, 1 + 1.8 * len(wanted))
    panels = figure.subplots(len(wanted), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (tag, (steps, values)) in zip(panels, curves.items(), strict=True):
        panel.plot(steps, values, linewidth=1.2, marker="." if len(steps) < 30 else None)
        if len(values) and np.nanmin(values) > 0 and np.nanmax(values) > 20 * np.nanmin(values):
            panel.set_yscale("log")  # losses fall over orders of magnitude
        panel.set_title(tag, fontsize=9, loc="left")
        panel.grid(alpha=0.3)
    panels[-1].set_xlabel("step")
    return figure


def _points(tag: str, values: Any) -> tuple[np.ndarray, np.ndarray]:
    """The steps and the values of one curve."""
    pair = isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) == 1
    ys = np.asarray(values[1] if pair else values, np.float64)
    xs = np.asarray(values[0]) if pair else np.arange(1, ys.size + 1)
    if ys.ndim != 1 or xs.shape != ys.shape:
        raise ValueError(
            f"training_curves: scalars must be values, or (steps, values) of one length, for each tag, got shapes "
            f"{xs.shape} and {ys.shape} for {tag!r}."
        )
    return xs, ys
