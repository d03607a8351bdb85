"""`tf.concat`, `tf.stack`, `tf.split` and their kin; and how lists that hold tensors become one tensor."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor

_PLAIN = (int, float, str, bytes, bool, complex, np.ndarray, np.generic)


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Tensors one after the other along an axis.

    Raises:
      ValueError: their other sizes differ; no tensors.
    """
    if not isinstance(values, list | tuple):
        values = [values]
    if len(values) == 1:
        with graphs.name_scope(name):
            place = conversion.convert_to_tensor(axis, name="concat_dim", dtype=dtypes.int32)
            if place.shape.ndims not in (0, None):
                raise ValueError(f"Shape {place.shape} must have rank 0")
            return building.make("Identity", values[0], name=name)
    return building.make("ConcatV2", values, axis, name=name)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape along a new axis; constants alone become one constant.

    Raises:
      ValueError: `axis` is out of range, or the shapes differ.
    """
    if axis == 0 and not (isinstance(values, list | tuple) and any(isinstance(v, shapes.Dimension) for v in values)):
        try:
            return conversion.convert_to_tensor(values, name=name)
        except (TypeError, ValueError):
            pass  # some of them are tensors
    rank = conversion.convert_to_tensor(values[0], name=name).shape.ndims
    if rank is not None and not -rank - 1 <= axis < rank + 1:
        raise ValueError(f"axis = {axis} not in [{-rank - 1}, {rank + 1})")
    return building.make("Pack", values, axis=axis, name=name)


def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """`stack` along the first axis, for tensors whose shape is known."""
    with graphs.name_scope(name):
        first = conversion.convert_to_tensor(values[0])
        output = shapes.TensorShape([len(values)]).concatenate(first.shape)
        return building.make("ParallelConcat", [building.make("ExpandDims", v, 0) for v in values], shape=output)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """The entries along an axis, as a list of tensors without it.

    Raises:
      ValueError: how many there are is neither known nor given.
    """
    if num is None:
        value = conversion.convert_to_tensor(value)
        sizes = value.shape.sizes
        if sizes is not None:
            if not -len(sizes) <= axis < len(sizes):
                raise ValueError(f"axis = {axis} not in [{-len(sizes)}, {len(sizes)})")
            num = sizes[axis]
    if num is None:
        shape = value.shape
        raise ValueError(f"Cannot infer num from shape {shape}")
    return building.make("Unpack", value, num=num, axis=axis, name=name)


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str = "split"
) -> list[Tensor]:
    """A tensor cut along an axis into so many equal parts, or into parts of the sizes in a vector.

    Raises:
      ValueError: it cannot be cut so.
    """
    sizes = conversion.convert_to_tensor(num_or_size_splits)
    if isinstance(num_or_size_splits, int | np.integer | shapes.Dimension):
        return building.make("Split", axis, value, num_split=int(num_or_size_splits), name=name)
    if sizes._shape.ndims == 0:
        raise ValueError(
            f"Rank-0 tensors are not supported as the num_or_size_splits argument to split. Argument provided: {num_or_size_splits}"
        )
    if num is None:
        count = sizes.shape.sizes
        if count is None or count[0] is None:
            raise ValueError(f"Cannot infer num from shape {num_or_size_splits}")
        num = count[0]
    return building.make("SplitV", value, sizes, axis, num_split=num, name=name)


# Lists that hold tensors.


def _is_tensor(value: Any) -> bool:
    if isinstance(value, Tensor):
        return True
    if isinstance(value, _PLAIN) or not isinstance(getattr(value, "dtype", None), dtypes.DType):
        return False
    return conversion.is_dense_tensor_like(value)


def _type_among(values: Any) -> Any:
    for value in values:
        if isinstance(value, list | tuple):
            found = _type_among(value)
            if found is not None:
                return found
        elif _is_tensor(value):
            return value.dtype.base_dtype
    return None


def _cast(values: Any, kind: dtypes.DType) -> Any:
    if isinstance(values, list | tuple):
        return [_cast(v, kind) for v in values]
    return (
        building.make("Cast", values, DstT=kind) if _is_tensor(values) and values.dtype.base_dtype != kind else values
    )


def _pack(values: Any, kind: dtypes.DType, name: str) -> Any:
    must = False
    found: list[Any] = []
    with graphs.name_scope(name) as scope:
        for place, value in enumerate(values):
            if isinstance(value, list | tuple):
                value = _pack(value, kind, str(place))
            if _is_tensor(value):
                if value.dtype.base_dtype != kind:
                    raise TypeError(
                        f"Cannot convert a list containing a tensor of dtype {value.dtype} to {kind} (Tensor is: {value!r})"
                    )
                must = True
            found.append(value)
        if not must:
            return found
        tensors = [v if _is_tensor(v) else conversion.constant(v, kind, name=str(i)) for i, v in enumerate(found)]
        return building.make("Pack", tensors, name=scope)


def _convert_list(value: Any, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Any:
    if as_ref:
        return NotImplemented
    kind = _type_among(value)
    if kind is None:
        return NotImplemented
    if dtype is None:
        dtype = kind
    elif dtype != kind:
        value = _cast(value, dtype.base_dtype)
    return _pack(value, dtype.base_dtype, name or "packed")


conversion.register_tensor_conversion_function((list, tuple), _convert_list, 99)
