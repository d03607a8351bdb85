"""Evaluates conditionals and loops: by Python where what decides is known, else by `lax.cond`, `lax.scan` and `lax.while_loop`."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.operations import arrays, control, tensor_array_values
from jax_slim.tf1.running import planning, references

_UNROLLED = 8  # rounds up to which a loop is repeated in the program instead of scanned
_MOST_ROUNDS = 1 << 22


class HostOnly(Exception):
    """A construct cannot be compiled: its part of the graph runs on the host."""


def evaluate(run: Any, unit: Any) -> None:
    """Evaluates a conditional or loop with what it is wanted for."""
    construct = unit.construct
    places = run.wanted_pullbacks.get(construct)
    if places is None:
        _plain(run, unit)
        return
    inputs = construct.external_inputs()
    for wanted in places:
        _with_pullback(run, unit, inputs, wanted)


def _with_pullback(run: Any, unit: Any, inputs: list[Tensor], wanted: tuple[int, ...]) -> None:
    """Evaluates under `jax.vjp` with respect to tensors outside."""
    moving = [jax.tree.map(jnp.asarray, run.resolved(inputs[p])) for p in wanted]
    before = dict(run.state.written)

    def function(*values: Any) -> Any:
        state = references.State({**run.state.values, **before}, run.state.on_host, run.state.lock)
        inner = run.inner(dict(zip([inputs[p] for p in wanted], values, strict=True)), state)
        inner.reversed = True
        _plain(inner, unit)
        outputs = [
            jax.tree.map(_jax, inner.values[t]) if t in inner.values else jnp.zeros((), t.dtype.as_numpy_dtype)
            for t in unit.construct.outputs
        ]
        rest.extend(
            t
            for t in inner.values
            if t not in unit.construct.outputs and t.op.private.get("construct") is unit.construct
        )
        return outputs, (state.written, [inner.values[t] for t in rest])

    rest: list[Tensor] = []
    outputs, pullback, (written, others) = jax.vjp(function, *moving, has_aux=True)
    run.pullbacks[unit.construct, wanted] = pullback
    run.state.written.update(written)
    run.values.update(zip(rest, others, strict=True))
    for tensor, value in zip(unit.construct.outputs, outputs, strict=True):
        run.values[tensor] = value


def vjp(construct: Any, inputs: list[Tensor], values: list[Any], places: tuple[int, ...], run: Any) -> Any:
    """(outputs, pullback) of a construct that was evaluated in an earlier part: it is evaluated again, its assignments are not kept."""
    ops = planning.needed(construct.outputs, dict.fromkeys(inputs))
    # Of variables that are written, references stay references: assignments inside go to this evaluation's own state.
    given = {
        t: v
        for i, (t, v) in enumerate(zip(inputs, values, strict=True))
        if i in places or not (t.dtype._is_ref_dtype or t.dtype.name == "resource")
    }
    unit = planning.Unit([op for op in sorted(ops, key=lambda o: o.number) if not planning.is_inline(op)], construct)
    again = run.inner(given, references.State(run.state.current(), run.state.on_host, run.state.lock))
    _with_pullback(again, unit, inputs, places)
    return [again.values[t] for t in construct.outputs], again.pullbacks[construct, places]


def _jax(value: Any) -> Any:
    return jnp.asarray(value)


def _plain(run: Any, unit: Any) -> None:
    if unit.construct.kind == "cond":
        _conditional(run, unit)
    else:
        _loop(run, unit)


def _inner_units(
    unit: Any, name: Any, targets: list[Any], fed: Any, context: Any, control: bool = True, leaks: Any = ()
) -> list[planning.Unit]:
    """The units of a branch or body, worked out once."""
    kept = unit.__dict__.setdefault("inner", {})
    if name not in kept:
        kept[name] = planning.units_of(planning.needed(targets, fed, context, control), context, fed, leaks)
    return kept[name]


# Conditionals.


def _conditional(run: Any, unit: Any) -> None:
    construct = unit.construct
    merges = [op for op in unit.ops if op.private.get("construct") is construct]
    pred = run.resolved(construct.pred)
    if arrays.is_known(pred):
        chosen = int(bool(np.asarray(pred)))
        run.values.update(dict.fromkeys(unit.leaks, control.DEAD))
        for merge, value in zip(merges, _branch(run, unit, chosen, merges), strict=True):
            run.values[merge.outputs[0]] = value
            run.values[merge.outputs[1]] = np.int32(chosen)
        return
    if unit.leaks:
        raise HostOnly("a branch's tensor is used outside of it")
    keys = _written_keys(unit)
    if not keys and _chosen_only(run, unit, merges, pred):
        return

    def branch(which: int) -> Any:
        def function() -> Any:
            state = references.State(run.state.current(), False)
            inner = run.inner({}, state)
            before, arrays.CHECKS.found = arrays.CHECKS.found, None
            try:
                values = _branch(inner, unit, which, merges)
            finally:
                arrays.CHECKS.found = before
            current = state.current()
            return [jax.tree.map(_jax, v) for v in values], {k: _jax(current[k]) for k in keys if k in current}

        return function

    try:
        values, written = jax.lax.cond(pred, branch(1), branch(0))
    except (TypeError, ValueError) as error:  # branches of different shapes
        raise HostOnly(str(error)) from error
    run.state.written.update(written)
    for merge, value in zip(merges, values, strict=True):
        run.values[merge.outputs[0]] = value
        run.values[merge.outputs[1]] = jnp.asarray(pred, jnp.int32)


def _chosen_only(run: Any, unit: Any, merges: list[Operation], pred: Any) -> bool:
    """Chooses among values that are there in any case: whether the branches compute nothing of their own.

    XLA compiles a graph with many conditionals of that kind (a delay for each rounding of an 8-bit net) for minutes.
    """
    for context in unit.construct.contexts:
        doors = {door: source for source, door in context.external.items()}
        targets = [m._inputs[context.branch] for m in merges]
        units = _inner_units(unit, context.branch, targets, doors, context)
        if any(op.type != "Identity" for inner in units for op in inner.ops):
            return False
    taken, other = (_branch(run, unit, which, merges) for which in (1, 0))
    if not all(isinstance(v, jax.Array | np.ndarray) for v in (*taken, *other)):
        return False
    if any((np.shape(a), a.dtype) != (np.shape(b), b.dtype) for a, b in zip(taken, other, strict=True)):
        return False
    for merge, a, b in zip(merges, taken, other, strict=True):
        run.values[merge.outputs[0]] = jnp.where(pred, a, b)
        run.values[merge.outputs[1]] = jnp.asarray(pred, jnp.int32)
    return True


def _branch(run: Any, unit: Any, which: int, merges: list[Operation]) -> list[Any]:
    """The values that a branch gives to the merges; what is used of it elsewhere goes to the run's values."""
    context = next(c for c in unit.construct.contexts if c.branch == which)
    doors = {door: source for source, door in context.external.items()}
    targets = [m._inputs[which] for m in merges]
    leaks = [t for t in unit.leaks if context.contains(t.op)]
    units = _inner_units(unit, which, [*targets, *leaks], doors, context, leaks=leaks)
    inner = run.inner({door: run.value(source) for door, source in doors.items() if _has(run, source)})
    inner.values[context.pivot] = np.asarray(bool(which))
    inner.run(units)
    run.values.update((t, inner.value(t)) for t in leaks)
    return [inner.resolved(t) if not t.dtype._is_ref_dtype else inner.value(t) for t in targets]


