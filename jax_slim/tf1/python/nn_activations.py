"""`tf.nn`: activations, softmax, dropout."""

import numbers
from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, errors, graphs, known_values, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import arguments, array, constant_op, gradient_registry, joining, math


def relu(features: Any, name: str | None = None) -> Tensor:
    """max(features, 0), elementwise; the gradient at 0 is 0."""
    return building.make("Relu", features, name=name)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """min(max(features, 0), 6), elementwise; the gradient at 0 and at 6 is 0."""
    return building.make("Relu6", features, name=name)


def elu(features: Any, name: str | None = None) -> Tensor:
    """exp(features) - 1 where they are negative, features elsewhere."""
    return building.make("Elu", features, name=name)


def selu(features: Any, name: str | None = None) -> Tensor:
    """`elu` scaled so that activations keep mean 0 and variance 1."""
    return building.make("Selu", features, name=name)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """log(exp(features) + 1), elementwise."""
    return building.make("Softplus", features, name=name)


def softsign(features: Any, name: str | None = None) -> Tensor:
    """features / (|features| + 1), elementwise."""
    return building.make("Softsign", features, name=name)


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """features where they are positive, features * alpha elsewhere. `alpha` is a Python number. Integers become float32."""
    with graphs.name_scope(name, "LeakyRelu", [features, alpha]) as name:
        features = conversion.convert_to_tensor(features, name="features")
        if features.dtype.is_integer:
            features = math.cast(features, dtypes.float32)
        if isinstance(alpha, np.ndarray):
            alpha = alpha.item()
        return building.make("LeakyRelu", features, alpha=alpha, name=name)


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Tensor:
    """relu(features) and relu(-features), one after the other along `axis`."""
    with graphs.name_scope(name, "CRelu", [features]) as name:
        features = conversion.convert_to_tensor(features, name="features")
        both = joining.concat([features, -features], axis, name=name)
        return relu(both)


@gradient_registry.custom_gradient
def swish(features: Any) -> Any:
    """features * sigmoid(features), elementwise; what the gradient needs is computed again for it. Takes no `name`."""
    features = conversion.convert_to_tensor(features, name="features")

    def grad(dy: Tensor) -> Tensor:
        with graphs.control_dependencies([dy]):
            sigmoid_features = math.sigmoid(features)
        return dy * (sigmoid_features * (1.0 + features * (1.0 - sigmoid_features)))

    return features * math.sigmoid(features), grad


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """exp(logits) / sum(exp(logits)) along `axis` (the last)."""
    return _along_axis("Softmax", logits, arguments.either("axis", axis, "dim", dim), name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """logits - log(sum(exp(logits))) along `axis` (the last)."""
    return _along_axis("LogSoftmax", logits, arguments.either("axis", axis, "dim", dim), name)


def _along_axis(type: str, logits: Any, axis: Any, name: str | None) -> Tensor:
    axis = -1 if axis is None else axis
    logits = conversion.convert_to_tensor(logits)
    shape = logits.get_shape()
    if (
        not isinstance(axis, Tensor) and axis == -1
    ) or axis == shape.ndims - 1:  # an unknown rank is a TypeError here, as in TF
        return building.make(type, logits, name=name)
    value = known_values.constant_value(axis) if isinstance(axis, Tensor) else axis
    if value is not None and not -shape.ndims <= value < shape.ndims:
        raise errors.InvalidArgumentError(
            None, None, f"Dimension ({value}) must be in the range [{-shape.ndims}, {shape.ndims}) where {shape.ndims} is the number of dimensions in the input."
        )  # fmt: skip

    def swapped(tensor: Tensor, first: Any, last: Any, name: str | None = None) -> Tensor:
        order = joining.concat([constant_op.range(first), [last], constant_op.range(first + 1, last), [first]], 0)
        return array.transpose(tensor, order, name=name)

    array.rank(logits)
    rank = array.rank(logits)
    first = axis % shape.ndims
    moved = swapped(logits, first, math.subtract(rank, 1))
    result = swapped(building.make(type, moved), first, math.subtract(rank, 1), name=name)
    result.set_shape(shape)
    return result


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """Sets elements to 0 with probability `rate` (1 - keep_prob) and divides the others by 1 - rate.

    Args:
      keep_prob, rate: one of the two: a number or a scalar tensor. A number that drops nothing returns `x` itself.
      noise_shape: what is drawn, broadcast against `x`; a 1 keeps or drops along that dimension as one.
      seed: of the operation.
    """
    try:
        dropped = 1.0 - keep_prob if keep_prob is not None else None
    except TypeError:
        raise ValueError(f"keep_prob must be a floating point number or Tensor (got {keep_prob!r})") from None
    rate = arguments.either("rate", rate, "keep_prob", dropped)
    if rate is None:
        raise ValueError("You must provide a rate to dropout.")
    return dropout_v2(x, rate, noise_shape=noise_shape, seed=seed, name=name)


def dropout_v2(x: Any, rate: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Tensor:
    """`dropout` by the probability of being dropped."""
    from jax_slim.tf1.python import random

    with graphs.name_scope(name, "dropout", [x]):
        x = conversion.convert_to_tensor(x, name="x")
        if not x.dtype.is_floating:
            raise ValueError(
                f"x has to be a floating point tensor since it's going to be scaled. Got a {x.dtype} tensor instead."
            )
        if isinstance(rate, numbers.Real):
            if not 0 <= float(rate) < 1:
                raise ValueError(f"rate must be a scalar tensor or a float in the range [0, 1), got {rate:g}")
            if rate == 0:
                return x
        rate = conversion.convert_to_tensor(rate, dtype=x.dtype, name="rate")
        rate.get_shape().assert_has_rank(0)
        known = known_values.constant_value(rate)
        if known is not None and known == 0:
            return x
        drawn = random.random_uniform(_noise_shape(x, noise_shape), seed=seed, dtype=x.dtype)
        keep_prob = 1 - rate
        scale = 1 / keep_prob
        keep_mask = drawn >= rate
        result = x * scale * math.cast(keep_mask, x.dtype)
        result.set_shape(x.get_shape())
        return result


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    if noise_shape is None:
        return array.shape(x)
    try:
        asked = shapes.as_shape(noise_shape)
    except (TypeError, ValueError):
        return noise_shape
    of_x = x.get_shape()
    if of_x.sizes is not None and asked.sizes is not None and len(of_x.sizes) == len(asked.sizes):
        return shapes.TensorShape([b if a is None else a for a, b in zip(asked.sizes, of_x.sizes, strict=True)])
    return noise_shape
