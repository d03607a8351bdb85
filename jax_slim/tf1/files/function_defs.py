"""Functions of a GraphDef's library, made graphs of their own when they are first called."""

import functools
from collections.abc import Mapping
from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import attributes, graphs, op_defs, rows
from jax_slim.tf1.graph.tensors import Tensor


class LibraryFunction:
    """A FunctionDef with the library that it calls others of. What it captured are its last inputs.

    Attributes:
      definition: the FunctionDef, as it was read. Its graph is made by `read`, which is `import_graph_def`.
    """

    captured_inputs: tuple[Tensor, ...] = ()

    def __init__(self, definition: Any, library: Any, read: Any) -> None:
        self.definition, self.name, self._library, self._read = definition, definition.signature.name, library, read

    graph = property(lambda self: self._made[0])
    inputs = property(lambda self: self._made[1])
    outputs = property(lambda self: self._made[2])

    @functools.cached_property
    def _made(self) -> tuple[graphs.Graph, list[Tensor], list[Tensor]]:
        signature, places = self.definition.signature, Places(self.definition)
        body = protos.GraphDef(library=self._library)
        for argument in signature.input_arg:
            node = body.node.add(name=argument.name, op="Placeholder")
            node.attr["dtype"].type = argument.type
            node.attr["shape"].shape.unknown_rank = True
        for node in self.definition.node_def:
            added = body.node.add()
            added.CopyFrom(node)
            del added.input[:]
            added.input.extend(places.plain(source) for source in node.input)
        graph = graphs.Graph()
        graph.building_function = True
        with graph.as_default():
            wanted = [f"{a.name}:0" for a in signature.input_arg]
            wanted += [places.plain(self.definition.ret[a.name]) for a in signature.output_arg]
            wanted = [w if ":" in w else f"{w}:0" for w in wanted]
            found = self._read(body, name="", return_elements=wanted)
        count = len(signature.input_arg)
        return graph, found[:count], found[count:]


class Places:
    """Inputs as a function spells them, `node:output:0`, to a graph's spelling, `node:1`.

    `functions` are those that nodes may call by their names.
    """

    def __init__(self, definition: Any, functions: Mapping[str, Any] | None = None) -> None:
        self._functions = functions or {}
        self._arguments = {a.name for a in definition.signature.input_arg}
        self._nodes = {node.name: node for node in definition.node_def}

    def plain(self, source: str) -> str:
        name, *rest = source.split(":")
        if source.startswith("^") or source in self._arguments or len(rest) < 2:
            return source
        node = self._nodes.get(name)
        if node is not None and node.op in self._functions:
            names = [a.name for a in self._functions[node.op].signature.output_arg]
            return f"{name}:{names.index(rest[0])}" if rest[0] in names else source
        definition = None if node is None else op_defs.find(node.op)
        if node is None or definition is None:
            return source
        attrs = {key: attributes.from_proto(value) for key, value in node.attr.items()}
        place = 0
        for output in definition.outputs:
            if output.name == rest[0]:
                return f"{name}:{place + int(rest[1])}"
            count = rows.size_of(output, attrs)
            place += 1 if count is None else count
        raise ValueError(f"Node '{name}' of type {node.op} has no output '{rest[0]}'.")
