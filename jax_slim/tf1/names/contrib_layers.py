"""`tf.contrib.layers` and `tf.contrib.framework`."""

NAMES: dict[str, str] = {}
_LAYERS = {
    "contrib.layers_convolutions": (
        "convolution convolution1d convolution2d convolution3d convolution2d_in_plane convolution2d_transpose convolution3d_transpose conv1d conv2d conv3d "
        "conv2d_in_plane conv2d_transpose conv3d_transpose separable_conv2d separable_convolution2d"
    ),
    "contrib.layers_normalization": "batch_norm layer_norm instance_norm group_norm",
    "contrib.layers_dense": (
        "fully_connected relu relu6 elu linear bias_add dropout flatten softmax one_hot_encoding unit_norm maxout repeat stack scale_gradient "
        "legacy_fully_connected legacy_linear legacy_relu poincare_normalize"
    ),
    "contrib.layers_pooling": "avg_pool2d avg_pool3d max_pool2d max_pool3d pool spatial_softmax images_to_sequence sequence_to_images",
    "contrib.layers_initializers": "xavier_initializer xavier_initializer_conv2d variance_scaling_initializer",
    "contrib.layers_summaries": (
        "summarize_tensor summarize_activation summarize_tensors summarize_collection summarize_variables summarize_weights summarize_biases "
        "summarize_activations"
    ),
    "contrib.optimizers": "optimize_loss OPTIMIZER_CLS_NAMES OPTIMIZER_SUMMARIES adaptive_clipping_fn",
    "contrib.layers_encoders": "embed_sequence bow_encoder embedding_lookup_unique",
    "contrib.layers_gdn": "GDN gdn",
    "contrib.layers_reversible": "RevBlock rev_block recompute_grad",
    "python.sparse": "dense_to_sparse",
    "python.regularizers": "l1_regularizer l2_regularizer l1_l2_regularizer sum_regularizer apply_regularization",
}  # fmt: skip
for _file, _names in _LAYERS.items():
    for _name in _names.split():
        NAMES[f"contrib.layers.{_name}"] = f"{_file}:{_name}"
_UTILS = (
    "collect_named_outputs append_tensor_alias get_tensor_aliases gather_tensors_aliases convert_collection_to_dict static_cond get_variable_collections "
    "channel_dimension last_dimension two_element_tuple n_positive_integers constant_value"
)
for _name in _UTILS.split():
    NAMES[f"contrib.layers.utils.{_name}"] = f"contrib.layer_utils:{_name}"
NAMES["contrib.layers.utils.smart_cond"] = "python.smart:smart_cond"

_FRAMEWORK = {
    "contrib.arg_scopes": "add_arg_scope arg_scope arg_scope_func_key arg_scoped_arguments current_arg_scope has_arg_scope",
    "contrib.framework_variables": (
        "variable model_variable local_variable global_variable add_model_variable get_variables get_model_variables get_local_variables "
        "get_trainable_variables get_variables_to_restore get_variables_by_suffix get_variables_by_name get_unique_variable get_variable_full_name "
        "assign_from_values assign_from_values_fn assign_from_checkpoint assign_from_checkpoint_fn filter_variables zero_initializer "
        "assert_or_get_global_step VariableDeviceChooser"
    ),
    "contrib.framework_checks": (
        "assert_scalar_int with_shape with_same_shape reduce_sum_n get_graph_from_inputs get_placeholders deprecated deprecated_args deprecated_arg_values"
    ),
    "python.checks": "assert_same_float_dtype assert_scalar",
    "python.segments": "remove_squeezable_dimensions",
    "python.global_step": "get_global_step create_global_step get_or_create_global_step assert_global_step",
    "python.framework": "strip_name_scope prepend_name_scope get_name_scope",
}  # fmt: skip
for _file, _names in _FRAMEWORK.items():
    for _name in _names.split():
        NAMES[f"contrib.framework.{_name}"] = f"{_file}:{_name}"
NAMES["contrib.layers.safe_embedding_lookup_sparse"] = "python.nn_embedding:safe_embedding_lookup_sparse"
# What programs that bring changed layers of their own take from the file of TensorFlow's.
_INNER = {"_model_variable_getter": "model_variable_getter", "_build_variable_getter": "variable_getter", "_add_variable_to_collections": "add_to_collections"}  # fmt: skip
for _name, _ours in _INNER.items():
    NAMES[f"contrib.layers.python.layers.layers.{_name}"] = f"contrib.layers_common:{_ours}"
    NAMES[f"contrib.slim.layers.layers.{_name}"] = f"contrib.layers_common:{_ours}"
for _file in ("contrib.layers.python.layers.layers", "contrib.slim.layers.layers"):
    NAMES[f"{_file}._inner_flatten"] = "contrib.layers_dense:_inner_flatten"
for _file in ("contrib.layers.python.ops.sparse_ops", "contrib.slim.layers.sparse_ops"):
    for _name in ("dense_to_sparse_tensor", "indicators_to_sparse_ids", "sparse_row_envelope"):
        NAMES[f"{_file}.{_name}"] = f"contrib.layers_sparse:{_name}"
for _file in ("contrib.layers.python.layers.rev_block_lib", "contrib.slim.layers.rev_block_lib"):
    for _name in ("RevBlock", "rev_block", "recompute_grad"):
        NAMES[f"{_file}.{_name}"] = f"contrib.layers_reversible:{_name}"
