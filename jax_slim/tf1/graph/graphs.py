"""`Graph`: operations by name; the default graph and session of each thread."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jax_slim.tf1.graph import devices, op_defs
from jax_slim.tf1.graph.graph_scopes import VALID_OP_NAME, GraphScopes
from jax_slim.tf1.graph.tensors import Operation, Tensor

_OWN = str(Path(__file__).resolve().parents[2])


class Graph(GraphScopes):
    """A graph of operations, as `tf.Graph`. What is made while it is the default graph becomes part of it."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._by_name: dict[str, Operation] = {}
        self._by_number: list[Operation] = []
        self._seed: int | None = None
        self._unfeedable: set[Tensor] = set()
        self._unfetchable: set[Any] = set()
        self._attr_scope: dict[str, Any] = {}
        self._functions: dict[str, Any] = {}
        self._last_loss_reduction: Any = None
        self.building_function = False
        self.version = 0  # grows with each change: what was planned for sessions is kept by it
        self._versions = {"producer": 134, "min_consumer": 0}

    # Operations.

    def create_op(self, op_type: str, inputs: Any, dtypes: Any, input_types: Any = None, name: str | None = None,
                  attrs: dict[str, Any] | None = None, op_def: Any = None, compute_shapes: bool = True, compute_device: bool = True) -> Operation:  # fmt: skip
        """Makes an operation. Shapes of its outputs are left unknown; `building` infers them.

        Raises:
          RuntimeError: the graph is finalized.
          ValueError: the name is not one, or inputs are of another graph.
        """
        self._check_not_finalized()
        inputs = [self._own(place, tensor, name or op_type) for place, tensor in enumerate(inputs)]
        name = name or op_type
        with self._lock:
            name = name[:-1] if name.endswith("/") else self.unique_name(name)
            if not VALID_OP_NAME.match(name):
                raise ValueError(f"'{name}' is not a valid node name")
            if name in self._by_name:
                raise ValueError(f"Duplicate node name in graph: '{name}'")
            attrs = dict(attrs or {})
            for key, value in self._attr_scope.items():
                attrs.setdefault(key, value)
            context = self._control_flow_context
            if context is not None:
                inputs = context.inputs_inside(op_type, name, inputs)
            control = self._control_inputs_for(inputs)
            if context is not None:
                control = context.control_inputs_inside(op_type, inputs, control)
            override = self._gradient_overrides.get(op_type)
            if override is not None and "_gradient_op_type" not in attrs:
                attrs["_gradient_op_type"] = override.encode()
            colocate = self._stack("colocations", [])
            if colocate:
                attrs["_class"] = sorted({group for op in colocate for group in op.colocation_groups()})
            op = Operation(
                self,
                name,
                op_type,
                op_def or op_defs.find(op_type),
                inputs,
                control,
                list(dtypes),
                attrs,
                "",
                _made_at(),
                context,
            )
            op.number = len(self._by_number)
            self._by_number.append(op)
            self._by_name[name] = op
            self._names_in_use.setdefault(name.lower(), 1)
            self.version += 1
            op._device = devices.resolve(self._stack("devices", []), op)
            for other in colocate:
                op._device = other.device or op._device
            for controller in self._stack("controllers", []):
                controller.made.add(op)
            if context is not None:
                context.add_op(op)
        return op

    def _own(self, place: int, tensor: Any, name: str) -> Tensor:
        """An input of a new operation, if it is a tensor of this graph. Functions' graphs take others in."""
        if not isinstance(tensor, Tensor):
            raise TypeError(f"Input #{place} is not a tensor: {tensor}")
        if tensor.graph is not self:
            raise ValueError(f"{tensor} must be from the same graph as the operation '{name}'.")
        return tensor

    def _add_function(self, function: Any) -> None:
        self._functions[function.name] = function

    def get_operations(self) -> list[Operation]:
        return list(self._by_number)

    def get_operation_by_name(self, name: str) -> Operation:
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=False, allow_operation=True)

    def get_tensor_by_name(self, name: str) -> Tensor:
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=True, allow_operation=False)

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """The tensor or operation that an object is, or a name says.

        Raises:
          KeyError: there is none of that name.
          ValueError: it is of another graph, or the name is not one.
          TypeError: it is neither, or not of the kind asked for.
        """
        wanted = (
            " or ".join(["a Tensor"] * allow_tensor + ["an Operation"] * allow_operation)
            .replace("a T", "T")
            .replace("an O", "O")
        )
        as_element = getattr(obj, "_as_graph_element", None)
        if as_element is not None:
            obj = as_element()
        if isinstance(obj, str):
            return self._named(obj, allow_tensor, allow_operation, wanted)
        if (isinstance(obj, Tensor) and allow_tensor) or (isinstance(obj, Operation) and allow_operation):
            if obj.graph is not self:
                raise ValueError(
                    f"{'Tensor' if isinstance(obj, Tensor) else 'Operation'} {obj!r} is not an element of this graph."
                )
            return obj
        raise TypeError(f"Can not convert a {type(obj).__name__} into a {wanted}.")

    def _named(self, name: str, allow_tensor: bool, allow_operation: bool, wanted: str) -> Any:
        if ":" in name and allow_tensor:
            op_name, _, place = name.rpartition(":")
            if not place.isdigit() or ":" in op_name:
                raise ValueError(
                    f'The name {name!r} looks a like a Tensor name, but is not a valid one. Tensor names must be of the form "<op_name>:<output_index>".'
                )
            op = self._by_name.get(op_name)
            if op is None:
                raise KeyError(
                    f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, does not exist in the graph."
                )
            if int(place) >= len(op.outputs):
                raise KeyError(
                    f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, exists but only has {len(op.outputs)} outputs."
                )
            return op.outputs[int(place)]
        if ":" in name:
            raise ValueError(f"Name {name!r} appears to refer to a Tensor, not a {wanted}.")
        op = self._by_name.get(name)
        if op is not None and not allow_operation:
            raise ValueError(
                f'The name {name!r} refers to an Operation, not a {wanted}. Tensor names must be of the form "<op_name>:<output_index>".'
            )
        if op is None and allow_operation:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
        if op is None:
            raise ValueError(
                f'The name {name!r} looks like an (invalid) Operation name, not a {wanted}. Tensor names must be of the form "<op_name>:<output_index>".'
            )
        return op

    @property
    def seed(self) -> int | None:
        return self._seed

    @seed.setter
    def seed(self, value: int | None) -> None:
        self._seed = value

    @property
    def _last_id(self) -> int:
        return len(self._by_number)

    @property
    def graph_def_versions(self) -> Any:
        from tensorboard.compat.proto import versions_pb2

        return versions_pb2.VersionDef(**self._versions)  # pyright: ignore[reportAttributeAccessIssue] - made on import

    def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> Any:
        """The graph as a GraphDef; with `from_version`, what was made since then."""
        from tensorboard.compat.proto import graph_pb2

        made = graph_pb2.GraphDef(versions=self.graph_def_versions)  # pyright: ignore[reportAttributeAccessIssue] - made on import
        for op in self._by_number[from_version or 0 :]:
            node = op.node_def
            if add_shapes and op.outputs:
                node.attr["_output_shapes"].list.shape.extend(t.shape.as_proto() for t in op.outputs)
            made.node.append(node)
        for function in self._functions.values():
            if hasattr(function, "definition"):
                made.library.function.append(function.definition)
        return made

    def prevent_feeding(self, tensor: Tensor) -> None:
        self._unfeedable.add(tensor)

    def is_feedable(self, tensor: Tensor) -> bool:
        return tensor not in self._unfeedable

    def prevent_fetching(self, op: Any) -> None:
        self._unfetchable.add(op)

    def is_fetchable(self, element: Any) -> bool:
        return (element.op if isinstance(element, Tensor) else element) not in self._unfetchable

    def session_for(self, session: Any, purpose: str) -> Any:
        """The session given, or the default one.

        Raises:
          ValueError: there is none, or it is of another graph.
        """
        session = session if session is not None else get_default_session()
        if session is None:
            raise ValueError(
                f"Cannot {purpose}: No default session is registered. Use `with sess.as_default()` or pass an explicit session."
            )
        if session.graph is not self:
            raise ValueError(f"Cannot {purpose}: the session's graph is different from its graph.")
        return session

    @contextlib.contextmanager
    def as_default(self) -> Iterator["Graph"]:
        _graphs().append(self)
        try:
            yield self
        finally:
            if _graphs() and _graphs()[-1] is self:
                _graphs().pop()
            elif self in _graphs():
                raise AssertionError("Nesting violated for default stack of graphs.")


