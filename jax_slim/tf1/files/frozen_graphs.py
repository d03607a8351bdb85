"""Graphs as messages: cut to what outputs need, described."""

import collections
import math
from collections.abc import Iterable, Sequence
from typing import Any

from jax_slim.tf1.files import graph_defs, protos
from jax_slim.tf1.graph import attributes, building, dtypes, op_defs

_CHECKS = frozenset({"Assert", "Print", "PrintV2"})
_PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2"})
_OF_SAVERS = frozenset(
    {"Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints", "ShardedFilename", "MergeSummary", "Assert"}
)
_RESOURCE_UPDATES = ("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp", "ResourceApply", "ResourceScatter", "ResourceSparseApply")  # fmt: skip
_VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp"})


def ends(definition: Any) -> list[str]:
    """The first outputs of nodes that no other node uses: of those that depend on an input, where some do."""
    used = {source.lstrip("^").partition(":")[0] for node in definition.node for source in node.input}
    found = [node.name for node in definition.node if node.name not in used and _is_result(node)]
    fed = _depending(definition)
    return [f"{name}:0" for name in [n for n in found if n in fed] or found]


def _is_result(node: Any) -> bool:
    """Whether a node gives what somebody may want: no input or update, nothing of gradients, checks, summaries, savers."""
    known = op_defs.find(node.op)
    if node.op == "Shape" or "gradients/" in node.name or "/assert_" in node.name:
        return False
    if (
        node.op.startswith("Placeholder")
        or node.op.endswith("Summary")
        or node.op in _OF_SAVERS | _CHECKS
        or _writes(node)
    ):
        return False
    return known is None or bool(known.outputs)


def _depending(definition: Any) -> set[str]:
    """The nodes whose values depend on a placeholder, a queue or an iterator."""
    users: dict[str, list[str]] = {}
    for node in definition.node:
        for source in node.input:
            if source[:1] != "^":
                users.setdefault(source.partition(":")[0], []).append(node.name)
    stack = [node.name for node in definition.node if node.op in _PLACEHOLDERS or is_source(node.op)]
    found: set[str] = set()
    while stack:
        for user in users.get(stack.pop(), []):
            if user not in found:
                found.add(user)
                stack.append(user)
    return found


def is_source(op: str) -> bool:
    """Whether operations of a type give what another part of a program has to bring: batches of queues and data sets."""
    return op.startswith(("QueueDequeue", "IteratorGetNext", "ReaderRead", "PyFunc")) or op == "EagerPyFunc"


def _writes(node: Any) -> bool:
    """Whether a node changes what was a variable before it was frozen."""
    if node.op.startswith(_RESOURCE_UPDATES):
        return True
    known = op_defs.find(node.op)
    return known is not None and any(a.is_ref for a in known.inputs) and not node.op.startswith("Ref")


def needed_inputs(definition: Any, inputs: list[str], outputs: list[str]) -> list[str]:
    """The inputs that outputs need besides those given: placeholders; where none are needed, batches of queues and the like.

    Raises:
      ValueError: a name is not in the graph.
    """
    nodes = _named(definition, [*inputs, *outputs])
    reached = _reached(nodes, set(inputs), outputs, _skipped(definition))
    tensors = {t: nodes[t.partition(":")[0]].op for t in reached if t[0] != "^"}
    found = [t for t, op in tensors.items() if op in _PLACEHOLDERS] or [t for t, op in tensors.items() if is_source(op)]
    order = {node.name: place for place, node in enumerate(definition.node)}
    return sorted(found, key=lambda tensor: (order[tensor.partition(":")[0]], tensor))


