"""`create_train_op`: a loss function and an optimizer become one pure training step."""

import contextlib
import dataclasses
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core import names
from jax_slim.core.class_ids import CLASS_IDS
from jax_slim.core.global_step import get_or_create_global_step, step_at_root
from jax_slim.core.model import Model
from jax_slim.core.program import VariableSpec
from jax_slim.core.tracebacks import shortened
from jax_slim.core.values import Variables
from jax_slim.learning.accumulation import Results, accumulated, mean_loss
from jax_slim.learning.gradients import (
    clip_gradient_norms,
    clip_gradients_together,
    gradient_summaries,
    multiply_gradients,
    variable_name,
)
from jax_slim.learning.name_tables import ByName
from jax_slim.learning.numerics import Diagnosis, diagnose, looked_through
from jax_slim.learning.transformations import Transformation
from jax_slim.summary.recording import Kept, counted

GLOBAL_STEP = "global_step"
_USE_GLOBAL_STEP = "the program's"

# What the key that transforms a batch differs by from the one that its loss draws from.
_FOR_BATCH = zlib.crc32(b"transform_batch")

TransformBatch = Callable[[Any, jax.Array], Any]
Change = Callable[[Variables, Variables], Variables]  # gradients or changes, variables -> the same, changed


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TrainState:
    """All that training changes: what a checkpoint holds, what a step maps to its successor. A pytree.

    Attributes:
      variables: the program's variables, 'global_step' among them (unless it was turned off).
      optimizer: the optimizer's state.
      rng: the random key of the run; each step folds its number into it.
      averages: the state of `moving_average`, or None.
    """

    variables: Variables
    optimizer: Any
    rng: jax.Array
    averages: Any = None


class StepResult(NamedTuple):
    """What a step gives besides the next state.

    Attributes:
      loss: the total loss, before the step changed anything.
      summaries: tag -> scalar, `Buckets` or what other kinds become; empty when the step was not asked for them.
      diagnosis: what was NaN or infinite, when the loss was.
    """

    loss: jax.Array
    summaries: dict[str, Any]
    diagnosis: Diagnosis


