"""GraphDefs into graphs: `tf.import_graph_def`."""

import heapq
import re
from typing import Any

import numpy as np

from jax_slim.tf1.files import constructs, function_defs, lowering
from jax_slim.tf1.graph import (
    attributes,
    building,
    conversion,
    devices,
    dtypes,
    errors,
    graphs,
    op_defs,
    shape_inference,
    shapes,
)
from jax_slim.tf1.graph.tensors import Operation, Tensor

# Attributes that TensorFlow 2 added and that change no result.
_HINTS = frozenset({"grad_a", "grad_b", "grad_x", "grad_y", "metadata", "debug_name", "allowed_devices"})
# Attributes that later versions of TensorFlow have given to operations, with the values that mean what was before.
_LATER = {"axis": -1, "ensure_minimum_range": float(np.float32(0.01))}


def import_graph_def(
    graph_def: Any,
    input_map: Any = None,
    return_elements: Any = None,
    name: Any = None,
    op_dict: Any = None,
    producer_op_list: Any = None,
) -> Any:
    """Makes the nodes of a GraphDef in the default graph, below a name scope.

    Args:
      input_map: names of tensors in the GraphDef -> tensors that take their place ('^name' for control inputs).
      return_elements: names of operations ('conv1/Relu') and tensors ('conv1/Relu:0').
      name: the scope; 'import' by default, '' is the root.

    Returns:
      A list of what `return_elements` names, or None.

    Raises:
      TypeError, ValueError: an argument is not of the right kind; a name in it is not in the GraphDef, or nodes do not fit.
    """
    if not hasattr(graph_def, "node") or not hasattr(graph_def, "library"):
        raise TypeError(f"graph_def must be a GraphDef proto, got {type(graph_def).__name__}.")
    input_map = _checked_map(input_map)
    if return_elements is not None:
        return_elements = list(return_elements)
        if not all(isinstance(e, str) for e in return_elements):
            raise TypeError("return_elements must be a list of strings.")
    with graphs.name_scope(name, "import", list(input_map.values())) as scope:
        graph = graphs.get_default_graph()
        prefix = scope[:-1] if scope else ""
        input_map = {k: _as_mapped(k, v) for k, v in input_map.items()}
        importer = _Importer(graph, graph_def, input_map, prefix)
        importer.run()
    unused = sorted(set(input_map) - importer.used)
    missing = [k for k in unused if not importer.has(k)]
    if missing:
        raise ValueError(f"Attempted to map inputs that were not found in graph_def: [{', '.join(missing)}]")
    return None if return_elements is None else [importer.element(e) for e in return_elements]


def _checked_map(input_map: Any) -> dict[str, Any]:
    if input_map is None:
        return {}
    if not isinstance(input_map, dict) or not all(isinstance(k, str | bytes) for k in input_map):
        raise TypeError("input_map must be a dictionary mapping strings to Tensor objects.")
    return {k.decode() if isinstance(k, bytes) else k: v for k, v in input_map.items()}


def _as_mapped(name: str, value: Any) -> Any:
    if name.startswith("^"):
        return value.op if isinstance(value, Tensor) else value
    return conversion.convert_to_tensor(value)


