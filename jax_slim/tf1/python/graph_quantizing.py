"""`quantize_nodes` of `TransformGraph`: operations of floats in eight bits, between conversions there and back."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import attributes, dtypes, op_defs, tensor_protos
from jax_slim.tf1.python import graph_util

Arguments = Mapping[str, list[str]]


class _Kind(NamedTuple):
    """How an operation is done in eight bits.

    Attributes:
      op: the type that does it.
      kept: attributes that stay.
      wide: whether its result has 32 bits, which are brought back to eight.
      floats: how many of its inputs, the first ones, become eight bits; the others stay (None: all but the last).
    """

    op: str
    kept: tuple[str, ...] = ()
    wide: bool = False
    floats: int | None = 1


_WINDOW = ("ksize", "strides", "padding")
_KINDS = {
    "Conv2D": _Kind("QuantizedConv2D", ("strides", "padding", "dilations"), wide=True, floats=2),
    "MatMul": _Kind("QuantizedMatMul", ("transpose_a", "transpose_b"), wide=True, floats=2),
    "BiasAdd": _Kind("QuantizedBiasAdd", wide=True, floats=2),
    "Add": _Kind("QuantizedAdd", wide=True, floats=2),
    "AddV2": _Kind("QuantizedAdd", wide=True, floats=2),
    "Mul": _Kind("QuantizedMul", wide=True, floats=2),
    "Relu": _Kind("QuantizedRelu"),
    "Relu6": _Kind("QuantizedRelu6"),
    "MaxPool": _Kind("QuantizedMaxPool", _WINDOW),
    "AvgPool": _Kind("QuantizedAvgPool", _WINDOW),
    "Reshape": _Kind("QuantizedReshape", ("Tshape",)),
    "ConcatV2": _Kind("QuantizedConcat", floats=None),
}
_TYPES = {
    "QuantizedConv2D": ("Tinput", "Tfilter", "out_type"), "QuantizedMatMul": ("T1", "T2", "Toutput"),
    "QuantizedBiasAdd": ("T1", "T2", "out_type"), "QuantizedAdd": ("T1", "T2", "Toutput"),
    "QuantizedMul": ("T1", "T2", "Toutput"), "QuantizedRelu": ("Tinput", "out_type"),
    "QuantizedRelu6": ("Tinput", "out_type"),
}  # fmt: skip
"""The attributes that are types, the last one the result's; others have T alone."""


def quantize_nodes(definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Arguments) -> Any:
    """A graph whose convolutions, products, sums, activations and pools compute with eight bits, from their own ranges.

    The inputs of each are brought to quint8 by the least and the largest that they hold in a run (or from `fallback_min` to
    `fallback_max` where these are given), results of 32 bits back to eight, and a Dequantize has the node's name. What one
    operation brings back and the next would bring there again goes on as it is.

    Raises:
      ValueError: only one of the two fallbacks is given.
    """
    fallback = [arguments.get(f"fallback_{end}", [None])[-1] for end in ("min", "max")]
    if (fallback[0] is None) != (fallback[1] is None):
        raise ValueError("quantize_nodes: fallback_min must be given with fallback_max.")
    ignored = set(arguments.get("ignore_op", ()))
    made = _Made(definition, None if fallback[0] is None else (float(fallback[0]), float(str(fallback[1]))))
    for node in definition.node:
        kind = None if node.op in ignored else _KINDS.get(node.op)
        if kind is None or not _fits(node):
            made.graph.node.add().CopyFrom(node)
        else:
            made.quantized(node, kind)
    # What converts back is used no more where all that used it computes with eight bits.
    there = {node.name for node in made.graph.node}
    return graph_util.extract_sub_graph(made.graph, [n for n in dict.fromkeys([*outputs, *inputs]) if n in there])


def _fits(node: Any) -> bool:
    if node.attr["T"].type != int(dtypes.float32) or any(source.startswith("^") for source in node.input):
        return False
    return node.attr["data_format"].s in (b"", b"NHWC")


