"""`tf.complex`, `tf.real`, `tf.imag`, `tf.conj`, `tf.angle`."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import constant_op

_PARTS = {"float32": "complex64", "float64": "complex128"}


def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """Complex numbers of two real tensors: complex64 of float32, complex128 of float64.

    Raises:
      TypeError: the parts are neither, or of different types.
    """
    real = conversion.convert_to_tensor(real, name="real")
    imag = conversion.convert_to_tensor(imag, name="imag")
    with graphs.name_scope(name, "Complex", [real, imag]) as scope:
        kinds = (real.dtype.base_dtype.name, imag.dtype.base_dtype.name)
        if kinds[0] not in _PARTS or kinds[0] != kinds[1]:
            raise TypeError(f"real and imag have incorrect types: {kinds[0]} {kinds[1]}")
        return building.make("Complex", real, imag, Tout=_PARTS[kinds[0]], name=scope)


def real(input: Any, name: str | None = None) -> Tensor:
    """The real parts; a real tensor as it is."""
    with graphs.name_scope(name, "Real", [input]) as scope:
        input = conversion.convert_to_tensor(input, name="input")
        return (
            building.make("Real", input, Tout=input.dtype.real_dtype, name=scope) if input.dtype.is_complex else input
        )


def imag(input: Any, name: str | None = None) -> Tensor:
    """The imaginary parts; zeros for a real tensor."""
    with graphs.name_scope(name, "Imag", [input]) as scope:
        input = conversion.convert_to_tensor(input, name="input")
        if input.dtype.is_complex:
            return building.make("Imag", input, Tout=input.dtype.real_dtype, name=scope)
        return constant_op.zeros_like(input)


def angle(input: Any, name: str | None = None) -> Tensor:
    """The angles of complex numbers; zeros for a real tensor."""
    with graphs.name_scope(name, "Angle", [input]) as scope:
        input = conversion.convert_to_tensor(input, name="input")
        if input.dtype.is_complex:
            return building.make("Angle", input, Tout=input.dtype.real_dtype, name=scope)
        return constant_op.zeros_like(input)


def conj(x: Any, name: str | None = None) -> Tensor:
    """The complex conjugates; a real tensor as it is.

    Raises:
      TypeError: no numbers.
    """
    if isinstance(x, Tensor) and (x.dtype.is_floating or x.dtype.is_integer):
        return x
    with graphs.name_scope(name, "Conj", [x]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return building.make("Conj", x, name=scope)
        if x.dtype.is_floating or x.dtype.is_integer:
            return x
        raise TypeError(f"Expected numeric or variant tensor, got dtype {x.dtype!r}")
