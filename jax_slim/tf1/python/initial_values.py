"""Initial values of variables: made outside of loops and branches, and safe to use before other variables are initialized."""

import contextlib
from collections.abc import Iterator
from typing import Any

from jax_slim.tf1.graph import conversion, graphs, shape_inference
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.tensors import Operation, Tensor


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """Makes what is made inside free of control dependencies, branches and loops around; names go on as they are."""
    with graphs.get_default_graph().control_dependencies(None):
        yield


def checked(initial_value: Any) -> tuple[Any, bool]:
    """The initial value and whether it is a function; values are of the graph's top.

    Raises:
      ValueError: a tensor made inside of a loop or branch, which has no value outside.
    """
    if callable(initial_value):
        return initial_value, True
    context = getattr(getattr(initial_value, "op", None), "context", None)
    if isinstance(initial_value, Tensor) and context is not None and initial_value.op.type not in ("Merge", "Exit"):
        raise ValueError(
            f"Initializer for variable is from inside a control-flow construct, such as a loop or conditional ({initial_value.name}). "
            "When creating a variable inside a loop or conditional, use a lambda as the initializer."
        )
    return initial_value, False


def tensor(initial_value: Any, from_function: bool, dtype: Any) -> Tensor:
    """The initial value as a tensor; what a function makes is below `Initializer`, on no device."""
    if not from_function:
        return conversion.convert_to_tensor(initial_value, dtype, "initial_value")
    with graphs.name_scope("Initializer"), graphs.device(None):
        return conversion.convert_to_tensor(initial_value(), dtype, "initial_value")


@contextlib.contextmanager
def colocated_with_name(name: str | None) -> Iterator[None]:
    """Has operations made inside say that they are to be where the operation of that name will be; None: nothing of the kind."""
    if name is None:
        yield
        return
    graph = graphs.get_default_graph()
    old, graph._attr_scope = graph._attr_scope, {**graph._attr_scope, "_class": [b"loc:@" + name.rstrip("/").encode()]}
    try:
        yield
    finally:
        graph._attr_scope = old


def guarded(name: str, value: Tensor) -> Tensor:
    """A tensor with, in place of other variables, their values or where they have none yet their initial values."""
    if _has_cycle(value.op, set(), set()):
        return value
    return _safe(name, value, {})


def _has_cycle(start: Operation, done: set[Operation], path: set[Operation]) -> bool:
    stack: list[tuple[Operation, bool]] = [(start, False)]
    while stack:
        op, leaving = stack.pop()
        if leaving:
            path.discard(op)
            done.add(op)
        elif op in path:
            return True
        elif op not in done:
            path.add(op)
            stack.append((op, True))
            stack.extend((source, False) for source in [t.op for t in op._inputs] + op._control_inputs)
    return False


def _safe(name: str, value: Tensor, kept: dict[Operation, Operation | Tensor]) -> Tensor:
    op = value.op
    if op not in kept:
        kept[op] = _safe_op(name, op, kept)
    found = kept[op]
    return found if isinstance(found, Tensor) else found.outputs[value.value_index]


def _safe_op(name: str, op: Operation, kept: dict[Operation, Operation | Tensor]) -> Operation | Tensor:
    if op.type in ("IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp"):
        return op
    if op.private.get("construct") is not None:  # the end of a conditional, such as `initialized_value()`, or of a loop
        return op
    if op.type in ("Variable", "VariableV2", "VarHandleOp"):
        variable = _variable_of(op)
        return op if variable is None else variable.initialized_value()
    inputs = [_safe(name, t, kept) for t in op._inputs]
    if all(a is b for a, b in zip(inputs, op._inputs, strict=True)):
        return op
    type = "Switch" if op.type == "RefSwitch" else op.type
    kinds = [t.dtype.base_dtype if type != op.type else t.dtype for t in op.outputs]
    made = op.graph.create_op(type, inputs, kinds, name=f"{op.name}_{name}".replace(":", "_"), attrs=dict(op.attrs))
    shape_inference.infer(made)
    return made


def _variable_of(op: Operation) -> Any:
    for collection in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for variable in op.graph.get_collection(collection):
            if getattr(variable, "op", None) is op:
                return variable
    return None
