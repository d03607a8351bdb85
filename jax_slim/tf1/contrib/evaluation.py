"""`tf.contrib.training.evaluate_once`, `slim.evaluation`: a checkpoint, or each one as it appears, with a number of batches."""

import math
import time
from typing import Any

from jax_slim.tf1.graph import building, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import (
    checkpoint_management,
    initializers,
    logging,
    monitored_session,
    state_ops,
    summary,
    variable_scope,
)
from jax_slim.tf1.python import (
    global_step as steps,
)
from jax_slim.tf1.python import (
    saver as savers,
)
from jax_slim.tf1.python.hook_base import SessionRunArgs, SessionRunHook
from jax_slim.tf1.python.hooks import FinalOpsHook
from jax_slim.tf1.python.scaffold import Scaffold
from jax_slim.tf1.python.summary_writer import FileWriterCache

_DEFAULT: Any = 0

checkpoints_iterator = checkpoint_management.checkpoints_iterator
wait_for_new_checkpoint = checkpoint_management.wait_for_new_checkpoint


def get_or_create_eval_step() -> Any:
    """The local variable that counts the batches of an evaluation: `eval_step`.

    Raises:
      ValueError: there are several.
    """
    found = graphs.get_default_graph().get_collection(GraphKeys.EVAL_STEP)
    if len(found) > 1:
        raise ValueError("Multiple tensors added to tf.GraphKeys.EVAL_STEP")
    if found:
        return found[0]
    return variable_scope.get_variable(
        GraphKeys.EVAL_STEP,
        shape=[],
        dtype=dtypes.int64,
        initializer=initializers.zeros_initializer(),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP],
    )


class StopAfterNEvalsHook(SessionRunHook):
    """Stops after so many batches; None goes on to the end of the data."""

    def __init__(self, num_evals: int | None, log_progress: bool = True) -> None:
        self._num_evals, self._log_progress, self._evals_completed = num_evals, log_progress, None
        self._log_frequency = 1 if num_evals is None or num_evals < 20 else math.floor(num_evals / 10.0)

    def _set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        self._evals_completed = updated_eval_step
        self._args = SessionRunArgs({"evals_completed": updated_eval_step})

    def before_run(self, run_context: Any) -> Any:
        return self._args

    def after_run(self, run_context: Any, run_values: Any) -> None:
        done = run_values.results["evals_completed"]
        if self._log_progress:
            if self._num_evals is None:
                logging.info("Evaluation [%d]", done)
            elif done % self._log_frequency == 0 or self._num_evals == done:
                logging.info("Evaluation [%d/%d]", done, self._num_evals)
        if self._num_evals is not None and done >= self._num_evals:
            run_context.request_stop()


class SummaryAtEndHook(SessionRunHook):
    """Writes summaries at the end of an evaluation, at the global step."""

    def __init__(
        self, log_dir: Any = None, summary_writer: Any = None, summary_op: Any = None, feed_dict: Any = None
    ) -> None:
        self._log_dir, self._summary_writer, self._summary_op, self._feed_dict = (
            log_dir,
            summary_writer,
            summary_op,
            feed_dict,
        )
        self._replace_summary_op = summary_op is None
        if log_dir is None and summary_writer is None:
            raise ValueError("exactly one of log_dir or summary_writer should be specified")

    def begin(self) -> None:
        if self._replace_summary_op:
            self._summary_op = summary.merge_all()
        self._global_step = steps.get_or_create_global_step()

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._summary_writer is None and self._log_dir:
            self._summary_writer = FileWriterCache.get(self._log_dir)

    def end(self, session: Any) -> None:
        if self._summary_op is not None:
            step = steps.global_step(session, self._global_step)
            text = session.run(self._summary_op, self._feed_dict)
            if self._summary_writer:
                self._summary_writer.add_summary(text, step)
        if self._summary_writer:
            self._summary_writer.flush()


def _with_counter(eval_ops: Any, hooks: list[Any]) -> Any:
    """What is evaluated for each batch, with what counts the batches."""
    if eval_ops is None:
        return None
    update = state_ops.assign_add(get_or_create_eval_step(), 1, use_locking=True)
    if isinstance(eval_ops, dict):
        eval_ops = {**eval_ops, "update_eval_step": update}
        every = list(eval_ops.values())
    else:
        eval_ops = [*eval_ops, update] if isinstance(eval_ops, list | tuple) else [eval_ops, update]
        every = eval_ops
    with graphs.control_dependencies(every):
        latest = building.make("Identity", get_or_create_eval_step().read_value())
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(latest)
    return eval_ops


