"""`smart_cond`: Python's own branch where the predicate is known, `tf.cond` where it is not."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import known_values
from jax_slim.tf1.graph.tensors import Tensor


def constant_value(pred: Any) -> bool | None:
    """A predicate's value where it is known while the graph is built, else None.

    Raises:
      TypeError: it is no bool, 0, 1, tensor or variable.
    """
    if isinstance(pred, bool | np.bool_) or (isinstance(pred, int) and pred in (0, 1)):
        return bool(pred)
    if isinstance(pred, Tensor):
        value = known_values.constant_value(pred)
        return None if value is None else bool(value)
    if hasattr(pred, "initializer"):
        return None
    raise TypeError(f"`pred` must be a Tensor, a Variable, or a Python bool, or 1 or 0. Found instead: {pred}")


def smart_cond(pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None, name: str | None = None,
               fn1: Any = None, fn2: Any = None) -> Any:  # fmt: skip
    """Calls one of the functions where the predicate is known, makes a `tf.cond` of both where it is not.

    Raises:
      TypeError: one of them cannot be called.
    """
    true_fn, false_fn = true_fn or fn1, false_fn or fn2
    if not callable(true_fn):
        raise TypeError("`true_fn` must be callable.")
    if not callable(false_fn):
        raise TypeError("`false_fn` must be callable.")
    value = constant_value(pred)
    if value is not None:
        return true_fn() if value else false_fn()
    from jax_slim.tf1.python import control_flow

    return control_flow.cond(pred, true_fn=true_fn, false_fn=false_fn, name=name)
