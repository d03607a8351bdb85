"""Names of arithmetic, reductions, constants, linear algebra, clipping and segments."""

_ELEMENTWISE = (
    "abs", "negative", "sign", "square", "sqrt", "rsqrt", "exp", "expm1", "log", "log1p", "reciprocal", "floor", "ceil", "rint", "round",
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "lgamma", "digamma",
    "is_nan", "is_inf", "is_finite", "logical_not", "logical_and", "logical_or", "logical_xor", "add", "subtract", "multiply", "divide",
    "floordiv", "floormod", "mod", "maximum", "minimum", "squared_difference", "atan2", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "igamma", "igammac", "zeta", "polygamma", "betainc", "truediv", "pow", "sigmoid", "scalar_mul", "add_n", "accumulate_n",
    "lbeta",
)  # fmt: skip
_ONLY_MATH = ("xdivy", "xlogy", "nextafter", "polyval", "log_sigmoid", "multiply_no_nan", "bessel_i0e", "bessel_i1e")
_ONLY_ROOT = ("realdiv", "floor_div", "truncatediv", "truncatemod", "div", "div_no_nan", "cast", "saturate_cast", "to_float", "to_double",
              "to_int32", "to_int64", "to_bfloat16", "to_complex64", "to_complex128")  # fmt: skip
_COMPLEX = ("complex", "real", "imag", "angle", "conj")
_REDUCTIONS = ("reduce_sum", "reduce_mean", "reduce_prod", "reduce_max", "reduce_min", "reduce_all", "reduce_any", "reduce_logsumexp",
               "count_nonzero", "argmax", "argmin", "cumsum", "cumprod")  # fmt: skip
_CONSTANTS = ("constant", "zeros", "ones", "fill", "zeros_like", "ones_like", "range", "lin_space", "linspace", "eye")

NAMES = {
    **{name: f"python.math:{name}" for name in (*_ELEMENTWISE, *_ONLY_ROOT)},
    **{f"math.{name}": f"python.math:{name}" for name in (*_ELEMENTWISE, *_ONLY_MATH)},
    **{name: f"python.complex_numbers:{name}" for name in _COMPLEX},
    **{f"math.{name}": f"python.complex_numbers:{name}" for name in _COMPLEX},
    **{name: f"python.reductions:{name}" for name in (*_REDUCTIONS, "arg_max", "arg_min")},
    **{
        f"math.{name}": f"python.reductions:{name}"
        for name in (*_REDUCTIONS, "reduce_std", "reduce_variance", "reduce_euclidean_norm")
    },
    **{name: f"python.constant_op:{name}" for name in _CONSTANTS},
    "math.divide_no_nan": "python.math:div_no_nan",
    "nn.sigmoid": "python.math:sigmoid",
    "nn.tanh": "python.math:tanh",
    "linalg.eye": "python.constant_op:eye",
    "debugging.is_finite": "python.math:is_finite",
    "debugging.is_inf": "python.math:is_inf",
    "debugging.is_nan": "python.math:is_nan",
    "dtypes.cast": "python.math:cast",
    "dtypes.complex": "python.complex_numbers:complex",
    "dtypes.saturate_cast": "python.math:saturate_cast",
}
