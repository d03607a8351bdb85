"""`train`: runs a training step over batches, shows how far it is, saves, resumes and stops cleanly."""

import contextlib
import functools
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.checkpoints.native import CheckpointError, Checkpoints
from jax_slim.checkpoints.reading import described
from jax_slim.core.values import Variables
from jax_slim.data.prefetching import prefetch, resume
from jax_slim.learning.saving import named_arrays, state_like
from jax_slim.learning.signals import StopRequests
from jax_slim.learning.train_op import GLOBAL_STEP, StepResult, TrainOp, TrainState
from jax_slim.parallel.meshes import data_mesh, everywhere, place_batch
from jax_slim.progress import Progress
from jax_slim.summary.events import EventWriter
from jax_slim.summary.recording import Buckets

_DEFAULT_WRITER = "in the log directory"


class NonFiniteError(ArithmeticError):
    """The loss, or a variable, became NaN or infinite. Nothing of that step was saved.

    Attributes:
      step: the global step whose loss it was.
    """

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


class TrainingResult(float):
    """The loss of the last step, as TF-Slim's `train` returned it, and with it the rest.

    Attributes:
      step: the global step reached.
      state: the `TrainState` then.
      variables: its variables: for `model.apply`.
    """

    step: int
    state: TrainState

    def __new__(cls, loss: float, step: int, state: TrainState) -> "TrainingResult":
        made = super().__new__(cls, loss)
        made.step, made.state = step, state
        return made

    @property
    def variables(self) -> Variables:
        return self.state.variables


def train(
    train_op: TrainOp,
    logdir: str,
    batches: Iterable[Any],
    number_of_steps: int | None = None,
    log_every_n_steps: int | None = None,
    init_fn: Callable[[Variables], Mapping[str, Any]] | None = None,
    save_summaries_secs: float = 600,
    save_interval_secs: float = 600,
    summary_writer: EventWriter | str | None = _DEFAULT_WRITER,
    max_to_keep: int = 5,
    seed: int = 0,
    prefetch_batches: int = 2,
) -> TrainingResult:
    """Trains: runs `train_op` on one batch after the other, from the latest checkpoint in `logdir` or from the start.

        train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1, momentum=0.9))
        result = slim.learning.train(train_op, "/tmp/run", batches, number_of_steps=1000)

    One step is compiled; its buffers are donated. Batches are put on the devices ahead of time. With more than one
    local device, each takes a slice of every batch (data parallel), with the numbers of a single device up to rounding.

    Checkpoints are written at the start, every `save_interval_secs` and at the end, in the background, each complete or
    not there at all. Calling `train` again with the same `logdir` goes on where the last one stopped: variables,
    optimizer, random key and the position in `batches` (its `set_state` when it has one, as `slim.data.Batches` and
    grain's iterators do; else the batches already seen are skipped), so that an interrupted run ends bit for bit as an
    undisturbed one.

    SIGTERM and Ctrl-C end the run after the step at hand: it saves, and exits the process with the shell's code for
    that signal (143, 130) by SystemExit.

    Args:
      train_op: made by `create_train_op`.
      logdir: a directory for checkpoints and TensorBoard events; made when missing.
      batches: an iterable of trees of arrays, as the loss function takes them, examples along axis 0. Training ends
        when it does.
      number_of_steps: the global step to stop at; None goes on for as long as there are batches.
      log_every_n_steps: off a terminal, print the loss each so many steps; None prints about once a second. On a
        terminal there is a progress bar.
      init_fn: variables -> values to start from instead, by name (pretrained weights); called when there is no
        checkpoint.
      save_summaries_secs: seconds between writings of the summaries; also at the first and the last step.
      save_interval_secs: seconds between checkpoints.
      summary_writer: None writes no events; by default one is made in `logdir`.
      max_to_keep: how many of the newest checkpoints to keep.
      seed: of the random key that draws initial values and dropout masks.
      prefetch_batches: how many batches to have ready on the devices.

    Returns:
      The loss of the last step: a float that also has `.step`, `.variables` and `.state`. NaN when there was no step to
        do.

    Raises:
      NonFiniteError: the loss became NaN or infinite (see `check_numerics`); the last good checkpoint stays.
      CheckpointError: a checkpoint cannot be written or read, or is of another model.
      ValueError: there are no batches, or they cannot be split over the devices.
    """
    if number_of_steps is not None and number_of_steps < 0:
        raise ValueError(f"train: number_of_steps must be None or at least 0, got {number_of_steps}.")
    if not isinstance(train_op, TrainOp):
        raise TypeError(
            f"train: train_op must be what slim.learning.create_train_op returned, got {type(train_op).__name__}."
        )
    if not train_op.counts_steps:
        raise ValueError(
            "train: train_op was made with global_step=None, so its steps cannot be counted. Leave that out."
        )
    mesh = data_mesh()
    with contextlib.ExitStack() as stack:
        checkpoints = stack.enter_context(Checkpoints(logdir, max_to_keep=max_to_keep))
        if summary_writer == _DEFAULT_WRITER:
            summary_writer = stack.enter_context(EventWriter(logdir))
        assert not isinstance(summary_writer, str)
        start = checkpoints.latest_step()
        facts = checkpoints.facts(start) if start is not None else {}
        source = resume(batches, facts.get("data"), start or 0)
        feed = stack.enter_context(
            contextlib.closing(prefetch(source, prefetch_batches, functools.partial(place_batch, mesh=mesh)))
        )
        first = next(feed, None)
        if first is None:
            raise ValueError(
                f"train: batches gave no batch (after the {start or 0} steps already done). Is it used up?"
            )
        state = _start_state(train_op, first[0], checkpoints, start, init_fn, seed, everywhere(mesh))
        run = _Run(train_op, state, first[1], checkpoints, summary_writer, save_summaries_secs, save_interval_secs)
        total = number_of_steps
        progress = stack.enter_context(Progress(total, "train", log_every=log_every_n_steps, start=run.step))
        stop = stack.enter_context(StopRequests())
        if start is not None:
            progress.print(f"Going on from step {start} in {checkpoints.directory}.")
        return run.loop(itertools.chain([first], feed), total, progress, stop)


