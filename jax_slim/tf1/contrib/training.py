"""`tf.contrib.training`: train operations from a loss and an optimizer, and what they are run with."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.composites import IndexedSlices
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    clip_ops,
    control_flow,
    logging,
    monitored_session,
    summary,
    variables,
)
from jax_slim.tf1.python import (
    global_step as steps,
)
from jax_slim.tf1.python.optimizers import Optimizer

USE_GLOBAL_STEP: Any = 0


def add_gradients_summaries(grads_and_vars: Any) -> list[Any]:
    """Summaries of gradients: a histogram and the norm of each."""
    made = []
    for gradient, variable in grads_and_vars:
        if gradient is None:
            logging.info("Var %s has no gradient", variable.op.name)
            continue
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        made.append(summary.histogram(variable.op.name + "/gradient", values))
        made.append(summary.scalar(variable.op.name + "/gradient_norm", clip_ops.global_norm([values])))
    return made


def clip_gradient_norms(gradients_to_variables: Any, max_norm: Any) -> list[Any]:
    """Gradients of at most this norm, each by itself."""
    found = []
    for gradient, variable in gradients_to_variables:
        if isinstance(gradient, IndexedSlices):
            gradient = IndexedSlices(
                clip_ops.clip_by_norm(gradient.values, max_norm), gradient.indices, gradient.dense_shape
            )
        elif gradient is not None:
            gradient = clip_ops.clip_by_norm(gradient, max_norm)
        found.append((gradient, variable))
    return found


def clip_gradient_norms_fn(max_norm: Any) -> Any:
    """A function that does it: for `transform_grads_fn`."""
    return lambda gradients_to_variables: clip_gradient_norms(gradients_to_variables, max_norm)


def multiply_gradients(grads_and_vars: Any, gradient_multipliers: Any) -> list[Any]:
    """Gradients times numbers, by variable or by its name.

    Raises:
      ValueError: a multiplied gradient is None, or an argument is of another kind.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")
    found = []
    for gradient, variable in grads_and_vars:
        if variable in gradient_multipliers or variable.op.name in gradient_multipliers:
            if gradient is None:
                raise ValueError("Requested multiple of `None` gradient.")
            factor = gradient_multipliers[variable if variable in gradient_multipliers else variable.op.name]
            if not isinstance(factor, Tensor):
                factor = conversion.constant(factor, dtype=gradient.dtype)
            if isinstance(gradient, IndexedSlices):
                gradient = IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
            else:
                gradient = gradient * factor
        found.append((gradient, variable))
    return found


def create_train_op(
    total_loss: Any,
    optimizer: Any,
    global_step: Any = USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    transform_grads_fn: Any = None,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    check_numerics: bool = True,
) -> Tensor:
    """A tensor of the loss that makes a training step when it is run.

    Args:
      global_step: what is counted: the graph's global step by default; None counts nothing.
      update_ops: what is run before the loss: the collection UPDATE_OPS by default.
      variables_to_train: the trainable variables by default.
      transform_grads_fn: list of (gradient, variable) -> another one.
      check_numerics: whether an infinite or NaN loss is an error.
    """
    if isinstance(global_step, int) and global_step == USE_GLOBAL_STEP:
        global_step = steps.get_or_create_global_step()
    collected = list(dict.fromkeys(graphs.get_collection(GraphKeys.UPDATE_OPS)))
    update_ops = collected if update_ops is None else list(dict.fromkeys(update_ops))
    if not set(collected) <= set(update_ops):
        logging.warning("update_ops in create_train_op does not contain all the update_ops in GraphKeys.UPDATE_OPS")
    if update_ops:
        with graphs.control_dependencies(update_ops):
            barrier = control_flow.no_op(name="update_barrier")
        total_loss = control_flow.with_dependencies([barrier], total_loss)
    if variables_to_train is None:
        variables_to_train = variables.trainable_variables()
    else:
        trainable = variables.trainable_variables()
        for v in variables_to_train:
            assert v.trainable or v in trainable
    assert variables_to_train
    gradients = optimizer.compute_gradients(
        total_loss,
        variables_to_train,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )
    if transform_grads_fn:
        gradients = transform_grads_fn(gradients)
    if summarize_gradients:
        with graphs.name_scope("summarize_grads"):
            add_gradients_summaries(gradients)
    updates = optimizer.apply_gradients(gradients, global_step=global_step)
    with graphs.name_scope("train_op"):
        if check_numerics:
            total_loss = building.make("CheckNumerics", total_loss, message="LossTensor is inf or nan")
        train_op = control_flow.with_dependencies([updates], total_loss)
    train_ops = graphs.get_collection_ref(GraphKeys.TRAIN_OP)
    if train_op not in train_ops:
        train_ops.append(train_op)
    return train_op


def train(
    train_op: Any,
    logdir: Any,
    master: str = "",
    is_chief: bool = True,
    scaffold: Any = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: Any = 600,
    save_summaries_steps: Any = 100,
    config: Any = None,
    max_wait_secs: float = 7200,
) -> Any:
    """Runs a train operation until a hook asks to stop; gives the last loss.

    Raises:
      ValueError: there is neither a folder nor a hook.
    """
    if logdir is None and is_chief:
        if save_summaries_steps:
            raise ValueError("logdir cannot be None when save_summaries_steps is not None")
        if save_checkpoint_secs:
            raise ValueError("logdir cannot be None when save_checkpoint_secs is not None")
    loss = None
    with monitored_session.MonitoredTrainingSession(
        master=master,
        is_chief=is_chief,
        checkpoint_dir=logdir,
        scaffold=scaffold,
        hooks=hooks,
        chief_only_hooks=chief_only_hooks,
        save_checkpoint_secs=save_checkpoint_secs,
        save_summaries_steps=save_summaries_steps,
        config=config,
        max_wait_secs=max_wait_secs,
    ) as session:
        while not session.should_stop():
            loss = session.run(train_op)
    return loss
