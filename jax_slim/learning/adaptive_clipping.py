"""Clipping gradients at a norm that follows their usual one: `tf.contrib.layers.adaptive_clipping_fn`."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_slim.learning.gradients import gradient_norm
from jax_slim.optimizers import OptimizerState
from jax_slim.summary.recording import scalar


def adaptive_clipping_fn(
    std_factor: Any = 2.0,
    decay: Any = 0.95,
    static_max_norm: Any = None,
    global_step: Any = None,
    report_summary: bool = False,
    epsilon: Any = 1e-08,
    name: str | None = None,
) -> optax.GradientTransformationExtraArgs:
    """Scales all gradients down together when their joint norm is unusual: above mean + std_factor · deviation.

        optimize_loss(loss_fn, learning_rate=0.1, optimizer="SGD", clip_gradients=adaptive_clipping_fn())
        optax.chain(adaptive_clipping_fn(), slim.optimizers.momentum(0.1, 0.9))

    Mean and deviation are those of the norm's logarithm, as moving averages that start at 0. Gradients that are clipped
    get the norm e^mean.

    Keeps '<name>/mean' and '<name>/sq_mean', as TensorFlow names them.

    Args:
      std_factor: how many deviations above the mean are usual.
      decay: how much of the averages each step keeps.
      static_max_norm: a norm that is never exceeded; None is none.
      global_step: anything but None: at step n the averages keep no more than n / (n + 1), so that they follow faster
        at first. (TensorFlow takes the step itself.)
      report_summary: whether to record 'global_norm/adaptive_max_gradient_norm'.
      epsilon: added to the norm before its logarithm is taken; the least variance.
      name: 'AdaptiveMaxNorm' by default.
    """
    mean_name, square_name = (f"{name or 'AdaptiveMaxNorm'}/{part}" for part in ("mean", "sq_mean"))
    follows_faster_at_first = global_step is not None

    def init(params: Any) -> OptimizerState:
        del params
        zero = jnp.zeros((), jnp.float32)
        return OptimizerState(jnp.zeros((), jnp.int32), {}, {mean_name: zero, square_name: zero})

    def update(
        updates: Any, state: Any, params: Any = None, *, global_step: Any = None, **extra: Any
    ) -> tuple[Any, OptimizerState]:
        del params, extra
        keep = decay
        if follows_faster_at_first:
            number = jnp.asarray(state.count if global_step is None else global_step, jnp.float32)
            keep = jnp.minimum(decay, number / (number + 1))
        norm = joint_norm(updates)
        log_norm = jnp.log(norm + epsilon)
        mean = state.shared[mean_name]
        mean = mean + (1 - keep) * (log_norm - mean)
        square = state.shared[square_name]
        square = square + (1 - keep) * (jnp.square(log_norm) - square)
        deviation = jnp.sqrt(jnp.maximum(epsilon, square - jnp.square(mean)))
        max_norm = jnp.exp(mean + std_factor * deviation)
        if report_summary:
            scalar("global_norm/adaptive_max_gradient_norm", max_norm)
        factor = jnp.where(norm < max_norm, 1.0, jnp.exp(mean) / norm)
        if static_max_norm is not None:
            factor = jnp.minimum(static_max_norm / norm, factor)
        clipped = jax.tree.map(lambda gradient: (gradient * factor).astype(gradient.dtype), updates)
        return clipped, OptimizerState(
            jnp.asarray(optax.safe_increment(state.count)), {}, {mean_name: mean, square_name: square}
        )

    return optax.GradientTransformationExtraArgs(init, update)


def joint_norm(gradients: Any) -> jax.Array:
    """The L2 norm of all gradients together."""
    return jnp.sqrt(sum(jnp.square(gradient_norm(gradient)) for gradient in jax.tree.leaves(gradients)))
