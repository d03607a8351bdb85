"""`train` and `steps`: a run from its latest checkpoint, or from the start, to its last step."""

import contextlib
import functools
import inspect
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from jax_slim.checkpoints.native import CheckpointError, Checkpoints
from jax_slim.core.tracebacks import shortened
from jax_slim.core.values import Variables
from jax_slim.data.prefetching import prefetch, resume
from jax_slim.kernels import jit
from jax_slim.learning.callbacks import Callback
from jax_slim.learning.loop import Kept, Run, Step, first_of
from jax_slim.learning.options import RunOptions
from jax_slim.learning.recording import Recorder, Tracer
from jax_slim.learning.saving import named_arrays, named_as, state_like, variable_of
from jax_slim.learning.signals import StopRequests
from jax_slim.learning.train_op import TrainOp, TrainState
from jax_slim.learning.unsaved import Unsaved
from jax_slim.learning.validation import Validation, Validator
from jax_slim.parallel.meshes import checked_mesh, data_mesh, place_batch
from jax_slim.parallel.rules import shardings
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
    local device, each takes a slice of every batch (data parallel), with the numbers of a single device up to rounding.

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
      mesh: the devices; by default all local ones along one axis 'data', over which batches are cut.
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
    number_of_steps = options.number_of_steps
    with contextlib.ExitStack() as stack:
        kept = _open(options, stack)
        start = kept.checkpoints.latest_step()
        facts = kept.checkpoints.facts(start) if start is not None else {}
        place = functools.partial(place_batch, mesh=mesh)
        source = resume(options.batches, facts.get("data"), start or 0)
        feed = stack.enter_context(contextlib.closing(prefetch(source, options.prefetch_batches, place)))
        (first, _), feed = first_of(feed, start or 0)
        state, where = _start_state(options, mesh, first, kept.checkpoints, start)
        validation = options.validation
        validator = None if validation is None else Validator(validation, mesh, facts.get("validation"))
        compiled = jit(options.train_op, donate_argnums=0, out_shardings=(where, None))
        run = Run(options, kept, compiled, validator, state, facts.get("data"))
        del state  # the first step gives its memory away
        log_every = options.log_every_n_steps
        progress = stack.enter_context(Progress(number_of_steps, "train", log_every=log_every, start=run.step))
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
    tracer = stack.enter_context(Tracer(directory, options.trace_every_n_steps))
    checkpoints, best = Unsaved(), None
    if directory is not None:
        checkpoints = stack.enter_context(Checkpoints(directory, max_to_keep=options.max_to_keep))
        if validation is not None and validation.best is not None:
            best_directory = os.path.join(directory, "best")
            best = stack.enter_context(Checkpoints(best_directory, max_to_keep=validation.keep_best))
    if isinstance(writer, str):
        writer = None if directory is None else stack.enter_context(EventWriter(directory))
    return Kept(checkpoints, best, Recorder(directory, writer), tracer)


def _start_state(
    options: RunOptions, mesh: Mesh, batch: Any, checkpoints: Checkpoints | Unsaved, start: int | None
) -> tuple[TrainState, Any]:
    """The state to begin with, from the checkpoint or drawn; and where its parts lie: a tree of shardings like it."""
    train_op, init_fn, sharding_rules = options.train_op, options.init_fn, options.sharding_rules
    key = jax.random.key(options.seed)
    if start is None or isinstance(checkpoints, Unsaved):
        state = train_op.init(key, batch)
        if init_fn is not None:
            state = train_op.state(_with_initial(state.variables, init_fn(state.variables)), state.rng)
        where = named_as(state, _layout(state, mesh, sharding_rules))
        # The step gives its state away: two leaves must not be one buffer, as equal constants may be.
        return jax.device_put(state, where, may_alias=False), where
    shapes = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), batch)
    template = jax.eval_shape(train_op.init, key, shapes)
    found = _layout(template, mesh, sharding_rules)
    like = {
        name: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=found[name])
        for name, leaf in named_arrays(template).items()
    }
    try:
        arrays, _ = checkpoints.restore(start, like)
    except CheckpointError as error:
        raise _about_optimizer(error, checkpoints.directory) from error
    where = named_as(template, found)
    return jax.device_put(state_like(template, arrays, key), where), where


def _layout(state: TrainState, mesh: Mesh, sharding_rules: Any) -> dict[str, Any]:
    """Where each leaf of a state lies, by its name. The random key is in one piece, though it has numbers to cut."""
    arrays = named_arrays(state)
    key = {"rng": arrays.pop("rng")}
    return shardings(arrays, mesh, sharding_rules, variable_of(state.variables)) | shardings(key, mesh, None)


def _about_optimizer(error: CheckpointError, directory: str) -> CheckpointError:
    """The error, with a way out when it is the optimizer's state alone that does not fit."""
    if "optimizer/" not in str(error) or "variables/" in str(error):
        return error
    return CheckpointError(
        f"{error}\nThe variables fit, the optimizer's state does not: was the optimizer changed? To go on with the new "
        "one, train in another directory, with init_fn=lambda variables: slim.checkpoints.load_variables("
        f"{directory!r}).select(exclude='global_step')."
    )


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
