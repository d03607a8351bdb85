"""`tf.contrib.opt`: optimizers around others, and such as are no part of the graph."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, gradients, graphs
from jax_slim.tf1.python import clip_ops, control_flow, logging, moving_averages, saver_builder, variables
from jax_slim.tf1.python import saver as savers
from jax_slim.tf1.python.optimizers import Optimizer


class MovingAverageOptimizer(Optimizer):
    """An optimizer that also keeps moving averages of the variables, and a saver that saves those in their place."""

    def __init__(
        self, opt: Optimizer, average_decay: float = 0.9999, num_updates: Any = None, sequential_update: bool = True
    ) -> None:
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
            raise ValueError(
                f"Variable to swap {swapped} is not part of variables to save. This breaks MovingAverageOptimizer."
            )
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
            var_list = saver_builder.names_to_saveables(var_list)
        back = {average: plain for plain, average in self._swapped_variable_name_map.items()}
        swapped: dict[str, Any] = {}
        for key, value in sorted(var_list.items()):
            if not isinstance(value, list):
                other = self._swapped_variable_name_map.get(value.op.name) or back.get(value.op.name)
                if other is not None:
                    match = next((v for v in var_list.values() if not isinstance(v, list) and v.op.name == other), None)
                    if match is None:
                        raise ValueError(
                            f"Variable to swap {other} is not part of variables to save. This breaks MovingAverageOptimizer."
                        )
                    value = match
            swapped[key] = value
        return savers.Saver(swapped, name=name, **kwargs)


class VariableClippingOptimizer(Optimizer):
    """An optimizer after whose steps rows of variables have at most a norm."""

    def __init__(
        self,
        opt: Optimizer,
        vars_to_clip_dims: Any,
        max_norm: float,
        use_locking: bool = False,
        colocate_clip_ops_with_vars: bool = False,
        name: str = "VariableClipping",
    ) -> None:
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

    def __init__(
        self,
        loss: Any,
        var_list: Any = None,
        equalities: Any = None,
        inequalities: Any = None,
        var_to_bounds: Any = None,
        **optimizer_kwargs: Any,
    ) -> None:
        self._loss, self._equalities, self._inequalities = loss, equalities or [], inequalities or []
        self._vars = variables.trainable_variables() if var_list is None else list(var_list)
        self._bounds = var_to_bounds
        self.optimizer_kwargs = optimizer_kwargs

        def packed(tensors: Any) -> Any:
            flat = [building.make("Reshape", t, [-1]) for t in tensors]
            return flat[0] if len(flat) == 1 else building.make("ConcatV2", flat, 0)

        def gradient(y: Any) -> Any:
            found = gradients.gradients(y, self._vars)
            return packed(
                [g if g is not None else building.make("ZerosLike", v) for g, v in zip(found, self._vars, strict=True)]
            )

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

    def minimize(
        self,
        session: Any = None,
        feed_dict: Any = None,
        fetches: Any = None,
        step_callback: Any = None,
        loss_callback: Any = None,
        **run_kwargs: Any,
    ) -> None:
        """Runs the optimizer to its end, and gives the variables what it found."""
        session = session or graphs.get_default_session()
        feed_dict, fetches = feed_dict or {}, fetches or []
        loss_callback = loss_callback or (lambda *fetches: None)
        step_callback = step_callback or (lambda xk: None)

        def function(tensors: Any, callback: Any = None) -> Any:
            def evaluate(x: Any) -> Any:
                feeds = {
                    v: np.asarray(x[s], v.dtype.base_dtype.as_numpy_dtype).reshape(v.get_shape().as_list())
                    for v, s in zip(self._vars, self._packing_slices, strict=True)
                }
                feeds = {
                    v._as_graph_element() if hasattr(v, "_as_graph_element") else v: value for v, value in feeds.items()
                }
                feeds.update(feed_dict)
                values = session.run(list(tensors) + list(fetches), feed_dict=feeds, **run_kwargs)
                if callback is not None:
                    callback(*values[len(tensors) :])
                found = [np.asarray(v, np.float64) for v in values[: len(tensors)]]
                return found if len(found) > 1 else found[0]

            return evaluate

        start = session.run(self._packed_var)
        found = self._minimize(
            initial_val=start,
            loss_grad_func=function([self._loss, self._packed_loss_grad], loss_callback),
            equality_funcs=[function([e]) for e in self._equalities],
            equality_grad_funcs=[function([g]) for g in self._packed_equality_grads],
            inequality_funcs=[function([e]) for e in self._inequalities],
            inequality_grad_funcs=[function([g]) for g in self._packed_inequality_grads],
            packed_bounds=self._packed_bounds,
            step_callback=step_callback,
            optimizer_kwargs=self.optimizer_kwargs,
        )
        for v, s in zip(self._vars, self._packing_slices, strict=True):
            v.load(np.asarray(found[s], v.dtype.base_dtype.as_numpy_dtype).reshape(v.get_shape().as_list()), session)

    def _minimize(self, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "To use ExternalOptimizerInterface, subclass from it and implement the _minimize() method."
        )


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimizes a loss by `scipy.optimize.minimize`: L-BFGS-B by default. scipy must be installed."""

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(
        self,
        initial_val: Any,
        loss_grad_func: Any,
        equality_funcs: Any,
        equality_grad_funcs: Any,
        inequality_funcs: Any,
        inequality_grad_funcs: Any,
        packed_bounds: Any,
        step_callback: Any,
        optimizer_kwargs: Any,
    ) -> Any:
        import importlib

        optimize = importlib.import_module("scipy.optimize")
        options = dict(optimizer_kwargs)
        constraints = [
            {"type": "eq", "fun": f, "jac": g} for f, g in zip(equality_funcs, equality_grad_funcs, strict=True)
        ]
        constraints += [
            {"type": "ineq", "fun": f, "jac": g} for f, g in zip(inequality_funcs, inequality_grad_funcs, strict=True)
        ]
        method = options.pop("method", "SLSQP" if constraints else self._DEFAULT_METHOD)
        result = optimize.minimize(
            loss_grad_func,
            np.asarray(initial_val, np.float64),
            method=method,
            jac=True,
            callback=step_callback,
            constraints=constraints,
            bounds=packed_bounds,
            **options,
        )
        logging.info(
            "Optimization terminated with:\n  Message: %s\n  Objective function value: %f\n  Number of iterations: %s",
            result.message,
            result.fun,
            getattr(result, "nit", None),
        )
        return result.x
