"""Conditionals and loops of graphs that were read: found by their Switch, Merge, Enter and Exit nodes, and put together again."""

from typing import Any

from jax_slim.tf1.graph import control_flow
from jax_slim.tf1.graph.tensors import Operation, Tensor

_SWITCHES, _MERGES = ("Switch", "RefSwitch"), ("Merge", "RefMerge")
_ENTERS, _EXITS, _NEXTS = ("Enter", "RefEnter"), ("Exit", "RefExit"), ("NextIteration", "RefNextIteration")
_NOWHERE: frozenset[Any] = frozenset()


class _Cond:
    """What was found of a conditional: the predicate of its Switches, what begins and what ends it."""

    def __init__(self, pred: Tensor) -> None:
        self.pred, self.parent = pred, _NOWHERE
        self.doors: list[Operation] = []
        self.merges: list[Operation] = []
        self.pivots: dict[int, Tensor] = {}
        self.returns = False  # something in it is made of what it gives: it holds its own gradients
        self.name = pred.op.name.rpartition("/")[0]
        self.contexts: dict[int, Any] = {}


class _Loop:
    """What was found of a loop."""

    def __init__(self, frame: str) -> None:
        self.frame, self.parent = frame, _NOWHERE
        self.enters: list[Operation] = []
        self.contexts: dict[int, Any] = {}


def restore(graph: Any, ops: list[Operation]) -> dict[str, Any]:
    """Puts the conditionals and loops among new operations together; gives them by name.

    Args:
      ops: in an order in which what an operation needs is before it, but for what closes loops.
    """
    if not any(op.type in _SWITCHES or op.type in _ENTERS for op in ops):
        return {}
    return _Finder(graph, ops).restore()


