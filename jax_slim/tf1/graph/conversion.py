"""`convert_to_tensor`: whatever a program passes, as a tensor of the default graph."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import constants, dtypes, graphs
from jax_slim.tf1.graph.tensors import Operation, Tensor

_FUNCTIONS: list[tuple[int, int, Any, Callable[..., Any]]] = []


def register_tensor_conversion_function(
    base_type: Any, conversion_func: Callable[..., Any], priority: int = 100
) -> None:
    """Has `conversion_func(value, dtype, name, as_ref)` convert what is an instance of `base_type`; lower priorities first."""
    _FUNCTIONS.append((priority, len(_FUNCTIONS), base_type, conversion_func))
    _FUNCTIONS.sort(key=lambda entry: entry[:2])


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False
) -> Tensor:
    """A `Const` node of a value. With a larger shape the last value is repeated."""
    array = constants.to_array(value, dtype, shape, verify_shape=verify_shape)
    kind = dtypes.as_dtype(dtype).base_dtype if dtype is not None else dtypes.as_dtype(array.dtype)
    array = np.array(array)  # the program may change its own later
    op = graphs.get_default_graph().create_op("Const", [], [kind], name=name, attrs={"value": array, "dtype": kind})
    op.outputs[0].set_shape(array.shape)
    return op.outputs[0]


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None, dtype_hint: Any = None,
                      as_ref: bool = False) -> Tensor:  # fmt: skip
    """A tensor as it is, a variable's value, anything else as a constant.

    Args:
      dtype: the type it must have; tensors of another type are refused, Python's values converted.
      preferred_dtype, dtype_hint: the type it gets when it can.

    Raises:
      ValueError: a tensor of another type; None.
      TypeError: a value that is no tensor and cannot be made one, or is of another kind than `dtype`.
    """
    kind = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(value, Tensor):
        if kind is not None and not kind.is_compatible_with(value.dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {kind.name} for Tensor with dtype {value.dtype.name}: {str(value)!r}"
            )
        return value
    wish = preferred_dtype if preferred_dtype is not None else dtype_hint
    if kind is None and wish is not None:
        try:
            return _converted(value, dtypes.as_dtype(wish), name, as_ref)
        except (TypeError, ValueError):
            pass
    return _converted(value, kind, name, as_ref)


def _converted(value: Any, kind: Any, name: str | None, as_ref: bool) -> Tensor:
    for _, _, base, function in _FUNCTIONS:
        if isinstance(value, base):
            made = function(value, dtype=kind, name=name, as_ref=as_ref)
            if made is not NotImplemented:
                return made
    if isinstance(value, Operation):
        raise TypeError(
            f"Can't convert Operation '{value.name}' to Tensor (target dtype={kind and kind.name}, name={name!r}, as_ref={as_ref})"
        )
    return constant(value, kind, name=name or "Const")


def convert_n_to_tensor(
    values: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None
) -> list[Tensor]:
    """`convert_to_tensor` for each."""
    return [
        convert_to_tensor(v, dtype, None if name is None else f"{name}_{i}", preferred_dtype)
        for i, v in enumerate(values)
    ]


def is_dense_tensor_like(value: Any) -> bool:
    """Whether it is a tensor or converts to one by a function of its own (a variable)."""
    return isinstance(value, Tensor) or any(
        isinstance(value, base) for _, _, base, _ in _FUNCTIONS if base not in (list, tuple)
    )
