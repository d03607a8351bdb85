"""`tf.gradients`: walks back from the ys to the xs and adds, for each operation on the way, a node with its gradient."""

import collections
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, op_defs, rows
from jax_slim.tf1.graph.composites import IndexedSlices
from jax_slim.tf1.graph.tensors import Operation, Tensor, handled

op_defs.register(
    "SlimGradient(inputs: *Tin) -> (outputs: *Tout) | Tin: list(type), Tout: list(type), forward: string, places: list(int), given: list(int)"
)


class AggregationMethod:
    """How gradients of several paths are added; here always as by ADD_N."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


class UnconnectedGradients:
    """What the gradient of an x is that no y depends on."""

    NONE = "none"
    ZERO = "zero"


def gradients(ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", colocate_gradients_with_ops: bool = False, gate_gradients: bool = False,
              aggregation_method: Any = None, stop_gradients: Any = None, unconnected_gradients: Any = UnconnectedGradients.NONE) -> list[Any]:  # fmt: skip
    """The derivatives of the sum of ys with respect to each of xs.

    Args:
      grad_ys: what the ys' own gradients are; ones by default.
      stop_gradients: tensors through which no gradient passes.
      unconnected_gradients: 'none' or 'zero', for xs that the ys do not depend on.

    Returns:
      For each x a tensor, IndexedSlices (for what was gathered), or None.

    Raises:
      TypeError, ValueError: ys without gradients (integers), grad_ys that do not fit them.
      LookupError: an operation on the way has no gradient.
    """
    if unconnected_gradients not in (UnconnectedGradients.NONE, UnconnectedGradients.ZERO):
        raise ValueError(f"Unknown value for unconnected_gradients: {unconnected_gradients!r}")
    ys, xs = _listed(ys), _listed(xs)
    grad_ys = [None] * len(ys) if grad_ys is None else _listed(grad_ys)
    stops = [] if stop_gradients is None else _listed(stop_gradients)
    with graphs.name_scope(name, "gradients", [*ys, *xs, *stops, *(g for g in grad_ys if g is not None)]):
        ys = [conversion.convert_to_tensor(y, name=f"y_{i}") for i, y in enumerate(ys)]
        xs = [_as_x(x, i) for i, x in enumerate(xs)]
        stops = [conversion.convert_to_tensor(s, name="stop") for s in stops]
        grad_ys = [_own_gradient(y, g, i) for i, (y, g) in enumerate(zip(ys, grad_ys, strict=True))]
        walk = _Walk(ys, xs, stops, aggregation_method)
        found = walk.run(grad_ys)
        if unconnected_gradients == UnconnectedGradients.ZERO:
            with graphs.name_scope(""):
                found = [_zeros_like(x) if g is None else g for g, x in zip(found, xs, strict=True)]
    return found


def _zeros_like(x: Tensor, name: str = "zeros_like") -> Tensor:
    if x.shape.is_fully_defined():
        return conversion.constant(np.zeros(x.shape.as_list(), x.dtype.base_dtype.as_numpy_dtype), name=name)
    return building.make("ZerosLike", x, name=name)


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _as_x(x: Any, place: int) -> Tensor:
    handle = getattr(x, "handle", None)
    if handle is not None and isinstance(handle, Tensor) and handle.dtype == dtypes.resource:
        return handle
    return conversion.convert_to_tensor(x, name=f"x_{place}", as_ref=True)


def _own_gradient(y: Tensor, given: Any, place: int) -> Any:
    kind = y.dtype.base_dtype
    if given is None:
        if kind.is_complex:
            raise TypeError(f"Gradients of complex tensors must set grad_ys (y.dtype = {kind!r})")
        shape = y.shape
        sizes = (
            conversion.constant(np.array(shape.as_list(), np.int32), name="Shape")
            if shape.is_fully_defined()
            else building.make("Shape", y)
        )
        return building.make("Fill", sizes, conversion.constant(1, kind, name=f"grad_ys_{place}"))
    if kind.is_floating or kind.is_integer:
        given = (
            given if isinstance(given, IndexedSlices) else conversion.convert_to_tensor(given, name=f"grad_ys_{place}")
        )
        if not (given.dtype.base_dtype.is_floating or given.dtype.base_dtype.is_integer):
            raise TypeError(
                f"Gradient type {given.dtype.name} generated for real or integer-valued tensor {y} with type {kind.name} must be real or integer"
            )
    else:
        given = conversion.convert_to_tensor(given, name=f"grad_ys_{place}")
    if isinstance(given, Tensor) and not given.shape.is_compatible_with(y.shape):
        raise ValueError(f"Shape {given.shape} of grad_ys[{place}] must fit the shape {y.shape} of {y.name}.")
    return given


class _Walk:
    """The operations between ys and xs, and the gradients that have come to their outputs."""

    def __init__(self, ys: list[Tensor], xs: list[Tensor], stops: list[Tensor], aggregation: Any) -> None:
        self.ys, self.xs, self.aggregation = ys, xs, aggregation
        self._graph = graphs.get_default_graph()
        self._context = self._graph._control_flow_context
        self._stop_ops = {t.op for t in stops}
        self._x_set = set(xs)
        forward = self._forward()
        # What is on a path from an x to a y, and for each how many of its consumers have still to send gradients.
        self.between: set[Any] = set()
        self.pending: collections.Counter[Any] = collections.Counter()
        stack = [self._node(y.op) for y in ys]
        while stack:
            node = stack.pop()
            if node in self.between or node not in forward:
                continue
            self.between.add(node)
            if not self._stops(node):
                stack.extend(self._node(t.op) for t in self._sources(node))
        for node in self.between:
            if not self._stops(node):
                self.pending.update({n for n in (self._node(t.op) for t in self._sources(node)) if n in self.between})
        self.grads: dict[Tensor, list[Any]] = collections.defaultdict(list)

    def _stops(self, node: Any) -> bool:
        return isinstance(node, Operation) and node in self._stop_ops

    def _node(self, op: Operation) -> Any:
        """The operation, or the conditional or loop, outside of where we are, that it is part of."""
        construct = op.private.get("construct")
        if construct is not None and construct.outer is self._context:
            return construct
        place = op.context if construct is None else construct.outer
        while place is not None and place is not self._context:
            if place.construct.outer is self._context:
                return place.construct
            place = place.construct.outer
        return op

    def _sources(self, node: Any) -> list[Tensor]:
        return node._inputs if isinstance(node, Operation) else node.external_inputs()

    def _forward(self) -> set[Any]:
        """Whatever depends on an x."""
        found: set[Any] = set()
        stack = [x.op for x in self.xs]
        while stack:
            op = stack.pop()
            node = self._node(op)
            if node in found:
                continue
            found.add(node)
            outputs = op.outputs if isinstance(node, Operation) else node.outputs
            stack.extend(c for t in outputs for c in t._consumers)
        # An x that is itself inside of a construct is looked up as the operation that it is.
        return found

    def run(self, grad_ys: list[Any]) -> list[Any]:
        for y, gradient in zip(self.ys, grad_ys, strict=True):
            self.grads[y].append(gradient)
        ready = collections.deque(
            dict.fromkeys(n for y in self.ys if (n := self._node(y.op)) in self.between and not self.pending[n])
        )
        done: set[Any] = set()
        totals: dict[Tensor, Any] = {}
        while ready:
            node = ready.popleft()
            if node in done:
                continue
            done.add(node)
            outputs = node.outputs
            out_grads = [self._total(t, totals) for t in outputs]
            if not self._stops(node):
                in_grads = self._step(node, out_grads)
                for tensor, gradient in zip(self._sources(node), in_grads, strict=True):
                    if gradient is not None:
                        self.grads[tensor].append(gradient)
                # In the order of the inputs, the last of those that are one operation's: as TensorFlow numbers what it makes.
                sources = dict.fromkeys(self._node(t.op) for t in reversed(self._sources(node)))
                for source in reversed(sources):
                    if source in self.between:
                        self.pending[source] -= 1
                        if not self.pending[source]:
                            ready.append(source)
        return [self._total(x, totals) for x in self.xs]

    def _total(self, tensor: Tensor, totals: dict[Tensor, Any]) -> Any:
        if tensor not in totals:
            found = self.grads.get(tensor)
            totals[tensor] = None if not found else _sum(found, tensor, self.aggregation)
        return totals[tensor]

    def _step(self, node: Any, out_grads: list[Any]) -> list[Any]:
        count = len(self._sources(node))
        if all(g is None for g in out_grads):
            return [None] * count
        if not isinstance(node, Operation):
            with self._graph.name_scope(node.name + "_grad"), _without_control(self._graph):
                return node.gradient(out_grads)
        op = node
        function = rows.gradient_of(op)
        if function is rows.NONE:
            return [None] * count
        row = rows.find(op.type)
        if function is None and op.type != "SlimGradient" and (row is None or row.on_host(op) or row.context):
            if not any(t.dtype.base_dtype.is_floating for t in op._inputs):
                return [None] * count
            raise LookupError(f"No gradient defined for operation '{op.name}' (op type: {op.type})")
        if function is not None and len(out_grads) > 1:
            out_grads = [
                _zeros_like(t) if g is None and (t.dtype.base_dtype.is_floating or t.dtype.base_dtype.is_complex) else g
                for g, t in zip(out_grads, op.outputs, strict=True)
            ]
        with self._graph.name_scope(op.name + "_grad"), _without_control(self._graph):
            if function is None:
                return generic(op, out_grads)
            op.private["unused"] = {i for i, t in enumerate(op._inputs) if self._node(t.op) not in self.between}
            found = function(op, *out_grads)
        found = list(found) if isinstance(found, list | tuple) else [found]
        if len(found) != count:
            raise ValueError(f"Num gradients {len(found)} generated for op {op.name} do not match num inputs {count}")
        result = [g if g is None or isinstance(g, IndexedSlices) else conversion.convert_to_tensor(g) for g in found]
        for gradient, source in zip(result, op._inputs, strict=True):
            if (
                isinstance(gradient, Tensor)
                and not gradient.shape.is_fully_defined()
                and source.dtype.name != "resource"
            ):
                gradient.set_shape(source.shape)
        return result


def _without_control(graph: Any) -> Any:
    return graph.control_dependencies([])


def _sum(found: list[Any], tensor: Tensor, aggregation: Any) -> Any:
    if len(found) == 1:
        return found[0]
    if all(isinstance(g, IndexedSlices) for g in found):
        values = building.make(
            "ConcatV2", [g.values for g in found], conversion.constant(0, name="axis"), name="concat"
        )
        indices = building.make(
            "ConcatV2", [g.indices for g in found], conversion.constant(0, name="axis"), name="concat"
        )
        return IndexedSlices(values, indices, found[0].dense_shape)
    dense = [conversion.convert_to_tensor(g) for g in found]
    if (
        aggregation == AggregationMethod.EXPERIMENTAL_ACCUMULATE_N
        and len(dense) > 2
        and tensor.shape.is_fully_defined()
    ):
        return building.make("AccumulateNV2", dense, shape=tensor.shape)
    if aggregation in (AggregationMethod.EXPERIMENTAL_TREE, AggregationMethod.EXPERIMENTAL_ACCUMULATE_N):
        with graphs.name_scope(tensor.op.name + "_gradient_sum"):
            total = dense[0]
            for part in dense[1:]:
                total = building.make("AddN", [total, part])
            return total
    return building.make("AddN", dense, name="AddN")


def generic(op: Operation, out_grads: list[Any]) -> list[Any]:
    """The gradient of an operation by `jax.vjp` of what it computes: one node."""
    row = rows.find(op.type)
    assert row is not None
    names, static = rows.input_names(op), rows.static_names(op)
    places = tuple(
        i for i, (t, name) in enumerate(zip(op._inputs, names, strict=True))
        if (t.dtype.base_dtype.is_floating or t.dtype.base_dtype.is_complex) and name not in static and name not in row.refs
    )  # fmt: skip
    if op.type == "SlimGradient":  # variables that a loop or conditional only reads move too
        places = tuple(sorted({*places, *op.private["inputs"]}))
    result: list[Any] = [None] * len(op._inputs)
    if not places:
        return result
    found = node(op, op._inputs, places, op.outputs, out_grads)
    for place, tensor in zip(places, found, strict=True):
        result[place] = tensor
    return result


def node(
    forward: Any, inputs: list[Tensor], places: tuple[int, ...], outputs: list[Tensor], out_grads: list[Any]
) -> list[Tensor]:
    """A node with the gradients of a forward operation (or construct) with respect to the inputs at `places`."""
    given = tuple(
        i
        for i, (g, t) in enumerate(zip(out_grads, outputs, strict=True))
        if g is not None and (t.dtype.base_dtype.is_floating or t.dtype.base_dtype.is_complex)
    )
    dense = [conversion.convert_to_tensor(out_grads[i]) for i in given]
    made = building.make_op(
        "SlimGradient",
        [*inputs, *dense],
        Tout=[_kind(inputs[p]) for p in places],
        forward=forward.name,
        places=list(places),
        given=list(given),
        name=forward.name.rpartition("/")[2],
    )
    made.private.update(forward=forward, inputs=places, gradients=given)
    for place, tensor in zip(places, made.outputs, strict=True):
        variable = handled(inputs[place])
        tensor.set_shape(inputs[place].shape if variable is None else variable.attrs["shape"])
    return made.outputs


def _kind(tensor: Tensor) -> Any:
    """The type of the gradient with respect to a tensor, or to the variable whose handle it is."""
    variable = handled(tensor)
    return tensor.dtype.base_dtype if variable is None else variable.attrs["dtype"]
