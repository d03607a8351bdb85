"""What a TensorArray is while a graph runs: its handle says which it is, its flow carries the elements."""

import dataclasses
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@dataclasses.dataclass(frozen=True)
class Handle:
    """Which tensor array it is, and what it was made for."""

    dtype: Any
    shape: Any
    dynamic: bool
    name: str
    gradient: bool = False  # whether what is written is added up (TensorArrayGradV3)
    noted: Any = dataclasses.field(default_factory=dict, compare=False)  # "shape": of the element written last


@jax.tree_util.register_pytree_node_class
class TensorArrayValue:
    """The elements: a list (None where nothing was written) where places are known, or one array in compiled loops.

    Of an array of gradients, `of` has the shapes of the elements that they are gradients of; else it is None.
    """

    __array_ufunc__ = None  # NumPy's scalars leave additions to `__radd__`

    def __init__(self, items: Any = None, buffer: Any = None, size: int = 0, of: Any = None) -> None:
        self.items, self.buffer, self.size, self.of = items, buffer, size, of

    def tree_flatten(self) -> Any:
        if self.buffer is not None:
            return (self.buffer,), ("buffer", self.size, self.of)
        present = tuple(i for i, item in enumerate(self.items) if item is not None)
        return tuple(self.items[i] for i in present), ("items", self.size, self.of, present)

    @classmethod
    def tree_unflatten(cls, facts: Any, children: Any) -> "TensorArrayValue":
        if facts[0] == "buffer":
            return cls(None, children[0], facts[1], facts[2])
        items: list[Any] = [None] * facts[1]
        for place, child in zip(facts[3], children, strict=True):
            items[place] = child
        return cls(items, None, facts[1], facts[2])

    def __add__(self, other: Any) -> "TensorArrayValue":
        """The sum, element by element. What is no array is the zero that gradients of TensorFlow's begin with."""
        if not isinstance(other, TensorArrayValue):
            return self
        if self.buffer is not None or other.buffer is not None:
            mine, others = stacked(self), stacked(other)
            if mine.buffer is None or others.buffer is None:
                return others if mine.buffer is None else mine
            return TensorArrayValue(None, mine.buffer + others.buffer, self.size, self.of)
        pairs = itertools.zip_longest(self.items, other.items)
        items = [b if a is None else a if b is None else a + b for a, b in pairs]
        return TensorArrayValue(items, None, len(items), self.of if self.size >= other.size else other.of)

    __radd__ = __add__


def stacked(value: TensorArrayValue) -> TensorArrayValue:
    """The elements as one array; those not written as zeros. An array without any element stays a list."""
    if value.buffer is not None:
        return value
    first = next((item for item in value.items if item is not None), None)
    if first is None:
        return value
    kind, shape = jnp.asarray(first).dtype, np.shape(first)
    rest = jnp.zeros(shape, kind)
    whole = jnp.stack([rest if item is None else jnp.asarray(item) for item in value.items])
    return TensorArrayValue(None, whole, value.size, value.of)


def gradient_like(value: TensorArrayValue, output: TensorArrayValue) -> TensorArrayValue:
    """A gradient kept as the array that it is of is kept: a loop that is evaluated twice may keep it in both ways."""
    if output.buffer is not None:
        made = stacked(value)
        return made if made.buffer is not None else TensorArrayValue(None, jnp.zeros_like(output.buffer), output.size)
    given = value.items if value.buffer is None else list(value.buffer)
    pairs = zip(given, output.items, strict=True)
    return TensorArrayValue(
        [None if of is None else jnp.zeros_like(of) if one is None else one for one, of in pairs], None, output.size
    )


def with_memory(start: Any, found: Any) -> Any:
    """A start value with what one round of a loop has shown it to need."""
    if not isinstance(start, TensorArrayValue) or start.buffer is not None:
        return start
    if not isinstance(found, TensorArrayValue) or found.buffer is None:
        return start
    return TensorArrayValue(None, jnp.zeros(found.buffer.shape, found.buffer.dtype), found.size, found.of)


def handle_of(op: Any) -> Handle:
    """The handle that a TensorArrayV3 gives; it is evaluated where it is used."""
    noted = op.private.setdefault("elements", {})
    return Handle(
        op.attrs["dtype"], op.attrs.get("element_shape"), bool(op.attrs.get("dynamic_size")), op.name, noted=noted
    )
