"""Training curves: the scalars file of a run, read and drawn."""

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCALARS_FILE = "scalars.jsonl"
"""What the file is called in a run's directory: a line is {"step": 100, "time": 1.7e9, "total_loss": 0.25, ...}."""


def read_scalars(logdir: str | os.PathLike[str]) -> dict[str, tuple[list[int], list[float]]]:
    """Reads the scalars that a training run wrote.

        steps, losses = slim.summary.read_scalars("/tmp/run")["total_loss"]

    Args:
      logdir: the run's directory, or the file itself.

    Returns:
      tag -> (steps, values), in the order of the steps. Where a resumed run wrote a step again, the later value counts;
      a number that was not finite is NaN. A last line that is cut off, by a kill, is left out.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: a line is not what a run writes.
    """
    path = Path(logdir)
    path = path / SCALARS_FILE if path.is_dir() else path
    if not path.exists():
        raise FileNotFoundError(f"read_scalars: there is no {path}. Was the run's summary_writer None?")
    lines = path.read_text().splitlines(keepends=True)
    found: dict[str, dict[int, float]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            step = int(entry.pop("step"))
            entry.pop("time", None)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            if number == len(lines) and not line.endswith("\n"):
                break
            raise ValueError(f"read_scalars: line {number} of {path} is no line of scalars: {line[:60]!r}.") from error
        for tag, value in entry.items():
            found.setdefault(tag, {})[step] = math.nan if value is None else float(value)
    return {tag: (sorted(values), [values[step] for step in sorted(values)]) for tag, values in found.items()}


def plot_scalars(
    logdir: str | os.PathLike[str], path: str | os.PathLike[str], tags: Sequence[str] | None = None
) -> None:
    """Draws a run's curves into a PNG: a panel for each scalar over the steps.

        slim.summary.plot_scalars("/tmp/run", "/tmp/run/curves.png", tags=["total_loss", "validation/accuracy"])

    Args:
      logdir: the run's directory, or its scalars file.
      path: the picture to write.
      tags: which scalars; None draws all.

    Raises:
      FileNotFoundError, ValueError: as `read_scalars`; a tag that is not there.
      ImportError: matplotlib is not installed.
    """
    scalars = read_scalars(logdir)
    wanted = list(scalars) if tags is None else list(tags)
    missing = [tag for tag in wanted if tag not in scalars]
    if missing or not wanted:
        raise ValueError(f"plot_scalars: tags must be among {', '.join(scalars) or 'none'}, got {missing}.")
    figure = _figure(len(wanted))
    axes = figure.subplots(len(wanted), 1, sharex=True, squeeze=False)[:, 0]
    for axis, tag in zip(axes, wanted, strict=True):
        steps, values = scalars[tag]
        axis.plot(steps, values, linewidth=1, marker="." if len(steps) < 30 else None)
        # Losses fall over orders of magnitude.
        positive = [value for value in values if value > 0]
        if len(positive) == len(values) and max(positive) > 20 * min(positive):
            axis.set_yscale("log")
        axis.set_title(tag, fontsize=9, loc="left")
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel("step")
    figure.savefig(path, dpi=120)


def _figure(panels: int) -> Any:
    """A matplotlib figure of its own, without the state and the windows of pyplot."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plot_scalars: needs matplotlib: pip install "jax-slim[demo]".') from error
    return Figure(figsize=(8, 1 + 2 * panels), layout="constrained")
