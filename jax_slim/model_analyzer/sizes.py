"""TF-Slim's analyzers: how large variables and the results of operations are."""

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax.numpy as jnp

from jax_slim.core.aliases import known_name
from jax_slim.core.model import AbstractRun, Model
from jax_slim.model_analyzer.operations import operations_of


def tensor_description(var: Any) -> str:
    """Dtype and shape of an array or variable in a few characters: '(float32 1x8x8x1024)'."""
    return f"({jnp.dtype(var.dtype).name} {'x'.join(map(str, var.shape))})"


def analyze_vars(variables: Mapping[str, Any] | Iterable[Any], print_info: bool = False) -> tuple[int, int]:
    """Counts the elements and bytes of variables.

        size, size_bytes = slim.model_analyzer.analyze_vars(model.init(key, images), print_info=True)
        slim.model_analyzer.analyze_vars(slim.get_model_variables())            # inside a program

    Args:
      variables: name -> array, as `Model.init` returns them; or the records, specs or arrays in a list.
      print_info: whether to print a line for each.

    Returns:
      How many elements they have together, and how many bytes.
    """
    if isinstance(variables, Mapping):
        named = list(variables.items())
    else:
        named = [(getattr(var, "name", None) or known_name(var) or "(no name)", var) for var in variables]
    lines, size, size_bytes = ["Variables: name (dtype shape) [elements, bytes]"], 0, 0
    for name, var in named:
        elements = math.prod(var.shape)
        size += elements
        size_bytes += elements * jnp.dtype(var.dtype).itemsize
        lines.append(
            f"{name} {tensor_description(var)} [{elements}, bytes: {elements * jnp.dtype(var.dtype).itemsize}]"
        )
    lines.append(f"Together: {size} elements, {size_bytes} bytes")
    _print_if(print_info, lines)
    return size, size_bytes


def analyze_ops(model: Model | Callable[..., Any], *args: Any, print_info: bool = False, **kwargs: Any) -> int:
    """Counts the elements of the results of all operations of a program.

    The operations are JAX's, so the sum differs from TensorFlow's for the same net. Nothing is computed.

        slim.model_analyzer.analyze_ops(model, images, is_training=False, print_info=True)

    Args:
      model: a `slim.Model`, or the function of one. (TF-Slim's took the graph.)
      *args, **kwargs: as for the program; arrays may be `jax.ShapeDtypeStruct`s.
      print_info: whether to print a line for each operation.

    Returns:
      How many elements there are in all results together.
    """
    model = model if isinstance(model, Model) else Model(model)
    _, traced = model.trace(AbstractRun, *args, **kwargs)
    lines, total = ["Operations: name -> (dtype shape) [elements]"], 0
    for equation, scopes, times in operations_of(traced):
        results = [variable.aval for variable in equation.outvars]
        elements = times * sum(math.prod(result.shape) for result in results)
        total += elements
        name = f"{scopes}/{equation.primitive.name}" if scopes else equation.primitive.name
        often = f" {times} times" if times > 1 else ""
        lines.append(f"{name} -> {', '.join(map(_described, results))}{often} [{elements}]")
    _print_if(print_info, lines)
    return total


def _described(result: Any) -> str:
    return f"({result.dtype} {'x'.join(map(str, result.shape))})"


def _print_if(wanted: bool, lines: list[str]) -> None:
    if wanted:
        sys.stdout.write("\n".join(lines) + "\n")
