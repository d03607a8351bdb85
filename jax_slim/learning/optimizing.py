"""`optimize_loss`: everything between a loss and a training step by one call, as in `tf.contrib.layers`."""

import dataclasses
import functools
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jax_slim import optimizers
from jax_slim.core import program as programs
from jax_slim.core.global_step import get_or_create_global_step
from jax_slim.core.model import Model
from jax_slim.core.names import stable_hash
from jax_slim.core.scopes import name_scope
from jax_slim.core.values import Variables
from jax_slim.learning.adaptive_clipping import joint_norm
from jax_slim.learning.gradients import clip_gradients_together, gradient_norm, multiply_gradients
from jax_slim.learning.train_op import GLOBAL_STEP, StepResult, TrainOp, TrainState, counted_if, create_train_op
from jax_slim.summary.recording import histogram, scalar

_USE_GLOBAL_STEP = "the program's"

OPTIMIZER_CLS_NAMES: Mapping[str, Callable[[Any], Any]] = {
    "Adagrad": optimizers.adagrad,
    "Adam": optimizers.adam,
    "Ftrl": optimizers.ftrl,
    "Momentum": functools.partial(optimizers.momentum, momentum=0.9),
    "RMSProp": optimizers.rmsprop,
    "SGD": optimizers.gradient_descent,
}
"""The optimizers that go by a name: learning rate -> optimizer."""

OPTIMIZER_SUMMARIES = ("learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm")
"""What `optimize_loss` can record."""


def optimize_loss(
    loss: Callable[[Any], jax.Array],
    global_step: Any = _USE_GLOBAL_STEP,
    learning_rate: Any = None,
    optimizer: Any = None,
    gradient_noise_scale: Any = None,
    gradient_multipliers: Mapping[Any, Any] | None = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Callable[[Any, Any], Any] | None = None,
    update_ops: Sequence[Any] | None = None,
    variables: Any = None,
    name: str | None = None,
    summaries: Sequence[str] | None = None,
    increment_global_step: bool = True,
) -> TrainOp:
    """Makes a training step out of a loss function and an optimizer's name.

        train_op = slim.learning.optimize_loss(
            loss_fn, learning_rate=0.1, optimizer="Momentum", clip_gradients=5.0,
            learning_rate_decay_fn=lambda rate, step: slim.optimizers.exponential_decay(rate, step, 1000, 0.9),
        )
        slim.learning.train(train_op, logdir, batches, number_of_steps=1000)

    A step computes the gradients; adds noise, multiplies and clips them (in this order); applies the optimizer and the
    updates that the program made (moving averages); and counts the global step.

    `slim.optimizers.slot_variables(state.optimizer, scope="OptimizeLoss")` gives the state under TensorFlow's names:
    'OptimizeLoss/learning_rate', 'OptimizeLoss/conv1/weights/Momentum', ...

    Args:
      loss: batch -> scalar loss: a slim program, as for `create_train_op`.
      global_step: None leaves the global step out; by default it is the program's.
      learning_rate: a number, which is kept in the state; a scalar array; a schedule (step -> rate); or None, where
        `optimizer` has one.
      optimizer: 'Adagrad', 'Adam', 'Ftrl', 'Momentum' (of 0.9), 'RMSProp' or 'SGD'; a function rate -> optimizer, such
        as `slim.optimizers.adam` or `optax.adam`; or an optimizer that is made already, with `learning_rate` None.
      gradient_noise_scale: adds truncated normal noise, of this scale, to the gradients; None adds none.
      gradient_multipliers: variable name -> factor for its gradient. A name that no trained variable has is refused;
        TensorFlow passes over it, and over every name without its ':0', which may stand here too.
      clip_gradients: a number scales all gradients down together to this joint norm at most; a function is gradients (a
        `Variables`) -> gradients; `adaptive_clipping_fn(...)` or another optax transformation is applied.
      learning_rate_decay_fn: rate, global step -> rate.
      update_ops: which updates to apply: names of variables; None means all, [] none.
      variables: what to train, as `variables_to_train` of `create_train_op`; None means every trainable variable.
      name: under which to record; 'OptimizeLoss' by default.
      summaries: what to record: some of 'loss', 'learning_rate' (where it may change), 'global_gradient_norm' (joint,
        before and after clipping), 'gradient_norm' (each one's), 'gradients' (histograms); None means the first three.
      increment_global_step: whether a step counts; if not, the loss function has to (`slim.update_variable`), or
        whatever depends on the step stands still.

    Returns:
      The step, for `learning.train` or a loop of your own.

    Raises:
      TypeError: `loss` is not a function.
      ValueError: an argument is not one of these, or two do not go together.
    """
    if not callable(loss):
        raise TypeError(f"optimize_loss: loss must be a function batch -> scalar loss, got {type(loss).__name__}.")
    _check_rate(learning_rate)
    recorded = ("loss", "learning_rate", "global_gradient_norm") if summaries is None else tuple(summaries)
    for summary in recorded:
        if summary not in OPTIMIZER_SUMMARIES:
            raise ValueError(
                f"optimize_loss: summaries must be some of {', '.join(OPTIMIZER_SUMMARIES)}, got {summary!r}."
            )
    if global_step is None and (learning_rate_decay_fn is not None or callable(learning_rate)):
        raise ValueError(
            "optimize_loss: global_step must not be None where the learning rate depends on it, got global_step=None."
        )
    if learning_rate is None and learning_rate_decay_fn is not None:
        raise ValueError("optimize_loss: learning_rate must be given for learning_rate_decay_fn to act on, got None.")
    steering = _Steering(
        make=_maker(optimizer, learning_rate),
        learning_rate=learning_rate,
        decay=learning_rate_decay_fn,
        noise=gradient_noise_scale,
        multipliers=_multipliers(gradient_multipliers),
        clip=_clipping(clip_gradients),
        recorded=frozenset(recorded),
        counts_steps=global_step is not None,
    )
    train_op = create_train_op(
        loss,
        optax.GradientTransformation(steering.init, steering.update),
        None if global_step is None else GLOBAL_STEP,
        update_ops,
        variables,
    )
    return _OptimizeLoss(train_op, name or "OptimizeLoss", "loss" in recorded, increment_global_step)


