"""`tf.train.QueueRunner`: threads that fill a queue."""

import threading
import weakref
from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import collections, errors, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import logging


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
                except (*self._ends, RuntimeError) as error:
                    # A session that is closed cancels a run, or refuses it: which depends on what this thread was doing.
                    if not isinstance(error, self._ends) and not getattr(sess, "_closed", False):
                        raise
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
