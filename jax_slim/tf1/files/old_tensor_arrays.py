"""TensorArrays of TensorFlow before 1.0 in GraphDefs, as those that came after: handles were texts, and flows began as constants."""

from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import dtypes

_MAKERS = frozenset({"TensorArray", "TensorArrayV2"})
_GRADIENTS = frozenset({"TensorArrayGrad", "TensorArrayGradV2"})
_NAMES = ("Close", "Concat", "Gather", "Read", "Scatter", "Size", "Split", "Write")
_NEW = {
    **dict.fromkeys(_MAKERS, "TensorArrayV3"),
    **dict.fromkeys(_GRADIENTS, "TensorArrayGradV3"),
    **{f"TensorArray{n}{v}": f"TensorArray{n}V3" for n in _NAMES for v in ("", "V2")},
}
_PACKS = frozenset({"TensorArrayPack", "TensorArrayUnpack"})
_CHANGED = frozenset({*_NEW, *_PACKS})
# What gives a flow that it was given, changed.
_GIVES_FLOW = frozenset(f"TensorArray{n}{v}" for n in ("Scatter", "Split", "Write", "Unpack") for v in ("", "V2", "V3"))
_PASSES = frozenset({"Enter", "Exit", "Identity", "Merge", "NextIteration", "Switch"})
_PASSES_ON = _PASSES | {f"Ref{op}" for op in _PASSES}


def renewed(graph_def: Any) -> Any:
    """The same graph with TensorArrayV3 and its kin in the place of older ones, or `graph_def` itself where it has none of them."""
    if not any(node.op in _CHANGED for node in graph_def.node):
        return graph_def
    made = protos.GraphDef()
    made.CopyFrom(graph_def)
    nodes = {node.name: node for node in made.node}
    handles = _handles(made, nodes)
    for node in list(made.node):
        if node.op in _CHANGED and node.op not in _MAKERS | _GRADIENTS and node.input:
            array = handles.get(_source(node.input[0]))
            place = _flow_place(node)
            if array and place is not None:
                _begin_flows(node, place, array, nodes)
    for name in handles:
        node = nodes[name]
        if node.op in _PASSES_ON:
            node.op = node.op.removeprefix("Ref")
            node.attr["T"].type = int(dtypes.as_dtype("resource"))
    for node in list(made.node):
        if node.op in _PACKS:
            _spread(node, made)
        elif node.op in _NEW:
            node.op = _NEW[node.op]
    return made


def _handles(graph_def: Any, nodes: dict[str, Any]) -> dict[str, str]:
    """Nodes that give the handle of an array -> the node that makes the array, or "" for one of gradients: their sums begin with 0."""
    users: dict[str, list[Any]] = {}
    for node in graph_def.node:
        for source in node.input:
            users.setdefault(_source(source), []).append(node)
    found = {node.name: node.name for node in graph_def.node if node.op in _MAKERS}
    todo = list(found)
    while todo:
        name = todo.pop()
        for user in users.get(name, ()):
            first = user.op not in ("Merge", "RefMerge") and (not user.input or _source(user.input[0]) != name)
            if user.op in _PASSES_ON | _GRADIENTS and user.name not in found and not first:
                found[user.name] = "" if user.op in _GRADIENTS else found[name]
                todo.append(user.name)
    return found


def _begin_flows(node: Any, place: int, array: str, nodes: dict[str, Any]) -> None:
    """Has the flow that comes into a node begin at the array, where it begins as a constant."""
    todo, seen = [(node, place)], set()
    while todo:
        user, place = todo.pop()
        before = nodes.get(_source(user.input[place]))
        if before is None or (user.name, place) in seen:
            continue
        seen.add((user.name, place))
        if before.op == "Const":
            user.input[place] = f"{array}:1"
        elif before.op in _GIVES_FLOW:
            found = _flow_place(before)
            todo.extend([] if found is None else [(before, found)])
        elif before.op in _PASSES_ON:
            count = 1 if "Merge" not in before.op else len([i for i in before.input if not i.startswith("^")])
            todo.extend((before, i) for i in range(min(count, len(before.input))))


def _flow_place(node: Any) -> int | None:
    """Which input is the flow: the last one that is data."""
    data = [place for place, source in enumerate(node.input) if not source.startswith("^")]
    return data[-1] if len(data) > 1 else None


def _spread(node: Any, graph_def: Any) -> None:
    """Elements as one tensor, and its way back, by the operations that later took their place: with all indices in order."""

    def add(op: str, end: str, inputs: list[str], **kinds: str) -> str:
        made = graph_def.node.add(name=f"{node.name}/{end}", op=op, device=node.device)
        made.input.extend(inputs)
        for key, kind in kinds.items():
            made.attr[key].type = int(dtypes.as_dtype(kind))
        return made.name

    def number(end: str, value: int, sizes: tuple[int, ...] = ()) -> str:
        # It waits for what it is used with, so that it is in the same round of a loop.
        name = add("Const", end, [f"^{_source(node.input[1])}"], dtype="int32")
        tensor = graph_def.node[-1].attr["value"].tensor
        tensor.dtype = int(dtypes.int32)
        for size in sizes:
            tensor.tensor_shape.dim.add(size=size)
        tensor.int_val.append(value)
        return name

    handle = node.input[0]
    if node.op == "TensorArrayPack":
        count = add("TensorArraySizeV3", "size", [handle, node.input[1]])
    else:
        shape = add("Shape", "shape", [node.input[1]], T="float", out_type="int32")
        graph_def.node[-1].attr["T"].CopyFrom(node.attr["T"])
        ends = [number("begin", 0, (1,)), number("end", 1, (1,)), number("strides", 1, (1,))]
        count = add("StridedSlice", "count", [shape, *ends], T="int32", Index="int32")
        graph_def.node[-1].attr["shrink_axis_mask"].i = 1
    indices = add("Range", "range", [number("start", 0), count, number("delta", 1)], Tidx="int32")
    node.op = "TensorArrayGatherV3" if node.op == "TensorArrayPack" else "TensorArrayScatterV3"
    inputs = [handle, indices, *node.input[1:]]
    del node.input[:]
    node.input.extend(inputs)


def _source(text: str) -> str:
    return text.lstrip("^").partition(":")[0]
