"""Named arrays to a directory and back, through orbax. The only file that knows orbax, imported on first use."""

import contextlib
import logging
import os
import re
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import jax
import numpy as np

# Long enough for a slow disk; orbax gives up after it.
_TIMEOUT_SECONDS = 3600

# What orbax takes for a pattern of names ('run[1]' is not among what 'run[1]/*' finds); what its storage takes for a
# slash though it is part of a name; and bytes that are no text, which Python has as lone surrogates.
_MARKS = re.compile("[*?[\ud800-\udfff]" if os.sep == "\\" else "[*?[\\\\\ud800-\udfff]")


# orbax numbers its saves for the whole process: one that begins while another runs makes, or waits for, the other's
# directory. So two runs in two threads save one after the other.
_saving = threading.Lock()


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


def _reader(ocp: Any) -> Any:
    """What reads in this process alone: orbax's own way has all processes of a run wait for each other to read."""
    index = jax.process_index()
    alone = ocp.options.MultiprocessingOptions(
        primary_host=index, active_processes={index}, barrier_sync_key_prefix=f"jax-slim-{index}"
    )
    return ocp.Checkpointer(_handler(ocp), multiprocessing_options=alone)


class ArrayWriter:
    """Writes named arrays in the background, one set at a time."""

    def __init__(self) -> None:
        ocp = _orbax()
        self._save = contextlib.ExitStack()  # what lasts until a save has ended
        self._args = ocp.args
        self._saver = ocp.AsyncCheckpointer(_handler(ocp), timeout_secs=_TIMEOUT_SECONDS)

    def start(self, path: str, arrays: Mapping[str, jax.Array | np.ndarray]) -> None:
        """Begins to write `arrays`. The caller may change or donate them as soon as this returns."""
        _saving.acquire()
        self._save.callback(_saving.release)
        try:
            plain_path = self._save.enter_context(plain(path))
            self._saver.save(plain_path, args=self._args.PyTreeSave(dict(arrays)))
        except BaseException:
            self._save.close()
            raise

    def wait(self) -> None:
        """Returns when all is written; raises what went wrong."""
        with self._save:
            self._saver.wait_until_finished()

    def close(self) -> None:
        with self._save:
            self._saver.close()


def has_marks(path: str) -> bool:
    """Whether orbax, or its storage, would take this path for another."""
    return bool(_MARKS.search(path))


@contextlib.contextmanager
def plain(path: str) -> Iterator[str]:
    """A path to the same place that orbax and its storage take as it is: through a link where it has such marks.

    Raises:
      OSError: no link can be made on this machine.
    """
    if not has_marks(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="jax-slim-") as folder:
        if has_marks(folder):
            raise OSError(f"the folder for temporary files, {folder}, has such marks as well; set TMPDIR")
        link, target = os.path.join(folder, "to"), os.path.abspath(path)
        there = os.path.isdir(target)  # else orbax makes it
        os.symlink(target if there else os.path.dirname(target), link, target_is_directory=True)
        yield link if there else os.path.join(link, os.path.basename(target))


def read_arrays(path: str, specs: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, np.ndarray]:
    """Those of the arrays that `ArrayWriter` wrote to `path` that `specs` names. The others are not read."""
    ocp = _orbax()
    with plain(path) as path, _reader(ocp) as reader:
        each = {name: ocp.RestoreArgs(restore_type=np.ndarray) for name in specs}
        wanted = ocp.args.PyTreeRestore(item=dict(specs), restore_args=each, partial_restore=True)
        return reader.restore(path, args=wanted)


def tree_specs(path: str) -> dict[str, jax.ShapeDtypeStruct]:
    """Shape and dtype of the leaves of any tree that orbax saved to `path`, by their keys: 'params/conv1/kernel'."""
    ocp = _orbax()
    with plain(path) as path, _reader(ocp) as reader:
        leaves = jax.tree_util.tree_leaves_with_path(_metadata(reader, path), is_leaf=_is_leaf)
    return {_key(where): jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for where, leaf in leaves if _is_array(leaf)}


def read_tree(path: str, wanted: Collection[str]) -> dict[str, np.ndarray]:
    """The leaves of such a tree with these keys. The others are not read."""
    ocp = _orbax()
    with plain(path) as path, _reader(ocp) as reader:
        tree = _metadata(reader, path)

        def asked(where: Any, leaf: Any) -> Any:
            return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) if _key(where) in wanted else ocp.PLACEHOLDER

        item = jax.tree_util.tree_map_with_path(asked, tree, is_leaf=_is_leaf)
        each = jax.tree.map(lambda leaf: ocp.RestoreArgs(restore_type=np.ndarray), tree, is_leaf=_is_leaf)
        read = reader.restore(path, args=ocp.args.PyTreeRestore(item=item, restore_args=each))
    found = {_key(where): leaf for where, leaf in jax.tree_util.tree_leaves_with_path(read)}
    return {name: np.asarray(found[name]) for name in wanted}


def _metadata(reader: Any, path: str) -> Any:
    metadata = reader.metadata(path).item_metadata
    if metadata is None:  # orbax logs why, and says no more
        raise ValueError("orbax finds no tree in it.")
    return getattr(metadata, "tree", metadata)


def _is_leaf(node: Any) -> bool:
    return hasattr(node, "directory")  # the metadata of one array or number


def _is_array(leaf: Any) -> bool:
    return getattr(leaf, "shape", None) is not None and getattr(leaf, "dtype", None) is not None


def _key(where: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(where, simple=True, separator="/")
