"""Elementwise operations of JAX as TensorFlow's."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jax import lax

from jax_slim.exporting.graph_equations import Equation, Known, Var
from jax_slim.exporting.graph_nodes import Tensor
from jax_slim.exporting.graph_writing import Writer

_UNARY = {
    "abs": "Abs", "acos": "Acos", "acosh": "Acosh", "asin": "Asin", "asinh": "Asinh", "atan": "Atan", "atanh": "Atanh",
    "ceil": "Ceil", "conj": "Conj", "cos": "Cos", "cosh": "Cosh", "digamma": "Digamma", "erf": "Erf", "erfc": "Erfc",
    "exp": "Exp", "expm1": "Expm1", "floor": "Floor", "lgamma": "Lgamma", "log": "Log", "log1p": "Log1p",
    "logistic": "Sigmoid", "neg": "Neg", "rsqrt": "Rsqrt", "sign": "Sign", "sin": "Sin", "sinh": "Sinh", "sqrt": "Sqrt",
    "square": "Square", "tan": "Tan", "tanh": "Tanh",
}  # fmt: skip
_BINARY = {
    "add": "AddV2", "add_any": "AddV2", "atan2": "Atan2", "max": "Maximum", "min": "Minimum", "mul": "Mul",
    "pow": "Pow", "sub": "Sub", "rem": "TruncateMod",
}  # fmt: skip
_COMPARISONS = {
    "eq": "Equal", "ge": "GreaterEqual", "gt": "Greater", "le": "LessEqual", "lt": "Less", "ne": "NotEqual",
}  # fmt: skip
_BITS = {"and": "And", "or": "Or", "xor": "Xor"}


def narrow(writer: Writer, equation: Equation) -> list[Tensor | Known]:
    """The operands of an elementwise equation, without the repetition that TensorFlow does by itself."""
    shape = equation.kinds[0].shape
    small = [_narrowed(writer.operand(o)) for o in equation.operands]
    if _broadcast([o.shape for o in small]) == tuple(shape):
        return small
    return [writer.full(o, equation.scope) if isinstance(o, Var) else o for o in equation.operands]


def _narrowed(operand: Tensor | Known) -> Tensor | Known:
    if isinstance(operand, Tensor):
        return operand.narrow or operand
    value = operand.value
    made = operand.equation
    if made is not None and made.kind == "broadcast_in_dim":
        given = dict(zip(made.params["broadcast_dimensions"], made.operands[0].shape, strict=True))
        value = value[tuple(slice(None) if given.get(axis, 1) != 1 else slice(0, 1) for axis in range(value.ndim))]
    kept = next((axis for axis, size in enumerate(value.shape) if size != 1), value.ndim)
    value = value.reshape(value.shape[kept:])
    return operand if value.shape == operand.shape else _shaped(operand, value)


def _shaped(operand: Known, value: np.ndarray) -> Known:
    """`value`, or the variable that holds just this."""
    for root in operand.roots():
        if root.shape == value.shape and root.dtype == value.dtype and np.array_equal(root.value, value):
            return root
    return Known(value)


def _broadcast(shapes: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    rank = max(map(len, shapes))
    result: list[Any] = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, rank - len(shape)):
            if not (isinstance(size, int) and size == 1):
                result[axis] = size
    return tuple(result)


def _unary(kind: str) -> Callable[[Writer, Equation], Tensor]:
    def rule(writer: Writer, equation: Equation) -> Tensor:
        x = writer.tensors[equation.operands[0]]
        if x.narrow is not None:  # computed once, and repeated later
            return x._replace(narrow=writer.unary(kind, x.narrow, equation))
        return writer.unary(kind, x, equation)

    return rule


def _binary(kind: str, dtype: Any = None) -> Callable[[Writer, Equation], Tensor]:
    def rule(writer: Writer, equation: Equation) -> Tensor:
        x, y = narrow(writer, equation)
        return writer.binary(kind, x, y, equation, dtype)

    return rule


def _comparison(kind: str) -> Callable[[Writer, Equation], Tensor]:
    return _binary(kind, np.bool_)


def _bits(kind: str) -> Callable[[Writer, Equation], Tensor]:
    def rule(writer: Writer, equation: Equation) -> Tensor:
        x, y = narrow(writer, equation)
        like = equation.kinds[0]
        if like.dtype == np.bool_:
            operation = {"And": "LogicalAnd", "Or": "LogicalOr"}.get(kind)
            if operation is None:
                return writer.binary("NotEqual", x, y, equation)
            return writer.make(operation, [x, y], like.shape, np.bool_, equation.scope)
        return writer.binary(f"Bitwise{kind}", x, y, equation)

    return rule


def _not(writer: Writer, equation: Equation) -> Tensor:
    x = writer.full(equation.operands[0], equation.scope)
    if x.dtype == np.bool_:
        return writer.make("LogicalNot", [x], x.shape, np.bool_, equation.scope)
    return writer.unary("Invert", x, equation)


def _div(writer: Writer, equation: Equation) -> Tensor:
    kind = "TruncateDiv" if np.issubdtype(equation.kinds[0].dtype, np.integer) else "RealDiv"
    return _binary(kind)(writer, equation)


def _is_finite(writer: Writer, equation: Equation) -> Tensor:
    return writer.unary("IsFinite", writer.full(equation.operands[0], equation.scope), equation, np.bool_)


def _round(writer: Writer, equation: Equation) -> Tensor:
    x = writer.full(equation.operands[0], equation.scope)
    if equation.params["rounding_method"] == lax.RoundingMethod.TO_NEAREST_EVEN:
        return writer.unary("Round", x, equation)
    half = np.asarray(0.5, x.dtype)
    up = writer.unary("Floor", writer.binary("AddV2", writer.unary("Abs", x, equation), half, equation), equation)
    return writer.binary("Mul", writer.unary("Sign", x, equation), up, equation)


def _integer_pow(writer: Writer, equation: Equation) -> Tensor:
    x, exponent = writer.full(equation.operands[0], equation.scope), equation.params["y"]
    if exponent == 2:
        return writer.unary("Square", x, equation)
    if exponent >= 0 or np.issubdtype(x.dtype, np.inexact):
        return writer.binary("Pow", x, np.asarray(exponent, x.dtype), equation)
    raise NotImplementedError("a negative power of integers")


def _exp2(writer: Writer, equation: Equation) -> Tensor:
    x = writer.full(equation.operands[0], equation.scope)
    return writer.unary("Exp", writer.binary("Mul", x, np.asarray(math.log(2), x.dtype), equation), equation)


def _cbrt(writer: Writer, equation: Equation) -> Tensor:
    x = writer.full(equation.operands[0], equation.scope)
    root = writer.binary("Pow", writer.unary("Abs", x, equation), np.asarray(1 / 3, x.dtype), equation)
    return writer.binary("Mul", writer.unary("Sign", x, equation), root, equation)


def _clamp(writer: Writer, equation: Equation) -> Tensor:
    low, x, high = equation.operands
    x = writer.full(x, equation.scope)
    for kind, bound in (("Maximum", low), ("Minimum", high)):
        x = writer.binary(kind, x, writer.operand(bound), equation)
    return x


def cast(writer: Writer, x: Tensor, dtype: Any, scope: str) -> Tensor:
    """A tensor in another type; no node where it has it."""
    if x.dtype == np.dtype(dtype):
        return x
    return writer.make("Cast", [x], x.shape, dtype, scope, SrcT=x.dtype, DstT=np.dtype(dtype), Truncate=False)


def _convert(writer: Writer, equation: Equation) -> Tensor:
    dtype = np.dtype(equation.params["new_dtype"])
    x = writer.tensors[equation.operands[0]]
    if x.narrow is not None:
        return x._replace(dtype=dtype, narrow=cast(writer, x.narrow, dtype, equation.scope))
    return cast(writer, x, dtype, equation.scope)


def same(writer: Writer, equation: Equation) -> Tensor:
    """What computes nothing: no node."""
    found = writer.operand(equation.operands[0])
    return found if isinstance(found, Tensor) else writer.full(equation.operands[0], equation.scope)


def _barrier(writer: Writer, equation: Equation) -> list[Tensor]:
    return [writer.full(o, equation.scope) for o in equation.operands]


def _select(writer: Writer, equation: Equation) -> Tensor:
    which, *cases = equation.operands
    if isinstance(which, Known) and which.value.size and (which.value == which.value.flat[0]).all():
        return writer.full(cases[int(which.value.flat[0])], equation.scope)
    chosen = writer.full(which, equation.scope)
    like = equation.kinds[0]
    whole = [writer.full(case, equation.scope) for case in cases]
    result = whole[0]
    for number, case in enumerate(whole[1:], 1):
        mask = chosen
        if chosen.dtype != np.bool_:
            kind = "GreaterEqual" if number + 1 == len(whole) else "Equal"
            mask = writer.make(
                kind, [chosen, np.asarray(number, chosen.dtype)], chosen.shape, np.bool_, equation.scope, T=chosen.dtype
            )
        kind = "Select" if tuple(mask.shape) == tuple(like.shape) else "SelectV2"
        result = writer.make(
            kind,
            [mask, case, result],
            like.shape,
            like.dtype,
            equation.scope,
            suffixes=("condition", "t", "e"),
            T=case.dtype,
        )
    return result


RULES: dict[str, Callable[[Writer, Equation], Any]] = {
    **{name: _unary(kind) for name, kind in _UNARY.items()},
    **{name: _binary(kind) for name, kind in _BINARY.items()},
    **{name: _comparison(kind) for name, kind in _COMPARISONS.items()},
    **{name: _bits(kind) for name, kind in _BITS.items()},
    "cbrt": _cbrt,
    "clamp": _clamp,
    "convert_element_type": _convert,
    "copy": same,
    "copy_p": same,
    "div": _div,
    "exp2": _exp2,
    "integer_pow": _integer_pow,
    "is_finite": _is_finite,
    "not": _not,
    "optimization_barrier": _barrier,
    "pvary": same,
    "reduce_precision": same,
    "round": _round,
    "select_n": _select,
    "sharding_constraint": same,
    "stop_gradient": same,
}