def _evaluate(creator: Any, hooks: list[Any], eval_ops: Any, feed_dict: Any) -> None:
    start = time.time()
    with monitored_session.MonitoredSession(session_creator=creator, hooks=hooks) as session:
        logging.info("Starting evaluation at %s", time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime()))
        if eval_ops is not None:
            while not session.should_stop():
                session.run(eval_ops, feed_dict)
        logging.info("Inference Time : %0.5fs", time.time() - start)
        logging.info("Finished evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.localtime()))


def evaluate_once(
    checkpoint_path: Any,
    master: str = "",
    scaffold: Any = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    hooks: Any = None,
    config: Any = None,
) -> Any:
    """Evaluates one checkpoint: `eval_ops` for each batch until a hook stops it, then `final_ops`, whose values it gives."""
    hooks = list(hooks or [])
    get_or_create_eval_step()
    eval_ops = _with_counter(eval_ops, hooks)
    creator = monitored_session.ChiefSessionCreator(
        scaffold=scaffold, checkpoint_filename_with_path=checkpoint_path, master=master, config=config
    )
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    _evaluate(creator, [*hooks, final], eval_ops, feed_dict)
    return final.final_ops_values


def evaluate_repeatedly(
    checkpoint_dir: Any,
    master: str = "",
    scaffold: Any = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    eval_interval_secs: float = 60,
    hooks: Any = None,
    config: Any = None,
    max_number_of_evaluations: int | None = None,
    timeout: float | None = None,
    timeout_fn: Any = None,
) -> Any:
    """Evaluates each checkpoint of a folder as it appears; gives the last values of `final_ops`, or None."""
    hooks = list(hooks or [])
    get_or_create_eval_step()
    eval_ops = _with_counter(eval_ops, hooks)
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    paths = checkpoints_iterator(
        checkpoint_dir, min_interval_secs=eval_interval_secs, timeout=timeout, timeout_fn=timeout_fn
    )
    for count, path in enumerate(paths, start=1):
        creator = monitored_session.ChiefSessionCreator(
            scaffold=scaffold, checkpoint_filename_with_path=path, master=master, config=config
        )
        _evaluate(creator, [*hooks, final], eval_ops, feed_dict)
        if max_number_of_evaluations is not None and count >= max_number_of_evaluations:
            break
    return final.final_ops_values


# slim.evaluation


def _slim_parts(
    logdir: Any,
    num_evals: int | None,
    summary_op: Any,
    summary_op_feed_dict: Any,
    hooks: Any,
    variables_to_restore: Any,
    initial_op: Any,
    initial_op_feed_dict: Any,
) -> tuple[list[Any], Scaffold]:
    if isinstance(summary_op, int) and summary_op == _DEFAULT:
        summary_op = summary.merge_all()
    every: list[Any] = [StopAfterNEvalsHook(num_evals)]
    if summary_op is not None:
        every.append(SummaryAtEndHook(log_dir=logdir, summary_op=summary_op, feed_dict=summary_op_feed_dict))
    every.extend(hooks or [])
    saver = savers.Saver(variables_to_restore) if variables_to_restore is not None else None
    return every, Scaffold(init_op=initial_op, init_feed_dict=initial_op_feed_dict, saver=saver)


def slim_evaluate_once(
    master: str,
    checkpoint_path: Any,
    logdir: Any,
    num_evals: int | None = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _DEFAULT,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    session_config: Any = None,
    hooks: Any = None,
) -> Any:
    """`slim.evaluation.evaluate_once`: a checkpoint, `num_evals` batches, summaries into `logdir`; gives the value of `final_op`."""
    every, scaffold = _slim_parts(
        logdir,
        num_evals,
        summary_op,
        summary_op_feed_dict,
        hooks,
        variables_to_restore,
        initial_op,
        initial_op_feed_dict,
    )
    return evaluate_once(
        checkpoint_path,
        master=master,
        scaffold=scaffold,
        eval_ops=eval_op,
        feed_dict=eval_op_feed_dict,
        final_ops=final_op,
        final_ops_feed_dict=final_op_feed_dict,
        hooks=every,
        config=session_config,
    )


def slim_evaluation_loop(
    master: str,
    checkpoint_dir: Any,
    logdir: Any,
    num_evals: int | None = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    init_fn: Any = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _DEFAULT,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None,
    session_config: Any = None,
    timeout: float | None = None,
    timeout_fn: Any = None,
    hooks: Any = None,
) -> Any:
    """`slim.evaluation.evaluation_loop`: the checkpoints of a folder as they appear; gives the last value of `final_op`."""
    every, scaffold = _slim_parts(
        logdir,
        num_evals,
        summary_op,
        summary_op_feed_dict,
        hooks,
        variables_to_restore,
        initial_op,
        initial_op_feed_dict,
    )
    return evaluate_repeatedly(
        checkpoint_dir,
        master=master,
        scaffold=scaffold,
        eval_ops=eval_op,
        feed_dict=eval_op_feed_dict,
        final_ops=final_op,
        final_ops_feed_dict=final_op_feed_dict,
        eval_interval_secs=eval_interval_secs,
        hooks=every,
        config=session_config,
        max_number_of_evaluations=max_number_of_evaluations,
        timeout=timeout,
        timeout_fn=timeout_fn,
    )
