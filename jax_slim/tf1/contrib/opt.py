"""`tf.contrib.opt`: further optimizers."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, graphs
from jax_slim.tf1.python import clip_ops, control_flow, logging, math, moving_averages, reductions, saver as savers, state_ops, variables
from jax_slim.tf1.python.optimizers import Optimizer, cast
from jax_slim.tf1.python.optimizers_descent import AdamOptimizer, MomentumOptimizer


class NadamOptimizer(AdamOptimizer):
    """Adam, one step ahead (Nesterov)."""

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_both("Adam", grad, var, self._of(var), self._numbers, use_nesterov=True)

    _resource_apply_dense = _apply_dense


class AdaMaxOptimizer(AdamOptimizer):
    """Adam with the fading maximum of gradients in place of their mean square."""

    def __init__(self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8, use_locking: bool = False,
                 name: str = "AdaMax") -> None:  # fmt: skip
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
        power, rate, beta1, beta2, epsilon = (cast(t, kind) for t in (self._beta1_power(), self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t))
        m, v = self._of(var)
        m_rows = beta1 * building.make("GatherV2", m, indices, 0) + (1 - beta1) * grad
        v_rows = math.maximum(beta2 * building.make("GatherV2", v, indices, 0), math.abs(grad))
        moved = rate / (1 - power) * (m_rows / (v_rows + epsilon))
        updates = [state_ops.scatter_update(m, indices, m_rows), state_ops.scatter_update(v, indices, v_rows), state_ops.scatter_sub(var, indices, moved)]
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
        rate, beta1, beta2, epsilon = (cast(t, kind) for t in (self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t))
        rate = rate * math.sqrt(1 - beta2_power) / (1 - beta1_power)
        m, v = self._of(var)
        m_rows = beta1 * building.make("GatherV2", m, indices, 0) + (1 - beta1) * grad
        v_rows = beta2 * building.make("GatherV2", v, indices, 0) + (1 - beta2) * math.square(grad)
        moved = rate * m_rows / (math.sqrt(v_rows) + epsilon)
        updates = [state_ops.scatter_update(m, indices, m_rows), state_ops.scatter_update(v, indices, v_rows), state_ops.scatter_sub(var, indices, moved)]
        return control_flow.group(*updates)


class _SignOptimizer(Optimizer):
    """What AddSign and PowerSign share: the slot 'm', and a decay of the sign's part by the step."""

    _kernel = ""

    def __init__(self, learning_rate: Any, numbers: Any, beta: Any, sign_decay_fn: Any, use_locking: bool, name: str) -> None:
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

    def __init__(self, learning_rate: Any = 0.1, alpha: Any = 1.0, beta: Any = 0.9, sign_decay_fn: Any = None, use_locking: bool = False,
                 name: str = "AddSignOptimizer") -> None:  # fmt: skip
        super().__init__(learning_rate, alpha, beta, sign_decay_fn, use_locking, name)


class PowerSignOptimizer(_SignOptimizer):
    """Steps of base^(sign_decay · sign(g) · sign(m)) · g."""

    _kernel = "PowerSign"

    def __init__(self, learning_rate: Any = 0.1, base: Any = np.e, beta: Any = 0.9, sign_decay_fn: Any = None, use_locking: bool = False,
                 name: str = "PowerSignOptimizer") -> None:  # fmt: skip
        super().__init__(learning_rate, float(np.log(base)), beta, sign_decay_fn, use_locking, name)


