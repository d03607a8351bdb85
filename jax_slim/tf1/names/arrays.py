"""Names of shapes, slices, joins, gathers and placeholders."""

_ARRAY = (
    "shape", "shape_n", "size", "rank", "reshape", "expand_dims", "squeeze", "tile", "broadcast_to", "broadcast_dynamic_shape",
    "broadcast_static_shape", "transpose", "reverse", "reverse_v2", "reverse_sequence", "invert_permutation", "meshgrid",
    "identity", "identity_n", "stop_gradient", "guarantee_const", "ensure_shape", "bitcast", "placeholder",
    "placeholder_with_default", "sparse_placeholder", "newaxis", "roll", "matrix_transpose",
)  # fmt: skip
_JOINING = ("concat", "stack", "parallel_stack", "unstack", "split")
_SLICING = ("slice", "strided_slice")

NAMES = {
    **{name: f"python.array:{name}" for name in _ARRAY},
    **{name: f"python.joining:{name}" for name in _JOINING},
    **{name: f"python.slicing:{name}" for name in _SLICING},
    "manip.reshape": "python.array:reshape",
    "manip.reverse": "python.array:reverse",
    "manip.tile": "python.array:tile",
    "manip.roll": "python.array:roll",
    "math.invert_permutation": "python.array:invert_permutation",
    "linalg.transpose": "python.array:matrix_transpose",
    "sparse.placeholder": "python.array:sparse_placeholder",
}
