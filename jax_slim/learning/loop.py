"""The training loop: one step after the other, and what happens between them."""

import dataclasses
import itertools
import math
import time
from collections.abc import Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.checkpoints.native import CheckpointError, Checkpoints
from jax_slim.checkpoints.reading import described
from jax_slim.core import processes
from jax_slim.core.values import Variables
from jax_slim.learning.agreement import SIGNALS, Alone, Together, Wish, Wishes, asked
from jax_slim.learning.numerics import describe
from jax_slim.learning.options import RunOptions
from jax_slim.learning.recording import Recorder, Tracer
from jax_slim.learning.saving import averages_of, named_arrays
from jax_slim.learning.signals import StopRequests
from jax_slim.learning.train_op import GLOBAL_STEP, StepResult, TrainState
from jax_slim.learning.unsaved import Unsaved
from jax_slim.learning.validation import Validator, validation_scalars
from jax_slim.progress import Progress


class NonFiniteError(ArithmeticError):
    """The loss, or a variable, became NaN or infinite. Nothing of that step was saved.

    Attributes:
      step: the global step whose loss it was.
    """

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


@dataclasses.dataclass(frozen=True)
class Step:
    """A step that was sent to the device.

    Attributes:
      number: the global step it led to: 1 for the first.
      result: its loss and summaries, on the device.
    """

    number: int
    result: StepResult

    @property
    def loss(self) -> float:
        """The loss of the step; waits for it."""
        return float(self.result.loss)


@dataclasses.dataclass(frozen=True)
class Kept:
    """What a run leaves behind.

    Attributes:
      checkpoints: the newest ones.
      best: those of the steps that validated best.
      recorder: its events and scalars.
      tracer: its profiles.
    """

    checkpoints: Checkpoints | Unsaved
    best: Checkpoints | None
    recorder: Recorder
    tracer: Tracer

    def abandon(self) -> None:
        """Lets go of the checkpoints without waiting for other processes."""
        self.checkpoints.abandon()
        if self.best is not None:
            self.best.abandon()


