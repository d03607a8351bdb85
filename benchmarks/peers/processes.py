"""Workers as the benchmark sees them: it asks, they answer."""

import contextlib
import json
import os
import select
import subprocess
import tempfile
from pathlib import Path
from typing import Any

_WORKER = Path(__file__).with_name("worker.py")


class WorkerError(Exception):
    """A worker that could not do what it was asked."""


class Worker:
    """A process with one library and one net.

    Args:
      python: the interpreter.
      config: what `worker.py` takes.
      environment: variables to add to those of this process.
    """

    def __init__(self, python: str, config: dict[str, Any], environment: dict[str, str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process lives
        self._process = subprocess.Popen(
            [python, "-u", str(_WORKER), json.dumps(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._errors, env=os.environ | environment,
        )  # fmt: skip
        self._buffer = b""
        self.prepared: dict[str, dict[str, Any]] = {}

    def send(self, **request: Any) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `receive` tells why
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def receive(self, timeout: float) -> dict[str, Any]:
        """The answer to the last request.

        Raises:
          WorkerError: the worker failed, ended, or took longer than `timeout` seconds.
        """
        assert self._process.stdout is not None
        stream = self._process.stdout.fileno()
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([stream], [], [], max(0.0, timeout))
            if not ready:
                self.close()
                raise WorkerError(f"no answer within {timeout:.0f} s")
            chunk = os.read(stream, 1 << 16)
            if not chunk:
                code = self._process.wait()
                raise WorkerError(f"ended with {code}: {self._last_words()}")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        reply = json.loads(line)
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply

    def ask(self, timeout: float, **request: Any) -> dict[str, Any]:
        self.send(**request)
        return self.receive(timeout)

    def prepare(self, step: str, timeout: float) -> dict[str, Any]:
        """Compiles a step and runs it; kept in `prepared`."""
        self.prepared[step] = self.ask(timeout, do="prepare", step=step)
        return self.prepared[step]

    def block(self, step: str, seconds: float, timeout: float) -> dict[str, Any]:
        """So many steps that they take about `seconds`, by what one took before."""
        count = max(1, round(seconds / max(1e-6, self.prepared[step]["step_seconds"])))
        found = self.ask(timeout, do="block", step=step, count=count)
        self.prepared[step]["step_seconds"] = found["seconds"] / count
        return {"seconds": found["seconds"] / count, "processor": found["processor"] / count, "steps": count}

    def close(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1][-500:] if lines else "without a word"
