"""What the elements of a data set are: structures of tuples and dictionaries, with a type and a shape for each part."""

import collections.abc
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import dtypes, shapes

# Structures of tf.data: tuples and dictionaries; a list is one tensor.


def nested(value: Any) -> bool:
    return (isinstance(value, tuple) and not isinstance(value, shapes.TensorShape)) or isinstance(
        value, collections.abc.Mapping
    )


def flatten(structure: Any) -> list[Any]:
    """The leaves of a structure of tuples and dictionaries (by sorted key)."""
    if not nested(structure):
        return [structure]
    return [leaf for part in parts(structure) for leaf in flatten(part)]


class Nested:
    """A component that is a data set itself (of `window`): `make(tensor, spec)` gives it."""

    def __init__(self, make: Callable[[Any, "Spec"], Any], spec: "Spec") -> None:
        self.make, self.spec = make, spec


class Spec:
    """What the elements of a data set are: a structure whose leaves are (type, shape), or a `Nested` data set."""

    def __init__(self, structure: Any) -> None:
        self.structure = structure
        self.flat = flatten_spec(structure)

    types = property(lambda self: [dtypes.variant if isinstance(f, Nested) else f[0] for f in self.flat])
    shapes = property(lambda self: [shapes.TensorShape([]) if isinstance(f, Nested) else f[1] for f in self.flat])

    def packed(self, values: list[Any]) -> Any:
        return pack_spec(self.structure, values)

    def of_tensors(self, tensors: Any) -> Any:
        """Tensors as an element: with the data sets that they stand for."""
        pairs = zip(tensors, self.flat, strict=True)
        return self.packed([f.make(t, f.spec) if isinstance(f, Nested) else t for t, f in pairs])

    def with_shapes(self, function: Callable[[Any], Any]) -> "Spec":
        """The same types, other shapes."""
        return Spec(
            pack_spec(self.structure, [f if isinstance(f, Nested) else Leaf((f[0], function(f[1]))) for f in self.flat])
        )


class Leaf(tuple):
    """(type, shape) of one component."""


def flatten_spec(structure: Any) -> list[Any]:
    return (
        [structure]
        if isinstance(structure, Leaf | Nested)
        else [f for part in parts(structure) for f in flatten_spec(part)]
    )


def parts(structure: Any) -> list[Any]:
    return (
        [structure[k] for k in sorted(structure)] if isinstance(structure, collections.abc.Mapping) else list(structure)
    )


def pack_spec(structure: Any, values: list[Any]) -> Any:
    leaves = iter(values)

    def build(part: Any) -> Any:
        if isinstance(part, Leaf | Nested):
            return next(leaves)
        if isinstance(part, collections.abc.Mapping):
            named = {k: build(part[k]) for k in sorted(part)}
            kind: Any = type(part)
            return kind((k, named[k]) for k in part)
        built = [build(p) for p in part]
        return type(part)(*built) if hasattr(part, "_fields") else tuple(built)

    return build(structure)


def pack_structure(structure: Any, leaves: list[Any]) -> Any:
    """The structure of a user's value with specs as leaves."""
    found = iter(leaves)

    def build(part: Any) -> Any:
        if not nested(part):
            return next(found)
        if isinstance(part, collections.abc.Mapping):
            return {k: build(part[k]) for k in sorted(part)}
        built = [build(p) for p in part]
        return type(part)(*built) if hasattr(part, "_fields") else tuple(built)

    return build(structure)


def shapes_like(types: Any, given: Any) -> list[Any]:
    """Shapes in the structure of types: lists, TensorShapes and tensors are leaves, and so are tuples of numbers."""
    if not nested(types):
        return [given]
    if isinstance(types, collections.abc.Mapping):
        return [s for k in sorted(types) for s in shapes_like(types[k], given[k])]
    return [s for t, g in zip(types, given, strict=True) for s in shapes_like(t, g)]


def spec_of(output_types: Any, output_shapes: Any) -> Spec:
    kinds = [dtypes.as_dtype(t) for t in flatten(output_types)]
    known = (
        [shapes.unknown_shape() for _ in kinds]
        if output_shapes is None
        else [shapes.as_shape(s) for s in shapes_like(output_types, output_shapes)]
    )
    return Spec(pack_structure(output_types, [Leaf(pair) for pair in zip(kinds, known, strict=True)]))
