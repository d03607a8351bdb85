"""Whether something is computed by NumPy or by JAX: by NumPy as long as nothing traced or on a device is involved."""

import threading
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer


def xp(*values: Any) -> ModuleType:
    """The module to compute with: `jax.numpy` if one of the values (or of the values in a list) is JAX's, else `numpy`."""
    for value in values:
        if isinstance(value, jax.Array) or (isinstance(value, list | tuple) and xp(*value) is jnp):
            return jnp
    return np


def summing_type(dtype: np.dtype) -> np.dtype:
    """The type in which many values of a type are added or multiplied: float32 for half precision, else the type itself.

    `jax.numpy` takes float32 by itself. NumPy adds bfloat16 in bfloat16, in which a sum of ones stops at 256.
    """
    return np.dtype(np.float32) if dtype.itemsize == 2 and jnp.issubdtype(dtype, jnp.floating) else dtype


def is_known(value: Any) -> bool:
    """Whether the value is known while a program is traced."""
    return not isinstance(value, Tracer)


def require(good: Any, error: Any) -> None:
    """Raises `error()` unless `good`: at once where it is known, after the run where it is computed in a compiled program.

    Inside of compiled branches and loops nothing is checked.
    """
    if is_known(good):
        if not np.all(good):
            raise error()
        return
    found = CHECKS.found
    if found is not None:
        found.append((jnp.all(good), error))


class _Checks(threading.local):
    """What the program that this thread traces is to check when it has run."""

    found: list[Any] | None = None


CHECKS = _Checks()
