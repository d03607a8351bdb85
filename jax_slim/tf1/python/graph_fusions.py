"""Transforms of GraphDefs that make one node of several, or bring nodes to an older form."""

import collections
from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import dtypes, tensor_protos
from jax_slim.tf1.python import graph_util
from jax_slim.tf1.python.graph_editing import Arguments, rewired


def _uses(definition: Any, outputs: Sequence[str]) -> collections.Counter[str]:
    found = collections.Counter(graph_util.node_name(source) for node in definition.node for source in node.input)
    found.update(outputs)
    return found


def _constant_of(nodes: dict[str, Any], source: str) -> np.ndarray | None:
    node = nodes.get(graph_util.node_name(source))
    return None if node is None or node.op != "Const" else tensor_protos.make_ndarray(node.attr["value"].tensor)


def fuse_pad_and_conv(definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Arguments) -> Any:
    """A graph in which a mirrored border and the convolution behind it are one FusedPadConv2D, where nothing else uses the border."""
    nodes = {node.name: node for node in definition.node}
    uses, dropped = _uses(definition, outputs), set()
    for node in definition.node:
        pad = nodes.get(graph_util.node_name(node.input[0])) if node.op == "Conv2D" else None
        if pad is None or pad.op != "MirrorPad" or uses[pad.name] > 1 or not _plain(node):
            continue
        image, borders = pad.input[0], pad.input[1]
        weights = node.input[1]
        node.op = "FusedPadConv2D"
        for name in set(node.attr) - {"T", "strides", "padding", "_class"}:
            del node.attr[name]
        node.attr["mode"].CopyFrom(pad.attr["mode"])
        node.input[:] = [image, borders, weights, *node.input[2:]]
        dropped.add(pad.name)
    return rewired(definition, {}, dropped)


def _plain(node: Any) -> bool:
    return node.attr["data_format"].s in (b"", b"NHWC") and set(node.attr["dilations"].list.i) <= {1}


def flatten_atrous_conv(definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Arguments) -> Any:
    """A graph in which a convolution between SpaceToBatchND and BatchToSpaceND is one whose weights have zeros between them.

    The constant of these is called '<node>/upsampled_filter'. Where crops and borders are neither those of SAME nor none, the nodes stay.
    """
    nodes = {node.name: node for node in definition.node}
    uses, dropped = _uses(definition, outputs), set()
    made = protos.GraphDef(library=definition.library, versions=definition.versions)
    for node in definition.node:
        found = _atrous(nodes, uses, node) if node.op == "BatchToSpaceND" else None
        if found is None:
            made.node.add().CopyFrom(node)
            continue
        conv, image, weights, padding = found
        constant = made.node.add(name=f"{node.name}/upsampled_filter", op="Const", device=conv.device)
        constant.attr["dtype"].type = int(dtypes.as_dtype(weights.dtype))
        constant.attr["value"].tensor.CopyFrom(tensor_protos.make_tensor_proto(weights))
        flat = made.node.add()
        flat.CopyFrom(conv)
        flat.name = node.name
        flat.attr["padding"].s = padding
        flat.input[:] = [image, constant.name]
        dropped |= {conv.name, graph_util.node_name(conv.input[0])}
    return rewired(made, {}, dropped)


def _atrous(nodes: dict[str, Any], uses: Any, back: Any) -> Any:
    """(convolution, its image, weights with zeros between them, padding), or None where it is no such pattern."""
    conv = nodes.get(graph_util.node_name(back.input[0]))
    if conv is None or conv.op not in ("Conv2D", "DepthwiseConv2dNative") or uses[conv.name] > 1 or len(conv.input) > 2:
        return None
    forth = nodes.get(graph_util.node_name(conv.input[0]))
    weights = _constant_of(nodes, conv.input[1])
    if forth is None or forth.op != "SpaceToBatchND" or uses[forth.name] > 1 or weights is None or not _plain(conv):
        return None
    if conv.attr["padding"].s != b"VALID" or set(conv.attr["strides"].list.i) != {1}:
        return None
    block, borders = _constant_of(nodes, forth.input[1]), _constant_of(nodes, forth.input[2])
    again, crops = _constant_of(nodes, back.input[1]), _constant_of(nodes, back.input[2])
    if (
        block is None
        or borders is None
        or again is None
        or crops is None
        or block.tolist() != again.tolist()
        or block.size != 2
    ):
        return None
    wide = np.zeros([(k - 1) * int(b) + 1 for k, b in zip(weights.shape[:2], block, strict=True)] + list(weights.shape[2:]), weights.dtype)  # fmt: skip
    wide[:: int(block[0]), :: int(block[1])] = weights
    kept = borders - crops  # what is left of the borders once the result was cropped
    same = [[(size - 1) // 2, size - 1 - (size - 1) // 2] for size in wide.shape[:2]]
    padding = b"SAME" if np.array_equal(kept, same) else b"VALID" if not kept.any() else None
    return None if padding is None else (conv, forth.input[0], wide, padding)


def backport_concatv2(definition: Any, inputs: Any, outputs: Any, arguments: Arguments) -> Any:
    """A graph in which ConcatV2 is Concat, which TensorFlow before 1.0 has."""
    for node in definition.node:
        if node.op == "ConcatV2":
            count = node.attr["N"].i
            *values, axis = node.input[: count + 1]
            node.input[:] = [axis, *values, *node.input[count + 1 :]]
            node.op = "Concat"
            node.attr.pop("Tidx", None)
    return definition


def rename_node(definition: Any, inputs: Any, outputs: Any, arguments: Arguments) -> Any:
    """A graph in which one node has another name, `new_node_name` for `old_node_name`.

    Raises:
      ValueError: the new name is another node's.
    """
    names = [arguments.get(f"{which}_node_name", []) for which in ("old", "new")]
    if [len(n) for n in names] != [1, 1]:
        raise ValueError("rename_node: old_node_name and new_node_name must be given once.")
    old, new = names[0][0], names[1][0]
    if any(node.name == new for node in definition.node):
        raise ValueError(f"rename_node: new_node_name must be a name that is free, {new} is a node's.")
    for node in definition.node:
        node.name = new if node.name == old else node.name
        for place, source in enumerate(node.input):
            if graph_util.node_name(source) == old:
                node.input[place] = source.replace(old, new, 1)
    return definition