class OptimizeLossState(NamedTuple):
    """The optimizer state of `optimize_loss`.

    Attributes:
      own: the count of steps, and the learning rate where that is a number: change it there to train on with another.
      clipping: the state of `clip_gradients`, where that is a transformation.
      optimizer: the state of the optimizer itself.
    """

    own: optimizers.OptimizerState
    clipping: Any
    optimizer: Any


class _Steering(NamedTuple):
    """What happens to gradients on the way to the optimizer, and to its learning rate: an optax transformation.

    `update` is run inside a program of `_OptimizeLoss`, from which it takes the global step and random keys, and to
    which it gives its summaries.
    """

    make: Callable[[Any], optax.GradientTransformationExtraArgs]
    learning_rate: Any
    decay: Callable[[Any, Any], Any] | None
    noise: Any
    multipliers: Mapping[Any, Any] | None
    clip: optax.GradientTransformationExtraArgs | None
    recorded: frozenset[str]
    counts_steps: bool

    def init(self, params: Any) -> OptimizeLossState:
        kept = {}
        if _is_number(self.learning_rate):
            kept["learning_rate"] = jnp.asarray(self.learning_rate, jnp.float32)
        first = 0.0 if callable(self.learning_rate) else self.learning_rate
        return OptimizeLossState(
            optimizers.OptimizerState(jnp.zeros((), jnp.int32), {}, kept),
            () if self.clip is None else self.clip.init(params),
            self.make(first).init(params),
        )

    def update(self, updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, OptimizeLossState]:
        if self.counts_steps:
            extra["global_step"] = get_or_create_global_step()
        rate = self._rate(state, extra)
        gradients: Any = self._noisy(updates, state.own.count)
        if self.multipliers is not None:
            gradients = multiply_gradients(gradients, self.multipliers)
        together = bool(self.recorded & {"global_gradient_norm", "gradient_norm"})
        if together:
            scalar("global_norm/gradient_norm", joint_norm(gradients))
        clipping = state.clipping
        if self.clip is not None:
            gradients, clipping = self.clip.update(gradients, clipping, params, **extra)
            if together:
                scalar("global_norm/clipped_gradient_norm", joint_norm(gradients))
        for name, gradient in gradients.items():
            if "gradients" in self.recorded:
                histogram(f"gradients/{name}", gradient)
            if "gradient_norm" in self.recorded:
                scalar(f"gradient_norm/{name}", gradient_norm(gradient))
        changes, inner = self.make(rate).update(gradients, state.optimizer, params, **extra)
        own = state.own._replace(count=optax.safe_increment(state.own.count))
        return changes, OptimizeLossState(own, clipping, inner)

    def _rate(self, state: OptimizeLossState, extra: Mapping[str, Any]) -> Any:
        rate = state.own.shared.get("learning_rate", self.learning_rate)
        may_change = callable(rate) or self.decay is not None
        if callable(rate):
            rate = rate(extra["global_step"])
        if self.decay is not None:
            rate = self.decay(rate, extra["global_step"])
        if may_change and "learning_rate" in self.recorded:
            scalar("learning_rate", rate)
        return rate

    def _noisy(self, gradients: Variables, count: jax.Array) -> Variables:
        if self.noise is None:
            return gradients
        key = jax.random.fold_in(programs.require("optimize_loss").next_key("gradient_noise"), count)

        def noisy(name: str, gradient: jax.Array) -> jax.Array:
            own_key = jax.random.fold_in(key, stable_hash(name))
            noise = jax.random.truncated_normal(own_key, -2.0, 2.0, gradient.shape)
            return (gradient + self.noise * noise).astype(gradient.dtype)

        return gradients | {name: noisy(name, gradient) for name, gradient in gradients.items()}


