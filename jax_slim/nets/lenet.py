"""LeNet, in the variant that TensorFlow's MNIST tutorial made known.

After LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
"""

from collections.abc import Callable
from typing import Any

import jax

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import truncated_normal_initializer
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import max_pool2d
from jax_slim.layers.shaping import flatten
from jax_slim.layers.stochastic import dropout
from jax_slim.regularizers import l2_regularizer


def lenet(
    images: jax.Array,
    num_classes: int | None = 10,
    is_training: bool = False,
    dropout_keep_prob: float = 0.5,
    prediction_fn: Callable[..., jax.Array] = softmax,
    scope: str = "LeNet",
) -> tuple[jax.Array, dict[str, Any]]:
    """Classifies small images, such as handwritten digits.

        with slim.arg_scope(lenet.lenet_arg_scope()):
            logits, end_points = lenet.lenet(images, is_training=True)      # [N, 28, 28, 1] -> [N, 10]

    Args:
      images: [N, H, W, C]; made for 28 x 28 x 1.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout is on.
      dropout_keep_prob: the probability with which dropout keeps a unit.
      prediction_fn: logits -> class probabilities.
      scope: the variable scope.

    Returns:
      The logits [N, num_classes] (or [N, 1024] features), and every layer's output by its name; 'Logits' and
      'Predictions' among them.
    """
    end_points: dict[str, Any] = {}
    with variable_scope(scope, "LeNet", [images]):
        net = end_points["conv1"] = conv2d(images, 32, [5, 5], scope="conv1")
        net = end_points["pool1"] = max_pool2d(net, [2, 2], 2, scope="pool1")
        net = end_points["conv2"] = conv2d(net, 64, [5, 5], scope="conv2")
        net = end_points["pool2"] = max_pool2d(net, [2, 2], 2, scope="pool2")
        net = end_points["Flatten"] = flatten(net)
        net = end_points["fc3"] = fully_connected(net, 1024, scope="fc3")
        if not num_classes:
            return net, end_points
        net = end_points["dropout3"] = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout3")
        logits = end_points["Logits"] = fully_connected(net, num_classes, activation_fn=None, scope="fc4")
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


lenet.default_image_size = 28  # pyright: ignore[reportFunctionMemberAccess]


def lenet_arg_scope(weight_decay: float = 0.0) -> Scope:
    """The defaults LeNet is trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights.

    Returns:
      A scope for `arg_scope`.
    """
    with arg_scope(
        [conv2d, fully_connected],
        weights_regularizer=l2_regularizer(weight_decay),
        weights_initializer=truncated_normal_initializer(stddev=0.1),
        activation_fn=jax.nn.relu,
    ) as scope:
        return scope
