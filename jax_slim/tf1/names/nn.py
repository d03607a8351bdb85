"""Names of `tf.nn`: activations, convolutions, pooling, normalizations, losses, sampling, embeddings."""

_FILES = {
    "nn_activations": ("relu", "relu6", "elu", "selu", "softplus", "softsign", "leaky_relu", "crelu", "swish", "softmax", "log_softmax", "dropout"),
    "nn_convolutions": (
        "conv1d", "conv2d", "conv3d", "conv1d_transpose", "conv2d_transpose", "conv3d_transpose", "conv_transpose", "conv2d_backprop_filter",
        "conv2d_backprop_input", "convolution", "depthwise_conv2d", "depthwise_conv2d_native", "separable_conv2d", "atrous_conv2d",
        "atrous_conv2d_transpose", "dilation2d", "erosion2d", "depthwise_conv2d_native_backprop_input", "depthwise_conv2d_native_backprop_filter",
    ),
    "space_to_batch": ("with_space_to_batch",),
    "nn_pooling": (
        "max_pool", "avg_pool", "max_pool1d", "avg_pool1d", "max_pool2d", "max_pool3d", "avg_pool3d", "max_pool_with_argmax", "pool",
        "fractional_max_pool", "fractional_avg_pool",
    ),
    "nn_normalization": (
        "bias_add", "bias_add_v1", "xw_plus_b", "xw_plus_b_v1", "relu_layer", "moments", "weighted_moments", "sufficient_statistics", "normalize_moments",
        "batch_normalization", "fused_batch_norm", "batch_norm_with_global_normalization", "lrn", "local_response_normalization", "l2_normalize",
        "zero_fraction",
    ),
    "nn_losses": (
        "softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits_v2", "sparse_softmax_cross_entropy_with_logits",
        "sigmoid_cross_entropy_with_logits", "weighted_cross_entropy_with_logits", "log_poisson_loss", "l2_loss", "top_k", "in_top_k",
    ),
    "nn_sampling": (
        "uniform_candidate_sampler", "log_uniform_candidate_sampler", "learned_unigram_candidate_sampler", "fixed_unigram_candidate_sampler",
        "all_candidate_sampler", "compute_accidental_hits", "nce_loss", "sampled_softmax_loss",
    ),
    "nn_embedding": ("embedding_lookup", "embedding_lookup_sparse", "safe_embedding_lookup_sparse"),
    "nn_ctc": ("ctc_loss", "ctc_greedy_decoder", "ctc_beam_search_decoder", "ctc_beam_search_decoder_v2"),
}  # fmt: skip

NAMES = {f"nn.{name}": f"python.{file}:{name}" for file, found in _FILES.items() for name in found}
for _alias, _name in {
    "nn.conv3d_backprop_filter_v2": "nn_convolutions:conv3d_backprop_filter",
    "nn.conv3d_backprop_filter": "nn_convolutions:conv3d_backprop_filter",
    "nn.conv2d_backprop_filter_v2": "nn_convolutions:conv2d_backprop_filter",
    "nn.depthwise_conv2d_backprop_input": "nn_convolutions:depthwise_conv2d_native_backprop_input",
    "nn.depthwise_conv2d_backprop_filter": "nn_convolutions:depthwise_conv2d_native_backprop_filter",
    "nn.avg_pool2d": "nn_pooling:avg_pool",
    "nn.Convolution": "nn_convolutions:Convolution",
    "math.softplus": "nn_activations:softplus",
    "math.softsign": "nn_activations:softsign",
    "math.softmax": "nn_activations:softmax",
    "math.log_softmax": "nn_activations:log_softmax",
    "math.l2_normalize": "nn_normalization:l2_normalize",
    "linalg.l2_normalize": "nn_normalization:l2_normalize",
    "math.zero_fraction": "nn_normalization:zero_fraction",
    "math.top_k": "nn_losses:top_k",
    "math.in_top_k": "nn_losses:in_top_k",
    "random.uniform_candidate_sampler": "nn_sampling:uniform_candidate_sampler",
    "random.log_uniform_candidate_sampler": "nn_sampling:log_uniform_candidate_sampler",
    "random.learned_unigram_candidate_sampler": "nn_sampling:learned_unigram_candidate_sampler",
    "random.fixed_unigram_candidate_sampler": "nn_sampling:fixed_unigram_candidate_sampler",
    "random.all_candidate_sampler": "nn_sampling:all_candidate_sampler",
}.items():
    NAMES[_alias] = f"python.{_name}"