def _start_state(
    train_op: TrainOp,
    batch: Any,
    checkpoints: Checkpoints,
    start: int | None,
    init_fn: Callable[[Variables], Mapping[str, Any]] | None,
    seed: int,
    sharding: jax.sharding.Sharding,
) -> TrainState:
    """The state to begin with: from the checkpoint, or drawn."""
    key = jax.random.key(seed)
    shapes = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), batch)
    if start is not None:
        template = jax.eval_shape(train_op.init, key, shapes)
        like = {
            name: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)
            for name, leaf in named_arrays(template).items()
        }
        arrays, _ = checkpoints.restore(start, like)
        return jax.device_put(state_like(template, arrays, key), sharding)
    state = train_op.init(key, batch)
    if init_fn is not None:
        variables = _with_initial(state.variables, init_fn(state.variables))
        state = train_op.state(variables, state.rng)
    # The step donates its state: two leaves must not be one buffer, as equal constants may be.
    return jax.device_put(state, sharding, may_alias=False)


def _with_initial(variables: Variables, given: Any) -> Variables:
    if not isinstance(given, Mapping):
        raise TypeError(
            f"train: init_fn must return a mapping variable name -> array, got {type(given).__name__}. "
            "It may return only those to replace."
        )
    for name, value in given.items():
        if np.shape(value) != variables[name].shape:
            raise ValueError(
                f"train: init_fn gave {name!r} with shape {np.shape(value)}, but it has shape {variables[name].shape}."
            )
    return variables | {name: jnp.asarray(value, variables[name].dtype) for name, value in given.items()}


