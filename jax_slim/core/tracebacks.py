"""Tracebacks that end where the user's code called: jax-slim's frames are taken out, as JAX takes out its own.

`JAX_TRACEBACK_FILTERING=off`, or `jax.config.update("jax_traceback_filtering", "off")`, shows everything.
"""

import contextlib
import functools
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_PACKAGE = str(Path(__file__).parent.parent)
_CONTEXTLIB = contextlib.__file__


def shortened(function: Callable[P, R]) -> Callable[P, R]:
    """Decorates a function that users call: errors that leave it show no frames of this package and of JAX."""

    @functools.wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            shorten(error)
            raise

    return called


def shorten(error: BaseException) -> None:
    """Takes the frames of this package and of JAX out of the error's traceback. A bare `raise` adds none."""
    jax = sys.modules.get("jax")
    if jax is None or jax.config.jax_traceback_filtering == "off":
        return
    hidden = (_PACKAGE, str(Path(str(jax.__file__)).parent))
    traces = []
    trace = error.__traceback__
    while trace is not None:
        traces.append(trace)
        trace = trace.tb_next
    if traces and not hasattr(error, "_raised_in"):
        # What tells a check of ours from a mistake is lost with the frames.
        error._raised_in = _module(traces[-1])  # type: ignore[attr-defined]
    shorter = None
    after = ""
    for trace in reversed(traces):
        file = trace.tb_frame.f_code.co_filename
        # An error that passes a generator's `with` leaves a frame of contextlib.
        if file.startswith(hidden) or (file == _CONTEXTLIB and after.startswith(hidden)):
            after = file
            continue
        after = file
        shorter = types.TracebackType(shorter, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)
    error.__traceback__ = shorter


def raised_here(error: BaseException) -> bool:
    """Whether a check of this package raised the error: those say what was passed and what was expected."""
    module = getattr(error, "_raised_in", None)
    if module is None:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        module = "" if trace is None else _module(trace)
    return module.startswith("jax_slim.")


def _module(trace: types.TracebackType) -> str:
    return str(trace.tb_frame.f_globals.get("__name__", ""))
