"""`tf.train.Supervisor`: looks after a session: initializes or restores it, saves checkpoints and summaries in threads, stops it."""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

from jax_slim.tf1.files import meta_graphs, protos
from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import (
    control_flow,
    coordinator,
    graph_util,
    logging,
    summary,
    variable_initializers,
    variables,
)
from jax_slim.tf1.python import (
    global_step as steps,
)
from jax_slim.tf1.python import (
    saver as savers,
)
from jax_slim.tf1.python import (
    session_manager as managers,
)
from jax_slim.tf1.python.summary_writer import FileWriter


class Supervisor:
    """Looks after a training session.

    Args:
      ready_op, ready_for_local_init_op, init_op, local_init_op, summary_op, saver, global_step: parts of the graph; by
        default those in the collections of these names, made where there are none. None means: without.
      logdir: where checkpoints, summaries and the graph are written; None writes nothing.
      save_summaries_secs, save_model_secs: how often; 0 means never.
      init_fn: called with the session after `init_op`, unless a checkpoint was restored.
    """

    USE_DEFAULT = 0

    def __init__(
        self,
        graph: Any = None,
        ready_op: Any = USE_DEFAULT,
        ready_for_local_init_op: Any = USE_DEFAULT,
        is_chief: bool = True,
        init_op: Any = USE_DEFAULT,
        init_feed_dict: Any = None,
        local_init_op: Any = USE_DEFAULT,
        logdir: Any = None,
        summary_op: Any = USE_DEFAULT,
        saver: Any = USE_DEFAULT,
        global_step: Any = USE_DEFAULT,
        save_summaries_secs: float = 120,
        save_model_secs: float = 600,
        recovery_wait_secs: float = 30,
        stop_grace_secs: float = 120,
        checkpoint_basename: str = "model.ckpt",
        session_manager: Any = None,
        summary_writer: Any = USE_DEFAULT,
        init_fn: Any = None,
        local_init_run_options: Any = None,
    ) -> None:
        self._graph = graph if graph is not None else graphs.get_default_graph()
        self._is_chief, self._coord = is_chief, coordinator.Coordinator()
        self._started_threads: list[Any] = []
        self._recovery_wait_secs, self._stop_grace_secs, self._init_fn = recovery_wait_secs, stop_grace_secs, init_fn
        self._init_feed_dict, self._graph_added_to_summary = init_feed_dict, False
        with self._graph.as_default():
            self._init_parts(ready_op, ready_for_local_init_op, init_op, local_init_op, saver, summary_op, global_step)
        self._logdir = self._save_path = None
        self._summary_writer: Any = None
        if self._is_chief:
            self._logdir = os.fspath(logdir) if logdir else None
            self._save_path = os.path.join(self._logdir, checkpoint_basename) if self._logdir else None
            if isinstance(summary_writer, int) and summary_writer == Supervisor.USE_DEFAULT:
                self._summary_writer = FileWriter(self._logdir) if self._logdir else None
            else:
                self._summary_writer = summary_writer
        self._save_summaries_secs, self._save_model_secs = save_summaries_secs, save_model_secs
        self._meta_graph_def = None
        if self._is_chief:
            self._meta_graph_def = meta_graphs.create(self._graph)
            if self._saver:
                self._meta_graph_def.saver_def.CopyFrom(self._saver.saver_def)
        self._init_session_manager(session_manager)
        # Threads will run it: nothing may be added any more.
        self._graph.finalize()

    def _init_parts(
        self,
        ready_op: Any,
        ready_for_local_init_op: Any,
        init_op: Any,
        local_init_op: Any,
        saver: Any,
        summary_op: Any,
        global_step: Any,
    ) -> None:
        self._ready_op = self._part(ready_op, GraphKeys.READY_OP, variable_initializers.report_uninitialized_variables)
        self._ready_for_local_init_op = self._part(
            ready_for_local_init_op, GraphKeys.READY_FOR_LOCAL_INIT_OP, lambda: None
        )
        self._init_op = self._part(init_op, GraphKeys.INIT_OP, variable_initializers.global_variables_initializer)
        self._local_init_op = self._part(local_init_op, GraphKeys.LOCAL_INIT_OP, _default_local_init)
        self._saver = self._part(
            saver, GraphKeys.SAVERS, lambda: savers.Saver() if variables.global_variables() else None
        )
        self._summary_op = self._part(summary_op, GraphKeys.SUMMARY_OP, summary.merge_all)
        self._global_step = self._part(global_step, GraphKeys.GLOBAL_STEP, steps.get_global_step, add=False)

    @staticmethod
    def _part(given: Any, collection: str, make: Any, add: bool = True) -> Any:
        if not (isinstance(given, int) and given == Supervisor.USE_DEFAULT):
            return given
        found = graphs.get_collection(collection)
        if found:
            if len(found) > 1:
                logging.info("Found %d %s operations. Returning the first one.", len(found), collection)
            return found[0]
        made = make()
        if made is not None and add:
            graphs.add_to_collection(collection, made)
        return made

    def _init_session_manager(self, given: Any) -> None:
        self._session_manager = given or managers.SessionManager(
            local_init_op=self._local_init_op,
            ready_op=self._ready_op,
            ready_for_local_init_op=self._ready_for_local_init_op,
            graph=self._graph,
            recovery_wait_secs=self._recovery_wait_secs,
        )

    coord = property(lambda self: self._coord)
    is_chief = property(lambda self: self._is_chief)
    session_manager = property(lambda self: self._session_manager)
    init_op = property(lambda self: self._init_op)
    init_feed_dict = property(lambda self: self._init_feed_dict)
    ready_op = property(lambda self: self._ready_op)
    ready_for_local_init_op = property(lambda self: self._ready_for_local_init_op)
    summary_writer = property(lambda self: self._summary_writer)
    summary_op = property(lambda self: self._summary_op)
    save_summaries_secs = property(lambda self: self._save_summaries_secs)
    save_model_secs = property(lambda self: self._save_model_secs)
    saver = property(lambda self: self._saver)
    save_path = property(lambda self: self._save_path)
    global_step = property(lambda self: self._global_step)

    def _write_graph(self) -> None:
        if self._logdir:
            graph_util.write_graph(self._graph.as_graph_def(add_shapes=True), self._logdir, "graph.pbtxt")
        if self._summary_writer and not self._graph_added_to_summary:
            self._summary_writer.add_graph(self._graph)
            self._summary_writer.add_meta_graph(self._meta_graph_def)
            self._graph_added_to_summary = True

    def start_standard_services(self, sess: Any) -> list[Any] | None:
        """Starts the threads that write summaries, steps a second and checkpoints."""
        if not self._is_chief:
            raise RuntimeError(
                "Only chief supervisor can start standard services. Because only chief supervisors can write events."
            )
        if not self._logdir:
            logging.warning("Standard services need a 'logdir' passed to the SessionManager")
            return None
        if self._global_step is not None and self._summary_writer:
            self._summary_writer.add_session_log(
                protos.SessionLog(status=protos.SessionLog.START), steps.global_step(sess, self._global_step)
            )
        threads: list[Any] = []
        if self._save_summaries_secs and self._summary_writer:
            if self._summary_op is not None:
                threads.append(SVSummaryThread(self, sess))
            if self._global_step is not None:
                threads.append(SVStepCounterThread(self, sess))
        if self._saver and self._save_model_secs:
            threads.append(SVTimerCheckpointThread(self, sess))
        for thread in threads:
            thread.start()
        self._started_threads.extend(threads)
        return threads

    def prepare_or_wait_for_session(
        self,
        master: str = "",
        config: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        start_standard_services: bool = True,
    ) -> Any:
        """A session that is ready: restored from `logdir`, or initialized; services and queue runners started."""
        self._coord.clear_stop()
        if self._summary_writer:
            self._summary_writer.reopen()
        if self._is_chief:
            sess = self._session_manager.prepare_session(
                master,
                init_op=self._init_op,
                saver=self._saver,
                checkpoint_dir=self._logdir,
                wait_for_checkpoint=wait_for_checkpoint,
                max_wait_secs=max_wait_secs,
                config=config,
                init_feed_dict=self._init_feed_dict,
                init_fn=self._init_fn,
            )
            self._write_graph()
            if start_standard_services:
                logging.info("Starting standard services.")
                self.start_standard_services(sess)
        else:
            sess = self._session_manager.wait_for_session(master, config=config, max_wait_secs=max_wait_secs)
        if start_standard_services:
            logging.info("Starting queue runners.")
            self.start_queue_runners(sess)
        return sess

    PrepareSession = prepare_or_wait_for_session

    def start_queue_runners(self, sess: Any, queue_runners: Any = None) -> list[Any]:
        """Starts the threads of queue runners: those of the graph by default."""
        if queue_runners is None:
            queue_runners = self._graph.get_collection(GraphKeys.QUEUE_RUNNERS)
        threads: list[Any] = []
        for runner in queue_runners:
            threads.extend(runner.create_threads(sess, coord=self._coord, daemon=True, start=True))
        self._started_threads.extend(threads)
        return threads

    StartQueueRunners = start_queue_runners
    StartStandardServices = start_standard_services

    def loop(self, timer_interval_secs: float | None, target: Any, args: Any = None, kwargs: Any = None) -> Any:
        """Starts a thread that calls a function every so many seconds, or on and on."""
        looper = coordinator.LooperThread(self._coord, timer_interval_secs, target=target, args=args, kwargs=kwargs)
        looper.start()
        return looper

    Loop = loop

    def stop(self, threads: Any = None, close_summary_writer: bool = True, ignore_live_threads: bool = False) -> None:
        """Stops the threads and waits for them; raises what one of them reported."""
        self._coord.request_stop()
        try:
            self._coord.join(
                threads, stop_grace_period_secs=self._stop_grace_secs, ignore_live_threads=ignore_live_threads
            )
        finally:
            if close_summary_writer and self._summary_writer:
                self._summary_writer.add_session_log(protos.SessionLog(status=protos.SessionLog.STOP))
                self._summary_writer.close()
                self._graph_added_to_summary = False

    Stop = stop

    def request_stop(self, ex: Any = None) -> None:
        """Asks the threads to stop."""
        self._coord.request_stop(ex=ex)

    RequestStop = request_stop

    def should_stop(self) -> bool:
        """Whether they were asked to stop."""
        return self._coord.should_stop()

    ShouldStop = should_stop

    def stop_on_exception(self) -> Any:
        """Reports an error in a block as a request to stop."""
        return self._coord.stop_on_exception()

    StopOnException = stop_on_exception

    def wait_for_stop(self) -> None:
        """Waits until they are asked to stop."""
        self._coord.wait_for_stop()

    WaitForStop = wait_for_stop

    def summary_computed(self, sess: Any, summary: Any, global_step: Any = None) -> None:
        """Writes a summary that was computed.

        Raises:
          RuntimeError: there is no writer.
        """
        if not self._summary_writer:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self._global_step is not None:
            global_step = steps.global_step(sess, self._global_step)
        self._summary_writer.add_summary(summary, global_step)

    SummaryComputed = summary_computed

    @contextlib.contextmanager
    def managed_session(
        self,
        master: str = "",
        config: Any = None,
        start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Any]:
        """A session for a `with` block; at its end all is stopped. OutOfRangeError ends it without an error."""
        sess = None
        try:
            sess = self.prepare_or_wait_for_session(
                master=master, config=config, start_standard_services=start_standard_services
            )
            yield sess
        except Exception as error:
            self.request_stop(error)
        finally:
            try:
                self.stop(close_summary_writer=close_summary_writer)
            finally:
                with contextlib.suppress(Exception):
                    sess.close()  # type: ignore[union-attr]


