"""What a run needs, in which order: operations pruned to what the fetches ask for, cut into parts for the host and for the device."""

import dataclasses
import heapq
from collections.abc import Iterable
from typing import Any

from jax_slim.tf1.graph import control_flow, errors, known_values, rows
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.running import references

# What is evaluated where it is used, at no cost: never an input or output of a part.
_INLINE = frozenset({"Const", "Placeholder", "PlaceholderV2", *references.VARIABLE_TYPES})
# What programs know of values that they do not know.
_ALWAYS_KNOWN = frozenset(
    {"Shape", "ShapeN", "Size", "Rank", "TensorArraySizeV3", "TensorListLength", "TensorListElementShape"}
)
_ARRAYS = frozenset({"TensorArrayV3", "TensorArrayGradV3"})
_SWITCHES = frozenset({"Switch", "RefSwitch"})
_OBJECTS = frozenset({"string", "variant", "resource"})
# What may wait until another run has done something.
_WAITING = ("QueueDequeue", "QueueEnqueue", "ReaderRead", "Stage", "Unstage", "BarrierTake", "AccumulatorTake")


@dataclasses.dataclass(eq=False)
class Unit:
    """What is evaluated as one: an operation, or all operations of a conditional or loop (`construct`)."""

    ops: list[Operation]
    construct: Any = None
    host: bool = False
    writes: bool = False
    heavy: bool = False
    waits: bool = False
    level: int = 0
    before: set["Unit"] = dataclasses.field(default_factory=set)
    after: set["Unit"] = dataclasses.field(default_factory=set)
    # Tensors of a conditional's branches that are used outside of it, as they are there where the branch is taken.
    leaks: dict[Tensor, None] = dataclasses.field(default_factory=dict)

    @property
    def number(self) -> int:
        return self.ops[0].number


@dataclasses.dataclass(eq=False)
class Part:
    """Units that run together: on the host, or compiled. `inputs` come from feeds and earlier parts, `outputs` go to later ones."""

    units: list[Unit]
    host: bool
    inputs: list[Tensor]
    outputs: list[Tensor]
    known: frozenset[Tensor]
    keys: list[str]
    writes: frozenset[str]
    heavy: bool


def is_inline(op: Operation) -> bool:
    """Whether an operation is evaluated where it is used."""
    return op.type in _INLINE or references.is_alias(op)


def needed(targets: Iterable[Any], fed: Any, context: Any = None, control: bool = True) -> set[Operation]:
    """The operations that tensors and operations depend on, through data and control, up to what is fed.

    With a context, only those inside of it. Without control, only through data: what values need, not what has to happen.
    """
    found: set[Operation] = set()
    given = {t.op for t in fed}
    stack = [t.op if isinstance(t, Tensor) else t for t in targets if t not in fed]
    while stack:
        op = stack.pop()
        if op in found or (context is not None and not context.contains(op)):
            continue
        found.add(op)
        stack.extend(t.op for t in op._inputs if t not in fed and t.op not in found)
        others = (*(op._control_inputs if control else ()), *(t.op for t in _predicate(op)), *_differentiated(op))
        stack.extend(other for other in others if other not in found and other not in given)
    return found


def units_of(ops: set[Operation], context: Any, fed: Any, leaks: Iterable[Tensor] = ()) -> list[Unit]:
    """The units of operations in a context (None: outside of all), in an order that data and control edges allow.

    Where they say nothing, what writes a variable comes as late as it can, what waits for a queue still later (another
    operation may fail, and then nothing waits), otherwise what was made first is first.
    """
    by_op: dict[Operation, Unit] = {}
    by_construct: dict[Any, Unit] = {}
    units: list[Unit] = []
    for op in sorted(ops, key=lambda o: o.number):
        if is_inline(op):
            continue
        construct = _construct(op, context)
        if construct is None:
            unit = Unit([op])
            units.append(unit)
        elif construct in by_construct:
            unit = by_construct[construct]
            unit.ops.append(op)
        else:
            unit = by_construct[construct] = Unit([op], construct)
            units.append(unit)
        by_op[op] = unit
    for tensor in leaks:
        _leak(by_op.get(tensor.op), tensor)
    for op, unit in by_op.items():
        for tensor in op._inputs:
            if tensor not in fed and by_op.get(tensor.op) is not unit:
                _leak(by_op.get(tensor.op), tensor)
        sources = [t.op for t in op._inputs if t not in fed]
        for other in [*sources, *op._control_inputs, *(t.op for t in _predicate(op))]:
            for source in _through(other):
                before = by_op.get(source)
                if before is not None and before is not unit:
                    unit.before.add(before)
                    before.after.add(unit)
    for unit in units:
        _describe(unit, fed)
    if context is None:
        for unit in units:
            _cut_on_host(unit, by_op, fed)
    return _sorted(units)


