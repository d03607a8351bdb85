"""`tf.FIFOQueue` and its kin, readers, and `QueueRunner`: what feeds a graph from threads."""

import threading
import weakref
from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import building, collections, conversion, dtypes, errors, graphs, shapes
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import logging, random


class QueueBase:
    """What queues share. Made by their own classes; `from_list` chooses one of several."""

    def __init__(self, types: Any, element_shapes: Any, names: Any, queue_ref: Tensor) -> None:
        self._dtypes, self._queue_ref = types, queue_ref
        if element_shapes is not None:
            if len(element_shapes) != len(types):
                raise ValueError(
                    f"Queue shapes must have the same length as dtypes, got {len(element_shapes)} shapes, {len(types)} dtypes"
                )
            self._shapes = [shapes.as_shape(s) for s in element_shapes]
        else:
            self._shapes = [shapes.unknown_shape() for _ in types]
        if names is not None and len(names) != len(types):
            raise ValueError(
                f"Queue names must have the same length as the queue, got {names} names for {len(types)} dtypes"
            )
        self._names = names
        self._name = queue_ref.op.name.rpartition("/")[2]

    queue_ref = property(lambda self: self._queue_ref)
    name = property(lambda self: self._queue_ref.op.name)
    dtypes = property(lambda self: self._dtypes)
    shapes = property(lambda self: self._shapes)
    names = property(lambda self: self._names)

    @staticmethod
    def from_list(index: Any, queues: list[Any]) -> Any:
        """The queue of that number.

        Raises:
          TypeError: what is given are no queues.
        """
        if not queues or not all(isinstance(q, QueueBase) for q in queues):
            raise TypeError("A list of queues expected")
        from jax_slim.tf1.graph import known_values

        chosen = known_values.constant_value(conversion.convert_to_tensor(index))
        if chosen is None:
            raise ValueError("QueueBase.from_list: index must be known while the graph is built.")
        return queues[int(chosen)]

    def _components(self, vals: Any) -> list[Tensor]:
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names) != sorted(vals):
                raise ValueError(
                    f"Keys in dictionary to enqueue do not match names of Queue.  Dictionary: ({sorted(vals)}), Queue: ({sorted(self._names)})"
                )
            vals = [vals[n] for n in self._names]
        else:
            if self._names:
                raise ValueError("You must enqueue a dictionary in a Queue with names")
            if not isinstance(vals, list | tuple):
                vals = [vals]
        if len(vals) != len(self._dtypes):
            raise ValueError(f"Enqueue: the queue has {len(self._dtypes)} components, got {len(vals)} values.")
        return [
            conversion.convert_to_tensor(v, d, f"component_{i}")
            for i, (v, d) in enumerate(zip(vals, self._dtypes, strict=True))
        ]

    def _result(self, tensors: Any) -> Any:
        tensors = tensors if isinstance(tensors, list) else [tensors]
        if self._names:
            return dict(zip(self._names, tensors, strict=True))
        return tensors[0] if len(tensors) == 1 else tensors

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """Adds one element when it runs; it waits while the queue is full."""
        given = list(vals.values()) if isinstance(vals, dict) else vals if isinstance(vals, list | tuple) else [vals]
        with graphs.name_scope(name, f"{self._name}_enqueue", given) as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                tensor.shape.assert_is_compatible_with(shape)
            return building.make("QueueEnqueueV2", self._queue_ref, tensors, name=scope)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """Adds the rows of the values when it runs."""
        given = list(vals.values()) if isinstance(vals, dict) else vals if isinstance(vals, list | tuple) else [vals]
        with graphs.name_scope(name, f"{self._name}_EnqueueMany", given) as scope:
            tensors = self._components(vals)
            rows_ = tensors[0].shape.with_rank_at_least(1)[0]
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                rows_ = rows_.merge_with(tensor.shape.with_rank_at_least(1)[0])
                if tensor.shape.ndims is not None:
                    tensor.shape[1:].assert_is_compatible_with(shape)
            return building.make("QueueEnqueueManyV2", self._queue_ref, tensors, name=scope)

    def _dequeued(self, tensors: Any) -> Any:
        return self._result(list(tensors) if isinstance(tensors, list | tuple) else tensors)

    def dequeue(self, name: str | None = None) -> Any:
        """Takes one element; it waits while the queue is empty."""
        made = building.make(
            "QueueDequeueV2", self._queue_ref, component_types=self._dtypes, name=name or f"{self._name}_Dequeue"
        )
        return self._dequeued(made)

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """Takes n elements, stacked."""
        made = building.make(
            "QueueDequeueManyV2",
            self._queue_ref,
            n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueMany",
        )
        return self._dequeued(made)

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """Takes n elements, or those that a closed queue has left, stacked."""
        made = building.make(
            "QueueDequeueUpToV2",
            self._queue_ref,
            n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueUpTo",
        )
        return self._dequeued(made)

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """Lets nothing more in when it runs."""
        return building.make(
            "QueueCloseV2",
            self._queue_ref,
            cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or f"{self._name}_Close",
        )

    def is_closed(self, name: str | None = None) -> Tensor:
        return building.make("QueueIsClosedV2", self._queue_ref, name=name or f"{self._name}_Is_Closed")

    def size(self, name: str | None = None) -> Tensor:
        """How many elements there are."""
        return building.make("QueueSizeV2", self._queue_ref, name=name or f"{self._name}_Size")


