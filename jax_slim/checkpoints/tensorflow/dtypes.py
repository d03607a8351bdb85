"""TensorFlow's dtypes by their numbers (types.proto), and the NumPy dtypes that stand for them."""

from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from jax_slim.checkpoints.tensorflow.damage import Damage


class TensorType(NamedTuple):
    """A dtype of TensorFlow.

    `dtype` is object where the values are no numbers: bytes for "string"; nothing that NumPy has for "resource".
    """

    number: int
    name: str
    dtype: np.dtype

    @property
    def is_string(self) -> bool:
        return self.name == "string"

    @property
    def is_readable(self) -> bool:
        """Whether NumPy has values for it."""
        return self.is_string or not self.dtype.hasobject


_NAMES: dict[int, tuple[str, Any]] = {
    1: ("float32", np.float32),
    2: ("float64", np.float64),
    3: ("int32", np.int32),
    4: ("uint8", np.uint8),
    5: ("int16", np.int16),
    6: ("int8", np.int8),
    7: ("string", object),
    8: ("complex64", np.complex64),
    9: ("int64", np.int64),
    10: ("bool", np.bool_),
    # A quantized tensor is the integers; their scale is kept beside it by whoever quantized.
    11: ("qint8", np.int8),
    12: ("quint8", np.uint8),
    13: ("qint32", np.int32),
    14: ("bfloat16", ml_dtypes.bfloat16),
    15: ("qint16", np.int16),
    16: ("quint16", np.uint16),
    17: ("uint16", np.uint16),
    18: ("complex128", np.complex128),
    19: ("float16", np.float16),
    20: ("resource", object),
    21: ("variant", object),
    22: ("uint32", np.uint32),
    23: ("uint64", np.uint64),
    24: ("float8_e5m2", ml_dtypes.float8_e5m2),
    25: ("float8_e4m3fn", ml_dtypes.float8_e4m3fn),
    26: ("float8_e4m3fnuz", ml_dtypes.float8_e4m3fnuz),
    27: ("float8_e4m3b11fnuz", ml_dtypes.float8_e4m3b11fnuz),
    28: ("float8_e5m2fnuz", ml_dtypes.float8_e5m2fnuz),
    # One value a byte, in NumPy and in TensorFlow alike.
    29: ("int4", ml_dtypes.int4),
    30: ("uint4", ml_dtypes.uint4),
    31: ("int2", ml_dtypes.int2),
    32: ("uint2", ml_dtypes.uint2),
    33: ("float4_e2m1fn", ml_dtypes.float4_e2m1fn),
}
_TYPES = {number: TensorType(number, name, np.dtype(dtype)) for number, (name, dtype) in _NAMES.items()}
_OF_DTYPE = {
    tensor_type.dtype: tensor_type
    for tensor_type in _TYPES.values()
    if tensor_type.is_readable and not tensor_type.name.startswith(("q", "string"))
}
STRING = _TYPES[7]


def type_of_number(number: int) -> TensorType:
    """The dtype that a file means by `number`; one that is not known here cannot be read."""
    if number in _TYPES:
        return _TYPES[number]
    if number <= 0:
        raise Damage(f"{number} is no dtype")
    return TensorType(number, f"dtype {number}", np.dtype(object))


def type_of_dtype(dtype: np.dtype) -> TensorType | None:
    """The dtype that TensorFlow has for arrays of `dtype`, in either byte order, or None."""
    if dtype.kind in "OSU":
        return STRING
    return _OF_DTYPE.get(dtype.newbyteorder("="))
