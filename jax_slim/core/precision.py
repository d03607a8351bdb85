"""Mixed precision by scope: layers compute in a lower precision, variables and losses keep theirs.

with slim.precision(compute=jnp.bfloat16):
    logits, end_points = vgg.vgg_16(images)           # bfloat16 inside, variables float32
"""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

_compute: contextvars.ContextVar[Any] = contextvars.ContextVar("jax_slim_precision", default=None)


@contextlib.contextmanager
def precision(compute: Any = None) -> Iterator[None]:
    """Inside, layers cast their inputs and variables to `compute` and return results of that dtype.

    Variables are made, trained and saved in float32 all the same; moments of batches, softmaxes and losses
    are computed in float32. bfloat16 needs no loss scaling: its exponent range is float32's.

    Args:
      compute: a floating dtype, such as jnp.bfloat16; None goes back to the dtype of each layer's inputs,
        which then also is the dtype of its variables (TF-Slim's rule).

    Raises:
      ValueError: `compute` is not a floating dtype.
    """
    if compute is not None and not jnp.issubdtype(compute, jnp.floating):
        raise ValueError(f"precision: compute must be a floating dtype such as jnp.bfloat16 or None, got {compute!r}.")
    token = _compute.set(None if compute is None else jnp.dtype(compute))
    try:
        yield
    finally:
        _compute.reset(token)


def compute_dtype(dtype: Any) -> Any:
    """The dtype a layer computes in when its inputs are of `dtype`."""
    return _compute.get() or jnp.dtype(dtype)


def variable_dtype(dtype: Any) -> Any:
    """The dtype of a layer's variables with inputs of `dtype`: that one, or in a `precision` at least float32."""
    if _compute.get() is None:
        return jnp.dtype(dtype)
    return jnp.promote_types(dtype, jnp.float32)


def to_compute(array: jax.Array) -> jax.Array:
    """`array` in the dtype that layers compute in; integers and arrays outside of a `precision` stay as they are."""
    dtype = _compute.get()
    if dtype is None or not jnp.issubdtype(array.dtype, jnp.floating):
        return array
    return array.astype(dtype)
