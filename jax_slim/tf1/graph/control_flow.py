"""Conditionals and loops as TensorFlow 1 builds them: Switch and Merge, Enter, NextIteration and Exit, and the contexts that
operations inside are part of. A whole conditional or loop is a `Construct`, which is what sessions evaluate."""

import contextlib
from collections.abc import Iterator
from typing import Any

from jax_slim.tf1.graph import building, conversion, gradients, graphs, shapes
from jax_slim.tf1.graph.tensors import Operation, Tensor, handled


class Construct:
    """A conditional or a loop: what is evaluated as one.

    Attributes:
      outer: the context that it stands in, or None.
      outputs: the tensors that it gives to what is outside.
      contexts: those of its branches, or its own.
      differentiated: whether tf.gradients went through it.
    """

    def __init__(self, name: str, outer: Any) -> None:
        self.name, self.outer = name, outer
        self.outputs: list[Tensor] = []
        self.contexts: list[Context] = []
        self.differentiated = False

    def external_inputs(self) -> list[Tensor]:
        """The tensors outside of it that it uses, without repetition."""
        return list(dict.fromkeys(t for c in self.contexts for t in c.external))

    def _moves(self, tensor: Tensor) -> bool:
        """Whether there is a gradient with respect to what comes from outside: a number, or a variable that the inside only reads."""
        doors = [c.external[tensor] for c in self.contexts if c.external.get(tensor) is not None]
        if tensor.dtype._is_ref_dtype:
            return tensor.dtype.is_floating and all(_only_read(d) for d in doors)
        variable = handled(tensor) if tensor.dtype.name == "resource" else None
        if variable is not None:
            return variable.attrs["dtype"].is_floating and all(_only_read(d) for d in doors)
        return tensor.dtype.is_floating

    def gradient(self, out_grads: list[Any]) -> list[Any]:
        """The gradients of `external_inputs()`, one node for all."""
        self.differentiated = True
        inputs = self.external_inputs()
        places = tuple(i for i, t in enumerate(inputs) if self._moves(t))
        result: list[Any] = [None] * len(inputs)
        if not places:
            return result
        for place, tensor in zip(places, gradients.node(self, inputs, places, self.outputs, out_grads), strict=True):
            result[place] = tensor
        return result


