"""`tf.slice`, `tf.strided_slice`, and what `tensor[...]` makes."""

import builtins
import sys
from typing import Any, cast

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.shapes import Dimension
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python.joining import stack


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The part that begins at `begin` and has the shape `size`; -1 is all that remains along an axis."""
    return building.make("Slice", input_, begin, size, name=name)


def strided_slice(input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
                  ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None,
                  name: str | None = None) -> Tensor:  # fmt: skip
    """The elements from `begin` to `end` in steps of `strides`; bits of the masks say which entries are left out, an ellipsis, a new axis or a single index."""
    if strides is None:
        from jax_slim.tf1.python import constant_op

        strides = constant_op.ones_like(begin)
    result = building.make(
        "StridedSlice", input_, begin, end, strides, begin_mask=begin_mask, end_mask=end_mask, ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask, shrink_axis_mask=shrink_axis_mask, name=name,
    )  # fmt: skip
    if var is not None:
        result.op.private["slice of"] = (
            var,
            begin,
            end,
            strides,
            begin_mask,
            end_mask,
            ellipsis_mask,
            new_axis_mask,
            shrink_axis_mask,
        )
    return result


def _assign(tensor: Tensor) -> Any:
    """`variable[...].assign(value)` changes that part of the variable."""
    sliced = tensor.op.private.get("slice of")
    if sliced is None:
        if tensor.op.type != "StridedSlice":
            raise AttributeError("'Tensor' object has no attribute 'assign'")
        raise ValueError("Sliced assignment is only supported for variables")
    var, begin, end, strides, *masks = sliced
    scope = tensor.op.name

    def assign(value: Any, name: str | None = None) -> Any:
        return var._strided_slice_assign(
            begin=begin, end=end, strides=strides, value=value, name=name or scope + "_assign",
            **dict(zip(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), masks, strict=True)),
        )  # fmt: skip

    return assign


def check_index(index: Any) -> None:
    """Raises TypeError for what cannot be an index."""
    if isinstance(index, Tensor):
        good = index.dtype.base_dtype in (dtypes.int16, dtypes.int32, dtypes.int64, dtypes.uint16, dtypes.uint32)
        good = good and not index.shape.ndims
    else:
        good = isinstance(index, int | np.integer | Dimension) and not isinstance(index, bool)
        if not good and not isinstance(index, float | str | bytes | np.ndarray | np.generic | list | tuple | bool):
            kind = getattr(index, "dtype", None)  # a variable's
            good = kind is not None and dtypes.as_dtype(kind).is_integer
        if isinstance(index, np.ndarray):
            good = index.ndim == 0 and index.dtype.kind in "iu"
    if not good:
        raise TypeError(
            f"Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are valid indices, got {index!r}"
        )


def getitem(tensor: Any, spec: Any, var: Any = None) -> Tensor:
    """`tensor[spec]` as nodes of the graph. A mask of booleans picks elements; a list is read like a tuple."""
    if isinstance(spec, bool | np.bool_) or (isinstance(spec, Tensor) and spec.dtype.base_dtype == dtypes.bool_) or (
        isinstance(spec, np.ndarray) and spec.dtype == np.bool_
    ):  # fmt: skip
        from jax_slim.tf1.python import gathering

        return gathering.boolean_mask(tensor=tensor, mask=spec)
    entries = spec if isinstance(spec, list | tuple) else [spec]
    begin: list[Any] = []
    end: list[Any] = []
    strides: list[Any] = []
    masks: dict[str, Any] = dict.fromkeys(
        ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0
    )
    for place, entry in enumerate(entries):
        bit = 1 << place
        first, last, step = 0, 0, 1
        if isinstance(entry, builtins.slice):
            if entry.start is not None and (isinstance(entry.start, Tensor) or entry.start != sys.maxsize):
                check_index(entry.start)
                first = entry.start
            else:
                masks["begin_mask"] |= bit
            if entry.stop is not None and (isinstance(entry.stop, Tensor) or entry.stop != sys.maxsize):
                check_index(entry.stop)
                last = entry.stop
            else:
                masks["end_mask"] |= bit
            if entry.step is not None:
                check_index(entry.step)
                step = entry.step
        elif entry is Ellipsis:
            masks["ellipsis_mask"] |= bit
        elif entry is None:
            masks["new_axis_mask"] |= bit
        else:
            check_index(entry)
            first, last = entry, cast(Any, entry) + 1
            masks["shrink_axis_mask"] |= bit
        begin.append(first)
        end.append(last)
        strides.append(step)
    with graphs.name_scope(None, "strided_slice", [tensor, *begin, *end, *strides]) as scope:
        if begin:
            packed = [_packed(begin), _packed(end), _packed(strides)]
            if any(p.dtype.base_dtype == dtypes.int64 for p in packed):
                packed = [
                    p if p.dtype.base_dtype == dtypes.int64 else building.make("Cast", p, DstT=dtypes.int64)
                    for p in packed
                ]
        else:
            packed = [conversion.constant([], dtypes.int32)] * 3
        return strided_slice(tensor, packed[0], packed[1], packed[2], **masks, var=var, name=scope)


def _packed(values: list[Any]) -> Tensor:
    if all(
        type(v) is int and -_LARGE < v < _LARGE for v in values
    ):  # nearly always: not asked one by one what they are
        return conversion.constant(np.array(values, np.int32), dtypes.int32, name="stack")
    return stack(values)


_LARGE = 1 << 31
Tensor.__getitem__ = getitem  # type: ignore[attr-defined]
Tensor.assign = property(_assign)  # type: ignore[attr-defined]
