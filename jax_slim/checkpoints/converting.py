"""`convert_checkpoint`: from one format to another, names and numbers unchanged."""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.checkpoints.kinds import AVERAGED, OPTIMIZER, STATE, VARIABLE, guessed_facts, kinds_of
from jax_slim.checkpoints.native import CheckpointError, Checkpoints
from jax_slim.checkpoints.opening import describe, opened
from jax_slim.checkpoints.reader import (
    AVERAGE,
    PathLike,
    averages_in,
    each_array,
    entries_of,
    facts_in,
    reads_together,
    size_of,
)
from jax_slim.checkpoints.safetensors_files import can_hold, save_safetensors
from jax_slim.checkpoints.tensorflow.bundle_writer import write_checkpoint
from jax_slim.checkpoints.training_runs import PREFIX, SLOTS
from jax_slim.core.collections import GraphKeys
from jax_slim.core.values import Variables
from jax_slim.progress import Progress

FORMATS = ("tensorflow", "safetensors", "orbax")

_LONG = 256 << 20  # bytes from which copying is worth a progress bar
_log = logging.getLogger(__name__)


def convert_checkpoint(
    source: PathLike | Mapping[str, Any],
    target: PathLike,
    format: str | None = None,
    include: Sequence[str] | str | None = None,
    exclude: Sequence[str] | str | None = None,
    name_map: Mapping[str, str] | Callable[[str], str | None] | None = None,
    moving_average: bool = False,
    variables_only: bool = False,
    overwrite: bool = False,
) -> str:
    """Copies a checkpoint into another format: variables, and what an optimizer and moving averages keep for them.

        convert_checkpoint("/tmp/run", "/tmp/model.ckpt-1200")                  # of `learning.train`, to TensorFlow's
        convert_checkpoint("/tmp/vgg_16.ckpt", "/tmp/vgg_16.safetensors")
        convert_checkpoint("/tmp/vgg_16.ckpt", "/tmp/run", format="orbax")      # to what `learning.train` writes

    What has no name in TensorFlow (random keys, counters) is left behind: a run of `learning.train` cannot go on from
    what was converted, but it can be evaluated, served, or fine-tuned.

    Args:
      source: as for `open_checkpoint`; or `Variables`.
      target: where to write: a prefix ('model.ckpt-1200') for TensorFlow, a file ('model.safetensors'), or for orbax
        the directory of a run, in which the checkpoint is called by its step.
      format: 'tensorflow' (V2), 'safetensors' or 'orbax'; None tells it from `target`.
      include: regular expressions for the beginning of names (those of `source`); one must match.
      exclude: likewise; none may match.
      name_map: a dict name -> new name, or such a function; None from the function leaves an entry out.
      moving_average: whether to put the moving averages in place of the variables, and nothing else.
      variables_only: whether to leave moving averages and optimizer out.
      overwrite: whether what is at `target` may be replaced.

    Returns:
      The path of what was written, for `open_checkpoint`.

    Raises:
      CheckpointError: `source` cannot be read or `target` cannot be written; or something is there already; or the
        format cannot hold what was asked for. Nothing was written then.
    """
    target = os.path.expanduser(os.fspath(target))
    kind = _format_for(target) if format is None else format
    if kind not in FORMATS:
        raise ValueError(f"convert_checkpoint: format must be one of {', '.join(FORMATS)}, got {format!r}.")
    with opened(source) as checkpoint:
        copied = _Copied(checkpoint, include, exclude, name_map, moving_average, variables_only)
        _check_dtypes(copied, kind, target)
        if kind == "tensorflow":
            prefix = target.removesuffix(".index")
            _check_free(f"{prefix}.index", overwrite)
            # The writer looks at every array twice, which is slow where several are better read together.
            together = reads_together(checkpoint)
            copied.start(passes=1 if together else 2, for_tensorflow=True)
            return write_checkpoint(prefix, dict(copied.items()) if together else copied)
        if kind == "safetensors":
            _check_free(target, overwrite)
            os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
            copied.start()
            save_safetensors(target, Variables(dict(copied.items()), copied.facts()))
            return target
        return _write_run(target, copied, overwrite)


