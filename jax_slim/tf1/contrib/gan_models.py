"""`tf.contrib.gan`: generators and discriminators put together."""

import collections
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.contrib import framework_variables
from jax_slim.tf1.graph import conversion
from jax_slim.tf1.python import variable_scope

_MODEL = (
    "generator_inputs generated_data generator_variables generator_scope generator_fn real_data discriminator_real_outputs discriminator_gen_outputs "
    "discriminator_variables discriminator_scope discriminator_fn"
)
GANModel = collections.namedtuple("GANModel", _MODEL)
InfoGANModel = collections.namedtuple(
    "InfoGANModel", _MODEL + " structured_generator_inputs predicted_distributions discriminator_and_aux_fn"
)
ACGANModel = collections.namedtuple(
    "ACGANModel",
    _MODEL + " one_hot_labels discriminator_real_classification_logits discriminator_gen_classification_logits",
)
CycleGANModel = collections.namedtuple("CycleGANModel", "model_x2y model_y2x reconstructed_x reconstructed_y")


class GANLoss(collections.namedtuple("GANLoss", "generator_loss discriminator_loss")):
    """The two losses of a model."""


class CycleGANLoss(collections.namedtuple("CycleGANLoss", "loss_x2y loss_y2x")):
    """The losses of both directions."""


class GANTrainOps(
    collections.namedtuple("GANTrainOps", "generator_train_op discriminator_train_op global_step_inc_op train_hooks")
):
    """The training steps of both nets, and what counts."""

    def __new__(
        cls, generator_train_op: Any, discriminator_train_op: Any, global_step_inc_op: Any, train_hooks: Any = ()
    ) -> "GANTrainOps":
        return super().__new__(cls, generator_train_op, discriminator_train_op, global_step_inc_op, train_hooks)


class GANTrainSteps(collections.namedtuple("GANTrainSteps", "generator_train_steps discriminator_train_steps")):
    """How many steps each net takes in a turn."""


def _tensors(values: Any) -> Any:
    if isinstance(values, list | tuple):
        return [conversion.convert_to_tensor(v) for v in values]
    if isinstance(values, dict):
        return {k: conversion.convert_to_tensor(v) for k, v in values.items()}
    return None if values is None else conversion.convert_to_tensor(values)


class _Built:
    """A generator, and a discriminator of what it gives and of real data, by the same variables."""

    def __init__(
        self,
        generator_fn: Any,
        discriminator_fn: Any,
        real_data: Any,
        inputs: Any,
        generator_scope: Any,
        discriminator_scope: Any,
        check_shapes: bool,
    ) -> None:
        with variable_scope.variable_scope(generator_scope) as self.generator_scope:
            self.inputs = inputs()
            self.generated = generator_fn(self.inputs)
        with variable_scope.variable_scope(discriminator_scope) as self.discriminator_scope:
            self.of_generated = discriminator_fn(self.generated, self.inputs)
        with variable_scope.variable_scope(self.discriminator_scope, reuse=True):
            self.real = _tensors(real_data)
            self.of_real = discriminator_fn(self.real, self.inputs)
        if check_shapes and not self.generated.shape.is_compatible_with(self.real.shape):
            raise ValueError(
                f"Generator output shape ({self.generated.shape}) must be the same shape as real data ({self.real.shape})."
            )
        self._generator_fn = generator_fn

    def fields(self, of_real: Any, of_generated: Any, discriminator_fn: Any) -> tuple[Any, ...]:
        """The fields that all models share."""
        trainable = framework_variables.get_trainable_variables
        return (self.inputs, self.generated, trainable(self.generator_scope), self.generator_scope, self._generator_fn, self.real, of_real, of_generated,
                trainable(self.discriminator_scope), self.discriminator_scope, discriminator_fn)  # fmt: skip