_READING = ("Identity", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape")
_DOORS = ("Switch", "RefSwitch", "Enter", "RefEnter")


def _only_read(reference: Tensor) -> bool:
    """Whether nothing changes the variable of a reference or handle, also in what stands inside."""
    return all(
        op.type in _READING or (op.type in _DOORS and all(_only_read(t) for t in op.outputs))
        for op in reference._consumers
    )


class Context:
    """A branch of a conditional or the inside of a loop: what operations made in it are part of."""

    def __init__(self, construct: Construct) -> None:
        self.construct = construct
        construct.contexts.append(self)
        self.external: dict[Tensor, Tensor] = {}  # a tensor outside -> what stands for it inside
        self._graph = graphs.get_default_graph()
        self._before: Any = None
        self._inside: set[Tensor] = set()
        self._aliases: dict[Tensor, Tensor] = {}  # a tensor further outside -> what stands for it inside

    outer = property(lambda self: self.construct.outer)
    outer_context = outer
    name = property(lambda self: self.construct.name)

    def contains(self, op: Operation) -> bool:
        """Whether an operation is in this context, or in one inside of it."""
        place = op.context
        while place is not None:
            if place is self:
                return True
            place = place.construct.outer
        inner = op.private.get("construct")  # the Merge or Exit of a construct that stands here
        return inner is not None and op.context is self

    def enter(self) -> None:
        self._before = self._graph._control_flow_context
        self._graph._control_flow_context = self

    def exit(self) -> None:
        self._graph._control_flow_context = self._before

    Enter, Exit = enter, exit

    def add_value(self, tensor: Tensor) -> Tensor:
        """What stands inside for a tensor: itself if it is from here, else a Switch or an Enter of it."""
        if tensor in self._inside or self.contains(tensor.op):
            return tensor
        for known in (self.external, self._aliases):
            if known.get(tensor) is not None:
                return known[tensor]
        return self._brought_in(tensor)

    AddValue = add_value

    def _brought_in(self, tensor: Tensor) -> Tensor:
        source = tensor if self.outer is None else self.outer.add_value(tensor)
        with (
            outside(self._graph, self.outer),
            graphs.control_dependencies(None) if self.outer is None else _cleared(self._graph),
        ):
            found = self._door(source)
        found.op.context = self
        self._graph.prevent_fetching(found.op)
        self.external[source] = found
        if source is not tensor:
            self._aliases[tensor] = found
        return found

    def _door(self, tensor: Tensor) -> Tensor:
        raise NotImplementedError

    def inputs_inside(self, op_type: str, name: str, inputs: list[Tensor]) -> list[Tensor]:
        """An operation's inputs as it may use them here."""
        return [self.add_value(t) for t in inputs]

    def control_inputs_inside(self, op_type: str, inputs: list[Tensor], control: list[Operation]) -> list[Operation]:
        """Control inputs from outside of the innermost loop do not count; an operation without any input waits for the pivot."""
        loop: Any = self
        while loop is not None and not isinstance(loop, WhileContext):
            loop = loop.outer
        kept = [op for op in control if loop is None or loop.contains(op)]
        pivot = self.pivot_op()
        if not inputs and pivot is not None and not any(self.contains(op) for op in kept):
            kept.append(pivot)
        return kept

    def pivot_op(self) -> Operation | None:
        raise NotImplementedError

    def add_op(self, op: Operation) -> None:
        self._graph.prevent_fetching(op)
        self._graph._unfeedable.update(op.outputs)
        self._inside.update(op.outputs)

    def to_control_flow_context_def(self, *unused: Any) -> None:
        return None


class _cleared:
    """Without the control dependencies around, in the context that we are in."""

    def __init__(self, graph: graphs.Graph) -> None:
        self._graph = graph

    def __enter__(self) -> None:
        self._kept = self._graph._stack("controllers", [])
        self._graph._local.controllers = []

    def __exit__(self, *unused: Any) -> None:
        self._graph._local.controllers = self._kept


@contextlib.contextmanager
def outside(graph: graphs.Graph, context: Any) -> Iterator[None]:
    """Operations made inside are part of another context."""
    before = graph._control_flow_context
    graph._control_flow_context = context
    try:
        yield
    finally:
        graph._control_flow_context = before


class Conditional(Construct):
    """`pred ? true branch : false branch`. Merges are (operation, its inputs from the false and the true branch)."""

    kind = "cond"

    def __init__(self, name: str, outer: Any, pred: Tensor) -> None:
        super().__init__(name, outer)
        self.pred = pred
        self.merges: list[Operation] = []

    def external_inputs(self) -> list[Tensor]:
        return list(dict.fromkeys([*super().external_inputs(), self.pred]))


class CondContext(Context):
    """One branch; `branch` is 1 for the true one."""

    def __init__(self, construct: Conditional, pivot: Tensor, branch: int) -> None:
        super().__init__(construct)
        self.pred, self.pivot, self.branch = construct.pred, pivot, branch
        self._inside.update([pivot])

    def pivot_op(self) -> Operation:
        return self.pivot.op

    def _door(self, tensor: Tensor) -> Tensor:
        return switch(tensor, self.pred)[self.branch]

    def output(self, tensor: Tensor) -> Tensor:
        """A tensor that a branch returns: one from outside needs a Switch."""
        return self.add_value(tensor)


def switch(data: Tensor, pred: Tensor, name: str | None = None) -> list[Tensor]:
    """`Switch` of a value (RefSwitch of a reference): [where pred is false, where it is true]."""
    if data.dtype._is_ref_dtype:
        with graphs.colocate_with(data, ignore_existing=True):
            return list(building.make("RefSwitch", data, pred, name=name or "Switch"))
    with graphs.colocate_with(data, ignore_existing=True):
        return list(building.make("Switch", data, pred, name=name or "Switch"))


def merge(inputs: list[Tensor], name: str | None = None) -> Tensor:
    """`Merge`: whichever of the inputs is there."""
    if all(t.dtype._is_ref_dtype for t in inputs):
        return building.make("RefMerge", inputs, name=name or "Merge")[0]
    return building.make("Merge", inputs, name=name or "Merge")[0]


class Loop(Construct):
    """A while loop. `variables` are its `LoopVariable`s in order, `condition` the input of its LoopCond."""

    kind = "while"

    def __init__(self, name: str, outer: Any) -> None:
        super().__init__(name, outer)
        self.variables: list[LoopVariable] = []
        self.condition: Tensor | None = None

    @property
    def context(self) -> "WhileContext":
        return self.contexts[0]  # type: ignore[return-value]


class LoopVariable:
    """One variable of a loop: its Enter, Merge, Switch, NextIteration and Exit operations."""

    __slots__ = ("enter", "exit", "merge", "next", "switch")

    def __init__(self, enter: Operation, merge: Operation) -> None:
        self.enter, self.merge = enter, merge
        self.switch: Any = None
        self.next: Any = None
        self.exit: Any = None


class WhileContext(Context):
    """The inside of a loop, its condition included."""

    def __init__(
        self, construct: Loop, parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False
    ) -> None:
        super().__init__(construct)
        self.parallel_iterations, self.back_prop, self.swap_memory = parallel_iterations, back_prop, swap_memory
        self.pivot: Operation | None = None

    def pivot_op(self) -> Operation | None:
        return self.pivot

    def _door(self, tensor: Tensor) -> Tensor:
        return self.entered(tensor, is_constant=True)

    def entered(self, tensor: Tensor, is_constant: bool, name: str | None = None) -> Tensor:
        """`Enter` of a value from outside."""
        kind = "RefEnter" if tensor.dtype._is_ref_dtype else "Enter"
        return building.make(
            kind, tensor, frame_name=self.construct.name,
            is_constant=is_constant, parallel_iterations=self.parallel_iterations, name=name or "Enter",
        )  # fmt: skip

    def build(
        self, condition: Any, body: Any, loop_vars: list[Tensor], invariants: Any, pack: Any, unpack: Any
    ) -> list[Tensor]:
        """Makes the loop's operations around what condition and body make.

        Args:
          pack: tensors -> what condition and body are called with.
          unpack: what body returned -> tensors.

        Returns:
          The Exit of each variable.
        """
        loop: Any = self.construct
        graph = self._graph
        sources = [t if self.outer is None else self.outer.add_value(t) for t in loop_vars]
        with _cleared(graph), outside(graph, self.outer):
            enters = [self.entered(t, is_constant=False) for t in sources]
        for tensor, source, invariant in zip(enters, sources, invariants or [None] * len(enters), strict=True):
            tensor.op.context = self
            tensor.op.private["loop_variable"] = True
            self._inside.add(tensor)
            self.external.setdefault(source, None)  # type: ignore[arg-type]
            self._inside.discard(source)
            graph.prevent_fetching(tensor.op)
            if invariant is not None:
                shape = shapes.as_shape(invariant)
                if not shape_is_less_specific(shape, source.shape):
                    raise ValueError(
                        f"The shape invariant specified for {source.name} is not compatible with the initial shape of the loop variable. "
                        f"It enters the loop with shape {source.shape}, but the specified shape invariant is {shape}."
                    )
                tensor._shape = shape
        self.enter()
        try:
            merges = [merge([t, t]) for t in enters]
            loop.variables = [LoopVariable(e.op, m.op) for e, m in zip(enters, merges, strict=True)]
            for m, e in zip(merges, enters, strict=True):
                m._shape = e._shape
            self.pivot = merges[0].op if merges else None
            pivot = building.make("LoopCond", conversion.convert_to_tensor(condition(*pack(merges))), name="LoopCond")
            loop.condition = pivot.op._inputs[0]
            switches = [switch(m, pivot) for m in merges]
            inside = [building.make("Identity", s[1]) for s in switches]
            for variable, s in zip(loop.variables, switches, strict=True):
                variable.switch = s[1].op
            self.pivot = inside[0].op if inside else pivot.op
            before = len(graph.get_collection_ref("summaries"))
            result = unpack(body(*pack(inside)))
            del graph.get_collection_ref("summaries")[before:]  # those of a loop's body belong to no run
            if len(result) != len(enters):
                raise ValueError(
                    f"Number of inputs and outputs of body must match loop_vars: {len(enters)}, {len(result)}"
                )
            for variable, m, tensor in zip(loop.variables, merges, result, strict=True):
                tensor = self.add_value(conversion.convert_to_tensor(tensor))
                with graphs.colocate_with(m, ignore_existing=True):
                    following = building.make(
                        "RefNextIteration" if tensor.dtype._is_ref_dtype else "NextIteration",
                        tensor,
                        name="NextIteration",
                    )
                self._check_shape(m, following)
                variable.next = following.op
                m.op._update_input(1, following)
        finally:
            self.exit()
        with outside(graph, self.outer), _cleared(graph):
            exits = [
                building.make("RefExit" if s[0].dtype._is_ref_dtype else "Exit", s[0], name="Exit") for s in switches
            ]
        for variable, tensor in zip(loop.variables, exits, strict=True):
            variable.exit = tensor.op
            tensor.op.private["construct"] = loop
            tensor.op.context = self.outer
            tensor._shape = variable.merge.outputs[0]._shape
        loop.outputs = exits
        return exits

    def _check_shape(self, before: Tensor, after: Tensor) -> None:
        if not shape_is_less_specific(before.shape, after.shape):
            raise ValueError(
                f"The shape for {before.op._inputs[0].name} is not an invariant for the loop. It enters the loop with shape {before.shape}, but has shape {after.shape} "
                "after one iteration. Provide shape invariants using either the `shape_invariants` argument of tf.while_loop or set_shape() on the loop variables."
            )


def shape_is_less_specific(general: shapes.TensorShape, special: shapes.TensorShape) -> bool:
    """Whether all that one shape says holds for the other."""
    if general.sizes is None:
        return True
    if special.sizes is None or len(general.sizes) != len(special.sizes):
        return False
    return all(g is None or g == s for g, s in zip(general.sizes, special.sizes, strict=True))


def merged_shape(op: Operation) -> list[Any]:
    """The rule of Merge: what the inputs' shapes have in common."""
    shape = op._inputs[0].shape
    for tensor in op._inputs[1:]:
        shape = shape.most_specific_compatible_shape(tensor.shape)
    return [shape, shapes.TensorShape([])]
