"""`tf.train.MonitoredTrainingSession` and its kin: sessions with hooks, which are begun, watched and ended."""

import inspect
import sys
from typing import Any

from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import errors, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import coordinator, logging, session_manager
from jax_slim.tf1.python import hooks as hook_classes
from jax_slim.tf1.python.hook_base import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from jax_slim.tf1.python.scaffold import Scaffold

_DEFAULT: Any = object()
_PREEMPTION = (errors.AbortedError, errors.UnavailableError)


class SessionCreator:
    """Makes sessions."""

    def create_session(self) -> Any:
        raise NotImplementedError(f"create_session is not implemented for {self}.")


class ChiefSessionCreator(SessionCreator):
    """Makes a session that is restored from a checkpoint, or initialized."""

    def __init__(
        self,
        scaffold: Any = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
    ) -> None:
        self._scaffold, self._master, self._config = scaffold or Scaffold(), master, config
        self._checkpoint_dir, self._checkpoint_filename_with_path = checkpoint_dir, checkpoint_filename_with_path
        self._session_manager: Any = None

    def _manager(self) -> Any:
        if self._session_manager is None:
            s = self._scaffold
            self._session_manager = session_manager.SessionManager(
                local_init_op=s.local_init_op,
                local_init_feed_dict=s.local_init_feed_dict,
                ready_op=s.ready_op,
                ready_for_local_init_op=s.ready_for_local_init_op,
                graph=graphs.get_default_graph(),
            )
        return self._session_manager

    def create_session(self) -> Any:
        self._scaffold.finalize()
        s = self._scaffold
        return self._manager().prepare_session(
            self._master,
            saver=s.saver,
            checkpoint_dir=self._checkpoint_dir,
            checkpoint_filename_with_path=self._checkpoint_filename_with_path,
            config=self._config,
            init_op=s.init_op,
            init_feed_dict=s.init_feed_dict,
            init_fn=s.init_fn,
        )


class WorkerSessionCreator(ChiefSessionCreator):
    """Makes a session whose model the chief makes ready."""

    def __init__(
        self, scaffold: Any = None, master: str = "", config: Any = None, max_wait_secs: float = 30 * 60
    ) -> None:
        super().__init__(scaffold, master, config)
        self._max_wait_secs = max_wait_secs

    def create_session(self) -> Any:
        self._scaffold.finalize()
        return self._manager().wait_for_session(self._master, config=self._config, max_wait_secs=self._max_wait_secs)


class _Watched:
    """A session with hooks and a coordinator."""

    def __init__(self, creator: SessionCreator, hooks: list[Any], grace: float) -> None:
        self._creator, self._hooks, self._grace = creator, hooks, grace
        self.session: Any = None
        self.coord: Any = None
        self._stopped = False

    def open(self) -> None:
        """Makes the session, starts its queue runners and tells the hooks."""
        self._stopped = False
        self.session = self._creator.create_session()
        self.coord = coordinator.Coordinator(clean_stop_exception_types=[])
        if graphs.get_collection(GraphKeys.QUEUE_RUNNERS):
            from jax_slim.tf1.python import queue_runners

            queue_runners.start_queue_runners(sess=self.session, coord=self.coord)
        for hook in self._hooks:
            hook.after_create_session(self.session, self.coord)

    def should_stop(self) -> bool:
        if self._stopped or self.session is None:
            return True
        self.coord.raise_requested_exception()
        return self.coord.should_stop()

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        try:
            return self._hooked(fetches, feed_dict, options, run_metadata)
        except _PREEMPTION:
            raise
        except Exception:
            # What a queue's thread reported is why the run failed, and tells more.
            _, error, trace = sys.exc_info()
            self.coord.raise_requested_exception()
            raise error.with_traceback(trace) from None  # type: ignore[union-attr]

    def _hooked(self, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any) -> Any:
        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self.session)
        asked: list[Any] = []
        extra: list[Any] = []
        feeds: dict[Any, Any] = {}
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is None:
                continue
            if request.fetches is not None:
                asked.append(hook)
                extra.append(request.fetches)
            if request.feed_dict:
                if set(feeds) & set(request.feed_dict):
                    raise RuntimeError(
                        f"Same tensor is fed by two hooks. Conflict(s) found: {set(feeds) & set(request.feed_dict)}"
                    )
                feeds.update(request.feed_dict)
        if feeds and feed_dict:
            if set(feeds) & set(feed_dict):
                raise RuntimeError(
                    f"Same tensor is fed by a SessionRunHook and user. Conflict(s) found: {set(feeds) & set(feed_dict)}"
                )
            feeds.update(feed_dict)
        given = feeds or feed_dict
        if extra:
            own, *values = self.session.run([fetches, *extra], given, options, run_metadata)
        else:
            own, values = self.session.run(fetches, given, options, run_metadata), []
        options, run_metadata = options or protos.RunOptions(), run_metadata or protos.RunMetadata()
        results = dict(zip(map(id, asked), values, strict=True))
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(results.get(id(hook)), options, run_metadata))
        self._stopped = self._stopped or context.stop_requested
        return own

    def close(self) -> None:
        """Stops threads and closes the session."""
        if self.session is None:
            return
        made, self.session = self.session, None
        self.coord.request_stop()
        try:
            self.coord.join(stop_grace_period_secs=self._grace, ignore_live_threads=True)
        finally:
            try:
                made.close()
            except Exception:  # what is still running is of no interest
                pass


