"""TensorProto to arrays and back, with TensorFlow's rules for shortened lists (`shared` values repeat the last one)."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import dtypes, shapes

# The list of a TensorProto that holds elements of a type when they are not in `tensor_content`.
_LISTS = {
    "float32": "float_val", "float64": "double_val", "int32": "int_val", "uint8": "int_val", "int16": "int_val",
    "int8": "int_val", "string": "string_val", "complex64": "scomplex_val", "int64": "int64_val", "bool": "bool_val",
    "qint8": "int_val", "quint8": "int_val", "qint32": "int_val", "bfloat16": "half_val", "qint16": "int_val",
    "quint16": "int_val", "uint16": "int_val", "complex128": "dcomplex_val", "float16": "half_val",
    "uint32": "uint32_val", "uint64": "uint64_val",
}  # fmt: skip
_MOST_REPEATED = 1 << 28  # elements that a shortened list may stand for: a broken file asks for any number
_BY_LIST = ("float16", "bfloat16", "bool", "string", "complex64", "complex128")


def make_ndarray(proto: Any) -> np.ndarray:
    """The array of a TensorProto. Fewer values than elements: the last stands for the rest; none: zeros.

    Raises:
      ValueError: `tensor_content` has another length than the shape asks for, or the shape is not known.
      TypeError: the type has no arrays.
    """
    kind = dtypes.as_dtype(proto.dtype)
    shape = tuple(d.size for d in proto.tensor_shape.dim)
    if proto.tensor_shape.unknown_rank or any(d < 0 for d in shape):
        raise ValueError(f"A TensorProto must have a known shape, got {shapes.TensorShape(proto.tensor_shape)}.")
    total = 1
    for size in shape:
        total *= size
    if proto.tensor_content:
        found = np.frombuffer(proto.tensor_content, dtype=np.dtype(kind.as_numpy_dtype).newbyteorder("<"))
        if found.size != total:
            raise ValueError(f"A TensorProto of shape {shape} must hold {total} elements, got {found.size}.")
        return found.astype(kind.as_numpy_dtype).reshape(shape)
    if kind.name not in _LISTS:
        raise TypeError(f"A TensorProto of type {kind.name} cannot be made an array.")
    values: Any = list(getattr(proto, _LISTS[kind.name]))
    if _LISTS[kind.name] == "half_val":
        values = np.array(values, np.uint16).view(kind.as_numpy_dtype)
    elif kind.is_complex:
        values = [complex(re, im) for re, im in zip(values[::2], values[1::2], strict=False)]
    if total > _MOST_REPEATED and total > len(values):
        raise ValueError(f"A TensorProto of shape {shape} is larger than what is read from a shortened list.")
    result = np.empty(total, kind.as_numpy_dtype) if kind.name == "string" else np.zeros(total, kind.as_numpy_dtype)
    if kind.name == "string":
        result[:] = b""
    if len(values):
        filled = min(len(values), total)
        result[:filled] = values[:filled]
        result[filled:] = values[-1]
    return result.reshape(shape)


def make_tensor_proto(values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False) -> Any:
    """A TensorProto of an array, number, text or nested list; numbers in lists where TF writes lists."""
    from tensorboard.compat.proto import tensor_pb2

    from jax_slim.tf1.graph import constants

    listed = not isinstance(values, np.ndarray | np.generic)
    array = constants.to_array(values, dtype, shape, verify_shape=verify_shape)
    kind = dtypes.as_dtype(dtype).base_dtype if dtype is not None else dtypes.as_dtype(array.dtype)
    proto = tensor_pb2.TensorProto(dtype=int(kind), tensor_shape=shapes.TensorShape(array.shape).as_proto())  # pyright: ignore[reportAttributeAccessIssue] - made on import
    given = constants.to_array(values, dtype) if shape is not None else array
    shortened = given.size < array.size  # the last value stands for what is left out
    array = given if shortened else array
    by_list = shortened or kind.name == "string" or (listed and kind.name in _BY_LIST) or array.size == 1
    if not by_list:
        proto.tensor_content = np.ascontiguousarray(array).tobytes()
        return proto
    flat: Any = array.reshape(-1)
    if kind.name == "string":
        flat = [v.encode() if isinstance(v, str) else bytes(v) for v in flat]
    elif _LISTS[kind.name] == "half_val":
        flat = flat.view(np.uint16).tolist()
    elif kind.is_complex:
        flat = [part for v in flat.tolist() for part in (v.real, v.imag)]
    else:
        flat = flat.tolist()
    getattr(proto, _LISTS[kind.name]).extend(flat)
    return proto
