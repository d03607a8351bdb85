"""Evaluation: a checkpoint's metrics over a data set, printed, written for TensorBoard and returned."""

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.checkpoints.reading import load_variables
from jax_slim.core.model import Collected, Model
from jax_slim.data.prefetching import prefetch
from jax_slim.progress import Progress
from jax_slim.summary.events import EventWriter

_DEFAULT_WRITER = "in the log directory"


def evaluate_once(
    checkpoint_path: str | Mapping[str, Any],
    logdir: str | None,
    eval_fn: Callable[[Any], Any],
    batches: Iterable[Any],
    num_evals: int | None = None,
    summary_writer: EventWriter | str | None = _DEFAULT_WRITER,
    seed: int = 0,
) -> dict[str, Any]:
    """Evaluates one checkpoint: runs a program over batches and returns the final values of its metrics.

        def eval_fn(batch):
            logits, _ = vgg.vgg_16(batch["image"], is_training=False)
            return slim.metrics.aggregate_metric_map({
                "accuracy": slim.metrics.streaming_accuracy(jnp.argmax(logits, -1), batch["label"]),
                "loss": slim.metrics.streaming_mean(loss_of_each(logits, batch["label"])),
            })

        slim.evaluation.evaluate_once("/tmp/run", "/tmp/run/eval", eval_fn, batches)   # {'accuracy': 0.98, 'loss': ...}

    The metrics' totals live on the device; the host reads them once, at the end.

    Args:
      checkpoint_path: a directory with checkpoints (the newest is taken), one checkpoint, or variables by name.
      logdir: where TensorBoard events go, at the checkpoint's step; None writes none.
      eval_fn: a slim program: batch -> {name: (value, update)}, or the pair (names to values, names to updates) that
        `metrics.aggregate_metric_map` returns.
      batches: an iterable of trees of arrays. Another size of the last batch costs a second compilation.
      num_evals: how many batches to take; None means all of them.
      summary_writer: a writer to use instead of one in `logdir`; None writes no events.
      seed: of the random key for programs that draw random numbers.

    Returns:
      Name -> final value, as floats (arrays where a metric is one).

    Raises:
      CheckpointError: there is no checkpoint at `checkpoint_path`, or it cannot be read.
      ValueError: a variable of the program is missing in the checkpoint or has another shape; there are no batches.
      TypeError: `eval_fn` returned something else.
    """
    variables, step = _variables(checkpoint_path)
    model = Model(_as_program(eval_fn))
    key = jax.random.key(seed)

    @jax.jit
    def update(variables: Mapping[str, Any], totals: dict[str, Any], batch: Any, count: int) -> dict[str, Any]:
        _, collected = model.collect({**variables, **totals}, batch, rng=jax.random.fold_in(key, count))
        return totals | _totals(collected, totals)

    @jax.jit
    def final(variables: Mapping[str, Any], totals: dict[str, Any], batch: Any) -> Any:
        # The values depend on the totals alone: the compiler drops the net.
        values, collected = model.collect({**variables, **totals}, batch, rng=key)
        return values, collected.summaries

    totals: dict[str, Any] = {}
    batch, count = None, 0
    with (
        contextlib.closing(prefetch(batches, 2, _place)) as feed,
        Progress(num_evals, "evaluate", "batches") as progress,
    ):
        for batch, _ in feed:
            if count == 0:
                totals = dict(model.init_local(key, batch))
            totals = update(variables, totals, batch, count)
            count += 1
            progress.update(count)
            if count == num_evals:
                break
        if batch is None:
            raise ValueError("evaluate_once: batches gave no batch. Is the iterator used up?")
        results, summaries = jax.device_get(final(variables, totals, batch))
        results = {name: float(value) if value.ndim == 0 else value for name, value in results.items()}
        shown = ", ".join(f"{name} {_short(value)}" for name, value in results.items())
        progress.print(f"Step {step}, {count} batches: {shown}" if step is not None else f"{count} batches: {shown}")
    if logdir is not None and summary_writer is not None:
        _write(logdir, summary_writer, results, summaries, step or 0)
    return results


def _variables(path: str | Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
    """The variables to evaluate, and the step they are of."""
    variables = path if isinstance(path, Mapping) else load_variables(path)
    step = variables.get("global_step")
    return jax.device_put(dict(variables)), None if step is None else int(step)


def _as_program(eval_fn: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    """The program that returns only the values of the metrics, checked."""

    def program(batch: Any) -> dict[str, Any]:
        result = eval_fn(batch)
        if isinstance(result, tuple) and len(result) == 2 and all(isinstance(part, Mapping) for part in result):
            return {name: jnp.asarray(value) for name, value in result[0].items()}
        if isinstance(result, Mapping) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in result.values()):
            return {name: jnp.asarray(value) for name, (value, _) in result.items()}
        kind = "an array" if hasattr(result, "shape") else type(result).__name__
        raise TypeError(
            "evaluate_once: eval_fn must return {name: (value, update)} or the pair of dicts that "
            f"slim.metrics.aggregate_metric_map returns, got {kind}."
        )

    return program


def _totals(collected: Collected, before: Mapping[str, Any]) -> dict[str, Any]:
    changed = [name for name in collected.updates if name not in before]
    if changed:
        raise ValueError(
            f"evaluate_once: the program updates {len(changed)} of the model's variables ({', '.join(changed[:3])}, "
            "...), as batch_norm does in training. Build the net with is_training=False."
        )
    return collected.updates


def _place(batch: Any) -> Any:
    return jax.device_put(batch, may_alias=False)


def _short(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else f"array of shape {value.shape}"


def _write(
    logdir: str, writer: EventWriter | str, results: Mapping[str, Any], summaries: Mapping[str, Any], step: int
) -> None:
    with contextlib.ExitStack() as stack:
        if isinstance(writer, str):
            writer = stack.enter_context(EventWriter(logdir))
        for name, value in {**summaries, **results}.items():
            if isinstance(value, float) or getattr(value, "ndim", None) == 0:
                writer.scalar(re.sub(r"[^-/\w.]", "_", name), float(value), step)
            elif isinstance(value, jax.Array) or hasattr(value, "shape"):
                writer.histogram(name, value, step=step)
        writer.flush()
