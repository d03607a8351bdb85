"""`tf.contrib.opt`: further optimizers."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, graphs
from jax_slim.tf1.python import (
    control_flow,
    math,
    reductions,
    state_ops,
)
from jax_slim.tf1.python.optimizers import Optimizer, cast
from jax_slim.tf1.python.optimizers_descent import AdamOptimizer, MomentumOptimizer


class NadamOptimizer(AdamOptimizer):
    """Adam, one step ahead (Nesterov)."""

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both("Adam", grad, var, self._of(var), self._numbers, use_nesterov=True)

    _resource_apply_dense = _apply_dense


class AdaMaxOptimizer(AdamOptimizer):
    """Adam with the fading maximum of gradients in place of their mean square."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdaMax",
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _create_slots(self, var_list: Any) -> None:
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(self._call_if_callable(self._beta1), "beta1_power", first)
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _beta1_power(self) -> Any:
        return self._get_non_slot_variable("beta1_power", graphs.get_default_graph())

    def _numbers(self, kind: Any, grad: Any) -> Any:
        given = (self._beta1_power(), self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        return *(cast(t, kind) for t in given), grad

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both("AdaMax", grad, var, self._of(var), self._numbers)

    _resource_apply_dense = _apply_dense

    def _rows(self, grad: Any, indices: Any, var: Any) -> Any:
        kind = var.dtype.base_dtype
        power, rate, beta1, beta2, epsilon = (
            cast(t, kind) for t in (self._beta1_power(), self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        )
        m, v = self._of(var)
        m_rows = beta1 * building.make("GatherV2", m, indices, 0) + (1 - beta1) * grad
        v_rows = math.maximum(beta2 * building.make("GatherV2", v, indices, 0), math.abs(grad))
        moved = rate / (1 - power) * (m_rows / (v_rows + epsilon))
        updates = [
            state_ops.scatter_update(m, indices, m_rows),
            state_ops.scatter_update(v, indices, v_rows),
            state_ops.scatter_sub(var, indices, moved),
        ]
        return control_flow.group(*updates)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        with graphs.control_dependencies(update_ops):
            power = self._beta1_power()
            with graphs.colocate_with(power):
                update = power.assign(power * self._beta1_t, use_locking=self._use_locking)
        return control_flow.group(*update_ops, update, name=name_scope)


class LazyAdamOptimizer(AdamOptimizer):
    """Adam that leaves rows without a gradient, and their slots, as they are."""

    def _rows(self, grad: Any, indices: Any, var: Any) -> Any:
        kind = var.dtype.base_dtype
        beta1_power, beta2_power = (cast(p, kind) for p in self._get_beta_accumulators())
        rate, beta1, beta2, epsilon = (
            cast(t, kind) for t in (self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        )
        rate = rate * math.sqrt(1 - beta2_power) / (1 - beta1_power)
        m, v = self._of(var)
        m_rows = beta1 * building.make("GatherV2", m, indices, 0) + (1 - beta1) * grad
        v_rows = beta2 * building.make("GatherV2", v, indices, 0) + (1 - beta2) * math.square(grad)
        moved = rate * m_rows / (math.sqrt(v_rows) + epsilon)
        updates = [
            state_ops.scatter_update(m, indices, m_rows),
            state_ops.scatter_update(v, indices, v_rows),
            state_ops.scatter_sub(var, indices, moved),
        ]
        return control_flow.group(*updates)


class _SignOptimizer(Optimizer):
    """What AddSign and PowerSign share: the slot 'm', and a decay of the sign's part by the step."""

    _kernel = ""

    def __init__(
        self, learning_rate: Any, numbers: Any, beta: Any, sign_decay_fn: Any, use_locking: bool, name: str
    ) -> None:
        super().__init__(use_locking, name)
        self._lr, self._numbers_given, self._beta, self._sign_decay_fn = learning_rate, numbers, beta, sign_decay_fn

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        if self._sign_decay_fn is not None:
            self._sign_decay_t = conversion.convert_to_tensor(self._sign_decay_fn(global_step), name="sign_decay")
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            self._zeros_slot(v, "m", self._name)

    def _prepare(self) -> None:
        self._lr_t = conversion.convert_to_tensor(self._lr, name="learning_rate")
        self._beta_t = conversion.convert_to_tensor(self._beta, name="beta")
        self._number_t = conversion.convert_to_tensor(self._numbers_given, name="alpha")
        if self._sign_decay_fn is None:
            self._sign_decay_t = conversion.convert_to_tensor(1.0, name="sign_decay")

    def _numbers(self, kind: Any, grad: Any) -> Any:
        return *(cast(t, kind) for t in (self._lr_t, self._number_t, self._sign_decay_t, self._beta_t)), grad

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both(self._kernel, grad, var, [self.get_slot(var, "m")], self._numbers)

    _resource_apply_dense = _apply_dense


class AddSignOptimizer(_SignOptimizer):
    """Steps of (alpha + sign_decay · sign(g) · sign(m)) · g."""

    _kernel = "AddSign"

    def __init__(
        self,
        learning_rate: Any = 0.1,
        alpha: Any = 1.0,
        beta: Any = 0.9,
        sign_decay_fn: Any = None,
        use_locking: bool = False,
        name: str = "AddSignOptimizer",
    ) -> None:
        super().__init__(learning_rate, alpha, beta, sign_decay_fn, use_locking, name)


class PowerSignOptimizer(_SignOptimizer):
    """Steps of base^(sign_decay · sign(g) · sign(m)) · g."""

    _kernel = "PowerSign"

    def __init__(
        self,
        learning_rate: Any = 0.1,
        base: Any = np.e,
        beta: Any = 0.9,
        sign_decay_fn: Any = None,
        use_locking: bool = False,
        name: str = "PowerSignOptimizer",
    ) -> None:
        super().__init__(learning_rate, float(np.log(base)), beta, sign_decay_fn, use_locking, name)


class DecoupledWeightDecayExtension:
    """Shrinks variables apart from their gradients: variable -= weight_decay · variable, before the optimizer's own step."""

    def __init__(self, weight_decay: Any, **kwargs: Any) -> None:
        self._decay_var_list: Any = None
        self._weight_decay = weight_decay
        super().__init__(**kwargs)

    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, decay_var_list: Any = None, **kwargs: Any
    ) -> Any:
        """As `Optimizer.minimize`; `decay_var_list` are the variables that shrink: all by default."""
        self._decay_var_list = {v.op.name for v in decay_var_list} if decay_var_list else None
        return super().minimize(loss, global_step=global_step, var_list=var_list, **kwargs)  # type: ignore[misc]

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None, decay_var_list: Any = None
    ) -> Any:
        """As `Optimizer.apply_gradients`."""
        if decay_var_list:
            self._decay_var_list = {v.op.name for v in decay_var_list}
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)  # type: ignore[misc]

    def _prepare(self) -> None:
        decay = self._weight_decay() if callable(self._weight_decay) else self._weight_decay
        self._weight_decay_tensor = conversion.convert_to_tensor(decay, name="weight_decay")
        super()._prepare()  # type: ignore[misc]

    def _update(self, gradient: Any, variable: Any) -> Any:
        if self._decay_var_list and variable.op.name not in self._decay_var_list:
            return super()._update(gradient, variable)  # type: ignore[misc]
        shrunk = variable.assign_sub(cast(self._weight_decay_tensor, variable.dtype) * variable)
        with graphs.control_dependencies([shrunk.op if hasattr(shrunk, "op") else shrunk]):
            return super()._update(gradient, variable)  # type: ignore[misc]