def _made_at() -> str:
    frame: Any = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if (
            not code.co_filename.startswith(_OWN)
            and not code.co_filename.startswith("<frozen")
            and "contextlib" not in code.co_filename
        ):
            return f"{code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


# The default graph and session, for each thread.

_local = threading.local()
_global_graph: Graph | None = None


def _graphs() -> list[Graph]:
    if not hasattr(_local, "graphs"):
        _local.graphs = []
    return _local.graphs


def sessions() -> list[Any]:
    """The stack of this thread's default sessions."""
    if not hasattr(_local, "sessions"):
        _local.sessions = []
    return _local.sessions


def get_default_session() -> Any:
    """The innermost session whose `with` block is open in this thread, or None."""
    return sessions()[-1] if sessions() else None


def get_default_graph() -> Graph:
    """The innermost graph that is the default one in this thread, or the process's own."""
    global _global_graph
    if _graphs():
        return _graphs()[-1]
    if _global_graph is None:
        _global_graph = Graph()
    return _global_graph


def reset_default_graph() -> None:
    """Replaces the process's own graph by an empty one.

    Raises:
      AssertionError: inside of `with graph.as_default()`.
    """
    global _global_graph
    if _graphs():
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, exit the nesting and create a new graph."
        )
    _global_graph = None