def cut(
    definition: Any, inputs: list[str], outputs: list[str], operations: Sequence[str] = ()
) -> tuple[Any, dict[str, str]]:
    """A GraphDef of what outputs and operations need, with placeholders in the place of inputs; and what those are called.

    Raises:
      ValueError: a name is not in the graph.
    """
    nodes = _named(definition, [*inputs, *outputs])
    made, renamed = protos.GraphDef(library=definition.library), {}
    for name in inputs:
        node = nodes[name.rpartition(":")[0]]
        if node.op not in _PLACEHOLDERS:
            renamed[name] = _stand_in(made, node, int(name.rpartition(":")[2]))
    skipped = _skipped(definition)
    targets = [*outputs, *(name for name in inputs if name not in renamed)]
    seen = _owners(_reached(nodes, set(renamed), targets, skipped))
    whole = _owners(
        _reached(nodes, set(renamed), [f"^{name}" for name in operations], set())
    )  # updates are meant there
    for node in definition.node:
        if node.name in seen or node.name in whole:
            added = made.node.add()
            added.CopyFrom(node)
            added.attr.pop("_class", None)
            del added.input[:]
            sources = _sources(node, set() if node.name in whole else skipped)
            added.input.extend(renamed.get(_full(s), s) for s in sources)
    return made, renamed


def _owners(tensors: Iterable[str]) -> set[str]:
    return {tensor.lstrip("^").partition(":")[0] for tensor in tensors}


def _named(definition: Any, tensors: list[str]) -> dict[str, Any]:
    """The nodes by name, among which are those of the tensors."""
    nodes = {node.name: node for node in definition.node}
    for name in tensors:
        if name.rpartition(":")[0] not in nodes:
            raise ValueError(f"it has no tensor {name}.")
    return nodes


def _reached(nodes: dict[str, Any], given: set[str], targets: list[str], skipped: set[str]) -> dict[str, None]:
    """The tensors ('^name' for operations) that targets need, these included, up to those given."""
    found: dict[str, None] = {}
    stack, entered = list(targets), set()
    while stack:
        tensor = stack.pop()
        name = tensor.lstrip("^").partition(":")[0]
        if tensor in given or name not in nodes:
            continue
        found[tensor] = None
        if name not in entered:
            entered.add(name)
            stack.extend(_full(source) for source in _sources(nodes[name], skipped))
    return found


def _skipped(definition: Any) -> set[str]:
    """The nodes that nothing waits for here: checks, and updates of what was a variable."""
    return {node.name for node in definition.node if node.op in _CHECKS or _writes(node)}


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
    if node.op == "Const":  # as the net of 2015 for photographs takes its file
        added.attr["shape"].shape.CopyFrom(node.attr["value"].tensor.tensor_shape)
    else:
        added.attr["shape"].shape.unknown_rank = True
    return f"{added.name}:0"


def build(definition: Any) -> None:
    """Makes the nodes in the default graph."""
    graph_defs.import_graph_def(definition, name="")


def describe(definition: Any) -> dict[str, Any]:
    """What a graph holds: inputs and outputs, how many operations of each type, sizes of constants, types not known here."""
    inputs, constants, variables = {}, {}, {}
    library = definition.library.function
    bodies = [node for function in library for node in function.node_def]
    functions = {function.signature.name for function in library}
    types: collections.Counter[str] = collections.Counter(node.op for node in [*definition.node, *bodies])
    for node in definition.node:
        if node.op.startswith("Placeholder") and node.op != "PlaceholderWithDefault":
            inputs[f"{node.name}:0"] = _facts(node.attr["dtype"].type, node.attr["shape"].shape)
        elif node.op == "Const":
            tensor = node.attr["value"].tensor
            facts = _facts(tensor.dtype, tensor.tensor_shape)
            constants[node.name] = {**facts, "elements": math.prod(size or 0 for size in facts["shape"] or [])}
        elif node.op in _VARIABLES:
            variables[node.name] = _facts(node.attr["dtype"].type, node.attr["shape"].shape)
    return {
        "inputs": inputs,
        "outputs": ends(definition),
        "operations": dict(sorted(types.items(), key=lambda item: (-item[1], item[0]))),
        "constants": constants,
        "variables": variables,
        "functions": sorted(functions),
        "unknown": sorted(op for op in types if op_defs.find(op) is None and op not in functions),
    }


def of_info(info: Any) -> dict[str, Any]:
    """Type and shape that a signature says of a tensor."""
    return _facts(info.dtype, info.tensor_shape)


def _facts(kind: int, shape: Any) -> dict[str, Any]:
    sizes = None if shape.unknown_rank else [None if d.size < 0 else d.size for d in shape.dim]
    return {"dtype": _type(kind), "shape": sizes}


def _type(number: int) -> str:
    try:
        return dtypes.as_dtype(number).name
    except TypeError:
        return f"type {number}"