def _types(types: Any) -> list[Any]:
    return [dtypes.as_dtype(t) for t in (types if isinstance(types, list | tuple) else [types])]


def _shape_list(element_shapes: Any, types: list[Any]) -> Any:
    if isinstance(element_shapes, shapes.TensorShape):
        return [element_shapes]
    if element_shapes is None or not isinstance(element_shapes, list | tuple):
        return element_shapes
    if (
        len(types) == 1
        and all(isinstance(d, int | None.__class__) for d in element_shapes)
        and (not element_shapes or len(element_shapes) != 1 or isinstance(element_shapes[0], int | None.__class__))
    ):
        return [element_shapes] if element_shapes else [[]]
    return list(element_shapes)


class FIFOQueue(QueueBase):
    """A queue that gives its elements in the order in which they came."""

    _type, _default = "FIFOQueueV2", "fifo_queue"

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str | None = None,
    ) -> None:
        types = _types(dtypes)
        known = _shape_list(shapes, types)
        names = [names] if isinstance(names, str) else names
        ref = building.make(
            self._type,
            component_types=types,
            shapes=known or [],
            capacity=capacity,
            shared_name=shared_name or "",
            name=name or self._default,
        )
        super().__init__(types, known, names, ref)


class PaddingFIFOQueue(FIFOQueue):
    """A queue whose elements may differ in the sizes that are None in `shapes`; `dequeue_many` pads them with zeros."""

    _type, _default = "PaddingFIFOQueueV2", "padding_fifo_queue"

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any,
        names: Any = None,
        shared_name: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(capacity, dtypes, shapes, names, shared_name, name)


class RandomShuffleQueue(QueueBase):
    """A queue that gives its elements in random order and keeps `min_after_dequeue` of them until it is closed."""

    def __init__(
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: int | None = None,
        shared_name: str | None = None,
        name: str | None = None,
    ) -> None:
        types = _types(dtypes)
        known = _shape_list(shapes, types)
        names = [names] if isinstance(names, str) else names
        first, second = random.get_seed(seed)
        ref = building.make(
            "RandomShuffleQueueV2", component_types=types, shapes=known or [], capacity=capacity, min_after_dequeue=min_after_dequeue, seed=first or 0,
            seed2=second or 0, shared_name=shared_name or "", name=name or "random_shuffle_queue",
        )  # fmt: skip
        super().__init__(types, known, names, ref)