class TrainOp:
    """A training step, made by `create_train_op`.

    Call it as a pure function, under your own `jax.jit` and loop, or give it to `learning.train`:

        state = train_op.init(jax.random.key(0), batch)
        step = slim.jit(train_op, donate_argnums=0)
        for batch in batches:
            state, result = step(state, batch)

    It can be pickled where its loss function and its optimizer can: those of `slim.optimizers` can; optax's, which are
    functions within functions, cannot: pickle what they are made from.
    """

    def __init__(
        self,
        model: Model,
        optimizer: Any,
        counts_steps: bool,
        update_ops: Sequence[Any] | None,
        variables_to_train: Any,
        change_gradients: Change,
        scale_changes: Change,
        summarize_gradients: bool,
        check_numerics: bool,
        accumulate: int,
        moving_average: Any,
        transform_batch: TransformBatch | None = None,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self._transformation = Transformation(optimizer)
        self.counts_steps = counts_steps
        self.check_numerics = check_numerics
        self.moving_average = moving_average
        self._update_ops = None if update_ops is None else {variable_name(update) for update in update_ops}
        self._variables_to_train = variables_to_train
        self._change_gradients = change_gradients
        self._scale_changes = scale_changes
        self._summarize_gradients = summarize_gradients
        self._accumulate = accumulate
        self._transform_batch = transform_batch

    def specs(self, batch: Any) -> dict[str, VariableSpec]:
        """The variables of the program, by name. Computes nothing."""
        return self.model.specs(self.transformed(batch))

    def transformed(self, batch: Any) -> Any:
        """What the loss function is given of such a batch: itself, or the shapes of what `transform_batch` makes."""
        if self._transform_batch is None:
            return batch
        return jax.eval_shape(self._transform_batch, batch, jax.eval_shape(jax.random.key, 0))

    def init(self, key: jax.Array, batch: Any) -> TrainState:
        """The state before the first step: fresh variables and optimizer state.

        Args:
          key: a JAX random key: half of it draws the variables, half goes into the steps.
          batch: one batch, or `jax.ShapeDtypeStruct`s like it.
        """
        for_variables, for_steps = jax.random.split(key)
        variables = self.model.init(for_variables, self.transformed(batch))
        return self.state(variables, for_steps)

    def state(self, variables: Variables, rng: jax.Array) -> TrainState:
        """The state before the first step with these variables."""
        trained = self.trained(variables)
        optimizer = self._transformation.init(trained)
        averages = None if self.moving_average is None else self.moving_average.init(trained)
        return TrainState(variables, optimizer, rng, averages)

    def trained(self, variables: Variables) -> Variables:
        """Those of `variables` that the step trains."""
        trainable = variables.trainable
        chosen = trainable if self._variables_to_train is None else _chosen(self._variables_to_train, variables)
        if not chosen:
            raise ValueError(
                f"create_train_op: there is nothing to train among {len(variables)} variables. Does the loss function "
                "make trainable variables?"
            )
        return chosen

    def averaged(self, state: TrainState) -> Variables:
        """The variables with the trained ones replaced by their moving averages: what to evaluate.

        Raises:
          ValueError: the step was made without `moving_average`.
        """
        if self.moving_average is None:
            raise ValueError("TrainOp.averaged: create_train_op was given no moving_average.")
        return state.variables | self.moving_average.averaged(state.averages, self.trained(state.variables))

    def __call__(
        self, state: TrainState, batch: Any, want_histograms: jax.Array | bool = True
    ) -> tuple[TrainState, StepResult]:
        """One step: loss, gradients, optimizer, updates. Pure.

        Args:
          state: as `init` or an earlier step returned it.
          batch: what the loss function takes.
          want_histograms: whether to count the histograms (a Python or a traced boolean, so that one compiled step
            serves both); scalars are always there.

        Returns:
          The next state, and the loss and summaries of this step.
        """
        before = state.variables
        step = before[GLOBAL_STEP] if self.counts_steps else 0
        rng = jax.random.fold_in(state.rng, step)
        if self._transform_batch is not None:
            batch = self._transform_batch(batch, jax.random.fold_in(rng, _FOR_BATCH))
        trained = self.trained(before)
        loss, summaries, ids, updates, gradients = accumulated(
            self._loss_and_gradients, before, batch, rng, tuple(trained), self._accumulate
        )
        diagnosis = diagnose(loss, before, gradients, batch, ids)
        gradients = gradients | looked_through(gradients, diagnosis)
        gradients = self._change_gradients(gradients, trained)
        if self._summarize_gradients:
            summaries = summaries | gradient_summaries(gradients)

        def loss_with(values: Mapping[str, Any]) -> jax.Array:
            return mean_loss(self._loss, before | values, batch, rng, self._accumulate)

        changes, optimizer = self._transformation.update(gradients, state.optimizer, trained, loss, loss_with)
        changes = self._scale_changes(changes, trained)

        after = before | updates
        after |= {name: (after[name] + changes[name]).astype(after[name].dtype) for name in trained}
        averages = state.averages
        if self.moving_average is not None:
            averages = self.moving_average.update(averages, self.trained(after), step)
        if self.counts_steps:
            after |= {GLOBAL_STEP: after[GLOBAL_STEP] + 1}
        return (
            TrainState(after, optimizer, state.rng, averages),
            StepResult(loss.astype(jnp.float32), counted_if(want_histograms, summaries), diagnosis),
        )

    def _loss(self, variables: Variables, batch: Any, rng: jax.Array) -> jax.Array:
        return self.model.collect(variables, batch, rng=rng)[0]

    def _loss_and_gradients(self, variables: Variables, batch: Any, rng: jax.Array, wanted: Sequence[str]) -> Results:
        """The loss of one batch, its summaries, the class ids it took, the updates to apply, and the gradients."""

        def loss_of(trained: Variables) -> tuple[jax.Array, Any]:
            return self.model.collect(variables | trained, batch, rng=rng)

        trained = variables.only(wanted)
        (loss, collected), gradients = jax.value_and_grad(loss_of, has_aux=True)(trained)
        updates = collected.updates
        if self._update_ops is not None:
            updates = {name: value for name, value in updates.items() if name in self._update_ops}
        return loss, dict(collected.summaries), collected.collections.get(CLASS_IDS, {}), updates, gradients


@shortened
def create_train_op(
    total_loss: Callable[[Any], jax.Array],
    optimizer: Any,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Sequence[Any] | None = None,
    variables_to_train: Any = None,
    transform_grads_fn: Callable[[Variables], Variables] | None = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gradient_multipliers: Mapping[Any, Any] | ByName | None = None,
    check_numerics: bool = True,
    clip_global_norm: float = 0,
    learning_rate_multipliers: ByName | None = None,
    weight_decay: ByName | None = None,
    accumulate: int = 1,
    moving_average: Any = None,
    transform_batch: TransformBatch | None = None,
) -> TrainOp:
    """Makes a training step out of a loss function and an optimizer.

        def loss_fn(batch):
            logits, _ = slim.nets.vgg.vgg_16(batch["image"], is_training=True)
            slim.losses.sparse_softmax_cross_entropy(logits, batch["label"])
            return slim.losses.get_total_loss()

        train_op = slim.learning.create_train_op(loss_fn, optax.sgd(1e-3), clip_gradient_norm=4.0)
        slim.learning.train(train_op, logdir, batches, number_of_steps=1000)

    A step prepares the batch, if it is told how; computes the loss and its gradients; adds the weight decay,
    multiplies, clips and transforms the gradients (in this order); lets the optimizer turn them into changes and
    multiplies these; applies the changes and every update that the program made (moving averages); averages the
    variables; and counts the global step. All of it is one program for the compiler.

    Args:
      total_loss: batch -> scalar loss: a slim program. (TF-Slim's was a tensor; here it is the function that makes it.)
      optimizer: an optax gradient transformation. Those that take the loss (`optax.contrib.reduce_on_plateau`,
        `polyak_sgd`, `momo`) or search along a line (`lbfgs`) are given it: the loss that the program returns, of this
        batch. `optax.lookahead`'s slow weights are in its state. Masks may be dicts by variable name.
      global_step: None leaves the global step out; then dropout masks do not change from step to step and
        `learning.train` cannot run it.
      update_ops: which updates to apply: names of variables; None means all, [] none.
      variables_to_train: what to train: names, records, or regular expressions for the beginning of names
        (['vgg_16/fc8']); None means every trainable variable.
      transform_grads_fn: gradients (a `Variables`) -> gradients, applied last.
      clip_gradient_norm: clips each gradient's own L2 norm to this, as TF-Slim does; 0 does not clip.
      summarize_gradients: whether to record a histogram and the norm of each gradient.
      gradient_multipliers: variable name -> factor for its gradient, or `by_name(...)`. (Adam and its like undo a
        factor: see `learning_rate_multipliers`.)
      check_numerics: whether `learning.train` stops when the loss is NaN or infinite.
      clip_global_norm: scales all gradients down together, so that their joint L2 norm is at most this; 0 does not.
      learning_rate_multipliers: `by_name(...)`: factors for what the optimizer changes; 0 freezes.
      weight_decay: `by_name(...)`: adds so much of a variable to its gradient, which is what an L2 regularizer of that
        scale does. Use one or the other.
      accumulate: in how many parts to run each batch, one after the other, to save memory: loss and gradients are the
        means over the parts, updates follow one another.
      moving_average: an `ExponentialMovingAverage` to keep of the trained variables; `TrainOp.averaged` reads it.
      transform_batch: (batch, key) -> batch, the first thing in a step, before a batch is cut into parts: preprocessing
        on the device (`slim.preprocessing.on_device`), mixing. `key` is a JAX random key of its own for each step, the
        same in a run that was interrupted and in one of several processes.

    Returns:
      The step, for `learning.train` or a loop of your own.

    Raises:
      TypeError: `total_loss` or `transform_batch` is not a function, or `optimizer` not an optax transformation.
      ValueError: a number is out of range, or `gradient_multipliers` is empty. (What concerns variables is found when
        the step first sees them.)
    """
    if not callable(total_loss):
        raise TypeError(
            f"create_train_op: total_loss must be a function batch -> scalar loss, got {type(total_loss).__name__}. "
            "Put the code that makes the loss into a function: it becomes the program that is trained."
        )
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        raise TypeError(
            f"create_train_op: optimizer must be an optax transformation such as optax.sgd(0.1), got {optimizer!r}."
        )
    if transform_batch is not None and not callable(transform_batch):
        raise TypeError(
            "create_train_op: transform_batch must be a function (batch, key) -> batch, got "
            f"{type(transform_batch).__name__}. slim.preprocessing.on_device makes one."
        )
    for argument, norm in (("clip_gradient_norm", clip_gradient_norm), ("clip_global_norm", clip_global_norm)):
        if norm < 0:
            raise ValueError(f"create_train_op: {argument} must be positive, or 0 for no clipping, got {norm}.")
    if isinstance(gradient_multipliers, Mapping) and not gradient_multipliers:
        raise ValueError("create_train_op: gradient_multipliers must name variables or be None, got an empty dict.")
    if accumulate < 1:
        raise ValueError(f"create_train_op: accumulate must be 1 or more parts, got {accumulate}.")
    counts_steps = global_step is not None

    return TrainOp(
        Model(_Program(total_loss, counts_steps)),
        optimizer,
        counts_steps,
        update_ops,
        variables_to_train,
        _ChangedGradients(weight_decay, gradient_multipliers, clip_gradient_norm, clip_global_norm, transform_grads_fn),
        _ScaledChanges(learning_rate_multipliers),
        summarize_gradients,
        check_numerics,
        accumulate,
        moving_average,
        transform_batch,
    )


# Classes, and not functions within `create_train_op`, because these cannot be pickled.


class _Program:
    """The program that is trained: the loss function, its result checked, and the step counted beside it."""

    def __init__(self, total_loss: Callable[[Any], jax.Array], counts_steps: bool) -> None:
        self.total_loss, self.counts_steps = total_loss, counts_steps
        self.__name__ = getattr(total_loss, "__name__", "loss")

    def __call__(self, batch: Any) -> jax.Array:
        with step_at_root() if self.counts_steps else contextlib.nullcontext():
            loss = _checked_loss(self.total_loss(batch))
        if self.counts_steps:
            get_or_create_global_step()
        return loss


@dataclasses.dataclass(frozen=True)
class _ChangedGradients:
    """What a step does to gradients before the optimizer sees them."""

    weight_decay: ByName | None
    multipliers: Mapping[Any, Any] | ByName | None
    clip_norm: float
    clip_global_norm: float
    transform: Callable[[Variables], Variables] | None

    def __call__(self, gradients: Variables, variables: Variables) -> Variables:
        if self.weight_decay is not None:
            scales = self.weight_decay.for_variables(gradients, "weight_decay")
            gradients |= {n: gradients[n] + scale * variables[n] for n, scale in scales.items() if scale}
        if self.multipliers is not None:
            factors = self.multipliers
            if isinstance(factors, ByName):
                factors = factors.for_variables(gradients, "gradient_multipliers")
            gradients = multiply_gradients(gradients, factors)
        if self.clip_norm > 0:
            gradients = clip_gradient_norms(gradients, self.clip_norm)
        if self.clip_global_norm > 0:
            gradients = clip_gradients_together(gradients, self.clip_global_norm)
        return gradients if self.transform is None else self.transform(gradients)


@dataclasses.dataclass(frozen=True)
class _ScaledChanges:
    """What a step does to the optimizer's changes."""

    multipliers: ByName | None

    def __call__(self, changes: Variables, variables: Variables) -> Variables:
        if self.multipliers is None:
            return changes
        factors = self.multipliers.for_variables(variables, "learning_rate_multipliers")
        # Not 0 * change: a frozen variable must not become NaN with its gradient.
        return changes | {n: change * factors[n] if factors[n] else change * 0 for n, change in changes.items()}


def _checked_loss(loss: Any) -> jax.Array:
    if loss is None:
        raise TypeError(
            "create_train_op: the loss function returned None. End it with `return losses.get_total_loss()`."
        )
    shape = getattr(loss, "shape", None)
    if shape is None or shape != () or not jnp.issubdtype(loss.dtype, jnp.floating):
        what = f"shape {shape} and dtype {loss.dtype}" if shape is not None else type(loss).__name__
        raise TypeError(
            f"create_train_op: the loss function must return one floating-point scalar, got {what}. Reduce it "
            "(jnp.mean), or return slim.losses.get_total_loss()."
        )
    return loss


def _chosen(wanted: Any, variables: Variables) -> Variables:
    """The variables named by `wanted`: a name, record or pattern, or several."""
    if isinstance(wanted, str):
        wanted = [wanted]
    chosen: list[str] = []
    for one in wanted:
        name = variable_name(one)
        if name in variables:
            if not variables.facts[name].trainable:
                raise ValueError(
                    f"create_train_op: variables_to_train names {name!r}, which is not trainable. Leave it out: "
                    "updates such as moving averages are applied anyway."
                )
            chosen.append(name)
            continue
        matching = variables.trainable.select(include=name)
        if not matching:
            raise ValueError(
                f"create_train_op: variables_to_train has {name!r}, which no trainable variable begins with."
                f"{names.hint(name, variables.trainable)}"
            )
        chosen += matching
    return variables.only(chosen)


def counted_if(want: jax.Array | bool, summaries: dict[str, Any]) -> dict[str, Any]:
    """Counts histograms and cuts images down where they are wanted; on the device, so that one step is compiled."""
    kept = {tag: value for tag, value in summaries.items() if isinstance(value, Kept)}
    if not kept:
        return summaries
    if want is True:
        return summaries | counted(kept)
    shapes = jax.eval_shape(counted, kept)
    if want is False:
        return summaries | jax.tree.map(lambda like: jnp.zeros((0, *like.shape[1:]), like.dtype), shapes)
    none = jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), shapes)
    return summaries | jax.lax.cond(want, counted, lambda _: none, kept)
