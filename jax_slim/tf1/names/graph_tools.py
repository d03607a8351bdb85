"""`tensorflow.python.tools` and `tensorflow.tools.graph_transforms`: tools on graph files and checkpoints."""

_FILES = {
    "freeze_graph": {
        "python.freezing": "freeze_graph freeze_graph_with_def_protos",
        "python.graph_commands": "run_main=freeze_graph",
    },
    "strip_unused_lib": {"python.stripping": "strip_unused strip_unused_from_files"},
    "strip_unused": {"python.graph_commands": "main=strip_unused"},
    "optimize_for_inference": {"python.graph_commands": "main=optimize_for_inference"},
    "optimize_for_inference_lib": {
        "python.inference_graphs": "optimize_for_inference fold_batch_norms ensure_graph_is_valid node_name_from_input node_from_map values_from_const"
    },
    "inspect_checkpoint": {"python.checkpoint_printing": "print_tensors_in_checkpoint_file"},
    "saved_model_cli": {"python.saved_model_commands": "main"},
    "saved_model_utils": {
        "python.saved_model_files": "get_meta_graph_def=meta_graph get_saved_model_tag_sets=tag_sets",
        "python.saved_model": "read_saved_model=parse_saved_model",
    },
}
NAMES = {
    f"{_place}.{_module}.{_name.partition('=')[0]}": f"{_file}:{_name.rpartition('=')[2]}"
    for _place in ("python.tools", "tools")
    for _module, _files in _FILES.items()
    for _file, _names in _files.items()
    for _name in _names.split()
} | {"tools.graph_transforms.TransformGraph": "python.graph_transforms:TransformGraph"}

COMMANDS = {
    "python.tools.freeze_graph": "python.graph_commands:freeze_graph",
    "python.tools.strip_unused": "python.graph_commands:strip_unused",
    "python.tools.optimize_for_inference": "python.graph_commands:optimize_for_inference",
    "python.tools.inspect_checkpoint": "python.checkpoint_printing:main",
    "python.tools.saved_model_cli": "python.saved_model_commands:main",
    "tools.graph_transforms": "python.graph_commands:transform_graph",
}
"""Modules that `python -m` runs -> the function that does it."""