class _MonitoredSession:
    """What the sessions with hooks share."""

    def __init__(
        self, session_creator: Any, hooks: Any, should_recover: bool, stop_grace_period_secs: float = 120
    ) -> None:
        self._graph_was_finalized = graphs.get_default_graph().finalized
        self._hooks = list(hooks or [])
        for hook in self._hooks:
            hook.begin()
        self._should_recover = should_recover
        self._sess: Any = _Watched(session_creator or ChiefSessionCreator(), self._hooks, stop_grace_period_secs)
        self._open()

    def _open(self) -> None:
        while True:
            try:
                self._sess.open()
                return
            except _PREEMPTION as error:
                if not self._should_recover:
                    raise
                _log_recovery("while a session was being created", error)

    @property
    def graph(self) -> Any:
        """The graph of the session."""
        return None if self._tf_sess() is None else self._tf_sess().graph

    def _tf_sess(self) -> Any:
        return None if self._sess is None else self._sess.session

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """As `Session.run`, with the hooks."""
        return self._recovering(lambda: self._sess.run(fetches, feed_dict, options, run_metadata))

    def _recovering(self, function: Any) -> Any:
        if self._sess is None:
            raise RuntimeError("Session is already closed.")
        while True:
            try:
                return function()
            except _PREEMPTION as error:
                if not self._should_recover:
                    raise
                _log_recovery("while the session was running", error)
                self._sess.close()
                self._open()

    def run_step_fn(self, step_fn: Any) -> Any:
        """Calls `step_fn(step_context)`, which may run things without hooks (`step_context.session`) and with them.

        Raises:
          ValueError: it has other arguments.
          StopIteration: it asked to stop; leaving the `with` block by it is the ordinary end.
        """
        arguments = list(inspect.signature(step_fn).parameters)
        spec = inspect.getfullargspec(step_fn).args
        if spec not in (["step_context"], ["self", "step_context"]) and arguments != ["step_context"]:
            raise ValueError(
                "`step_fn` may either have one `step_context` argument, or two arguments: `self` and `step_context` if it's an "
                f"instance method. Got {spec} instead."
            )
        return self._recovering(lambda: step_fn(MonitoredSession.StepContext(self._tf_sess(), self._sess.run)))

    def should_stop(self) -> bool:
        """Whether a hook, or a thread, asked to stop, or it is closed."""
        return self._sess is None or self._sess.should_stop()

    def close(self) -> None:
        """Tells the hooks that it ends, and closes the session."""
        self._close_internal()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if kind is not None and issubclass(kind, errors.OutOfRangeError | StopIteration):
            kind = None
        self._close_internal(kind)
        return kind is None

    def _close_internal(self, kind: Any = None) -> None:
        try:
            if not kind:
                if self._tf_sess() is None:
                    raise RuntimeError("Session is already closed.")
                for hook in self._hooks:
                    hook.end(self._tf_sess())
        finally:
            try:
                if self._sess is not None:
                    self._sess.close()
            finally:
                self._sess = None
                if not self._graph_was_finalized:
                    graphs.get_default_graph()._unsafe_unfinalize()


class StepContext:
    """What a step function gets: the plain session, and a way to run with hooks."""

    def __init__(self, session: Any, run_with_hooks_fn: Any) -> None:
        self._session, self._run_with_hooks_fn = session, run_with_hooks_fn

    session = property(lambda self: self._session)

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """As `Session.run`, with the hooks."""
        return self._run_with_hooks_fn(*args, **kwargs)

    def request_stop(self) -> None:
        """Ends the `with` block of the session."""
        raise StopIteration("step_fn has requested the iterations to stop.")


