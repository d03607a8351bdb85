"""`tf.summary.FileWriter`: summaries, graphs and more as events in a file of a folder."""

import os
import threading
import time
import warnings
from typing import Any

import numpy as np

from jax_slim.tf1.files import events, meta_graphs, protos
from jax_slim.tf1.graph import graphs


class FileWriter:
    """Writes events into a new file in `logdir`, for TensorBoard. With a graph, the graph first.

    `max_queue` and `flush_secs` are accepted; every event is with the operating system when the call returns.
    With a session, summaries given to `add_summary` are still written here.
    """

    def __init__(
        self,
        logdir: Any,
        graph: Any = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        graph_def: Any = None,
        filename_suffix: str | None = None,
        session: Any = None,
    ) -> None:
        self._logdir, self._suffix = os.fspath(logdir), filename_suffix or ""
        self._lock = threading.RLock()
        self._writer: events.EventsWriter | None = events.EventsWriter(self._logdir, self._suffix)
        self._seen: set[str] = set()
        self._session_run_tags: set[str] = set()
        if graph is not None or graph_def is not None:
            self.add_graph(graph, graph_def=graph_def)
            definition = (
                graph_def
                if graph is None or not isinstance(graph, graphs.Graph)
                else graph.as_graph_def(add_shapes=True)
            )
            self.add_meta_graph(meta_graphs.create(definition or graph))

    def get_logdir(self) -> str:
        """The folder."""
        return self._logdir

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Writes a summary: a `Summary`, or one serialized, as a session gives it."""
        if isinstance(summary, np.ndarray):
            summary = summary.item()
        made = protos.Summary()
        if isinstance(summary, bytes):
            made.ParseFromString(summary)
        else:
            made.CopyFrom(summary)
        with self._lock:
            for value in made.value:  # what a plugin needs is kept in the first event of a tag alone
                if value.HasField("metadata"):
                    if value.tag in self._seen:
                        value.ClearField("metadata")
                    else:
                        self._seen.add(value.tag)
            self._add(protos.Event(summary=made), global_step)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Writes that a session started, stopped or saved."""
        self._add(protos.Event(session_log=session_log), global_step)

    def add_graph(self, graph: Any = None, global_step: Any = None, graph_def: Any = None) -> None:
        """Writes a graph.

        Raises:
          TypeError, ValueError: it is no graph.
        """
        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        given = graph if graph is not None else graph_def
        definition: Any = given
        if isinstance(given, graphs.Graph):
            definition = given.as_graph_def(add_shapes=True)
        elif not (hasattr(given, "node") and hasattr(given, "SerializeToString")):
            raise TypeError("The passed graph must be an instance of `Graph` or the deprecated `GraphDef`")
        self._add(protos.Event(graph_def=definition.SerializeToString()), global_step)

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Writes a MetaGraphDef.

        Raises:
          TypeError: it is none.
        """
        if not hasattr(meta_graph_def, "graph_def"):
            raise TypeError(f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}")
        self._add(protos.Event(meta_graph_def=meta_graph_def.SerializeToString()), global_step)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Writes what was measured of a run, under a tag that no run had.

        Raises:
          ValueError: the tag was used before.
        """
        tagged = protos.TaggedRunMetadata(tag=tag, run_metadata=run_metadata.SerializeToString())
        with self._lock:
            if tag in self._session_run_tags:
                raise ValueError("The provided tag was already used for this event type")
            self._session_run_tags.add(tag)
            self._add(protos.Event(tagged_run_metadata=tagged), global_step)

    def add_event(self, event: Any) -> None:
        """Writes an event as it is."""
        with self._lock:
            if self._writer is None:
                warnings.warn(
                    "Attempting to use a closed FileWriter. The operation will be a noop unless the FileWriter is explicitly reopened.",
                    stacklevel=2,
                )
                return
            self._writer.write(event)

    def _add(self, event: Any, global_step: Any) -> None:
        if global_step is not None:
            event.step = int(global_step)
        with self._lock:  # events of several threads are in the file in the order of their times
            event.wall_time = time.time()
            self.add_event(event)

    def flush(self) -> None:
        """Makes sure that what was written is on its way to the disk."""
        with self._lock:
            if self._writer is not None:
                self._writer.flush()

    def close(self) -> None:
        """Closes the file. What is added later is dropped, with a warning."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def reopen(self) -> None:
        """After `close`: goes on in a new file."""
        with self._lock:
            if self._writer is None:
                self._writer = events.EventsWriter(self._logdir, self._suffix)

    def __enter__(self) -> "FileWriter":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


class FileWriterCache:
    """One writer a folder."""

    _cache: dict[str, FileWriter] = {}  # noqa: RUF012
    _lock = threading.RLock()

    @staticmethod
    def get(logdir: Any) -> FileWriter:
        """The writer of a folder, made when there is none."""
        with FileWriterCache._lock:
            logdir = os.fspath(logdir)
            if logdir not in FileWriterCache._cache:
                FileWriterCache._cache[logdir] = FileWriter(logdir, graph=graphs.get_default_graph())
            return FileWriterCache._cache[logdir]

    @staticmethod
    def clear() -> None:
        """Closes and forgets all."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._cache.values():
                writer.close()
            FileWriterCache._cache.clear()
