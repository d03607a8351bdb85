"""What patterns of equations are made of: who made an operand, and what is known of it."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jax_slim.exporting.graph_equations import Equation, Known, Var
from jax_slim.exporting.graph_nodes import Tensor
from jax_slim.exporting.graph_writing import Writer


class Match(NamedTuple):
    """What is written in the place of an equation and of those that led to it.

    Attributes:
      operands: what it takes.
      write: (writer) -> the equation's result.
    """

    operands: list[Any]
    write: Callable[[Writer], Tensor]


def made_by(operand: Any, *kinds: str) -> Equation | None:
    """The equation that computes an operand, if it is of one of the kinds."""
    made = operand.equation if isinstance(operand, Var | Known) else None
    return made if made is not None and made.kind in kinds else None


def pair(equation: Equation | None) -> tuple[Var, Known] | None:
    """The operand that depends on the inputs, and the one that does not."""
    if equation is None:
        return None
    x, y = equation.operands
    if isinstance(x, Known):
        x, y = y, x
    return (x, y) if isinstance(x, Var) and isinstance(y, Known) else None


def plain(known: Any) -> Any:
    """What was given another shape."""
    while isinstance(known, Known) and (made := made_by(known, "reshape", "broadcast_in_dim", "copy", "squeeze")):
        inner = made.operands[0]
        if math.prod(inner.shape) != math.prod(known.shape):
            break
        known = inner
    return known


def of_channels(known: Known, rank: int) -> bool:
    """Whether it has one element for each channel, along the last axis."""
    return len(known.shape) <= rank and all(size == 1 for size in known.shape[:-1]) and bool(known.shape)


def all_are(known: Any, value: float) -> bool:
    """Whether it is known, and all of its elements have this value."""
    return isinstance(known, Known) and math.prod(known.shape) > 0 and bool(np.all(known.value == value))


def number(known: Any) -> float | None:
    """The value of what is known to be a single number."""
    if not isinstance(known, Known) or math.prod(known.shape) != 1:
        return None
    return float(known.value.reshape(()))