class _Copied(Mapping[str, np.ndarray]):
    """What is copied: by its new names, read when it is asked for."""

    def __init__(
        self,
        checkpoint: Mapping[str, Any],
        include: Any,
        exclude: Any,
        name_map: Any,
        moving_average: bool,
        variables_only: bool,
    ) -> None:
        self.checkpoint = checkpoint
        self.entries_there = entries_of(checkpoint)
        kinds = kinds_of(checkpoint)
        chosen = Variables(dict.fromkeys(self.entries_there)).select(include, exclude)
        source = {name: name for name in chosen if kinds[name] == VARIABLE}
        if moving_average:
            found = averages_in(checkpoint)
            averages = {name: entry for name, entry in found.items() if name in chosen or entry in chosen}
            if not averages:
                raise CheckpointError(f"convert_checkpoint: {describe(checkpoint)} holds no moving averages.")
            source |= averages
        elif not variables_only:
            named = [name for name in chosen if kinds[name] in (AVERAGED, OPTIMIZER)]
            source |= {name: name for name in named if not name.startswith("optimizer/")}
            left = [name for name in chosen if kinds[name] == STATE or name.startswith("optimizer/")]
            if left:
                _log.info("convert_checkpoint: %d entries have no name in TensorFlow: %s", len(left), ", ".join(left))
        self.source: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        for name, entry in source.items():
            new = _renamed(name, name_map)
            if new is None:
                continue
            if new in self.source:
                raise ValueError(
                    f"convert_checkpoint: name_map gives both {self.source[new]!r} and {entry!r} the name {new!r}."
                )
            self.source[new] = entry
            self.kinds[new] = kinds.get(name, VARIABLE)
        if not self.source:
            raise CheckpointError(f"convert_checkpoint: nothing of {describe(checkpoint)} was chosen.")
        self._told = {_renamed(name, name_map): fact for name, fact in facts_in(checkpoint).items()}
        self._progress: Progress | None = None
        self._read = 0
        self._for_tensorflow = False

    def start(self, passes: int = 1, for_tensorflow: bool = False) -> None:
        """Told before reading: how often each array is read, for the progress shown if it is long; and for whom."""
        self._for_tensorflow = for_tensorflow
        size = sum(size_of(self.entries_there[entry]) or 0 for entry in self.source.values())
        if size >= _LONG:
            self._progress = Progress(passes * len(self), "convert", "arrays")

    def facts(self) -> dict[str, Any]:
        """The facts of the variables, told by the source or guessed."""
        return {
            name: self._told.get(name) or guessed_facts(name, self.entries_there[entry])
            for name, entry in self.source.items()
        }

    def items(self) -> Any:
        """All of them, one pair after the other; several are read at once where that is faster."""
        for name, (_, array) in zip(self.source, each_array(self.checkpoint, self.source.values()), strict=True):
            yield name, self._given(name, array)

    def __getitem__(self, name: str) -> Any:
        return self._given(name, self.checkpoint[self.source[name]])

    def __iter__(self) -> Iterator[str]:
        return iter(self.source)

    def __len__(self) -> int:
        return len(self.source)

    def _given(self, name: str, array: Any) -> Any:
        self._read += 1
        if self._progress is not None:
            self._progress.update(self._read)
            if self._read == self._progress.total:
                self._progress.close()
        # TensorFlow's step has 64 bits, and its Saver reads no other.
        is_step = name == GraphKeys.GLOBAL_STEP and array.dtype.kind == "i"
        return np.asarray(array, np.int64) if self._for_tensorflow and is_step else array


def _renamed(name: str, name_map: Any) -> str | None:
    """The new name; what belongs to a variable that a dict renames follows it: 'w/Momentum' goes with 'w'."""
    if name_map is None:
        return name
    if not isinstance(name_map, Mapping):
        return name_map(name)
    parts = name.split("/")
    for stop in range(len(parts), 0, -1):
        if (start := "/".join(parts[:stop])) in name_map:
            return "/".join([name_map[start], *parts[stop:]])
    return name


def _format_for(target: str) -> str:
    name = os.path.basename(target.rstrip("/"))
    if name.endswith(".safetensors"):
        return "safetensors"
    if re.search(r"\.ckpt(?:$|[-.])", name):
        return "tensorflow"
    raise ValueError(
        f"convert_checkpoint: target must end in .safetensors or have .ckpt in its name, or format must be one of "
        f"{', '.join(FORMATS)}, got {target!r} and None."
    )


def _check_dtypes(copied: _Copied, format: str, target: str) -> None:
    if format == "tensorflow":
        return
    for name, entry in copied.source.items():
        dtype = np.dtype(copied.entries_there[entry].dtype)
        if dtype.kind in "OSU" or (format == "safetensors" and not can_hold(dtype)):
            what = "strings" if dtype.kind in "OSU" else dtype.name
            raise CheckpointError(
                f"convert_checkpoint: {name!r} is of {what}, which {format} files cannot hold. Leave it out of "
                f"{target}: exclude=[{entry!r}]."
            )


def _check_free(path: str, overwrite: bool) -> None:
    if os.path.exists(path) and not overwrite:
        raise CheckpointError(f"convert_checkpoint: {path} exists. Pass overwrite=True to replace it.")


def _write_run(directory: str, copied: _Copied, overwrite: bool) -> str:
    """Writes what `learning.train` would have."""
    copied.start()
    values = dict(copied.items())
    step = int(values["global_step"]) if "global_step" in values else 0
    path = os.path.join(os.path.abspath(directory), str(step))
    _check_free(path, overwrite)
    arrays, averages, facts = {}, {}, copied.facts()
    for name, value in values.items():
        kind = copied.kinds[name]
        if kind == AVERAGED and name.endswith(f"/{AVERAGE}"):
            variable = name.removesuffix(f"/{AVERAGE}")
            averages[variable] = f"averages/shadows/{variable}"
            arrays[averages[variable]] = value
        else:
            arrays[(PREFIX if kind == VARIABLE else SLOTS) + name] = value
    described = {
        name: [fact.trainable, list(fact.collections)] for name, fact in facts.items() if copied.kinds[name] == VARIABLE
    }
    with Checkpoints(directory, max_to_keep=None) as checkpoints:
        checkpoints.save(step, arrays, {"data": None, "variables": described, "averages": averages, "validation": None})
    return path
