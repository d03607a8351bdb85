"""`tf.train.Coordinator`: when threads are to stop, and why."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from jax_slim.tf1.graph import errors
from jax_slim.tf1.python import logging


class Coordinator:
    """Asks threads to stop, waits for them, and hands on the first error that one of them reported.

    Args:
      clean_stop_exception_types: errors that are an ordinary end: OutOfRangeError by default.
    """

    def __init__(self, clean_stop_exception_types: Any = None) -> None:
        if clean_stop_exception_types is None:
            clean_stop_exception_types = (errors.OutOfRangeError,)
        self._clean_stop_exception_types = tuple(clean_stop_exception_types)
        self._lock = threading.Lock()
        self._stop_event = threading.Event()
        self._exc_info_to_raise: Any = None
        self._joined = False
        self._registered_threads: set[threading.Thread] = set()

    def request_stop(self, ex: Any = None) -> None:
        """Asks all to stop. `ex` is the error that is the reason: an exception, or what `sys.exc_info()` gives."""
        with self._lock:
            error = ex[1] if isinstance(ex, tuple) else ex
            if isinstance(error, self._clean_stop_exception_types):
                ex = error = None
            if self._joined:
                if error is not None:
                    raise error
                return
            if self._stop_event.is_set():
                return
            if ex is not None and self._exc_info_to_raise is None:
                logging.info("Error reported to Coordinator: %s, %s", type(error), error)
                if not isinstance(error, BaseException):
                    raise ValueError("ex must be an exception, or what sys.exc_info() gives.")
                self._exc_info_to_raise = (type(error), error, error.__traceback__)
            self._stop_event.set()

    def clear_stop(self) -> None:
        """Forgets that they were asked to stop."""
        with self._lock:
            self._joined = False
            self._exc_info_to_raise = None
            self._stop_event.clear()

    def should_stop(self) -> bool:
        """Whether they were asked to stop."""
        return self._stop_event.is_set()

    @contextlib.contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Reports an error in the block as a request to stop."""
        try:
            yield
        except BaseException:
            self.request_stop(ex=sys.exc_info())

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Waits until they are asked to stop, at most `timeout` seconds; says whether they were."""
        return self._stop_event.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """Adds a thread to those that `join` waits for."""
        with self._lock:
            self._registered_threads.add(thread)

    def join(self, threads: Any = None, stop_grace_period_secs: float = 120, ignore_live_threads: bool = False) -> None:
        """Waits for threads to end, and raises what one of them reported.

        Raises:
          RuntimeError: some did not end within the time after they were asked to.
        """
        with self._lock:
            threads = set(self._registered_threads) | set(threads or ())
        while any(t.is_alive() for t in threads) and not self.wait_for_stop(
            0.05 if any(t.is_alive() for t in threads) else 0
        ):
            pass
        end = time.monotonic() + stop_grace_period_secs
        pause = 0.001
        while any(t.is_alive() for t in threads) and time.monotonic() < end:
            time.sleep(pause)
            pause = min(2 * pause, 0.1)
        stragglers = [t.name for t in threads if t.is_alive()]
        with self._lock:
            self._joined = True
            self._registered_threads = set()
            if self._exc_info_to_raise:
                _, error, trace = self._exc_info_to_raise
                raise error.with_traceback(trace)
            if stragglers:
                text = f"Coordinator stopped with threads still running: {' '.join(stragglers)}"
                if not ignore_live_threads:
                    raise RuntimeError(text)
                logging.info("%s", text)

    @property
    def joined(self) -> bool:
        """Whether `join` has ended."""
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raises the error that was reported, if one was."""
        with self._lock:
            if self._exc_info_to_raise:
                _, error, trace = self._exc_info_to_raise
                raise error.with_traceback(trace)


class LooperThread(threading.Thread):
    """A thread that calls a function every `timer_interval_secs` seconds (first at once), or on and on, until asked to stop."""

    def __init__(
        self,
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Any = None,
        args: Any = None,
        kwargs: Any = None,
    ) -> None:
        if not isinstance(coord, Coordinator):
            raise ValueError(f"'coord' argument must be a Coordinator: {coord}")
        super().__init__()
        self.daemon = True
        self._coord, self._timer_interval_secs = coord, timer_interval_secs
        self._target, self._args, self._kwargs = target, args or (), kwargs or {}
        if (args or kwargs) and not target:
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator, timer_interval_secs: float | None, target: Any, args: Any = None, kwargs: Any = None
    ) -> "LooperThread":
        """Makes one and starts it."""
        looper = LooperThread(coord, timer_interval_secs, target=target, args=args, kwargs=kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        with self._coord.stop_on_exception():
            self.start_loop()
            if self._timer_interval_secs is None:
                while not self._coord.should_stop():
                    self.run_loop()
            else:
                due = time.time()
                while not self._coord.wait_for_stop(max(due - time.time(), 0)):
                    due += self._timer_interval_secs
                    self.run_loop()
            self.stop_loop()

    def start_loop(self) -> None:
        """Called when the thread starts."""

    def stop_loop(self) -> None:
        """Called when it ends without an error."""

    def run_loop(self) -> None:
        """What is called on and on."""
        if self._target:
            self._target(*self._args, **self._kwargs)
