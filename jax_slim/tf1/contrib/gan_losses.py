"""`tf.contrib.gan.losses`: losses of generators and discriminators, of tensors and of models."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, gradients, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import clip_ops, constant_op, losses, math, random, reductions, summary, variable_scope

_LOSSES, _MEAN = GraphKeys.LOSSES, "weighted_sum_by_nonzero_weights"


def _shown(add_summaries: bool, **scalars: Any) -> None:
    for name, value in scalars.items():
        if add_summaries:
            summary.scalar(name, value)


def wasserstein_generator_loss(discriminator_gen_outputs: Any, weights: Any = 1.0, scope: Any = None, loss_collection: Any = _LOSSES,
                               reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """The mean of minus what the discriminator says of generated data."""
    with graphs.name_scope(scope, "generator_wasserstein_loss", (discriminator_gen_outputs, weights)) as scope:
        loss = losses.compute_weighted_loss(-discriminator_gen_outputs, weights, scope, loss_collection, reduction)
        _shown(add_summaries, generator_wass_loss=loss)
    return loss


def wasserstein_discriminator_loss(discriminator_real_outputs: Any, discriminator_gen_outputs: Any, real_weights: Any = 1.0, generated_weights: Any = 1.0,
                                   scope: Any = None, loss_collection: Any = _LOSSES, reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """What the discriminator says of generated data, less what it says of real data."""
    with graphs.name_scope(
        scope, "discriminator_wasserstein_loss", (discriminator_real_outputs, discriminator_gen_outputs)
    ) as scope:
        real, generated = (
            conversion.convert_to_tensor(v) for v in (discriminator_real_outputs, discriminator_gen_outputs)
        )
        on_generated = losses.compute_weighted_loss(generated, generated_weights, scope, None, reduction)
        on_real = losses.compute_weighted_loss(real, real_weights, scope, None, reduction)
        return _sum(on_generated, -on_real, loss_collection, add_summaries, "discriminator_wass_loss")


def _sum(on_generated: Any, on_real: Any, loss_collection: Any, add_summaries: bool, name: str) -> Any:
    loss = on_generated + on_real
    if loss_collection:
        losses.add_loss(loss, loss_collection)
    _shown(add_summaries, **{name: loss})
    return loss


def wasserstein_gradient_penalty(generated_data: Any, real_data: Any, generator_inputs: Any, discriminator_fn: Any, discriminator_scope: Any, epsilon: float = 1e-10,
                                 target: float = 1.0, one_sided: bool = False, weights: Any = 1.0, scope: Any = None, loss_collection: Any = _LOSSES,
                                 reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """How far the discriminator's gradients between real and generated data are from length `target`, squared."""
    with graphs.name_scope(scope, "wasserstein_gradient_penalty", (generated_data, real_data)) as scope:
        real, generated = conversion.convert_to_tensor(real_data), conversion.convert_to_tensor(generated_data)
        if real.shape.ndims is None:
            raise ValueError("`real_data` can't have unknown rank.")
        batch = real.shape[0].value
        if batch is None:
            batch = generated.shape[0].value
        if batch is None:
            from jax_slim.tf1.python import array

            batch = array.shape(real)[0]
        share = random.random_uniform([batch] + [1] * (real.shape.ndims - 1))
        between = real + share * (generated - real)
        with graphs.name_scope(None), variable_scope.variable_scope(discriminator_scope, reuse=True):
            judged = discriminator_fn(between, generator_inputs)
        judged = judged[0] if isinstance(judged, tuple) else judged
        slopes = gradients.gradients(judged, between)[0]
        lengths = math.sqrt(reductions.reduce_sum(math.square(slopes), axis=list(range(1, real.shape.ndims))) + epsilon)
        penalties = lengths / target - 1.0
        if one_sided:
            penalties = math.maximum(0.0, penalties)
        penalty = losses.compute_weighted_loss(math.square(penalties), weights, scope, loss_collection, reduction)
        _shown(add_summaries, gradient_penalty_loss=penalty)
        return penalty


