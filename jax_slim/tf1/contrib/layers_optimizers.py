"""`tf.contrib.layers.optimize_loss`: a loss, a learning rate and an optimizer as one training operation."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.tensors import IndexedSlices, Tensor
from jax_slim.tf1.python import (clip_ops, constant_op, control_flow, global_step, initializers, math, moving_averages, optimizers,
                                 optimizers_descent, optimizers_proximal, random, summary, variable_scope)  # fmt: skip

OPTIMIZER_CLS_NAMES: dict[str, Any] = {
    "Adagrad": optimizers_descent.AdagradOptimizer,
    "Adam": optimizers_descent.AdamOptimizer,
    "Ftrl": optimizers_proximal.FtrlOptimizer,
    "Momentum": lambda learning_rate: optimizers_descent.MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": optimizers_descent.RMSPropOptimizer,
    "SGD": optimizers_descent.GradientDescentOptimizer,
}
OPTIMIZER_SUMMARIES = ["learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm"]


def optimize_loss(loss: Any, global_step_tensor: Any = None, learning_rate: Any = None, optimizer: Any = None, gradient_noise_scale: Any = None,
                  gradient_multipliers: Any = None, clip_gradients: Any = None, learning_rate_decay_fn: Callable[..., Any] | None = None,
                  update_ops: Any = None, variables: Any = None, name: Any = None, summaries: Any = None, colocate_gradients_with_ops: bool = False,
                  increment_global_step: bool = True, **old: Any) -> Any:  # fmt: skip
    """The training operation: it gives the loss after an update step.

    Args:
      global_step: the step to count; by default the graph's, made where there is none.
      optimizer: a name ('SGD', 'Adam', ...), a class, an optimizer, or a function of the learning rate.
      gradient_noise_scale, gradient_multipliers, clip_gradients: what is done with gradients: noise added, a factor for each
        variable, the global norm bounded (a number) or a function of the gradients.
      learning_rate_decay_fn: (learning_rate, global_step) -> the rate.
      update_ops: run before; by default the collection UPDATE_OPS.
      variables: what is trained; by default the trainable variables.
      summaries: some of OPTIMIZER_SUMMARIES.

    Raises:
      ValueError: an argument that does not fit.
    """
    step = old.pop("global_step", global_step_tensor)
    loss = conversion.convert_to_tensor(loss)
    step = global_step.get_or_create_global_step() if step is None else step
    with variable_scope.variable_scope(name, "OptimizeLoss", [loss, step]):
        update_ops = list(
            dict.fromkeys(graphs.get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else update_ops)
        )
        if update_ops:
            loss = control_flow.with_dependencies(update_ops, loss)
        rate: Any = None
        if learning_rate is not None:
            if isinstance(learning_rate, Tensor) and learning_rate.shape.ndims == 0:
                rate = learning_rate
            elif isinstance(learning_rate, float):
                if learning_rate < 0.0:
                    raise ValueError("Invalid learning_rate %s.", learning_rate)
                rate = variable_scope.get_variable(
                    "learning_rate", [], trainable=False, initializer=initializers.constant_initializer(learning_rate)
                )
            else:
                raise ValueError(
                    f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type {type(learning_rate)}"
                )
        summaries = ["loss", "learning_rate", "global_gradient_norm"] if summaries is None else summaries
        for summ in summaries:
            if summ not in OPTIMIZER_SUMMARIES:
                raise ValueError(f"Summaries should be one of [{', '.join(OPTIMIZER_SUMMARIES)}], you provided {summ}.")
        if learning_rate is not None and learning_rate_decay_fn is not None:
            if step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, step)
            if "learning_rate" in summaries:
                summary.scalar("learning_rate", rate)
        made = _optimizer(optimizer, rate, learning_rate)
        variables = graphs.get_collection(GraphKeys.TRAINABLE_VARIABLES) if variables is None else variables
        gradients = made.compute_gradients(loss, variables, colocate_gradients_with_ops=colocate_gradients_with_ops)
        if gradient_noise_scale is not None:
            gradients = _with_noise(gradients, gradient_noise_scale)
        if gradient_multipliers is not None:
            gradients = _multiplied(gradients, gradient_multipliers)
        if "global_gradient_norm" in summaries or "gradient_norm" in summaries:
            summary.scalar(
                "global_norm/gradient_norm", clip_ops.global_norm([g for g, _ in gradients if g is not None])
            )
        if isinstance(clip_gradients, float):
            clipped, _ = clip_ops.clip_by_global_norm([g for g, _ in gradients], clip_gradients)
            gradients = list(zip(clipped, [v for _, v in gradients], strict=True))
        elif callable(clip_gradients):
            gradients = clip_gradients(gradients)
        elif clip_gradients is not None:
            raise ValueError(f"Unknown type {type(clip_gradients)} for clip_gradients")
        if "loss" in summaries:
            summary.scalar("loss", loss)
        for gradient, variable in gradients:
            values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
            if values is not None:
                var_name = variable.name.replace(":", "_")
                if "gradients" in summaries:
                    summary.histogram(f"gradients/{var_name}", values)
                if "gradient_norm" in summaries:
                    summary.scalar(f"gradient_norm/{var_name}", clip_ops.global_norm([values]))
        if clip_gradients is not None and ("global_gradient_norm" in summaries or "gradient_norm" in summaries):
            summary.scalar(
                "global_norm/clipped_gradient_norm", clip_ops.global_norm([g for g, _ in gradients if g is not None])
            )
        update = made.apply_gradients(gradients, global_step=step if increment_global_step else None, name="train")
        return control_flow.with_dependencies([update], loss)


def _optimizer(optimizer: Any, rate: Any, learning_rate: Any) -> Any:
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(
                f"Optimizer name should be one of [{', '.join(OPTIMIZER_CLS_NAMES)}], you provided {optimizer}."
            )
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if isinstance(optimizer, type) and issubclass(optimizer, optimizers.Optimizer):
        if rate is None:
            raise ValueError(f"Learning rate is None, but should be specified if optimizer is class ({optimizer}).")
        return optimizer(learning_rate=rate)
    if isinstance(optimizer, optimizers.Optimizer):
        return optimizer
    if callable(optimizer):
        made = optimizer(rate) if learning_rate is not None else optimizer()
        if not isinstance(made, optimizers.Optimizer):
            raise ValueError(f"Unrecognized optimizer: function should return subclass of Optimizer. Got {made!s}.")
        return made
    raise ValueError(
        f"Unrecognized optimizer: should be string, subclass of Optimizer, instance of subclass of Optimizer or function with one argument. Got {optimizer!s}."
    )


def _with_noise(gradients: Any, scale: Any) -> list[Any]:
    found = []
    for gradient, variable in gradients:
        if gradient is None:
            found.append((None, variable))
            continue
        shape = gradient.dense_shape if isinstance(gradient, IndexedSlices) else gradient.get_shape()
        found.append((gradient + random.truncated_normal(shape) * scale, variable))
    return found


def _multiplied(gradients: Any, multipliers: Any) -> list[Any]:
    found = []
    for gradient, variable in gradients:
        key = variable if variable in multipliers else variable.name if variable.name in multipliers else None
        if gradient is not None and key is not None:
            multiplier = multipliers[key]
            if isinstance(gradient, IndexedSlices):
                gradient = IndexedSlices(gradient.values * multiplier, gradient.indices, gradient.dense_shape)
            else:
                gradient = gradient * math.cast(multiplier, gradient.dtype)
        found.append((gradient, variable))
    return found


def adaptive_clipping_fn(std_factor: float = 2.0, decay: float = 0.95, static_max_norm: Any = None, global_step: Any = None,
                         report_summary: bool = False, epsilon: float = 1e-8, name: Any = None) -> Callable[..., Any]:  # fmt: skip
    """A clipping function for `optimize_loss`: the bound follows the gradients' norm, its mean and deviation."""

    def gradient_clipping(grads_and_vars: Any) -> Any:
        grads, variables = zip(*grads_and_vars, strict=True)
        norm = clip_ops.global_norm(grads)
        with variable_scope.variable_scope(name, "AdaptiveMaxNorm", [norm]):
            log_norm = math.log(norm + epsilon)
            mean, sq_mean = (
                variable_scope.get_variable(n, shape=(), initializer=initializers.zeros_initializer(), trainable=False)
                for n in ("mean", "sq_mean")
            )

            def average(variable: Any, value: Any) -> Any:
                rate = decay
                if global_step is not None:
                    n = math.cast(global_step, dtypes.float32)
                    rate = math.minimum(decay, n / (n + 1.0))
                return moving_averages.assign_moving_average(variable, value, rate, zero_debias=False)

            mean_now, sq_now = average(mean, log_norm), average(sq_mean, math.square(log_norm))
            variance = sq_now - math.square(mean_now)
            max_norm = math.exp(mean_now + std_factor * math.sqrt(math.maximum(epsilon, variance)))
            if static_max_norm is not None:
                max_norm = math.minimum(max_norm, static_max_norm)
        if report_summary:
            summary.scalar("global_norm/adaptive_max_gradient_norm", max_norm)
        from jax_slim.tf1.python import gathering

        factor = gathering.where(norm < max_norm, constant_op.ones_like(norm), max_norm / norm)
        clipped = []
        for grad in grads:
            if grad is None:
                clipped.append(None)
            elif isinstance(grad, IndexedSlices):
                clipped.append(IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape))
            else:
                clipped.append(grad * factor)
        return list(zip(clipped, variables, strict=True))

    return gradient_clipping
