"""Checkpoints of a training run: named arrays and a few facts a step, saved in the background, whole or not at all.

A checkpoint is a directory named for its step, `<directory>/1200`. Its arrays, in `1200/arrays`, are a checkpoint of
orbax that orbax alone can read too; `1200/checkpoint.json` lists them, keeps the facts, and holds a checksum of every
file. It is written as `1200.tmp` and renamed when all of it is on the disk.
"""

import logging
import operator
import os
import re
import shutil
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import numpy as np

from jax_slim.checkpoints import _manifest
from jax_slim.checkpoints._folders import WRITING, delete, publish, steps_in, sweep
from jax_slim.checkpoints._locks import Lock
from jax_slim.checkpoints._manifest import DamagedError
from jax_slim.checkpoints._orbax import ArrayWriter, has_marks, plain, read_arrays
from jax_slim.checkpoints._values import differences, from_stored, json_value, placed, spec_of, stored
from jax_slim.core import processes

_ARRAYS = "arrays"
_ASKING_SECONDS = 0.2  # how often processes tell each other how far a save is, where they wait for it
_READ_AT_ONCE = 256 << 20  # bytes of arrays that a process holds whole before it keeps its share

_log = logging.getLogger(__name__)


class CheckpointError(RuntimeError):
    """A checkpoint cannot be written, read, or put into this program."""


class MissingCheckpointError(CheckpointError, FileNotFoundError):
    """There is no checkpoint where one was asked for."""