def _leak(unit: Unit | None, tensor: Tensor) -> None:
    construct = None if unit is None else unit.construct
    if (
        unit is not None
        and construct is not None
        and construct.kind == "cond"
        and tensor.op.private.get("construct") is not construct
    ):
        unit.leaks[tensor] = None
        unit.host = True


def _predicate(op: Operation) -> list[Tensor]:
    """What a conditional's Merge needs beside its inputs."""
    construct = op.private.get("construct")
    return [construct.pred] if construct is not None and construct.kind == "cond" else []


def _differentiated(op: Operation) -> list[Operation]:
    """What a conditional or loop gives whose gradients a gradient of it gets: it is evaluated with all of them."""
    forward = op.private.get("forward") if op.type == "SlimGradient" else None
    return (
        []
        if not isinstance(forward, control_flow.Construct)
        else [forward.outputs[place].op for place in op.private["gradients"]]
    )


def _through(op: Operation) -> list[Operation]:
    """An operation, or, for one that is evaluated where it is used, what that waits for."""
    if not is_inline(op):
        return [op]
    found: list[Operation] = []
    for control in op._control_inputs:
        found.extend(_through(control))
    if references.is_alias(op):
        found.extend(_through(op._inputs[0].op))
    return found


def _construct(op: Operation, context: Any) -> Any:
    """The outermost conditional or loop below `context` that an operation is part of."""
    inner = op.private.get("construct")  # Merge and Exit stand outside of the contexts that they end
    if inner is not None and inner.outer is context:
        return inner
    place = op.context if inner is None else inner.outer
    while place is not None and place is not context:
        if place.construct.outer is context:
            return place.construct
        place = place.construct.outer
    return None


def _describe(unit: Unit, fed: Any) -> None:
    for op in unit.ops:
        row = rows.find(op.type)
        if row is None:
            unit.host = True  # it fails when it is run, with a message that names it
            continue
        unit.host |= row.on_host(op) or _has_objects(op) or _differentiates_on_host(op)
        unit.heavy |= not row.numpy
        unit.waits |= op.type.startswith(_WAITING)
        unit.writes |= _writes(op, row)
        if not unit.host and not all(_knowable(t, fed, {}) for t in _static_inputs(unit, op)):
            unit.host = True
    if isinstance(unit.construct, control_flow.Loop):  # of which NumPy would make many small steps
        unit.heavy = True


def _differentiates_on_host(op: Operation) -> bool:
    """Whether an operation is the gradient of a conditional or loop that the host evaluates, so that this is evaluated there again."""
    construct = op.private.get("forward") if op.type == "SlimGradient" else None
    if not isinstance(construct, control_flow.Construct):
        return False
    kept = construct.__dict__.get("on_host")
    if kept is None:
        inside = needed(construct.outputs, dict.fromkeys(construct.external_inputs()))
        found = ((rows.find(o.type), o) for o in inside if not is_inline(o))
        kept = construct.__dict__["on_host"] = any(row is None or row.on_host(o) or _has_objects(o) for row, o in found)
    return kept


def _static_inputs(unit: Unit, op: Operation) -> list[Tensor]:
    """The tensors whose values must be known. A Switch outside of what is known as a conditional or loop chooses while a program is traced."""
    if op.type in _SWITCHES and unit.construct is None and not op.private.get("pivot"):
        return [op._inputs[1]]
    return rows.static_inputs(op)


