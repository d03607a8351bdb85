"""`tf.train.Optimizer`: from a loss to an operation that changes variables. The optimizers are in the files beside."""

from typing import Any

from jax_slim.tf1.graph import building, composites, conversion, dtypes, gradients, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.composites import IndexedSlices
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import control_flow, initial_values, optimizers_slots, state_ops, variables

_FLOATS = frozenset(
    {dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128}
)


def cast(value: Any, dtype: Any) -> Tensor:
    """A tensor in another type; itself where it has that type."""
    kind = dtypes.as_dtype(dtype).base_dtype
    value = conversion.convert_to_tensor(value)
    return value if value.dtype.base_dtype == kind else building.make("Cast", value, DstT=kind)


def is_resource(variable: Any) -> bool:
    """Whether it is a resource variable."""
    return bool(getattr(variable, "_is_resource", False))


def key_of(variable: Any) -> Any:
    """What slots are kept by: the graph and the name of a variable."""
    return variable.op.graph, variable.op.name


class Optimizer:
    """The base of all optimizers. An optimizer of one's own defines `_apply_dense`, and what of these it needs:
    `_create_slots`, `_prepare`, `_apply_sparse`, `_resource_apply_dense`, `_resource_apply_sparse`, `_finish`.
    """

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking, self._name = use_locking, name
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slot_dict: dict[Any, Any] = {}

    def get_name(self) -> str:
        """The name, which slots have too."""
        return self._name

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:
        """An operation that changes variables so that `loss` falls, and then counts `global_step`.

        Args:
          var_list: the variables; the trainable ones by default.

        Raises:
          ValueError: no variable has a gradient.
        """
        pairs = self.compute_gradients(
            loss, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss
        )
        if all(gradient is None for gradient, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support gradients, between "
                f"variables {[str(v) for _, v in pairs]} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step=global_step, name=name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """A list of (gradient, variable); a gradient is a tensor, IndexedSlices or None.

        Raises:
          ValueError: there are no variables, or `gate_gradients` is none of the three.
        """
        if callable(loss) and not isinstance(loss, Tensor | variables.Variable):
            loss = loss()
        if gate_gradients not in (Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH.  Not "
                f"{gate_gradients}"
            )
        self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        if var_list is None:
            var_list = variables.trainable_variables() + graphs.get_collection(GraphKeys.TRAINABLE_RESOURCE_VARIABLES)
        else:
            var_list = _flat(var_list)
        if not var_list:
            raise ValueError("No variables to optimize.")
        for variable in var_list:
            if not isinstance(variable, Tensor | variables.Variable):
                raise NotImplementedError("Trying to optimize unsupported type ", variable)
        found = gradients.gradients(
            loss,
            var_list,
            grad_ys=grad_loss,
            aggregation_method=aggregation_method,
            gate_gradients=gate_gradients == Optimizer.GATE_OP,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gate_gradients == Optimizer.GATE_GRAPH:
            found = control_flow.tuple(found)
        self._assert_valid_dtypes(
            [v for g, v in zip(found, var_list, strict=True) if g is not None and v.dtype != dtypes.resource]
        )
        return list(zip(found, var_list, strict=True))

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        """An operation that applies gradients: `name`, by default the optimizer's. With a step, it is what counts the step.

        Raises:
          ValueError: there are no variables, or none has a gradient.
          TypeError: what is given as a gradient is none.
        """
        pairs = [(_checked_gradient(g), v) for g, v in tuple(grads_and_vars)]
        if not pairs:
            raise ValueError("No variables provided.")
        var_list = [v for g, v in pairs if g is not None]
        if not var_list:
            raise ValueError(f"No gradients provided for any variable: {[str(v) for _, v in pairs]}.")
        for variable in var_list:
            if isinstance(variable, Tensor):
                raise NotImplementedError("Trying to update a Tensor ", variable)
        with initial_values.init_scope():
            self._create_slots(var_list)
        updates = []
        with graphs.name_scope(name, self._name) as scope:
            self._prepare()
            for gradient, variable in pairs:
                if gradient is None:
                    continue
                with graphs.name_scope("update_" + variable.op.name), graphs.colocate_with(variable):
                    updates.append(self._update(gradient, variable))
            if global_step is None:
                applied = self._finish(updates, scope)
            else:
                with graphs.control_dependencies([self._finish(updates, "update")]), graphs.colocate_with(global_step):
                    if is_resource(global_step):
                        one = conversion.convert_to_tensor(1, global_step.dtype)
                        applied = building.make("AssignAddVariableOp", global_step.handle, one, name=scope)
                    else:
                        applied = state_ops.assign_add(global_step, 1, name=scope)
            applied = applied.op if isinstance(applied, Tensor) else applied
            train_ops = graphs.get_collection_ref(GraphKeys.TRAIN_OP)
            if applied not in train_ops:
                train_ops.append(applied)
            return applied

    def _update(self, gradient: Any, variable: Any) -> Any:
        sparse = isinstance(gradient, IndexedSlices)
        if sparse:
            if variable.constraint is not None:
                raise RuntimeError("Cannot use a constraint function on a sparse variable.")
            if is_resource(variable):
                return self._resource_apply_sparse_duplicate_indices(gradient.values, variable, gradient.indices)
            return self._apply_sparse_duplicate_indices(gradient, variable)
        update = (
            self._resource_apply_dense(gradient, variable)
            if is_resource(variable)
            else self._apply_dense(gradient, variable)
        )
        if variable.constraint is None:
            return update
        with graphs.control_dependencies([update]):
            return variable.assign(variable.constraint(variable))

    # Slots.

    def get_slot(self, var: Any, name: str) -> Any:
        """The slot of a variable, or None."""
        return self._slots.get(name, {}).get(key_of(var))

    def get_slot_names(self) -> list[str]:
        """What kinds of slots there are."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """All variables of the optimizer in the default graph, by name."""
        graph = graphs.get_default_graph()
        found = [v for v in self._non_slot_variables() if v.op.graph is graph]
        for kept in self._slots.values():
            found += [v for v in kept.values() if v.op.graph is graph]
        return sorted(found, key=lambda v: v.name)

    def _slot_dict(self, slot_name: str) -> dict[Any, Any]:
        return self._slots.setdefault(slot_name, {})

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        named = self._slot_dict(slot_name)
        if key_of(var) not in named:
            named[key_of(var)] = optimizers_slots.create_slot(var, val, op_name)
        return named[key_of(var)]

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        named = self._slot_dict(slot_name)
        if key_of(var) not in named:
            named[key_of(var)] = optimizers_slots.create_slot_with_initializer(var, initializer, shape, dtype, op_name)
        return named[key_of(var)]

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        named = self._slot_dict(slot_name)
        if key_of(var) not in named:
            named[key_of(var)] = optimizers_slots.create_zeros_slot(var, op_name)
        return named[key_of(var)]

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Any:
        key = (name, colocate_with.op.graph)
        if key not in self._non_slot_dict:
            with graphs.colocate_with(colocate_with):
                made = variables.Variable(
                    initial_value, name=name, trainable=False, use_resource=is_resource(colocate_with)
                )
            self._non_slot_dict[key] = made
        return self._non_slot_dict[key]

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        return self._non_slot_dict.get((name, graph))

    def _non_slot_variables(self) -> list[Any]:
        return list(self._non_slot_dict.values())

    # What optimizers define.

    def _valid_dtypes(self) -> Any:
        return _FLOATS

    def _assert_valid_dtypes(self, tensors: Any) -> None:
        valid = self._valid_dtypes()
        for tensor in tensors:
            if tensor.dtype.base_dtype not in valid:
                raise ValueError(
                    f"Invalid type {tensor.dtype.base_dtype!r} for {tensor.name}, expected: {list(valid)}."
                )

    def _create_slots(self, var_list: Any) -> None:
        """Makes the slots of variables."""

    def _prepare(self) -> None:
        """Makes tensors of the numbers that all updates use."""

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        raise NotImplementedError

    def _resource_apply_dense(self, grad: Any, var: Any) -> Any:
        raise NotImplementedError

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        raise NotImplementedError

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        raise NotImplementedError

    def _apply_sparse_duplicate_indices(self, grad: Any, var: Any) -> Any:
        values, indices = deduplicated(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        values, unique = deduplicated(grad, indices)
        return self._resource_apply_sparse(values, handle, unique)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        return control_flow.group(*update_ops, name=name_scope)

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) and not isinstance(param, Tensor | variables.Variable) else param

    # The two forms of an update, by one rule.

    def _apply_both(self, type: str, grad: Any, var: Any, slots: list[Any], numbers: Any, **attributes: Any) -> Any:
        """`Apply<type>` of a reference variable, `ResourceApply<type>` of a resource one. `numbers(kind)` -> further inputs."""
        attributes["use_locking"] = self._use_locking
        if is_resource(var):
            made = building.make(
                f"ResourceApply{type}",
                var.handle,
                *(s.handle for s in slots),
                *numbers(grad.dtype.base_dtype, grad),
                **attributes,
            )
            return made
        made = building.make(
            f"Apply{type}", var._ref(), *(s._ref() for s in slots), *numbers(var.dtype.base_dtype, grad), **attributes
        )
        return made.op

    def _sparse_both(
        self, type: str, grad: Any, indices: Any, var: Any, slots: list[Any], numbers: Any, **attributes: Any
    ) -> Any:
        """The same for some rows. `numbers(kind, gradient, indices)`."""
        attributes["use_locking"] = self._use_locking
        if is_resource(var):
            return building.make(
                f"ResourceSparseApply{type}",
                var.handle,
                *(s.handle for s in slots),
                *numbers(grad.dtype.base_dtype, grad, indices),
                **attributes,
            )
        return building.make(
            f"SparseApply{type}",
            var._ref(),
            *(s._ref() for s in slots),
            *numbers(var.dtype.base_dtype, grad, indices),
            **attributes,
        ).op


def deduplicated(values: Any, indices: Any) -> tuple[Any, Any]:
    """Rows of equal indices added up, and the indices once each."""
    unique, places = building.make("Unique", indices)
    count = building.make("Shape", unique)[0]
    return building.make("UnsortedSegmentSum", values, places, count), unique


def _checked_gradient(gradient: Any) -> Any:
    if gradient is None:
        return None
    try:
        return composites.convert_to_tensor_or_indexed_slices(gradient)
    except TypeError:
        raise TypeError(f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {gradient}") from None


def _flat(values: Any) -> list[Any]:
    if isinstance(values, dict):
        return [leaf for key in sorted(values) for leaf in _flat(values[key])]
    if isinstance(values, list | tuple):
        return [leaf for value in values for leaf in _flat(value)]
    if hasattr(values, "_get_variable_list"):  # a partitioned variable
        return list(values._get_variable_list())
    return [values]
