"""The net of TensorFlow's CIFAR-10 tutorial, a descendant of Krizhevsky's cuda-convnet."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import constant_initializer, truncated_normal_initializer, zeros_initializer
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import max_pool2d
from jax_slim.layers.shaping import flatten
from jax_slim.layers.stochastic import dropout
from jax_slim.regularizers import l2_regularizer


def cifarnet(
    images: jax.Array,
    num_classes: int | None = 10,
    is_training: bool = False,
    dropout_keep_prob: float = 0.5,
    prediction_fn: Callable[..., jax.Array] = softmax,
    scope: Any = "CifarNet",
) -> tuple[jax.Array, dict[str, Any]]:
    """Classifies small colour images.

        with slim.arg_scope(cifarnet.cifarnet_arg_scope()):
            logits, end_points = cifarnet.cifarnet(images, is_training=True)      # [N, 32, 32, 3] -> [N, 10]

    Args:
      images: [N, H, W, C]; made for 32 x 32 x 3.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout is on.
      dropout_keep_prob: the probability with which dropout keeps a unit.
      prediction_fn: logits -> class probabilities; called with `scope`.
      scope: the variable scope.

    Returns:
      The logits [N, num_classes] (or [N, 192] features), and the layers' outputs by their names; 'Logits' and
      'Predictions' among them.
    """
    end_points: dict[str, Any] = {}
    with variable_scope(scope, "CifarNet", [images]):
        net = end_points["conv1"] = conv2d(images, 64, [5, 5], scope="conv1")
        net = end_points["pool1"] = max_pool2d(net, [2, 2], 2, scope="pool1")
        net = _normalized_by_neighbours(net)
        net = end_points["conv2"] = conv2d(net, 64, [5, 5], scope="conv2")
        net = _normalized_by_neighbours(net)
        net = end_points["pool2"] = max_pool2d(net, [2, 2], 2, scope="pool2")
        net = end_points["Flatten"] = flatten(net)
        net = end_points["fc3"] = fully_connected(net, 384, scope="fc3")
        net = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout3")
        net = end_points["fc4"] = fully_connected(net, 192, scope="fc4")
        if not num_classes:
            return net, end_points
        logits = end_points["Logits"] = fully_connected(
            net,
            num_classes,
            biases_initializer=zeros_initializer(),
            weights_initializer=truncated_normal_initializer(stddev=1 / 192.0),
            weights_regularizer=None,
            activation_fn=None,
            scope="logits",
        )
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


cifarnet.default_image_size = 32  # pyright: ignore[reportFunctionMemberAccess]


def cifarnet_arg_scope(weight_decay: float = 0.004) -> Scope:
    """The defaults CifarNet is trained with: ReLU, small normal weights, L2 loss on the dense ones.

    Args:
      weight_decay: the scale of the L2 loss on the weights of 'fc3' and 'fc4'.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope([conv2d], weights_initializer=truncated_normal_initializer(stddev=5e-2), activation_fn=jax.nn.relu),
        arg_scope(
            [fully_connected],
            biases_initializer=constant_initializer(0.1),
            weights_initializer=truncated_normal_initializer(stddev=0.04),
            weights_regularizer=l2_regularizer(weight_decay),
            activation_fn=jax.nn.relu,
        ) as scope,
    ):
        return scope


def _normalized_by_neighbours(
    net: jax.Array, radius: int = 4, alpha: float = 0.001 / 9, beta: float = 0.75
) -> jax.Array:
    """Local response normalization: x / (1 + alpha * sum of the squares of channels c - radius ... c + radius)^beta.

    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012.
    """
    exact = net.astype(jnp.promote_types(net.dtype, jnp.float32))
    channels = net.shape[-1]
    squares = jnp.pad(jnp.square(exact), [(0, 0)] * (net.ndim - 1) + [(radius, radius)])
    around = sum(squares[..., shift : shift + channels] for shift in range(2 * radius + 1))
    return (exact * (1 + alpha * around) ** -beta).astype(net.dtype)
