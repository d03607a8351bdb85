"""The arrays that the references in `tests/goldens/peers` were recorded with: made of names and shapes, in float32.

Needs NumPy alone: `record.py` runs where jax-slim is not.
"""

import zlib

import numpy as np


def array(name, shape, gain=1):
    """What the entry of this name is: weights that keep the size of what passes, statistics that are not 0 and 1.

    `gain` is of the weights: where many sums follow each other, numbers would grow until biases no longer count.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    kind = name.replace(".", "/").rpartition("/")[2]
    if kind in ("cls_token", "class_token", "pos_embed", "pos_embedding"):
        return (rng.standard_normal(shape) * 0.5).astype(np.float32)
    if len(shape) > 1:
        inputs = shape[1:] if "/" not in name else shape[:2] if shape[-1] == 1 else shape[:-1]  # torch's; Keras's
        fan_in = int(np.prod(inputs))
        return (rng.standard_normal(shape) * (gain * np.sqrt(2 / fan_in))).astype(np.float32)
    if kind in ("running_var", "moving_variance", "gamma", "weight"):
        return rng.uniform(0.8, 1.2, shape).astype(np.float32)
    return (rng.standard_normal(shape) * 0.2).astype(np.float32)


def image(size):
    """[1, size, size, 3]."""
    return (np.random.default_rng(size).standard_normal((1, size, size, 3)) * 0.6).astype(np.float32)


def digest(names):
    """Of the names of entries in any order."""
    return f"{zlib.crc32(' '.join(sorted(names)).encode()):08x}"
