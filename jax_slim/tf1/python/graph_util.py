"""`tf.graph_util` and `tf.train.write_graph`: parts of GraphDefs, frozen variables, graphs as files."""

import os
import re
from typing import Any

import numpy as np

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import dtypes, graphs, tensor_protos
from jax_slim.tf1.python import logging

_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")


def write_graph(graph_or_graph_def: Any, logdir: Any, name: str, as_text: bool = True) -> str:
    """Writes a graph into a file, as text or bytes; gives its path."""
    definition = (
        graph_or_graph_def.as_graph_def() if isinstance(graph_or_graph_def, graphs.Graph) else graph_or_graph_def
    )
    logdir = os.fspath(logdir)
    if logdir:
        os.makedirs(logdir, exist_ok=True)
    path = os.path.join(logdir, name)
    data = _as_text(definition).encode() if as_text else definition.SerializeToString()
    with open(f"{path}.writing", "wb") as file:  # noqa: PTH123
        file.write(data)
    os.replace(f"{path}.writing", path)
    return path


def _as_text(message: Any) -> str:
    from google.protobuf import text_format

    return text_format.MessageToString(message)


def _name(source: str) -> str:
    return re.sub(r"^\^|:\d+$", "", source)


def _names(value: Any, argument: str) -> list[str]:
    if isinstance(value, str):
        raise TypeError(f"{argument} must be a list.")
    return list(value)


def extract_sub_graph(graph_def: Any, dest_nodes: Any) -> Any:
    """The part of a GraphDef that nodes need.

    Raises:
      TypeError: an argument is of another kind.
      AssertionError: a node is not in the graph.
    """
    if not hasattr(graph_def, "node"):
        raise TypeError("graph_def must be a graph_pb2.GraphDef proto.")
    dest_nodes = _names(dest_nodes, "dest_nodes")
    nodes = {n.name: n for n in graph_def.node}
    for name in dest_nodes:
        assert name in nodes, f"{name} is not in graph"
    needed: set[str] = set()
    stack = list(dest_nodes)
    while stack:
        name = stack.pop()
        if name not in needed and name in nodes:
            needed.add(name)
            stack.extend(_name(i) for i in nodes[name].input)
    made = protos.GraphDef()
    made.node.extend(n for n in graph_def.node if n.name in needed)
    made.library.CopyFrom(graph_def.library)
    made.versions.CopyFrom(graph_def.versions)
    return made


def convert_variables_to_constants(
    sess: Any,
    input_graph_def: Any,
    output_node_names: Any,
    variable_names_whitelist: Any = None,
    variable_names_blacklist: Any = None,
) -> Any:
    """What some nodes need of a graph, with the variables' values in a session in place of the variables."""
    part = extract_sub_graph(input_graph_def, _names(output_node_names, "output_node_names"))
    chosen = []
    for node in part.node:
        if node.op not in _VARIABLES:
            continue
        if variable_names_whitelist is not None and node.name not in variable_names_whitelist:
            continue
        if variable_names_blacklist is not None and node.name in variable_names_blacklist:
            continue
        chosen.append(node.name)
    handles = {node.name for node in part.node if node.op == "VarHandleOp"}
    fetches = [f"{name}/Read/ReadVariableOp:0" if name in handles else f"{name}:0" for name in chosen]
    values = dict(zip(chosen, sess.run(fetches), strict=True)) if fetches else {}
    logging.info("Froze %d variables.", len(values))
    made = protos.GraphDef()
    for node in part.node:
        if node.name in values:
            made.node.append(_constant(node.name, values[node.name]))
        elif node.op in ("ReadVariableOp", "ResourceGather") and _root(part, node.input[0]) in values:
            made.node.append(_reading(node))
        elif (
            node.op in ("Identity", "Enter")
            and node.attr["T"].type == int(dtypes.resource)
            and _root(part, node.input[0]) in values
        ):
            changed = made.node.add()
            changed.CopyFrom(node)
            changed.attr["T"].type = int(dtypes.as_dtype(np.asarray(values[_root(part, node.input[0])]).dtype))
        else:
            made.node.append(node)
    made.library.CopyFrom(part.library)
    made.versions.CopyFrom(part.versions)
    logging.info("Converted %d variables to const ops.", len(values))
    return made


def _root(graph_def: Any, source: str) -> str:
    nodes = {n.name: n for n in graph_def.node}
    name = _name(source)
    while nodes[name].op in ("Identity", "Enter"):
        name = _name(nodes[name].input[0])
    return name


def _constant(name: str, value: Any) -> Any:
    value = np.asarray(value)
    node = protos.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = int(dtypes.as_dtype(value.dtype))
    node.attr["value"].tensor.CopyFrom(tensor_protos.make_tensor_proto(value))
    return node


def _reading(node: Any) -> Any:
    """A read of a resource variable, or a gather from it, now of the constant."""
    made = protos.NodeDef(name=node.name, op="Identity" if node.op == "ReadVariableOp" else "GatherV2")
    kind = node.attr["dtype"].type
    if made.op == "Identity":
        made.attr["T"].type = kind
        made.input.extend(node.input[:1])
        made.input.extend(i for i in node.input[1:] if i.startswith("^"))
    else:
        raise NotImplementedError(
            f"convert_variables_to_constants: {node.name} gathers from a resource variable. Gather from its value instead."
        )
    return made


def remove_training_nodes(input_graph: Any, protected_nodes: Any = None) -> Any:
    """A GraphDef without `CheckNumerics` and `Identity` nodes, but those that are named or ordered by control edges."""
    protected = set(protected_nodes or ())
    removed = {}
    controls = {s[1:] for node in input_graph.node for s in node.input if s.startswith("^")}
    for node in input_graph.node:
        simple = node.op in ("Identity", "CheckNumerics") and node.name not in protected | controls
        if simple and not any(s.startswith("^") for s in node.input):
            removed[node.name] = node.input[0]
    made = protos.GraphDef()
    for node in input_graph.node:
        if node.name in removed:
            continue
        changed = made.node.add()
        changed.CopyFrom(node)
        del changed.input[:]
        for source in node.input:
            while not source.startswith("^") and _name(source) in removed:
                source = removed[_name(source)]
            changed.input.append(re.sub(r":0$", "", source))
        if "_class" in node.attr:  # a graph whose nodes are to stand beside missing ones cannot be imported
            there = [
                c
                for c in node.attr["_class"].list.s
                if c.decode("utf-8", "replace").removeprefix("loc:@") not in removed
            ]
            if there:
                changed.attr["_class"].list.s[:] = there
            else:
                del changed.attr["_class"]
    made.library.CopyFrom(input_graph.library)
    made.versions.CopyFrom(input_graph.versions)
    return made


def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Whether TensorFlow has the node only for processors: strings and, if asked, variables."""
    definition = node.node_def if hasattr(node, "node_def") else node
    if pin_variables_on_cpu and definition.op in ("Variable", "VariableV2"):
        return True
    kind = definition.attr["dtype"].type if definition.op in ("Const", "Placeholder") else definition.attr["T"].type
    return kind == int(dtypes.string)


def tensor_shape_from_node_def_name(graph: Any, input_name: str) -> Any:
    """The shape of a tensor by a name as GraphDefs have it: 'conv1' or 'conv1:1'."""
    return graph.get_tensor_by_name(input_name if ":" in input_name else input_name + ":0").get_shape()
