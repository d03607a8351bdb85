"""`slim.learning`: a train operation, and the loop that runs it, saves checkpoints and writes summaries."""

import json
import os
import sys
import time
from typing import Any

from jax_slim.tf1.contrib import training
from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import conversion, errors, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    control_flow,
    logging,
    math,
    session_manager,
    summary,
    supervisor,
    variable_initializers,
)
from jax_slim.tf1.python import (
    global_step as steps,
)
from jax_slim.tf1.python import (
    saver as savers,
)
from jax_slim.tf1.python.optimizers import Optimizer

_USE_DEFAULT: Any = 0

add_gradients_summaries = training.add_gradients_summaries
clip_gradient_norms = training.clip_gradient_norms
multiply_gradients = training.multiply_gradients


def _is_default(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value == _USE_DEFAULT


def create_train_op(
    total_loss: Any,
    optimizer: Any,
    global_step: Any = training.USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: Any = None,
    check_numerics: bool = True,
) -> Tensor:
    """A tensor of the loss that makes a training step when it is run.

    Args:
      clip_gradient_norm: the largest norm of each gradient; 0 clips nothing.
      gradient_multipliers: variable, or its name -> what its gradient is multiplied by.
      The others are those of `tf.contrib.training.create_train_op`.
    """

    def transformed(gradients: Any) -> Any:
        if gradient_multipliers:
            with graphs.name_scope("multiply_grads"):
                gradients = multiply_gradients(gradients, gradient_multipliers)
        if clip_gradient_norm > 0:
            with graphs.name_scope("clip_grads"):
                gradients = clip_gradient_norms(gradients, clip_gradient_norm)
        return gradients

    return training.create_train_op(
        total_loss,
        optimizer,
        global_step=global_step,
        update_ops=update_ops,
        variables_to_train=variables_to_train,
        transform_grads_fn=transformed,
        summarize_gradients=summarize_gradients,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
        check_numerics=check_numerics,
    )


def train_step(sess: Any, train_op: Any, global_step: Any, train_step_kwargs: Any) -> tuple[Any, Any]:
    """One step: runs the train operation, logs, and gives the loss and whether to stop.

    `train_step_kwargs` may have the tensors 'should_stop', 'should_log' and 'should_trace' (with 'logdir').
    """
    start = time.time()
    options = run_metadata = None
    if "should_trace" in train_step_kwargs:
        if "logdir" not in train_step_kwargs:
            raise ValueError("logdir must be present in train_step_kwargs when should_trace is present")
        if sess.run(train_step_kwargs["should_trace"]):
            options, run_metadata = protos.RunOptions(trace_level=protos.RunOptions.FULL_TRACE), protos.RunMetadata()
    loss, step = sess.run([train_op, global_step], options=options, run_metadata=run_metadata)
    elapsed = time.time() - start
    if run_metadata is not None:
        path = os.path.join(train_step_kwargs["logdir"], f"tf_trace-{step}.json")
        logging.info("Writing trace to %s", path)
        _write_trace(path, start, elapsed, run_metadata)
        if train_step_kwargs.get("summary_writer") is not None:
            train_step_kwargs["summary_writer"].add_run_metadata(run_metadata, f"run_metadata-{step}")
    if "should_log" in train_step_kwargs and sess.run(train_step_kwargs["should_log"]):
        logging.info("global step %d: loss = %.4f (%.3f sec/step)", step, loss, elapsed)
    stop = sess.run(train_step_kwargs["should_stop"]) if "should_stop" in train_step_kwargs else False
    return loss, stop


def _write_trace(path: str, start: float, elapsed: float, run_metadata: Any) -> None:
    """A trace for Chrome: the step as one event. What runs inside is one program, and JAX's profiler shows it."""
    name = [n.node_name for d in run_metadata.step_stats.dev_stats for n in d.node_stats]
    event = {
        "name": "step",
        "ph": "X",
        "pid": 0,
        "tid": 0,
        "ts": int(start * 1e6),
        "dur": int(elapsed * 1e6),
        "args": {"fetches": name},
    }
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump({"traceEvents": [event]}, file)


def _wait_for_step(sess: Any, global_step: Any, step: int) -> None:
    while True:
        if steps.global_step(sess, global_step) >= step:
            return
        time.sleep(1.0)


def train(
    train_op: Any,
    logdir: Any,
    train_step_fn: Any = train_step,
    train_step_kwargs: Any = _USE_DEFAULT,
    log_every_n_steps: int = 1,
    graph: Any = None,
    master: str = "",
    is_chief: bool = True,
    global_step: Any = None,
    number_of_steps: int | None = None,
    init_op: Any = _USE_DEFAULT,
    init_feed_dict: Any = None,
    local_init_op: Any = _USE_DEFAULT,
    init_fn: Any = None,
    ready_op: Any = _USE_DEFAULT,
    summary_op: Any = _USE_DEFAULT,
    save_summaries_secs: float = 600,
    summary_writer: Any = _USE_DEFAULT,
    startup_delay_steps: int = 0,
    saver: Any = None,
    save_interval_secs: float = 600,
    sync_optimizer: Any = None,
    session_config: Any = None,
    session_wrapper: Any = None,
    trace_every_n_steps: int | None = None,
    ignore_live_threads: bool = False,
) -> Any:
    """Runs a training loop: initializes or restores the model, makes steps, saves checkpoints and summaries in `logdir`.

    Args:
      train_op: the tensor of `create_train_op`.
      logdir: where everything is written, and from where a run goes on; None writes nothing.
      train_step_fn: one step: (session, train_op, global_step, train_step_kwargs) -> (loss, whether to stop).
      train_step_kwargs: what it gets: by default the tensors that say when to stop, log and trace.
      number_of_steps: the global step at which it ends; None goes on to the end of the data.
      init_fn: called with the session after `init_op`, unless a checkpoint was restored.
      save_summaries_secs, save_interval_secs: how often summaries and checkpoints are written.

    Returns:
      The last loss.

    Raises:
      ValueError: arguments that contradict each other.
    """
    if train_op is None:
        raise ValueError("train_op cannot be None.")
    if logdir is None:
        if not _is_default(summary_op):
            raise ValueError("Cannot provide summary_op because logdir=None")
        if saver is not None:
            raise ValueError("Cannot provide saver because logdir=None")
        if trace_every_n_steps is not None:
            raise ValueError("Cannot provide trace_every_n_steps because logdir=None")
    if sync_optimizer is not None and not isinstance(sync_optimizer, list | tuple):
        sync_optimizer = [sync_optimizer]
    if sync_optimizer is not None and startup_delay_steps > 0:
        raise ValueError("startup_delay_steps must be zero when sync_optimizer is supplied.")
    if number_of_steps is not None and number_of_steps <= 0:
        raise ValueError("`number_of_steps` must be either None or a positive number.")
    graph = graph or graphs.get_default_graph()
    with graph.as_default():
        if global_step is None:
            global_step = steps.get_or_create_global_step()
        saver = saver or savers.Saver()
        with graphs.name_scope("init_ops"):
            if _is_default(init_op):
                init_op = variable_initializers.global_variables_initializer()
            if _is_default(ready_op):
                ready_op = variable_initializers.report_uninitialized_variables()
            if _is_default(local_init_op):
                local_init_op = control_flow.group(
                    variable_initializers.local_variables_initializer(), session_manager.tables_initializer()
                )
        if _is_default(summary_op):
            summary_op = summary.merge_all()
        if _is_default(summary_writer):
            summary_writer = supervisor.Supervisor.USE_DEFAULT
        if _is_default(train_step_kwargs):
            train_step_kwargs = _default_kwargs(
                global_step, number_of_steps, log_every_n_steps, trace_every_n_steps if is_chief else None, logdir
            )
    sv = supervisor.Supervisor(
        graph=graph,
        is_chief=is_chief,
        logdir=logdir,
        init_op=init_op,
        init_feed_dict=init_feed_dict,
        local_init_op=local_init_op,
        ready_for_local_init_op=None,
        ready_op=ready_op,
        summary_op=summary_op,
        summary_writer=summary_writer,
        global_step=global_step,
        saver=saver,
        save_summaries_secs=save_summaries_secs,
        save_model_secs=save_interval_secs,
        init_fn=init_fn,
    )
    if summary_writer is not None:
        train_step_kwargs["summary_writer"] = sv.summary_writer
    total_loss = None
    again = True
    while again:
        try:
            again = False
            with sv.managed_session(master, start_standard_services=False, config=session_config) as sess:
                logging.info("Starting Session.")
                if session_wrapper is not None:
                    logging.info("Wrapping session with wrapper function: %s", session_wrapper)
                    sess = session_wrapper(sess)
                if is_chief:
                    if logdir:
                        sv.start_standard_services(sess)
                elif startup_delay_steps > 0:
                    _wait_for_step(sess, global_step, min(startup_delay_steps, number_of_steps or sys.maxsize))
                threads = sv.start_queue_runners(sess)
                logging.info("Starting Queues.")
                try:
                    while not sv.should_stop():
                        total_loss, should_stop = train_step_fn(sess, train_op, global_step, train_step_kwargs)
                        if should_stop:
                            logging.info("Stopping Training.")
                            sv.request_stop()
                            break
                except errors.OutOfRangeError as error:  # the end of the data
                    logging.info("Caught OutOfRangeError. Stopping Training. %s", error)
                if logdir and sv.is_chief:
                    logging.info("Finished training! Saving model to disk.")
                    sv.saver.save(sess, sv.save_path, global_step=sv.global_step)
                sv.stop(threads, close_summary_writer=True, ignore_live_threads=ignore_live_threads)
        except errors.AbortedError:
            logging.info("Retrying training!")
            again = True
    return total_loss


def _default_kwargs(
    global_step: Any, number_of_steps: int | None, log_every: int, trace_every: int | None, logdir: Any
) -> dict[str, Any]:
    with graphs.name_scope("train_step"):
        found: dict[str, Any] = {}
        found["should_stop"] = (
            math.greater_equal(global_step, number_of_steps) if number_of_steps else conversion.constant(False)
        )
        if log_every > 0:
            found["should_log"] = math.equal(math.mod(global_step, log_every), 0)
        if trace_every is not None:
            found["should_trace"] = math.equal(math.mod(global_step, trace_every), 0)
            found["logdir"] = logdir
        return found
