"""`tf.train`'s optimizers along the gradient: gradient descent, momentum, Adagrad, Adadelta, RMSProp, Adam."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, graphs
from jax_slim.tf1.graph.composites import IndexedSlices
from jax_slim.tf1.python import control_flow, initializers, state_ops
from jax_slim.tf1.python.optimizers import Optimizer, cast, is_resource


class GradientDescentOptimizer(Optimizer):
    """variable -= learning_rate · gradient."""

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._learning_rate_tensor = learning_rate, None

    def _prepare(self) -> None:
        self._learning_rate_tensor = conversion.convert_to_tensor(
            self._call_if_callable(self._learning_rate), name="learning_rate"
        )

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both(
            "GradientDescent", grad, var, [], lambda kind, g: (cast(self._learning_rate_tensor, kind), g)
        )

    _resource_apply_dense = _apply_dense

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        change = -grad * cast(self._learning_rate_tensor, grad.dtype)
        return building.make("ResourceScatterAdd", handle.handle, indices, change)

    def _apply_sparse_duplicate_indices(self, grad: Any, var: Any) -> Any:
        change = grad.values * cast(self._learning_rate_tensor, var.dtype)
        return var.scatter_sub(IndexedSlices(change, grad.indices, grad.dense_shape), use_locking=self._use_locking)


class MomentumOptimizer(Optimizer):
    """accumulation = momentum · accumulation + gradient; variable -= learning_rate · accumulation. Slot: 'momentum'."""

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._momentum, self._use_nesterov = learning_rate, momentum, use_nesterov
        self._learning_rate_tensor = self._momentum_tensor = None

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            self._zeros_slot(v, "momentum", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = conversion.convert_to_tensor(
            self._call_if_callable(self._learning_rate), name="learning_rate"
        )
        self._momentum_tensor = conversion.convert_to_tensor(self._call_if_callable(self._momentum), name="momentum")

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        def numbers(kind: Any, g: Any) -> Any:
            return cast(self._learning_rate_tensor, kind), g, cast(self._momentum_tensor, kind)

        return self._apply_both(
            "Momentum", grad, var, [self.get_slot(var, "momentum")], numbers, use_nesterov=self._use_nesterov
        )

    _resource_apply_dense = _apply_dense

    def _rows(self, grad: Any, indices: Any, var: Any) -> Any:
        def numbers(kind: Any, g: Any, i: Any) -> Any:
            return cast(self._learning_rate_tensor, kind), g, i, cast(self._momentum_tensor, kind)

        return self._sparse_both(
            "Momentum", grad, indices, var, [self.get_slot(var, "momentum")], numbers, use_nesterov=self._use_nesterov
        )

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._rows(grad.values, grad.indices, var)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._rows(grad, indices, handle)


class AdagradOptimizer(Optimizer):
    """accumulator += gradient²; variable -= learning_rate · gradient / √accumulator. Slot: 'accumulator'."""

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate, self._initial_accumulator_value, self._learning_rate_tensor = (
            learning_rate,
            initial_accumulator_value,
            None,
        )

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            kind = v.dtype.base_dtype
            if v.get_shape().is_fully_defined():
                first = initializers.constant_initializer(self._initial_accumulator_value, dtype=kind)
                self._get_or_make_slot_with_initializer(v, first, v.get_shape(), kind, "accumulator", self._name)
            else:
                filled = building.make(
                    "Fill", building.make("Shape", v.initialized_value()), cast(self._initial_accumulator_value, kind)
                )
                self._get_or_make_slot(v, filled, "accumulator", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = conversion.convert_to_tensor(
            self._call_if_callable(self._learning_rate), name="learning_rate"
        )

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both(
            "Adagrad",
            grad,
            var,
            [self.get_slot(var, "accumulator")],
            lambda kind, g: (cast(self._learning_rate_tensor, kind), g),
        )

    _resource_apply_dense = _apply_dense

    def _rows(self, grad: Any, indices: Any, var: Any) -> Any:
        slots = [self.get_slot(var, "accumulator")]
        return self._sparse_both(
            "Adagrad", grad, indices, var, slots, lambda kind, g, i: (cast(self._learning_rate_tensor, kind), g, i)
        )

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._rows(grad.values, grad.indices, var)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._rows(grad, indices, handle)


class AdadeltaOptimizer(Optimizer):
    """Steps as large as the recent ones were, by the recent size of gradients. Slots: 'accum', 'accum_update'."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr, self._rho, self._epsilon = learning_rate, rho, epsilon
        self._lr_t = self._rho_t = self._epsilon_t = None

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            self._zeros_slot(v, "accum", self._name)
            self._zeros_slot(v, "accum_update", self._name)

    def _prepare(self) -> None:
        self._lr_t = conversion.convert_to_tensor(self._call_if_callable(self._lr), name="lr")
        self._rho_t = conversion.convert_to_tensor(self._call_if_callable(self._rho), name="rho")
        self._epsilon_t = conversion.convert_to_tensor(self._call_if_callable(self._epsilon), name="epsilon")

    def _of(self, var: Any) -> list[Any]:
        return [self.get_slot(var, "accum"), self.get_slot(var, "accum_update")]

    def _numbers(self, kind: Any, *last: Any) -> Any:
        return cast(self._lr_t, kind), cast(self._rho_t, kind), cast(self._epsilon_t, kind), *last

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both("Adadelta", grad, var, self._of(var), self._numbers)

    _resource_apply_dense = _apply_dense

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._sparse_both("Adadelta", grad.values, grad.indices, var, self._of(var), self._numbers)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._sparse_both("Adadelta", grad, indices, handle, self._of(handle), self._numbers)


