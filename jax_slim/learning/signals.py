"""Asking a training run to stop: SIGTERM and Ctrl-C become a flag that the loop reads between steps."""

import contextlib
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any


class Stopped(SystemExit, KeyboardInterrupt):
    """Ctrl-C ended a run, after it had saved.

    It is both: `except KeyboardInterrupt` gets it, in a notebook too; and where nobody does, a script ends without a
    traceback, with the shell's code for Ctrl-C.
    """


class StopRequests:
    """Catches SIGTERM and SIGINT for the duration of a `with`; `received` then is the signal, or None.

    The first Ctrl-C says at once that it was heard: a step, or its compilation, may take minutes. A second one
    interrupts at once. Off the main thread, where Python can set no handlers, nothing is caught.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopRequests":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                before = signal.signal(number, self._receive)
                # A handler that was not set from Python reads as None and cannot be put back.
                self._before[number] = signal.SIG_DFL if before is None else before
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is signal.Signals.SIGINT and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
        if number == signal.SIGINT:
            # Not by `print`: the signal may have come in the middle of one.
            with contextlib.suppress(OSError, ValueError, AttributeError):
                os.write(sys.stderr.fileno(), b"\nStopping after this step. Ctrl-C again stops at once.\n")

    def end(self, message: str) -> BaseException:
        """What ends the process, or the cell of a notebook, for the signal that was received."""
        assert self.received is not None
        kind = Stopped if self.received is signal.Signals.SIGINT else SystemExit
        error = kind(128 + self.received)
        error.add_note(message)
        return error
