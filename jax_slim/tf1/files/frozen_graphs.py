"""Frozen graphs as messages: read from files, cut to what outputs need, described."""

import collections
import math
import warnings
from pathlib import Path
from typing import Any

from jax_slim.tf1.files import graph_defs, protos
from jax_slim.tf1.graph import attributes, building, dtypes, op_defs

_CHECKS = frozenset({"Assert", "Print", "PrintV2"})


def read(path: Any) -> Any:
    """The GraphDef of a file, in bytes or as text.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it holds no GraphDef.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    data = Path(path).read_bytes()
    made = protos.GraphDef()
    try:
        made.ParseFromString(data)
    except DecodeError:
        made = protos.GraphDef()
        try:
            with warnings.catch_warnings(action="ignore"):  # of broken escapes
                text_format.Merge(data.decode(), made)
        except (text_format.ParseError, UnicodeDecodeError, ValueError, RecursionError) as error:
            reason = (
                str(error).splitlines()[0]
                if isinstance(error, text_format.ParseError)
                else "neither a message nor text"
            )
            raise ValueError(f"load: path must be a TensorFlow graph (a GraphDef), got {path}: {reason}.") from None
    if not made.node:
        raise ValueError(f"load: path must be a TensorFlow graph (a GraphDef), got {path}, which has no nodes.")
    return made


def ends(definition: Any) -> list[str]:
    """The first outputs of nodes that no other node uses."""
    used = {source.lstrip("^").partition(":")[0] for node in definition.node for source in node.input}
    found = []
    for node in definition.node:
        known = op_defs.find(node.op)
        if (
            node.name not in used
            and (known is None or known.outputs)
            and not _writes(node)
            and node.op != "Placeholder"
        ):
            found.append(f"{node.name}:0")
    return found


def _writes(node: Any) -> bool:
    """Whether a node changes what was a variable before it was frozen."""
    known = op_defs.find(node.op)
    return known is not None and any(a.is_ref for a in known.inputs) and not node.op.startswith("Ref")


def cut(definition: Any, inputs: list[str], outputs: list[str]) -> tuple[Any, dict[str, str]]:
    """A GraphDef of what outputs need, with placeholders in the place of inputs; and what those are called.

    Raises:
      ValueError: a name is not in the graph.
    """
    nodes = {node.name: node for node in definition.node}
    for name in [*inputs, *outputs]:
        if name.rpartition(":")[0] not in nodes:
            raise ValueError(f"it has no tensor {name}.")
    made, renamed = protos.GraphDef(library=definition.library), {}
    for name in inputs:
        node = nodes[name.rpartition(":")[0]]
        if node.op not in ("Placeholder", "PlaceholderV2"):
            renamed[name] = _stand_in(made, node, int(name.rpartition(":")[2]))
    skipped = {node.name for node in definition.node if node.op in _CHECKS or _writes(node)}
    stack = [name.rpartition(":")[0] for name in outputs if name not in renamed]
    stack += [name.rpartition(":")[0] for name in inputs if name not in renamed]
    seen = set()
    while stack:
        name = stack.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        for source in _sources(nodes[name], skipped):
            if _full(source) not in renamed:
                stack.append(source.lstrip("^").partition(":")[0])
    for node in definition.node:
        if node.name in seen:
            added = made.node.add()
            added.CopyFrom(node)
            added.attr.pop("_class", None)
            del added.input[:]
            added.input.extend(renamed.get(_full(s), s) for s in _sources(node, skipped))
    return made, renamed


def _full(source: str) -> str:
    return source if ":" in source or source.startswith("^") else source + ":0"


def _sources(node: Any, skipped: set[str]) -> list[str]:
    return [s for s in node.input if not (s.startswith("^") and s[1:] in skipped)]


def _stand_in(made: Any, node: Any, place: int) -> str:
    known = op_defs.find(node.op)
    if known is None:
        raise ValueError(f"the type of {node.name}:{place} is not known: it is an output of {node.op}.")
    attrs = {key: attributes.from_proto(value) for key, value in node.attr.items()}
    types = building.output_types(known, {**{a.name: a.default for a in known.attributes.values()}, **attrs})
    if place >= len(types):
        raise ValueError(f"{node.name} has {len(types)} outputs.")
    added = made.node.add(name=f"{node.name}/input_{place}", op="Placeholder")
    added.attr["dtype"].type = int(types[place].base_dtype)
    added.attr["shape"].shape.unknown_rank = True
    return f"{added.name}:0"


def build(definition: Any) -> None:
    """Makes the nodes in the default graph."""
    graph_defs.import_graph_def(definition, name="")


def describe(definition: Any) -> dict[str, Any]:
    """What a graph holds: inputs and outputs, how many operations of each type, sizes of constants, types not known here."""
    inputs, constants = {}, {}
    types: collections.Counter[str] = collections.Counter(node.op for node in definition.node)
    for node in definition.node:
        if node.op.startswith("Placeholder"):
            shape = node.attr["shape"].shape
            sizes = None if shape.unknown_rank else [None if d.size < 0 else d.size for d in shape.dim]
            inputs[f"{node.name}:0"] = {"dtype": _type(node.attr["dtype"].type), "shape": sizes}
        elif node.op == "Const":
            tensor = node.attr["value"].tensor
            sizes = [d.size for d in tensor.tensor_shape.dim]
            constants[node.name] = {"dtype": _type(tensor.dtype), "shape": sizes, "elements": math.prod(sizes)}
    return {
        "inputs": inputs,
        "outputs": ends(definition),
        "operations": dict(sorted(types.items(), key=lambda item: (-item[1], item[0]))),
        "constants": constants,
        "functions": [f.signature.name for f in definition.library.function],
        "unknown": sorted(op for op in types if op_defs.find(op) is None),
    }


def _type(number: int) -> str:
    try:
        return dtypes.as_dtype(number).name
    except TypeError:
        return f"type {number}"