class name_scope:
    """`tf.name_scope(name, default_name, values)`: a name scope of the graph that the values are of; yields `scope/`."""

    def __init__(self, name: str | None, default_name: str | None = None, values: Any = None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name for name_scope must be a string, got {name!r}.")
        self._name = default_name if name is None else name
        if self._name is None and values is not None:
            raise ValueError(f"At least one of name ({name}) and default_name ({default_name}) must be provided.")
        self._values = values
        self._stack: Any = None

    name = property(lambda self: self._name)

    def __enter__(self) -> str:
        graph = graph_of(self._values or [])
        self._stack = contextlib.ExitStack()
        if graph is not get_default_graph():
            self._stack.enter_context(graph.as_default())
        try:
            return self._stack.enter_context(graph.name_scope(self._name))
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *error: Any) -> Any:
        return self._stack.__exit__(*error)


def graph_of(values: Any) -> Graph:
    """The graph that tensors among the values are of, or the default one.

    Raises:
      ValueError: they are of different graphs.
    """
    found: Graph | None = None
    first: Any = None
    stack = list(values)
    while stack:
        value = stack.pop(0)
        if isinstance(value, list | tuple) and not hasattr(value, "graph"):
            stack[:0] = value
            continue
        graph = getattr(value, "graph", None)
        if not isinstance(graph, Graph) or get_default_graph().building_function:
            continue
        if found is None:
            found, first = graph, value
        elif graph is not found:
            raise ValueError(f"{value} must be from the same graph as {first}.")
    return found or get_default_graph()


def device(device_name_or_function: Any) -> Any:
    """`Graph.device` of the default graph."""
    return get_default_graph().device(device_name_or_function)


def control_dependencies(control_inputs: Any) -> Any:
    """`Graph.control_dependencies` of the default graph."""
    return get_default_graph().control_dependencies(control_inputs)


def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    """`Graph.colocate_with` of the default graph."""
    return get_default_graph().colocate_with(op, ignore_existing)


def add_to_collection(name: Any, value: Any) -> None:
    """`Graph.add_to_collection` of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """`Graph.add_to_collections` of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: str | None = None) -> list[Any]:
    """`Graph.get_collection` of the default graph."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list[Any]:
    """`Graph.get_collection_ref` of the default graph."""
    return get_default_graph().get_collection_ref(key)


def get_all_collection_keys() -> list[str]:
    """`Graph.get_all_collection_keys` of the default graph."""
    return get_default_graph().get_all_collection_keys()
