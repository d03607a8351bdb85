"""What is known of tensors while a graph is built: constants, and what is computed from constants and known shapes."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import rows, shapes
from jax_slim.tf1.graph.tensors import Tensor

_UNKNOWN = object()
_LARGEST = 1 << 16  # elements of what is computed on the way


def constant_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor as an array where it is known, else None (`tf.contrib.util.constant_value`)."""
    if not isinstance(tensor, Tensor):
        return tensor
    if tensor.known is not None:
        return tensor.known
    value = _find(tensor)
    if value is _UNKNOWN:
        return None
    tensor.known = value
    return value


def _find(tensor: Tensor) -> Any:
    op = tensor.op
    if op.type == "Const":
        return op.attrs["value"]
    if op.type == "PlaceholderWithDefault":  # a run may feed it
        return _UNKNOWN
    if op.type == "Shape":
        shape = op._inputs[0].shape
        return np.array(shape.as_list(), op.attrs["out_type"].as_numpy_dtype) if shape.is_fully_defined() else _UNKNOWN
    if op.type == "Size":
        total = op._inputs[0].shape.num_elements()
        return _UNKNOWN if total is None else np.asarray(total, op.attrs["out_type"].as_numpy_dtype)
    if op.type == "Rank":
        rank = op._inputs[0].shape.ndims
        return _UNKNOWN if rank is None else np.int32(rank).reshape(())
    row = rows.find(op.type)
    if (
        row is None
        or tensor.dtype.base_dtype.name in ("variant", "resource")
        or row.on_host(op)
        or row.context
        or not row.numpy
        or not op._inputs
        or (op.context is not None and op.type in ("Merge", "Enter", "Exit"))
    ):
        return _UNKNOWN
    total = tensor.shape.num_elements()
    if total is not None and total > _LARGEST:
        return _UNKNOWN
    values = []
    for source in op._inputs:
        value = constant_value(source)
        if value is None or value.size > _LARGEST:
            return _UNKNOWN
        values.append(value)
    try:
        found = row.call(op, values)
    except Exception:  # what cannot be computed now fails when it is run
        return _UNKNOWN
    return np.asarray(found[tensor.value_index])


def constant_value_as_shape(tensor: Any) -> shapes.TensorShape:
    """The shape that a vector of sizes says; those not known, or -1, are unknown."""
    sizes = sizes_of(tensor)
    if sizes is None:
        length = tensor.shape[0].value if tensor.shape.ndims == 1 else None
        return shapes.unknown_shape(length)
    return shapes.TensorShape([None if s is None or s < 0 else s for s in sizes])


def sizes_of(tensor: Tensor) -> list[int | None] | None:
    """The elements of a vector (or a scalar) of integers, None for those not known; None where not even their number is."""
    value = constant_value(tensor)
    if value is not None:
        return [int(v) for v in np.asarray(value).reshape(-1)]
    op = tensor.op
    if op.type in ("Shape", "ShapeN"):
        sizes = op._inputs[tensor.value_index if op.type == "ShapeN" else 0].shape.sizes
        return None if sizes is None else list(sizes)
    if op.type in ("Pack", "ConcatV2"):
        parts = op._inputs if op.type == "Pack" else op._inputs[:-1]
        found = [sizes_of(p) if p.shape.ndims is not None else None for p in parts]
        if op.type == "Pack":
            return [None if f is None or len(f) != 1 else f[0] for f in found]
        whole: list[int | None] = []
        for part, sizes in zip(parts, found, strict=True):
            if sizes is None and part.shape.ndims == 1 and part.shape.sizes[0] is not None:
                sizes = [None] * part.shape.sizes[0]
            if sizes is None:
                return None
            whole.extend(sizes)
        return whole
    if op.type in ("Identity", "StopGradient"):
        return sizes_of(op._inputs[0])
    if op.type == "StridedSlice":
        return _sliced(op)
    if tensor.shape.ndims == 0:
        return [None]
    if tensor.shape.ndims == 1 and tensor.shape.sizes[0] is not None:
        return [None] * tensor.shape.sizes[0]
    return None


def _sliced(op: Any) -> list[int | None] | None:
    sizes = sizes_of(op._inputs[0])
    begin, end, strides = (constant_value(t) for t in op._inputs[1:])
    if sizes is None or begin is None or end is None or strides is None or len(begin) != 1:
        return [None] if op.outputs[0].shape.ndims == 0 else None
    if op.attrs["new_axis_mask"] or op.attrs["ellipsis_mask"]:
        return None
    first, last, step = int(begin[0]), int(end[0]), int(strides[0])
    if op.attrs["shrink_axis_mask"]:
        return [sizes[first]] if -len(sizes) <= first < len(sizes) else None
    return sizes[None if op.attrs["begin_mask"] else first : None if op.attrs["end_mask"] else last : step]
