"""`inspect_checkpoint`: what a checkpoint holds, as text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors
from jax_slim.tf1.python import checkpoint_management


def print_tensors_in_checkpoint_file(
    file_name: Any,
    tensor_name: str | None,
    all_tensors: bool,
    all_tensor_names: bool = False,
    count_exclude_pattern: str = "",
) -> None:
    """Prints what a checkpoint holds, and how many parameters.

    Args:
      file_name: the checkpoint's prefix.
      tensor_name: the one to print with its values; where it is empty, all are listed with types and shapes.
      all_tensors, all_tensor_names: print each with its values, or its name, type and shape.
      count_exclude_pattern: an expression; parameters of names that have it are not counted.

    A checkpoint that cannot be read is said so, not raised, as TensorFlow does.
    """
    try:
        reader = checkpoint_management.NewCheckpointReader(file_name)
        shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
        if all_tensors or all_tensor_names:
            for name in sorted(shapes):
                _print(reader, name, types, shapes, all_tensors)
        elif not tensor_name:
            print(reader.debug_string().decode("utf-8", "replace"))
        elif tensor_name not in shapes:
            print(f"Tensor {tensor_name} not found in checkpoint")
            return
        else:
            _print(reader, tensor_name, types, shapes, True)
        print(f"# Total number of params: {_parameters(shapes, count_exclude_pattern)}")
    except (errors.OpError, ValueError, OSError) as error:
        print(str(error))


def _print(
    reader: Any, name: str, types: Mapping[str, Any], shapes: Mapping[str, list[int]], with_values: bool
) -> None:
    print(f"tensor: {name} ({types[name].name}) {shapes[name]}")
    if with_values:
        print(reader.get_tensor(name))


def _parameters(shapes: Mapping[str, list[int]], without: str) -> int:
    left = {name: shape for name, shape in shapes.items() if not without or not re.search(without, name)}
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    if without:
        dropped = sum(size for name, size in sizes.items() if name not in left)
        print(f"# Excluding {len(shapes) - len(left)} tensors ({dropped} params) that match {without} when counting.")
    return sum(sizes[name] for name in left)


def main(arguments: Sequence[str] | None = None) -> int:
    """`inspect_checkpoint`, with TensorFlow's flags."""
    from jax_slim.tf1.python.graph_commands import parser

    given = parser(
        "inspect_checkpoint", ["file_name", "tensor_name", "count_exclude_pattern"], ["all_tensors", "all_tensor_names"]
    )
    given.add_argument("--printoptions", nargs="*", default=[], help="of NumPy, such as threshold=100000")
    options = given.parse_args(arguments)
    known: dict[str, Any] = dict(np.get_printoptions())
    for text in options.printoptions:
        key, _, value = text.partition("=")
        if key not in known or known[key] is None or not value:
            given.error(f"argument --printoptions: '{text}' is not a valid printoption.")
        kind = type(known[key])
        chosen: dict[str, Any] = {key: value.lower() in ("true", "t", "1") if kind is bool else kind(value)}
        np.set_printoptions(**chosen)
    if not options.file_name:
        given.print_usage()
        return 1
    print_tensors_in_checkpoint_file(
        options.file_name,
        options.tensor_name,
        options.all_tensors,
        options.all_tensor_names,
        options.count_exclude_pattern,
    )
    return 0
