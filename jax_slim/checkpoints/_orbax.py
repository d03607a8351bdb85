"""Named arrays to a directory and back, through orbax. The only file that knows orbax, imported on first use."""

import logging
import os
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

# Long enough for a slow disk; orbax gives up after it.
_TIMEOUT_SECONDS = 3600


def _without_orbax(record: logging.LogRecord) -> bool:
    """Drops what orbax logs, dozens of lines a save: its errors are raised here as well, and reported by us."""
    return f"{os.sep}orbax{os.sep}" not in record.pathname


def _orbax() -> Any:
    import orbax.checkpoint as ocp

    logging.getLogger("absl").addFilter(_without_orbax)  # the same filter is added only once
    return ocp


def _handler(ocp: Any) -> Any:
    # Weights hardly shrink (15 % in float32), and compressing them costs four times the processor time of all the rest.
    return ocp.PyTreeCheckpointHandler(use_compression=False)


class ArrayWriter:
    """Writes named arrays in the background, one set at a time."""

    def __init__(self) -> None:
        ocp = _orbax()
        self._args = ocp.args
        self._saver = ocp.AsyncCheckpointer(_handler(ocp), timeout_secs=_TIMEOUT_SECONDS)

    def start(self, path: str, arrays: Mapping[str, jax.Array | np.ndarray]) -> None:
        """Begins to write `arrays`. The caller may change or donate them as soon as this returns."""
        self._saver.save(path, args=self._args.PyTreeSave(dict(arrays)))

    def wait(self) -> None:
        """Returns when all is written; raises what went wrong."""
        self._saver.wait_until_finished()

    def close(self) -> None:
        self._saver.close()


def read_arrays(path: str, specs: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, np.ndarray]:
    """Those of the arrays that `ArrayWriter` wrote to `path` that `specs` names. The others are not read."""
    ocp = _orbax()
    with ocp.Checkpointer(_handler(ocp)) as reader:
        each = {name: ocp.RestoreArgs(restore_type=np.ndarray) for name in specs}
        wanted = ocp.args.PyTreeRestore(item=dict(specs), restore_args=each, partial_restore=True)
        return reader.restore(path, args=wanted)