class _Run:
    """The loop and what it keeps between steps."""

    def __init__(
        self,
        train_op: TrainOp,
        state: TrainState,
        data_state: Any,
        checkpoints: Checkpoints,
        writer: EventWriter | None,
        save_summaries_secs: float,
        save_interval_secs: float,
    ) -> None:
        self.state = state
        self.step = int(state.variables[GLOBAL_STEP])
        self._data_state = data_state
        self._check_numerics = train_op.check_numerics
        self._compiled = jax.jit(train_op, donate_argnums=0)
        self._checkpoints = checkpoints
        self._writer = writer
        self._summaries_due = _Timer(save_summaries_secs)
        self._save_due = _Timer(save_interval_secs)
        self._saved: int | None = checkpoints.latest_step()
        self._written_at: tuple[float, int] | None = None

    def loop(
        self, feed: Iterable[tuple[Any, Any]], total: int | None, progress: Progress, stop: StopRequests
    ) -> TrainingResult:
        last: StepResult | None = None  # the step before the one that runs: read without keeping the device waiting
        if self._saved is None:
            self._save(None, progress)
        self._save_due.restart()
        try:
            for batch, data_state in feed:
                if stop.received is not None or (total is not None and self.step >= total):
                    break
                # The first step of a run, and its last, are always shown.
                want = self._writer is not None and (last is None or self._summaries_due() or self.step + 1 == total)
                self.state, result = self._compiled(self.state, batch, np.bool_(want))
                if last is not None:
                    self._show(last, progress, batch)
                self.step, self._data_state, last = self.step + 1, data_state, result
                if want:
                    self._write(result)
                    self._summaries_due.restart()
                if self._save_due():
                    self._save(last, progress)
        except (NonFiniteError, CheckpointError):
            raise
        except Exception:
            # The input failed, or the display: what was learnt so far is worth keeping.
            with contextlib.suppress(NonFiniteError, CheckpointError):
                self._save(last, progress)
            raise
        if last is not None:
            self._show(last, progress, None)
        self._save(last, progress)
        if stop.received is not None:
            self._checkpoints.wait()
            progress.print(
                f"Stopped by {stop.received.name}: saved step {self.step}. The same command goes on from there."
            )
            sys.stdout.flush()
            raise SystemExit(128 + stop.received)
        if total is None or self.step < total:
            progress.print(f"The input ended at step {self.step}.")
        return TrainingResult(math.nan if last is None else float(last.loss), self.step, self.state)

    def _show(self, result: StepResult, progress: Progress, batch: Any) -> None:
        """Reads the loss of step `self.step`, which waits for that step, not for the one after it."""
        loss = float(result.loss)
        self._check(loss)
        if batch is None:
            progress.update(self.step, loss=loss)
        else:
            examples = next((leaf.shape[0] for leaf in jax.tree.leaves(batch) if leaf.ndim), 0)
            progress.update(self.step, loss=loss, examples_per_s=lambda: examples * (progress.rate or 0))

    def _check(self, loss: float) -> None:
        if not self._check_numerics or math.isfinite(loss):
            return
        kept = f"The last checkpoint is of step {self._saved}, in {self._checkpoints.directory}."
        raise NonFiniteError(
            f"train: the loss is {loss} at step {self.step}. {kept} Try a lower learning rate, clip_gradient_norm=, or "
            "look for a logarithm or division of zero in the loss.",
            self.step,
        )

    def _write(self, result: StepResult) -> None:
        assert self._writer is not None
        now = time.perf_counter()
        if self._written_at is not None and self.step > self._written_at[1]:
            seconds, steps = now - self._written_at[0], self.step - self._written_at[1]
            self._writer.scalar("global_step/sec", steps / seconds, self.step)
        self._written_at = (now, self.step)
        self._writer.scalar("total_loss", float(result.loss), self.step)
        for tag, value in jax.device_get(result.summaries).items():
            if isinstance(value, Buckets):
                self._writer.histogram(tag, step=self.step, buckets=(value.left, value.right, value.counts))
            else:
                self._writer.scalar(tag, float(value), self.step)
        self._writer.flush()

    def _save(self, last: StepResult | None, progress: Progress) -> None:
        """Saves this step, unless it is saved already or is not fit to be."""
        self._save_due.restart()
        if self._saved == self.step:
            return
        if last is not None:
            self._check(float(last.loss))
        # The loss may be finite when the gradients were not: a checkpoint to resume from must be whole.
        if self._check_numerics and not bool(_all_finite(self.state.variables)):
            bad = [name for name, value in self.state.variables.items() if not bool(_all_finite(value))]
            raise NonFiniteError(
                f"train: after step {self.step} these variables are NaN or infinite: {', '.join(bad[:5])}. The last "
                f"checkpoint is of step {self._saved}, in {self._checkpoints.directory}.",
                self.step,
            )
        self._checkpoints.save(
            self.step,
            named_arrays(self.state),
            {"data": self._data_state, "variables": described(self.state.variables)},
        )
        self._saved = self.step


@jax.jit
def _all_finite(tree: Any) -> jax.Array:
    return jnp.all(jnp.asarray([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))


class _Timer:
    """Due `seconds` after it was started last."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        self._due_at = time.monotonic() + self._seconds

    def __call__(self) -> bool:
        return time.monotonic() >= self._due_at
