"""Transforms of GraphDefs that compute now what is known: constants, and scales that go into weights."""

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.tf1.files import graph_defs, protos
from jax_slim.tf1.graph import dtypes, errors, graphs, op_defs, tensor_protos
from jax_slim.tf1.python import graph_editing, graph_util, inference_graphs
from jax_slim.tf1.running import session

_MOST_BYTES = 10 * 1024 * 1024  # of a constant that is made, as TensorFlow has it
# What an operation without inputs and state may still be: given later, or one branch's alone.
_NEVER = frozenset(
    "Placeholder PlaceholderV2 PlaceholderWithDefault Merge Switch Enter Exit NextIteration LoopCond NoOp Dequantize".split()
)

_node = graph_util.node_name


def fold_constants(
    definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Mapping[str, list[str]]
) -> Any:
    """A graph in which what depends on constants alone is a constant, under its own name; what nothing uses then is left out.

    Nodes that are ordered by control edges, and results above 10 MB (`max_constant_size`), stay as they are.
    """
    most = int(arguments.get("max_constant_size", [str(_MOST_BYTES)])[-1])
    nodes = {node.name: node for node in definition.node}
    known = _known(graph_editing.sort_by_execution_order(definition), set(inputs))
    wanted = []  # the last tensors that are known
    for node in definition.node:
        for source in node.input:
            name = _node(source)
            if source[:1] != "^" and node.name not in known and name in known and nodes[name].op != "Const":
                wanted.append(source.removesuffix(":0"))
    wanted += [name for name in outputs if name in known and nodes[name].op != "Const"]
    values, kinds = _values(definition, list(dict.fromkeys(wanted)))
    left = {_node(source) for source in wanted if not _fits(values.get(source), most)}
    folded = {source: value for source, value in values.items() if _node(source) not in left}
    names = {source: source if ":" not in source else _free(nodes, source) for source in folded}
    made = protos.GraphDef(library=definition.library, versions=definition.versions)
    made.node.extend(node for node in definition.node if node.name not in folded)
    made.node.extend(_constant(names[s], value, nodes[_node(s)], kinds[s]) for s, value in folded.items())
    made = graph_editing.rewired(made, {s: name for s, name in names.items() if s != name})
    there = {node.name for node in made.node}
    return graph_util.extract_sub_graph(made, [name for name in dict.fromkeys([*outputs, *inputs]) if name in there])


def _fits(value: np.ndarray | None, most: int) -> bool:
    return value is not None and value.dtype != object and value.nbytes <= most


def _free(nodes: Mapping[str, Any], source: str) -> str:
    name = source.replace(":", "/output_")
    while name in nodes:
        name += "_1"
    return name


def _constant(name: str, value: np.ndarray, node: Any, kind: Any = None) -> Any:
    """A Const; `kind` where an array does not tell the type, as quint8."""
    made = protos.NodeDef(name=name, op="Const", device=node.device)
    made.attr["dtype"].type = int(dtypes.as_dtype(value.dtype) if kind is None else kind)
    made.attr["value"].tensor.CopyFrom(tensor_protos.make_tensor_proto(value))
    made.attr["value"].tensor.dtype = made.attr["dtype"].type
    return made


def _known(definition: Any, given: set[str]) -> set[str]:
    """The nodes, of a sorted graph, that depend on constants alone."""
    found: set[str] = set()
    for node in definition.node:
        kind = op_defs.find(node.op)
        if kind is None or kind.stateful or node.op in _NEVER or node.name in given:
            continue
        if any(a.is_ref or _is_handle(node, a) for a in (*kind.inputs, *kind.outputs)):
            continue
        if (node.input or node.op == "Const") and all(
            source[:1] != "^" and _node(source) in found for source in node.input
        ):
            found.add(node.name)
    return found


def _is_handle(node: Any, argument: Any) -> bool:
    if argument.type is not None:
        return argument.type.name in ("resource", "variant")
    kind = node.attr[argument.type_attr].type if argument.type_attr in node.attr else 0
    return kind in (int(dtypes.resource), int(dtypes.variant))


def _values(definition: Any, wanted: list[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The values of tensors, and their types."""
    if not wanted:
        return {}, {}
    part = graph_util.extract_sub_graph(definition, sorted({_node(source) for source in wanted}))
    with graphs.Graph().as_default() as graph, session.Session() as sess:
        graph_defs.import_graph_def(part, name="")
        tensors = [graph.get_tensor_by_name(s if ":" in s else f"{s}:0") for s in wanted]
        try:
            found = sess.run(tensors)
        except errors.OpError:
            found = None
        if found is None:  # one that fails leaves the others: it may be of a branch that is never taken
            found = [_or_none(sess, tensor) for tensor in tensors]
    kinds = {s: tensor.dtype.base_dtype for s, tensor in zip(wanted, tensors, strict=True)}
    return {s: np.asarray(value) for s, value in zip(wanted, found, strict=True) if value is not None}, kinds


def _or_none(sess: Any, tensor: Any) -> Any:
    try:
        return sess.run(tensor)
    except errors.OpError:
        return None


def fold_scales(definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Any) -> Any:
    """A graph in which a product with a constant behind Conv2D, DepthwiseConv2dNative and MatMul is in their weights.

    The convolution takes the product's name. One whose result is used elsewhere too stays.
    """
    nodes = {node.name: node for node in definition.node}
    uses = collections.Counter(_node(source) for node in definition.node for source in node.input)
    made = protos.GraphDef(library=definition.library, versions=definition.versions)
    folded: dict[str, list[Any]] = {}
    dropped: set[str] = set()
    for node in definition.node:
        found = _scaled(nodes, uses, node) if node.op == "Mul" else None
        if found is not None and found[0].name not in {*inputs, *outputs}:
            conv, weights = found
            fresh = protos.NodeDef()
            fresh.CopyFrom(conv)
            fresh.name = node.name
            constant = _constant(_free(nodes, f"{node.name}:weights"), weights, conv)
            fresh.input[1] = constant.name
            folded[node.name] = [constant, fresh]
            dropped.add(conv.name)
    for node in definition.node:
        if node.name not in dropped:
            made.node.extend(folded.get(node.name, [node]))
    return made


def _scaled(nodes: Mapping[str, Any], uses: Any, product: Any) -> tuple[Any, np.ndarray] | None:
    """The convolution before a product with a constant, and its weights times that."""
    if len(product.input) != 2:
        return None
    for one, other in (product.input, product.input[::-1]):
        conv, scale = nodes.get(_node(one)), inference_graphs.constant_of(nodes, other)
        if (
            conv is None
            or conv.op not in ("Conv2D", "DepthwiseConv2dNative", "MatMul")
            or uses[conv.name] != 1
            or len(conv.input) < 2
        ):
            continue
        if scale is None or conv.attr["data_format"].s == b"NCHW":
            continue
        weights = inference_graphs.constant_of(nodes, conv.input[1])
        if weights is None or (conv.op == "MatMul" and conv.attr["transpose_b"].b):
            continue
        channels = weights.shape[2] * weights.shape[3] if conv.op == "DepthwiseConv2dNative" else weights.shape[-1]
        if scale.size not in (1, channels) or scale.shape != (1,) * (scale.ndim - 1) + (scale.size,) * bool(scale.ndim):
            continue
        if scale.ndim > (2 if conv.op == "MatMul" else 4):
            continue
        factors = np.broadcast_to(scale.reshape(-1), (channels,))
        if conv.op == "DepthwiseConv2dNative":
            factors = factors.reshape(weights.shape[2:])
        return conv, (weights * factors).astype(weights.dtype)
    return None
