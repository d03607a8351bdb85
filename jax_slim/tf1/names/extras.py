"""Single names that public programs use."""

NAMES = {
    "contrib.estimator.clip_gradients_by_norm": "contrib.estimator_extras:clip_gradients_by_norm",
    "contrib.staging.StagingArea": "contrib.estimator_extras:StagingArea",
    "python.ops.data_flow_ops.StagingArea": "contrib.estimator_extras:StagingArea",
    "contrib.slim.init_ops.zeros_initializer": "python.initializers:zeros_initializer",
    "python.framework.tensor_shape.unknown_shape": "graph.shapes:unknown_shape",
    "python.framework.graph_io.write_graph": "python.graph_util:write_graph",
    "contrib.training.GreedyLoadBalancingStrategy": "python.cluster:GreedyLoadBalancingStrategy",
    "contrib.training.byte_size_load_fn": "python.cluster:byte_size_load_fn",
    "python.ops.weights_broadcast_ops.broadcast_weights": "python.weights_broadcast:broadcast_weights",
    "python.ops.weights_broadcast_ops.assert_broadcastable": "python.weights_broadcast:assert_broadcastable",
    "python.ops.metrics_impl.metric_variable": "python.metrics_means:metric_variable",
}
for _name in ("ProjectorConfig", "EmbeddingInfo", "SpriteMetadata", "visualize_embeddings"):
    NAMES[f"contrib.tensorboard.plugins.projector.{_name}"] = f"contrib.projector:{_name}"
for _name in ("softmax", "sparse_softmax", "sigmoid"):
    NAMES[f"contrib.nn.deprecated_flipped_{_name}_cross_entropy_with_logits"] = (
        f"contrib.estimator_extras:deprecated_flipped_{_name}_cross_entropy_with_logits"
    )