class RMSPropOptimizer(Optimizer):
    """Gradients divided by their recent size; the slot 'rms' starts at 1. Slots: 'rms', 'momentum', and 'mg' if centered."""

    def __init__(
        self,
        learning_rate: Any,
        decay: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._decay, self._momentum, self._epsilon, self._centered = (
            learning_rate,
            decay,
            momentum,
            epsilon,
            centered,
        )
        self._learning_rate_tensor = self._decay_tensor = self._momentum_tensor = self._epsilon_tensor = None

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            kind = v.dtype.base_dtype
            if v.get_shape().is_fully_defined():
                self._get_or_make_slot_with_initializer(
                    v, initializers.ones_initializer(dtype=kind), v.get_shape(), kind, "rms", self._name
                )
            else:
                self._get_or_make_slot(v, building.make("OnesLike", v.initialized_value()), "rms", self._name)
            if self._centered:
                self._zeros_slot(v, "mg", self._name)
            self._zeros_slot(v, "momentum", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = conversion.convert_to_tensor(
            self._call_if_callable(self._learning_rate), name="learning_rate"
        )
        self._decay_tensor = conversion.convert_to_tensor(self._call_if_callable(self._decay), name="decay")
        self._momentum_tensor = conversion.convert_to_tensor(self._call_if_callable(self._momentum), name="momentum")
        self._epsilon_tensor = conversion.convert_to_tensor(self._call_if_callable(self._epsilon), name="epsilon")

    def _of(self, var: Any) -> list[Any]:
        return [self.get_slot(var, name) for name in (("mg",) if self._centered else ()) + ("rms", "momentum")]

    def _numbers(self, kind: Any, *last: Any) -> Any:
        rate, decay = cast(self._learning_rate_tensor, kind), cast(self._decay_tensor, kind)
        return rate, decay, cast(self._momentum_tensor, kind), cast(self._epsilon_tensor, kind), *last

    def _type(self) -> str:
        return "CenteredRMSProp" if self._centered else "RMSProp"

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both(self._type(), grad, var, self._of(var), self._numbers)

    _resource_apply_dense = _apply_dense

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._sparse_both(self._type(), grad.values, grad.indices, var, self._of(var), self._numbers)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._sparse_both(self._type(), grad, indices, handle, self._of(handle), self._numbers)


class AdamOptimizer(Optimizer):
    """Moves variables by their gradients' running mean over their running size. Slots: 'm', 'v'; 'beta1_power', 'beta2_power'."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr, self._beta1, self._beta2, self._epsilon = learning_rate, beta1, beta2, epsilon
        self._lr_t = self._beta1_t = self._beta2_t = self._epsilon_t = None

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        graph = graphs.get_default_graph()
        return self._get_non_slot_variable("beta1_power", graph), self._get_non_slot_variable("beta2_power", graph)

    def _create_slots(self, var_list: Any) -> None:
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(self._call_if_callable(self._beta1), "beta1_power", first)
        self._create_non_slot_variable(self._call_if_callable(self._beta2), "beta2_power", first)
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _prepare(self) -> None:
        self._lr_t = conversion.convert_to_tensor(self._call_if_callable(self._lr), name="learning_rate")
        self._beta1_t = conversion.convert_to_tensor(self._call_if_callable(self._beta1), name="beta1")
        self._beta2_t = conversion.convert_to_tensor(self._call_if_callable(self._beta2), name="beta2")
        self._epsilon_t = conversion.convert_to_tensor(self._call_if_callable(self._epsilon), name="epsilon")

    def _of(self, var: Any) -> list[Any]:
        return [self.get_slot(var, "m"), self.get_slot(var, "v")]

    def _numbers(self, kind: Any, grad: Any) -> Any:
        powers = (cast(p, kind) for p in self._get_beta_accumulators())
        given = (cast(t, kind) for t in (self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t))
        return *powers, *given, grad

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both("Adam", grad, var, self._of(var), self._numbers)

    _resource_apply_dense = _apply_dense

    def _rows(self, grad: Any, indices: Any, var: Any) -> Any:
        """As TF does it: all rows of the slots fade, those with a gradient get it, and the whole variable moves."""
        kind = var.dtype.base_dtype
        beta1_power, beta2_power = (cast(p, kind) for p in self._get_beta_accumulators())
        rate, beta1, beta2, epsilon = (
            cast(t, kind) for t in (self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        )
        rate = rate * building.make("Sqrt", 1 - beta2_power) / (1 - beta1_power)
        m, v = self._of(var)
        m_t = self._faded(m, beta1, grad * (1 - beta1), indices)
        v_t = self._faded(v, beta2, (grad * grad) * (1 - beta2), indices)
        moved = state_ops.assign_sub(
            var, rate * m_t / (building.make("Sqrt", v_t) + epsilon), use_locking=self._use_locking
        )
        return control_flow.group(moved, m_t, v_t)

    def _faded(self, slot: Any, beta: Any, added: Any, indices: Any) -> Any:
        faded = state_ops.assign(slot, slot * beta, use_locking=self._use_locking)
        with graphs.control_dependencies([faded]):
            if not is_resource(slot):
                return state_ops.scatter_add(slot, indices, added, use_locking=self._use_locking)
            scattered = building.make("ResourceScatterAdd", slot.handle, indices, added)
            with graphs.control_dependencies([scattered]):
                return slot.value()

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._rows(grad.values, grad.indices, var)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._rows(grad, indices, handle)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        with graphs.control_dependencies(update_ops):
            beta1_power, beta2_power = self._get_beta_accumulators()
            with graphs.colocate_with(beta1_power):
                next1 = beta1_power.assign(beta1_power * self._beta1_t, use_locking=self._use_locking)
                next2 = beta2_power.assign(beta2_power * self._beta2_t, use_locking=self._use_locking)
        return control_flow.group(*update_ops, next1, next2, name=name_scope)
