"""How the features of a tf.train.Example are to be read: their kind, dtype and shape."""

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

# The three kinds of lists that an Example can hold, and what they are read as.
KINDS = ("string", "float32", "int64")


class SparseTensorValue(NamedTuple):
    """Values at given places, in arrays: what TensorFlow's sessions return for a sparse tensor.

    Attributes:
      indices: the places, int64 [n, rank], in row-major order.
      values: [n]; strings as an object array of bytes.
      dense_shape: int64 [rank].
    """

    indices: np.ndarray
    values: np.ndarray
    dense_shape: np.ndarray


class FixedLenFeature(NamedTuple):
    """A feature that has the same number of values in every example.

        FixedLenFeature((), "string", default_value="")      # one string, '' where it is missing
        FixedLenFeature([2, 3], np.float32)                  # six numbers, required

    Attributes:
      shape: what the values are arranged in; () is a scalar.
      dtype: "string" (also bytes and str), int64 or float32.
      default_value: what a missing feature counts as: one value for all, or an array of `shape`. None: it is required.
    """

    shape: Sequence[int]
    dtype: Any
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature of any number of values, none where it is missing; read as a `SparseTensorValue` of rank 1.

    Attributes:
      dtype: "string" (also bytes and str), int64 or float32.
    """

    dtype: Any


class FixedLenSequenceFeature(NamedTuple):
    """A feature of any number of elements that each have the given shape; read as an array [n, *shape].

    Attributes:
      shape: of each element.
      dtype: "string" (also bytes and str), int64 or float32.
      allow_missing: whether a missing feature counts as no elements.
      default_value: what shorter sequences of a batch are filled up with; by default 0 or ''.
    """

    shape: Sequence[int]
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


Feature = FixedLenFeature | VarLenFeature | FixedLenSequenceFeature


def kind_of(function: str, key: str, dtype: Any) -> str:
    """The one of `KINDS` that `dtype` means.

    Raises:
      ValueError: it means none of them. An Example holds nothing else.
    """
    if isinstance(dtype, str) and dtype in KINDS:
        return dtype
    if dtype in (str, bytes, object):
        return "string"
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind is not None and kind.kind in "SUO":
        return "string"
    if kind in (np.dtype(np.float32), np.dtype(np.int64)):
        return str(kind)
    raise ValueError(
        f"{function}: the dtype of feature {key!r} must be 'string', int64 or float32, got {dtype!r}. "
        "An Example holds no other; cast what was read."
    )


def shape_of(function: str, key: str, shape: Any) -> tuple[int, ...]:
    """`shape` as a tuple of ints.

    Raises:
      ValueError: it has negative or unknown dimensions, or is no shape.
    """
    try:
        dims = tuple(operator.index(dim) for dim in ((shape,) if isinstance(shape, int) else shape))
    except TypeError:
        dims = (-1,)
    if any(dim < 0 for dim in dims):
        raise ValueError(f"{function}: the shape of feature {key!r} must be known ints, got {shape!r}.")
    return dims


def default_of(function: str, key: str, kind: str, shape: tuple[int, ...], default: Any) -> np.ndarray | None:
    """A default value as a flat array of as many elements as `shape` has, or None.

    Raises:
      ValueError: it has another number of elements, or is of another kind.
    """
    if default is None:
        return None
    size = int(np.prod(shape, dtype=np.int64))
    if kind == "string":
        flat = strings([default] if isinstance(default, str | bytes) else list(np.asarray(default, object).flat))
    else:
        flat = np.asarray(default)
        if flat.dtype.kind not in "biuf" or (kind == "int64" and flat.dtype.kind == "f"):
            raise ValueError(f"{function}: the default of feature {key!r} must be of dtype {kind}, got {default!r}.")
        flat = flat.astype(kind).reshape(-1)
    if flat.size == 1 and size != 1:
        flat = np.repeat(flat, size)
    if flat.size != size:
        raise ValueError(
            f"{function}: the default of feature {key!r} must have the {size} values of shape {list(shape)}, "
            f"got {flat.size}."
        )
    return flat


def strings(values: Sequence[Any]) -> np.ndarray:
    """Text and bytes as a flat object array of bytes: NumPy's own strings lose zero bytes at their end."""
    flat = np.empty(len(values), object)
    flat[:] = [value.encode() if isinstance(value, str) else value for value in values]
    return flat
