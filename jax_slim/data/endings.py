"""Whether batches ever end, as far as they say so."""

import itertools
import operator
import sys
from typing import Any


def check_they_end(function: str, batches: Any, num_evals: int | None) -> None:
    """Refuses batches without end where all of them are to be taken.

    Those of this package, of grain and of itertools tell; a generator cannot.

    Raises:
      ValueError: they have no end, and `num_evals` does not say how many to take.
    """
    if num_evals is None and _endless(batches):
        raise ValueError(
            f"{function}: batches must end where num_evals is None, got {type(batches).__name__} without end. Pass "
            "num_evals, or make batches of one epoch: epochs=1 for Batches, num_epochs=1 for a pipeline."
        )


def _endless(batches: Any) -> bool:
    if hasattr(batches, "num_batches"):
        return batches.num_batches is None
    if isinstance(batches, itertools.cycle | itertools.count):
        return True
    try:
        length = operator.length_hint(batches, -1)
    except (OverflowError, ValueError):
        return False
    # itertools.repeat has no length where it has no end; grain's data sets then have the largest there is.
    return length >= sys.maxsize or (length < 0 and isinstance(batches, itertools.repeat))
