"""TensorFlow's commands on graph files: `python -m tensorflow.python.tools.freeze_graph` and its kin, with its flags."""

import argparse
from collections.abc import Sequence
from typing import Any

from jax_slim.tf1.graph import dtypes
from jax_slim.tf1.python import freezing, graph_transforms, graph_util, inference_graphs, stripping


def parser(program: str, texts: Sequence[str] = (), flags: Sequence[str] = (), **defaults: Any) -> Any:
    """A parser of TensorFlow's kind of flags: texts, and booleans that may stand alone or say true or false."""
    made = argparse.ArgumentParser(prog=program, allow_abbrev=False)
    for name in texts:
        made.add_argument(f"--{name}", default=defaults.get(name, ""))
    for name in flags:
        made.add_argument(f"--{name}", nargs="?", type=_truth, const=True, default=defaults.get(name, False))
        made.add_argument(f"--no{name}", dest=name, action="store_false", default=argparse.SUPPRESS)
    return made


def _truth(text: str) -> bool:
    return text.lower() in ("true", "t", "1", "yes")


def freeze_graph(arguments: Sequence[str] | None = None) -> None:
    """`freeze_graph`: a graph and a checkpoint into one file."""
    texts = """input_graph input_saver input_checkpoint checkpoint_version output_graph output_node_names restore_op_name
        filename_tensor_name initializer_nodes variable_names_whitelist variable_names_blacklist variable_names_denylist
        input_meta_graph input_saved_model_dir saved_model_tags""".split()
    flags = ("input_binary", "clear_devices")
    given = parser("freeze_graph", texts, flags, saved_model_tags="serve", clear_devices=True)
    options = vars(given.parse_args(arguments))
    options["checkpoint_version"] = options["checkpoint_version"] or "2"
    if options["checkpoint_version"] not in ("1", "2"):
        raise ValueError(f"Invalid checkpoint version (must be '1' or '2'): {options['checkpoint_version']}")
    if not options["output_graph"]:
        given.error("--output_graph must say which file to write.")
    freezing.freeze_graph(**options)


def strip_unused(arguments: Sequence[str] | None = None) -> None:
    """`strip_unused`: a graph cut at its inputs, without what its outputs do not need."""
    given = parser(
        "strip_unused",
        ["input_graph", "output_graph", "input_node_names", "output_node_names"],
        ["input_binary", "output_binary"],
        output_binary=True,
    )
    given.add_argument("--placeholder_type_enum", default=str(int(dtypes.float32)))
    options = given.parse_args(arguments)
    stripping.strip_unused_from_files(
        options.input_graph,
        options.input_binary,
        options.output_graph,
        options.output_binary,
        options.input_node_names,
        options.output_node_names,
        _types(options.placeholder_type_enum),
    )


def _types(text: str) -> Any:
    kinds = [int(number) for number in text.split(",")]
    return kinds[0] if len(kinds) == 1 else kinds


def optimize_for_inference(arguments: Sequence[str] | None = None) -> None:
    """`optimize_for_inference`: a frozen graph without what only training needs, batch norm folded."""
    given = parser(
        "optimize_for_inference",
        ["input", "output", "input_names", "output_names"],
        ["frozen_graph", "toco_compatible"],
        frozen_graph=True,
    )
    given.add_argument("--placeholder_type_enum", default=str(int(dtypes.float32)))
    options = given.parse_args(arguments)
    definition = freezing.message("GraphDef", options.input, options.frozen_graph)
    found = inference_graphs.optimize_for_inference(
        definition,
        options.input_names.split(","),
        options.output_names.split(","),
        _types(options.placeholder_type_enum),
        options.toco_compatible,
    )
    graph_util.write_graph_file(found, options.output, options.frozen_graph)


def transform_graph(arguments: Sequence[str] | None = None) -> None:
    """`transform_graph`: a graph after a list of transforms."""
    given = parser("transform_graph", ["in_graph", "out_graph", "inputs", "outputs", "transforms"], ["output_as_text"])
    options = given.parse_args(arguments)
    definition = freezing.message("GraphDef", options.in_graph, not options.in_graph.endswith((".pbtxt", ".txt")))
    found = graph_transforms.TransformGraph(
        definition,
        graph_transforms.listed(options.inputs),
        graph_transforms.listed(options.outputs),
        options.transforms,
    )
    graph_util.write_graph_file(found, options.out_graph, not options.output_as_text)
