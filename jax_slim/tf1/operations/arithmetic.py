"""Arithmetic of two arguments, elementwise, with TensorFlow's rounding, its conventions at ties and at 0, and its gradients."""

import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
import numpy as np

from jax_slim.tf1.graph import errors, rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays, shape_rules
from jax_slim.tf1.operations.tensor_array_values import TensorArrayValue

_broadcast = shape_inference.of_broadcast


@rows.row("Add", shape=_broadcast)
def add(x: Any, y: Any) -> Any:
    return x + y


@rows.row("AddV2", shape=_broadcast)
def add_v2(x: Any, y: Any) -> Any:
    return x + y


@rows.row("Sub", shape=_broadcast)
def subtract(x: Any, y: Any) -> Any:
    return x - y


@rows.row("Mul", shape=_broadcast)
def multiply(x: Any, y: Any) -> Any:
    return x * y


@rows.row("SquaredDifference", shape=_broadcast)
def squared_difference(x: Any, y: Any) -> Any:
    difference = x - y
    return (
        arrays.xp(x, y).conjugate(difference) * difference if np.iscomplexobj(difference) else difference * difference
    )


def _is_whole(x: Any) -> bool:
    return np.issubdtype(x.dtype, np.integer)


def _refuse_zero(y: Any) -> None:
    arrays.require((y != 0).all(), lambda: errors.InvalidArgumentError(None, None, "Integer division by zero"))


@rows.row("RealDiv", shape=_broadcast)
def real_div(x: Any, y: Any) -> Any:
    return x / y


@rows.row("Div", shape=_broadcast)
def div(x: Any, y: Any) -> Any:
    """Without Python's rules: integers are cut off toward 0."""
    return truncate_div(x, y) if _is_whole(x) else x / y


@rows.row("FloorDiv", shape=_broadcast, gradient=rows.NONE)
def floor_div(x: Any, y: Any) -> Any:
    xp = arrays.xp(x, y)
    if not _is_whole(x):
        return xp.floor(x / y)
    _refuse_zero(y)
    return xp.floor_divide(x, y)


@rows.row("TruncateDiv", shape=_broadcast, gradient=rows.NONE)
def truncate_div(x: Any, y: Any) -> Any:
    xp = arrays.xp(x, y)
    if not _is_whole(x):
        return xp.trunc(x / y)
    _refuse_zero(y)
    return (x - xp.fmod(x, y)) // y


@rows.row("FloorMod", shape=_broadcast)
def floor_mod(x: Any, y: Any) -> Any:
    if _is_whole(x):
        _refuse_zero(y)
    return arrays.xp(x, y).mod(x, y)


def _no_gradient(op: Any, *gradients: Any) -> Any:
    raise LookupError(f"No gradient defined for operation '{op.name}' (op type: {op.type})")


@rows.row("TruncateMod", "Mod", shape=_broadcast, gradient=_no_gradient)
def truncate_mod(x: Any, y: Any) -> Any:
    if _is_whole(x):
        _refuse_zero(y)
    return arrays.xp(x, y).fmod(x, y)


def _without_zero(xp: Any, x: Any) -> Any:
    return xp.where(x == 0, xp.ones_like(x), x)


@rows.row("DivNoNan", shape=_broadcast)
def div_no_nan(x: Any, y: Any) -> Any:
    xp = arrays.xp(x, y)
    return xp.where(y == 0, xp.zeros_like(x), x / _without_zero(xp, y))


@jax.custom_jvp
def _mul_no_nan(x: Any, y: Any) -> Any:
    return jnp.where(y == 0, jnp.zeros_like(x), x * y)


@_mul_no_nan.defjvp
def _mul_no_nan_jvp(values: Any, tangents: Any) -> Any:
    (x, y), (dx, dy) = values, tangents
    return _mul_no_nan(x, y), jnp.where(y == 0, jnp.zeros_like(dx), dx * y) + x * dy


@rows.row("MulNoNan", shape=_broadcast)
def mul_no_nan(x: Any, y: Any) -> Any:
    return _mul_no_nan(x, y) if arrays.xp(x, y) is jnp else np.where(y == 0, np.zeros_like(x), x * y)


@rows.row("Xdivy", shape=_broadcast)
def xdivy(x: Any, y: Any) -> Any:
    xp = arrays.xp(x, y)
    return xp.where(x == 0, xp.zeros_like(x), x / xp.where(x == 0, xp.ones_like(y), y))


@rows.row("Xlogy", shape=_broadcast)
def xlogy(x: Any, y: Any) -> Any:
    xp = arrays.xp(x, y)
    return xp.where(x == 0, xp.zeros_like(x), x * xp.log(xp.where(x == 0, xp.ones_like(y), y)))


# A selection has TF's gradient at ties: all of it to x.


@rows.row("Maximum", shape=_broadcast)
def maximum(x: Any, y: Any) -> Any:
    return arrays.xp(x, y).where(x < y, y, x)


