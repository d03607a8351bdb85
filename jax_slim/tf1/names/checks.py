"""Checks of values, printing, and calls of Python."""

_CHECKS = (
    "Assert",
    "assert_equal",
    "assert_none_equal",
    "assert_less",
    "assert_less_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_positive",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_rank",
    "assert_rank_at_least",
    "assert_rank_in",
    "assert_type",
    "assert_integer",
    "assert_scalar",
    "assert_same_float_dtype",
    "assert_proper_iterable",
    "is_numeric_tensor",
    "is_strictly_increasing",
    "is_non_decreasing",
    "check_numerics",
    "verify_tensor_all_finite",
    "add_check_numerics_ops",
    "Print",
    "py_func",
    "numpy_function",
)
NAMES = {name: f"python.checks:{name}" for name in _CHECKS}
NAMES |= {
    f"debugging.{name}": place
    for name, place in NAMES.items()
    if name not in ("Print", "py_func", "numpy_function", "add_check_numerics_ops")
}
NAMES |= {
    "debugging.Assert": "python.checks:Assert",
    "print": "python.checks:print_v2",
    "compat.v1.print": "python.checks:print_v2",
}
