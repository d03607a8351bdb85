"""TensorFlow's element types: names, numbers, limits, and the NumPy types that hold them."""

from typing import Any, cast

import ml_dtypes
import numpy as np

_REF = 100  # what the number of a reference type has more than its base

# name, number in TensorFlow's files, NumPy type. Strings are arrays of bytes objects.
_TYPES = [
    ("float32", 1, np.float32),
    ("float64", 2, np.float64),
    ("int32", 3, np.int32),
    ("uint8", 4, np.uint8),
    ("int16", 5, np.int16),
    ("int8", 6, np.int8),
    ("string", 7, np.object_),
    ("complex64", 8, np.complex64),
    ("int64", 9, np.int64),
    ("bool", 10, np.bool_),
    ("qint8", 11, np.int8),
    ("quint8", 12, np.uint8),
    ("qint32", 13, np.int32),
    ("bfloat16", 14, ml_dtypes.bfloat16),
    ("qint16", 15, np.int16),
    ("quint16", 16, np.uint16),
    ("uint16", 17, np.uint16),
    ("complex128", 18, np.complex128),
    ("float16", 19, np.float16),
    ("resource", 20, np.object_),
    ("variant", 21, np.object_),
    ("uint32", 22, np.uint32),
    ("uint64", 23, np.uint64),
]
_ALIASES = {"half": "float16", "float": "float32", "double": "float64"}


class DType:
    """The type of a tensor's elements. `float32_ref` is the type of a variable's own output, `float32` its base."""

    def __init__(self, name: str, number: int, numpy_type: Any) -> None:
        self._name, self._number, self._numpy = name, number, numpy_type

    name = property(lambda self: self._name)
    as_datatype_enum = property(lambda self: self._number)
    as_numpy_dtype = property(lambda self: self._numpy)
    real_dtype = property(lambda self: {"complex64": float32, "complex128": float64}.get(self.base_dtype.name, self))
    base_dtype = property(lambda self: _BY_NUMBER[self._number % _REF])
    _is_ref_dtype = property(lambda self: self._number > _REF)
    is_numpy_compatible = property(lambda self: self.base_dtype.name not in ("resource", "variant"))
    is_bool = property(lambda self: self.base_dtype.name == "bool")
    is_quantized = property(lambda self: self.base_dtype.name in ("qint8", "quint8", "qint32", "qint16", "quint16"))
    is_complex = property(lambda self: self.base_dtype.name in ("complex64", "complex128"))
    is_floating = property(lambda self: self.base_dtype.name in ("float16", "bfloat16", "float32", "float64"))
    is_unsigned = property(lambda self: self.base_dtype.name in ("uint8", "uint16", "uint32", "uint64"))

    @property
    def is_integer(self) -> bool:
        return not self.is_quantized and self.base_dtype.name.lstrip("u").startswith("int")

    @property
    def _as_ref(self) -> "DType":
        return self if self._is_ref_dtype else _BY_NUMBER[self._number + _REF]

    @property
    def size(self) -> int:
        return 1 if self._numpy is np.object_ else np.dtype(self._numpy).itemsize

    @property
    def min(self) -> Any:
        return self._limit("min")

    @property
    def max(self) -> Any:
        return self._limit("max")

    @property
    def limits(self) -> tuple[Any, Any]:
        """(lowest, highest) of what images of this type hold: 0 to 1 for floats."""
        return 0, 1 if self.is_floating else self.max

    def _limit(self, which: str) -> Any:
        if self.is_floating:
            return getattr(ml_dtypes.finfo(self._numpy), which)
        if self.is_bool:
            return which == "max"
        if self._numpy is np.object_ or self.is_complex or (self.is_quantized and self.size == 4):
            raise TypeError(f"DType.{which}: {self.name} has no {which}imum.")
        return getattr(np.iinfo(self._numpy), which)

    def is_compatible_with(self, other: Any) -> bool:
        return self._number in ((other := as_dtype(other))._number, other.base_dtype._number)

    def __eq__(self, other: Any) -> bool:
        if other is None:
            return False
        try:
            return self._number == as_dtype(other)._number
        except TypeError:
            return False

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return self._number

    def __int__(self) -> int:
        return self._number

    def __reduce__(self) -> Any:
        return as_dtype, (self._name,)

    def __str__(self) -> str:
        return f"<dtype: {self._name!r}>"

    def __repr__(self) -> str:
        return f"tf.{self._name}"


_BY_NUMBER: dict[int, DType] = {}
_BY_NAME: dict[str, DType] = {}
for _name, _number, _numpy in _TYPES:
    for _made in (DType(_name, _number, _numpy), DType(_name + "_ref", _number + _REF, _numpy)):
        _BY_NUMBER[_made._number] = _BY_NAME[_made._name] = _made
for _name, _other in _ALIASES.items():
    _BY_NAME[_name], _BY_NAME[_name + "_ref"] = _BY_NAME[_other], _BY_NAME[_other + "_ref"]

float16, bfloat16, float32, float64 = (_BY_NAME[n] for n in ("float16", "bfloat16", "float32", "float64"))
int8, int16, int32, int64 = (_BY_NAME[n] for n in ("int8", "int16", "int32", "int64"))
uint8, uint16, uint32, uint64 = (_BY_NAME[n] for n in ("uint8", "uint16", "uint32", "uint64"))
complex64, complex128, string, resource, variant = (
    _BY_NAME[n] for n in ("complex64", "complex128", "string", "resource", "variant")
)
bool_ = _BY_NAME["bool"]
globals().update({n: t for n, t in _BY_NAME.items() if n.endswith("_ref")})
qint8, quint8, qint16, quint16, qint32 = (_BY_NAME[n] for n in ("qint8", "quint8", "qint16", "quint16", "qint32"))
QUANTIZED_DTYPES = frozenset(
    _BY_NAME[n + end] for n in ("qint8", "quint8", "qint16", "quint16", "qint32") for end in ("", "_ref")
)
_BY_NUMPY = {np.dtype(t): _BY_NAME[n] for n, _, t in reversed(_TYPES) if t is not np.object_ and not n.startswith("q")}


def as_dtype(value: Any) -> DType:
    """The DType of a DType, a name such as 'float32', TensorFlow's number, or a NumPy or Python type.

    Raises:
      TypeError: it is none of these.
    """
    if isinstance(value, DType):
        return value
    if isinstance(value, str | int) and not isinstance(value, bool):
        found = _BY_NAME.get(value) if isinstance(value, str) else _BY_NUMBER.get(value)
        if found is not None:
            return found
    if value is float:
        return float32
    if value is int:  # as in TF: its NumPy type depends on the machine
        raise TypeError(f"Cannot convert value {value!r} to a TensorFlow DType.")
    if value in (str, bytes, object):
        return string
    try:
        kind = np.dtype(cast(Any, value))
    except (TypeError, ValueError):
        kind = None
    if kind is not None:
        if kind.kind in "SUO":
            return string
        if kind in _BY_NUMPY:
            return _BY_NUMPY[kind]
    raise TypeError(f"Cannot convert value {value!r} to a TensorFlow DType.")
