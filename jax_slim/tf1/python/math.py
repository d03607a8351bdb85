"""`tf.math`, elementwise: arithmetic, comparisons, logic, rounding, logarithms, trigonometry, and conversions of types."""

import builtins
import inspect
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, composites, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.composites import IndexedSlices, SparseTensor
from jax_slim.tf1.graph.tensors import Tensor


def _named(function: Callable[..., Any], name: str, doc: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _unary(name: str, type: str, doc: str) -> Callable[..., Any]:
    def function(x: Any, name: str | None = None) -> Any:
        if isinstance(x, SparseTensor):
            return SparseTensor(x.indices, building.make(type, x.values, name=name), x.dense_shape)
        return building.make(type, x, name=name)

    return _named(function, name, doc)


def _binary(name: str, type: str, doc: str, arguments: str = "x y") -> Callable[..., Any]:
    def function(x: Any, y: Any, name: str | None = None) -> Any:
        return building.make(type, x, y, name=name)

    if arguments == "x y":
        return _named(function, name, doc)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    wanted = [*(inspect.Parameter(a, kind) for a in arguments.split()), inspect.Parameter("name", kind, default=None)]
    signature = inspect.Signature(wanted)

    def renamed(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return function(*bound.args)

    renamed.__signature__ = signature
    return _named(renamed, name, doc)


negative = _unary("negative", "Neg", "-x, elementwise.")
sign = _unary("sign", "Sign", "-1, 0 or 1, elementwise; x / |x| for complex numbers.")
square = _unary("square", "Square", "x * x, elementwise.")
sqrt = _unary("sqrt", "Sqrt", "The square root of each element.")
rsqrt = _unary("rsqrt", "Rsqrt", "1 / sqrt(x), elementwise.")
exp = _unary("exp", "Exp", "e to the power of each element.")
expm1 = _unary("expm1", "Expm1", "exp(x) - 1, exact near 0.")
log = _unary("log", "Log", "The natural logarithm of each element.")
log1p = _unary("log1p", "Log1p", "log(1 + x), exact near 0.")
reciprocal = _unary("reciprocal", "Reciprocal", "1 / x, elementwise.")
floor = _unary("floor", "Floor", "The largest whole number not above each element; no gradient.")
ceil = _unary("ceil", "Ceil", "The smallest whole number not below each element; no gradient.")
rint = _unary("rint", "Rint", "The nearest whole number, halves to the even one; no gradient.")
sin = _unary("sin", "Sin", "The sine of each element.")
cos = _unary("cos", "Cos", "The cosine of each element.")
tan = _unary("tan", "Tan", "The tangent of each element.")
asin = _unary("asin", "Asin", "The arcsine of each element.")
acos = _unary("acos", "Acos", "The arccosine of each element.")
atan = _unary("atan", "Atan", "The arctangent of each element.")
sinh = _unary("sinh", "Sinh", "The hyperbolic sine of each element.")
cosh = _unary("cosh", "Cosh", "The hyperbolic cosine of each element.")
tanh = _unary("tanh", "Tanh", "The hyperbolic tangent of each element.")
asinh = _unary("asinh", "Asinh", "The inverse hyperbolic sine of each element.")
acosh = _unary("acosh", "Acosh", "The inverse hyperbolic cosine of each element.")
atanh = _unary("atanh", "Atanh", "The inverse hyperbolic tangent of each element.")
erf = _unary("erf", "Erf", "The error function of each element.")
erfc = _unary("erfc", "Erfc", "1 - erf(x), elementwise.")
lgamma = _unary("lgamma", "Lgamma", "The logarithm of |gamma(x)|, elementwise.")
digamma = _unary("digamma", "Digamma", "The derivative of lgamma, elementwise.")
is_nan = _unary("is_nan", "IsNan", "Whether each element is no number.")
is_inf = _unary("is_inf", "IsInf", "Whether each element is infinite.")
is_finite = _unary("is_finite", "IsFinite", "Whether each element is neither infinite nor NaN.")
logical_not = _unary("logical_not", "LogicalNot", "not x, elementwise.")
bessel_i0e = _unary("bessel_i0e", "BesselI0e", "The modified Bessel function of order 0, times exp(-|x|).")
bessel_i1e = _unary("bessel_i1e", "BesselI1e", "The modified Bessel function of order 1, times exp(-|x|).")

add = _binary("add", "Add", "x + y, elementwise; an operation of type `Add`, whereas the operator makes `AddV2`.")
subtract = _binary("subtract", "Sub", "x - y, elementwise.")
multiply = _binary("multiply", "Mul", "x * y, elementwise.")
realdiv = _binary("realdiv", "RealDiv", "x / y of real numbers, elementwise.")
floor_div = _binary("floor_div", "FloorDiv", "x / y, rounded down, elementwise; no gradient.")
floormod = _binary("floormod", "FloorMod", "What x / y leaves, with the sign of y, elementwise.")
truncatediv = _binary("truncatediv", "TruncateDiv", "x / y of integers, rounded toward zero.")
truncatemod = _binary("truncatemod", "TruncateMod", "What x / y leaves, with the sign of x; it has no gradient at all.")
maximum = _binary(
    "maximum", "Maximum", "The larger one of x and y, elementwise; where they are equal, x has the gradient."
)
minimum = _binary(
    "minimum", "Minimum", "The smaller one of x and y, elementwise; where they are equal, x has the gradient."
)
squared_difference = _binary("squared_difference", "SquaredDifference", "(x - y)^2, elementwise.")
atan2 = _binary("atan2", "Atan2", "The angle of the point (y, x), from -pi to pi.", "y x")
logical_and = _binary("logical_and", "LogicalAnd", "x and y, elementwise.")
logical_or = _binary("logical_or", "LogicalOr", "x or y, elementwise.")
equal = _binary("equal", "Equal", "x == y, elementwise; the operator == compares tensors themselves.")
not_equal = _binary("not_equal", "NotEqual", "x != y, elementwise.")
less = _binary("less", "Less", "x < y, elementwise.")
less_equal = _binary("less_equal", "LessEqual", "x <= y, elementwise.")
greater = _binary("greater", "Greater", "x > y, elementwise.")
greater_equal = _binary("greater_equal", "GreaterEqual", "x >= y, elementwise.")
xdivy = _binary("xdivy", "Xdivy", "0 where x is 0, else x / y.")
xlogy = _binary("xlogy", "Xlogy", "0 where x is 0, else x * log(y).")
igamma = _binary("igamma", "Igamma", "The lower regularized incomplete gamma function.", "a x")
igammac = _binary("igammac", "Igammac", "The upper regularized incomplete gamma function.", "a x")
zeta = _binary("zeta", "Zeta", "The Hurwitz zeta function.", "x q")
polygamma = _binary("polygamma", "Polygamma", "The polygamma function of order a at x.", "a x")
nextafter = _binary("nextafter", "NextAfter", "The number that follows x1 in the direction of x2.", "x1 x2")
mod = floormod


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Tensor:
    """The regularized incomplete beta integral, elementwise."""
    return building.make("Betainc", a, b, x, name=name)


def abs(x: Any, name: str | None = None) -> Any:
    """|x|, elementwise; a real tensor for complex numbers."""
    if isinstance(x, SparseTensor):
        return SparseTensor(x.indices, abs(x.values, name), x.dense_shape)
    with graphs.name_scope(name, "Abs", [x]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return building.make("ComplexAbs", x, Tout=x.dtype.real_dtype, name=scope)
        return building.make("Abs", x, name=scope)


def round(x: Any, name: str | None = None) -> Tensor:
    """The nearest whole number, halves to the even one; integers as they are. No gradient."""
    x = conversion.convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else building.make("Round", x, name=name)


def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """1 / (1 + exp(-x)), elementwise."""
    with graphs.name_scope(name, "Sigmoid", [x]) as scope:
        return building.make("Sigmoid", conversion.convert_to_tensor(x, name="x"), name=scope)


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """log(sigmoid(x)), elementwise, without loss where it is near 0."""
    with graphs.name_scope(name, "LogSigmoid", [x]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        return negative(building.make("Softplus", negative(x)), name=scope)


def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x to the power of y, elementwise. The exponent has no gradient where x is 0 or less."""
    with graphs.name_scope(name, "Pow", [x]) as scope:
        return building.make("Pow", x, y, name=scope)


_TRUEDIV = {"uint8": dtypes.float32, "int8": dtypes.float32, "uint16": dtypes.float32, "int16": dtypes.float32, "int32": dtypes.float64,
            "int64": dtypes.float64} | dict.fromkeys(["bfloat16", "float16", "float32", "float64", "complex64", "complex128"])  # fmt: skip


def truediv_python3(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 3 divides: integers become float64 (8 and 16 bits: float32) first.

    Raises:
      TypeError: x and y have different types, or one that cannot be divided.
    """
    with graphs.name_scope(name, "truediv", [x, y]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        y = conversion.convert_to_tensor(y, name="y")
        _check_same(x, y)
        if x.dtype.base_dtype.name not in _TRUEDIV:
            raise TypeError(f"Invalid dtype {x.dtype!r} in __truediv__")
        wider = _TRUEDIV[x.dtype.base_dtype.name]
        if wider is not None:
            x, y = cast(x, wider), cast(y, wider)
        return building.make("RealDiv", x, y, name=scope)


def div_python2(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 2 divides: integers are rounded down.

    Raises:
      TypeError: x and y have different types.
    """
    with graphs.name_scope(name, "div", [x, y]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        y = conversion.convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        _check_same(x, y)
        real = x.dtype.is_floating or x.dtype.is_complex
        return building.make("RealDiv" if real else "FloorDiv", x, y, name=scope)


def _check_same(x: Tensor, y: Tensor) -> None:
    if x.dtype.base_dtype != y.dtype.base_dtype:
        raise TypeError(f"x and y must have the same dtype, got {x.dtype.base_dtype!r} != {y.dtype.base_dtype!r}")


truediv, div = truediv_python3, div_python2


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y by Python's operator: a tensor where one of them is, else Python's own result."""
    return x / y if name is None else truediv_python3(x, y, name)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y, rounded down, elementwise; no gradient."""
    with graphs.name_scope(name, "floordiv", [x, y]) as scope:
        return building.make("FloorDiv", x, y, name=scope)


def div_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y, and 0 where y is 0."""
    with graphs.name_scope(name, "div_no_nan", [x, y]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        y = conversion.convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        _check_same(x, y)
        return building.make("DivNoNan", x, y, name=scope)


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x * y, and 0 where y is 0, even for an infinite x."""
    with graphs.name_scope(name, "multiply_no_nan", [x, y]) as scope:
        x = conversion.convert_to_tensor(x, name="x")
        y = conversion.convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        _check_same(x, y)
        return building.make("MulNoNan", x, y, name=scope)


def logical_xor(x: Any, y: Any, name: str | None = "LogicalXor") -> Tensor:
    """Whether just one of x and y is true, made of `or`, `and` and `not`."""
    return logical_and(logical_or(x, y), logical_not(logical_and(x, y)), name=name)


def approximate_equal(x: Any, y: Any, tolerance: float = 1e-5, name: str | None = None) -> Tensor:
    """Whether |x - y| is below the tolerance, elementwise."""
    return building.make("ApproximateEqual", x, y, tolerance=tolerance, name=name)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A tensor, or the values of IndexedSlices, times a scalar.

    Raises:
      ValueError: `scalar` is not known to be one.
    """
    scalar = conversion.convert_to_tensor(scalar, dtype=x.dtype.base_dtype, name="scalar")
    if scalar.shape.ndims != 0:
        raise ValueError(f"Only scalar multiply works, got shape {scalar.shape}")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(multiply(scalar, x.values, name), x.indices, x.dense_shape)
    return multiply(scalar, x, name)


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of tensors of one type and shape; of one tensor that tensor.

    Raises:
      ValueError: no list, or an empty one.
    """
    if not inputs or not isinstance(inputs, list | tuple):
        raise ValueError("inputs must be a list of at least one Tensor/IndexedSlices with the same dtype and shape")
    found = [composites.convert_to_tensor_or_indexed_slices(v) for v in inputs]
    if len(found) > 1:
        return building.make("AddN", found, name=name)
    single = conversion.convert_to_tensor(found[0])
    return building.make("Identity", single, name=name) if name else single


def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Tensor:
    """The sum of tensors of one type and shape, as `add_n`.

    Raises:
      ValueError: no list, an empty one, or tensors of different types or shapes.
      TypeError: `tensor_dtype` is not their type.
    """
    message = "inputs must be a list of at least one Tensor with the same dtype and shape"
    if not isinstance(inputs, list | tuple) or not inputs:
        raise ValueError(message)
    found = [conversion.convert_to_tensor(v) for v in inputs]
    if any(t.dtype.base_dtype != found[0].dtype.base_dtype for t in found):
        raise ValueError(message)
    whole = shapes.unknown_shape() if shape is None else shapes.as_shape(shape)
    for tensor in found:
        whole = whole.merge_with(tensor.shape)
    if tensor_dtype is not None and dtypes.as_dtype(tensor_dtype) != found[0].dtype.base_dtype:
        raise TypeError(f"tensor_dtype is {dtypes.as_dtype(tensor_dtype)}, but input is of type {found[0].dtype}")
    if len(found) == 1:
        return found[0] if name is None else building.make("Identity", found[0], name=name)
    return building.make("AccumulateNV2", found, shape=whole, name=name)


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """A tensor (or SparseTensor, IndexedSlices) as another type; what has the type already is returned as it is.

    Floats become integers by cutting off, integers wrap, what is not 0 is True.
    """
    kind = dtypes.as_dtype(dtype).base_dtype
    if isinstance(x, Tensor) and x.dtype == kind:
        return x
    with graphs.name_scope(name, "Cast", [x]) as scope:
        if isinstance(x, SparseTensor):
            return SparseTensor(x.indices, cast(x.values, kind, name=scope), x.dense_shape)
        if isinstance(x, IndexedSlices):
            return IndexedSlices(cast(x.values, kind, name=scope), x.indices, x.dense_shape)
        x = conversion.convert_to_tensor(x, name="x")
        return x if x.dtype.base_dtype == kind else building.make("Cast", x, DstT=kind, name=scope)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """A tensor as another type; what that cannot hold becomes its smallest or largest number."""
    with graphs.name_scope(name, "saturate_cast", [value]) as scope:
        value = conversion.convert_to_tensor(value, name="value")
        kind = dtypes.as_dtype(dtype).base_dtype
        if value.dtype.min < kind.min:
            value = maximum(value, conversion.convert_to_tensor(kind.min, dtype=value.dtype.base_dtype, name="min"))
        if value.dtype.max > kind.max:
            value = minimum(value, conversion.convert_to_tensor(kind.max, dtype=value.dtype.base_dtype, name="max"))
        return cast(value, kind, name=scope)


def _to(name: str, kind: dtypes.DType, default: str) -> Callable[..., Any]:
    def function(x: Any, name: str | None = default) -> Any:
        return cast(x, kind, name=name)

    return _named(function, name, f"`tf.cast` to {kind.name}.")


to_float = _to("to_float", dtypes.float32, "ToFloat")
to_double = _to("to_double", dtypes.float64, "ToDouble")
to_int32 = _to("to_int32", dtypes.int32, "ToInt32")
to_int64 = _to("to_int64", dtypes.int64, "ToInt64")
to_bfloat16 = _to("to_bfloat16", dtypes.bfloat16, "ToBFloat16")
to_complex64 = _to("to_complex64", dtypes.complex64, "ToComplex64")
to_complex128 = _to("to_complex128", dtypes.complex128, "ToComplex128")


def polyval(coeffs: Any, x: Any, name: str | None = None) -> Tensor:
    """The polynomial with these coefficients, the highest power first, at x."""
    with graphs.name_scope(name, "polyval", [*coeffs, x]):
        x = conversion.convert_to_tensor(x, name="x")
        if len(coeffs) < 1:
            return building.make("ZerosLike", x)
        found = [conversion.convert_to_tensor(c, name=f"coeff_{i}") for i, c in builtins.enumerate(coeffs)]
        result = found[0]
        for coefficient in found[1:]:
            result = coefficient + result * x
        return result


def bessel_i0(x: Any, name: str | None = None) -> Tensor:
    """The modified Bessel function of order 0."""
    with graphs.name_scope(name, "bessel_i0", [x]):
        x = conversion.convert_to_tensor(x)
        return exp(abs(x)) * bessel_i0e(x)


def bessel_i1(x: Any, name: str | None = None) -> Tensor:
    """The modified Bessel function of order 1."""
    with graphs.name_scope(name, "bessel_i1", [x]):
        x = conversion.convert_to_tensor(x)
        return exp(abs(x)) * bessel_i1e(x)
