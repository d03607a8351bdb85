"""`tf.contrib.gan`: the losses of models, and training that takes turns."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.contrib import gan_losses, learning, training
from jax_slim.tf1.contrib.gan_models import CycleGANLoss, CycleGANModel, GANLoss, GANTrainOps, GANTrainSteps
from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import global_step, losses
from jax_slim.tf1.python.hook_base import SessionRunHook


def gan_loss(model: Any, generator_loss_fn: Any = gan_losses.model_wasserstein_generator_loss, discriminator_loss_fn: Any = gan_losses.model_wasserstein_discriminator_loss,
             gradient_penalty_weight: Any = None, gradient_penalty_epsilon: float = 1e-10, gradient_penalty_target: float = 1.0, gradient_penalty_one_sided: bool = False,
             mutual_information_penalty_weight: Any = None, aux_cond_generator_weight: Any = None, aux_cond_discriminator_weight: Any = None, tensor_pool_fn: Any = None,
             add_summaries: bool = True) -> GANLoss:  # fmt: skip
    """The losses of a GANModel (or InfoGANModel, ACGANModel), with the regularization losses of both scopes.

    Args:
      generator_loss_fn, discriminator_loss_fn: functions of (model, add_summaries).
      gradient_penalty_weight, ...: the gradient penalty of the discriminator, where there is a weight.
      mutual_information_penalty_weight: for an InfoGANModel.
      aux_cond_generator_weight, aux_cond_discriminator_weight: for an ACGANModel.
      tensor_pool_fn: what generated data and inputs go through before the discriminator's loss.

    Raises:
      ValueError: a weight for another kind of model.
    """
    if mutual_information_penalty_weight is not None and not hasattr(model, "predicted_distributions"):
        raise ValueError("When `mutual_information_penalty_weight` is provided, `model` must be an `InfoGANModel`.")
    conditional = aux_cond_generator_weight is not None or aux_cond_discriminator_weight is not None
    if conditional and not hasattr(model, "one_hot_labels"):
        raise ValueError(
            "When `aux_cond_generator_weight` or `aux_cond_discriminator_weight` is provided, `model` must be an `ACGANModel`."
        )
    of_generator = generator_loss_fn(model, add_summaries=add_summaries)
    of_discriminator = discriminator_loss_fn(_pooled(model, tensor_pool_fn), add_summaries=add_summaries)
    if gradient_penalty_weight is not None:
        of_discriminator += gradient_penalty_weight * gan_losses.model_wasserstein_gradient_penalty(
            model, epsilon=gradient_penalty_epsilon, target=gradient_penalty_target, one_sided=gradient_penalty_one_sided, add_summaries=add_summaries)  # fmt: skip
    if mutual_information_penalty_weight is not None:
        information = gan_losses.model_mutual_information_penalty(model, add_summaries=add_summaries)
        of_generator += mutual_information_penalty_weight * information
        of_discriminator += mutual_information_penalty_weight * information
    if aux_cond_generator_weight is not None:
        of_generator += aux_cond_generator_weight * gan_losses.model_acgan_generator_loss(
            model, add_summaries=add_summaries
        )
    if aux_cond_discriminator_weight is not None:
        of_discriminator += aux_cond_discriminator_weight * gan_losses.model_acgan_discriminator_loss(
            model, add_summaries=add_summaries
        )
    for_generator, for_discriminator = (
        losses.get_regularization_loss(s.name) if s else 0 for s in (model.generator_scope, model.discriminator_scope)
    )
    return GANLoss(of_generator + for_generator, of_discriminator + for_discriminator)


def _pooled(model: Any, tensor_pool_fn: Any) -> Any:
    """The model with data from a pool in the place of what was just generated."""
    if tensor_pool_fn is None:
        return model
    from jax_slim.tf1.python import variable_scope

    data, inputs = tensor_pool_fn((model.generated_data, model.generator_inputs))
    with variable_scope.variable_scope(model.discriminator_scope, reuse=True):
        judged = model.discriminator_fn(data, inputs)
    return model._replace(generated_data=data, generator_inputs=inputs, discriminator_gen_outputs=judged)


def cyclegan_loss(model: Any, generator_loss_fn: Any = gan_losses.model_least_squares_generator_loss, discriminator_loss_fn: Any = gan_losses.model_least_squares_discriminator_loss,
                  cycle_consistency_loss_fn: Any = gan_losses.model_cycle_consistency_loss, cycle_consistency_loss_weight: Any = 10.0, **kwargs: Any) -> CycleGANLoss:  # fmt: skip
    """The losses of a CycleGANModel: both generators also have the loss of what comes back, times its weight."""
    consistency = (
        cycle_consistency_loss_fn(model, add_summaries=kwargs.get("add_summaries", True))
        * cycle_consistency_loss_weight
    )

    def part(one: Any) -> GANLoss:
        found = gan_loss(one, generator_loss_fn, discriminator_loss_fn, **kwargs)
        return found._replace(generator_loss=found.generator_loss + consistency)

    with graphs.name_scope("cyclegan_loss_x2y"):
        there = part(model.model_x2y)
    with graphs.name_scope("cyclegan_loss_y2x"):
        back = part(model.model_y2x)
    return CycleGANLoss(there, back)


def gan_train_ops(model: Any, loss: Any, generator_optimizer: Any, discriminator_optimizer: Any, check_for_unused_update_ops: bool = True, is_chief: bool = True,
                  **kwargs: Any) -> GANTrainOps:  # fmt: skip
    """The training steps of a model's two nets, and the operation that counts turns.

    Args:
      check_for_unused_update_ops: whether update operations that are of neither net are an error.
      kwargs: for `tf.contrib.training.create_train_op`.

    Raises:
      ValueError: update operations of neither net.
    """
    if isinstance(model, CycleGANModel):
        parts = [
            gan_train_ops(m, found, generator_optimizer, discriminator_optimizer, False, is_chief, **kwargs)
            for m, found in ((model.model_x2y, loss.loss_x2y), (model.model_y2x, loss.loss_y2x))
        ]
        return GANTrainOps(
            tuple(p.generator_train_op for p in parts), tuple(p.discriminator_train_op for p in parts), _counted()
        )
    counted = _counted()
    updates = set(kwargs.pop("update_ops", None) or graphs.get_collection(GraphKeys.UPDATE_OPS))
    mine = [
        [u for u in graphs.get_collection(GraphKeys.UPDATE_OPS, scope.name) if u in updates]
        for scope in (model.generator_scope, model.discriminator_scope)
    ]
    unused = updates - set(mine[0]) - set(mine[1])
    if unused and check_for_unused_update_ops:
        raise ValueError(f"There are unused update ops: {unused}")
    steps = []
    parts = (("generator_train", loss.generator_loss, generator_optimizer, model.generator_variables),
             ("discriminator_train", loss.discriminator_loss, discriminator_optimizer, model.discriminator_variables))  # fmt: skip
    for (name, value, optimizer, variables), mine_ in zip(parts, mine, strict=True):
        with graphs.name_scope(name):
            steps.append(
                training.create_train_op(
                    value, optimizer, global_step=None, variables_to_train=variables, update_ops=mine_, **kwargs
                )
            )
    return GANTrainOps(steps[0], steps[1], counted)


def _counted() -> Any:
    step = global_step.get_or_create_global_step()
    return step.assign_add(1)


class RunTrainOpsHook(SessionRunHook):
    """Runs operations so many times before each step."""

    def __init__(self, train_ops: Any, train_steps: int) -> None:
        self._ops, self._steps = list(train_ops) if isinstance(train_ops, list | tuple) else [train_ops], train_steps

    def before_run(self, run_context: Any) -> None:
        for _ in range(self._steps):
            run_context.session.run(self._ops)


def get_sequential_train_hooks(train_steps: Any = GANTrainSteps(1, 1)) -> Callable[[Any], list[Any]]:
    """A function of train ops that gives the hooks of a turn: the generator's steps, then the discriminator's."""

    def get_hooks(train_ops: Any) -> list[Any]:
        return [RunTrainOpsHook(train_ops.generator_train_op, train_steps.generator_train_steps),
                RunTrainOpsHook(train_ops.discriminator_train_op, train_steps.discriminator_train_steps), *train_ops.train_hooks]  # fmt: skip

    return get_hooks


def get_joint_train_hooks(train_steps: Any = GANTrainSteps(1, 1)) -> Callable[[Any], list[Any]]:
    """A function of train ops that gives the hooks of a turn: both nets step together."""
    together = min(train_steps)

    def get_hooks(train_ops: Any) -> list[Any]:
        generator, discriminator = train_ops.generator_train_op, train_ops.discriminator_train_op
        return [RunTrainOpsHook([generator, discriminator], together), RunTrainOpsHook(generator, train_steps[0] - together),
                RunTrainOpsHook(discriminator, train_steps[1] - together), *train_ops.train_hooks]  # fmt: skip

    return get_hooks


def get_sequential_train_steps(train_steps: Any = GANTrainSteps(1, 1)) -> Callable[..., Any]:
    """A `train_step_fn` for `slim.learning.train`: a turn of both nets, then the count."""

    def steps(sess: Any, train_ops: Any, step: Any, train_step_kwargs: dict[str, Any]) -> Any:
        kwargs = {k: v for k, v in train_step_kwargs.items() if k != "should_stop"}
        total = 0.0
        for op, count in (
            (train_ops.generator_train_op, train_steps[0]),
            (train_ops.discriminator_train_op, train_steps[1]),
        ):
            for _ in range(count):
                total += learning.train_step(sess, op, step, kwargs)[0]
        sess.run(train_ops.global_step_inc_op)
        stop = train_step_kwargs.get("should_stop")
        return total, False if stop is None else sess.run(stop)

    return steps


def gan_train(train_ops: GANTrainOps, logdir: Any, get_hooks_fn: Any = None, master: str = "", is_chief: bool = True, scaffold: Any = None, hooks: Any = None,
              chief_only_hooks: Any = None, save_checkpoint_secs: Any = 600, save_summaries_steps: Any = 100, config: Any = None) -> Any:  # fmt: skip
    """Trains until a hook stops it: turns by `get_hooks_fn`, each counted as a step.

    Returns:
      The global step.
    """
    made = (get_hooks_fn or get_sequential_train_hooks())(train_ops)
    return training.train(train_ops.global_step_inc_op, logdir, master=master, is_chief=is_chief, scaffold=scaffold, hooks=[*(hooks or ()), *made],
                          chief_only_hooks=chief_only_hooks, save_checkpoint_secs=save_checkpoint_secs, save_summaries_steps=save_summaries_steps,
                          config=config)  # fmt: skip
