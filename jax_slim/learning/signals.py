"""Asking a training run to stop: SIGTERM and Ctrl-C become a flag that the loop reads between steps."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class StopRequests:
    """Catches SIGTERM and SIGINT for the duration of a `with`; `received` then is the signal, or None.

    A second Ctrl-C interrupts at once. Off the main thread, where Python can set no handlers, nothing is caught.
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
