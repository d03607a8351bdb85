"""Python values as arrays, by TensorFlow's rules, and the `Const` node."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import dtypes, shapes


def to_array(
    values: Any, dtype: Any = None, shape: Any = None, *, verify_shape: bool = False, allow_broadcast: bool = True
) -> np.ndarray:
    """A number, text, nested list or array as an array of `dtype`.

    Without a dtype Python's integers become int32 (int64 where they do not fit), floats float32; arrays keep theirs.
    NumPy's arrays are cast to the dtype without a word, Python's values only where nothing is lost (1.5 is no int32).
    With a shape that has more elements than there are values the last value is repeated.

    Raises:
      TypeError: a value of another kind than the dtype.
      ValueError: None, a ragged list, or more values than the shape has elements.
    """
    kind = None if dtype is None else dtypes.as_dtype(dtype).base_dtype
    if values is None:
        raise ValueError("None values not supported.")
    if isinstance(values, shapes.TensorShape | shapes.Dimension):
        values = values.as_list() if isinstance(values, shapes.TensorShape) else values.value
    if (
        isinstance(values, np.ndarray | np.generic)
        or hasattr(values, "__jax_array__")
        or type(values).__module__.startswith("jax")
    ):
        array = _of_array(np.asarray(values), kind)
    else:
        array = _of_python(values, kind)
    if shape is None:
        return array
    wanted: Any = shapes.as_shape(shape).as_list()
    sizes = tuple(int(d) for d in wanted)
    if array.shape == sizes:
        return array
    if verify_shape:
        raise TypeError(f"Expected Tensor's shape: {sizes}, got {array.shape}.")
    total = int(np.prod(sizes))
    if array.size > max(total, 1):
        raise ValueError(f"Too many elements provided. Needed at most {total}, but received {array.size}")
    if array.size == total or not allow_broadcast:
        return array.reshape(sizes)
    flat = np.empty(total, array.dtype)
    flat[: array.size] = array.reshape(-1)
    flat[array.size :] = array.reshape(-1)[-1] if array.size else 0
    return flat.reshape(sizes)


def _of_array(array: np.ndarray, kind: Any) -> np.ndarray:
    if array.dtype.kind in "SU" or (array.dtype == object and (kind is None or kind.name == "string")):
        return _texts(array)
    if kind is None or array.dtype == kind.as_numpy_dtype:
        return array
    if kind.name == "string":
        raise TypeError(f"Expected string, got {array!r} of type 'ndarray' instead.")
    with np.errstate(all="ignore"):
        return array.astype(kind.as_numpy_dtype)


def _texts(array: Any) -> np.ndarray:
    result = np.empty(array.shape, object)
    for index, value in np.ndenumerate(array):
        if isinstance(value, str):
            value = value.encode()
        if not isinstance(value, bytes | bytearray):
            raise TypeError(f"Expected binary or unicode string, got {value!r}")
        result[index] = bytes(value)
    return result


def _leaves(values: Any) -> Any:
    if isinstance(values, list | tuple):
        for value in values:
            yield from _leaves(value)
    else:
        yield values


def _of_python(values: Any, kind: Any) -> np.ndarray:
    if isinstance(values, range):
        values = list(values)
    for leaf in _leaves(values):
        _check(leaf, kind)
    if any(isinstance(leaf, str | bytes) for leaf in _leaves(values)):
        return _texts(_nested(values))
    try:
        array = np.array(_plain(values))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"Argument must be a dense tensor: {values!r} - {error}") from None
    if array.dtype == object:
        raise TypeError(
            f"Failed to convert object of type {type(values)} to Tensor. Contents: {values!r}. Consider casting elements to a supported type."
        )
    if kind is not None:
        with np.errstate(all="ignore"):
            return array.astype(kind.as_numpy_dtype)
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.int64:
        small = array.astype(np.int32)
        return small if (small == array).all() else array
    return array.astype(np.complex128) if array.dtype.kind == "c" else array


def _plain(values: Any) -> Any:
    if isinstance(values, list | tuple):
        return [_plain(v) for v in values]
    return values.value if isinstance(values, shapes.Dimension) else values


def _nested(values: Any) -> np.ndarray:
    if isinstance(values, list | tuple):
        parts = [_nested(v) for v in values]
        if len({p.shape for p in parts}) > 1:
            raise ValueError(f"Argument must be a dense tensor: {values!r} is ragged.")
        return np.stack(parts) if parts else np.empty((0,), object)
    result = np.empty((), object)
    result[()] = values
    return result


def _check(leaf: Any, kind: Any) -> None:
    if isinstance(leaf, np.ndarray):
        return
    if isinstance(leaf, shapes.Dimension):
        leaf = leaf.value
    number = isinstance(leaf, bool | int | float | complex | np.generic)
    text = isinstance(leaf, str | bytes)
    if kind is None:
        if number or text or hasattr(leaf, "__array__"):
            return
        raise TypeError(
            f"Failed to convert object of type {type(leaf)} to Tensor. Contents: {leaf!r}. Consider casting elements to a supported type."
        )
    if kind.name == "string":
        good = text
    elif kind.is_bool:
        good = isinstance(leaf, bool | np.bool_)
    elif kind.is_integer or kind.is_quantized:
        good = isinstance(leaf, bool | int | np.integer)
    elif kind.is_floating:
        good = isinstance(leaf, bool | int | float | np.integer | np.floating)
    else:
        good = number
    if not good:
        raise TypeError(f"Expected {kind.name}, got {leaf!r} of type '{type(leaf).__name__}' instead.")
