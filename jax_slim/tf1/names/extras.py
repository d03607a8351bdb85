"""Single names that public programs use."""

NAMES = {
    "contrib.estimator.clip_gradients_by_norm": "contrib.estimator_extras:clip_gradients_by_norm",
    "contrib.staging.StagingArea": "contrib.estimator_extras:StagingArea",
    "python.ops.data_flow_ops.StagingArea": "contrib.estimator_extras:StagingArea",
    "contrib.slim.init_ops.zeros_initializer": "python.initializers:zeros_initializer",
    "python.framework.tensor_shape.unknown_shape": "graph.shapes:unknown_shape",
    "python.framework.graph_io.write_graph": "python.graph_util:write_graph",
    "python.ops.metrics_impl.metric_variable": "python.metrics_means:metric_variable",
}
for _name in ("softmax", "sparse_softmax", "sigmoid"):
    NAMES[f"contrib.nn.deprecated_flipped_{_name}_cross_entropy_with_logits"] = (
        f"contrib.estimator_extras:deprecated_flipped_{_name}_cross_entropy_with_logits"
    )