def _log_recovery(when: str, error: Any) -> None:
    logging.info(
        "An error was raised %s. This may be due to a preemption of a connected worker or parameter server. A new session will be created. Error: %s",
        when,
        error,
    )


class MonitoredSession(_MonitoredSession):
    """A session with hooks; it is made again when what it needs was interrupted."""

    StepContext = StepContext

    def __init__(self, session_creator: Any = None, hooks: Any = None, stop_grace_period_secs: float = 120) -> None:
        super().__init__(session_creator, hooks, should_recover=True, stop_grace_period_secs=stop_grace_period_secs)


class SingularMonitoredSession(_MonitoredSession):
    """A session with hooks, once; `raw_session()` is the session inside."""

    def __init__(
        self,
        hooks: Any = None,
        scaffold: Any = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: Any = None,
        stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: Any = None,
    ) -> None:
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, should_recover=False, stop_grace_period_secs=stop_grace_period_secs)

    def raw_session(self) -> Any:
        """The plain session."""
        return self._tf_sess()


def MonitoredTrainingSession(
    master: str = "",
    is_chief: bool = True,
    checkpoint_dir: Any = None,
    scaffold: Any = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: Any = _DEFAULT,
    save_summaries_steps: Any = _DEFAULT,
    save_summaries_secs: Any = _DEFAULT,
    config: Any = None,
    stop_grace_period_secs: float = 120,
    log_step_count_steps: int | None = 100,
    max_wait_secs: float = 7200,
    save_checkpoint_steps: Any = _DEFAULT,
    summary_dir: Any = None,
) -> MonitoredSession:
    """A session for training: restored or initialized, and with hooks that save checkpoints and summaries and count steps.

    Args:
      checkpoint_dir: where checkpoints are, and summaries unless `summary_dir` says otherwise; None writes nothing.
      save_checkpoint_secs, save_checkpoint_steps: how often checkpoints are written: every 600 seconds by default.
      save_summaries_steps, save_summaries_secs: how often summaries are: every 100 steps by default.
      log_step_count_steps: how often the speed is logged.
    """
    if save_summaries_steps is _DEFAULT and save_summaries_secs is _DEFAULT:
        save_summaries_steps, save_summaries_secs = 100, None
    save_summaries_steps = None if save_summaries_steps is _DEFAULT else save_summaries_steps
    save_summaries_secs = None if save_summaries_secs is _DEFAULT else save_summaries_secs
    if save_checkpoint_steps is _DEFAULT and save_checkpoint_secs is _DEFAULT:
        save_checkpoint_steps, save_checkpoint_secs = None, 600
    save_checkpoint_steps = None if save_checkpoint_steps is _DEFAULT else save_checkpoint_steps
    save_checkpoint_secs = None if save_checkpoint_secs is _DEFAULT else save_checkpoint_secs
    scaffold = scaffold or Scaffold()
    if not is_chief:
        creator = WorkerSessionCreator(scaffold, master, config, max_wait_secs)
        return MonitoredSession(creator, hooks or [], stop_grace_period_secs)
    every: list[SessionRunHook] = list(chief_only_hooks or [])
    summary_dir = summary_dir or checkpoint_dir
    if summary_dir:
        if log_step_count_steps and log_step_count_steps > 0:
            every.append(hook_classes.StepCounterHook(output_dir=summary_dir, every_n_steps=log_step_count_steps))
        if (save_summaries_steps and save_summaries_steps > 0) or (save_summaries_secs and save_summaries_secs > 0):
            every.append(
                hook_classes.SummarySaverHook(
                    scaffold=scaffold,
                    save_steps=save_summaries_steps,
                    save_secs=save_summaries_secs,
                    output_dir=summary_dir,
                )
            )
    if checkpoint_dir and (
        (save_checkpoint_secs and save_checkpoint_secs > 0) or (save_checkpoint_steps and save_checkpoint_steps > 0)
    ):
        every.append(
            hook_classes.CheckpointSaverHook(
                checkpoint_dir, save_steps=save_checkpoint_steps, save_secs=save_checkpoint_secs, scaffold=scaffold
            )
        )
    every.extend(hooks or [])
    return MonitoredSession(
        ChiefSessionCreator(scaffold, master, config, checkpoint_dir), every, stop_grace_period_secs
    )
