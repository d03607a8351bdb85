"""What a run writes about itself: TensorBoard events, and the scalars as lines of JSON beside them."""

import contextlib
import errno
import json
import math
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import jax

from jax_slim.summary.curves import SCALARS_FILE
from jax_slim.summary.events import EventWriter, EventWriterError
from jax_slim.summary.writing import write_summaries


class Recorder:
    """Writes summaries to an event writer, and scalars to `<logdir>/scalars.jsonl` too.

    A line of that file is {"step": 100, "time": 1699999999.5, "total_loss": 0.25, ...}. A resumed run appends; where a
    step stands twice, because a run was killed after it, the later line counts.

    Args:
      logdir: the directory of the run; None has no lines.
      writer: the event writer; None writes nothing, no lines either.
    """

    def __init__(self, logdir: str | None, writer: EventWriter | None) -> None:
        self.writes = writer is not None
        self._writer = writer
        self._path = None if logdir is None else Path(logdir) / SCALARS_FILE
        self._before: tuple[float, int] | None = None

    def resume(self, step: int) -> None:
        """Tells TensorBoard that the run goes on from `step`: what a killed run wrote beyond it counts no more."""
        if self._writer is not None:
            self._writer.restart(step + 1)

    def summaries(self, step: int, loss: float, summaries: dict[str, Any]) -> dict[str, float]:
        """Writes the summaries of a step; returns the scalars among them."""
        scalars = {"total_loss": loss}
        now = time.perf_counter()
        if self._before is not None and step > self._before[1]:
            scalars["global_step/sec"] = (step - self._before[1]) / (now - self._before[0])
        self._before = (now, step)
        scalars |= write_summaries(self._writer, jax.device_get(summaries), step)
        self.scalars(step, scalars)
        return scalars

    def scalars(self, step: int, scalars: dict[str, float]) -> None:
        """Writes scalars of a step."""
        if self._writer is None:
            return
        for tag, value in scalars.items():
            self._writer.scalar(tag, value, step)
        self._writer.flush()
        if self._path is None:
            return
        # JSON has no NaN: null says that there is no number.
        line = {tag: value if math.isfinite(value) else None for tag, value in scalars.items()}
        text = json.dumps({"step": step, "time": time.time(), **line}) + "\n"
        try:
            with self._path.open("ab", buffering=0) as file:
                size = file.tell()
                if file.write(text.encode()) != len(text):  # the disk is full: half a line would spoil the next one
                    file.truncate(size)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise EventWriterError(
                f"train: cannot write {self._path}: {error.strerror or error}.", error, str(self._path)
            ) from error


class Tracer:
    """Records a profile of one step in every n, for TensorBoard's profiler, XProf and Perfetto.

    Args:
      logdir: where `plugins/profile/<time>` is made.
      every_n_steps: how often; None never.
    """

    def __init__(self, logdir: str | None, every_n_steps: int | None) -> None:
        if every_n_steps is not None and every_n_steps < 1:
            raise ValueError(f"train: trace_every_n_steps must be None or at least 1, got {every_n_steps}.")
        self._logdir, self._every, self._on = logdir, every_n_steps, False

    def __enter__(self) -> "Tracer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def before(self, step: int) -> None:
        """Starts recording when `step`, the number of the step to come, is one to trace."""
        if self._every is not None and step % self._every == 0:
            assert self._logdir is not None
            jax.profiler.start_trace(self._logdir)
            self._on = True

    def after(self, result: Any) -> None:
        """Ends the recording, when there is one, once the step is done."""
        if self._on:
            jax.block_until_ready(result)
            self._stop()

    def _stop(self) -> None:
        if self._on:
            self._on = False
            with contextlib.suppress(RuntimeError):  # somebody else ended the trace
                jax.profiler.stop_trace()