class Checkpoints:
    """The checkpoints of one training run, in one directory.

        with Checkpoints("/tmp/run", max_to_keep=5) as checkpoints:
            start = checkpoints.latest_step()                            # None in a new directory
            if start is not None:
                arrays, facts = checkpoints.restore(start, like=arrays)
            ...
            checkpoints.save(1200, arrays, {"data": iterator_state})     # returns at once, writes in the background

    A process killed at any moment leaves every complete checkpoint as it was, and the rest is swept up here, at the
    next start. So only one run at a time may use a directory, until `close`; others may read it, with `load`.

    With several processes all of them make the same calls, on a directory that all of them see.

    Args:
      directory: where the checkpoints are; made when missing.
      max_to_keep: how many of the newest to keep; None or 0 keeps all.

    Raises:
      CheckpointError: nothing can be written there, or another run is writing there. Better now than after an hour
        of training.
    """

    def __init__(self, directory: str | os.PathLike[str], max_to_keep: int | None = 5) -> None:
        if max_to_keep is not None and max_to_keep < 0:
            raise ValueError(f"Checkpoints: max_to_keep must be None or at least 0, got {max_to_keep}.")
        if "://" in os.fspath(directory):
            raise ValueError(f"Checkpoints: directory must be on a file system of this machine, got {directory}.")
        self.directory = os.path.abspath(directory)
        if processes.several() and has_marks(self.directory):
            raise ValueError(
                f"Checkpoints: directory must be without *, ?, [ and \\\\ in its path when several processes save, got "
                f"{self.directory}. Choose another."
            )
        self._path = Path(self.directory)
        self._max_to_keep = max_to_keep
        self._writer: ArrayWriter | None = None
        self._thread: tuple[int, threading.Thread] | None = None  # the save that runs: its step, and what runs it
        self._failure: tuple[int, BaseException] | None = None
        self._whole: set[int] = set()  # steps verified, or written, by this object
        self._damaged: dict[int, str] = {}
        self._closed = False
        self._lock: Lock | None = None
        with processes.failing_together(CheckpointError):
            self._open()
        if processes.is_first():  # after the others have tried the directory: it would take their files away
            sweep(self._path)

    def _open(self) -> None:
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            probe = self._path / f".probe-{jax.process_index()}{os.getpid()}"
            probe.write_bytes(bytes(4096))
            probe.unlink()
            with plain(self.directory):
                pass
            if processes.is_first():
                self._lock = Lock(self.directory)
        except BlockingIOError as error:
            raise CheckpointError(
                f"Checkpoints: another run is writing in {self.directory}. Wait until it has ended, or choose another "
                "directory."
            ) from error
        except OSError as error:
            raise CheckpointError(
                f"Checkpoints: cannot write in {self.directory}: {error.strerror or error}. Choose another directory, "
                "or make room."
            ) from error

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._closed:
            return
        try:
            self.close()
        except CheckpointError as failure:
            if error is None:
                raise
            error.add_note(str(failure))  # what ended the run matters more

    def steps(self) -> list[int]:
        """The steps that have a complete checkpoint, in order."""
        return steps_in(self._path)

    def latest_step(self) -> int | None:
        """The newest step whose checkpoint is whole, or None when there is no checkpoint.

        The first call verifies it (reads it once). One that is damaged is left out, with a warning in the log.

        Raises:
          CheckpointError: there are checkpoints, and all of them are damaged.
        """
        with processes.failing_together(CheckpointError):
            found = self._newest_whole() if processes.is_first() else None
        step = processes.told_by_first(found)
        if step is not None:
            self._whole.add(step)
        return step

    def _newest_whole(self) -> int | None:
        damaged = []
        for step in reversed(self.steps()):
            why = self._damage(step)
            if why is None:
                if damaged:
                    _log.warning("Checkpoint %s; going back to step %d.", "; checkpoint ".join(damaged), step)
                return step
            if step not in self._damaged:
                damaged.append(f"{self._path / str(step)} is damaged ({why})")
                self._damaged[step] = why
        if self._damaged and self.steps():
            raise CheckpointError(
                f"Every checkpoint in {self.directory} is damaged: "
                + "; ".join(f"{step}: {why}" for step, why in sorted(self._damaged.items()))
                + ". To start anew, choose another directory or move these away."
            )
        return None

    def facts(self, step: int) -> dict[str, Any]:
        """The facts saved with `step`."""
        return self._read(step)["facts"]

    def save(
        self, step: int, arrays: Mapping[str, Any], facts: Mapping[str, Any] | None = None, wait: bool = False
    ) -> None:
        """Saves arrays and facts as the checkpoint of `step`, in the background.

        The arrays may be changed, donated or deleted as soon as this returns: it has taken copies. It first waits for
        an earlier save that still runs. A checkpoint that the step has already is replaced, in one go.

        Args:
          step: at least 0.
          arrays: name -> array of any shape and dtype, also random keys; names may contain slashes.
          facts: JSON values (tuples become lists): what a run needs besides arrays, such as where its input stands.
          wait: return only when all of it is on the disk.

        Raises:
          CheckpointError: this save could not begin; or an earlier one failed (it is told once, and saving may go on).
          TypeError: the facts are not JSON, or a value is not an array.
        """
        step = operator.index(step)
        if step < 0:
            raise ValueError(f"Checkpoints.save: step must be at least 0, got {step}.")
        if self._closed:
            raise CheckpointError(f"Checkpoints.save: {self.directory} was closed. Save inside its `with`.")
        contents = {"step": step, "arrays": {}, "facts": json_value(dict(facts or {}), "facts")}
        present = {}
        for name, value in arrays.items():
            contents["arrays"][name], array = stored(name, value)
            if array.size:  # orbax refuses empty arrays; their shape says all there is
                present[name] = array
        self.wait()
        temporary = self._path / f"{step}{WRITING}"
        try:
            if processes.is_first():
                shutil.rmtree(temporary, ignore_errors=True)
                temporary.mkdir()
            if present:
                self._writer = self._writer or ArrayWriter()
                self._writer.start(str(temporary / _ARRAYS), present)
        except BaseException as error:
            if processes.is_first():
                shutil.rmtree(temporary, ignore_errors=True)
            if isinstance(error, Exception):
                raise self._save_error(step, error) from error
            raise
        thread = threading.Thread(
            target=self._finish,
            args=(step, temporary, contents, bool(present)),
            name=f"checkpoint-{step}",
            daemon=processes.several(),  # it may wait for a process that is gone
        )
        thread.start()
        self._thread = step, thread
        if wait:
            self.wait()

    def wait(self) -> None:
        """Returns when the save that runs has ended.

        Raises:
          CheckpointError: it failed.
        """
        self._join()
        if self._failure is not None:
            (step, error), self._failure = self._failure, None
            raise self._save_error(step, error) from error

    def close(self) -> None:
        """Waits as `wait` does and lets go of the threads."""
        try:
            self.wait()
        finally:
            self._closed = True
            if self._writer is not None:
                writer, self._writer = self._writer, None
                writer.close()
            if self._lock is not None:
                self._lock.release()

    def abandon(self) -> None:
        """Closes without waiting for anything: what is being written is lost. For a run whose processes are lost."""
        self._closed, self._thread, self._writer = True, None, None
        if self._lock is not None:
            self._lock.release()

    def restore(self, step: int | None = None, like: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], dict]:
        """Reads a checkpoint.

        Args:
          step: which one; None takes the newest, or, with a warning, the newest that is not damaged.
          like: name -> array or jax.ShapeDtypeStruct: exactly the names, shapes and dtypes to expect. The arrays then
            come as jax arrays, with the sharding that `like` has, if any. Without it they come as NumPy arrays.

        Returns:
          The arrays by name, and the facts.

        Raises:
          MissingCheckpointError: there is no checkpoint, or none of this step.
          CheckpointError: it is damaged, or differs from `like`; nothing was read then.
        """
        self._join()
        if step is None:
            step = self.latest_step()
            if step is None:
                raise MissingCheckpointError(f"There is no checkpoint in {self.directory}.")
        contents = self._read(step)
        path = self._path / str(step)
        if like is not None and (found := differences(contents["arrays"], like)):
            raise CheckpointError(
                f"Checkpoint {path} does not fit the program:\n{found}\n"
                "To train this program from the start, choose another directory."
            )
        try:
            arrays = _load_arrays(path, contents) if like is None else _load_placed(path, contents, like)
        except DamagedError as error:
            raise CheckpointError(f"Checkpoint {path} is damaged: {error}.") from error
        return arrays, contents["facts"]

    # What happens in the background.

    def _finish(self, step: int, temporary: Path, contents: dict[str, Any], has_arrays: bool) -> None:
        try:
            if has_arrays:
                assert self._writer is not None
                self._writer.wait()
            if processes.is_first():
                _manifest.write(temporary, contents)
                publish(temporary, self._path / str(step))
        except BaseException as error:
            self._failure = (step, error)
            if processes.is_first():  # others may be writing there still
                shutil.rmtree(temporary, ignore_errors=True)  # makes room, too
            return
        self._damaged.pop(step, None)
        self._whole.add(step)
        if processes.is_first():
            self._prune(step)

    def _prune(self, saved: int) -> None:
        """Deletes the oldest, but never the one just saved, nor what may be all that is left."""
        steps = self.steps()
        if newer := [step for step in steps if step > saved and step not in self._damaged]:
            _log.warning(
                "Saved step %d, but %s also has step %d, from which a run would go on.", saved, self._path, newer[-1]
            )
        if not self._max_to_keep:
            return
        kept = [step for step in steps if step not in self._damaged][-self._max_to_keep :]
        for step in steps:
            if step < saved and step not in kept:
                delete(self._path / str(step))

    def _join(self) -> None:
        if self._thread is None:
            return
        step, thread = self._thread
        if processes.several():
            self._join_together(step, thread)
        thread.join(0.0 if self._failure is not None else None)
        self._thread = None

    def _join_together(self, step: int, thread: threading.Thread) -> None:
        """Waits until the save has ended in every process, or failed in one, for which orbax would wait for an hour.

        The others must not go on before the first one has given it its name either.
        """
        while True:
            thread.join(_ASKING_SECONDS)
            failure = self._failure
            state = "saving" if thread.is_alive() else "" if failure is None else f"failed: {_short(failure[1])}"
            told = processes.told_by_all(state)
            for index, text in enumerate(told):
                if text.startswith("failed") and self._failure is None:
                    self._failure = (step, processes.OtherProcessError(f"process {index} {text}"))
            if self._failure is not None or "saving" not in told:
                return

    # What is there.

    def _damage(self, step: int) -> str | None:
        """Why a checkpoint cannot be used; None when it can."""
        if step in self._damaged:
            return self._damaged[step]
        if step not in self._whole:
            path = self._path / str(step)
            try:
                _manifest.verify(path, _manifest.read(path))
            except DamagedError as error:
                return str(error)
            self._whole.add(step)
        return None

    def _read(self, step: int) -> dict[str, Any]:
        """The manifest of a checkpoint that is there and whole."""
        path = self._path / str(step)
        steps = self.steps()
        if step not in steps:
            have = f"the steps {', '.join(map(str, steps))}" if steps else "no checkpoint"
            raise MissingCheckpointError(
                f"There is no checkpoint of step {step} in {self.directory}, which has {have}."
            )
        why = self._damage(step)
        if why is not None:
            older = next((other for other in reversed(steps) if other < step and self._damage(other) is None), None)
            raise CheckpointError(
                f"Checkpoint {path} is damaged: {why}. "
                + (
                    "There is no older one."
                    if older is None
                    else f"The newest older one is restored by restore({older})."
                )
            )
        try:
            return _manifest.read(path)
        except DamagedError as error:  # since it was verified
            raise CheckpointError(f"Checkpoint {path} is damaged: {error}.") from error

    def _save_error(self, step: int, error: BaseException) -> CheckpointError:
        whole = [other for other in self.steps() if other not in self._damaged]
        last = (
            f"The last complete checkpoint is {self._path / str(whole[-1])}." if whole else "There is no complete one."
        )
        return CheckpointError(f"Saving checkpoint {self._path / str(step)} failed: {_short(error)}. {last}")


