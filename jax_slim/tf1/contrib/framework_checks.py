"""`tf.contrib.framework`: checks of types and shapes, placeholders of a graph, and marks on functions that are given up."""

import functools
import re
import warnings
from typing import Any

from jax_slim.tf1.graph import conversion, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import checks


def assert_scalar_int(tensor: Any, name: str | None = None) -> Tensor:
    """The tensor, which must be a scalar integer.

    Raises:
      ValueError: it is not.
    """
    tensor = conversion.convert_to_tensor(tensor)
    if not tensor.dtype.is_integer:
        raise ValueError(f"Expected integer type for {name or tensor.name}, received type: {tensor.dtype}.")
    return checks.assert_scalar(tensor, name)


def with_shape(expected_shape: Any, tensor: Any) -> Tensor:
    """The tensor with a shape that it must have.

    Raises:
      ValueError: it is known to have another.
    """
    tensor = conversion.convert_to_tensor(tensor)
    if isinstance(expected_shape, Tensor):
        from jax_slim.tf1.python import array

        return array.reshape(tensor, expected_shape)
    expected = shapes.as_shape(expected_shape)
    if not tensor.shape.is_compatible_with(expected):
        raise ValueError(f"Invalid shape for {tensor.name}: got {tensor.shape}, expected {expected}.")
    from jax_slim.tf1.python import array

    checked = array.ensure_shape(tensor, expected)
    return checked


def with_same_shape(expected_tensor: Any, tensor: Any) -> Tensor:
    """The tensor with the other's shape, which it must have."""
    return with_shape(conversion.convert_to_tensor(expected_tensor).shape, tensor)


def reduce_sum_n(tensors: Any, name: str | None = None) -> Any:
    """The sum of all elements of several tensors.

    Raises:
      ValueError: none.
    """
    from jax_slim.tf1.python import math, reductions

    if not tensors:
        raise ValueError("No tensors provided.")
    with graphs.name_scope(name, "reduce_sum_n", tensors) as scope:
        summed = [t if t.shape.ndims == 0 else reductions.reduce_sum(t) for t in tensors]
        return summed[0] if len(summed) == 1 else math.add_n(summed, name=scope)


def get_graph_from_inputs(op_input_list: Any, graph: Any = None) -> Any:
    """The graph that tensors and operations are of, or the given one, which they must be of.

    Raises:
      TypeError: the inputs are no list or tuple.
      ValueError: they are of different graphs, or not of the given one.
    """
    if not isinstance(op_input_list, list | tuple):
        raise TypeError(f"The op_input_list must be a list or tuple, got {op_input_list!r}")
    for entry in op_input_list if graph is not None else ():
        if getattr(entry, "graph", graph) is not graph:
            raise ValueError(f"{entry} is not from the passed-in graph.")
    return graph or graphs.graph_of(op_input_list)


def get_placeholders(graph: Any) -> list[Any]:
    """The placeholders of a graph, as tensors."""
    return [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]


def _warn(function: Any, date: Any, instructions: str) -> None:
    when = "in a future version" if date is None else f"after {date}"
    warnings.warn(
        f"{function.__name__} (from {function.__module__}) is deprecated and will be removed {when}. {instructions}",
        DeprecationWarning,
        stacklevel=3,
    )


def deprecated(date: Any, instructions: str, warn_once: bool = True) -> Any:
    """Marks a function as given up: calls warn.

    Raises:
      ValueError: a date that is not YYYY-MM-DD, no instructions.
    """
    if date is not None and not re.match(r"20\d\d-[01]\d-[0123]\d", date):
        raise ValueError("Date must be YYYY-MM-DD.")
    if not instructions:
        raise ValueError("Don't deprecate things without conversion instructions!")

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def warned(*args: Any, **kwargs: Any) -> Any:
            _warn(function, date, instructions)
            return function(*args, **kwargs)

        return warned

    return decorate


def deprecated_args(date: Any, instructions: str, *names: Any, **kwargs: Any) -> Any:
    """Marks arguments as given up: calls that pass them warn."""
    given_up = {n if isinstance(n, str) else n[0] for n in names}

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def warned(*args: Any, **kwargs: Any) -> Any:
            if given_up & kwargs.keys():
                _warn(function, date, instructions)
            return function(*args, **kwargs)

        return warned

    return decorate


def deprecated_arg_values(date: Any, instructions: str, warn_once: bool = True, **values: Any) -> Any:
    """Marks values of arguments as given up: calls that pass them warn."""

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def warned(*args: Any, **kwargs: Any) -> Any:
            if any(name in kwargs and kwargs[name] == value for name, value in values.items()):
                _warn(function, date, instructions)
            return function(*args, **kwargs)

        return warned

    return decorate
