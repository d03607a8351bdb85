"""Rows of writers of summaries that are part of the graph: `tf.contrib.summary`. Each writes one event when it runs."""

import threading
import time
from typing import Any

import numpy as np

from jax_slim.tf1.files import events, protos
from jax_slim.tf1.graph import errors, rows
from jax_slim.tf1.operations import queues, summary_ops


class SummaryWriterValue:
    """A session's writer of one shared name. It has a file from the operation that creates it until the one that closes it."""

    def __init__(self, name: str) -> None:
        self._name, self._file, self._lock = name, None, threading.Lock()

    def open(self, logdir: str, suffix: str) -> None:
        """Begins a file; nothing where one is open, so that several initializers of a shared name agree."""
        with self._lock:
            if self._file is None:
                self._file = events.EventsWriter(logdir, suffix)

    def write(self, event: Any) -> None:
        """Appends an event.

        Raises:
          NotFoundError: nothing has opened the file, or it was closed.
        """
        with self._lock:
            self._opened().write(event)

    def flush(self) -> None:
        """What was written is with the operating system already; refuses as `write` does."""
        with self._lock:
            self._opened().flush()

    def close(self) -> None:
        """Closes the file: another `open` begins another."""
        with self._lock:
            self._opened().close()
            self._file = None

    def _opened(self) -> events.EventsWriter:
        if self._file is None:
            raise errors.NotFoundError(
                None, None, f"Resource localhost/{self._name}/SummaryWriterInterface does not exist: run tf.contrib.summary.initialize first."
            )  # fmt: skip
        return self._file


def _string(value: Any) -> str:
    return bytes(np.asarray(value, object).reshape(-1)[0]).decode("utf-8", "surrogateescape")


@rows.row("SummaryWriter", host=True, context=True, shape=queues._handle, gradient=rows.NONE)
def summary_writer(run: Any, op: Any) -> Any:
    name = (op.attrs.get("shared_name") or b"").decode() or op.name
    return queues.resource(run, op, lambda: SummaryWriterValue(name))


@rows.row("CreateSummaryFileWriter", host=True, gradient=rows.NONE)
def create_summary_file_writer(
    writer: Any, logdir: Any, max_queue: Any, flush_millis: Any, filename_suffix: Any
) -> None:
    writer.open(_string(logdir), _string(filename_suffix))


@rows.row("FlushSummaryWriter", host=True, gradient=rows.NONE)
def flush_summary_writer(writer: Any) -> None:
    writer.flush()


@rows.row("CloseSummaryWriter", host=True, gradient=rows.NONE)
def close_summary_writer(writer: Any) -> None:
    writer.close()


def _write(writer: Any, step: Any, **content: Any) -> None:
    writer.write(protos.Event(wall_time=time.time(), step=int(np.asarray(step)), **content))


def _write_summary(writer: Any, step: Any, serialized: Any) -> None:
    _write(writer, step, summary=protos.Summary.FromString(serialized.item()))


@rows.row("WriteScalarSummary", host=True, gradient=rows.NONE)
def write_scalar_summary(writer: Any, step: Any, tag: Any, value: Any) -> None:
    value = np.asarray(value)
    if value.shape:
        raise errors.InvalidArgumentError(
            None, None, f"Summary scalar {_string(tag)!r} must be a scalar, got shape {list(value.shape)}."
        )
    _write_summary(writer, step, summary_ops.scalar_summary(np.asarray(tag, object), value))


@rows.row("WriteHistogramSummary", host=True, gradient=rows.NONE)
def write_histogram_summary(writer: Any, step: Any, tag: Any, values: Any) -> None:
    _write_summary(writer, step, summary_ops.histogram_summary(tag, values))


@rows.row("WriteImageSummary", host=True, gradient=rows.NONE)
def write_image_summary(writer: Any, step: Any, tag: Any, tensor: Any, bad_color: Any, *, max_images: int) -> None:
    _write_summary(writer, step, summary_ops.image_summary(tag, tensor, max_images=max_images, bad_color=bad_color))


@rows.row("WriteAudioSummary", host=True, gradient=rows.NONE)
def write_audio_summary(writer: Any, step: Any, tag: Any, tensor: Any, sample_rate: Any, *, max_outputs: int) -> None:
    _write_summary(writer, step, summary_ops.audio_summary_v2(tag, tensor, sample_rate, max_outputs=max_outputs))


@rows.row("WriteSummary", host=True, gradient=rows.NONE)
def write_summary(writer: Any, step: Any, tensor: Any, tag: Any, summary_metadata: Any) -> None:
    serialized = summary_ops.tensor_summary_v2(tag, tensor, summary_metadata)
    if not np.asarray(summary_metadata, object).item():  # none is written where none was given
        summary = protos.Summary.FromString(serialized.item())
        summary.value[0].ClearField("metadata")
        _write(writer, step, summary=summary)
    else:
        _write_summary(writer, step, serialized)


@rows.row("WriteRawProtoSummary", host=True, gradient=rows.NONE)
def write_raw_proto_summary(writer: Any, step: Any, tensor: Any) -> None:
    merged = protos.Summary()
    for data in np.asarray(tensor, object).reshape(-1):
        merged.MergeFromString(data)
    _write(writer, step, summary=merged)


@rows.row("WriteGraphSummary", host=True, gradient=rows.NONE)
def write_graph_summary(writer: Any, step: Any, tensor: Any) -> None:
    _write(writer, step, graph_def=bytes(np.asarray(tensor, object).item()))


@rows.row("ImportEvent", host=True, gradient=rows.NONE)
def import_event(writer: Any, event: Any) -> None:
    from google.protobuf.message import DecodeError

    try:
        parsed = protos.Event.FromString(bytes(np.asarray(event, object).item()))
    except DecodeError as error:
        raise errors.DataLossError(None, None, f"Bad tf.Event binary proto: {error}") from None
    writer.write(parsed)
