"""Transforms of GraphDefs that move and rename nodes: cutting, removing, merging, ordering, attributes, devices."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import attributes, dtypes, op_defs
from jax_slim.tf1.python import graph_util

Arguments = Mapping[str, list[str]]
_BACK = frozenset({"NextIteration", "RefNextIteration"})  # what closes the circle of a loop


def rewired(definition: Any, replaced: Mapping[str, str], dropped: frozenset[str] | set[str] = frozenset()) -> Any:
    """A GraphDef in which inputs of some tensors are others ('a' -> 'b:1'), without the dropped nodes."""
    made = protos.GraphDef(library=definition.library, versions=definition.versions)
    for node in definition.node:
        if node.name in dropped:
            continue
        changed = made.node.add()
        changed.CopyFrom(node)
        del changed.input[:]
        for source in node.input:
            control = source.startswith("^")
            plain = graph_util.node_name(source) if control else source.removesuffix(":0")
            plain = graph_util.end_of(replaced, plain)
            follows = f"^{graph_util.node_name(plain)}" if control else plain
            if not control or follows not in changed.input:
                changed.input.append(follows)
        _drop_neighbours(changed, dropped)
    return made


def _drop_neighbours(node: Any, dropped: frozenset[str] | set[str]) -> None:
    """A graph whose nodes are to stand beside missing ones cannot be imported."""
    if dropped and "_class" in node.attr:
        texts = node.attr["_class"].list.s
        there = [c for c in texts if c.decode("utf-8", "replace").removeprefix("loc:@") not in dropped]
        if there:
            texts[:] = there
        else:
            del node.attr["_class"]


def strip_unused_nodes(definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Arguments) -> Any:
    """What outputs need of a graph that is fed at its inputs, which become placeholders of a type and shape."""
    nodes = _checked(definition, [*inputs, *outputs])
    needed, stack = set(inputs), [name for name in outputs if name not in inputs]
    while stack:
        name = stack.pop()
        if name not in nodes:
            raise ValueError(f"strip_unused_nodes: the graph must hold what it uses, {name} is missing.")
        needed.add(name)
        stack.extend(source for source in map(graph_util.node_name, nodes[name].input) if source not in needed)
    kinds = dict(zip(arguments.get("name", ()), arguments.get("type_for_name", ()), strict=False))
    shapes = dict(zip(arguments.get("name", ()), arguments.get("shape_for_name", ()), strict=False))
    made = protos.GraphDef(library=definition.library, versions=definition.versions)
    for node in definition.node:
        if node.name not in needed:
            continue
        if node.name not in inputs or node.op == "Placeholder":
            made.node.add().CopyFrom(node)
            continue
        added = made.node.add(name=node.name, op="Placeholder")
        kind = kinds.get(node.name) or arguments.get("type", ["float"])[-1]
        added.attr["dtype"].type = int(_type(kind))
        shape = shapes.get(node.name) or arguments.get("shape", [""])[-1]
        if shape:
            for size in shape.split(","):
                added.attr["shape"].shape.dim.add(size=int(size))
        else:
            added.attr["shape"].shape.unknown_rank = True
    left = {node.name for node in definition.node} - needed
    return rewired(made, {}, left)


def _type(name: str) -> Any:
    try:
        return dtypes.as_dtype({"float": "float32", "double": "float64"}.get(name, name))
    except TypeError:
        raise ValueError(f"strip_unused_nodes: type must be a type, such as float, got {name!r}.") from None


def _checked(definition: Any, names: Sequence[str]) -> dict[str, Any]:
    nodes = {node.name: node for node in definition.node}
    missing = sorted({name for name in names if name not in nodes})
    if missing:
        raise ValueError(f"TransformGraph: inputs and outputs must be nodes of the graph, {missing} are not.")
    return nodes


def remove_nodes(definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Arguments) -> Any:
    """A graph without nodes of types that hand their input on; inputs and outputs stay."""
    kinds, most = arguments.get("op"), int(arguments.get("max_inputs", ["1"])[-1])
    if not kinds:
        raise ValueError("remove_nodes: op must be given: the type of the nodes to remove.")
    kept = {*inputs, *outputs}
    replaced = {
        node.name: node.input[0].removesuffix(":0")
        for node in definition.node
        if node.op in kinds
        and node.name not in kept
        and 0 < len(node.input) <= most
        and not any(source.startswith("^") for source in node.input)
    }
    return rewired(definition, replaced, set(replaced))


def merge_duplicate_nodes(definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Arguments) -> Any:
    """A graph in which nodes of one type with the same inputs and attributes are one."""
    kept = {*inputs, *outputs}
    while True:
        first: dict[bytes, str] = {}
        replaced = {}
        for node in definition.node:
            known = op_defs.find(node.op)
            if known is None or known.stateful or node.op.startswith(("Placeholder", "Variable")) or node.op in _FLOW:
                continue
            bare = protos.NodeDef()
            bare.CopyFrom(node)
            bare.name = ""
            bare.attr.pop("_class", None)
            found = first.setdefault(bare.SerializeToString(deterministic=True), node.name)
            if found != node.name and node.name not in kept:
                replaced[node.name] = found
        if not replaced:
            return definition
        several = {f"{old}:{n}": f"{new}:{n}" for old, new in replaced.items() for n in range(1, 8)}
        definition = rewired(definition, {**replaced, **several}, set(replaced))


_FLOW = frozenset(
    {"Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond", "RefEnter", "RefSwitch", "RefMerge"}
)


def sort_by_execution_order(definition: Any) -> Any:
    """A graph whose nodes stand behind their inputs."""
    nodes = {node.name: node for node in definition.node}
    made = protos.GraphDef(library=definition.library, versions=definition.versions)
    done: set[str] = set()
    for node in definition.node:
        stack = [node.name]
        waiting: set[str] = set()
        while stack:
            name = stack[-1]
            if name in done or name not in nodes:
                stack.pop()
                continue
            sources = [graph_util.node_name(s) for s in nodes[name].input]
            open_ones = [s for s in sources if s in nodes and s not in done and nodes[s].op not in _BACK]
            if open_ones and name in waiting:
                raise ValueError(f"sort_by_execution_order: the graph must have no circles, {name} is in one.")
            if open_ones:
                waiting.add(name)
                stack.extend(open_ones)
                continue
            stack.pop()
            done.add(name)
            made.node.add().CopyFrom(nodes[name])
    return made


def add_default_attributes(definition: Any) -> Any:
    """A graph whose nodes have all attributes of their types."""
    for node in definition.node:
        known = op_defs.find(node.op)
        for attribute in known.attributes.values() if known is not None else ():
            if attribute.has_default and attribute.name not in node.attr:
                node.attr[attribute.name].CopyFrom(attributes.to_proto(attribute.default, attribute.kind))
    return definition


def remove_attribute(definition: Any, inputs: Any, outputs: Any, arguments: Arguments) -> Any:
    """A graph without an attribute: of all nodes, or of those of one type."""
    name, kind = _one(arguments, "remove_attribute", "attribute_name"), arguments.get("op_name", ["*"])[-1]
    for node in definition.node:
        if kind in ("*", node.op):
            node.attr.pop(name, None)
    return definition


def rename_attribute(definition: Any, inputs: Any, outputs: Any, arguments: Arguments) -> Any:
    """A graph in which an attribute has another name: of all nodes, or of those of one type."""
    old, new = (_one(arguments, "rename_attribute", f"{which}_attribute_name") for which in ("old", "new"))
    kind = arguments.get("op_name", ["*"])[-1]
    for node in definition.node:
        if kind in ("*", node.op) and old in node.attr:
            node.attr[new].CopyFrom(node.attr[old])
            del node.attr[old]
    return definition


def rename_op(definition: Any, inputs: Any, outputs: Any, arguments: Arguments) -> Any:
    """A graph in which nodes of one type are of another."""
    old, new = (_one(arguments, "rename_op", f"{which}_op_name") for which in ("old", "new"))
    for node in definition.node:
        node.op = new if node.op == old else node.op
    return definition


def _one(arguments: Arguments, transform: str, name: str) -> str:
    if len(arguments.get(name, ())) != 1:
        raise ValueError(f"{transform}: {name} must be given once.")
    return arguments[name][0]


def remove_device(definition: Any) -> Any:
    """A graph whose nodes may run anywhere."""
    return _each(definition, lambda node: setattr(node, "device", ""))


def set_device(definition: Any, inputs: Any, outputs: Any, arguments: Arguments) -> Any:
    """A graph whose nodes have a device: all, or those without one."""
    device, only_free = (
        _one(arguments, "set_device", "device"),
        arguments.get("if_default", ["false"])[-1].lower() == "true",
    )
    return _each(definition, lambda node: None if only_free and node.device else setattr(node, "device", device))


def remove_control_dependencies(definition: Any) -> Any:
    """A graph without edges that only order nodes."""

    def without(node: Any) -> None:
        data = [source for source in node.input if not source.startswith("^")]
        del node.input[:]
        node.input.extend(data)

    return _each(definition, without)


def _each(definition: Any, change: Callable[[Any], Any]) -> Any:
    for node in definition.node:
        change(node)
    return definition


def obfuscate_names(definition: Any, inputs: Sequence[str], outputs: Sequence[str], arguments: Arguments) -> Any:
    """A graph with short names in the place of all but those of its inputs and outputs."""
    kept = {*inputs, *outputs}
    names: dict[str, str] = {}
    number = 0
    for node in definition.node:
        if node.name in kept:
            continue
        short = _short(number)
        while short in kept:
            number += 1
            short = _short(number)
        names[node.name], number = short, number + 1
    for node in definition.node:
        node.attr.pop("_class", None)
        node.name = names.get(node.name, node.name)
        for place, source in enumerate(node.input):
            old = graph_util.node_name(source)
            node.input[place] = source.replace(old, names.get(old, old), 1)
    return definition


def _short(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    found = letters[number % 52]
    while number >= 52:
        number = number // 52 - 1
        found += letters[number % 52]
    return found