class PriorityQueue(QueueBase):
    """A queue that gives the element with the smallest priority, its first component (int64), first."""

    def __init__(
        self,
        capacity: int,
        types: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:
        kinds = _types(types)
        known = _shape_list(shapes, kinds)
        ref = building.make(
            "PriorityQueueV2",
            component_types=kinds,
            shapes=known or [],
            capacity=capacity,
            shared_name=shared_name or "",
            name=name,
        )
        super().__init__([dtypes.int64, *kinds], None if known is None else [(), *known], names, ref)


# Readers.


class ReaderBase:
    """Reads records of the files whose names a queue gives."""

    def __init__(self, reader_ref: Tensor, supports_serialize: bool = False) -> None:
        self._ref = reader_ref

    reader_ref = property(lambda self: self._ref)

    @staticmethod
    def _queue(queue: Any) -> Tensor:
        return queue if isinstance(queue, Tensor) else queue.queue_ref

    def read(self, queue: Any, name: str | None = None) -> Any:
        """(key, value) of the next record."""
        return building.make("ReaderReadV2", self._ref, self._queue(queue), name=name)

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """(keys, values) of up to so many records."""
        return building.make("ReaderReadUpToV2", self._ref, self._queue(queue), num_records, name=name)

    def num_records_produced(self, name: str | None = None) -> Tensor:
        return building.make("ReaderNumRecordsProducedV2", self._ref, name=name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        return building.make("ReaderNumWorkUnitsCompletedV2", self._ref, name=name)

    def reset(self, name: str | None = None) -> Operation:
        return building.make("ReaderResetV2", self._ref, name=name)


class TFRecordReader(ReaderBase):
    """Reads TFRecord files."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        packing = (
            ""
            if options is None
            else options.get_compression_type_string(options)
            if hasattr(options, "get_compression_type_string")
            else ""
        )
        super().__init__(building.make("TFRecordReaderV2", compression_type=packing, name=name))


class TextLineReader(ReaderBase):
    """Reads lines of text files."""

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        super().__init__(building.make("TextLineReaderV2", skip_header_lines=skip_header_lines or 0, name=name))


class WholeFileReader(ReaderBase):
    """Reads each file as one record; the key is its name."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(building.make("WholeFileReaderV2", name=name))


class IdentityReader(ReaderBase):
    """Gives the names themselves."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(building.make("IdentityReaderV2", name=name))


class FixedLengthRecordReader(ReaderBase):
    """Reads pieces of so many bytes."""

    def __init__(
        self,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        hop_bytes: int | None = None,
        name: str | None = None,
        encoding: str | None = None,
    ) -> None:
        super().__init__(building.make(
            "FixedLengthRecordReaderV2", record_bytes=record_bytes, header_bytes=header_bytes or 0, footer_bytes=footer_bytes or 0,
            hop_bytes=hop_bytes or 0, encoding=encoding or "", name=name,
        ))  # fmt: skip


# Queue runners.


class QueueRunner:
    """Runs the enqueue operations of a queue, each in a thread of its own, until the input ends."""

    def __init__(self, queue: Any = None, enqueue_ops: Any = None, close_op: Any = None, cancel_op: Any = None, queue_closed_exception_types: Any = None,
                 queue_runner_def: Any = None, import_scope: str | None = None) -> None:  # fmt: skip
        if queue_runner_def is not None:
            graph = graphs.get_default_graph()
            prefix = f"{import_scope}/" if import_scope else ""
            queue = graph.as_graph_element(prefix + queue_runner_def.queue_name)
            enqueue_ops = [graph.as_graph_element(prefix + n) for n in queue_runner_def.enqueue_op_name]
            close_op = graph.as_graph_element(prefix + queue_runner_def.close_op_name)
            cancel_op = graph.as_graph_element(prefix + queue_runner_def.cancel_op_name)
            codes = queue_runner_def.queue_closed_exception_types
            queue_closed_exception_types = [errors.exception_type_from_error_code(c) for c in codes]
        elif queue is None or not enqueue_ops:
            raise ValueError("Must provide queue and enqueue_ops.")
        self._queue, self._enqueue_ops = queue, list(enqueue_ops)
        self._close_op = queue.close() if close_op is None else close_op
        self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op
        self._ends = tuple(queue_closed_exception_types or (errors.OutOfRangeError, errors.CancelledError))
        self._lock = threading.Lock()
        self._runs: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._raised: list[BaseException] = []

    queue = property(lambda self: self._queue)
    enqueue_ops = property(lambda self: self._enqueue_ops)
    close_op = property(lambda self: self._close_op)
    cancel_op = property(lambda self: self._cancel_op)
    queue_closed_exception_types = property(lambda self: self._ends)
    exceptions_raised = property(lambda self: self._raised)

    @property
    def name(self) -> str:
        return self._queue.name if not isinstance(self._queue, Tensor) else self._queue.op.name

    @staticmethod
    def from_proto(queue_runner_def: Any, import_scope: str | None = None) -> "QueueRunner":
        """The runner that a QueueRunnerDef speaks of, whose nodes are in the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)

    def to_proto(self, export_scope: str | None = None) -> Any:
        """A QueueRunnerDef; None where the queue is not in the scope."""
        if export_scope and not self.name.startswith(export_scope):
            return None

        def inside(name: str) -> str:
            return name[len(export_scope.rstrip("/")) + 1 :] if export_scope else name

        return protos.QueueRunnerDef(
            queue_name=inside(self.name), enqueue_op_name=[inside(op.name) for op in self._enqueue_ops],
            close_op_name=inside(self._close_op.name), cancel_op_name=inside(self._cancel_op.name),
            queue_closed_exception_types=[errors.error_code_from_exception_type(e) for e in self._ends],
        )  # fmt: skip

    def _run(self, sess: Any, enqueue_op: Any, coord: Any = None) -> None:
        decremented = False
        try:
            while not (coord and coord.should_stop()):
                try:
                    sess.run(enqueue_op)
                except self._ends:
                    with self._lock:
                        self._runs[sess] -= 1
                        decremented = True
                        if self._runs[sess] == 0:
                            try:
                                sess.run(self._close_op)
                            except Exception as error:
                                logging.vlog(1, "Ignored exception: %s", str(error))
                    return
        except Exception as error:
            if coord:
                coord.request_stop(error)
                return
            logging.error("Exception in QueueRunner: %s", str(error))
            with self._lock:
                self._raised.append(error)
            raise
        finally:
            if not decremented:
                with self._lock:
                    self._runs[sess] -= 1

    def _close_on_stop(self, sess: Any, cancel_op: Any, coord: Any) -> None:
        coord.wait_for_stop()
        try:
            sess.run(cancel_op)
        except Exception as error:
            logging.vlog(1, "Ignored exception: %s", str(error))

    def create_threads(
        self, sess: Any, coord: Any = None, daemon: bool = False, start: bool = False
    ) -> list[threading.Thread]:
        """A thread for each enqueue operation, and one that cancels them when the coordinator stops."""
        with self._lock:
            if self._runs.get(sess, 0) > 0:
                return []
            self._runs[sess] = len(self._enqueue_ops)
            self._raised = []
        threads = [
            threading.Thread(target=self._run, args=(sess, op, coord), name=f"QueueRunnerThread-{self.name}-{op.name}")
            for op in self._enqueue_ops
        ]
        if coord:
            threads.append(
                threading.Thread(
                    target=self._close_on_stop,
                    args=(sess, self._cancel_op, coord),
                    name=f"QueueRunnerThread-{self.name}-close_on_stop",
                )
            )
        for thread in threads:
            if coord:
                coord.register_thread(thread)
            thread.daemon = daemon or thread.daemon
            if start:
                thread.start()
        return threads


def add_queue_runner(qr: QueueRunner, collection: str = collections.GraphKeys.QUEUE_RUNNERS) -> None:
    """Adds a queue runner to those that `start_queue_runners` starts."""
    graphs.add_to_collection(collection, qr)


def start_queue_runners(
    sess: Any = None,
    coord: Any = None,
    daemon: bool = True,
    start: bool = True,
    collection: str = collections.GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:
    """Starts the threads of all queue runners of the graph.

    Raises:
      ValueError: there is no session.
      TypeError: what is given is none.
    """
    if sess is None:
        sess = graphs.get_default_session()
        if sess is None:
            raise ValueError(
                "Cannot start queue runners: No default session is registered. Use `with sess.as_default()` or pass an explicit session to tf.start_queue_runners(sess=sess)"
            )
    if not hasattr(sess, "run") or not hasattr(sess, "graph"):
        raise TypeError(f"sess must be a `tf.Session` object. Given class: {sess.__class__}")
    threads: list[threading.Thread] = []
    with sess.graph.as_default():
        for runner in graphs.get_collection(collection):
            threads.extend(runner.create_threads(sess, coord=coord, daemon=daemon, start=start))
    return threads
