"""Names of shapes, slices, joins, gathers, pads and placeholders."""

_ROOT = {
    "python.array": (
        "shape", "shape_n", "size", "rank", "reshape", "expand_dims", "squeeze", "tile", "broadcast_to", "broadcast_dynamic_shape",
        "broadcast_static_shape", "transpose", "reverse", "reverse_v2", "reverse_sequence", "invert_permutation",
        "identity", "identity_n", "stop_gradient", "guarantee_const", "ensure_shape", "bitcast", "placeholder",
        "placeholder_with_default", "sparse_placeholder", "newaxis", "roll", "matrix_transpose",
    ),
    "python.joining": ("concat", "stack", "parallel_stack", "unstack", "split"),
    "python.slicing": ("slice", "strided_slice"),
    "python.gathering": (
        "gather", "gather_nd", "batch_gather", "scatter_nd", "tensor_scatter_nd_update", "tensor_scatter_nd_add",
        "tensor_scatter_nd_sub", "where", "where_v2", "boolean_mask", "one_hot", "sequence_mask", "searchsorted", "repeat",
    ),
    "python.padding": (
        "pad", "space_to_depth", "depth_to_space", "space_to_batch", "space_to_batch_nd", "batch_to_space", "batch_to_space_nd",
        "required_space_to_batch_paddings",
    ),
    "python.quantizing": (
        "fake_quant_with_min_max_args", "fake_quant_with_min_max_args_gradient", "fake_quant_with_min_max_vars",
        "fake_quant_with_min_max_vars_per_channel", "fake_quant_with_min_max_vars_gradient",
        "fake_quant_with_min_max_vars_per_channel_gradient", "quantize", "quantize_v2", "dequantize",
    ),
}  # fmt: skip

NAMES = {name: f"{file}:{name}" for file, names in _ROOT.items() for name in names}
_ALIASES = {
    "manip": ("reshape", "reverse", "tile", "roll", "gather_nd", "scatter_nd", "space_to_batch_nd", "batch_to_space_nd"),
    "math": ("invert_permutation",),
    "nn": ("space_to_depth", "depth_to_space", "space_to_batch", "batch_to_space"),
    "quantization": (
        "fake_quant_with_min_max_args", "fake_quant_with_min_max_args_gradient", "fake_quant_with_min_max_vars",
        "fake_quant_with_min_max_vars_per_channel", "fake_quant_with_min_max_vars_gradient",
        "fake_quant_with_min_max_vars_per_channel_gradient", "quantize", "dequantize",
    ),
}  # fmt: skip
for _module, _names in _ALIASES.items():
    NAMES.update({f"{_module}.{name}": NAMES[name] for name in _names})
NAMES.update({
    "unravel_index": "python.array:unravel_index",
    "quantization.quantize_and_dequantize": "python.quantizing:quantize_and_dequantize",
    "tensor_scatter_update": "python.gathering:tensor_scatter_nd_update",
    "tensor_scatter_add": "python.gathering:tensor_scatter_nd_add",
    "tensor_scatter_sub": "python.gathering:tensor_scatter_nd_sub",
    "linalg.transpose": "python.array:matrix_transpose",
    "linalg.matrix_transpose": "python.array:matrix_transpose",
    "sparse.placeholder": "python.array:sparse_placeholder",
    "contrib.util.constant_value": "python.array:constant_value",
})  # fmt: skip
