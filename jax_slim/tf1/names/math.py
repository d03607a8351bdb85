"""Names of arithmetic, reductions, constants, linear algebra, clipping and segments."""

_ELEMENTWISE = (
    "abs", "negative", "sign", "square", "sqrt", "rsqrt", "exp", "expm1", "log", "log1p", "reciprocal", "floor", "ceil", "rint", "round",
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "lgamma", "digamma",
    "is_nan", "is_inf", "is_finite", "logical_not", "logical_and", "logical_or", "logical_xor", "add", "subtract", "multiply", "divide",
    "floordiv", "floormod", "mod", "maximum", "minimum", "squared_difference", "atan2", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "igamma", "igammac", "zeta", "polygamma", "betainc", "truediv", "pow", "sigmoid", "scalar_mul", "add_n", "accumulate_n",
)  # fmt: skip
_ONLY_MATH = ("xdivy", "xlogy", "nextafter", "polyval", "log_sigmoid", "multiply_no_nan", "bessel_i0e", "bessel_i1e")
_ONLY_ROOT = ("realdiv", "floor_div", "truncatediv", "truncatemod", "div", "div_no_nan", "cast", "saturate_cast", "to_float", "to_double",
              "to_int32", "to_int64", "to_bfloat16", "to_complex64", "to_complex128")  # fmt: skip
_COMPLEX = ("complex", "real", "imag", "angle", "conj")
_REDUCTIONS = ("reduce_sum", "reduce_mean", "reduce_prod", "reduce_max", "reduce_min", "reduce_all", "reduce_any", "reduce_logsumexp",
               "count_nonzero", "lbeta", "argmax", "argmin", "cumsum", "cumprod")  # fmt: skip
_CONSTANTS = (
    "constant",
    "zeros",
    "ones",
    "fill",
    "zeros_like",
    "ones_like",
    "range",
    "meshgrid",
    "lin_space",
    "linspace",
    "eye",
)
_LINALG_ROOT = (
    "matmul", "sparse_matmul", "tensordot", "norm", "trace", "cross", "diag", "diag_part", "matrix_diag", "matrix_diag_part", "matrix_set_diag",
    "matrix_band_part", "matrix_inverse", "matrix_determinant", "cholesky", "cholesky_solve", "matrix_solve", "matrix_triangular_solve",
    "matrix_solve_ls", "self_adjoint_eig", "self_adjoint_eigvals", "svd", "qr", "matrix_square_root",
)  # fmt: skip
_LINALG = {
    **{name: name for name in ("matmul", "matvec", "tensordot", "norm", "trace", "cross", "adjoint", "slogdet", "logdet", "cholesky",
                               "cholesky_solve", "svd", "qr", "lu")},
    "inv": "matrix_inverse", "det": "matrix_determinant", "solve": "matrix_solve", "triangular_solve": "matrix_triangular_solve",
    "lstsq": "matrix_solve_ls", "eigh": "self_adjoint_eig", "eigvalsh": "self_adjoint_eigvals", "diag": "matrix_diag",
    "diag_part": "matrix_diag_part", "set_diag": "matrix_set_diag", "band_part": "matrix_band_part", "tensor_diag": "diag",
    "tensor_diag_part": "diag_part", "expm": "matrix_exponential", "sqrtm": "matrix_square_root",
}  # fmt: skip
_SEGMENTS = (
    "segment_sum", "segment_mean", "segment_prod", "segment_max", "segment_min", "unsorted_segment_sum", "unsorted_segment_prod",
    "unsorted_segment_max", "unsorted_segment_min", "unsorted_segment_mean", "unsorted_segment_sqrt_n", "sparse_segment_sum",
    "sparse_segment_mean", "sparse_segment_sqrt_n", "unique", "unique_with_counts", "setdiff1d", "bincount", "histogram_fixed_width",
    "histogram_fixed_width_bins", "dynamic_partition", "dynamic_stitch", "parallel_stitch", "confusion_matrix",
)  # fmt: skip

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
    **{name: f"python.linalg:{name}" for name in _LINALG_ROOT},
    **{f"linalg.{ours}": f"python.linalg:{name}" for ours, name in _LINALG.items()},
    **{
        name: f"python.clip_ops:{name}"
        for name in ("clip_by_value", "clip_by_norm", "clip_by_global_norm", "clip_by_average_norm", "global_norm")
    },
    "linalg.tridiagonal_solve": "python.tridiagonal:tridiagonal_solve",
    "linalg.tridiagonal_matmul": "python.tridiagonal:tridiagonal_matmul",
    "contrib.nn.nth_element": "python.sorting:nth_element",
    "einsum": "python.einsum:einsum",
    "linalg.einsum": "python.einsum:einsum",
    "linalg.global_norm": "python.clip_ops:global_norm",
    **{name: f"python.segments:{name}" for name in _SEGMENTS},
    **{f"math.{name}": f"python.segments:{name}" for name in _SEGMENTS},
    "sparse.segment_sum": "python.segments:sparse_segment_sum",
    "sparse.segment_mean": "python.segments:sparse_segment_mean",
    "sparse.segment_sqrt_n": "python.segments:sparse_segment_sqrt_n",
    "contrib.metrics.confusion_matrix": "python.segments:confusion_matrix",
    "contrib.metrics.remove_squeezable_dimensions": "python.segments:remove_squeezable_dimensions",
    "nn.top_k": "python.sorting:top_k",
    "math.top_k": "python.sorting:top_k",
    "nn.in_top_k": "python.sorting:in_top_k",
    "math.in_top_k": "python.sorting:in_top_k",
    "sort": "python.sorting:sort",
    "argsort": "python.sorting:argsort",
    "contrib.framework.sort": "python.sorting:sort",
    "contrib.framework.argsort": "python.sorting:argsort",
    "dtypes.cast": "python.math:cast",
    "dtypes.complex": "python.complex_numbers:complex",
    "dtypes.saturate_cast": "python.math:saturate_cast",
}
