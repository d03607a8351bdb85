"""`slim.model_analyzer`: what variables and operations there are, and how large they are."""

from typing import Any


def tensor_description(var: Any) -> str:
    """`(float32 3x3x64)` of a tensor or variable."""
    return f"({var.dtype.name} {'x'.join(str(size) for size in var.get_shape())})"


def analyze_ops(graph: Any, print_info: bool = False) -> int:
    """The number of elements that all operations of a graph give; with `print_info` a line for each."""
    if print_info:
        print("---------")
        print("Operations: name -> (type shapes) [size]")
        print("---------")
    total = 0
    for op in graph.get_operations():
        size = sum(output.get_shape().num_elements() or 0 for output in op.outputs)
        described = [tensor_description(output) for output in op.outputs if output.get_shape()]
        if print_info:
            print(op.name, "\t->", ", ".join(described), f"[{size}]")
        total += size
    return total


def analyze_vars(variables: Any, print_info: bool = False) -> tuple[int, int]:
    """(elements, bytes) of all variables; with `print_info` a line for each."""
    if print_info:
        print("---------")
        print("Variables: name (type shape) [size]")
        print("---------")
    total = total_bytes = 0
    for var in variables:
        size = var.get_shape().num_elements() or 0
        size_bytes = size * var.dtype.size
        total += size
        total_bytes += size_bytes
        if print_info:
            print(var.name, tensor_description(var), f"[{size}, bytes: {size_bytes}]")
    if print_info:
        print(f"Total size of variables: {total}")
        print(f"Total bytes of variables: {total_bytes}")
    return total, total_bytes
