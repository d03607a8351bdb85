"""`train` and `steps`: a run from its latest checkpoint, or from the start, to its last step."""

import contextlib
import functools
import inspect
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from jax.sharding import Mesh

from jax_slim.checkpoints.native import Checkpoints
from jax_slim.core import processes
from jax_slim.core.tracebacks import shortened
from jax_slim.core.values import Variables
from jax_slim.data.parts import in_parts
from jax_slim.data.prefetching import prefetch, resume
from jax_slim.learning.agreement import refuse_other_versions, steps_of
from jax_slim.learning.callbacks import Callback
from jax_slim.learning.loop import Kept, NonFiniteError, Run, Step, first_of
from jax_slim.learning.options import RunOptions
from jax_slim.learning.recording import Recorder, Tracer
from jax_slim.learning.signals import StopRequests
from jax_slim.learning.starting import start_state
from jax_slim.learning.train_op import TrainOp, TrainState
from jax_slim.learning.unsaved import Unsaved
from jax_slim.learning.validation import Validation, Validator
from jax_slim.parallel.meshes import checked_mesh, data_mesh
from jax_slim.parallel.placing import place_batch, rows_needed
from jax_slim.progress import Progress
from jax_slim.summary.events import EventWriter

P = ParamSpec("P")
R = TypeVar("R")

_DEFAULT_WRITER = "in the log directory"


class TrainingResult(float):
    """The loss of the last step, as TF-Slim's `train` returned it, and with it the rest.

    Attributes:
      step: the global step reached.
      state: the `TrainState` then.
      variables: its variables: for `model.apply`.
      stopped: why the run ended before its last step, or None.
    """

    step: int
    state: TrainState
    stopped: str | None

    def __new__(cls, loss: float, step: int, state: TrainState, stopped: str | None) -> "TrainingResult":
        made = super().__new__(cls, loss)
        made.step, made.state, made.stopped = step, state, stopped
        return made

    def __reduce__(self) -> Any:
        return type(self), (float(self), self.step, self.state, self.stopped)

    @property
    def variables(self) -> Variables:
        return self.state.variables


