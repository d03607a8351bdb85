"""What a graph keeps while it is built: name scopes, collections, and the scopes that say how further operations are made."""

import contextlib
import re
import threading
from collections.abc import Iterator
from typing import Any

from jax_slim.tf1.graph import collections, devices
from jax_slim.tf1.graph.tensors import Operation, Tensor

VALID_OP_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\-/]*$")
_VALID_SCOPE_NAME = re.compile(r"^[A-Za-z0-9_.\-/]*$")


class GraphScopes:
    """The part of a `Graph` that does not know its operations."""

    def __init__(self) -> None:
        self._names_in_use: dict[str, int] = {}
        self._collections = collections.Collections()
        self._finalized = False
        self._local = threading.local()
        self._control_flow_context: Any = None
        self._gradient_overrides: dict[str, str] = {}
        self._container = ""

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        raise NotImplementedError

    def _check_not_finalized(self) -> None:
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    def finalize(self) -> None:
        self._finalized = True

    finalized = property(lambda self: self._finalized)

    def _unsafe_unfinalize(self) -> None:
        self._finalized = False

    # Scopes are kept for each thread.

    def _stack(self, name: str, start: Any) -> Any:
        if not hasattr(self._local, name):
            setattr(self._local, name, start)
        return getattr(self._local, name)

    @property
    def _name_stack(self) -> str:
        return self._stack("names", "")

    @_name_stack.setter
    def _name_stack(self, value: str) -> None:
        self._local.names = value

    # Names.

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """The name below the current scope, with `_1`, `_2`, ... where it is taken, without regard to case."""
        if self._name_stack:
            name = f"{self._name_stack}/{name}"
        key = name.lower()
        taken = self._names_in_use.get(key, 0)
        if mark_as_used:
            self._names_in_use[key] = taken + 1
        if taken:
            base = key
            while key in self._names_in_use:
                key = f"{base}_{taken}"
                taken += 1
            if mark_as_used:
                self._names_in_use[key] = 1
                self._names_in_use[base] = taken
            name = f"{name}_{taken - 1}"
        return name

    @contextlib.contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Names inside get the prefix `name/`, made unique; a name that ends in '/' is opened again as it is; None is the root."""
        if name:
            if isinstance(name, bytes):
                name = name.decode()
            if self._name_stack:
                if not _VALID_SCOPE_NAME.match(name):
                    raise ValueError(f"'{name}' is not a valid scope name")
            elif not VALID_OP_NAME.match(name):
                raise ValueError(f"'{name}' is not a valid scope name")
        old = self._name_stack
        new = "" if not name else name[:-1] if name.endswith("/") else self.unique_name(name)
        self._name_stack = new
        try:
            yield f"{new}/" if new else ""
        finally:
            self._name_stack = old

    def get_name_scope(self) -> str:
        return self._name_stack

    # Collections.

    def add_to_collection(self, name: Any, value: Any) -> None:
        self._check_not_finalized()
        self._collections.add(name, value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        for name in {names: None} if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection_ref(self, name: Any) -> list[Any]:
        return self._collections.ref(name)

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        return self._collections.get(name, scope)

    def get_all_collection_keys(self) -> list[str]:
        return self._collections.keys()

    def clear_collection(self, name: Any) -> None:
        self._check_not_finalized()
        self._collections.clear(name)

    collections = property(lambda self: self.get_all_collection_keys())

    # How operations are made.

    @contextlib.contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        stack = self._stack("devices", [])
        stack.append(devices.entry(device_name_or_function))
        try:
            yield
        finally:
            stack.pop()

    @contextlib.contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        stack = self._stack("colocations", [])
        if op is None and not ignore_existing:
            raise ValueError("Trying to reset colocation (op is None) but ignore_existing is not True")
        if isinstance(op, Operation | Tensor) or op is None:
            node = op.op if isinstance(op, Tensor) else op
        else:
            node = op.op
        kept, kept_devices = stack[:], self._stack("devices", [])
        self._local.colocations = ([] if ignore_existing else kept) + ([node] if node is not None else [])
        self._local.devices = []  # a place that something needs is stronger than what functions of devices would say
        try:
            yield
        finally:
            self._local.colocations, self._local.devices = kept, kept_devices

    def _colocate_with_for_gradient(self, op: Any, gradient_uid: Any = None, ignore_existing: bool = False) -> Any:
        return self.colocate_with(op, ignore_existing)

    @contextlib.contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        old, self._container = self._container, container_name
        try:
            yield container_name
        finally:
            self._container = old

    @contextlib.contextmanager
    def gradient_override_map(self, op_type_map: dict[str, str]) -> Iterator[None]:
        if not isinstance(op_type_map, dict):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        old = self._gradient_overrides
        self._gradient_overrides = {**old, **op_type_map}
        try:
            yield
        finally:
            self._gradient_overrides = old

    @contextlib.contextmanager
    def _kernel_label_map(self, op_to_kernel_label_map: dict[str, str]) -> Iterator[None]:
        yield

    def control_dependencies(self, control_inputs: Any) -> "_Controller":
        """Operations made inside run after `control_inputs`; None clears what the scopes around ask for."""
        if control_inputs is None:
            return _Controller(self, None)
        ops: list[Operation] = []
        for entry in control_inputs:
            as_element = getattr(entry, "_as_graph_element", None)
            entry = entry if as_element is None else as_element()
            if hasattr(entry, "values") and hasattr(entry, "indices"):
                entry = entry.values
            entry = getattr(entry, "flow", entry) if not isinstance(entry, Tensor | Operation | str) else entry
            if callable(entry) and not isinstance(entry, Tensor | Operation):
                continue
            element = self.as_graph_element(entry)
            op = element.op if isinstance(element, Tensor) else element
            if op not in ops:
                ops.append(op)
        return _Controller(self, ops)

    def _control_inputs_for(self, inputs: list[Tensor]) -> list[Operation]:
        found: dict[Operation, None] = {}
        sources = {t.op for t in inputs}
        for controller in self._stack("controllers", []):
            # What depends on an operation made inside of the block is already behind the block's control inputs.
            if not sources & controller.made:
                found.update(dict.fromkeys(op for op in controller.ops if op not in sources))
        return list(found)


class _Controller:
    """A `control_dependencies` block: what its operations run after, and which operations were made in it."""

    def __init__(self, graph: GraphScopes, ops: list[Operation] | None) -> None:
        self._graph, self._clears, self.ops = graph, ops is None, ops or []
        self.made: set[Operation] = set()
        self._old: Any = None

    def __enter__(self) -> None:
        self._old = (self._graph._stack("controllers", []), self._graph._control_flow_context)
        if self._clears:
            self._graph._local.controllers = [self]
            self._graph._control_flow_context = None
        else:
            self._graph._local.controllers = [*self._old[0], self]

    def __exit__(self, *unused: Any) -> None:
        self._graph._local.controllers = self._old[0]
        if self._clears:
            self._graph._control_flow_context = self._old[1]
