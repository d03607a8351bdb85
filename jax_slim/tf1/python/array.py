"""`tf.shape`, `tf.reshape`, `tf.transpose` and their kin; placeholders; identities. Cutting, joining and gathering have files of their own."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, known_values, shapes
from jax_slim.tf1.graph.composites import SparseTensor, SparseTensorValue
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python.joining import concat, parallel_stack, split, stack, unstack

__all__ = ["concat", "parallel_stack", "split", "stack", "unstack"]

newaxis = None


def deprecated(name: str, value: Any, old_name: str, old_value: Any) -> Any:
    """The value of an argument that has an old name too.

    Raises:
      ValueError: both are given.
    """
    if old_value is not None:
        if value is not None:
            raise ValueError(f"Cannot specify both '{old_name}' and '{name}'")
        return old_value
    return value


# What tells shapes.


def shape(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """The sizes of a tensor as a vector: a constant where they are all known."""
    return shape_internal(input, name, True, out_type)


def shape_v2(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """`shape`, in the order of arguments of later versions."""
    return shape(input, name, out_type)


def shape_internal(input: Any, name: str | None = None, optimize: bool = True, out_type: Any = dtypes.int32) -> Tensor:
    """`shape`; with `optimize` False always an operation."""
    out_type = dtypes.as_dtype(out_type)
    with graphs.name_scope(name, "Shape", [input]) as scope:
        if isinstance(input, SparseTensor | SparseTensorValue):
            return building.make("Cast", input.dense_shape, DstT=out_type)
        tensor = conversion.convert_to_tensor(input)
        sizes = tensor.shape.sizes
        if optimize and sizes is not None and None not in sizes:
            return conversion.constant(np.array(sizes, out_type.as_numpy_dtype), out_type, name=scope)
        return building.make("Shape", tensor, out_type=out_type, name=scope)


def shape_n(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> list[Tensor]:
    """`shape` of each tensor of a list."""
    return building.make("ShapeN", input, out_type=out_type, name=name)


def size(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """How many elements a tensor has: a constant where that is known."""
    return size_internal(input, name, True, out_type)


def size_v2(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """`size`, in the order of arguments of later versions."""
    return size(input, name, out_type)


def size_internal(input: Any, name: str | None = None, optimize: bool = True, out_type: Any = dtypes.int32) -> Tensor:
    """`size`; with `optimize` False always an operation."""
    out_type = dtypes.as_dtype(out_type)
    with graphs.name_scope(name, "Size", [input]) as scope:
        if isinstance(input, SparseTensor | SparseTensorValue):
            return building.make("Prod", building.make("Cast", input.dense_shape, DstT=out_type), 0, name=scope)
        tensor = conversion.convert_to_tensor(input)
        total = tensor.shape.num_elements()
        if optimize and total is not None:
            return conversion.constant(total, out_type, name=scope)
        return building.make("Size", tensor, out_type=out_type, name=scope)


def rank(input: Any, name: str | None = None) -> Tensor:
    """How many axes a tensor has: a constant where that is known."""
    return rank_internal(input, name, True)


def rank_internal(input: Any, name: str | None = None, optimize: bool = True) -> Tensor:
    """`rank`; with `optimize` False always an operation."""
    with graphs.name_scope(name, "Rank", [input]) as scope:
        if isinstance(input, SparseTensor | SparseTensorValue):
            return building.make("Size", input.dense_shape, name=scope)
        tensor = conversion.convert_to_tensor(input)
        if optimize and tensor.shape.ndims is not None:
            return conversion.constant(tensor.shape.ndims, dtypes.int32, name=scope)
        return building.make("Rank", tensor, name=scope)


# What changes shapes.


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The elements in another shape; one size may be -1: as many as there are."""
    result = building.make("Reshape", tensor, shape, name=name)
    return result


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """A new axis of size 1 at `axis`.

    Raises:
      ValueError: there is no axis.
    """
    axis = deprecated("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return expand_dims_v2(input, axis, name)


def expand_dims_v2(input: Any, axis: Any, name: str | None = None) -> Tensor:
    """`expand_dims` without the old argument."""
    return building.make("ExpandDims", input, axis, name=name)


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Tensor:
    """Without the axes of size 1: those named, or all."""
    axis = deprecated("axis", axis, "squeeze_dims", squeeze_dims)
    if axis is not None and np.isscalar(axis):
        axis = [axis]
    return building.make("Squeeze", input, squeeze_dims=[] if axis is None else axis, name=name)


def squeeze_v2(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """`squeeze` without the old argument."""
    return squeeze(input, axis, name)


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """The tensor repeated `multiples[i]` times along each axis i."""
    return building.make("Tile", input, multiples, name=name)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """The tensor repeated along axes of size 1 and new leading ones, up to a shape."""
    return building.make("BroadcastTo", input, shape, name=name)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape to which two shapes, vectors of sizes, broadcast."""
    return building.make("BroadcastArgs", shape_x, shape_y)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> shapes.TensorShape:
    """The shape to which two TensorShapes broadcast.

    Raises:
      ValueError: they do not.
    """
    return shapes.broadcast(shapes.as_shape(shape_x), shapes.as_shape(shape_y))


def transpose(a: Any, perm: Any = None, name: str | None = "transpose", conjugate: bool = False) -> Tensor:
    """The axes in the order `perm`, by default reversed; with `conjugate` complex numbers are conjugated."""
    with graphs.name_scope(name, "transpose", [a]) as scope:
        type = "Transpose"
        if conjugate:
            a = conversion.convert_to_tensor(a, name="a")
            type = "ConjugateTranspose" if a.dtype.is_complex else type
        if perm is not None:
            a = conversion.convert_to_tensor(a, name="a")
            return building.make(type, a, perm, name=scope)
        a = conversion.convert_to_tensor(a, name="a")
        axes = a.shape.ndims
        if axes:
            perm = np.arange(axes - 1, -1, -1, dtype=np.int32)
        else:
            count = building.make("Rank", a)
            perm = (count - 1) - building.make("Range", 0, count, 1)
        return building.make(type, a, perm, name=scope)


def transpose_v2(a: Any, perm: Any = None, conjugate: bool = False, name: str | None = "transpose") -> Tensor:
    """`transpose`, in the order of arguments of later versions."""
    return transpose(a, perm, name, conjugate)


def matrix_transpose(a: Any, name: str | None = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """The last two axes swapped.

    Raises:
      ValueError: there are fewer than two.
    """
    with graphs.name_scope(name, "matrix_transpose", [a]):
        a = conversion.convert_to_tensor(a, name="a")
        axes = a.shape.ndims
        if axes is None:
            count = rank(a)
            perm = concat([building.make("Range", 0, count - 2, 1), [count - 1, count - 2]], 0)
        elif axes < 2:
            raise ValueError(f"Argument 'a' should be a (batch) matrix, with rank >= 2.  Found: {a.shape}")
        else:
            perm = [*range(axes - 2), axes - 1, axes - 2]
        return transpose(a, perm, conjugate=conjugate)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """The elements along the axes of a list in reverse order."""
    return building.make("ReverseV2", tensor, axis, name=name)


reverse_v2 = reverse


def reverse_sequence(input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: str | None = None,
                     seq_dim: Any = None, batch_dim: Any = None) -> Tensor:  # fmt: skip
    """The first `seq_lengths[i]` steps of each entry i of the batch in reverse order."""
    seq_axis = deprecated("seq_axis", seq_axis, "seq_dim", seq_dim)
    batch_axis = deprecated("batch_axis", batch_axis, "batch_dim", batch_dim)
    return building.make("ReverseSequence", input, seq_lengths, seq_dim=seq_axis, batch_dim=batch_axis, name=name)


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """The elements moved by `shift` along `axis`; what leaves at one end comes in at the other."""
    return building.make("Roll", input, shift, axis, name=name)


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """The permutation that undoes another."""
    return building.make("InvertPermutation", x, name=name)


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """The coordinates, one row for each axis, of places in the flat tensor of the sizes `dims`."""
    return building.make("UnravelIndex", indices, dims, name=name)


# What passes a tensor on.


def identity(input: Any, name: str | None = None) -> Tensor:
    """The tensor, as a new operation."""
    return building.make("Identity", input, name=name)


def identity_n(input: Any, name: str | None = None) -> list[Tensor]:
    """A list of tensors, as one new operation."""
    return building.make("IdentityN", input, name=name)


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """The tensor, taken for a constant by `tf.gradients`."""
    return building.make("StopGradient", input, name=name)


def prevent_gradient(input: Any, message: str = "", name: str | None = None) -> Tensor:
    """The tensor; a gradient through it raises LookupError."""
    return building.make("PreventGradient", input, message=message, name=name)


def guarantee_const(input: Any, name: str | None = None) -> Tensor:
    """The tensor."""
    return building.make("GuaranteeConst", input, name=name)


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """The tensor with a shape that is checked while it runs."""
    return building.make("EnsureShape", x, shape=shapes.as_shape(shape), name=name)


def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """The bytes of a tensor as another type; the last axis grows or goes where sizes differ."""
    return building.make("Bitcast", input, type=type, name=name)


# Placeholders.


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that every run must be fed."""
    return building.make("Placeholder", dtype=dtype, shape=shapes.TensorShape(shape), name=name)


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A tensor that is `input` unless it is fed; its static shape is `shape`."""
    return building.make("PlaceholderWithDefault", input, shape=shapes.as_shape(shape), name=name)


def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """A sparse tensor that every run must be fed, with a SparseTensorValue or a tuple (indices, values, shape)."""
    shape_name = f"{name}/shape" if name is not None else None
    if shape is None:
        shape, axes = placeholder(dtypes.int64, [None], shape_name), None
    elif isinstance(shape, Tensor):
        axes = shape.shape[0].value if shape.shape.ndims == 1 else None
    else:
        shape = shapes.as_shape(shape)
        axes = shape.ndims
        shape = conversion.constant(
            np.array([-1 if d is None else d for d in shape.as_list()], np.int64),
            dtypes.int64,
            name=shape_name or "Const",
        )
    made = SparseTensor(
        values=placeholder(dtype, [None], f"{name}/values" if name is not None else None),
        indices=placeholder(dtypes.int64, [None, axes], f"{name}/indices" if name is not None else None),
        dense_shape=shape,
    )
    return made


# What TF computes while a graph is built; here more is known, but programs see as much as there.
_KNOWN_TYPES = frozenset(
    {
        "Const",
        "Shape",
        "Size",
        "Rank",
        "Range",
        "Cast",
        "Concat",
        "ConcatV2",
        "ConcatOffset",
        "Pack",
        "Fill",
        "Equal",
        "NotEqual",
    }
)


def constant_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor as an array where it is known while the graph is built, else None."""
    return known_values.constant_value(tensor, partial) if not isinstance(tensor, Tensor) or _is_known(tensor) else None


def _is_known(tensor: Tensor) -> bool:
    type = tensor.op.type
    return type in _KNOWN_TYPES and (type in ("Shape", "Size", "Rank") or all(_is_known(t) for t in tensor.op.inputs))