def latest_checkpoint(directory: str | os.PathLike[str]) -> str | None:
    """The path of the newest complete checkpoint in a directory, or None. It is not read, so not verified either."""
    steps = steps_in(Path(os.path.abspath(directory)))
    return os.path.join(os.path.abspath(directory), str(steps[-1])) if steps else None


def load(path_or_directory: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reads a checkpoint, or the newest in a directory: for evaluation, while the training that writes them goes on.

        arrays, facts = load("/tmp/run")           # the newest
        arrays, facts = load("/tmp/run/1200")

    Returns:
      Name -> NumPy array (random keys come as jax arrays), and the facts.

    Raises:
      MissingCheckpointError: there is none; it is a FileNotFoundError, too.
      CheckpointError: it is damaged. This never falls back to another one by itself.
    """
    given = Path(os.path.abspath(path_or_directory))
    while True:
        path = given if (given / _manifest.NAME).is_file() else Path(latest_checkpoint(given) or given)
        if not (path / _manifest.NAME).is_file():
            raise MissingCheckpointError(
                f"There is no checkpoint in {given}." if given.is_dir() else f"No such checkpoint: {given}."
            )
        try:
            contents = _manifest.read(path)
            _manifest.verify(path, contents)
            return _load_arrays(path, contents), contents["facts"]
        except DamagedError as error:
            if path != given and not path.is_dir():
                continue  # deleted meanwhile, because newer ones came
            older = [step for step in steps_in(path.parent) if path.name.isdecimal() and step < int(path.name)]
            hint = f" The one before it is {path.parent / str(older[-1])}." if older else ""
            raise CheckpointError(f"Checkpoint {path} is damaged: {error}.{hint}") from error


def _load_arrays(path: Path, contents: Mapping[str, Any]) -> dict[str, Any]:
    entries = contents["arrays"]
    return {name: from_stored(entries[name], array) for name, array in read_stored(path, contents, entries).items()}


def _load_placed(path: Path, contents: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays on the devices of `like`, read some after others: a process need not hold all of them whole."""
    entries, arrays = contents["arrays"], {}
    group: list[str] = []
    size = 0
    for name in [*entries, None]:
        if name is not None:
            spec = spec_of(entries[name])
            size += spec.size * spec.dtype.itemsize
            group.append(name)
            if size < _READ_AT_ONCE:
                continue
        read = read_stored(path, contents, group)
        while read:
            one, array = read.popitem()
            arrays[one] = placed(from_stored(entries[one], array), like[one])
        group, size = [], 0
    return {name: arrays[name] for name in entries}


def read_stored(path: Path, contents: Mapping[str, Any], wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Some of the arrays of a checkpoint as they are stored: random keys as numbers. The files are not verified.

    Args:
      path: the checkpoint.
      contents: its manifest.
      wanted: names among `contents["arrays"]`.

    Raises:
      DamagedError: orbax cannot read them.
    """
    specs = {name: spec_of(contents["arrays"][name]) for name in wanted}
    present = {name: spec for name, spec in specs.items() if spec.size}
    try:
        read = read_arrays(str(path / _ARRAYS), present) if present else {}
    except Exception as error:
        raise DamagedError(_short(error)) from error
    arrays = {}
    for name, spec in specs.items():
        array = np.asarray(read[name]) if name in read else np.zeros(spec.shape, spec.dtype)
        if (array.shape, array.dtype) != (spec.shape, spec.dtype):
            raise DamagedError(f"the array {name!r} is {array.dtype}{list(array.shape)} in the files")
        arrays[name] = array
    return arrays


def _short(error: BaseException) -> str:
    """What went wrong in a line; the whole text stays in the cause. Storage buries the system's reason in paths."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).strip() or type(error).__name__
    if match := re.search(r"os_error_code='(\d+)'", text):
        return os.strerror(int(match[1]))
    text = text.splitlines()[0].rstrip(".")
    return text if len(text) <= 300 else text[:300] + "…"
