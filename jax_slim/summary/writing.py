"""From what a program recorded to TensorBoard's files."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jax_slim.summary.events import EventWriter
from jax_slim.summary.media import Pixels, Text
from jax_slim.summary.recording import Buckets, Kept


def write_summaries(writer: EventWriter | None, summaries: Mapping[str, Any], step: int) -> dict[str, float]:
    """Writes summaries of every kind but scalars, and returns the scalars.

    Args:
      writer: where to write; None only picks out the scalars.
      summaries: tag -> summary, after `recording.counted` and `jax.device_get`.
      step: where on the horizontal axis.

    Returns:
      tag -> number: not written, because a caller has more of them, and other places to write them to.
    """
    scalars = {}
    for tag, value in summaries.items():
        assert not isinstance(value, Kept), f"{tag} was not reduced"
        if not isinstance(value, Buckets | Pixels | Text):
            scalars[tag] = float(value)
        elif writer is None:
            continue
        elif isinstance(value, Buckets):
            writer.histogram(tag, step=step, buckets=(value.left, value.right, value.counts))
        elif isinstance(value, Pixels):
            writer.image(tag, np.asarray(value.pixels), step, value.max_outputs)
        else:
            writer.text(tag, value.text, step)
    return scalars