class Run:
    """One training run: the state, and the loop over it.

    Attributes:
      step: the global step reached.
      state: the `TrainState` then.
      stopped: why the run ended before its last step, or None.
    """

    def __init__(
        self,
        options: RunOptions,
        kept: Kept,
        steps: Alone | Together,
        validator: Validator | None,
        state: TrainState,
        data_state: Any,
    ) -> None:
        self.state = state
        self.step = int(state.variables[GLOBAL_STEP])
        self.stopped: str | None = None
        self._train_op = options.train_op
        self._data_state = data_state
        self._sent = steps
        self._checkpoints, self._best = kept.checkpoints, kept.best
        self._recorder, self._tracer = kept.recorder, kept.tracer
        self._writes = processes.told_by_first(kept.recorder.writes)  # which steps have summaries is the same in all
        self._validator = validator
        self._callbacks = options.callbacks
        self._total = options.number_of_steps
        self._summaries_due = _Timer(options.save_summaries_secs)
        self._save_due = _Timer(options.save_interval_secs)
        self._saved: int | None = kept.checkpoints.latest_step()
        self._last: StepResult | None = None
        self._asked: str | None = None

    @property
    def variables(self) -> Variables:
        """The variables at this step."""
        return self.state.variables

    def stop(self, reason: str) -> None:
        """Ends the run after the step at hand: it saves, validates and returns.

        In a run of several processes one is enough to end all, two steps later.
        """
        if processes.several():
            self._asked = self._asked or reason
        else:
            self._end(reason)

    @property
    def loss(self) -> float:
        """The loss of the last step; NaN when there was none."""
        return math.nan if self._last is None else float(self._last.loss)

    def loop(self, feed: Iterable[tuple[Any, Any]], progress: Progress, requests: StopRequests) -> Iterator[Step]:
        """Runs the steps; yields each when it was sent to the device. Closing it ends the run as its end does."""
        for callback in self._callbacks:
            callback.on_start(self)
        try:
            if self._saved is None:
                self._save()
            self._save_due.restart()
            yield from self._steps(feed, progress, requests)
            self._finish(progress)
            # A signal may have come when no step was left to bring it to the other processes.
            self._heed(self._sent.at_end(self._wishes(requests)) - {Wish.SAVE}, requests)
        except GeneratorExit:
            self._end("the loop over the steps was left")
            self._finish(progress)
            raise
        except (NonFiniteError, CheckpointError):
            raise
        except Exception as error:
            if processes.several():  # the others are not here: a process alone can save nothing
                raise
            # The input failed, or a callback, or the events: what was learnt so far is worth keeping.
            try:
                self._save()
                self._checkpoints.wait()
            except (NonFiniteError, CheckpointError) as failure:
                error.add_note(str(failure))
            raise
        finally:
            for callback in self._callbacks:
                callback.on_end(self)

    def _steps(self, feed: Iterable[tuple[Any, Any]], progress: Progress, requests: StopRequests) -> Iterator[Step]:
        # A run that a kill ended between a validation's step and its end still owes that validation.
        self._validate(progress)
        for batch, data_state in feed:
            wishes = self._wishes(requests)
            settled = self._sent.settled(wishes)
            self._heed(settled, requests)
            if self.stopped is not None or self._at_end():
                return
            following = self.step + 1
            # The first step of a run, and its last, are always written.
            written = self._writes and (self._last is None or Wish.SUMMARIES in settled or following == self._total)
            self._tracer.before(following)
            self.state, result = self._sent.step(self.state, batch, written, wishes)
            self._tracer.after(result)
            if self._last is not None:
                # The loss of the step before, read while this one runs: the device never waits for the host.
                self._show(progress, batch)
                self._sent.read()
            self.step, self._data_state, self._last = following, data_state, result
            if written and self._recorder.writes:
                self._write(result)
            for callback in self._callbacks:
                callback.on_step(self, Step(following, result))
            yield Step(following, result)
            self._validate(progress)
        if self._total is None or not self._at_end():
            self._end("the input ended")

    def _wishes(self, requests: StopRequests) -> Wishes:
        """What this process would have happen: its clock, its signals, its callbacks."""
        wishes = {wish for wish, number in SIGNALS.items() if requests.received is number}
        if self._asked is not None:
            wishes.add(Wish.STOP)
        if processes.is_first() and self._save_due():
            self._save_due.restart()  # or it would be wished again before it is done
            wishes.add(Wish.SAVE)
        if self._recorder.writes and self._summaries_due():
            self._summaries_due.restart()
            wishes.add(Wish.SUMMARIES)
        return frozenset(wishes)

    def _heed(self, settled: Wishes, requests: StopRequests) -> None:
        """Does what the processes have agreed on: the same in all of them, after the same step."""
        sent = asked(settled)
        if sent is not None:
            requests.received = sent
            self._end(f"stopped by {sent.name}")
        if Wish.STOP in settled:
            self._end(self._asked or "another process asked for it")
        if Wish.SAVE in settled:
            self._save()

    def _end(self, reason: str) -> None:
        self.stopped = self.stopped or reason

    def _at_end(self) -> bool:
        return self._total is not None and self.step >= self._total

    def _finish(self, progress: Progress) -> None:
        if self._last is not None:
            self._show(progress, None)
            self._validate(progress, last=True)
        self._save()

    def _show(self, progress: Progress, batch: Any) -> None:
        """Checks and shows the loss of step `self.step`: waits for that step, not for the one after it."""
        assert self._last is not None
        loss = self.loss
        self._check(loss, self._last)
        if batch is None:
            progress.update(self.step, loss=loss)
        else:
            examples = next((leaf.shape[0] for leaf in jax.tree.leaves(batch) if leaf.ndim), 0)
            progress.update(self.step, loss=loss, examples_per_s=lambda: examples * (progress.rate or 0))

    def _check(self, loss: float, result: StepResult) -> None:
        if not self._train_op.check_numerics or math.isfinite(loss):
            return
        variables = self.state.variables
        found, advice = describe(result.diagnosis, variables, self._train_op.trained(variables), self.step)
        raise NonFiniteError(
            f"train: the loss is {loss} at step {self.step}. {found} {self._last_saved()} {advice}",
            self.step,
        )

    def _write(self, result: StepResult) -> None:
        scalars = self._recorder.summaries(self.step, float(result.loss), result.summaries)
        self._summaries_due.restart()
        for callback in self._callbacks:
            callback.on_summary(self, scalars)

    def _validate(self, progress: Progress, last: bool = False) -> None:
        validator = self._validator
        if validator is None or not validator.due(self.step, last):
            return
        variables = self.variables
        if validator.validation.moving_average:
            variables = self._train_op.averaged(self.state)
        metrics, better = validator.run(variables, self.step)
        numbers = validation_scalars(metrics)
        self._recorder.scalars(self.step, numbers)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
        progress.print(f"Step {self.step}: {shown}" + (" (the best so far)" if better else ""))
        if better and self._best is not None:
            self._hand_over(self._best)
        for callback in self._callbacks:
            callback.on_validation(self, metrics)
        if validator.exhausted():
            self._end(
                f"{validator.validation.best} was no better in {validator.stale} validations; the best was "
                f"{validator.best:.4g} at step {validator.best_step}"
            )

    def _save(self) -> None:
        """Saves this step, unless it is saved already or is not fit to be."""
        self._save_due.restart()
        if self._saved == self.step:
            return
        if self._last is not None:
            self._check(self.loss, self._last)
        # The loss may be finite when the gradients were not: a checkpoint to resume from must be whole.
        variables = self.state.variables
        if self._train_op.check_numerics and not bool(_all_finite(variables)):
            bad = [name for name, value in variables.items() if not bool(_all_finite(value))]
            raise NonFiniteError(
                f"train: after step {self.step} these variables are NaN or infinite: {', '.join(bad[:5])}. "
                f"{self._last_saved()}",
                self.step,
            )
        self._hand_over(self._checkpoints)
        self._saved = self.step
        for callback in self._callbacks:
            callback.on_save(self)

    def _last_saved(self) -> str:
        if isinstance(self._checkpoints, Unsaved):
            return "Nothing is saved, as there is no log directory."
        return f"The last checkpoint is of step {self._saved}, in {self._checkpoints.directory}."

    def _hand_over(self, checkpoints: Checkpoints | Unsaved) -> None:
        """Gives this step to be written in the background."""
        facts = {
            "data": self._data_state,
            "variables": described(self.state.variables),
            "averages": averages_of(self.state),
            "validation": None if self._validator is None else self._validator.facts(),
        }
        checkpoints.save(self.step, named_arrays(self.state), facts)


def first_of(feed: Iterator[Any], done: int) -> tuple[Any, Iterator[Any]]:
    """The first item of `feed`, and all of them again."""
    first = next(feed, None)
    if first is None:
        raise ValueError(f"train: batches gave no batch (after the {done} steps already done). Is it used up?")
    return first, itertools.chain([first], feed)


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