def _cut_on_host(unit: Unit, by_op: dict[Operation, Unit], fed: Any) -> None:
    """Has the host cut a part out of a constant, a feed or what it made, where values of a run say which part.

    A program would be compiled for each of these values: for each batch that a program takes out of its data by a fed number.
    """
    op = unit.ops[0]
    if unit.host or op.type not in ("StridedSlice", "Slice"):
        return
    bounds = rows.static_inputs(op)
    if all(t not in fed and known_values.constant_value(t) is not None for t in bounds):
        return
    before = _light(bounds, by_op, fed)
    if before is not None and _light([t for t in op._inputs if t not in bounds], by_op, fed, here=True) is not None:
        for one in (unit, *before):
            one.host = True


def _light(tensors: list[Tensor], by_op: dict[Operation, Unit], fed: Any, here: bool = False) -> set[Unit] | None:
    """The units that NumPy computes these of feeds with; None where they need more than that, or, with `here`, any unit but the host's."""
    found: set[Unit] = set()
    stack = list(tensors)
    while stack:
        tensor = stack.pop()
        if tensor in fed or tensor.op.type == "Const" or tensor.known is not None:
            continue
        unit = by_op.get(tensor.op)
        if unit is None:
            return None
        if unit.host or unit in found:
            continue
        row = rows.find(tensor.op.type)
        if here or unit.construct is not None or row is None or row.context or not row.numpy or not tensor.op._inputs:
            return None
        found.add(unit)
        stack.extend(tensor.op._inputs)
    return found


def _has_objects(op: Operation) -> bool:
    for tensor in (*op._inputs, *op._outputs):
        name = tensor._dtype.base_dtype.name
        if name == "resource" and (references.key_of_tensor(tensor) is not None or _is_array_handle(tensor)):
            continue
        if name in _OBJECTS and not (name == "variant" and _is_list_of_arrays(tensor)):
            return True
    return False


def _is_handle(tensor: Tensor) -> bool:
    return tensor.op.type in _ARRAYS and tensor.value_index == 0


def _is_array_handle(tensor: Tensor) -> bool:
    return _origin(tensor).type in _ARRAYS


def _is_list_of_arrays(tensor: Tensor) -> bool:
    """Whether a variant is a list whose elements programs can compute with."""
    op = _origin(tensor)
    kind = op.attrs.get("element_dtype")
    if op.type == "TensorListResize":
        return _is_list_of_arrays(op._inputs[0])
    made = op.type == "EmptyTensorList" or op.type.startswith("TensorList")
    return made and kind is not None and kind.name not in _OBJECTS


def _origin(tensor: Tensor) -> Operation:
    """The operation that made what control flow hands on."""
    op = tensor.op
    while op.type in ("Enter", "Exit", "NextIteration", "Switch", "Identity", "IdentityN", "Merge") and op._inputs:
        tensor = op._inputs[tensor.value_index if op.type == "IdentityN" else 0]
        op = tensor.op
    return op


def _writes(op: Operation, row: rows.Row) -> bool:
    return row.context and any(t._dtype._is_ref_dtype or t._dtype.name == "resource" for t in op._inputs) and op.type not in (
        "IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp", "ResourceGather", "VariableShape", "ResourceGatherNd",
        "SlimGradient")  # fmt: skip


def _knowable(tensor: Tensor, fed: Any, seen: dict[Operation, bool]) -> bool:
    """Whether a value is known while a program is traced: made of constants, shapes, feeds and results of the host."""
    if tensor in fed or tensor.known is not None:
        return True
    op = tensor.op
    if op in seen:
        return seen[op]
    seen[op] = False
    if op.type == "Const" or op.type in _ALWAYS_KNOWN:
        seen[op] = True
    else:
        row = rows.find(op.type)
        if row is None or row.on_host(op) or _has_objects(op):
            seen[op] = row is not None  # the host has computed it before
        elif op.type in ("Placeholder", "PlaceholderV2") or (
            op.type in ("Enter", "Switch", "Identity", "Merge") and not op._inputs[0]._dtype._is_ref_dtype
        ):
            seen[op] = all(_knowable(t, fed, seen) for t in op._inputs)
        elif row.context or not row.numpy or not op._inputs:
            seen[op] = False
        else:
            seen[op] = all(_knowable(t, fed, seen) for t in op._inputs)
    return seen[op]