class _Importer:
    """One import: the nodes by name, in an order in which what an operation needs is there before it."""

    def __init__(self, graph: graphs.Graph, graph_def: Any, input_map: dict[str, Any], prefix: str) -> None:
        self._graph, self._map, self._prefix = graph, {}, prefix
        graph_def = lowering.lowered(graph_def)
        self._nodes = {node.name: node for node in graph_def.node}
        if len(self._nodes) != len(graph_def.node):
            raise ValueError("Node names in a GraphDef must be unique.")
        self._library = graph_def.library
        self._order = graph_def.node
        self._keys: dict[str, str] = {}
        for key, value in input_map.items():
            self._map[_full(key)] = value
            self._keys[_full(key)] = key
        self.used: set[str] = set()
        self._ops: dict[str, Operation] = {}
        self._late: list[tuple[Operation, int, str]] = []

    def has(self, key: str) -> bool:
        """Whether the GraphDef has what a key of the input map names."""
        name, _, place = _full(key).lstrip("^").partition(":")
        return name in self._nodes and (not place or name not in self._ops or int(place) < len(self._ops[name].outputs))

    def element(self, name: str) -> Any:
        """The imported operation or tensor of a name."""
        op_name, colon, place = name.partition(":")
        op = self._ops.get(op_name)
        if op is None or (colon and (not place.isdigit() or int(place) >= len(op.outputs))):
            raise ValueError(f"Requested return_element '{name}' not found in graph_def.")
        return op.outputs[int(place)] if colon else op

    def run(self) -> None:
        for function in self._library.function:
            known = self._graph._functions
            known.setdefault(
                function.signature.name, function_defs.LibraryFunction(function, self._library, import_graph_def)
            )
        self._check_types()
        for node in self._sorted():
            self._ops[node.name] = self._make(node)
        for op, place, source in self._late:
            op._update_input(place, self._tensor(source))
            shape_inference.infer(op)
        found = constructs.restore(self._graph, list(self._ops.values()))
        for op in self._ops.values():
            _set_known_shapes(op)
            if op.type == "SlimGradient":
                self._find_forward(op, found)

    def _check_types(self) -> None:
        """Refuses types that TensorFlow 1.15 does not have, all of them at once.

        Raises:
          NotFoundError: there are some.
        """
        unknown: dict[str, str] = {}
        for node in self._order:
            if op_defs.find(node.op) is None:
                unknown.setdefault(node.op, node.name)
        if unknown:
            names = ", ".join(f"'{op}' (node '{name}')" for op, name in unknown.items())
            raise errors.NotFoundError(
                None,
                None,
                f"Op type not registered {names}: jax-slim has the types of TensorFlow 1.15. What the fetches do not need can be "
                "left out: tf.graph_util.extract_sub_graph, or the outputs of slim.graphs.load.",
            )

    def _sorted(self) -> list[Any]:
        """Nodes after their inputs; what closes a loop (NextIteration into Merge) is left out of account."""
        waiting, users = {}, {}
        for node in self._order:
            needs = set()
            for source in node.input:
                name = source.lstrip("^").partition(":")[0]
                if _full(source) in self._map or name == node.name:
                    continue
                if name not in self._nodes:
                    raise ValueError(f"Node '{node.name}': Unknown input node '{source}'")
                if node.op in ("Merge", "RefMerge") and self._nodes[name].op in ("NextIteration", "RefNextIteration"):
                    continue
                needs.add(name)
            waiting[node.name] = needs
            for name in needs:
                users.setdefault(name, []).append(node.name)
        places = {node.name: place for place, node in enumerate(self._order)}
        order, ready = [], [places[name] for name, needs in waiting.items() if not needs]
        while ready:  # in the order of the file where that is possible
            node = self._order[heapq.heappop(ready)]
            order.append(node)
            for user in users.get(node.name, []):
                waiting[user].discard(node.name)
                if not waiting[user]:
                    heapq.heappush(ready, places[user])
        if len(order) != len(self._order):
            stuck = [node.name for node in self._order if waiting[node.name]]
            raise ValueError(f"The GraphDef has a cycle through {stuck[:5]}.")
        return order

    def _tensor(self, source: str) -> Tensor:
        full = _full(source)
        if full in self._map:
            self.used.add(self._keys[full])
            return self._map[full]
        name, _, place = full.partition(":")
        op = self._ops[name]
        if int(place) >= len(op.outputs):
            raise ValueError(f"Node '{name}' has {len(op.outputs)} outputs, '{source}' asks for more.")
        return op.outputs[int(place)]

    def _control(self, source: str) -> Operation:
        if source in self._map:
            self.used.add(self._keys[source])
            return self._map[source]
        return self._ops[source[1:]]

    def _make(self, node: Any) -> Operation:
        attrs = {key: attributes.from_proto(value) for key, value in node.attr.items()}
        kind, attrs = attributes.of_stand_in(node.op, attrs)
        definition: Any = op_defs.find(kind)
        for attribute in definition.attributes.values():
            if attrs.get(attribute.name) is None and attribute.has_default:
                attrs[attribute.name] = attribute.default
            elif attribute.name not in attrs:
                raise ValueError(
                    f"NodeDef missing attr '{attribute.name}' from Op<name={node.op}> (node '{node.name}')"
                )
        for name, value in attrs.items():
            if getattr(getattr(value, "DESCRIPTOR", None), "name", "") == "NameAttrList":
                attrs[name] = self._graph._functions.get(value.name, value)
            if (
                name not in definition.attributes
                and not name.startswith("_")
                and name not in _HINTS
                and not _is_nothing(value)
                and value != _LATER.get(name)
            ):
                raise ValueError(f"NodeDef mentions attr '{name}' not in Op<name={node.op}> (node '{node.name}')")
        attrs = {k: v for k, v in attrs.items() if k in definition.attributes or k.startswith("_")}
        known_shapes = attrs.pop("_output_shapes", None)
        if "_class" in attrs:
            attrs["_class"] = [self._colocation(c) for c in attrs["_class"]]
        sources = [s for s in node.input if not s.startswith("^")]
        inputs: list[Any] = []
        late = []
        for place, source in enumerate(sources):
            name = source.partition(":")[0]
            if _full(source) not in self._map and name not in self._ops:  # what closes a loop
                late.append((place, source))
                inputs.append(None)
            else:
                inputs.append(self._tensor(source))
        stand_in = next((t for t in inputs if t is not None), None)
        inputs = [stand_in if t is None else t for t in inputs]
        _check_inputs(node, definition, attrs, inputs)
        controls = [self._control(s) for s in node.input if s.startswith("^")]
        name = f"{self._prefix}/{node.name}" if self._prefix else node.name
        if name in self._graph._by_name:
            raise ValueError(f"Node name '{name}' already exists in the Graph")
        with self._graph.colocate_with(None, ignore_existing=True):
            op = self._graph.create_op(
                kind,
                inputs,
                building.output_types(definition, attrs),
                name=name + "/",
                attrs=attrs,
                op_def=definition,
            )
        op._add_control_inputs(controls)
        if node.device:
            merged = devices.DeviceSpec.from_string(op.device or "")
            merged.merge_from(devices.DeviceSpec.from_string(node.device))
            op._set_device(merged.to_string() if op.device else node.device)
        self._late += [(op, place, source) for place, source in late]
        if op.type == "Const":
            if attrs["value"].dtype != np.dtype(attrs["dtype"].as_numpy_dtype):
                raise ValueError(
                    f"Node '{node.name}': the constant is of {attrs['value'].dtype}, not {attrs['dtype'].name}."
                )
            op.outputs[0].set_shape(attrs["value"].shape)
        elif not late:
            shape_inference.infer(op)
        if known_shapes:
            op.private["known_shapes"] = known_shapes
        return op

    def _find_forward(self, op: Operation, found: dict[str, Any]) -> None:
        """Gradients name the operation that they are of."""
        said, places, given = op.attrs["forward"], op.attrs["places"], op.attrs["given"]
        lists = isinstance(said, bytes) and isinstance(places, list) and isinstance(given, list)
        if not lists or not _within(places, len(op.inputs) - len(given)) or len(places) != len(op.outputs):
            raise ValueError(f"Node '{op.name}' does not say what it is the gradient of.")
        own = said.decode("utf-8", "replace")
        name = f"{self._prefix}/{own}" if self._prefix else own
        # A loop keeps the name of its frame, whatever prefix its nodes get.
        forward = self._graph._by_name.get(name) or found.get(name) or found.get(own)
        if forward is None:
            raise ValueError(f"Node '{op.name}' is the gradient of '{name}', which the graph does not have.")
        if not _within(given, len(forward.outputs)):
            raise ValueError(f"Node '{op.name}' does not say what it is the gradient of.")
        op.attrs["forward"] = forward.name.encode()
        op.private.update(forward=forward, inputs=tuple(places), gradients=tuple(given))

    def _colocation(self, group: bytes) -> bytes:
        if not self._prefix or not group.startswith(b"loc:@"):
            return group
        return b"loc:@" + self._prefix.encode() + b"/" + group[5:]


