"""`tf.train.SessionManager`: sessions that are ready: restored from a checkpoint, or initialized."""

import time
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, errors, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import checkpoint_management, control_flow, logging
from jax_slim.tf1.running import session


def tables_initializer(name: str = "init_all_tables") -> Any:
    """An operation that initializes all tables of the default graph."""
    found = graphs.get_collection(GraphKeys.TABLE_INITIALIZERS)
    return control_flow.group(*found, name=name) if found else control_flow.no_op(name=name)


def uninitialized_resources(name: str = "report_uninitialized_resources") -> Any:
    """The names of resources that are not initialized: there are none."""
    with graphs.name_scope(name):
        return conversion.constant([], dtypes.string)


def joined(parts: Any) -> Any:
    """One vector of several."""
    return building.make("ConcatV2", list(parts), 0, name="concat")


class SessionManager:
    """Makes sessions and waits until the model in them is ready.

    Args:
      local_init_op: run in every new session, once the model is ready for it.
      ready_op: gives the names of variables that are not initialized; none means ready.
      ready_for_local_init_op: the same, for `local_init_op`.
    """

    def __init__(
        self,
        local_init_op: Any = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        graph: Any = None,
        recovery_wait_secs: float = 30,
        local_init_run_options: Any = None,
        local_init_feed_dict: Any = None,
    ) -> None:
        self._graph = graph if graph is not None else graphs.get_default_graph()
        self._local_init_op, self._ready_op, self._ready_for_local_init_op = (
            local_init_op,
            ready_op,
            ready_for_local_init_op,
        )
        self._recovery_wait_secs, self._local_init_feed_dict = recovery_wait_secs, local_init_feed_dict
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError(
                "If you pass a ready_for_local_init_op you must also pass a local_init_op , ready_for_local_init_op "
                f"[{ready_for_local_init_op}]"
            )

    def _restored(
        self,
        master: str,
        saver: Any,
        checkpoint_dir: Any,
        checkpoint_filename_with_path: Any,
        wait_for_checkpoint: bool,
        max_wait_secs: float,
        config: Any,
    ) -> tuple[Any, bool]:
        made = session.Session(master, graph=self._graph, config=config)
        if checkpoint_dir and checkpoint_filename_with_path:
            raise ValueError("Can not provide both checkpoint_dir and checkpoint_filename_with_path.")
        if not saver or not (checkpoint_dir or checkpoint_filename_with_path):
            return made, False
        if checkpoint_filename_with_path:
            saver.restore(made, checkpoint_filename_with_path)
            return made, True
        waited = 0.0
        state = checkpoint_management.get_checkpoint_state(checkpoint_dir)
        while not state or not state.model_checkpoint_path:
            if not wait_for_checkpoint or waited >= max_wait_secs:
                return made, False
            logging.info("Waiting for checkpoint to be available.")
            time.sleep(self._recovery_wait_secs)
            waited += self._recovery_wait_secs
            state = checkpoint_management.get_checkpoint_state(checkpoint_dir)
        saver.restore(made, state.model_checkpoint_path)
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return made, True

    def prepare_session(
        self,
        master: str,
        init_op: Any = None,
        saver: Any = None,
        checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
        init_feed_dict: Any = None,
        init_fn: Any = None,
    ) -> Any:
        """A session whose model is ready: restored if there is a checkpoint, else initialized by `init_op` and `init_fn`.

        Raises:
          RuntimeError: it did not become ready.
        """
        made, restored = self._restored(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint, max_wait_secs, config
        )
        if not restored:
            if init_op is None and not init_fn and self._local_init_op is None:
                raise RuntimeError("Model is not initialized and no init_op or init_fn or local_init_op was given")
            if init_op is not None:
                made.run(init_op, feed_dict=init_feed_dict)
            if init_fn:
                init_fn(made)
        done, why = self._try_local_init(made)
        what = f"Init op: {getattr(init_op, 'name', init_op)}, init fn: {init_fn}, local_init_op: {getattr(self._local_init_op, 'name', self._local_init_op)}, error: "
        if not done:
            raise RuntimeError(f"Init operations did not make model ready for local_init.  {what}{why}")
        ready, why = self._model_ready(made)
        if not ready:
            raise RuntimeError(f"Init operations did not make model ready.  {what}{why}")
        return made

    def recover_session(
        self,
        master: str,
        saver: Any = None,
        checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
    ) -> tuple[Any, bool]:
        """A session, and whether its model could be restored and is ready."""
        made, restored = self._restored(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint, max_wait_secs, config
        )
        done, why = self._try_local_init(made)
        if not restored:
            return made, False
        if not done:
            logging.info(
                "Restoring model from %s did not make model ready for local init: %s",
                checkpoint_dir or checkpoint_filename_with_path,
                why,
            )
            return made, False
        ready, why = self._model_ready(made)
        if not ready:
            logging.info(
                "Restoring model from %s did not make model ready: %s",
                checkpoint_dir or checkpoint_filename_with_path,
                why,
            )
            return made, False
        logging.info("Restored model from %s", checkpoint_dir or checkpoint_filename_with_path)
        return made, True

    def wait_for_session(self, master: str, config: Any = None, max_wait_secs: float = float("inf")) -> Any:
        """A session whose model another process makes ready.

        Raises:
          DeadlineExceededError: it took longer than `max_wait_secs`.
        """
        end = time.monotonic() + (max_wait_secs if max_wait_secs is not None else float("inf"))
        while True:
            made = session.Session(master, graph=self._graph, config=config)
            done, why = self._try_local_init(made)
            if done:
                ready, why = self._model_ready(made)
                if ready:
                    return made
            made.close()
            if time.monotonic() + self._recovery_wait_secs > end:
                raise errors.DeadlineExceededError(
                    None, None, f"Session was not ready after waiting {max_wait_secs} secs."
                )
            logging.info("Waiting for model to be ready.  Ready_for_local_init_op:  %s, ready: %s", why, why)
            time.sleep(self._recovery_wait_secs)

    def _try_local_init(self, made: Any) -> tuple[bool, str | None]:
        if self._local_init_op is None:
            return True, None
        ready, why = _ready(self._ready_for_local_init_op, made, "Model not ready for local init")
        if not ready:
            return False, why
        logging.info("Running local_init_op.")
        made.run(self._local_init_op, feed_dict=self._local_init_feed_dict)
        logging.info("Done running local_init_op.")
        return True, None

    def _model_ready(self, made: Any) -> tuple[bool, str | None]:
        return _ready(self._ready_op, made, "Model not ready")


def _ready(op: Any, made: Any, text: str) -> tuple[bool, str | None]:
    if op is None:
        return True, None
    try:
        value = made.run(op)
    except errors.FailedPreconditionError as error:
        if "uninitialized" not in str(error):
            logging.warning("%s : error [%s]", text, error)
            raise
        return False, str(error)
    if value is None or np.size(value) == 0:
        return True, None
    names = ", ".join(v.decode() if isinstance(v, bytes) else str(v) for v in np.ravel(value))
    return False, "Variables not initialized: " + names
