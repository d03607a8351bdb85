"""Training curves: the scalars file of a run, read. `plots` draws it."""

import json
import math
import os
from pathlib import Path

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