@shortened
def train(
    train_op: TrainOp,
    logdir: str | os.PathLike[str] | None,
    batches: Iterable[Any],
    number_of_steps: int | None = None,
    log_every_n_steps: int | None = None,
    init_fn: Callable[[Variables], Mapping[str, Any]] | None = None,
    save_summaries_secs: float = 600,
    save_interval_secs: float = 600,
    summary_writer: EventWriter | str | None = _DEFAULT_WRITER,
    trace_every_n_steps: int | None = None,
    max_to_keep: int | None = 5,
    validation: Validation | None = None,
    callbacks: Sequence[Callback] = (),
    mesh: Mesh | None = None,
    sharding_rules: Any = None,
    seed: int = 0,
    prefetch_batches: int = 2,
) -> TrainingResult:
    """Trains: runs `train_op` on one batch after the other, from the latest checkpoint in `logdir` or from the start.

        train_op = slim.learning.create_train_op(loss_fn, optax.sgd(0.1, momentum=0.9))
        result = slim.learning.train(train_op, "/tmp/run", batches, number_of_steps=1000)

    One step is compiled; its buffers are donated. Batches are put on the devices ahead of time. With more than one
    device, each takes a slice of every batch (data parallel), with the numbers of a single device up to rounding.

    In a run of several processes (`slim.parallel.initialize`; docs/many_machines.md) each calls this with the same
    arguments, and `batches` gives each the same batches, of which it loads the rows that its devices hold. What one
    process decides (its clock, a signal, a callback's `stop`) all do after the same step, up to two steps later. The
    first one writes events and shows progress, and `on_summary` is called there alone.

    Checkpoints are written at the start, every `save_interval_secs` and at the end, in the background, each complete or
    not there at all. Calling `train` again with the same `logdir` goes on where the last one stopped: variables,
    optimizer, random key and the position in `batches` (its `set_state` when it has one, as `slim.data.Batches` and
    grain's iterators do; else the batches already seen are skipped), so that an interrupted run ends bit for bit as an
    undisturbed one.

    TensorBoard events go to `logdir`, the scalars among them to `scalars.jsonl` beside them too.

    SIGTERM and Ctrl-C end the run after the step at hand: it saves, and exits the process with the shell's code for
    that signal (143, 130) by SystemExit. For Ctrl-C that is a KeyboardInterrupt as well, for an `except` of your own.

    Args:
      train_op: made by `create_train_op`.
      logdir: a directory for checkpoints and TensorBoard events; made when missing. None writes nothing, and keeps
        nothing but what is returned.
      batches: an iterable of trees of arrays, as the loss function takes them, examples along axis 0. Training ends
        when it does.
      number_of_steps: the global step to stop at; None goes on for as long as there are batches.
      log_every_n_steps: off a terminal, print the loss each so many steps; None prints about once a second. On a
        terminal there is a progress bar.
      init_fn: variables -> values to start from instead, by name (pretrained weights); called when there is no
        checkpoint.
      save_summaries_secs: seconds between writings of the summaries; also at the first and the last step.
      save_interval_secs: seconds between checkpoints.
      summary_writer: None writes no events and no scalars; by default a writer is made in `logdir`.
      trace_every_n_steps: records a JAX profile of every so manieth step, for TensorBoard's profiler; None of none.
      max_to_keep: how many of the newest checkpoints to keep; None keeps all.
      validation: what to evaluate on held-out batches during the run; keeps the best checkpoints, may stop early.
      callbacks: `Callback`s to call at the run's turning points.
      mesh: the devices; by default all, those of other processes too, along one axis 'data', over which batches are
        cut. `slim.parallel.mesh(data=-1, model=2)` makes others, and so does `jax.make_mesh`; explicit axes of a mesh
        are taken as automatic ones.
      sharding_rules: where variables and the optimizer's state lie: pairs (regular expression for a variable's name,
        PartitionSpec), or `slim.parallel.fully_sharded()`; None keeps them whole on every device.
      seed: of the random key that draws initial values and dropout masks.
      prefetch_batches: how many batches to have ready on the devices.

    Returns:
      The loss of the last step: a float that also has `.step`, `.variables`, `.state` and `.stopped`. NaN when there
      was no step to do.

    Raises:
      NonFiniteError: the loss became NaN or infinite (see `check_numerics`); says which variables' gradients went bad
        first. The last good checkpoint stays.
      CheckpointError: a checkpoint cannot be written or read, or is of another model or optimizer.
      ValueError: there are no batches, or they cannot be split over the devices.
      TypeError: `batches` is no iterable of batches, or an entry of one is no array of numbers.
      LostProcessError, DifferentProcessError: of several processes, another one is gone, or runs another program.
    """
    options = RunOptions(
        train_op=train_op,
        logdir=logdir,
        batches=batches,
        number_of_steps=number_of_steps,
        log_every_n_steps=log_every_n_steps,
        init_fn=init_fn,
        save_summaries_secs=save_summaries_secs,
        save_interval_secs=save_interval_secs,
        summary_writer=summary_writer,
        trace_every_n_steps=trace_every_n_steps,
        max_to_keep=max_to_keep,
        validation=validation,
        callbacks=callbacks,
        mesh=mesh,
        sharding_rules=sharding_rules,
        seed=seed,
        prefetch_batches=prefetch_batches,
    )
    running = _run(options)
    while True:
        try:
            next(running)
        except StopIteration as end:
            return end.value


