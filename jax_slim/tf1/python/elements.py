"""What the elements of a data set are: structures of tuples and dictionaries, with a type and a shape for each part."""

import collections.abc
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, shapes
from jax_slim.tf1.graph.composites import SparseTensor, SparseTensorValue
from jax_slim.tf1.graph.tensors import Operation, Tensor

# Structures of tf.data: tuples and dictionaries; a list is one tensor.


def nested(value: Any) -> bool:
    return (isinstance(value, tuple) and not isinstance(value, shapes.TensorShape | SparseTensorValue)) or isinstance(
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

    # Of the tensors that operations pass on; what programs see is `own_types` and `own_shapes`.
    types = property(lambda self: [dtypes.variant if isinstance(f, Nested | SparseLeaf) else f[0] for f in self.flat])
    shapes = property(
        lambda self: [
            shapes.TensorShape([]) if isinstance(f, Nested) else f.passed if isinstance(f, SparseLeaf) else f[1]
            for f in self.flat
        ]
    )
    own_types = property(lambda self: [dtypes.variant if isinstance(f, Nested) else f[0] for f in self.flat])
    own_shapes = property(lambda self: [shapes.TensorShape([]) if isinstance(f, Nested) else f[1] for f in self.flat])

    def packed(self, values: list[Any]) -> Any:
        return pack_spec(self.structure, values)

    def of_tensors(self, tensors: Any) -> Any:
        """Tensors as an element: with the data sets that they stand for."""
        pairs = zip(tensors, self.flat, strict=True)
        return self.packed([_of_tensor(t, f) for t, f in pairs])

    def of_operation(self, made: Operation) -> Any:
        """The outputs of an operation as an element, with the shapes that are known of them."""
        for tensor, shape in zip(made.outputs, self.shapes, strict=True):
            tensor.set_shape(shape)
        return self.of_tensors(made.outputs)

    def with_shapes(self, function: Callable[[Any], Any]) -> "Spec":
        """The same types, other shapes."""
        return Spec(pack_spec(self.structure, [_with_shape(f, function) for f in self.flat]))

    def merged(self, other: "Spec") -> "Spec":
        """The same types, with the shapes that fit both."""
        pairs = zip(self.flat, other.flat, strict=True)
        leaves = [f if isinstance(f, Nested) else type(f)((f[0], f[1].most_specific_compatible_shape(g[1]), *f[2:])) for f, g in pairs]  # fmt: skip
        return Spec(pack_spec(self.structure, leaves))


class Leaf(tuple):
    """(type, shape) of one component."""


class SparseLeaf(Leaf):
    """(type, shape) of a component that is a SparseTensor: operations pass it on as a variant [3], or more of them stacked."""

    passed = property(lambda self: self[2] if len(self) > 2 else shapes.TensorShape([3]))


def _with_shape(leaf: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(leaf, Nested):
        return leaf
    if isinstance(leaf, SparseLeaf):
        return SparseLeaf((leaf[0], function(leaf[1]), function(leaf.passed)))
    return Leaf((leaf[0], function(leaf[1])))


def _of_tensor(tensor: Any, leaf: Any) -> Any:
    """What a tensor that operations pass on stands for."""
    if isinstance(leaf, Nested):
        return leaf.make(tensor, leaf.spec)
    if not isinstance(leaf, SparseLeaf):
        return tensor
    indices, values, shape = building.make("DeserializeSparse", tensor, dtype=leaf[0])
    indices.set_shape([None, leaf[1].ndims])
    shape.set_shape([leaf[1].ndims])
    return SparseTensor(indices, values, shape)


def class_of(leaf: Any) -> Any:
    """The class of a component."""
    return leaf.make if isinstance(leaf, Nested) else SparseTensor if isinstance(leaf, SparseLeaf) else Tensor


def leaf_of(value: Any) -> Leaf:
    """What a tensor or SparseTensor is as a component."""
    kind = SparseLeaf if isinstance(value, SparseTensor) else Leaf
    return kind((value.dtype.base_dtype, value.get_shape()))


def tensor_of(value: Any) -> Any:
    """A component as the tensor that operations pass on."""
    if not isinstance(value, SparseTensor):
        return conversion.convert_to_tensor(value)
    return building.make("SerializeSparse", value.indices, value.values, value.dense_shape, out_type=dtypes.variant)


def component(value: Any) -> Any:
    """A value as a tensor, or a SparseTensor."""
    if isinstance(value, SparseTensor | SparseTensorValue):
        return SparseTensor.from_value(value)
    return conversion.convert_to_tensor(value)


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


def spec_of(output_types: Any, output_shapes: Any, output_classes: Any = None) -> Spec:
    kinds = [dtypes.as_dtype(t) for t in flatten(output_types)]
    known = (
        [shapes.unknown_shape() for _ in kinds]
        if output_shapes is None
        else [shapes.as_shape(s) for s in shapes_like(output_types, output_shapes)]
    )
    classes = [None] * len(kinds) if output_classes is None else flatten(output_classes)
    leaves = [
        (SparseLeaf if found is SparseTensor else Leaf)(pair)
        for *pair, found in zip(kinds, known, classes, strict=True)
    ]
    return Spec(pack_structure(output_types, leaves))
