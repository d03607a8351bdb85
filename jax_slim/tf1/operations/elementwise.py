"""Functions of one argument, elementwise: powers, logarithms, trigonometry, rounding, special functions, complex parts."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
import numpy as np

from jax_slim.tf1.graph import building, rows, shape_inference
from jax_slim.tf1.operations import arrays

_same = shape_inference.like_input()


def _row(type: str, name: str, **facts: Any) -> None:
    """A type that NumPy and jax.numpy have a function for."""
    on_numpy, on_jax = getattr(np, name), getattr(jnp, name)

    def compute(x: Any) -> Any:
        return on_jax(x) if isinstance(x, jax.Array) else on_numpy(x)

    rows.row(type, shape=_same, **facts)(compute)


for _type, _name in {
    "Neg": "negative", "Square": "square", "Sqrt": "sqrt", "Exp": "exp", "Expm1": "expm1", "Log": "log", "Log1p": "log1p", "Sin": "sin",
    "Cos": "cos", "Tan": "tan", "Asin": "arcsin", "Acos": "arccos", "Atan": "arctan", "Sinh": "sinh", "Cosh": "cosh", "Tanh": "tanh",
    "Asinh": "arcsinh", "Atanh": "arctanh", "Conj": "conjugate",
}.items():  # fmt: skip
    _row(_type, _name)


@rows.row("Acosh", shape=_same)
def acosh(x: Any) -> Any:
    """Below 1 the derivative is no number either, where that of jax.numpy is one."""
    if not isinstance(x, jax.Array):
        return np.arccosh(x)
    if jnp.iscomplexobj(x):
        return jnp.arccosh(x)
    return jnp.arccosh(jnp.where(x < 1, jnp.nan, 0).astype(x.dtype) + x)


for _type, _name in {
    "Floor": "floor", "Ceil": "ceil", "Rint": "rint", "IsNan": "isnan", "IsInf": "isinf", "IsFinite": "isfinite", "LogicalNot": "logical_not",
    "Invert": "invert",
}.items():  # fmt: skip
    _row(_type, _name, gradient=rows.NONE)


def _special(type: str, function: Callable[[Any], Any]) -> None:
    """A type that only JAX has a function for; half precision goes through float32."""

    def compute(x: Any) -> Any:
        return function(x.astype(jnp.float32)).astype(x.dtype) if x.dtype.itemsize == 2 else function(x)

    rows.row(type, shape=_same, numpy=False)(compute)


# At the poles TF's digamma is infinite, that of JAX no number.


@jax.custom_jvp
def _digamma(x: Any) -> Any:
    return jnp.where((x <= 0) & (jnp.floor(x) == x), jnp.inf, jax.scipy.special.digamma(x)).astype(x.dtype)


@_digamma.defjvp
def _digamma_jvp(values: Any, tangents: Any) -> Any:
    (x,), (dx,) = values, tangents
    return _digamma(x), dx * jax.scipy.special.polygamma(1, x)


@jax.custom_jvp
def _lgamma(x: Any) -> Any:
    return jax.scipy.special.gammaln(x)


@_lgamma.defjvp
def _lgamma_jvp(values: Any, tangents: Any) -> Any:
    return _lgamma(values[0]), tangents[0] * _digamma(values[0])


for _type, _function in {
    "Erf": jax.scipy.special.erf, "Erfc": jax.scipy.special.erfc, "Erfinv": jax.scipy.special.erfinv, "Ndtri": jax.scipy.special.ndtri,
    "Lgamma": _lgamma, "Digamma": _digamma, "BesselI0e": jax.scipy.special.i0e,
    "BesselI1e": jax.scipy.special.i1e,
}.items():  # fmt: skip
    _special(_type, _function)


# TF's gradient of |x| is 0 at 0, that of JAX 1.


@jax.custom_jvp
def _absolute(x: Any) -> Any:
    return jnp.abs(x)


@_absolute.defjvp
def _absolute_jvp(values: Any, tangents: Any) -> Any:
    return _absolute(values[0]), tangents[0] * sign(values[0])


@rows.row("Abs", shape=_same)
def absolute(x: Any) -> Any:
    return _absolute(x) if isinstance(x, jax.Array) else np.abs(x)


@rows.row("Round", shape=_same, gradient=rows.NONE)
def round_to_even(x: Any) -> Any:
    return x if np.issubdtype(x.dtype, np.integer) else arrays.xp(x).rint(x)


@rows.row("Sign", shape=_same, gradient=lambda op, grad: building.make("ZerosLike", op._inputs[0]))
def sign(x: Any) -> Any:
    xp = arrays.xp(x)
    if np.issubdtype(x.dtype, np.complexfloating):
        size = xp.abs(x)
        return xp.where(size == 0, x, x / xp.where(size == 0, size + 1, size))
    # NaN is neither.
    return (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)


@rows.row("Rsqrt", shape=_same)
def rsqrt(x: Any) -> Any:
    return jax.lax.rsqrt(x) if isinstance(x, jax.Array) else (1 / np.sqrt(x)).astype(x.dtype)


@rows.row("Reciprocal", "Inv", shape=_same)
def reciprocal(x: Any) -> Any:
    return arrays.xp(x).reciprocal(x)


@rows.row("Sigmoid", shape=_same)
def sigmoid(x: Any) -> Any:
    if isinstance(x, jax.Array):
        return jax.nn.sigmoid(x)
    return (1 / (1 + np.exp(-x))).astype(x.dtype)


# The gradients of these, as TF's graphs have them for nodes of their own.


@rows.row("SigmoidGrad", shape=_same)
def sigmoid_grad(y: Any, dy: Any) -> Any:
    return dy * y * (1 - y)


@rows.row("TanhGrad", shape=_same)
def tanh_grad(y: Any, dy: Any) -> Any:
    return dy * (1 - y * y)


@rows.row("SqrtGrad", shape=_same)
def sqrt_grad(y: Any, dy: Any) -> Any:
    return dy * y.dtype.type(0.5) / y


@rows.row("RsqrtGrad", shape=_same)
def rsqrt_grad(y: Any, dy: Any) -> Any:
    return dy * y.dtype.type(-0.5) * y * y * y


@rows.row("ReciprocalGrad", "InvGrad", shape=_same)
def reciprocal_grad(y: Any, dy: Any) -> Any:
    return -dy * y * y


@rows.row("ComplexAbs", shape=_same)
def complex_abs(x: Any) -> Any:
    return arrays.xp(x).abs(x)


@rows.row("Real", shape=_same)
def real(input: Any) -> Any:
    return arrays.xp(input).real(input)


@rows.row("Imag", shape=_same)
def imag(input: Any) -> Any:
    return arrays.xp(input).imag(input)


@rows.row("Angle", shape=_same)
def angle(input: Any) -> Any:
    return arrays.xp(input).angle(input)


@rows.row("PopulationCount", shape=_same, gradient=rows.NONE)
def population_count(x: Any) -> Any:
    return arrays.xp(x).bitwise_count(x).astype(np.uint8)
