"""`evaluate_once`: a checkpoint's metrics over a data set, printed, written and returned."""

import contextlib
import functools
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.reading import load_variables
from jax_slim.core import processes
from jax_slim.core.tracebacks import shortened
from jax_slim.data.endings import check_they_end
from jax_slim.data.parts import in_parts
from jax_slim.data.prefetching import prefetch, refuse_no_batches
from jax_slim.metrics.programs import MetricsProgram
from jax_slim.parallel.meshes import data_mesh
from jax_slim.parallel.placing import everywhere, place_batch, put, put_tree, rows_needed
from jax_slim.progress import Progress, encodable
from jax_slim.summary.events import EventWriter
from jax_slim.summary.recording import counted
from jax_slim.summary.writing import write_summaries

DEFAULT_WRITER = "in the log directory"
RESULTS_FILE = "results.jsonl"


@shortened
def evaluate_once(
    checkpoint_path: str | Mapping[str, Any],
    logdir: str | None,
    eval_fn: Callable[[Any], Any],
    batches: Iterable[Any],
    num_evals: int | None = None,
    final_op: Callable[[dict[str, Any]], Any] | None = None,
    summary_writer: EventWriter | str | None = DEFAULT_WRITER,
    moving_average: bool = False,
    seed: int = 0,
) -> Any:
    """Evaluates one checkpoint: runs a program over batches and returns the final values of its metrics.

        def eval_fn(batch):
            logits, _ = vgg.vgg_16(batch["image"], is_training=False)
            return slim.metrics.aggregate_metric_map({
                "accuracy": slim.metrics.streaming_accuracy(jnp.argmax(logits, -1), batch["label"]),
                "loss": slim.metrics.streaming_mean(loss_of_each(logits, batch["label"])),
            })

        slim.evaluation.evaluate_once("/tmp/run", "/tmp/run/eval", eval_fn, batches)   # {'accuracy': 0.98, 'loss': ...}

    The metrics' totals live on the device; the host reads them once, at the end. With more than one device, each takes
    a slice of every batch; a batch that cannot be cut evenly is counted once all the same. The results go to the
    standard output as a table, to TensorBoard, and as a line of JSON to `results.jsonl` in `logdir`.

    Of a run of several processes (`slim.parallel.initialize`) all call it, with the same batches: each example counts
    once, whichever process reads it. All get the results; the first writes and prints them.

    Args:
      checkpoint_path: a directory with checkpoints (the newest is taken), one checkpoint, or variables by name.
      logdir: where results and TensorBoard events go, at the checkpoint's step; None writes none.
      eval_fn: a slim program: batch -> {name: (value, update)}, or the pair (names to values, names to updates) that
        `metrics.aggregate_metric_map` returns.
      batches: an iterable of trees of arrays. Another size of the last batch costs a second compilation.
      num_evals: how many batches to take; None means all of them, and refuses batches that say that they never end.
      final_op: results -> anything: called at the end; what it returns is returned.
      summary_writer: a writer to use instead of one in `logdir`; None writes no events.
      moving_average: whether to evaluate the moving averages of the variables that the checkpoint holds.
      seed: of the random key for programs that draw random numbers.

    Returns:
      Name -> final value, as floats (arrays where a metric is one); or what `final_op` returned.

    Raises:
      CheckpointError: there is no checkpoint at `checkpoint_path`, or it cannot be read.
      ValueError: a variable of the program is missing in the checkpoint or has another shape; the program updates
        variables of the model (`is_training` left True); there are no batches, or no end of them.
      TypeError: `eval_fn` returned something else; `batches` is no iterable of batches, or an entry of one is no array
        of numbers.
    """
    program = program_for(eval_fn, "evaluate_once", seed)
    return evaluate_with(program, checkpoint_path, logdir, batches, num_evals, final_op, summary_writer, moving_average)


def program_for(eval_fn: Callable[[Any], Any], function: str, seed: int) -> MetricsProgram:
    """The compiled program of an evaluation on all devices, those of other processes too."""
    return MetricsProgram(eval_fn, function, seed, totals_everywhere())


