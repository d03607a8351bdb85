"""`optimize_for_inference_lib`: GraphDefs without what only training needs, batch norm folded into convolutions."""

import collections
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import dtypes, tensor_protos
from jax_slim.tf1.python import graph_util, logging, stripping

# Where each type of batch norm has its inputs, and which attribute is its epsilon.
_FUSED = {"x": 0, "gamma": 1, "beta": 2, "mean": 3, "variance": 4}
_NORMS = {
    "FusedBatchNorm": (_FUSED, "epsilon"),
    "FusedBatchNormV2": (_FUSED, "epsilon"),
    "FusedBatchNormV3": (_FUSED, "epsilon"),
    "BatchNormWithGlobalNormalization": (
        {"x": 0, "mean": 1, "variance": 2, "beta": 3, "gamma": 4},
        "variance_epsilon",
    ),
}
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")


def optimize_for_inference(
    input_graph_def: Any,
    input_node_names: list[str],
    output_node_names: list[str],
    placeholder_type_enum: Any,
    toco_compatible: bool = False,
) -> Any:
    """A frozen graph without what only training needs, and with batch norm folded into the convolutions before it.

    Resizing is not fused with convolutions: what TensorFlow makes of that is right for the first image of a batch only.

    Args:
      input_node_names: nodes that become placeholders, of `placeholder_type_enum` (one type, or one for each).
      output_node_names: what the graph is cut to.
      toco_compatible: accepted; the graph is the same.

    Raises:
      ValueError: two nodes have one name, or an input of a node is missing.
    """
    ensure_graph_is_valid(input_graph_def)
    found = stripping.strip_unused(input_graph_def, input_node_names, output_node_names, placeholder_type_enum)
    found = graph_util.remove_training_nodes(found, output_node_names)
    found = fold_batch_norms(found)
    found = graph_util.extract_sub_graph(found, output_node_names)
    ensure_graph_is_valid(found)
    return found


def ensure_graph_is_valid(graph_def: Any) -> None:
    """Checks that names are unique and inputs are there.

    Raises:
      ValueError: they are not.
    """
    names: set[str] = set()
    for node in graph_def.node:
        if node.name in names:
            raise ValueError(f"Duplicate node names detected for {node.name}")
        names.add(node.name)
    for node in graph_def.node:
        for source in node.input:
            if node_name_from_input(source) not in names:
                raise ValueError(f"Input for {node.name} not found: {source}")


def node_name_from_input(node_name: str) -> str:
    """The node that an input is of: '^a' and 'a:1' are of 'a'."""
    return graph_util.node_name(node_name)


def node_from_map(node_map: dict[str, Any], name: str) -> Any:
    """The node that an input names.

    Raises:
      ValueError: there is none.
    """
    found = node_map.get(node_name_from_input(name))
    if found is None:
        raise ValueError(f"No node named '{node_name_from_input(name)}' found in map.")
    return found


def values_from_const(node_def: Any) -> np.ndarray:
    """The array of a Const.

    Raises:
      ValueError: it is another node.
    """
    if node_def.op != "Const":
        raise ValueError(f"Can not extract constant value from a node that is not Const. Got:\n{node_def}")
    return tensor_protos.make_ndarray(node_def.attr["value"].tensor)


class _Fold(NamedTuple):
    """A batch norm whose scale goes into the weights before it.

    Attributes:
      conv: the convolution.
      bias: the BiasAdd between the two, or None.
      weights, offset: the new constants.
    """

    conv: Any
    bias: Any
    weights: np.ndarray
    offset: np.ndarray


def fold_batch_norms(input_graph_def: Any) -> Any:
    """A frozen graph in which batch norm behind Conv2D and DepthwiseConv2dNative is in their weights and a BiasAdd.

    The BiasAdd has the batch norm's name, the convolution its own; the new constants are called '<convolution>_weights'
    and '<convolution>_bn_offset', with '_1' where that is taken. A convolution whose result is used elsewhere too is left as it is.
    """
    nodes = {node.name: node for node in input_graph_def.node}
    uses = collections.Counter(node_name_from_input(s) for node in input_graph_def.node for s in node.input)
    folds: dict[str, _Fold] = {}
    for node in input_graph_def.node:
        if node.op in _NORMS and not _in_training(node) and not _others_used(input_graph_def, node.name):
            found = _fold(nodes, uses, node)
            if found is not None:
                folds[node.name] = found
    made = protos.GraphDef()
    made.library.CopyFrom(input_graph_def.library)
    made.versions.CopyFrom(input_graph_def.versions)
    moved = {f.conv.name for f in folds.values()} | {f.bias.name for f in folds.values() if f.bias is not None}
    for node in input_graph_def.node:
        if node.name in folds:
            _write(made, node, folds[node.name], set(nodes))
        elif node.name not in moved:
            made.node.add().CopyFrom(node)
    return made


