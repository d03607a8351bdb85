"""Evaluating while another process trains: waiting for checkpoints, and evaluating each."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jax_slim.checkpoints.native import CheckpointError, latest_checkpoint
from jax_slim.core import processes
from jax_slim.evaluation.once import DEFAULT_WRITER, evaluate_with, program_for


def wait_for_new_checkpoint(
    checkpoint_dir: str, last_checkpoint: str | None = None, seconds_to_sleep: float = 1, timeout: float | None = None
) -> str | None:
    """Waits until a directory has a newer checkpoint than `last_checkpoint`.

    Args:
      checkpoint_dir: where another process saves; need not exist yet.
      last_checkpoint: the path of the last one seen; None waits for any.
      seconds_to_sleep: seconds between two looks.
      timeout: seconds to wait at most; None waits for ever.

    Returns:
      The path of the newest checkpoint, or None when the time was up. Of several processes, what the first one finds.
    """
    stop = None if timeout is None else time.monotonic() + timeout
    while True:
        late = stop is not None and time.monotonic() + seconds_to_sleep > stop
        newest, late = processes.told_by_first([latest_checkpoint(checkpoint_dir), late])
        if newest is not None and newest != last_checkpoint:
            return newest
        if late:
            return None
        time.sleep(seconds_to_sleep)


def checkpoints_iterator(
    checkpoint_dir: str,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Yields the newest checkpoint of a directory, and again whenever there is a newer one.

    Checkpoints that were replaced by newer ones in the meantime are left out.

    Args:
      checkpoint_dir: where another process saves.
      min_interval_secs: seconds from one checkpoint yielded to the next, at least.
      timeout: seconds without a new checkpoint after which it ends (or asks `timeout_fn`); None never ends.
      timeout_fn: called then; True ends, False waits another `timeout`.

    Yields:
      Paths of checkpoints.
    """
    checkpoint = None
    while True:
        newest = wait_for_new_checkpoint(checkpoint_dir, checkpoint, min(1.0, timeout or 1.0), timeout)
        if newest is None:
            if processes.told_by_first(timeout_fn is None or bool(timeout_fn())):
                return
            continue
        began = time.monotonic()
        checkpoint = newest
        yield newest
        time.sleep(max(0.0, min_interval_secs - (time.monotonic() - began)))


def evaluation_loop(
    checkpoint_dir: str,
    logdir: str | None,
    eval_fn: Callable[[Any], Any],
    batches: Callable[[], Iterable[Any]],
    num_evals: int | None = None,
    final_op: Callable[[dict[str, Any]], Any] | None = None,
    eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
    until_step: int | None = None,
    moving_average: bool = False,
    seed: int = 0,
) -> Any:
    """Evaluates a directory's checkpoints as they appear, while another process trains.

        slim.evaluation.evaluation_loop(
            "/tmp/run", "/tmp/run/eval", eval_fn, lambda: slim.data.Batches(test, 100, epochs=1), timeout=600)

    The program is compiled once. A checkpoint that is deleted while it is read is left out: a newer one is there.

    Args:
      checkpoint_dir: where another process saves.
      logdir, eval_fn, num_evals, final_op, moving_average, seed: as for `evaluate_once`.
      batches: makes the iterable of batches anew for each evaluation.
      eval_interval_secs: seconds from one evaluation to the next, at least.
      max_number_of_evaluations: how many to do; None goes on until the timeout.
      timeout: seconds without a new checkpoint after which the loop ends; None never ends.
      timeout_fn: called then; True ends the loop, False waits on.
      until_step: ends the loop after evaluating a checkpoint of this step or a later one.

    Returns:
      The result of the last evaluation, or None when there was none.
    """
    if not callable(batches):
        raise TypeError(
            f"evaluation_loop: batches must be a function that makes the batches anew, got {type(batches).__name__}. "
            "Write lambda: slim.data.Batches(test, 100, epochs=1)."
        )
    program = program_for(eval_fn, "evaluation_loop", seed)
    results, done = None, 0
    for checkpoint in checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn):
        try:
            results = evaluate_with(
                program, checkpoint, logdir, batches(), num_evals, final_op, DEFAULT_WRITER, moving_average
            )
        except (CheckpointError, processes.OtherProcessError):
            if processes.told_by_first(latest_checkpoint(checkpoint_dir) == checkpoint):
                raise
            continue
        done += 1
        step = int(checkpoint.rstrip("/").rsplit("/", 1)[-1])
        if done == max_number_of_evaluations or (until_step is not None and step >= until_step):
            break
    return results


evaluate_repeatedly = evaluation_loop
"""The name that `tf.contrib.training` gave to `evaluation_loop`."""
