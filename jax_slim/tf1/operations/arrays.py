"""Whether something is computed by NumPy or by JAX: by NumPy as long as nothing traced or on a device is involved."""

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def xp(*values: Any) -> ModuleType:
    """The module to compute with: `jax.numpy` if one of the values (or of the values in a list) is JAX's, else `numpy`."""
    for value in values:
        if isinstance(value, jax.Array) or (isinstance(value, list | tuple) and xp(*value) is jnp):
            return jnp
    return np


def is_known(value: Any) -> bool:
    """Whether the value is known while a program is traced."""
    return not isinstance(value, jax.core.Tracer)
