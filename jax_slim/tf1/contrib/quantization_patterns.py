"""Patterns of operations in graphs, and what changes graphs that are there: for `tf.contrib.quantize`."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.tensors import Operation, Tensor

Found = dict["Pattern | OneOf", Tensor]


class Pattern:
    """An operation of one of some types ("A|B", or "*"), and, where `inputs` are given, what its inputs are.

    Args:
      inputs: a pattern for each input.
      ordered: whether they come in this order.
    """

    def __init__(self, types: str, *inputs: "Pattern | OneOf", ordered: bool = True) -> None:
        self._types = None if types == "*" else frozenset(types.split("|"))
        self._inputs, self._ordered = inputs, ordered

    def match(self, tensor: Tensor) -> Found | None:
        """Which tensor stands for which pattern, where the operation that gives `tensor` is such a one; else None."""
        op = tensor.op
        if self._types is not None and op.type not in self._types:
            return None
        if not self._inputs:
            return {self: tensor}
        if len(op._inputs) != len(self._inputs):
            return None
        for inputs in [self._inputs] if self._ordered else itertools.permutations(self._inputs):
            found: Found | None = {self: tensor}
            for pattern, source in zip(inputs, op._inputs, strict=True):
                below = pattern.match(source)
                if below is None:
                    found = None
                    break
                found |= below
            if found is not None:
                return found
        return None

    def matches(self, graph: Any) -> Iterator[Found]:
        """What it finds at each operation of a graph, in the order in which they were made."""
        return _matches(self, graph)


class OneOf:
    """The first of several patterns that matches."""

    def __init__(self, *patterns: "Pattern | OneOf") -> None:
        self._patterns = patterns

    def match(self, tensor: Tensor) -> Found | None:
        """See `Pattern.match`."""
        for pattern in self._patterns:
            found = pattern.match(tensor)
            if found is not None:
                return {**found, self: tensor}
        return None

    def matches(self, graph: Any) -> Iterator[Found]:
        """See `Pattern.matches`."""
        return _matches(self, graph)


def _matches(pattern: Any, graph: Any) -> Iterator[Found]:
    for op in graph.get_operations():
        found = pattern.match(op.outputs[0]) if op.outputs else None
        if found is not None:
            yield found


def first(found: Found, *patterns: Any) -> Tensor | None:
    """The tensor that stands for the first of the patterns that one stands for."""
    return next((found[p] for p in patterns if p in found), None)


def reroute(new: Tensor, old: Tensor, consumers: Iterable[Operation] | None = None) -> int:
    """Has operations (by default all) that take `old` take `new` instead; how many inputs that changed."""
    chosen = old.consumers() if consumers is None else [op for op in old.consumers() if op in set(consumers)]
    count = 0
    for op in chosen:
        for place, tensor in enumerate(op._inputs):
            if tensor is old:
                op._update_input(place, new)
                count += 1
    return count


def cloned(op: Operation, name: str, changes: dict[int, Tensor]) -> Tensor:
    """The first output of a copy of an operation with some of its inputs changed; `name` is below the open scope."""
    inputs = [changes.get(place, tensor) for place, tensor in enumerate(op._inputs)]
    attrs = {k: v for k, v in op.attrs.items() if k != "_class"}
    graph = op.graph
    with graph.as_default(), graphs.device(op.device or None):
        made = graph.create_op(op.type, inputs, [t.dtype for t in op.outputs], name=name, attrs=attrs)
    for output, like in zip(made.outputs, op.outputs, strict=True):
        output.set_shape(like.shape)
    return made.outputs[0]