def _default_local_init() -> Any:
    return control_flow.group(variable_initializers.local_variables_initializer(), managers.tables_initializer())


class SVSummaryThread(coordinator.LooperThread):
    """Writes summaries every so many seconds."""

    def __init__(self, sv: Supervisor, sess: Any) -> None:
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv, self._sess = sv, sess

    def run_loop(self) -> None:
        step = None
        if self._sv.global_step is not None:
            text, step = self._sess.run([self._sv.summary_op, self._sv.global_step])
        else:
            text = self._sess.run(self._sv.summary_op)
        if self._sv.summary_writer:
            logging.info("Recording summary at step %s.", step)
            self._sv.summary_writer.add_summary(text, step)


class SVStepCounterThread(coordinator.LooperThread):
    """Writes how many steps are done a second."""

    def __init__(self, sv: Supervisor, sess: Any, step_counter: Any = None) -> None:
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv, self._sess = sv, sess
        self._step_counter = sv.global_step if step_counter is None else step_counter
        self._summary_tag = f"{self._step_counter.op.name}/sec"

    def start_loop(self) -> None:
        self._last_time = time.time()
        self._last_step = steps.global_step(self._sess, self._step_counter)

    def run_loop(self) -> None:
        step, now = steps.global_step(self._sess, self._step_counter), time.time()
        passed, self._last_step = step - self._last_step, step
        seconds, self._last_time = now - self._last_time, now
        rate = passed / seconds if seconds > 0 else float("inf")
        made = protos.Summary(value=[protos.Summary.Value(tag=self._summary_tag, simple_value=rate)])
        if self._sv.summary_writer:
            self._sv.summary_writer.add_summary(made, step)
        logging.info("%s: %g", self._summary_tag, rate)


class SVTimerCheckpointThread(coordinator.LooperThread):
    """Saves a checkpoint every so many seconds."""

    def __init__(self, sv: Supervisor, sess: Any) -> None:
        super().__init__(sv.coord, sv.save_model_secs)
        self._sv, self._sess = sv, sess

    def run_loop(self) -> None:
        logging.info("Saving checkpoint to path %s", self._sv.save_path)
        self._sv.saver.save(self._sess, self._sv.save_path, global_step=self._sv.global_step)
        if self._sv.summary_writer and self._sv.global_step is not None:
            log = protos.SessionLog(status=protos.SessionLog.CHECKPOINT, checkpoint_path=self._sv.save_path)
            self._sv.summary_writer.add_session_log(log, steps.global_step(self._sess, self._sv.global_step))


def basic_train_loop(
    supervisor: Supervisor, train_step_fn: Any, args: Any = None, kwargs: Any = None, master: str = ""
) -> None:
    """Calls `train_step_fn(session, *args, **kwargs)` until the supervisor is asked to stop."""
    with supervisor.managed_session(master) as sess:
        while not supervisor.should_stop():
            train_step_fn(sess, *(args or []), **(kwargs or {}))
