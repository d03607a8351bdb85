"""The optimizer and the learning rate that the options ask for, as research/slim's script builds them."""

import argparse
from typing import Any

from jax_slim.cli.failures import UsageError
from jax_slim.cli.flags import Flag

OPTIMIZERS = ("adadelta", "adagrad", "adam", "adamw", "addsign", "ftrl", "momentum", "powersign", "rmsprop", "sgd")
DTYPES = ("bfloat16", "float32")
DECAYS = ("cosine", "exponential", "fixed", "poly", "polynomial")

OPTIMIZER_FLAGS = (
    Flag("optimizer", str, "rmsprop", "which optimizer", OPTIMIZERS),
    Flag("adadelta_rho", float, 0.95, "the decay rate of adadelta"),
    Flag("adagrad_initial_accumulator_value", float, 0.1, "where adagrad's sums start"),
    Flag("adam_beta1", float, 0.9, "how much adam keeps of the mean of gradients"),
    Flag("adam_beta2", float, 0.999, "how much adam keeps of the mean of their squares"),
    Flag(
        "adamw_decay", float, 0.01, "what adamw takes away from weights, times the rate; in the place of weight_decay"
    ),
    Flag("adamw_epsilon", float, 1e-8, "the epsilon of adamw; its betas are adam's"),
    Flag("opt_epsilon", float, 1.0, "the epsilon of adadelta, adam and rmsprop"),
    Flag("ftrl_learning_rate_power", float, -0.5, "the learning rate power of ftrl"),
    Flag("ftrl_initial_accumulator_value", float, 0.1, "where ftrl's sums start"),
    Flag("ftrl_l1", float, 0.0, "the L1 strength of ftrl"),
    Flag("ftrl_l2", float, 0.0, "the L2 strength of ftrl"),
    Flag("momentum", float, 0.9, "the momentum of the optimizer momentum"),
    Flag("rmsprop_momentum", float, 0.9, "the momentum of rmsprop"),
    Flag("rmsprop_decay", float, 0.9, "how much rmsprop keeps of the mean of squares"),
    Flag("clip_gradient_norm", float, 0.0, "the largest norm of each variable's gradient; 0 does not clip"),
    Flag("weight_decay", float, 0.00004, "the scale of the L2 loss on the weights"),
    Flag("accumulate", int, 1, "in how many parts to run each batch, one after the other, to save memory"),
    Flag("recompute", str, None, "what of the net the gradient computes again: cheap, blocks, or a pattern for scopes"),
    Flag("kept_dtype", str, "float32", "what arrays are kept in for the gradient: bfloat16 takes half", DTYPES),
    Flag("compute_dtype", str, "float32", "what layers compute in; variables are float32 always", DTYPES),
    Flag("label_smoothing", float, 0.0, "how much of each label is spread over all classes"),
    Flag("moving_average_decay", float, None, "keep moving averages of the variables with this decay (0.9999)"),
)

RATE_FLAGS = (
    Flag("learning_rate", float, 0.01, "the learning rate at the start"),
    Flag("learning_rate_decay_type", str, "exponential", "how it falls", DECAYS),
    Flag("learning_rate_decay_factor", float, 0.94, "exponential: the factor at each decay"),
    Flag("num_epochs_per_decay", float, 2.0, "epochs from one decay to the next; polynomial: to the end rate"),
    Flag("learning_power", float, 0.9, "poly: the power of (1 - step / max_number_of_steps) that the rate falls by"),
    Flag("warmup_steps", int, 0, "in how many steps the rate rises from 0 at the start"),
    Flag("end_learning_rate", float, 0.0001, "polynomial and cosine: the last rate"),
)


def learning_rate(options: argparse.Namespace, steps_per_epoch: float) -> Any:
    """The schedule: step -> learning rate, or the rate where it never changes.

    Raises:
      UsageError: cosine or poly is asked for without an end of training.
    """
    from jax_slim.optimizers import schedules

    rate = _decaying(options, steps_per_epoch)
    return schedules.warm_up(rate, options.warmup_steps) if options.warmup_steps else rate


def _decaying(options: argparse.Namespace, steps_per_epoch: float) -> Any:
    from jax_slim.optimizers import schedules

    kind, rate = options.learning_rate_decay_type, options.learning_rate
    decay_steps = max(1, int(steps_per_epoch * options.num_epochs_per_decay))
    if kind == "fixed":
        return rate
    if kind == "exponential":
        return schedules.exponential_decay(
            rate, decay_steps=decay_steps, decay_rate=options.learning_rate_decay_factor, staircase=True
        )
    if kind == "polynomial":
        return schedules.polynomial_decay(
            rate, decay_steps=decay_steps, end_learning_rate=options.end_learning_rate, power=1.0, cycle=False
        )
    if options.max_number_of_steps is None:
        raise UsageError(f"--learning_rate_decay_type={kind} needs --max_number_of_steps: it falls until then.")
    if kind == "poly":
        return schedules.polynomial_decay(
            rate, decay_steps=options.max_number_of_steps, end_learning_rate=0.0, power=options.learning_power
        )
    return schedules.cosine_decay(
        rate, decay_steps=options.max_number_of_steps, alpha=options.end_learning_rate / rate if rate else 0.0
    )


def optimizer(options: argparse.Namespace, rate: Any) -> Any:
    """The optimizer, as an optax transformation with TensorFlow's arithmetic."""
    from jax_slim import optimizers

    match options.optimizer:
        case "adadelta":
            return optimizers.adadelta(rate, rho=options.adadelta_rho, epsilon=options.opt_epsilon)
        case "adagrad":
            return optimizers.adagrad(rate, options.adagrad_initial_accumulator_value)
        case "adam":
            return optimizers.adam(rate, options.adam_beta1, options.adam_beta2, options.opt_epsilon)
        case "adamw":
            # TensorFlow's decay is not multiplied by the rate; what goes by that name elsewhere is.
            decay = options.adamw_decay
            falling = (lambda step: rate(step) * decay) if callable(rate) else rate * decay
            beta1, beta2, epsilon = options.adam_beta1, options.adam_beta2, options.adamw_epsilon
            return optimizers.adam_w(falling, rate, beta1, beta2, epsilon, decay_var_list=[r"(?:.*/)?\w*weights$"])
        case "addsign":
            return optimizers.add_sign(rate)
        case "powersign":
            return optimizers.power_sign(rate)
        case "ftrl":
            return optimizers.ftrl(
                rate,
                options.ftrl_learning_rate_power,
                options.ftrl_initial_accumulator_value,
                options.ftrl_l1,
                options.ftrl_l2,
            )
        case "momentum":
            return optimizers.momentum(rate, options.momentum)
        case "rmsprop":
            return optimizers.rmsprop(rate, options.rmsprop_decay, options.rmsprop_momentum, options.opt_epsilon)
        case _:
            return optimizers.gradient_descent(rate)
