"""`tf.contrib.layers.utils` (and `slim.utils`): aliases of outputs, end points, sizes of axes."""

import collections
from typing import Any

from jax_slim.tf1.graph import graphs, known_values, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import variables


def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """Adds outputs to the collections under an alias, and gives them back. Without collections nothing happens."""
    if collections:
        append_tensor_alias(outputs, alias)
        graphs.add_to_collections(collections, outputs)
    return outputs


def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Adds an alias to a tensor; a trailing '/' is left out."""
    alias = alias.rstrip("/")
    if hasattr(tensor, "aliases"):
        tensor.aliases.append(alias)
    else:
        tensor.aliases = [alias]
    return tensor


def get_tensor_aliases(tensor: Any) -> list[str]:
    """A tensor's aliases, or its name without ':0'."""
    if hasattr(tensor, "aliases"):
        return tensor.aliases
    return [tensor.op.name if tensor.name[-2:] == ":0" else tensor.name]


def gather_tensors_aliases(tensors: Any) -> list[str]:
    """The aliases of all of them."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def convert_collection_to_dict(collection: Any, clear_collection: bool = False) -> Any:
    """A collection of tensors as an OrderedDict by alias.

    Args:
      clear_collection: empties the collection.
    """
    found = collections.OrderedDict(
        (alias, t) for t in graphs.get_collection(collection) for alias in get_tensor_aliases(t)
    )
    if clear_collection:
        graphs.get_default_graph().clear_collection(collection)
    return found


def static_cond(pred: Any, fn1: Any, fn2: Any) -> Any:
    """Calls one of two functions by a Python bool.

    Raises:
      TypeError: they cannot be called.
    """
    if not callable(fn1):
        raise TypeError("fn1 must be callable.")
    if not callable(fn2):
        raise TypeError("fn2 must be callable.")
    return fn1() if pred else fn2()


def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """The collections of one variable: of that name where they are a dict."""
    return variables_collections.get(name, None) if isinstance(variables_collections, dict) else variables_collections


def _size(shape: Any, axis: int, min_rank: int) -> int:
    shape = shapes.as_shape(shape)
    if shape.ndims is None:
        raise ValueError("dims of shape must be known but is None")
    if len(shape) < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {len(shape)}")
    return shape[axis].value


def channel_dimension(shape: Any, data_format: str, min_rank: int = 1) -> int:
    """The number of channels, 'channels_first' or 'channels_last'.

    Raises:
      ValueError: it is not known, or there are fewer axes.
    """
    found = _size(shape, 1 if data_format == "channels_first" else -1, min_rank)
    if found is None:
        raise ValueError("dimension of shape must be known but is None")
    return found


def last_dimension(shape: Any, min_rank: int = 1) -> int:
    """The size of the last axis.

    Raises:
      ValueError: it is not known, or there are fewer axes.
    """
    found = _size(shape, -1, min_rank)
    if found is None:
        raise ValueError("last dimension shape must be known but is None")
    return found


def two_element_tuple(int_or_tuple: Any) -> tuple[int, int]:
    """(n, n) of a number, or a pair as it is.

    Raises:
      ValueError: it is neither.
    """
    if isinstance(int_or_tuple, list | tuple):
        if len(int_or_tuple) != 2:
            raise ValueError(f"Must be a list with 2 elements: {int_or_tuple}")
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    if isinstance(int_or_tuple, int):
        return int(int_or_tuple), int(int_or_tuple)
    if isinstance(int_or_tuple, shapes.TensorShape) and len(int_or_tuple) == 2:
        return int_or_tuple[0].value, int_or_tuple[1].value
    raise ValueError("Must be an int, a list with 2 elements or a TensorShape of length 2")


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """A number n times, or n numbers as they are.

    Raises:
      ValueError: n is no positive number, or they are not n positive numbers.
    """
    if int(n) < 1 or int(n) != n:
        raise ValueError("n must be a positive integer")
    try:
        value = int(value)
    except (TypeError, ValueError):
        try:
            sequence: Any = tuple(int(v) for v in value)
        except (TypeError, ValueError):  # a size that is not known
            sequence = ()
        if len(sequence) != n or any(s < 1 for s in sequence):
            raise ValueError(f"Expected sequence of {n} positive integers, but received {value!r}.") from None
        return sequence
    if value < 1:
        raise ValueError(f"Expected positive integer, but received {value}")
    return (value,) * n


def constant_value(value_or_tensor_or_var: Any, dtype: Any = None) -> Any:
    """A value as it is, or a tensor's where it is known while the graph is built; None for variables and other tensors.

    Raises:
      ValueError: it is None, or a tensor or variable of another type than `dtype`.
    """
    value = value_or_tensor_or_var
    if value is None:
        raise ValueError("value_or_tensor_or_var cannot be None")
    if not isinstance(value, Tensor | variables.Variable):
        return value
    if dtype is not None and value.dtype != dtype:
        raise ValueError(f"It has the wrong type {value.dtype} instead of {dtype}")
    return None if isinstance(value, variables.Variable) else known_values.constant_value(value)
