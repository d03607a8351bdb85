"""ReLUs that are computed together with the batch norm before them, where there is a kernel for both.

A layer calls its normalizer, then its activation, and knows neither. So the running program remembers how an array was
normalized, and an activation that is a ReLU, of this very array, makes it anew with its limits. What was made without
them is then needed by nobody, and no program computes it.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jax_slim.core import program as _program

_LIMITS = {jax.nn.relu: (0.0, np.inf), jax.nn.relu6: (0.0, 6.0)}


def remember(normalized: jax.Array, clipped: Callable[[tuple[float, float]], jax.Array]) -> None:
    """Remembers what makes `normalized`, clipped to limits."""
    running = _program.current()
    if running is not None:
        running.clipped[id(normalized)] = (normalized, clipped)


def activated(activation_fn: Callable[..., jax.Array] | None, outputs: Any) -> Any:
    """`activation_fn(outputs)`; `outputs` where there is none."""
    if activation_fn is None:
        return outputs
    running, limits = _program.current(), _limits(activation_fn)
    if running is None or limits is None or id(outputs) not in running.clipped:
        return activation_fn(outputs)
    return running.clipped[id(outputs)][1](limits)


def _limits(activation_fn: Any) -> tuple[float, float] | None:
    return next((limits for function, limits in _LIMITS.items() if function is activation_fn), None)