class DecoupledWeightDecayExtension:
    """Shrinks variables apart from their gradients: variable -= weight_decay · variable, before the optimizer's own step."""

    def __init__(self, weight_decay: Any, **kwargs: Any) -> None:
        self._decay_var_list: Any = None
        self._weight_decay = weight_decay
        super().__init__(**kwargs)

    def minimize(self, loss: Any, global_step: Any = None, var_list: Any = None, decay_var_list: Any = None, **kwargs: Any) -> Any:
        """As `Optimizer.minimize`; `decay_var_list` are the variables that shrink: all by default."""
        self._decay_var_list = {v.op.name for v in decay_var_list} if decay_var_list else None
        return super().minimize(loss, global_step=global_step, var_list=var_list, **kwargs)  # type: ignore[misc]

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None, decay_var_list: Any = None) -> Any:
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

    def __init__(self, weight_decay: Any, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
                 use_locking: bool = False, name: str = "AdamW") -> None:  # fmt: skip
        super().__init__(weight_decay, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, use_locking=use_locking, name=name)


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """Momentum with decoupled weight decay."""

    def __init__(self, weight_decay: Any, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "MomentumW",
                 use_nesterov: bool = False) -> None:  # fmt: skip
        super().__init__(weight_decay, learning_rate=learning_rate, momentum=momentum, use_locking=use_locking, name=name, use_nesterov=use_nesterov)


