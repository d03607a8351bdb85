"""Parts of GraphDefs."""

NAMES = {
    f"{_module}{_name}": f"python.graph_util:{_name}"
    for _module in ("graph_util.", "python.framework.graph_util.", "python.framework.graph_util_impl.")
    for _name in [
        "convert_variables_to_constants",
        "extract_sub_graph",
        "remove_training_nodes",
        "must_run_on_cpu",
        "tensor_shape_from_node_def_name",
    ]
}
