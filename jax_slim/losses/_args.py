"""Checks of arguments that several losses have."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_slim.core.class_ids import at_least_32_bits, note_class_ids


def smoothing(function: str, label_smoothing: Any) -> bool:
    """Whether labels are smoothed at all; refuses a share outside of [0, 1]. A traced one is taken on trust."""
    if isinstance(label_smoothing, Tracer):
        return True
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{function}: label_smoothing must be between 0 and 1, got {label_smoothing!r}.")
    return bool(label_smoothing > 0)


def class_ids(function: str, labels: Any) -> jax.Array:
    """Labels as an array of integers of at least 32 bits."""
    if labels is None:
        raise ValueError(f"{function}: labels must be an array, got None.")
    labels = jnp.asarray(labels)
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise TypeError(
            f"{function}: labels must be integers, the ids of classes, got dtype {labels.dtype.name}. "
            "One-hot labels belong to softmax_cross_entropy."
        )
    return at_least_32_bits(labels)


def in_range(function: str, losses: jax.Array, ids: jax.Array | None, classes: int, weights: jax.Array) -> jax.Array:
    """The losses of examples, NaN (and so their gradients) where the id of the class is not in [0, classes).

    Args:
      losses: of single examples.
      ids: the classes of the examples, of the shape of `losses`; None: not known.
      weights: broadcast against the losses: ids weighted with 0 may be anything.
    """
    if ids is None or ids.shape != losses.shape:
        return losses
    return losses * jnp.where(note_class_ids(function, ids, classes, weights == 0), jnp.nan, 1)


def axis(function: str, axis: int | None, dim: int | None, rank: int) -> int:
    """The axis that is meant; `dim` is its older name."""
    if axis is not None and dim is not None:
        raise ValueError(f"{function}: axis and dim are two names of one argument, got axis={axis} and dim={dim}.")
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError(f"{function}: axis must be given, got None. It is the axis that the unit vectors lie along.")
    if not isinstance(axis, int | np.integer) or not -rank <= axis < rank:
        raise ValueError(f"{function}: axis must be an integer in [{-rank}, {rank}), got {axis!r}.")
    return int(axis)


def batch(function: str, name: str, values: jax.Array) -> None:
    """Refuses what has no axis of examples, or no elements in an example."""
    if values.ndim == 0 or 0 in values.shape[1:]:
        raise ValueError(f"{function}: {name} must be [N, ...], a batch of examples, got shape {values.shape}.")
