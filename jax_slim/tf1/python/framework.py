"""Small functions of TensorFlow's framework: `op_scope`, `is_tensor`, `get_static_value` and the like."""

import contextlib
from typing import Any

from jax_slim.tf1.graph import conversion, graphs, known_values
from jax_slim.tf1.graph.composites import IndexedSlices, SparseTensor
from jax_slim.tf1.graph.tensors import Tensor


@contextlib.contextmanager
def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Any:
    """`name_scope` with the values first, as it was once called."""
    with graphs.name_scope(name, default_name=default_name, values=values) as scope:
        yield scope


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor, a sparse tensor, indexed slices or a variable."""
    return isinstance(x, Tensor | SparseTensor | IndexedSlices) or conversion.is_dense_tensor_like(x)


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor as an array where it is known, else None."""
    return known_values.constant_value(tensor, partial)


def container(container_name: str) -> Any:
    """`Graph.container` of the default graph."""
    return graphs.get_default_graph().container(container_name)


def has_default_graph() -> bool:
    """Whether there is a graph to add to: always."""
    return True


def get_name_scope() -> str:
    """The name scope that is open: `a/b`, or an empty text."""
    return graphs.get_default_graph().get_name_scope()


def strip_name_scope(name: str, export_scope: str | None) -> str:
    """A name without the scope in front; a control input keeps its `^`, a colocation its `loc:@`."""
    if not export_scope:
        return name
    scope = export_scope.rstrip("/") + "/"
    for mark in ("^", "loc:@"):
        if name.startswith(mark):
            return mark + strip_name_scope(name[len(mark) :], export_scope)
    return name[len(scope) :] if name.startswith(scope) else name


def prepend_name_scope(name: str, import_scope: str | None) -> str:
    """A name with the scope in front; a control input keeps its `^`, a colocation its `loc:@`."""
    if not import_scope:
        return name
    for mark in ("^", "loc:@"):
        if name.startswith(mark):
            return mark + prepend_name_scope(name[len(mark) :], import_scope)
    return f"{import_scope.rstrip('/')}/{name}"