class _Made:
    """The graph as it grows, and which tensors are there in eight bits."""

    def __init__(self, definition: Any, ranges: tuple[float, float] | None) -> None:
        self.graph = protos.GraphDef(library=definition.library, versions=definition.versions)
        self._ranges = ranges
        self._eight = {
            node.name: tuple(node.input[:3])
            for node in definition.node
            if node.op == "Dequantize"
            and node.attr["mode"].s == b"MIN_FIRST"
            and node.attr["T"].type == int(dtypes.quint8)
        }

    def _add(self, op: str, name: str, inputs: Sequence[str], device: str = "", **facts: Any) -> str:
        node = self.graph.node.add(name=name, op=op, device=device, input=list(inputs))
        known = op_defs.find(op)
        assert known is not None
        for key, value in facts.items():
            node.attr[key].CopyFrom(attributes.to_proto(value, known.attributes[key].kind))
        return name

    def _constant(self, name: str, value: Any) -> str:
        node = self.graph.node.add(name=name, op="Const")
        array = np.asarray(value)
        node.attr["dtype"].type = int(dtypes.as_dtype(array.dtype))
        node.attr["value"].tensor.CopyFrom(tensor_protos.make_tensor_proto(array))
        return name

    def _as_eight(self, source: str, above: str) -> tuple[str, str, str]:
        """A tensor in eight bits, its least and its largest value: from where it was converted back, or converted now."""
        found = self._eight.get(source.removesuffix(":0"))
        if found is not None:
            return found
        name = f"{above}/{source.replace(':', '_')}"
        if self._ranges is not None:
            ends = [self._constant(f"{name}/{end}", np.float32(v)) for end, v in zip(("min", "max"), self._ranges, strict=True)]  # fmt: skip
        else:
            flat = self._add("Reshape", f"{name}/reshape", [source, self._constant(f"{name}/reshape_dims", np.array([-1], np.int32))], T=dtypes.float32)  # fmt: skip
            axis = self._constant(f"{name}/reduction_dims", np.array([0], np.int32))
            ends = [self._add(op, f"{name}/{op.lower()}", [flat, axis], T=dtypes.float32, keep_dims=False) for op in ("Min", "Max")]  # fmt: skip
        into = self._add("QuantizeV2", f"{name}/quantize", [source, *ends], T=dtypes.quint8, mode=b"MIN_FIRST")
        self._eight[source.removesuffix(":0")] = found = (into, f"{into}:1", f"{into}:2")
        return found

    def quantized(self, node: Any, kind: _Kind) -> None:
        """The nodes that do in eight bits what a node does, and one of its name that gives floats."""
        above = f"{node.name}_eightbit"
        count = len(node.input) - 1 if kind.floats is None else kind.floats
        given, rest = list(node.input[:count]), list(node.input[count:])
        values, lows, highs = zip(*(self._as_eight(source, above) for source in given), strict=True)
        ranges = [end for pair in zip(lows, highs, strict=True) for end in pair]
        facts: dict[str, Any] = {
            name: attributes.from_proto(node.attr[name]) for name in kind.kept if name in node.attr
        }
        names = _TYPES.get(kind.op, ("T",))
        facts |= dict.fromkeys(names, dtypes.quint8)
        if kind.wide:
            facts[names[-1]] = dtypes.qint32
        if kind.op == "QuantizedConcat":
            inputs, facts["N"] = [*rest, *values, *lows, *highs], count
        else:
            inputs = [*values, *rest, *ranges]
        main = self._add(kind.op, f"{node.name}/eightbit", inputs, node.device, **facts)
        found = (main, f"{main}:1", f"{main}:2")
        if kind.wide:
            limits = self._add("RequantizationRange", f"{main}/requant_range", found, node.device, Tinput=dtypes.qint32)
            back = self._add(
                "Requantize", f"{main}/requantize", [*found, limits, f"{limits}:1"], node.device, Tinput=dtypes.qint32,
                out_type=dtypes.quint8,
            )  # fmt: skip
            found = (back, f"{back}:1", f"{back}:2")
        self._add("Dequantize", node.name, found, node.device, T=dtypes.quint8, mode=b"MIN_FIRST")
        self._eight[node.name] = found