class _Finder:
    def __init__(self, graph: Any, ops: list[Operation]) -> None:
        self._graph, self._ops = graph, ops
        self._goes_on = {op.outputs[0] for op in ops if op.type == "LoopCond"}
        self._conds: dict[Tensor, _Cond] = {}
        self._loops: dict[str, _Loop] = {}
        self._pivots: dict[Operation, _Cond] = {}
        self._ended: dict[Operation, tuple[_Cond, ...]] = {}
        # Where an operation is, and where what uses it is: sets of (conditional, branch) and (loop, 1).
        self._own: dict[Operation, frozenset[Any]] = {}
        self._out: dict[Any, frozenset[Any]] = {}
        self._after: dict[Any, frozenset[_Cond]] = {}  # the conditionals that an operation is made of the results of

    def restore(self) -> dict[str, Any]:
        self._find_conds()
        for op in self._ops:
            self._place(op)
        self._take_apart()
        found: dict[str, Any] = {}
        every: list[Any] = [c for c in self._conds.values() if c.merges] + list(self._loops.values())
        for one in sorted(every, key=lambda o: len(o.parent)):
            made = self._make_loop(one) if isinstance(one, _Loop) else self._make_cond(one)
            found[made.name] = made
        for op in self._ops:
            context = self._context(self._own[op])
            op.context = context
            if context is not None:
                context._inside.update(op.outputs)
                self._graph.prevent_fetching(op)
                self._graph._unfeedable.update(op.outputs)
        return found

    def _find_conds(self) -> None:
        names = {op.name: op for op in self._ops}
        pivots = []
        for op in self._ops:
            if op.type not in _SWITCHES or op._inputs[1] in self._goes_on:
                continue
            if op._inputs[0] is op._inputs[1]:
                pivots.append(op)
            else:
                self._cond(op._inputs[1]).doors.append(op)
        for op in pivots:
            scope = op.name.rpartition("/")[0]
            pred = names.get(f"{scope}/pred_id" if scope else "pred_id")
            cond = self._cond(pred.outputs[0] if pred is not None else op._inputs[1])
            self._pivots[op] = cond
            op.private["pivot"] = True
            for tensor in op.outputs:
                for user in tensor.consumers():
                    if user.type == "Identity":
                        cond.pivots[tensor.value_index] = user.outputs[0]

    def _cond(self, pred: Tensor) -> _Cond:
        return self._conds.setdefault(pred, _Cond(pred))

    # Where operations are.

    def _place(self, op: Operation) -> None:
        around = _NOWHERE.union(
            *(self._out.get(t, _NOWHERE) for t in op._inputs), *(self._out.get(c, _NOWHERE) for c in op._control_inputs)
        )
        own, outs = around, [around] * len(op.outputs)
        if op.type in _ENTERS:
            frame = op.attrs["frame_name"].decode()
            loop = self._loops.setdefault(frame, _Loop(frame))
            if not loop.enters:
                loop.parent = around
            loop.enters.append(op)
            own = around | {(loop, 1)}
            outs = [own]
        elif op.type in _EXITS:
            inner = self._innermost(around, _Loop)
            own = around - {inner} if inner is not None else around
            outs = [own]
        elif op.type in _MERGES:
            own = self._merged(op)
            outs = [own] * len(op.outputs)
        elif op.type in _SWITCHES and op not in self._pivots and op._inputs[1] not in self._goes_on:
            cond = self._conds[op._inputs[1]]
            cond.parent = self._out.get(cond.pred, _NOWHERE)
            op.private["pivot"] = True  # a branch is evaluated as a whole: within it the value is there
            used = [k for k in (1, 0) if op.outputs[k].consumers()]
            outs = [around | {(cond, 0)}, around | {(cond, 1)}]
            own = outs[used[0] if used else 1]
        elif op.type == "Identity" and op._inputs[0].op in self._pivots:
            cond = self._pivots[op._inputs[0].op]
            cond.parent = self._out.get(cond.pred, _NOWHERE)
            outs = [around | {(cond, op._inputs[0].value_index)}]
        self._own[op] = own
        self._follow(op, own)
        self._out.update(zip(op.outputs, outs, strict=True))
        self._out[op] = _NOWHERE.union(*outs) if outs else around

    def _follow(self, op: Operation, own: frozenset[Any]) -> None:
        after: frozenset[Any] = _NOWHERE.union(
            *(self._after.get(o, _NOWHERE) for o in (*(t.op for t in op._inputs), *op._control_inputs))
        )
        for place, _ in own:
            if isinstance(place, _Cond) and place in after:
                place.returns = True
        self._after[op] = after.union(c for c in self._ended.get(op, ()))

    def _take_apart(self) -> None:
        """Leaves conditionals that hold their own gradients as the nodes that they are: no order of wholes could be found."""
        for cond in self._conds.values():
            if cond.returns:
                cond.merges.clear()
                for door in cond.doors:
                    door.private.pop("pivot", None)
        for pivot, cond in self._pivots.items():
            if cond.returns:
                pivot.private.pop("pivot", None)

    def _merged(self, op: Operation) -> frozenset[Any]:
        if any(t.op.type in _NEXTS for t in op._inputs):
            return self._out.get(op._inputs[0], _NOWHERE)
        first, second = (self._out.get(t, _NOWHERE) for t in op._inputs[:2])
        ends = [c for c, branch in first if isinstance(c, _Cond) and branch == 0 and (c, 1) in second]
        if len(op._inputs) != 2 or not ends:
            return first | second
        cond = max(ends, key=lambda c: len(c.parent))
        cond.merges.append(op)
        self._ended[op] = (cond,)
        return (first | second) - {(cond, 0), (cond, 1)}

    def _innermost(self, places: frozenset[Any], kind: Any = (_Cond, _Loop)) -> Any:
        real = [p for p in places if isinstance(p[0], kind) and (isinstance(p[0], _Loop) or p[0].merges)]
        return max(real, key=lambda p: len(p[0].parent), default=None)

    def _context(self, places: frozenset[Any]) -> Any:
        inner = self._innermost(places)
        return None if inner is None else inner[0].contexts.get(inner[1])

    # Constructs.

    def _make_cond(self, cond: _Cond) -> Any:
        name = f"{cond.name}/cond_text" if cond.name else "cond_text"
        made = control_flow.Conditional(name, self._context(cond.parent), cond.pred)
        for branch in (1, 0):
            context = control_flow.CondContext(made, cond.pivots.get(branch, cond.pred), branch)
            context._graph = self._graph
            cond.contexts[branch] = context
            for door in cond.doors:
                if door.outputs[branch].consumers():
                    context.external.setdefault(door._inputs[0], door.outputs[branch])
        for merge in cond.merges:
            merge.private["construct"] = made
            made.merges.append(merge)
            made.outputs.append(merge.outputs[0])
        return made

    def _make_loop(self, loop: _Loop) -> Any:
        made = control_flow.Loop(loop.frame, self._context(loop.parent))
        context = control_flow.WhileContext(made, loop.enters[0].attrs.get("parallel_iterations", 10))
        context._graph = self._graph
        loop.contexts[1] = context
        for enter in loop.enters:
            merge = next(
                (u for u in enter.outputs[0].consumers() if u.type in _MERGES and _closed_by(u) is not None), None
            )
            if merge is None:
                context.external.setdefault(enter._inputs[0], enter.outputs[0])
                if context.external[enter._inputs[0]] is None:
                    context.external[enter._inputs[0]] = enter.outputs[0]
                continue
            enter.private["loop_variable"] = True
            context.external.setdefault(enter._inputs[0], None)  # type: ignore[arg-type]
            self._add_variable(made, enter, merge)
        return made

    def _add_variable(self, made: Any, enter: Operation, merge: Operation) -> None:
        variable = control_flow.LoopVariable(enter, merge)
        variable.next = _closed_by(merge)
        for user in merge.outputs[0].consumers():
            if user.type in _SWITCHES and user._inputs[1] in self._goes_on and user._inputs[0] is merge.outputs[0]:
                variable.switch = user
                made.condition = user._inputs[1].op._inputs[0]
                made.context.pivot = user._inputs[1].op
                variable.exit = next((u for u in user.outputs[0].consumers() if u.type in _EXITS), None)
        if variable.switch is None:
            return
        made.variables.append(variable)
        if variable.exit is not None:
            variable.exit.private["construct"] = made
            made.outputs.append(variable.exit.outputs[0])


def _closed_by(merge: Operation) -> Operation | None:
    return next((t.op for t in merge._inputs if t.op.type in _NEXTS), None)
