"""`tf.graph_util` and `tf.train.write_graph`: parts of GraphDefs, frozen variables, graphs as files."""

import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from jax_slim.tf1.files import lowering, protos
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
    _write(path, data)
    return path


def write_graph_file(definition: Any, path: Any, binary: bool = True) -> None:
    """Writes a GraphDef as bytes or text, and notes how many nodes it has."""
    data = definition.SerializeToString(deterministic=True) if binary else _as_text(definition).encode()
    _write(os.fspath(path), data)
    logging.info("%d ops in the final graph.", len(definition.node))


def _write(path: str, data: bytes) -> None:
    with open(f"{path}.writing", "wb") as file:  # noqa: PTH123
        file.write(data)
    os.replace(f"{path}.writing", path)


def _as_text(message: Any) -> str:
    from google.protobuf import text_format

    return text_format.MessageToString(message)


def node_name(source: str) -> str:
    """The node that an input is of: '^a' and 'a:1' are of 'a'."""
    return re.sub(r":\d+$", "", source.removeprefix("^"))


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
            stack.extend(node_name(i) for i in nodes[name].input)
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
    fetches = [_reading_of(sess.graph, name) if name in handles else f"{name}:0" for name in chosen]
    values = dict(zip(chosen, sess.run(fetches), strict=True)) if fetches else {}
    logging.info("Froze %d variables.", len(values))
    made = with_constants(part, values)
    logging.info("Converted %d variables to const ops.", len(values))
    return made


def _reading_of(graph: Any, handle: str) -> str:
    """The tensor with the value of a resource variable: its own read, or any other."""
    own = graph._by_name.get(f"{handle}/Read/ReadVariableOp")
    reads = (op for op in graph.get_operations() if op.type == "ReadVariableOp" and op.inputs[0].op.name == handle)
    found = own or next(reads, None)
    if found is None:
        raise ValueError(f"The graph has no operation that reads the variable {handle}.")
    return found.outputs[0].name


def with_constants(graph_def: Any, values: Mapping[str, Any]) -> Any:
    """A GraphDef with constants in the place of variables, whose values are given by name; what reads them follows.

    Functions that take a resource variable are put in where they are called, conditionals and loops among them.
    """
    nodes = {node.name: node for node in graph_def.node}
    handles = {name for name in values if name in nodes and nodes[name].op == "VarHandleOp"}
    if graph_def.library.function and any(
        source in handles and node.op not in _READERS for node in graph_def.node for source in node.input
    ):
        graph_def = lowering.lowered(graph_def)
        nodes = {node.name: node for node in graph_def.node}
    made = protos.GraphDef()
    for node in graph_def.node:
        root = _root(nodes, node.input[0]) if node.op in {*_READERS, *_HANDING_ON} and node.input else ""
        if node.name in values:
            made.node.append(_constant(node.name, values[node.name]))
        elif root in values and node.op in _READERS:
            made.node.extend(_READERS[node.op](node))
        elif root in values and node.attr["T"].type == int(dtypes.resource):
            changed = made.node.add()
            changed.CopyFrom(node)
            changed.attr["T"].type = int(dtypes.as_dtype(np.asarray(values[root]).dtype))
        else:
            made.node.append(node)
    made.library.CopyFrom(graph_def.library)
    made.versions.CopyFrom(graph_def.versions)
    return made


def _root(nodes: Mapping[str, Any], source: str) -> str:
    """The node that a handle comes from, through what hands it on."""
    name, seen = node_name(source), set()
    while name in nodes and nodes[name].op in _HANDING_ON and nodes[name].input and name not in seen:
        seen.add(name)
        name = node_name(nodes[name].input[0])
    return name


def _constant(name: str, value: Any) -> Any:
    value = np.asarray(value)
    node = protos.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = int(dtypes.as_dtype(value.dtype))
    node.attr["value"].tensor.CopyFrom(tensor_protos.make_tensor_proto(value))
    return node


def _read(node: Any) -> list[Any]:
    made = protos.NodeDef(name=node.name, op="Identity", input=node.input, device=node.device)
    made.attr["T"].type = node.attr["dtype"].type
    return [made]


def _gather(node: Any) -> list[Any]:
    batch_dims = node.attr["batch_dims"].i if "batch_dims" in node.attr else 0
    axis = _constant(f"{node.name}/axis", np.int32(batch_dims))
    data, controls = [s for s in node.input if s[:1] != "^"], [s for s in node.input if s[:1] == "^"]
    made = protos.NodeDef(name=node.name, op="GatherV2", input=[*data, axis.name, *controls], device=node.device)
    made.attr["Tparams"].type = node.attr["dtype"].type
    made.attr["Tindices"].type = node.attr["Tindices"].type
    made.attr["Taxis"].type = int(dtypes.int32)
    if batch_dims:
        made.attr["batch_dims"].i = batch_dims
    return [axis, made]


def _gather_nd(node: Any) -> list[Any]:
    made = protos.NodeDef(name=node.name, op="GatherNd", input=node.input, device=node.device)
    made.attr["Tparams"].type = node.attr["dtype"].type
    made.attr["Tindices"].type = node.attr["Tindices"].type
    return [made]


# What reads a resource variable -> the nodes that do so of its constant.
_READERS = {"ReadVariableOp": _read, "ResourceGather": _gather, "ResourceGatherNd": _gather_nd}
_HANDING_ON = frozenset({"Identity", "Enter", "Exit", "NextIteration", "Switch"})


def remove_training_nodes(input_graph: Any, protected_nodes: Any = None) -> Any:
    """A GraphDef without `CheckNumerics` and `Identity` nodes, but those that are named or ordered by control edges."""
    protected = set(protected_nodes or ())
    removed = {}
    controls = {s[1:] for node in input_graph.node for s in node.input if s.startswith("^")}
    for node in input_graph.node:
        simple = node.op in ("Identity", "CheckNumerics") and node.name not in protected | controls
        if simple and node.input and not any(s.startswith("^") for s in node.input):
            removed[node.name] = node.input[0].removesuffix(":0")
    made = protos.GraphDef()
    for node in input_graph.node:
        if node.name in removed:
            continue
        changed = made.node.add()
        changed.CopyFrom(node)
        del changed.input[:]
        for source in node.input:
            kept = source if source.startswith("^") else end_of(removed, source.removesuffix(":0"))
            changed.input.append(kept)
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


def end_of(replaced: Mapping[str, str], source: str) -> str:
    """What a tensor is in the end, where some are replaced by others.

    Raises:
      ValueError: they are replaced by each other, in a circle.
    """
    start, steps = source, 0
    while source in replaced:
        source, steps = replaced[source], steps + 1
        if steps > len(replaced):
            raise ValueError(f"A graph must have no circles, {start} is in one.")
    return source


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
