"""Several processes of one program on one machine: `python -m jax_slim.parallel.launch -n 2 -- python train.py`.

Each is told who it is by the environment, as `jax_slim.parallel.initialize` reads it. What they print comes out line by
line behind the number of the process. When one fails, all end.
"""

import argparse
import contextlib
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from jax_slim.parallel.processes import ADDRESS, COUNT, HEARTBEAT, INDEX

_DEVICES = "JAX_LOCAL_DEVICE_IDS"
_STOPPED = (130, 143)  # by Ctrl-C or SIGTERM, after saving
_GRACE_SECONDS = 5.0  # for the others to say that one is gone
_READING_SECONDS = 5.0  # for what a process has printed at its end; what it has started may hold the pipe open
_SAVING_SECONDS = 120.0  # for the others to save, where one was asked to stop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    parser.add_argument("-n", "--processes", type=int, required=True, metavar="N", help="how many processes")
    parser.add_argument(
        "--max_restarts", type=int, default=0, metavar="N",
        help="how often to start all again, from their last checkpoint, after one failed (default 0)",
    )  # fmt: skip
    parser.add_argument(
        "--heartbeat_seconds", type=int, default=None, metavar="N",
        help="end when a process has given no sign of life for so long (default 10)",
    )  # fmt: skip
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="the program and its arguments")


def checked(options: argparse.Namespace) -> str | None:
    """What is wrong with the arguments, or None."""
    if options.command[:1] == ["--"]:
        del options.command[0]
    if options.processes < 1:
        return f"-n must be at least 1, got {options.processes}."
    if options.max_restarts < 0:
        return f"--max_restarts must be at least 0, got {options.max_restarts}."
    if options.heartbeat_seconds is not None and options.heartbeat_seconds < 1:
        return f"--heartbeat_seconds must be at least 1, got {options.heartbeat_seconds}."
    if not options.command:
        return "there must be a command after --."
    return None


def run(options: argparse.Namespace) -> int:
    """Runs the processes; returns 0, or the exit code of the first that failed."""
    extra = {} if options.heartbeat_seconds is None else {HEARTBEAT: str(options.heartbeat_seconds)}
    code = 0
    for attempt in range(options.max_restarts + 1):
        processes = _Processes(options.command, options.processes, extra)
        code = processes.run()
        if code == 0 or code in _STOPPED or processes.signalled:
            break
        if attempt < options.max_restarts:
            _say(f"starting all again ({attempt + 1} of {options.max_restarts}).")
    return code


class _Processes:
    """The processes of one attempt."""

    def __init__(self, command: Sequence[str], count: int, extra: Mapping[str, str]) -> None:
        self._command, self._count, self._extra = list(command), count, dict(extra)
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._ended: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
        self._writing = threading.Lock()
        self.signalled = 0
        """How often Ctrl-C or SIGTERM came."""

    def run(self) -> int:
        before = {number: signal.signal(number, self._pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            return self._run()
        finally:
            self._kill()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _run(self) -> int:
        address = f"127.0.0.1:{_free_port()}"
        watchers = []
        for index in range(self._count):
            own = {ADDRESS: address, COUNT: str(self._count), INDEX: str(index), "PYTHONUNBUFFERED": "1"}
            environment = {**os.environ, **self._extra, **own, **_devices(index, self._count)}
            try:
                process = subprocess.Popen(
                    self._command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,  # so that what it starts can be ended with it
                )
            except OSError as error:
                _say(f"cannot run {self._command[0]}: {error.strerror or error}.")
                return 127
            self._running[index] = process
            watchers.append(threading.Thread(target=self._watch, args=(index, process), daemon=True))
            watchers[-1].start()
        code = 0
        deadline: float | None = None
        while self._running:
            try:
                index, ended = self._ended.get(timeout=0.2)
            except queue.Empty:
                if deadline is not None and time.monotonic() > deadline:
                    self._kill()
                    deadline = None
                continue
            del self._running[index]
            if ended and not code:
                code = 128 - ended if ended < 0 else ended
                patience = _SAVING_SECONDS if code in _STOPPED or self.signalled else _GRACE_SECONDS
                deadline = time.monotonic() + patience
                others = ", and all others with it" if self._running else ""
                _say(f"process {index} {_how(ended)}{others}.")
        for watcher in watchers:
            watcher.join()
        return code

    def _watch(self, index: int, process: "subprocess.Popen[bytes]") -> None:
        """Passes on what a process prints, and tells when it has ended."""
        readers = [
            threading.Thread(target=self._copy, args=(index, source, sink.buffer), daemon=True)
            for source, sink in ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        ]
        for reader in readers:
            reader.start()
        code = process.wait()
        for reader in readers:
            reader.join(_READING_SECONDS)
        self._ended.put((index, code))

    def _copy(self, index: int, source: Any, sink: BinaryIO) -> None:
        with source:
            for line in source:
                with self._writing, contextlib.suppress(OSError, ValueError):
                    sink.write(b"[%d] " % index + line.rstrip(b"\n") + b"\n")
                    sink.flush()

    def _pass_on(self, number: int, frame: Any) -> None:
        self.signalled += 1
        for process in list(self._running.values()):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)

    def _kill(self) -> None:
        for process in list(self._running.values()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()


def _devices(index: int, count: int) -> dict[str, str]:
    """Which GPUs are a process's: an equal part of them, where there are some and nobody has said it."""
    if _DEVICES in os.environ or os.environ.get("JAX_PLATFORMS") == "cpu":
        return {}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        there = len([part for part in visible.split(",") if part.strip()])
    else:
        nodes = os.listdir("/dev") if os.path.isdir("/dev") else []
        there = sum(re.fullmatch(r"nvidia\d+", name) is not None for name in nodes)
    if there < count:
        return {}
    return {_DEVICES: ",".join(map(str, range(index * there // count, (index + 1) * there // count)))}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _say(message: str) -> None:
    sys.stderr.write(f"launch: {message}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m jax_slim.parallel.launch",
        description="Runs a program in several processes of this machine; see docs/many_machines.md.",
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)
    wrong = checked(options)
    if wrong is not None:
        parser.exit(2, f"{parser.prog}: error: {wrong}\n")
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
