"""`tf.bitwise`: operations on the bits of integers."""

from typing import Any

from jax_slim.tf1.graph import building
from jax_slim.tf1.graph.tensors import Tensor


def bitwise_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits that both have."""
    return building.make("BitwiseAnd", x, y, name=name)


def bitwise_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits that one of them has."""
    return building.make("BitwiseOr", x, y, name=name)


def bitwise_xor(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits that just one of them has."""
    return building.make("BitwiseXor", x, y, name=name)


def invert(x: Any, name: str | None = None) -> Tensor:
    """The bits that it has not."""
    return building.make("Invert", x, name=name)


def left_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits moved y places up."""
    return building.make("LeftShift", x, y, name=name)


def right_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits moved y places down; a sign is kept."""
    return building.make("RightShift", x, y, name=name)