def extend_with_decoupled_weight_decay(base_optimizer: Any) -> Any:
    """A class like an optimizer's, with `weight_decay` as its first argument."""

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):
        def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any) -> None:
            self._decay_var_list, self._weight_decay = None, weight_decay
            base_optimizer.__init__(self, *args, **kwargs)

    return OptimizerWithDecoupledWeightDecay


class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """Adam with decoupled weight decay."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdamW",
    ) -> None:
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            use_locking=use_locking,
            name=name,
        )


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """Momentum with decoupled weight decay."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "MomentumW",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            momentum=momentum,
            use_locking=use_locking,
            name=name,
            use_nesterov=use_nesterov,
        )


class LARSOptimizer(Optimizer):
    """Momentum with a rate for each layer: eeta · |w| / (|g| + weight_decay · |w|)."""

    def __init__(
        self,
        learning_rate: Any,
        momentum: float = 0.9,
        weight_decay: float = 0.0001,
        eeta: float = 0.001,
        epsilon: float = 0.0,
        name: str = "LARSOptimizer",
        skip_list: Any = None,
        use_nesterov: bool = False,
    ) -> None:
        if momentum < 0.0:
            raise ValueError(f"momentum should be positive: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"weight_decay should be positive: {weight_decay}")
        super().__init__(use_locking=False, name=name)
        self._learning_rate, self._momentum, self._weight_decay, self._eeta, self._epsilon = (
            learning_rate,
            momentum,
            weight_decay,
            eeta,
            epsilon,
        )
        self._skip_list, self._use_nesterov = skip_list, use_nesterov

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            self._zeros_slot(v, "momentum", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = conversion.convert_to_tensor(
            self._call_if_callable(self._learning_rate), name="learning_rate"
        )
        self._momentum_tensor = conversion.convert_to_tensor(self._call_if_callable(self._momentum), name="momentum")

    def compute_lr(self, grad: Any, var: Any) -> tuple[Any, Any]:
        """The rate of a variable, and its gradient with the decay."""
        scaled = self._learning_rate
        if self._skip_list is None or not any(v in var.name for v in self._skip_list):
            w_norm, g_norm = (math.sqrt(reductions.reduce_sum(math.square(t))) for t in (var, grad))
            from jax_slim.tf1.python import gathering

            trust = self._eeta * w_norm / (g_norm + self._weight_decay * w_norm + self._epsilon)
            one = conversion.constant(1.0)
            factor = gathering.where(math.greater(w_norm, 0), gathering.where(math.greater(g_norm, 0), trust, one), one)
            scaled = self._learning_rate * factor
            grad = grad + self._weight_decay * var
        return scaled, grad

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        rate, grad = self.compute_lr(grad, var)
        rate = conversion.convert_to_tensor(rate)

        def numbers(kind: Any, g: Any) -> Any:
            return cast(rate, kind), g, cast(self._momentum_tensor, kind)

        return self._apply_both(
            "Momentum", grad, var, [self.get_slot(var, "momentum")], numbers, use_nesterov=self._use_nesterov
        )

    _resource_apply_dense = _apply_dense