def _within(numbers: list[Any], limit: int) -> bool:
    return all(type(number) is int and 0 <= number < limit for number in numbers)


def _is_nothing(value: Any) -> bool:
    """Whether an attribute says what its absence says: later versions of TensorFlow write new ones so."""
    return value is None or (isinstance(value, bool | int | float | bytes | list) and not value)


def _check_inputs(node: Any, definition: op_defs.OpDef, attrs: dict[str, Any], inputs: list[Tensor]) -> None:
    """Whether a node has as many inputs, and of the types, as its operation takes."""
    wanted: list[Any] = []
    for argument in definition.inputs:
        if argument.list_attr:
            wanted.extend(attrs[argument.list_attr])
        else:
            count = attrs[argument.count_attr] if argument.count_attr else 1
            if not isinstance(count, int) or not 0 <= count <= len(node.input):
                raise ValueError(f"Node '{node.name}': {argument.count_attr} is {count}, of {len(node.input)} inputs.")
            wanted.extend([argument.type or attrs[argument.type_attr]] * count)
    if len(wanted) != len(inputs):
        raise ValueError(f"Node '{node.name}': {node.op} takes {len(wanted)} inputs, and the node has {len(inputs)}.")
    for place, (kind, tensor) in enumerate(zip(wanted, inputs, strict=True)):
        if not isinstance(kind, dtypes.DType) or kind.base_dtype != tensor.dtype.base_dtype:
            raise ValueError(
                f"Input {place} of node {node.name} was passed {tensor.dtype.name} from {tensor.name} incompatible with expected {getattr(kind, 'name', kind)}."
            )


def _set_known_shapes(op: Operation) -> None:
    for tensor, shape in zip(op.outputs, op.private.pop("known_shapes", []), strict=False):
        shape = shapes.as_shape(shape)
        if tensor.shape.is_compatible_with(shape):
            tensor.set_shape(shape)


def _full(name: str) -> str:
    """'name:0' for 'name'."""
    return name if name.startswith("^") or re.search(r":\d+$", name) else name + ":0"
