"""The large constants of a graph, which programs are given: XLA would look into each number of those within."""

from collections.abc import Container, Iterable

from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.running import planning

_LARGE = 256


def weights_of(units: Iterable[planning.Unit], fed: Container[Tensor]) -> dict[str, Tensor]:
    """The constants among what units take that are weights, by name, but for what is given otherwise."""
    found = dict.fromkeys(t for unit in units for op in unit.ops for t in op._inputs if t not in fed)
    return {t.op.name: t for t in found if t.op.type == "Const" and is_weight(t)}


def is_weight(tensor: Tensor) -> bool:
    """Whether a constant is large and of floats."""
    return bool(tensor.dtype.is_floating) and tensor.op.attrs["value"].size >= _LARGE
