"""Reads the arrays in a pickle without running anything that it says."""

import io
import pickle
import pickletools
from typing import Any

import numpy as np

# What a pickle of an array names, in the versions of NumPy and of pickle that there have been.
_RECONSTRUCT = {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")}
_FROM_BUFFER = {("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer")}
_SCALAR = {("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar")}

_DTYPES = {"u1": np.uint8, "i1": np.int8, "i2": np.int16, "i4": np.int32, "i8": np.int64}


def load(data: bytes) -> Any:
    """What a pickle holds, where that is lists, dicts, text, numbers and arrays of whole numbers; text as bytes of
    Python 2 stays bytes.

    Raises:
      pickle.UnpicklingError: it holds something else, which is not run.
    """
    for code, argument, _ in pickletools.genops(data):
        if "PUT" in code.name and isinstance(argument, int) and argument > len(data):
            raise pickle.UnpicklingError("it is no pickle that Python writes")  # and would take much memory
    return _plain(_Reader(io.BytesIO(data), encoding="bytes").load())


class _Reader(pickle.Unpickler):
    """Knows stand-ins for what arrays are made of, and nothing else."""

    def find_class(self, module: str, name: str, /) -> Any:
        found = (module, name)
        if found in _RECONSTRUCT:
            return lambda *_: _Array()
        if found in _FROM_BUFFER:
            return _from_buffer
        if found in _SCALAR:
            return lambda dtype, content=b"": _Array().filled((), dtype, content)
        if found == ("numpy", "ndarray"):
            return _Array
        if found == ("numpy", "dtype"):
            return _Dtype
        if found == ("_codecs", "encode"):  # how Python 3 writes bytes for Python 2
            return _latin1
        if found in (("__builtin__", "bytes"), ("builtins", "bytes")):  # and empty ones
            return lambda: b""
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is not run")

    def persistent_load(self, pid: Any, /) -> Any:
        raise pickle.UnpicklingError("it refers to something outside of it")


class _Dtype:
    def __init__(self, code: Any = b"", *_: Any):
        self.code = code.decode("latin1") if isinstance(code, bytes) else str(code)

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]


class _Array:
    """An array of which only the bytes are known."""

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, by_columns, content = state
        self.filled(shape, dtype, content, bool(by_columns))

    def filled(self, shape: Any, dtype: Any, content: Any, by_columns: bool = False) -> "_Array":
        self.shape, self.dtype, self.content, self.by_columns = shape, dtype, content, by_columns
        return self

    def value(self) -> np.ndarray:
        if not isinstance(self.dtype, _Dtype) or self.dtype.code not in _DTYPES or not isinstance(self.content, bytes):
            raise pickle.UnpicklingError("it holds an array that is not of whole numbers")
        dtype = np.dtype(_DTYPES[self.dtype.code])
        if getattr(self.dtype, "order", b"") in (b">", ">"):
            dtype = dtype.newbyteorder(">")
        array = np.frombuffer(self.content, dtype)
        return array.reshape(tuple(self.shape), order="F" if self.by_columns else "C")


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any = "C", *_: Any) -> _Array:
    return _Array().filled(shape, dtype, bytes(content), order in ("F", b"F"))


def _latin1(text: Any, *_: Any) -> bytes:
    return text.encode("latin1") if isinstance(text, str) else bytes(text)


def _plain(value: Any) -> Any:
    """With arrays in the place of stand-ins."""
    if isinstance(value, _Array):
        return value.value()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
