"""`slim.utils`: TF-Slim's helpers for custom layers: names of outputs, conditions, shapes, arguments."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from jax_slim.core import program as _program
from jax_slim.core.aliases import append_tensor_alias as append_tensor_alias
from jax_slim.core.aliases import gather_tensors_aliases as gather_tensors_aliases
from jax_slim.core.aliases import get_tensor_aliases as get_tensor_aliases
from jax_slim.core.collections import collect_named_outputs as collect_named_outputs
from jax_slim.core.collections import collections_for
from jax_slim.core.collections import convert_collection_to_dict as convert_collection_to_dict
from jax_slim.core.scopes import name_scope
from jax_slim.core.variables import Variable

T = TypeVar("T")


def constant_value(value_or_tensor_or_var: Any, dtype: Any = None) -> Any:
    """The value itself where it is known while tracing, else None: for traced arrays and for variables.

        slim.utils.constant_value(True)                  # True
        slim.utils.constant_value(is_training)           # None when it is an argument of a jitted function

    Args:
      value_or_tensor_or_var: a Python value, an array or a variable.
      dtype: what the dtype of an array or variable must be; None means any.

    Returns:
      A Python value as it came, a known array as a NumPy array, or None.

    Raises:
      ValueError: the value is None, or of another dtype.
    """
    value = value_or_tensor_or_var
    if value is None:
        raise ValueError("constant_value: value_or_tensor_or_var must be a value, an array or a variable, got None.")
    if not isinstance(value, jax.Array | np.ndarray | Variable):
        return value
    if dtype is not None and value.dtype != jnp.dtype(dtype):
        raise ValueError(
            f"constant_value: value_or_tensor_or_var must have dtype {jnp.dtype(dtype).name}, "
            f"got {jnp.dtype(value.dtype).name}."
        )
    program = _program.current()
    is_variable = isinstance(value, Variable) or (program is not None and program.name_of(value) is not None)
    return None if is_variable or isinstance(value, jax.core.Tracer) else np.asarray(value)


def static_cond(pred: Any, fn1: Callable[[], T], fn2: Callable[[], T]) -> T:
    """`fn1()` if `pred` is true, else `fn2()`. `pred` must be known while tracing.

    Raises:
      TypeError: `fn1` or `fn2` cannot be called.
    """
    _check_callable("static_cond", fn1, fn2)
    return fn1() if pred else fn2()


def smart_cond(pred: Any, fn1: Callable[[], T], fn2: Callable[[], T], name: str | None = None) -> T:
    """`fn1()` if `pred` is true, else `fn2()`; where `pred` is known while tracing, only that one is traced.

        net = slim.utils.smart_cond(is_training, lambda: noisy(net), lambda: net)

    Args:
      pred: a bool, or a boolean scalar.
      fn1, fn2: functions without arguments. Where `pred` is a traced array, both are traced (`jax.lax.cond`): they must
        then return arrays of the same shapes and dtypes, and cannot collect anything (losses, updates, end points).
      name: the name scope of a traced condition; by default "cond".

    Returns:
      What the chosen function returns.

    Raises:
      TypeError: `fn1` or `fn2` cannot be called.
    """
    _check_callable("smart_cond", fn1, fn2)
    known = constant_value(pred)
    if known is not None:
        return static_cond(known, fn1, fn2)
    with name_scope(name, "cond"):
        pred = pred.value if isinstance(pred, Variable) else pred
        return jax.lax.cond(jnp.asarray(pred, bool).reshape(()), fn1, fn2)


def get_variable_collections(variables_collections: Any, name: str) -> tuple[str, ...]:
    """The collections for a layer's variable `name`, out of its argument `variables_collections`.

        slim.utils.get_variable_collections({"weights": ["decayed"]}, "weights")        # ("decayed",)
        slim.utils.get_variable_collections(["mine"], "biases")                         # ("mine",)

    Args:
      variables_collections: names for all variables of the layer, a dict variable -> names, or None.
      name: the variable's name in the layer.

    Returns:
      The names, for `variable(..., collections=)`.
    """
    return collections_for(variables_collections, name)


def channel_dimension(shape: Sequence[int], data_format: str, min_rank: int = 1) -> int:
    """How many channels an array of that shape has.

    Args:
      shape: of an array with a batch axis.
      data_format: "channels_first" or "channels_last" (also "NCHW" and its like, "NHWC" and its like).
      min_rank: how many axes it must have at least.

    Raises:
      ValueError: it has fewer, or the data format is none of these.
    """
    first = ("channels_first", "NCW", "NCHW", "NCDHW")
    last = ("channels_last", "NWC", "NHWC", "NDHWC")
    if data_format not in first + last:
        raise ValueError(
            "channel_dimension: data_format must be 'channels_first', 'channels_last', or such as 'NCHW' or 'NHWC', "
            f"got {data_format!r}."
        )
    return _dimension("channel_dimension", shape, 1 if data_format in first else -1, min_rank)


def last_dimension(shape: Sequence[int], min_rank: int = 1) -> int:
    """The size of the last axis of an array of that shape.

    Raises:
      ValueError: it has fewer than `min_rank` axes.
    """
    return _dimension("last_dimension", shape, -1, min_rank)


def two_element_tuple(int_or_tuple: int | Sequence[int]) -> tuple[int, int]:
    """A height and a width: `3` and `[3, 3]` both give `(3, 3)`.

    Raises:
      ValueError: it is neither an integer nor two of them.
    """
    number = _integer(int_or_tuple)
    if number is not None:
        return number, number
    numbers = [_integer(one) for one in int_or_tuple] if isinstance(int_or_tuple, Sequence) else []
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        raise ValueError(f"two_element_tuple: int_or_tuple must be an integer or two of them, got {int_or_tuple!r}.")
    return numbers[0], numbers[1]


def n_positive_integers(n: int, value: int | Sequence[int]) -> tuple[int, ...]:
    """`n` integers of 1 or more: one number stands for all.

        slim.utils.n_positive_integers(3, 2)             # (2, 2, 2)
        slim.utils.n_positive_integers(2, [3, 5])        # (3, 5)

    Raises:
      ValueError: `n` or one of the numbers is not an integer of 1 or more, or there are not `n` of them.
    """
    count = _integer(n)
    if count is None or count < 1:
        raise ValueError(f"n_positive_integers: n must be an integer of 1 or more, got {n!r}.")
    one = _integer(value)
    several = value if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else ()
    numbers = [one] * count if one is not None else [_integer(v) for v in several]
    if len(numbers) != count or any(number is None or number < 1 for number in numbers):
        raise ValueError(
            f"n_positive_integers: value must be an integer of 1 or more, or {count} of them, got {value!r}."
        )
    return tuple(number for number in numbers if number is not None)


def _check_callable(function: str, fn1: Any, fn2: Any) -> None:
    for argument, value in (("fn1", fn1), ("fn2", fn2)):
        if not callable(value):
            raise TypeError(f"{function}: {argument} must be a function without arguments, got {value!r}.")


def _dimension(function: str, shape: Sequence[int], axis: int, min_rank: int) -> int:
    least = max(min_rank, 2 if axis == 1 else 1)
    if len(shape) < least:
        raise ValueError(f"{function}: shape must have rank {least} or more, got {tuple(shape)}.")
    return int(shape[axis])


def _integer(value: Any) -> int | None:
    """`value` as an int, or None where it is none; 2.0 is one, as in TF-Slim."""
    try:
        return operator.index(value)
    except TypeError:
        return int(value) if isinstance(value, float) and value.is_integer() else None