class LARSOptimizer(Optimizer):
    """Momentum with a rate for each layer: eeta · |w| / (|g| + weight_decay · |w|)."""

    def __init__(self, learning_rate: Any, momentum: float = 0.9, weight_decay: float = 0.0001, eeta: float = 0.001, epsilon: float = 0.0,
                 name: str = "LARSOptimizer", skip_list: Any = None, use_nesterov: bool = False) -> None:  # fmt: skip
        if momentum < 0.0:
            raise ValueError(f"momentum should be positive: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"weight_decay should be positive: {weight_decay}")
        super().__init__(use_locking=False, name=name)
        self._learning_rate, self._momentum, self._weight_decay, self._eeta, self._epsilon = learning_rate, momentum, weight_decay, eeta, epsilon
        self._skip_list, self._use_nesterov = skip_list, use_nesterov

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            self._zeros_slot(v, "momentum", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = conversion.convert_to_tensor(self._call_if_callable(self._learning_rate), name="learning_rate")
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

        return self._apply_both("Momentum", grad, var, [self.get_slot(var, "momentum")], numbers, use_nesterov=self._use_nesterov)

    _resource_apply_dense = _apply_dense


class MovingAverageOptimizer(Optimizer):
    """An optimizer that also keeps moving averages of the variables, and a saver that saves those in their place."""

    def __init__(self, opt: Optimizer, average_decay: float = 0.9999, num_updates: Any = None, sequential_update: bool = True) -> None:
        self._optimizer = opt
        self._ema = moving_averages.ExponentialMovingAverage(average_decay, num_updates=num_updates)
        self._swapped_variable_name_map: dict[str, str] | None = None
        self._sequential_update = sequential_update
        super().__init__(False, opt.get_name())

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return self._optimizer.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        pairs = list(grads_and_vars)
        applied = self._optimizer.apply_gradients(pairs, global_step=global_step, name=name)
        found = [v for g, v in pairs if g is not None]
        self._swapped_variable_name_map = {}
        before = [applied] if self._sequential_update else []
        with graphs.control_dependencies(before):
            averaged = self._ema.apply(found)
        for v in found:
            self._swapped_variable_name_map[v.op.name] = self._ema.average(v).op.name
        return control_flow.group(averaged, applied, name="train_with_avg")

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._optimizer.get_slot(*args, **kwargs)

    def get_slot_names(self) -> list[str]:
        return self._optimizer.get_slot_names()

    def variables(self) -> list[Any]:
        return self._optimizer.variables()

    def _find_swapped_variable(self, v_name_to_tensor: dict[str, Any], v_name: str, tensor: Any) -> Any:
        swapped = self._swapped_variable_name_map.get(v_name)  # type: ignore[union-attr]
        if swapped is None:
            return tensor
        if swapped not in v_name_to_tensor:
            raise ValueError(f"Variable to swap {swapped} is not part of variables to save. This breaks MovingAverageOptimizer.")
        return v_name_to_tensor[swapped]

    def swapping_saver(self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any) -> Any:
        """A saver that saves averages under the variables' names, and the variables under the averages'.

        Raises:
          RuntimeError: no gradients were applied yet.
        """
        if self._swapped_variable_name_map is None:
            raise RuntimeError("Must call apply_gradients or minimize before creating the swapping_saver")
        if var_list is None:
            var_list = variables.global_variables()
        if not isinstance(var_list, dict):
            from jax_slim.tf1.python import saver_builder

            var_list = saver_builder.names_to_saveables(var_list)
        back = {average: plain for plain, average in self._swapped_variable_name_map.items()}
        swapped: dict[str, Any] = {}
        for key, value in sorted(var_list.items()):
            if not isinstance(value, list):
                other = self._swapped_variable_name_map.get(value.op.name) or back.get(value.op.name)
                if other is not None:
                    match = next((v for v in var_list.values() if not isinstance(v, list) and v.op.name == other), None)
                    if match is None:
                        raise ValueError(f"Variable to swap {other} is not part of variables to save. This breaks MovingAverageOptimizer.")
                    value = match
            swapped[key] = value
        return savers.Saver(swapped, name=name, **kwargs)


class VariableClippingOptimizer(Optimizer):
    """An optimizer after whose steps rows of variables have at most a norm."""

    def __init__(self, opt: Optimizer, vars_to_clip_dims: Any, max_norm: float, use_locking: bool = False, colocate_clip_ops_with_vars: bool = False,
                 name: str = "VariableClipping") -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._opt, self._vars_to_clip_dims, self._max_norm = opt, vars_to_clip_dims, max_norm

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.compute_gradients(*args, **kwargs)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> list[str]:
        return self._opt.get_slot_names(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        with graphs.name_scope(self._name):
            pairs = list(grads_and_vars)
            applied = self._opt.apply_gradients(pairs, global_step=global_step)
            clipped = []
            with graphs.control_dependencies([applied]):
                for _, v in pairs:
                    if v in self._vars_to_clip_dims:
                        limited = clip_ops.clip_by_norm(v.read_value(), self._max_norm, self._vars_to_clip_dims[v])
                        clipped.append(v.assign(limited))
            return control_flow.group(applied, *clipped, name=name)


class ExternalOptimizerInterface:
    """Minimizes a loss by an optimizer that is no part of the graph: see `ScipyOptimizerInterface`."""

    def __init__(self, loss: Any, var_list: Any = None, equalities: Any = None, inequalities: Any = None, var_to_bounds: Any = None,
                 **optimizer_kwargs: Any) -> None:  # fmt: skip
        from jax_slim.tf1.graph import gradients

        self._loss, self._equalities, self._inequalities = loss, equalities or [], inequalities or []
        self._vars = variables.trainable_variables() if var_list is None else list(var_list)
        self._bounds = var_to_bounds
        self.optimizer_kwargs = optimizer_kwargs

        def packed(tensors: Any) -> Any:
            flat = [building.make("Reshape", t, [-1]) for t in tensors]
            return flat[0] if len(flat) == 1 else building.make("ConcatV2", flat, 0)

        def gradient(y: Any) -> Any:
            found = gradients.gradients(y, self._vars)
            return packed([g if g is not None else building.make("ZerosLike", v) for g, v in zip(found, self._vars, strict=True)])

        self._packed_var, self._packed_loss_grad = packed(self._vars), gradient(loss)
        self._packed_equality_grads = [gradient(e) for e in self._equalities]
        self._packed_inequality_grads = [gradient(e) for e in self._inequalities]
        sizes = [int(v.get_shape().num_elements()) for v in self._vars]
        ends = np.cumsum(sizes)
        self._packing_slices = [slice(int(e - s), int(e)) for s, e in zip(sizes, ends, strict=True)]
        self._packed_bounds = None
        if var_to_bounds is not None:
            low, high = [], []
            for v in self._vars:
                bounds = var_to_bounds.get(v, (-np.inf, np.inf))
                low.extend(np.broadcast_to(bounds[0], v.get_shape().as_list()).reshape(-1).tolist())
                high.extend(np.broadcast_to(bounds[1], v.get_shape().as_list()).reshape(-1).tolist())
            self._packed_bounds = list(zip(low, high, strict=True))

    def minimize(self, session: Any = None, feed_dict: Any = None, fetches: Any = None, step_callback: Any = None, loss_callback: Any = None,
                 **run_kwargs: Any) -> None:  # fmt: skip
        """Runs the optimizer to its end, and gives the variables what it found."""
        session = session or graphs.get_default_session()
        feed_dict, fetches = feed_dict or {}, fetches or []
        loss_callback = loss_callback or (lambda *fetches: None)
        step_callback = step_callback or (lambda xk: None)

        def function(tensors: Any, callback: Any = None) -> Any:
            def evaluate(x: Any) -> Any:
                feeds = {v: np.asarray(x[s], v.dtype.base_dtype.as_numpy_dtype).reshape(v.get_shape().as_list())
                         for v, s in zip(self._vars, self._packing_slices, strict=True)}  # fmt: skip
                feeds = {v._as_graph_element() if hasattr(v, "_as_graph_element") else v: value for v, value in feeds.items()}
                feeds.update(feed_dict)
                values = session.run(list(tensors) + list(fetches), feed_dict=feeds, **run_kwargs)
                if callback is not None:
                    callback(*values[len(tensors) :])
                found = [np.asarray(v, np.float64) for v in values[: len(tensors)]]
                return found if len(found) > 1 else found[0]

            return evaluate

        start = session.run(self._packed_var)
        found = self._minimize(
            initial_val=start, loss_grad_func=function([self._loss, self._packed_loss_grad], loss_callback),
            equality_funcs=[function([e]) for e in self._equalities], equality_grad_funcs=[function([g]) for g in self._packed_equality_grads],
            inequality_funcs=[function([e]) for e in self._inequalities], inequality_grad_funcs=[function([g]) for g in self._packed_inequality_grads],
            packed_bounds=self._packed_bounds, step_callback=step_callback, optimizer_kwargs=self.optimizer_kwargs,
        )  # fmt: skip
        for v, s in zip(self._vars, self._packing_slices, strict=True):
            v.load(np.asarray(found[s], v.dtype.base_dtype.as_numpy_dtype).reshape(v.get_shape().as_list()), session)

    def _minimize(self, **kwargs: Any) -> Any:
        raise NotImplementedError("To use ExternalOptimizerInterface, subclass from it and implement the _minimize() method.")


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimizes a loss by `scipy.optimize.minimize`: L-BFGS-B by default. scipy must be installed."""

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(self, initial_val: Any, loss_grad_func: Any, equality_funcs: Any, equality_grad_funcs: Any, inequality_funcs: Any,
                  inequality_grad_funcs: Any, packed_bounds: Any, step_callback: Any, optimizer_kwargs: Any) -> Any:  # fmt: skip
        import importlib

        optimize = importlib.import_module("scipy.optimize")
        options = dict(optimizer_kwargs)
        constraints = [{"type": "eq", "fun": f, "jac": g} for f, g in zip(equality_funcs, equality_grad_funcs, strict=True)]
        constraints += [{"type": "ineq", "fun": f, "jac": g} for f, g in zip(inequality_funcs, inequality_grad_funcs, strict=True)]
        method = options.pop("method", "SLSQP" if constraints else self._DEFAULT_METHOD)
        result = optimize.minimize(loss_grad_func, np.asarray(initial_val, np.float64), method=method, jac=True, callback=step_callback,
                                   constraints=constraints, bounds=packed_bounds, **options)  # fmt: skip
        logging.info("Optimization terminated with:\n  Message: %s\n  Objective function value: %f\n  Number of iterations: %s",
                     result.message, result.fun, getattr(result, "nit", None))  # fmt: skip
        return result.x