def _with_arguments_of(_: Callable[P, Any]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Tells type checkers and editors that the decorated function hands its arguments on to that one."""
    return lambda function: function


@_with_arguments_of(train)
def steps(*args: Any, **kwargs: Any) -> Generator[Step, None, TrainingResult]:
    """`train` as a loop of your own: yields each step when it was sent to the device.

        for step in slim.learning.steps(train_op, "/tmp/run", batches, number_of_steps=1000):
            if step.number % 100 == 0:
                print(step.number, step.loss)            # reading the loss waits for the step

    Everything else goes on as in `train`: progress, summaries, checkpoints, resuming. Leaving the loop ends the run as
    its end would: it saves. Ctrl-C and SIGTERM end the loop, save, and then end the process.

    Args:
      *args, **kwargs: as for `train`.

    Yields:
      `Step`s: `.number`, `.loss`, `.result`.

    Returns:
      As `train` (what `yield from` gives).
    """
    bound = inspect.signature(train).bind(*args, **kwargs)
    bound.apply_defaults()
    return _run(RunOptions(**bound.arguments))


def _run(options: RunOptions) -> Generator[Step, None, TrainingResult]:
    """Opens everything that a run needs, runs it, and closes all again."""
    mesh = data_mesh() if options.mesh is None else checked_mesh(options.mesh)
    refuse_other_versions()
    with contextlib.ExitStack() as stack:
        kept = _open(options, stack)
        with processes.leaving("train", NonFiniteError, SystemExit, abandon=kept.abandon):
            return (yield from _opened(options, mesh, kept, stack))


def _opened(
    options: RunOptions, mesh: Mesh, kept: Kept, stack: contextlib.ExitStack
) -> Generator[Step, None, TrainingResult]:
    """The run, between the opening and the closing of what it writes."""
    number_of_steps = options.number_of_steps
    start = kept.checkpoints.latest_step()
    facts = kept.checkpoints.facts(start) if start is not None else {}
    place = functools.partial(place_batch, mesh=mesh)
    source = in_parts("train", resume(options.batches, facts.get("data"), start or 0), rows_needed(mesh))
    feed = stack.enter_context(contextlib.closing(prefetch(source, options.prefetch_batches, place)))
    (first, _), feed = first_of(feed, start or 0)
    state, where = start_state(options, mesh, first, kept.checkpoints, start)
    validation = options.validation
    validator = None if validation is None else Validator(validation, mesh, facts.get("validation"))
    steps = steps_of(options, where, mesh)
    steps.check(state, first)
    run = Run(options, kept, steps, validator, state, facts.get("data"))
    del state, first  # the first step gives the state's memory away
    speaks = processes.is_first()
    progress = stack.enter_context(
        Progress(number_of_steps, "train", log_every=options.log_every_n_steps, start=run.step, shown=speaks)
    )
    requests = stack.enter_context(StopRequests())
    if start is not None:
        kept.recorder.resume(start)
        if number_of_steps is not None and start >= number_of_steps:
            progress.print(
                f"Nothing to do: {options.directory} is at step {start} already, and number_of_steps is "
                f"{number_of_steps}."
            )
        else:
            progress.print(f"Going on from step {start} in {options.directory}.")
    yield from run.loop(feed, progress, requests)
    if requests.received is not None:
        kept.checkpoints.wait()
        told = f"Stopped by {requests.received.name}"
        if options.logdir is None:
            told += f" at step {run.step}. Nothing is saved, as there is no log directory."
        else:
            told += f": saved step {run.step}. The same command goes on from there."
        progress.print(told)
        raise requests.end(told)
    if run.stopped is not None:
        progress.print(f"Ended at step {run.step}: {run.stopped}.")
    return TrainingResult(run.loss, run.step, run.state, run.stopped)


def _open(options: RunOptions, stack: contextlib.ExitStack) -> Kept:
    """Where the run writes; `stack` closes it."""
    directory, validation, writer = options.directory, options.validation, options.summary_writer
    speaks = processes.is_first()
    tracer = stack.enter_context(Tracer(directory, options.trace_every_n_steps if speaks else None))
    checkpoints, best = Unsaved(), None
    if directory is not None:
        checkpoints = stack.enter_context(Checkpoints(directory, max_to_keep=options.max_to_keep))
        if validation is not None and validation.best is not None:
            best_directory = os.path.join(directory, "best")
            best = stack.enter_context(Checkpoints(best_directory, max_to_keep=validation.keep_best))
    if not speaks:
        writer = None
    elif isinstance(writer, str):
        writer = None if directory is None else stack.enter_context(EventWriter(directory))
    return Kept(checkpoints, best, Recorder(directory, writer), tracer)
