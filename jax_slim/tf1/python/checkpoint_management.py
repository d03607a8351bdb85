"""Checkpoint state files and what is in checkpoints: `tf.train.latest_checkpoint`, `list_variables`, `checkpoints_iterator`, ..."""

import os
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from jax_slim.checkpoints import tensorflow as formats
from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow import paths
from jax_slim.tf1.files import checkpoints, protos
from jax_slim.tf1.python import logging


def _path(path: Any) -> str:
    return path.decode() if isinstance(path, bytes) else os.fspath(path)


def generate_checkpoint_state_proto(
    save_dir: Any,
    model_checkpoint_path: Any,
    all_model_checkpoint_paths: Any = None,
    all_model_checkpoint_timestamps: Any = None,
    last_preserved_timestamp: Any = None,
) -> Any:
    """A CheckpointState; where the folder is relative, paths are relative to it."""
    every = [_path(p) for p in all_model_checkpoint_paths or []]
    latest = _path(model_checkpoint_path)
    if not every or every[-1] != latest:
        logging.info("%s is not in all_model_checkpoint_paths. Manually adding it.", latest)
        every.append(latest)
    times = list(all_model_checkpoint_timestamps or [])
    if times and len(times) != len(every):
        raise ValueError(
            f"Checkpoint timestamps, if provided, must match checkpoint paths (got paths {every} and timestamps {times})"
        )
    save_dir = _path(save_dir)
    if not os.path.isabs(save_dir):
        every = [os.path.relpath(p, save_dir or ".") if not os.path.isabs(p) else p for p in every]
        latest = os.path.relpath(latest, save_dir or ".") if not os.path.isabs(latest) else latest
    return protos.CheckpointState(
        model_checkpoint_path=latest,
        all_model_checkpoint_paths=every,
        all_model_checkpoint_timestamps=times,
        last_preserved_timestamp=last_preserved_timestamp,
    )


def update_checkpoint_state(
    save_dir: Any,
    model_checkpoint_path: Any,
    all_model_checkpoint_paths: Any = None,
    latest_filename: Any = None,
    all_model_checkpoint_timestamps: Any = None,
    last_preserved_timestamp: Any = None,
    save_relative_paths: bool = False,
) -> None:
    """Writes the state file of a folder, `checkpoint` by default."""
    formats.update_checkpoint_state(
        _path(save_dir),
        _path(model_checkpoint_path),
        [_path(p) for p in all_model_checkpoint_paths or []],
        latest_filename,
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
        save_relative_paths,
    )


def get_checkpoint_state(checkpoint_dir: Any, latest_filename: Any = None) -> Any:
    """What the state file of a folder says, with full paths; None where there is none."""
    try:
        state = formats.read_checkpoint_state(_path(checkpoint_dir), latest_filename)
    except CheckpointError as error:
        logging.warning("%s", error)
        return None
    if state is None:
        return None
    return protos.CheckpointState(
        model_checkpoint_path=state.model_checkpoint_path,
        all_model_checkpoint_paths=state.all_model_checkpoint_paths,
        all_model_checkpoint_timestamps=state.all_model_checkpoint_timestamps,
        last_preserved_timestamp=state.last_preserved_timestamp or 0.0,
    )


def latest_checkpoint(checkpoint_dir: Any, latest_filename: Any = None) -> str | None:
    """The prefix of the latest checkpoint of a folder by its state file; None where there is none."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None or not state.model_checkpoint_path:
        return None
    if checkpoints.exists(state.model_checkpoint_path):
        return state.model_checkpoint_path
    logging.error("Couldn't match files for checkpoint %s", state.model_checkpoint_path)
    return None


def checkpoint_exists(checkpoint_prefix: Any) -> bool:
    """Whether there is a checkpoint of that prefix, V1 or V2."""
    return checkpoints.exists(_path(checkpoint_prefix))


def get_checkpoint_mtimes(checkpoint_prefixes: Any) -> list[float]:
    """When checkpoints were written; those that are not there are left out."""
    found = []
    for prefix in checkpoint_prefixes:
        files = paths.files_of(_path(prefix))
        if files:
            found.append(os.stat(files[0]).st_mtime)
    return found


def remove_checkpoint(
    checkpoint_prefix: Any, checkpoint_format_version: Any = None, meta_graph_suffix: str = "meta"
) -> None:
    """Deletes a checkpoint's files."""
    prefix = _path(checkpoint_prefix)
    for file in [*paths.files_of(prefix), meta_graph_filename(prefix, meta_graph_suffix)]:
        if os.path.exists(file):
            os.unlink(file)


def meta_graph_filename(checkpoint_filename: Any, meta_graph_suffix: str = "meta") -> str:
    """The name of the meta graph's file beside a checkpoint."""
    return re.sub(r"-[\d?]+-of-\d+$", "", _path(checkpoint_filename)) + "." + meta_graph_suffix


def load_checkpoint(ckpt_dir_or_file: Any) -> checkpoints.CheckpointReader:
    """A reader of a checkpoint: a prefix, or a folder, of which it is the latest.

    Raises:
      ValueError: the folder has none.
    """
    return checkpoints.CheckpointReader(_file(ckpt_dir_or_file))


def NewCheckpointReader(filepattern: Any) -> checkpoints.CheckpointReader:
    """A reader of the checkpoint of a prefix."""
    return checkpoints.CheckpointReader(filepattern)


def _file(given: Any) -> str:
    path = _path(given)
    if os.path.isdir(path):
        found = latest_checkpoint(path)
        if found is None:
            raise ValueError(f"Couldn't find 'checkpoint' file or checkpoints in given directory {path}")
        return found
    return path


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """The value of a variable in a checkpoint."""
    name = name.removesuffix(":0")
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name)


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """(name, shape) of all variables in a checkpoint, by name."""
    shapes = load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map()
    return [(name, shapes[name]) for name in sorted(shapes)]


def wait_for_new_checkpoint(
    checkpoint_dir: Any, last_checkpoint: Any = None, seconds_to_sleep: float = 1, timeout: float | None = None
) -> Any:
    """Waits until a folder has another checkpoint than `last_checkpoint`; None when that took longer than `timeout` seconds."""
    logging.info("Waiting for new checkpoint at %s", checkpoint_dir)
    stop = None if timeout is None else time.time() + timeout
    while True:
        found = latest_checkpoint(checkpoint_dir)
        if found is not None and found != last_checkpoint:
            logging.info("Found new checkpoint at %s", found)
            return found
        if stop is not None and time.time() + seconds_to_sleep > stop:
            return None
        time.sleep(seconds_to_sleep)


def checkpoints_iterator(
    checkpoint_dir: Any,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], Any] | None = None,
) -> Iterator[str]:
    """New checkpoints of a folder as they appear. Ends when none came for `timeout` seconds and `timeout_fn` does not object."""
    last = None
    while True:
        new = wait_for_new_checkpoint(checkpoint_dir, last, timeout=timeout)
        if new is None:
            if not timeout_fn:
                logging.info("Timed-out waiting for a checkpoint.")
                return
            if timeout_fn():
                return
            continue
        start = time.time()
        last = new
        yield new
        rest = start + min_interval_secs - time.time()
        if rest > 0:
            time.sleep(rest)