def _in_training(node: Any) -> bool:
    return node.op.startswith("Fused") and ("is_training" not in node.attr or node.attr["is_training"].b)


def _others_used(graph_def: Any, name: str) -> bool:
    """Whether someone reads the moments that a batch norm gives beside its result."""
    return any(s.startswith(f"{name}:") and s != f"{name}:0" for node in graph_def.node for s in node.input)


def _fold(nodes: dict[str, Any], uses: Any, norm: Any) -> _Fold | None:
    places, epsilon = _NORMS[norm.op]
    if len(norm.input) < len(places):
        return None
    before = nodes.get(node_name_from_input(norm.input[places["x"]]))
    bias = None
    if before is not None and before.op in ("BiasAdd", "BiasAddV1") and len(before.input) > 1:
        bias, before = before, nodes.get(node_name_from_input(before.input[0]))
    if (
        before is None
        or before.op not in _CONVOLUTIONS
        or len(before.input) < 2
        or any(uses[n.name] > 1 for n in (before, bias) if n is not None)
    ):
        return None
    names = [before.input[1], *(norm.input[places[k]] for k in ("gamma", "beta", "mean", "variance"))]
    names += [bias.input[1]] if bias is not None else []
    constants: list[Any] = [constant_of(nodes, name) for name in names]
    if any(c is None for c in constants):
        logging.warning("Didn't find expected constants before %s: it is not folded.", norm.name)
        return None
    weights, gamma, beta, mean, variance, *added = constants
    if norm.op == "BatchNormWithGlobalNormalization" and not norm.attr["scale_after_normalization"].b:
        gamma = np.ones_like(mean)
    of_channels = weights.shape[3] if before.op == "Conv2D" else weights.shape[2] * weights.shape[3]
    if weights.ndim != 4 or any(v.shape != (of_channels,) for v in (gamma, beta, mean, variance, *added)):
        logging.warning("Incorrect shapes of constants before %s: it is not folded.", norm.name)
        return None
    scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + norm.attr[epsilon].f)
    shift = beta + ((added[0] if added else 0) - mean.astype(np.float64)) * scale
    in_place = scale if before.op == "Conv2D" else scale.reshape(weights.shape[2:])
    return _Fold(before, bias, (weights * in_place).astype(weights.dtype), shift.astype(weights.dtype))


def constant_of(nodes: Mapping[str, Any], source: str) -> np.ndarray | None:
    """The array of a constant, also through the Identity nodes of frozen graphs."""
    node, seen = nodes.get(node_name_from_input(source)), set()
    while node is not None and node.op == "Identity" and node.input and node.name not in seen:
        seen.add(node.name)
        node = nodes.get(node_name_from_input(node.input[0]))
    return values_from_const(node) if node is not None and node.op == "Const" else None


def _write(made: Any, norm: Any, fold: _Fold, taken: set[str]) -> None:
    number = int(dtypes.as_dtype(fold.weights.dtype))
    names = []
    for suffix, value in (("weights", fold.weights), ("bn_offset", fold.offset)):
        name = f"{fold.conv.name}_{suffix}"
        while name in taken:  # slim's 'depthwise' has variables called 'depthwise_weights'
            name += "_1"
        names.append(name)
        constant = made.node.add(name=name, op="Const")
        constant.attr["dtype"].type = number
        constant.attr["value"].tensor.CopyFrom(tensor_protos.make_tensor_proto(value))
    conv = made.node.add()
    conv.CopyFrom(fold.conv)
    conv.input[1] = names[0]
    bias = made.node.add(name=norm.name, op="BiasAdd", device=norm.device)
    bias.input.extend([fold.conv.name, names[1]])
    bias.input.extend(s for s in norm.input if s.startswith("^"))
    bias.attr["T"].type = number
    bias.attr["data_format"].s = fold.conv.attr["data_format"].s or b"NHWC"
