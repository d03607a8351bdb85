"""Random numbers for what is drawn on the host: a generator for each time that an operation draws in a session."""

from typing import Any

import numpy as np


def generator(run: Any, op: Any) -> np.random.Generator:
    """By the operation's seeds, if it has some, and by how often it has drawn in this session."""
    drawn = int(run.random_offset(op, 1))
    seeds = [op.attrs.get("seed", 0) & 0xFFFFFFFF, op.attrs.get("seed2", 0) & 0xFFFFFFFF]
    if not any(seeds):
        seeds.append(op.number)
    return np.random.default_rng([*seeds, drawn])
