"""Names of ragged tensors, and which functions take them."""

_MODULES = {
    "ragged": "RaggedTensorValue map_flat_values range=ragged_range row_splits_to_segment_ids segment_ids_to_row_splits",
    "ragged_constants": "constant constant_value placeholder",
    "ragged_indexing": "boolean_mask",
    "ragged_joining": "stack stack_dynamic_partitions",
}
NAMES = {"RaggedTensor": "python.ragged:RaggedTensor"} | {
    f"ragged.{_name.partition('=')[0]}": f"python.{_file}:{_name.rpartition('=')[2]}"
    for _file, _names in _MODULES.items()
    for _name in _names.split()
}

# The functions of TensorFlow 1.15 that take ragged tensors, by the file that they are in.
_TAKE = {
    "array": "identity bitcast expand_dims tile rank size",
    "bitwise": "bitwise_and bitwise_or bitwise_xor invert left_shift right_shift",
    "clip_ops": "clip_by_value",
    "complex_numbers": "angle conj imag real complex",
    "constant_op": "ones_like zeros_like",
    "gathering": "batch_gather gather gather_nd one_hot where where_v2",
    "joining": "concat stack",
    "math": "abs acos acosh asin asinh atan atanh cast ceil cos cosh digamma erf erfc exp expm1 floor is_finite is_inf is_nan lgamma log "
    "log1p log_sigmoid logical_not negative reciprocal rint round rsqrt saturate_cast sign sin sinh sqrt square tan tanh sigmoid "
    "add atan2 div div_no_nan divide equal floordiv floormod floor_div greater greater_equal less less_equal logical_and logical_or "
    "logical_xor maximum minimum mod multiply not_equal pow realdiv squared_difference subtract truediv truncatediv truncatemod add_n",
    "reductions": "reduce_sum reduce_mean reduce_prod reduce_max reduce_min reduce_all reduce_any",
    "segments": "unsorted_segment_sum unsorted_segment_prod unsorted_segment_max unsorted_segment_min unsorted_segment_mean "
    "unsorted_segment_sqrt_n",
    "strings": "as_string decode_base64 encode_base64 reduce_join regex_full_match regex_replace string_join string_length string_lower "
    "string_strip string_to_hash_bucket string_to_hash_bucket_fast string_to_hash_bucket_strong string_to_number string_upper substr "
    "unicode_script unicode_transcode",
}
TAKE_RAGGED = {f"python.{_file}:{_name}" for _file, _names in _TAKE.items() for _name in _names.split()}
