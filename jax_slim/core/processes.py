"""The processes of one run: which of them speaks, what they tell each other, and how one leaves when another is gone.

With one process, all of this is nothing: no call waits or communicates. What is told goes over the devices, by JAX's
collectives, so every process must come to each telling at the same point of the program, in its main thread.
"""

import atexit
import contextlib
import hashlib
import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import numpy as np

from jax_slim.core.watching import Watch

_ENDING_SECONDS = 3.0  # for a process that knows that another one is gone: then it ends, whatever it waits for
_LONGEST = 2048  # bytes of a text that is told: all processes must bring as many
# How the libraries below JAX (gloo, NCCL, gRPC) say that they cannot reach somebody any more.
_OF_A_LOSS = re.compile(
    r"gloo|nccl|connection (closed|reset|refused)|socket closed|broken pipe|coordination|heartbeat|unavailable|"
    r"barrier|deadline|another task|preempt",
    re.IGNORECASE,
)

# Of a process as JAX's own connections are, which are made once and stay.
_functions: list[str] = []  # what needs all processes and this one is within, the innermost last
_watch: Watch | None = None


class LostProcessError(RuntimeError):
    """Another process of the run has ended, or cannot be reached any more: this one cannot go on alone."""


class OtherProcessError(RuntimeError):
    """What had to be done by every process failed in another one; the text says in which, and how."""


class DifferentProcessError(ValueError):
    """The processes do not run the same program."""


def several() -> bool:
    """Whether the run has more than one process."""
    return jax.process_count() > 1


def is_first() -> bool:
    """Whether this process is the one that decides, writes and shows."""
    return jax.process_index() == 0


def told_by_all(text: str) -> list[str]:
    """A text of every process, in their order; only the first 2 KB of each."""
    if not several():
        return [text]
    from jax.experimental import multihost_utils

    mine = np.zeros(_LONGEST, np.uint8)
    encoded = text.encode(errors="replace")[:_LONGEST]
    mine[: len(encoded)] = np.frombuffer(encoded, np.uint8)
    rows = multihost_utils.process_allgather(mine)
    return [bytes(row).rstrip(b"\0").decode(errors="ignore") for row in np.asarray(rows)]


def told_by_first(value: Any) -> Any:
    """The first process's JSON value, in all of them."""
    if not several():
        return value
    return json.loads(told_by_all(json.dumps(value) if is_first() else "")[0])


@contextlib.contextmanager
def failing_together(*kinds: type[Exception]) -> Iterator[None]:
    """Does something in every process; where it fails in one with such an error, it fails in all.

    Raises:
      OtherProcessError: it failed in another process alone.
    """
    failure: Exception | None = None
    try:
        yield
    except kinds as error:
        failure = error
    told = told_by_all("" if failure is None else str(failure) or type(failure).__name__)
    if failure is not None:
        raise failure
    for index, text in enumerate(told):
        if text:
            raise OtherProcessError(f"Process {index} failed: {text}")


def refuse_differences(function: str, facts: Mapping[str, str]) -> None:
    """Refuses to go on where the processes were started with different programs.

    Args:
      function: who asks, for the message.
      facts: what must be the same: a short name -> a text, of which a digest is compared and nothing is shown but
        the beginning of short ones.

    Raises:
      DifferentProcessError: in all of them, naming what differs and where.
    """
    if not several():
        return
    mine = {name: text if len(text) <= 40 else _digest(text) for name, text in facts.items()}
    told = [json.loads(text) for text in told_by_all(json.dumps(mine))]
    for name in mine:
        values = [other.get(name) for other in told]
        if len(set(values)) > 1:
            odd = next(index for index, value in enumerate(values) if value != values[0])
            raise DifferentProcessError(
                f"{function}: all processes must run the same program, got another {name} in process {odd}: "
                f"{values[odd]!r}, and {values[0]!r} in process 0. Start all of them from the same files, with the "
                "same options."
            )


@contextlib.contextmanager
def leaving(function: str, *agreed: type[BaseException], abandon: Callable[[], None] = lambda: None) -> Iterator[None]:
    """What many processes do together: when this one fails alone, it ends at once, so that the others hear of it.

    At the end of its process JAX waits for all others, and these wait in a collective for this one. So a failure turns
    that off: the process ends as soon as its error was shown. A failure of the connections becomes a
    `LostProcessError`. When another process ends within this, one line says so on the standard error stream, and a few
    seconds later this one has ended too, with exit code 1, though it may wait in a collective.

    Args:
      function: who asks, for the message.
      agreed: errors that all processes raise at the same point: they may still wait for each other.
      abandon: called at such a failure: lets go of what would wait for the others.
    """
    _enter(function)
    try:
        yield
    except (*agreed, GeneratorExit, DifferentProcessError):
        _done_with(function)
        raise
    except BaseException as error:
        _done_with(function, told=False)  # they hear of it when this process ends
        if several():
            abandon()
            _end_without_waiting()
            if isinstance(error, jax.errors.JaxRuntimeError | ValueError | RuntimeError) and _is_loss(error):
                raise LostProcessError(
                    f"{function}: another process of this run has ended or cannot be reached, so process "
                    f"{jax.process_index()} ends too: {_first_line(error)}"
                ) from None
        raise
    else:
        _done_with(function)


def _enter(function: str) -> None:
    """From now on this process ends when another one does."""
    if jax.distributed.is_initialized() and several():
        watch = _watching()
        _functions.append(function)
        watch.within(True)


def _done_with(function: str, told: bool = True) -> None:
    if function in _functions:
        _functions.remove(function)
        if told and not _functions:
            _watching().within(False)


def _watching() -> Watch:
    """The watch over all processes; the first call connects them, so that all have to make it."""
    global _watch
    if _watch is None:
        _watch = Watch(jax.process_index(), _when_lost)
        told = told_by_first(_watch.listen() if is_first() else None)
        if told is not None and not is_first():
            coordinator = os.environ.get("JAX_COORDINATOR_ADDRESS", "").rpartition(":")[0].strip("[]")
            _watch.connect(told, [coordinator] if coordinator else [])
        _before_waiting(_leave_after_error)
    return _watch


def _when_lost(index: int) -> None:
    if not _functions:
        return
    text = f"{_functions[-1]}: process {index} of this run has ended, so process {jax.process_index()} ends too.\n"
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()
    until = time.monotonic() + _ENDING_SECONDS
    while time.monotonic() < until:
        if not _functions:  # the error came up in the program itself
            return
        time.sleep(0.05)
    _leave()


def _leave_after_error() -> None:
    """At the end of a process whose own loop over the steps failed: the others must not wait for it."""
    if _functions and hasattr(sys, "last_value"):
        _leave()
    if _watch is not None:
        _watch.close()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def _is_loss(error: BaseException) -> bool:
    return not type(error).__module__.startswith("jax_slim") and _OF_A_LOSS.search(str(error)) is not None


def _first_line(error: BaseException) -> str:
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line if len(line) <= 200 else line[:200] + "…"


def _end_without_waiting() -> None:
    """Leaves at the end of the process: before JAX waits for the others, and Python for threads that do."""
    _before_waiting(_leave)


def _before_waiting(function: Callable[[], None]) -> None:
    """Calls a function at the end of the process, before Python waits for threads.

    Python has no public way to come before that; concurrent.futures uses this one.
    """
    getattr(threading, "_register_atexit", atexit.register)(function)


def _leave() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(1)