class _OptimizeLoss(TrainOp):
    """A step whose optimizer is a `_Steering`: runs it inside a program, which collects what that records."""

    def __init__(self, train_op: TrainOp, name: str, records_loss: bool, increments: bool) -> None:
        vars(self).update(vars(train_op))  # all that create_train_op has decided holds here, too
        self._name = name
        self._records_loss = records_loss
        self._increments = increments

    def __call__(
        self, state: TrainState, batch: Any, want_histograms: jax.Array | bool = True
    ) -> tuple[TrainState, StepResult]:
        """As `TrainOp`'s."""
        plain = super().__call__

        def step(state: TrainState, batch: Any) -> tuple[TrainState, StepResult]:
            with name_scope(self._name):
                after, result = plain(state, batch, want_histograms)
                if self._records_loss:
                    scalar("loss", result.loss)
            return after, result

        known = {GLOBAL_STEP: state.variables[GLOBAL_STEP]} if self.counts_steps else {}
        (after, result), made = Model(step).collect(known, state, batch, rng=state.rng)
        if self.counts_steps and not self._increments:
            # Not what it was before: the loss function may have counted.
            counted = after.variables | {GLOBAL_STEP: after.variables[GLOBAL_STEP] - 1}
            after = dataclasses.replace(after, variables=counted)
        return after, result._replace(summaries=result.summaries | counted_if(want_histograms, made.summaries))


def _maker(optimizer: Any, learning_rate: Any) -> Callable[[Any], optax.GradientTransformationExtraArgs]:
    """learning rate -> optimizer, whichever way that was given."""
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(
                f"optimize_loss: optimizer must be one of {', '.join(OPTIMIZER_CLS_NAMES)}, got {optimizer!r}."
            )
        if learning_rate is None:
            raise ValueError(f"optimize_loss: learning_rate must be given for optimizer={optimizer!r}, got None.")
        return OPTIMIZER_CLS_NAMES[optimizer]
    if _is_optimizer(optimizer):
        if learning_rate is not None:
            raise ValueError(
                f"optimize_loss: learning_rate must be None, as optimizer is made already and has its own, got "
                f"{learning_rate}. Or give a function: optimizer=lambda rate: slim.optimizers.momentum(rate, 0.9)."
            )
        made = optax.with_extra_args_support(optimizer)
        return lambda rate: made
    if not callable(optimizer):
        raise ValueError(
            f"optimize_loss: optimizer must be one of {', '.join(OPTIMIZER_CLS_NAMES)}, an optimizer, or a function "
            f"learning rate -> optimizer, got {optimizer!r}."
        )

    def make(rate: Any) -> optax.GradientTransformationExtraArgs:
        made: Any = optimizer() if learning_rate is None else optimizer(rate)
        if not _is_optimizer(made):
            raise ValueError(f"optimize_loss: optimizer must return an optax transformation, got {made!r}.")
        return optax.with_extra_args_support(made)

    return make


def _multipliers(gradient_multipliers: Mapping[Any, Any] | None) -> Mapping[Any, Any] | None:
    if gradient_multipliers is None:
        return None
    return {
        name.removesuffix(":0") if isinstance(name, str) else name: factor
        for name, factor in gradient_multipliers.items()
    }


def _clipping(clip_gradients: Any) -> optax.GradientTransformationExtraArgs | None:
    """The transformation that clips, whichever way that was given."""
    if clip_gradients is None:
        return None
    if _is_optimizer(clip_gradients):
        return optax.with_extra_args_support(clip_gradients)
    if _is_number(clip_gradients):
        if clip_gradients <= 0:
            raise ValueError(f"optimize_loss: clip_gradients must be positive, or None, got {clip_gradients}.")
        return _stateless(lambda gradients: clip_gradients_together(gradients, clip_gradients))
    if callable(clip_gradients):
        return _stateless(clip_gradients)
    raise ValueError(
        "optimize_loss: clip_gradients must be a number, a function gradients -> gradients, an optax transformation or "
        f"None, got {clip_gradients!r}."
    )


def _stateless(change: Callable[[Any], Any]) -> optax.GradientTransformationExtraArgs:
    return optax.with_extra_args_support(optax.stateless(lambda gradients, params: change(gradients)))


def _check_rate(learning_rate: Any) -> None:
    if learning_rate is None or callable(learning_rate):
        return
    if (not _is_number(learning_rate) and np.shape(learning_rate) != ()) or isinstance(learning_rate, str | bool):
        raise ValueError(
            "optimize_loss: learning_rate must be a number, a scalar array, a schedule (step -> rate) or None, got "
            f"{learning_rate!r}."
        )
    if _is_number(learning_rate) and learning_rate < 0:
        raise ValueError(f"optimize_loss: learning_rate must be at least 0, got {learning_rate}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_optimizer(value: Any) -> bool:
    return hasattr(value, "init") and hasattr(value, "update")