def _has(run: Any, tensor: Tensor) -> bool:
    place = run
    while place is not None:
        if tensor in place.values:
            return True
        place = place.outer
    return planning.is_inline(tensor.op)


def _written_keys(unit: Any) -> list[str]:
    found: dict[str, None] = {}
    for op in unit.ops:
        row = rows.find(op.type)
        if row is None or not row.context:
            continue
        for tensor in op._inputs:
            key = references.key_of_tensor(tensor)
            if key is not None:
                found[key] = None
        if op.op_def is not None and "seed" in op.op_def.attributes:
            found[references.random_key(op)] = None
    return list(found)


# Loops.


def _loop(run: Any, unit: Any) -> None:
    rounds = _Rounds(run, unit)
    count = None if run.on_host else rounds.count()
    if run.on_host or (count is not None and (count <= _UNROLLED)) or (count is not None and not rounds.keeps_types()):
        values = rounds.by_python()
    elif count is not None:
        values = rounds.by_scan(count)
    elif rounds.keeps_types() and not run.reversed:
        values = rounds.by_while()
    else:
        raise HostOnly("How often the loop runs is not known, and it changes shapes or its gradient is asked for.")
    for variable, value in zip(rounds.variables, values, strict=True):
        if variable.exit is not None:
            run.values[variable.exit.outputs[0]] = value


