"""Errors as a shell script's author wants them: one line that says what is wrong, and how to mend it."""

import sys
from collections.abc import Iterable
from typing import Any

from jax_slim.core import names
from jax_slim.core.tracebacks import raised_here


class CommandError(RuntimeError):
    """The command cannot do what was asked; the text says why, and what to do."""


class UsageError(CommandError):
    """The command line, or a file of options, asks for what there is not: the exit code is 2."""


def near_names(name: str, known: Iterable[str]) -> str:
    """' Near names: ...', or ' They are: ...' for a few; '' otherwise."""
    known = list(known)
    alike = names.near(name, known, 3)
    if alike:
        return f" Near names: {', '.join(alike)}."
    return f" They are: {', '.join(known)}." if len(known) <= 12 else ""


# Errors whose text was written for users. By name: a module that was never imported has raised nothing.
_EXPLAINED = (
    ("jax_slim.cli.failures", "CommandError"),
    ("jax_slim.checkpoints.native", "CheckpointError"),
    ("jax_slim.core.processes", "LostProcessError"),
    ("jax_slim.core.processes", "OtherProcessError"),
    ("jax_slim.core.processes", "DifferentProcessError"),
    ("jax_slim.data.errors", "DataLossError"),
    ("jax_slim.exporting.archives", "ExportError"),
    ("jax_slim.kernels.native.building", "NativeKernelsError"),
    ("jax_slim.learning.loop", "NonFiniteError"),
)


def explained(error: BaseException) -> str | None:
    """The text to show for an error, or None for one that is a mistake in the program: then the traceback helps."""
    for module, name in _EXPLAINED:
        kind: Any = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            return str(error)
    if isinstance(error, getattr(sys.modules.get("jax_slim.summary.events"), "EventWriterError", ())):
        return "\n".join([str(error), *getattr(error, "__notes__", ())])  # with what else could not be saved
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    if isinstance(error, ValueError | TypeError) and raised_here(error):
        return str(error)
    return None
