"""AlexNet, in the variant for one device: Krizhevsky, "One weird trick for parallelizing convolutional neural
networks", 2014.

    with slim.arg_scope(alexnet.alexnet_v2_arg_scope()):
        logits, end_points = alexnet.alexnet_v2(images)         # [N, 224, 224, 3] -> [N, 1000]

Unlike the net of 2012 it has one tower and no local response normalization. The dense layers are convolutions, so that
a trained net also runs over larger images.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.collections import convert_collection_to_dict
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import constant_initializer, truncated_normal_initializer, zeros_initializer
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.pooling import max_pool2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import squeezed
from jax_slim.regularizers import l2_regularizer


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> Scope:
    """The defaults AlexNet is trained with: ReLU, biases of 0.1, L2 loss on weights.

    Args:
      weight_decay: the scale of the L2 loss on weights.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope(
            [conv2d, fully_connected],
            activation_fn=jax.nn.relu,
            biases_initializer=constant_initializer(0.1),
            weights_regularizer=l2_regularizer(weight_decay),
        ),
        arg_scope([conv2d], padding="SAME"),
        arg_scope([max_pool2d], padding="VALID") as scope,
    ):
        return scope


def alexnet_v2(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "alexnet_v2",
    global_pool: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """Classifies images by five convolutions and three dense layers.

    Args:
      inputs: [N, H, W, 3]; made for 224 x 224.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout is on.
      dropout_keep_prob: the probability with which dropout keeps a unit.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      scope: the variable scope.
      global_pool: whether to average over the spatial axes before classifying: allows larger inputs.

    Returns:
      The logits: [N, num_classes], or [N, H', W', num_classes] without `spatial_squeeze`, or the features before them;
      and the end points: 'alexnet_v2/conv1', ..., 'alexnet_v2/fc8' -> outputs.

    Raises:
      ValueError: the inputs are so small that a window does not fit, or so large that the logits are a map which cannot
        be squeezed.
    """
    with variable_scope(scope, "alexnet_v2", [inputs]) as sc:
        collection = sc.original_name_scope + "_end_points"
        with arg_scope([conv2d, fully_connected, max_pool2d], outputs_collections=collection):
            net = conv2d(inputs, 64, [11, 11], 4, padding="VALID", scope="conv1")
            net = max_pool2d(net, [3, 3], 2, scope="pool1")
            net = conv2d(net, 192, [5, 5], scope="conv2")
            net = max_pool2d(net, [3, 3], 2, scope="pool2")
            net = conv2d(net, 384, [3, 3], scope="conv3")
            net = conv2d(net, 384, [3, 3], scope="conv4")
            net = conv2d(net, 256, [3, 3], scope="conv5")
            net = max_pool2d(net, [3, 3], 2, scope="pool5")
            with arg_scope(
                [conv2d],
                weights_initializer=truncated_normal_initializer(stddev=0.005),
                biases_initializer=constant_initializer(0.1),
            ):
                net = conv2d(net, 4096, [5, 5], padding="VALID", scope="fc6")
                net = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout6")
                net = conv2d(net, 4096, [1, 1], scope="fc7")
                end_points = convert_collection_to_dict(collection)
                if global_pool:
                    net = end_points["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
                if num_classes:
                    net = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout7")
                    net = conv2d(
                        net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None,
                        biases_initializer=zeros_initializer(), scope="fc8",
                    )  # fmt: skip
                    if spatial_squeeze:
                        net = squeezed("alexnet_v2", net, inputs)
                    end_points[sc.name + "/fc8"] = net
        return net, end_points


alexnet_v2.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]
