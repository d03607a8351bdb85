"""`tf.contrib.layers.optimize_loss`: a whole training operation from a loss, a rate and an optimizer's name."""

from typing import Any, cast

from jax_slim.tf1.graph import conversion, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.composites import IndexedSlices
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    clip_ops,
    constant_op,
    control_flow,
    gathering,
    initializers,
    math,
    moving_averages,
    random,
    summary,
    variable_scope,
)
from jax_slim.tf1.python import (
    global_step as steps,
)
from jax_slim.tf1.python import optimizers_descent as descent
from jax_slim.tf1.python import optimizers_proximal as proximal
from jax_slim.tf1.python import variables as variables_module
from jax_slim.tf1.python.optimizers import Optimizer

OPTIMIZER_CLS_NAMES: dict[str, Any] = {
    "Adagrad": descent.AdagradOptimizer,
    "Adam": descent.AdamOptimizer,
    "Ftrl": proximal.FtrlOptimizer,
    "Momentum": lambda learning_rate: descent.MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": descent.RMSPropOptimizer,
    "SGD": descent.GradientDescentOptimizer,
}
OPTIMIZER_SUMMARIES = ["learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm"]


def optimize_loss(
    loss: Any,
    global_step: Any,
    learning_rate: Any,
    optimizer: Any,
    gradient_noise_scale: Any = None,
    gradient_multipliers: Any = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Any = None,
    update_ops: Any = None,
    variables: Any = None,
    name: str | None = None,
    summaries: Any = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Tensor:
    """A tensor of the loss that makes a training step when it is run.

    Args:
      learning_rate: a number, tensor or None.
      optimizer: a name of OPTIMIZER_CLS_NAMES, a class, a function of the rate, or an optimizer.
      gradient_noise_scale: the size of normal noise that is added to gradients.
      clip_gradients: the largest norm of all gradients together, or a function of the list of (gradient, variable).
      learning_rate_decay_fn: (rate, step) -> rate.
      summaries: which are made, of OPTIMIZER_SUMMARIES.

    Raises:
      ValueError: an argument is none of these.
    """
    loss = conversion.convert_to_tensor(loss)
    if global_step is None:
        global_step = steps.get_global_step()
    else:
        steps.assert_global_step(global_step)
    with variable_scope.variable_scope(name, "OptimizeLoss", [loss, global_step]):
        if update_ops is None:
            update_ops = list(dict.fromkeys(graphs.get_collection(GraphKeys.UPDATE_OPS)))
        if update_ops:
            loss = control_flow.with_dependencies(list(update_ops), loss)
        rate = _rate(learning_rate)
        if summaries is None:
            summaries = ["loss", "learning_rate", "global_gradient_norm"]
        else:
            for one in summaries:
                if one not in OPTIMIZER_SUMMARIES:
                    raise ValueError(
                        f"Summaries should be one of [{', '.join(OPTIMIZER_SUMMARIES)}], you provided {one}."
                    )
        if rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            if "learning_rate" in summaries:
                summary.scalar("learning_rate", rate)
        chosen = _optimizer(optimizer, rate, learning_rate)
        found = variables_module.trainable_variables() if variables is None else variables
        gradients = chosen.compute_gradients(loss, found, colocate_gradients_with_ops=colocate_gradients_with_ops)
        if gradient_noise_scale is not None:
            gradients = _noisy(gradients, gradient_noise_scale)
        if gradient_multipliers is not None:
            gradients = _multiplied(gradients, gradient_multipliers)
            if not gradients:
                raise ValueError(
                    "Empty list of (gradient, var) pairs encountered. This is most likely to be caused by an improper value of gradient_multipliers."
                )
        if "global_gradient_norm" in summaries or "gradient_norm" in summaries:
            summary.scalar("global_norm/gradient_norm", clip_ops.global_norm([g for g, _ in gradients]))
        if isinstance(clip_gradients, float | int) and not isinstance(clip_gradients, bool):
            gradients = _clipped(gradients, clip_gradients)
        elif callable(clip_gradients):
            gradients = cast(Any, clip_gradients)(gradients)
        elif clip_gradients is not None:
            raise ValueError(f"Unknown type {type(clip_gradients)} for clip_gradients")
        if "loss" in summaries:
            summary.scalar("loss", loss)
        for gradient, variable in gradients:
            values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
            if values is not None:
                label = variable.name.replace(":", "_")
                if "gradients" in summaries:
                    summary.histogram(f"gradients/{label}", values)
                if "gradient_norm" in summaries:
                    summary.scalar(f"gradient_norm/{label}", clip_ops.global_norm([values]))
        if clip_gradients is not None and ("global_gradient_norm" in summaries or "gradient_norm" in summaries):
            summary.scalar("global_norm/clipped_gradient_norm", clip_ops.global_norm([g for g, _ in gradients]))
        updates = chosen.apply_gradients(
            gradients, global_step=global_step if increment_global_step else None, name="train"
        )
        return control_flow.with_dependencies([updates], loss)


def _rate(learning_rate: Any) -> Any:
    if learning_rate is None:
        return None
    if isinstance(learning_rate, Tensor) and learning_rate.get_shape().ndims == 0:
        return learning_rate
    if isinstance(learning_rate, float):
        if learning_rate < 0.0:
            raise ValueError(f"Invalid learning_rate {learning_rate}.")
        return variable_scope.get_variable(
            "learning_rate", [], trainable=False, initializer=initializers.constant_initializer(learning_rate)
        )
    raise ValueError(f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type {type(learning_rate)}")


def _optimizer(optimizer: Any, rate: Any, learning_rate: Any) -> Optimizer:
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(
                f"Optimizer name should be one of [{', '.join(OPTIMIZER_CLS_NAMES)}], you provided {optimizer}."
            )
        if rate is None:
            raise ValueError(f"Learning rate is None, but should be specified if optimizer is string ({optimizer}).")
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        if rate is None:
            raise ValueError(f"Learning rate is None, but should be specified if optimizer is class ({optimizer}).")
        return optimizer(learning_rate=rate)  # type: ignore[call-arg]
    if isinstance(optimizer, Optimizer):
        return optimizer
    if callable(optimizer):
        made = optimizer(rate) if learning_rate is not None else optimizer()
        if not isinstance(made, Optimizer):
            raise ValueError(f"Unrecognized optimizer: function should return subclass of Optimizer. Got {made!s}.")
        return made
    raise ValueError(
        f"Unrecognized optimizer: should be string, subclass of Optimizer, instance of subclass of Optimizer or function with one argument. Got {optimizer!s}."
    )


def _clipped(gradients: Any, most: float) -> list[Any]:
    clipped, _ = clip_ops.clip_by_global_norm([g for g, _ in gradients], most)
    return list(zip(clipped, [v for _, v in gradients], strict=True))


def _noisy(gradients: Any, scale: Any) -> list[Any]:
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
            factor = multipliers[key]
            if isinstance(gradient, IndexedSlices):
                gradient = IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
            else:
                gradient = gradient * math.cast(factor, gradient.dtype)
        found.append((gradient, variable))
    return found


def adaptive_clipping_fn(
    std_factor: float = 2.0,
    decay: float = 0.95,
    static_max_norm: float | None = None,
    global_step: Any = None,
    report_summary: bool = False,
    epsilon: float = 1e-8,
    name: str | None = None,
) -> Any:
    """A function for `clip_gradients`: cuts what is far above the usual norm down to the usual norm.

    Far above is `std_factor` standard deviations of the norm's logarithm above its mean, both moving averages.

    Args:
      decay: of the averages; at step n of `global_step`, where there is one, at most n / (n + 1).
      static_max_norm: the largest norm at any time.
      report_summary: whether there is a summary of the bound.
    """

    def clip(grads_and_vars: Any) -> Any:
        gradients, found = zip(*grads_and_vars, strict=True)
        norm = clip_ops.global_norm(gradients)
        largest, log_mean = _adaptive_max_norm(norm, std_factor, decay, global_step, epsilon, name)
        if report_summary:
            summary.scalar("global_norm/adaptive_max_gradient_norm", largest)
        factor = gathering.where(norm < largest, constant_op.ones_like(norm), math.exp(log_mean) / norm)
        if static_max_norm is not None:
            factor = math.minimum(static_max_norm / norm, factor)
        clipped = []
        for gradient in gradients:
            if gradient is None:
                clipped.append(None)
            elif isinstance(gradient, IndexedSlices):
                clipped.append(IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape))
            else:
                clipped.append(gradient * factor)
        return list(zip(clipped, found, strict=True))

    return clip


def _adaptive_max_norm(
    norm: Any, std_factor: float, decay: float, global_step: Any, epsilon: float, name: str | None
) -> tuple[Any, Any]:
    with variable_scope.variable_scope(name, "AdaptiveMaxNorm", [norm]):
        log_norm = math.log(norm + epsilon)

        if global_step is not None:
            count = math.cast(global_step, "float32")
            decay = math.minimum(decay, count / (count + 1.0))

        def averaged(label: str, value: Any) -> Any:
            kept = variable_scope.get_variable(
                label,
                shape=value.get_shape(),
                dtype=value.dtype.base_dtype,
                initializer=initializers.zeros_initializer(),
                trainable=False,
            )
            return moving_averages.assign_moving_average(kept, value, decay, zero_debias=False)

        mean = averaged("mean", log_norm)
        square_mean = averaged("sq_mean", math.square(log_norm))
        deviation = math.sqrt(math.maximum(epsilon, square_mean - math.square(mean)))
        return math.exp(mean + std_factor * deviation), mean