@rows.row("Minimum", shape=_broadcast)
def minimum(x: Any, y: Any) -> Any:
    return arrays.xp(x, y).where(y < x, y, x)


@jax.custom_jvp
def _power(x: Any, y: Any) -> Any:
    return jnp.power(x, y)


@_power.defjvp
def _power_jvp(values: Any, tangents: Any) -> Any:
    (x, y), (dx, dy) = values, tangents
    result = _power(x, y)
    above = x > 0 if not jnp.iscomplexobj(x) else x != 0
    logarithm = jnp.where(above, jnp.log(jnp.where(above, x, jnp.ones_like(x))), jnp.zeros_like(x))
    return result, dx * y * _power(x, y - 1) + dy * result * logarithm


@rows.row("Pow", shape=_broadcast)
def power(x: Any, y: Any) -> Any:
    if _is_whole(x):
        message = "Integers to negative integer powers are not allowed"
        arrays.require((y >= 0).all(), lambda: errors.InvalidArgumentError(None, None, message))
        return arrays.xp(x, y).power(x, y)
    return _power(x, y) if arrays.xp(x, y) is jnp else np.power(x, y)


@rows.row("Atan2", shape=_broadcast)
def atan2(y: Any, x: Any) -> Any:
    return arrays.xp(y, x).arctan2(y, x)


@rows.row("Complex", shape=_broadcast)
def complex_of(real: Any, imag: Any) -> Any:
    if arrays.xp(real, imag) is jnp:
        return jax.lax.complex(*jnp.broadcast_arrays(real, imag))
    return real + 1j * np.asarray(imag, real.dtype)


@rows.row("NextAfter", shape=_broadcast)
def next_after(x1: Any, x2: Any) -> Any:
    return arrays.xp(x1, x2).nextafter(x1, x2)


def _incomplete_gamma(function: Any, a: Any, x: Any) -> Any:
    """No number where a is not above 0 or x is below 0."""
    a, x = jnp.asarray(a), jnp.asarray(x)
    outside = (a <= 0) | (x < 0)
    found = function(jnp.where(outside, 1, a).astype(a.dtype), jnp.where(outside, 1, x).astype(x.dtype))
    return jnp.where(outside, jnp.nan, found).astype(x.dtype)


@rows.row("Igamma", shape=_broadcast, numpy=False)
def igamma(a: Any, x: Any) -> Any:
    found = _incomplete_gamma(jax.scipy.special.gammainc, a, x)
    return jnp.where((jnp.asarray(x) == 0) & (jnp.asarray(a) <= 0), 0, found).astype(found.dtype)


@rows.row("Igammac", shape=_broadcast, numpy=False)
def igammac(a: Any, x: Any) -> Any:
    return _incomplete_gamma(jax.scipy.special.gammaincc, a, x)


@rows.row("Zeta", shape=_broadcast, numpy=False)
def zeta(x: Any, q: Any) -> Any:
    return jax.scipy.special.zeta(jax.lax.stop_gradient(x), q)


@rows.row("Polygamma", shape=_broadcast, numpy=False)
def polygamma(a: Any, x: Any) -> Any:
    return jax.scipy.special.polygamma(jnp.asarray(a).astype(jnp.int32), x)


@rows.row("Betainc", shape=_broadcast, numpy=False)
def betainc(a: Any, b: Any, x: Any) -> Any:
    return jax.scipy.special.betainc(jax.lax.stop_gradient(a), jax.lax.stop_gradient(b), x)


@rows.row("BitwiseAnd", shape=_broadcast, gradient=rows.NONE)
def bitwise_and(x: Any, y: Any) -> Any:
    return x & y


@rows.row("BitwiseOr", shape=_broadcast, gradient=rows.NONE)
def bitwise_or(x: Any, y: Any) -> Any:
    return x | y


@rows.row("BitwiseXor", shape=_broadcast, gradient=rows.NONE)
def bitwise_xor(x: Any, y: Any) -> Any:
    return x ^ y


@rows.row("LeftShift", shape=_broadcast, gradient=rows.NONE)
def left_shift(x: Any, y: Any) -> Any:
    return x << y


@rows.row("RightShift", shape=_broadcast, gradient=rows.NONE)
def right_shift(x: Any, y: Any) -> Any:
    return x >> y


def _merged(op: Any) -> shapes.TensorShape:
    found = shape_rules.merged(op, *(t.shape.sizes for t in op._inputs))
    return shapes.TensorShape(found)


@rows.row("AddN", shape=_merged)
def add_n(inputs: list[Any]) -> Any:
    """The sum. Gradients of tensor arrays are added element by element."""
    if any(isinstance(value, TensorArrayValue) for value in inputs):
        return functools.reduce(operator.add, inputs)
    return functools.reduce(lambda total, value: jax.tree.map(operator.add, total, value), inputs)


@rows.row("AccumulateNV2", shape=_merged)
def accumulate_n(inputs: list[Any]) -> Any:
    return add_n(inputs)
