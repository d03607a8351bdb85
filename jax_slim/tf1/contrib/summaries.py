"""`tf.contrib.summary`: summaries that write themselves when they run, into the writer that is the default where they are made."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, tensors
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import array, constant_op, control_flow, framework, logging, math, smart, summary
from jax_slim.tf1.python import global_step as steps

_INITIALIZERS = "_SUMMARY_WRITER_V2"

_default_writer: ContextVar[Any] = ContextVar("summary_writer", default=None)
# True, False, a tensor, a function of one of these, or None: not decided, which here is no.
_recording: ContextVar[Any] = ContextVar("summary_recording", default=None)


class SummaryWriter:
    """A writer that is a resource of the graph. Its file is begun by the operation that `init` makes."""

    def __init__(self, resource: Any, init_op_fn: Callable[[Any], Any]) -> None:
        self._resource, self._init_op_fn = resource, init_op_fn
        graphs.add_to_collection(_INITIALIZERS, self.init())

    def set_as_default(self) -> None:
        """Summaries made from now on in this thread go here."""
        _default_writer.set(self)

    @contextlib.contextmanager
    def as_default(self) -> Iterator["SummaryWriter"]:
        """Summaries made inside go here."""
        token = _default_writer.set(self)
        try:
            yield self
        finally:
            _default_writer.reset(token)

    def init(self) -> Any:
        """The operation that begins the file."""
        return self._init_op_fn(self._resource)

    def flush(self) -> Any:
        """The operation after which everything is in the file."""
        with graphs.device("cpu:0"):
            return building.make("FlushSummaryWriter", self._resource)

    def close(self) -> Any:
        """The operation that closes the file."""
        with graphs.control_dependencies([self.flush()]), graphs.device("cpu:0"):
            return building.make("CloseSummaryWriter", self._resource)


class _NoWriter:
    """What `create_file_writer(None)` gives: it changes nothing."""

    def set_as_default(self) -> None:
        pass

    @contextlib.contextmanager
    def as_default(self) -> Iterator["_NoWriter"]:
        yield self

    def init(self) -> None:
        pass

    flush = close = init


def create_file_writer(
    logdir: Any, max_queue: Any = None, flush_millis: Any = None, filename_suffix: Any = None, name: str | None = None
) -> Any:
    """A writer of event files in a folder; `name` is what sessions share it by, 'logdir:' and the folder by default.

    None as the folder gives a writer that does nothing. `max_queue` and `flush_millis` are accepted: every event is with
    the operating system when its operation has run.
    """
    if logdir is None:
        return _NoWriter()
    logdir = str(logdir)
    with graphs.device("cpu:0"):
        max_queue = constant_op.constant(10) if max_queue is None else max_queue
        flush_millis = constant_op.constant(2 * 60 * 1000) if flush_millis is None else flush_millis
        filename_suffix = constant_op.constant(".v2") if filename_suffix is None else filename_suffix
        resource = building.make("SummaryWriter", shared_name="logdir:" + logdir if name is None else name)

        def create(writer: Any) -> Any:
            return building.make("CreateSummaryFileWriter", writer, logdir, max_queue, flush_millis, filename_suffix)

        return SummaryWriter(resource, create)


def create_summary_file_writer(*args: Any, **kwargs: Any) -> Any:
    """The older name of `create_file_writer`."""
    logging.warning("Deprecation Warning: create_summary_file_writer was renamed to create_file_writer")
    return create_file_writer(*args, **kwargs)


@contextlib.contextmanager
def _record_if(condition: Any) -> Iterator[None]:
    token = _recording.set(condition)
    try:
        yield
    finally:
        _recording.reset(token)


def always_record_summaries() -> Any:
    """A context in which every run of a summary writes."""
    return _record_if(True)


def never_record_summaries() -> Any:
    """A context in which summaries write nothing."""
    return _record_if(False)


def record_summaries_every_n_global_steps(n: Any, global_step: Any = None) -> Any:
    """A context in which summaries write in the steps that are multiples of n."""
    if global_step is None:
        global_step = _global_step()
    with graphs.device("cpu:0"):
        return _record_if(math.equal(global_step % n, 0))


def should_record_summaries() -> Any:
    """A boolean tensor: whether a summary made here writes. Without a writer, or without a context that says so, it does not."""
    if _default_writer.get() is None:
        return constant_op.constant(False)
    condition = _condition()
    return math.logical_and(True, condition)


def _condition() -> Any:
    condition = _recording.get()
    condition = condition() if callable(condition) else condition
    return False if condition is None else condition


def all_summary_ops() -> list[Any]:
    """All summaries of the default graph that write themselves: what a step runs besides its training."""
    return graphs.get_collection(GraphKeys._SUMMARY_COLLECTION)


def summary_writer_initializer_op() -> list[Any]:
    """The operations that begin the files of the default graph's writers."""
    return graphs.get_collection(_INITIALIZERS)


def initialize(graph: Any = None, session: Any = None) -> None:
    """Begins the files of all writers; with a graph (or GraphDef), writes it to the default writer.

    Raises:
      RuntimeError: no writer is the default.
      ValueError: no session is given, and none is the default.
    """
    if _default_writer.get() is None:
        raise RuntimeError("No default tf.contrib.summary.SummaryWriter found")
    session = graphs.get_default_session() if session is None else session
    if session is None:
        raise ValueError("Argument `session must be passed if no default session exists")
    session.run(summary_writer_initializer_op())
    if graph is not None:
        text = array.placeholder(dtypes.string)
        session.run(_graph(text, 0), feed_dict={text: _serialized(graph)})