def totals_everywhere() -> Callable[[Any], Any] | None:
    """What puts a program's totals on the devices of all processes; None where there is one."""
    return functools.partial(put_tree, shardings=everywhere(data_mesh())) if processes.several() else None


def evaluate_with(
    program: MetricsProgram,
    checkpoint_path: str | Mapping[str, Any],
    logdir: str | None,
    batches: Iterable[Any],
    num_evals: int | None,
    final_op: Callable[[dict[str, Any]], Any] | None,
    summary_writer: EventWriter | str | None,
    moving_average: bool,
) -> Any:
    """`evaluate_once` with a program that is compiled already: what watching a directory does again and again."""
    refuse_no_batches("evaluate_once", batches)
    check_they_end("evaluate_once", batches, num_evals)
    mesh = data_mesh()
    with processes.leaving("evaluate_once", CheckpointError, processes.OtherProcessError):
        variables, step = _variables(checkpoint_path, moving_average, everywhere(mesh))
        program.reset()
        place = functools.partial(place_batch, mesh=mesh, function="evaluate_once", uneven_everywhere=True)
        source = in_parts("evaluate_once", iter(batches), rows_needed(mesh))
        with (
            contextlib.closing(prefetch(source, 2, place)) as feed,
            Progress(num_evals, "evaluate", "batches", shown=processes.is_first()) as progress,
        ):
            for batch, _ in feed:
                program.update(variables, batch)
                progress.update(program.count)
                if program.count == num_evals:
                    break
            results, summaries = program.results(variables)
        if processes.is_first():
            _show(results, step, program.count)
            if logdir is not None:
                _write(logdir, summary_writer, results, summaries, step or 0, program.count)
    return results if final_op is None else final_op(results)


def _variables(
    path: str | Mapping[str, Any], moving_average: bool, sharding: jax.sharding.Sharding
) -> tuple[dict[str, Any], int | None]:
    """The variables to evaluate, on every device, and the step they are of."""
    if isinstance(path, Mapping) and moving_average:
        raise ValueError("evaluate_once: moving_average needs a checkpoint. Pass the averaged variables themselves.")
    with processes.failing_together(CheckpointError):
        variables = path if isinstance(path, Mapping) else load_variables(path, moving_average)
    step = variables.get("global_step")
    placed = {name: put(value, sharding) for name, value in variables.items()}
    return placed, None if step is None else int(step)


def _show(results: Mapping[str, Any], step: int | None, count: int) -> None:
    """Prints a table: one line a metric."""
    title = f"{count} batches" if step is None else f"step {step}, {count} batches"
    width = max(map(len, results), default=0)
    lines = [f"evaluated {title}:", *(f"  {name:{width}}  {_short(value)}" for name, value in results.items())]
    with contextlib.suppress(OSError, ValueError):  # a closed output must not lose the results
        sys.stdout.write(encodable("\n".join(lines), sys.stdout) + "\n")
        sys.stdout.flush()


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"array of shape {value.shape}"


def _write(
    logdir: str,
    writer: EventWriter | str | None,
    results: Mapping[str, Any],
    summaries: Mapping[str, Any],
    step: int,
    count: int,
) -> None:
    """Adds the results to the files in `logdir`."""
    with contextlib.ExitStack() as stack:
        if isinstance(writer, str):
            writer = stack.enter_context(EventWriter(logdir))
        if writer is not None:
            scalars = write_summaries(writer, jax.device_get(counted(dict(summaries))), step)
            for name, value in {**scalars, **results}.items():
                tag = re.sub(r"[^-/\w.]", "_", name)
                if np.ndim(value) == 0:
                    writer.scalar(tag, float(value), step)
                else:
                    writer.histogram(tag, np.asarray(value), step=step)
            writer.flush()
    line = {"step": step, "time": time.time(), "batches": count}
    line |= {name: value if isinstance(value, float) else np.asarray(value).tolist() for name, value in results.items()}
    Path(logdir).mkdir(parents=True, exist_ok=True)
    with (Path(logdir) / RESULTS_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