class _Rounds:
    """One evaluation of a loop."""

    def __init__(self, run: Any, unit: Any) -> None:
        self.run, self.unit, self.loop = run, unit, unit.construct
        if self.loop.condition is None:  # of a file that is not whole
            message = f"The loop '{self.loop.name}' has no condition: a LoopCond and a Switch of a variable must belong to it."
            raise errors.InvalidArgumentError(None, unit.ops[0], message)
        self.context = self.loop.context
        members = set(unit.ops)
        self.variables = [v for v in self.loop.variables if v.merge in members]
        self.merges = [v.merge.outputs[0] for v in self.variables]
        self.insides = [v.switch.outputs[1] for v in self.variables]
        self.start = [
            run.value(v.enter._inputs[0]) if v.enter.type == "RefEnter" else run.resolved(v.enter._inputs[0])
            for v in self.variables
        ]
        self.constants = {
            door: run.value(source)
            for source, door in self.context.external.items()
            if door is not None and _has(run, source)
        }
        fed = {**dict.fromkeys(self.merges), **self.constants}
        self.condition_units = _inner_units(unit, "condition", [self.loop.condition], fed, self.context)
        fed = {**dict.fromkeys(self.insides), **dict.fromkeys(self.merges), **self.constants}
        ends = [v.next for v in self.variables]
        targets = [*(op._inputs[0] for op in ends), *(c for op in ends for c in op._control_inputs)]
        self.body_units = _inner_units(unit, "body", targets, fed, self.context)
        self.keys = _written_keys(unit)

    def goes_on(self, run: Any, values: list[Any]) -> Any:
        """What the condition says of these values."""
        inner = run.inner({**self.constants, **dict(zip(self.merges, values, strict=True))})
        inner.run(self.condition_units)
        return inner.resolved(self.loop.condition)

    def step(self, run: Any, values: list[Any]) -> list[Any]:
        """The values after one round."""
        given = {
            **self.constants,
            **dict(zip(self.merges, values, strict=True)),
            **dict(zip(self.insides, values, strict=True)),
        }
        inner = run.inner(given)
        inner.run(self.body_units)
        for variable in self.variables:
            before, after = variable.merge.outputs[0].dtype.base_dtype, variable.next._inputs[0].dtype.base_dtype
            if before != after:
                raise errors.InvalidArgumentError(
                    None,
                    variable.merge,
                    f"Input 1 of node {variable.merge.name} was passed {after.name} from {variable.next.name}:0 incompatible with expected {before.name}.",
                )
        return [
            inner.value(v.next._inputs[0]) if v.next.type == "RefNextIteration" else inner.resolved(v.next._inputs[0])
            for v in self.variables
        ]

    def by_python(self) -> list[Any]:
        values = list(self.start)
        while True:
            more = self.goes_on(self.run, values)
            if not arrays.is_known(more) and not self.run.on_host:
                raise HostOnly("Whether the loop goes on is not known.")
            if not bool(more):
                return values
            values = self.step(self.run, values)

    def count(self) -> int | None:
        """How many rounds there will be, where the variables that decide it are known and computed by NumPy alone."""
        decisive = self._decisive()
        if decisive is None:
            return None
        places, condition_units, units = decisive
        values = [self.start[p] for p in places]
        merges, insides = [self.merges[p] for p in places], [self.insides[p] for p in places]
        targets = [self.variables[p].next._inputs[0] for p in places]
        for rounds in itertools.count():
            inner = self.run.inner({**self.constants, **dict(zip(merges, values, strict=True))})
            inner.run(condition_units)
            more = inner.resolved(self.loop.condition)
            if not arrays.is_known(more):
                return None
            if not bool(more):
                return rounds
            if rounds >= _MOST_ROUNDS:
                return None
            inner = self.run.inner(
                {**self.constants, **dict(zip(merges, values, strict=True)), **dict(zip(insides, values, strict=True))}
            )
            inner.run(units)
            values = [inner.resolved(t) for t in targets]
            if not all(arrays.is_known(v) for v in values):
                return None
        return None

    def _decisive(self) -> Any:
        """The places of the variables that the condition depends on, the units that compute it, and those of the body that compute them."""
        by_merge = {m: i for i, m in enumerate(self.merges)}
        by_inside = {t: i for i, t in enumerate(self.insides)}
        fed = {**dict.fromkeys(self.merges), **dict.fromkeys(self.insides), **self.constants}
        places: set[int] = set()
        wanted = _used([self.loop.condition], fed, self.context)
        if wanted is None:
            return None
        todo = [by_merge[t] for t in wanted if t in by_merge]
        while todo:
            place = todo.pop()
            if place in places:
                continue
            places.add(place)
            used = _used([self.variables[place].next._inputs[0]], fed, self.context)
            if used is None:
                return None
            todo.extend(by_inside.get(t, by_merge.get(t, -1)) for t in used if t in by_inside or t in by_merge)
        order = sorted(places)
        if not all(isinstance(self.start[p], np.ndarray | np.generic) for p in order):
            return None
        targets = [self.variables[p].next._inputs[0] for p in order]
        # Through data alone: counting rounds must not do what the rounds do beside (assignments).
        conditions = _inner_units(self.unit, "decisive", [self.loop.condition], fed, self.context, control=False)
        return (
            order,
            conditions,
            _inner_units(self.unit, ("decisive", tuple(order)), targets, fed, self.context, control=False),
        )

    def keeps_types(self) -> bool:
        """Whether all variables keep their shapes, so that the body can be compiled once."""
        if any(isinstance(v, references.Reference) for v in self.start):
            return False
        try:
            self._carry()
        except HostOnly:
            return False
        return True

    def _carry(self) -> list[Any]:
        """The start values as what goes around a compiled loop: tensor arrays get their memory."""
        if hasattr(self, "_carried"):
            return self._carried
        start = [_carried(v) for v in self.start]
        for _ in range(3):
            found = jax.eval_shape(lambda values, state: self._traced_step(values, state)[0], start, self._state())
            fitted = [tensor_array_values.with_memory(v, f) for v, f in zip(start, found, strict=True)]
            if _kinds(fitted) == _kinds(start) == _kinds(found):
                self._carried = start
                return start
            start = fitted
        raise HostOnly("The loop's variables change their shapes.")

    def _state(self) -> dict[str, Any]:
        current = self.run.state.current()
        return {
            k: _jax(current[k]) if k in current else jnp.asarray(references.random_start(k))
            for k in self.keys
            if k in current or references.is_random(k)
        }

    def _traced_step(self, values: list[Any], state: dict[str, Any]) -> Any:
        inner_state = references.State({**self.run.state.current(), **state}, False)
        run = self.run.inner({}, inner_state)
        before, arrays.CHECKS.found = arrays.CHECKS.found, None
        try:
            after = [_carried(v) for v in self.step(run, values)]
        finally:
            arrays.CHECKS.found = before
        current = inner_state.current()
        return after, {k: _jax(current[k]) for k in state}

    def by_scan(self, count: int) -> list[Any]:
        def body(carry: Any, _: Any) -> Any:
            return self._traced_step(*carry), None

        (values, state), _ = jax.lax.scan(body, (self._carry(), self._state()), None, length=count)
        self.run.state.written.update(state)
        return values

    def by_while(self) -> list[Any]:
        def more(carry: Any) -> Any:
            values, state = carry
            inner = references.State({**self.run.state.current(), **state}, False)
            return jnp.asarray(self.goes_on(self.run.inner({}, inner), values)).reshape(())

        values, state = jax.lax.while_loop(
            more, lambda carry: self._traced_step(*carry), (self._carry(), self._state())
        )
        self.run.state.written.update(state)
        return values


def _used(targets: list[Any], fed: Any, context: Any) -> set[Tensor] | None:
    """Which of the fed tensors targets depend on; None where something on the way is not computed by NumPy from its inputs."""
    found: set[Tensor] = set()
    seen: set[Operation] = set()
    stack = list(targets)
    while stack:
        tensor = stack.pop()
        if tensor in fed:
            found.add(tensor)
            continue
        op = tensor.op
        if op in seen or op.type in ("Const", "Shape", "Size", "Rank"):
            continue
        seen.add(op)
        row = rows.find(op.type)
        if (
            row is None
            or row.on_host(op)
            or row.context
            or not row.numpy
            or not context.contains(op)
            or op.private.get("construct") is not None
        ):
            return None
        stack.extend(op._inputs)
    return found


def _carried(value: Any) -> Any:
    if isinstance(value, references.Reference):
        raise HostOnly("A reference goes around the loop.")
    return (
        tensor_array_values.stacked(value) if isinstance(value, tensor_array_values.TensorArrayValue) else _jax(value)
    )


def _kinds(values: list[Any]) -> Any:
    leaves, structure = jax.tree.flatten(values)
    return structure, [(tuple(leaf.shape), np.dtype(leaf.dtype)) for leaf in leaves]