def _serialized(graph: Any) -> bytes:
    definition = graph.as_graph_def(add_shapes=True) if isinstance(graph, graphs.Graph) else graph
    return definition.SerializeToString()


def _global_step() -> Any:
    return steps.get_or_create_global_step()


def _step(step: Any) -> Any:
    if step is None:
        return _global_step()
    return step if isinstance(step, tensors.Tensor) else conversion.convert_to_tensor(step, dtypes.int64)


def _written(name: Any, tensor: Any, family: Any, write: Callable[[Any, str, str], Any]) -> Any:
    """The operation that calls `write(writer, tag, scope)` where it should; a no-op without a writer."""
    outer = framework.get_name_scope()
    writer = _default_writer.get()

    def record() -> Any:
        with (
            graphs.name_scope(outer + "/" if outer else outer),
            summary._scope(name, family, values=[tensor]) as (tag, scope),
        ):
            with graphs.control_dependencies([write(writer, tag, scope)]):
                return constant_op.constant(True)

    if writer is None:
        return control_flow.no_op()
    with graphs.device("cpu:0"):
        condition = _condition()
        should = constant_op.constant(False) if _recording.get() is False else math.logical_and(True, condition)
        known = smart.constant_value(condition)
        made = smart.smart_cond(
            should if known is None else known, record, lambda: constant_op.constant(False), name=""
        )
        graphs.add_to_collection(GraphKeys._SUMMARY_COLLECTION, made)
    return made


def _make(type: str, writer: Any, step: Any, *inputs: Any, **facts: Any) -> Any:
    return building.make(type, writer._resource, _step(step), *inputs, **facts)


def generic(name: Any, tensor: Any, metadata: Any = None, family: Any = None, step: Any = None) -> Any:
    """Writes a whole tensor, and what a plugin of TensorBoard is to do with it: a `SummaryMetadata`, or one serialized."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        if metadata is None:
            serialized = constant_op.constant("")
        else:
            serialized = (
                constant_op.constant(metadata.SerializeToString())
                if hasattr(metadata, "SerializeToString")
                else metadata
            )
        return _make("WriteSummary", writer, step, array.identity(tensor), tag, serialized, name=scope)

    return _written(name, tensor, family, write)


def scalar(name: Any, tensor: Any, family: Any = None, step: Any = None) -> Any:
    """Writes one number, at the global step or the one given."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        return _make("WriteScalarSummary", writer, step, tag, array.identity(tensor), name=scope)

    return _written(name, tensor, family, write)


def histogram(name: Any, tensor: Any, family: Any = None, step: Any = None) -> Any:
    """Writes how values are distributed. NaN and infinity are an error when it is run."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        return _make("WriteHistogramSummary", writer, step, tag, array.identity(tensor), name=scope)

    return _written(name, tensor, family, write)


def image(
    name: Any, tensor: Any, bad_color: Any = None, max_images: int = 3, family: Any = None, step: Any = None
) -> Any:
    """Writes the first images of a batch [n, height, width, 1, 3 or 4]; pixels that are no numbers get `bad_color`, red by default."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        bad = constant_op.constant([255, 0, 0, 255], dtype=dtypes.uint8) if bad_color is None else bad_color
        return _make(
            "WriteImageSummary", writer, step, tag, array.identity(tensor), bad, max_images=max_images, name=scope
        )

    return _written(name, tensor, family, write)


def audio(name: Any, tensor: Any, sample_rate: Any, max_outputs: int, family: Any = None, step: Any = None) -> Any:
    """Writes the first clips of a batch [n, frames] or [n, frames, channels], from -1 to 1."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        return _make(
            "WriteAudioSummary",
            writer,
            step,
            tag,
            array.identity(tensor),
            sample_rate,
            max_outputs=max_outputs,
            name=scope,
        )

    return _written(name, tensor, family, write)


def graph(param: Any, step: Any = None, name: Any = None) -> Any:
    """Writes the graph that a tensor holds, serialized.

    Raises:
      TypeError: `param` is no tensor.
    """
    if not isinstance(param, tensors.Tensor):
        raise TypeError(
            f"graph() needs a argument `param` to be tf.Tensor (e.g. tf.placeholder) in graph mode, but received param={param} of type {type(param).__name__}."
        )
    return _graph(param, step, name)


def _graph(param: Any, step: Any, name: Any = None) -> Any:
    writer = _default_writer.get()
    if writer is None:
        return control_flow.no_op()
    with graphs.device("cpu:0"):
        return _make("WriteGraphSummary", writer, step, array.identity(param), name=name)


def import_event(tensor: Any, name: Any = None) -> Any:
    """Writes a serialized `Event` as it is, whether or not summaries are recorded."""
    writer = _default_writer.get()
    return building.make("ImportEvent", writer._resource, tensor, name=name)


def flush(writer: Any = None, name: Any = None) -> Any:
    """The operation after which everything is in the file of a writer, the default one without an argument."""
    writer = _default_writer.get() if writer is None else writer
    if writer is None:
        return control_flow.no_op()
    if isinstance(writer, SummaryWriter | _NoWriter):
        return writer.flush()
    with graphs.device("cpu:0"):
        return building.make("FlushSummaryWriter", writer, name=name)


def eval_dir(model_dir: str, name: str | None = None) -> str:
    """The folder for an evaluation's events: `eval`, or `eval_` and the name, in the model's folder."""
    return os.path.join(model_dir, "eval" if not name else f"eval_{name}")