def _sorted(units: list[Unit]) -> list[Unit]:
    waiting = {u: len(u.before) for u in units}
    ready = [(u.waits, u.writes, u.number, id(u), u) for u in units if not u.before]
    heapq.heapify(ready)
    result: list[Unit] = []
    while ready:
        unit = heapq.heappop(ready)[-1]
        result.append(unit)
        for other in unit.after:
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(ready, (other.waits, other.writes, other.number, id(other), other))
    if len(result) < len(units):
        stuck = next(u for u in units if waiting[u])
        raise errors.InvalidArgumentError(None, stuck.ops[0], "The graph has a cycle.")
    return result


def parts_of(units: list[Unit], targets: Iterable[Any], fed: Any) -> list[Part]:
    """Cuts units in order into parts that take turns: on the host, compiled, on the host, ..."""
    for unit in units:  # host at odd levels from -1 on, compiled at even ones
        level = -1 if unit.host else 0
        for before in unit.before:
            level = max(level, before.level + (before.host != unit.host))
        unit.level = level
    last = max((u.level for u in units if not u.host), default=0)
    for unit in reversed(units):  # what writes waits for the last reader that it does not have to come before
        if (unit.writes and not unit.host) or (unit.waits and unit.host):
            limits = [u.level - (u.host != unit.host) for u in unit.after]
            unit.level = max(unit.level, min([*limits, last + unit.host]))
    levels: dict[int, list[Unit]] = {}
    for unit in units:
        levels.setdefault(unit.level, []).append(unit)
    made_in = {op: level for level, found in levels.items() for u in found for op in u.ops}
    wanted: dict[int, dict[Tensor, None]] = {level: {} for level in levels}
    for level, found in levels.items():
        for tensor in _inputs(found, fed):
            if made_in.get(tensor.op, level) != level:
                wanted[made_in[tensor.op]][tensor] = None
    for target in targets:
        if isinstance(target, Tensor) and target not in fed and target.op in made_in:
            wanted[made_in[target.op]][target] = None
    return [_part(levels[level], list(wanted[level]), fed) for level in sorted(levels)]


def _inputs(units: list[Unit], fed: Any) -> list[Tensor]:
    inside = {op for u in units for op in u.ops}
    found: dict[Tensor, None] = {}
    for unit in units:
        for op in unit.ops:
            for tensor in (*op._inputs, *_predicate(op)):  # a branch may use nothing that comes in by the predicate
                if tensor not in fed and references.is_alias(tensor.op):  # a fed variable is what its own read gives
                    tensor = tensor.op._inputs[0]
                if tensor in fed or (tensor.op not in inside and not is_inline(tensor.op) and not _is_handle(tensor)):
                    found[tensor] = None
    return list(found)


def _part(units: list[Unit], outputs: list[Tensor], fed: Any) -> Part:
    keys: dict[str, None] = {}
    writes: set[str] = set()
    known: set[Tensor] = set()
    inputs = _inputs(units, fed)
    for unit in units:
        for op in unit.ops:
            row = rows.find(op.type)
            for tensor in op._inputs:
                key = references.key_of_tensor(tensor)
                if key is not None:
                    keys[key] = None
                    if row is not None and _writes(op, row):
                        writes.add(key)
            if row is not None and row.context and op.op_def is not None and "seed" in op.op_def.attributes:
                keys[references.random_key(op)] = None
                writes.add(references.random_key(op))
            for tensor in _static_inputs(unit, op):
                _known_inputs(tensor, set(inputs), known, set())
    for tensor in outputs:
        key = references.key_of_tensor(tensor)
        if key is not None:
            keys[key] = None
    return Part(
        units,
        units[0].host,
        inputs,
        outputs,
        frozenset(known),
        list(keys),
        frozenset(writes),
        any(u.heavy for u in units),
    )


def _known_inputs(tensor: Tensor, inputs: set[Tensor], known: set[Tensor], seen: set[Operation]) -> None:
    """Collects the inputs of a part whose values a static input is computed from."""
    if tensor in inputs:
        known.add(tensor)
        return
    op = tensor.op
    if op in seen or op.type == "Const" or op.type in _ALWAYS_KNOWN:
        return
    seen.add(op)
    for source in op._inputs:
        _known_inputs(source, inputs, known, seen)