def gan_model(generator_fn: Any, discriminator_fn: Any, real_data: Any, generator_inputs: Any, generator_scope: Any = "Generator",
              discriminator_scope: Any = "Discriminator", check_shapes: bool = True) -> GANModel:  # fmt: skip
    """A GANModel: `generator_fn(inputs)` gives data, `discriminator_fn(data, inputs)` judges them.

    Raises:
      ValueError: what is generated has another shape than the real data.
    """
    made = _Built(
        generator_fn,
        discriminator_fn,
        real_data,
        lambda: _tensors(generator_inputs),
        generator_scope,
        discriminator_scope,
        check_shapes,
    )
    return GANModel(*made.fields(made.of_real, made.of_generated, discriminator_fn))


def infogan_model(generator_fn: Any, discriminator_fn: Any, real_data: Any, unstructured_generator_inputs: Any, structured_generator_inputs: Any,
                  generator_scope: Any = "Generator", discriminator_scope: Any = "Discriminator") -> InfoGANModel:  # fmt: skip
    """An InfoGANModel: the discriminator gives distributions of the structured inputs beside its judgement.

    Raises:
      ValueError: the distributions are not one for each structured input.
    """
    kept: list[Any] = []

    def inputs() -> list[Any]:
        kept.extend(_tensors(list(structured_generator_inputs)))
        return _tensors(list(unstructured_generator_inputs)) + kept

    made = _Built(generator_fn, discriminator_fn, real_data, inputs, generator_scope, discriminator_scope, True)
    judged, distributions = made.of_generated
    if not isinstance(distributions, list | tuple) or len(distributions) != len(kept):
        raise ValueError(
            f"Predicted distributions must be a list with one distribution for each structured input. Instead found {distributions}."
        )
    plain = _first_of(discriminator_fn)
    return InfoGANModel(*made.fields(made.of_real[0], judged, plain), kept, distributions, discriminator_fn)


def acgan_model(generator_fn: Any, discriminator_fn: Any, real_data: Any, generator_inputs: Any, one_hot_labels: Any, generator_scope: Any = "Generator",
                discriminator_scope: Any = "Discriminator", check_shapes: bool = True) -> ACGANModel:  # fmt: skip
    """An ACGANModel: the discriminator gives logits of classes beside its judgement."""
    made = _Built(
        generator_fn,
        discriminator_fn,
        real_data,
        lambda: _tensors(generator_inputs),
        generator_scope,
        discriminator_scope,
        check_shapes,
    )
    labels = _tensors(one_hot_labels)
    fields = made.fields(made.of_real[0], made.of_generated[0], _first_of(discriminator_fn))
    return ACGANModel(*fields, labels, made.of_real[1], made.of_generated[1])


def _first_of(discriminator_fn: Any) -> Callable[..., Any]:
    return lambda data, inputs: discriminator_fn(data, inputs)[0]


def cyclegan_model(generator_fn: Any, discriminator_fn: Any, data_x: Any, data_y: Any, generator_scope: Any = "Generator", discriminator_scope: Any = "Discriminator",
                   model_x2y_scope: Any = "ModelX2Y", model_y2x_scope: Any = "ModelY2X", check_shapes: bool = True) -> CycleGANModel:  # fmt: skip
    """A CycleGANModel: two models, from x to y and back, and what comes back."""

    def part(scope: Any, source: Any, target: Any) -> GANModel:
        with variable_scope.variable_scope(scope):
            return gan_model(
                generator_fn, discriminator_fn, target, source, generator_scope, discriminator_scope, check_shapes
            )

    there, back = part(model_x2y_scope, data_x, data_y), part(model_y2x_scope, data_y, data_x)
    with variable_scope.variable_scope(back.generator_scope, reuse=True):
        again_x = back.generator_fn(there.generated_data)
    with variable_scope.variable_scope(there.generator_scope, reuse=True):
        again_y = there.generator_fn(back.generated_data)
    return CycleGANModel(there, back, again_x, again_y)