def modified_generator_loss(discriminator_gen_outputs: Any, label_smoothing: float = 0.0, weights: Any = 1.0, scope: Any = None, loss_collection: Any = _LOSSES,
                            reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """The cross entropy of taking generated data for real."""
    with graphs.name_scope(scope, "generator_modified_loss", [discriminator_gen_outputs]) as scope:
        ones = constant_op.ones_like(discriminator_gen_outputs)
        loss = losses.sigmoid_cross_entropy(
            ones, discriminator_gen_outputs, weights, label_smoothing, scope, loss_collection, reduction
        )
        _shown(add_summaries, generator_modified_loss=loss)
    return loss


def _cross_entropies(name: str) -> Callable[..., Any]:
    def loss(discriminator_real_outputs: Any, discriminator_gen_outputs: Any, label_smoothing: float = 0.25, real_weights: Any = 1.0, generated_weights: Any = 1.0,
             scope: Any = None, loss_collection: Any = _LOSSES, reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
        with graphs.name_scope(
            scope, f"discriminator_{name}_loss", (discriminator_real_outputs, discriminator_gen_outputs)
        ) as scope:
            on_real = losses.sigmoid_cross_entropy(constant_op.ones_like(discriminator_real_outputs), discriminator_real_outputs, real_weights, label_smoothing, scope,
                                                   None, reduction)  # fmt: skip
            on_generated = losses.sigmoid_cross_entropy(constant_op.zeros_like(discriminator_gen_outputs), discriminator_gen_outputs, generated_weights, scope=scope,
                                                        loss_collection=None, reduction=reduction)  # fmt: skip
            return _sum(on_generated, on_real, loss_collection, add_summaries, f"discriminator_{name}_loss")

    loss.__name__ = loss.__qualname__ = f"{name}_discriminator_loss"
    loss.__doc__ = "The cross entropy of telling real data from generated ones."
    return loss


minimax_discriminator_loss, modified_discriminator_loss = _cross_entropies("minimax"), _cross_entropies("modified")


def minimax_generator_loss(discriminator_gen_outputs: Any, label_smoothing: float = 0.0, weights: Any = 1.0, scope: Any = None, loss_collection: Any = _LOSSES,
                           reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """Minus the discriminator's loss."""
    with graphs.name_scope(scope, "generator_minimax_loss") as scope:
        ones = constant_op.ones_like(discriminator_gen_outputs)
        loss = -minimax_discriminator_loss(
            ones, discriminator_gen_outputs, label_smoothing, weights, weights, scope, None, reduction
        )
        if loss_collection:
            losses.add_loss(loss, loss_collection)
        _shown(add_summaries, generator_minimax_loss=loss)
    return loss


def least_squares_generator_loss(discriminator_gen_outputs: Any, real_label: float = 1, weights: Any = 1.0, scope: Any = None, loss_collection: Any = _LOSSES,
                                 reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """Half the squared distance of what is said of generated data from `real_label`."""
    with graphs.name_scope(scope, "lsq_generator_loss", (discriminator_gen_outputs, real_label)) as scope:
        each = 0.5 * math.squared_difference(discriminator_gen_outputs, float(real_label))
        loss = losses.compute_weighted_loss(each, weights, scope, loss_collection, reduction)
    _shown(add_summaries, generator_lsq_loss=loss)
    return loss


def least_squares_discriminator_loss(discriminator_real_outputs: Any, discriminator_gen_outputs: Any, real_label: float = 1, fake_label: float = 0,
                                     real_weights: Any = 1.0, generated_weights: Any = 1.0, scope: Any = None, loss_collection: Any = _LOSSES,
                                     reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """Half the squared distances from `real_label` and `fake_label`."""
    with graphs.name_scope(scope, "lsq_discriminator_loss", (discriminator_gen_outputs, real_label)) as scope:
        of_real = 0.5 * math.squared_difference(discriminator_real_outputs, float(real_label))
        of_fake = 0.5 * math.squared_difference(discriminator_gen_outputs, float(fake_label))
        on_real = losses.compute_weighted_loss(of_real, real_weights, scope, None, reduction)
        on_fake = losses.compute_weighted_loss(of_fake, generated_weights, scope, None, reduction)
        return _sum(on_fake, on_real, loss_collection, add_summaries, "discriminator_lsq_loss")


def mutual_information_penalty(structured_generator_inputs: Any, predicted_distributions: Any, weights: Any = 1.0, scope: Any = None, loss_collection: Any = _LOSSES,
                               reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """Minus the log-probability of the structured inputs by what the discriminator predicts."""
    with graphs.name_scope(scope, "mutual_information_loss") as scope:
        found = [
            reductions.reduce_mean(d.log_prob(noise))
            for d, noise in zip(predicted_distributions, structured_generator_inputs, strict=True)
        ]
        loss = -1 * losses.compute_weighted_loss(found, weights, scope, loss_collection, reduction)
        _shown(add_summaries, mutual_information_penalty=loss)
    return loss


def acgan_discriminator_loss(discriminator_real_classification_logits: Any, discriminator_gen_classification_logits: Any, one_hot_labels: Any,
                             label_smoothing: float = 0.0, real_weights: Any = 1.0, generated_weights: Any = 1.0, scope: Any = None,
                             loss_collection: Any = _LOSSES, reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """The cross entropy of classes, of real and of generated data."""
    with graphs.name_scope(scope, "acgan_discriminator_loss") as scope:
        on_generated = losses.softmax_cross_entropy(one_hot_labels, discriminator_gen_classification_logits, generated_weights, scope=scope, loss_collection=None,
                                                    reduction=reduction)  # fmt: skip
        on_real = losses.softmax_cross_entropy(
            one_hot_labels,
            discriminator_real_classification_logits,
            real_weights,
            label_smoothing,
            scope,
            None,
            reduction,
        )
        return _sum(on_generated, on_real, loss_collection, add_summaries, "discriminator_ac_loss")


def acgan_generator_loss(discriminator_gen_classification_logits: Any, one_hot_labels: Any, weights: Any = 1.0, scope: Any = None, loss_collection: Any = _LOSSES,
                         reduction: str = _MEAN, add_summaries: bool = False) -> Any:  # fmt: skip
    """The cross entropy of the classes of generated data."""
    with graphs.name_scope(scope, "acgan_generator_loss") as scope:
        loss = losses.softmax_cross_entropy(one_hot_labels, discriminator_gen_classification_logits, weights, scope=scope, loss_collection=loss_collection,
                                            reduction=reduction)  # fmt: skip
        _shown(add_summaries, generator_ac_loss=loss)
    return loss


def cycle_consistency_loss(
    data_x: Any,
    reconstructed_data_x: Any,
    data_y: Any,
    reconstructed_data_y: Any,
    scope: Any = None,
    add_summaries: bool = False,
) -> Any:
    """The mean distance of what comes back from what went there, over both directions."""
    with graphs.name_scope(scope, "cycle_consistency_loss"):
        pairs = ((data_x, reconstructed_data_x), (data_y, reconstructed_data_y))
        of_x, of_y = (reductions.reduce_mean(math.abs(again - data)) for data, again in pairs)
        loss = (of_x + of_y) / 2.0
        _shown(add_summaries, cycle_consistency_loss_x=of_x, cycle_consistency_loss_y=of_y, cycle_consistency_loss=loss)
    return loss


def combine_adversarial_tensors(main_loss: Any, adversarial_loss: Any, weight_factor: Any = None, gradient_ratio: Any = None, gradient_ratio_epsilon: float = 1e-6,
                                variables: Any = None, scalar_summaries: bool = True, gradient_summaries: bool = True, scope: Any = None) -> Any:  # fmt: skip
    """main_loss + factor * adversarial_loss: `weight_factor`, or what makes the main gradient `gradient_ratio` times the other one.

    Raises:
      ValueError: not one of the two is given, or no variables for gradients.
    """
    if (weight_factor is None) == (gradient_ratio is None):
        raise ValueError("Exactly one of `weight_factor` and `gradient_ratio` must be supplied.")
    if variables is None and (gradient_ratio is not None or gradient_summaries):
        raise ValueError("`variables` can't be None when gradients are used.")
    with graphs.name_scope(scope, "adversarial_loss", [main_loss, adversarial_loss]):
        factor = weight_factor
        if gradient_ratio is not None or gradient_summaries:
            main, other = (
                clip_ops.global_norm([g for g in gradients.gradients(loss, variables) if g is not None])
                for loss in (main_loss, adversarial_loss)
            )
            ratio = main / (other + gradient_ratio_epsilon)
            _shown(gradient_summaries, main_loss_gradients=main, adversarial_loss_gradients=other)
            factor = ratio / gradient_ratio if gradient_ratio is not None else weight_factor
        loss = adversarial_loss * factor + main_loss
        _shown(scalar_summaries, main_loss=main_loss, adversarial_loss=adversarial_loss, total_loss=loss)
    return loss


# The same of models: arguments are the model's fields of their names.


def _of_model(function: Callable[..., Any]) -> Callable[..., Any]:
    wanted = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def loss(gan_model: Any, add_summaries: bool = True, **kwargs: Any) -> Any:
        given = {name: getattr(gan_model, name) for name in wanted if hasattr(gan_model, name) and name not in kwargs}
        return function(**given, **kwargs, add_summaries=add_summaries)

    loss.__signature__ = inspect.Signature(  # pyright: ignore[reportAttributeAccessIssue] - functions take any attribute
        [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in ("gan_model", "add_summaries")]
    )
    return loss


model_wasserstein_generator_loss = _of_model(wasserstein_generator_loss)
model_wasserstein_discriminator_loss = _of_model(wasserstein_discriminator_loss)
model_wasserstein_gradient_penalty = _of_model(wasserstein_gradient_penalty)
model_modified_generator_loss = _of_model(modified_generator_loss)
model_modified_discriminator_loss = _of_model(modified_discriminator_loss)
model_minimax_generator_loss = _of_model(minimax_generator_loss)
model_minimax_discriminator_loss = _of_model(minimax_discriminator_loss)
model_least_squares_generator_loss = _of_model(least_squares_generator_loss)
model_least_squares_discriminator_loss = _of_model(least_squares_discriminator_loss)
model_mutual_information_penalty = _of_model(mutual_information_penalty)
model_acgan_discriminator_loss = _of_model(acgan_discriminator_loss)
model_acgan_generator_loss = _of_model(acgan_generator_loss)


def model_cycle_consistency_loss(cyclegan_model: Any, scope: Any = None, add_summaries: bool = False) -> Any:
    """`cycle_consistency_loss` of a CycleGANModel."""
    there, back = cyclegan_model.model_x2y, cyclegan_model.model_y2x
    return cycle_consistency_loss(
        there.generator_inputs,
        cyclegan_model.reconstructed_x,
        back.generator_inputs,
        cyclegan_model.reconstructed_y,
        scope,
        add_summaries,
    )


def combine_adversarial_loss(gan_loss: Any, gan_model: Any, non_adversarial_loss: Any, weight_factor: Any = None, gradient_ratio: Any = None,
                             gradient_ratio_epsilon: float = 1e-6, scalar_summaries: bool = True, gradient_summaries: bool = True) -> Any:  # fmt: skip
    """A GANLoss whose generator also has another loss: see `combine_adversarial_tensors`."""
    combined = combine_adversarial_tensors(non_adversarial_loss, gan_loss.generator_loss, weight_factor, gradient_ratio, gradient_ratio_epsilon,
                                           gan_model.generator_variables, scalar_summaries, gradient_summaries)  # fmt: skip
    return gan_loss._replace(generator_loss=combined)
