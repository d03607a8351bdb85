"""`strip_unused_lib`: graphs cut at their inputs."""

from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.python import freezing, graph_util


def strip_unused(
    input_graph_def: Any, input_node_names: list[str], output_node_names: list[str], placeholder_type_enum: Any
) -> Any:
    """A graph cut at its inputs, which become placeholders, and without what the outputs do not need."""
    for name in input_node_names:
        if ":" in name:
            raise ValueError(f"Name '{name}' appears to refer to a Tensor, not an Operation.")
    left = set(input_node_names)
    cut = protos.GraphDef()
    for node in input_graph_def.node:
        if node.name not in left:
            cut.node.add().CopyFrom(node)
            continue
        left.discard(node.name)
        made = cut.node.add(name=node.name, op="Placeholder")
        kind = placeholder_type_enum
        if isinstance(kind, list | tuple):
            kind = kind[list(input_node_names).index(node.name)]
        made.attr["dtype"].type = int(kind)
        if "_output_shapes" in node.attr:
            made.attr["_output_shapes"].CopyFrom(node.attr["_output_shapes"])
        if "shape" in node.attr:
            made.attr["shape"].CopyFrom(node.attr["shape"])
    if left:
        raise KeyError(f"The following input nodes were not found: {left}")
    return graph_util.extract_sub_graph(cut, output_node_names)


def strip_unused_from_files(input_graph: Any, input_binary: bool, output_graph: Any, output_binary: bool, input_node_names: str, output_node_names: str, placeholder_type_enum: Any) -> None:  # fmt: skip
    """`strip_unused` of a file into a file; names stand between commas.

    Raises:
      OSError: there is no such file.
      ValueError: no output is named.
    """
    if not output_node_names:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    definition = freezing.message("GraphDef", input_graph, input_binary)
    inputs = [name for name in input_node_names.split(",") if name]
    found = strip_unused(definition, inputs, output_node_names.split(","), placeholder_type_enum)
    graph_util.write_graph_file(found, output_graph, output_binary)
