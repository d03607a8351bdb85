"""`slim.nets.alexnet`: AlexNet in the form of Krizhevsky, 2014."""

from typing import Any

from jax_slim.tf1.contrib.nets import layers as slim
from jax_slim.tf1.python import array

trunc_normal = slim.trunc_normal


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The defaults that the net is trained with."""
    with slim.arg_scope([slim.conv2d, slim.fully_connected], activation_fn=slim.relu, biases_initializer=slim.constant_initializer(0.1),
                        weights_regularizer=slim.l2_regularizer(weight_decay)):  # fmt: skip
        with slim.arg_scope([slim.conv2d], padding="SAME"), slim.arg_scope([slim.max_pool2d], padding="VALID") as scope:
            return scope


def alexnet_v2(inputs: Any, num_classes: Any = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5, spatial_squeeze: bool = True,
               scope: Any = "alexnet_v2") -> tuple[Any, Any]:  # fmt: skip
    """(logits [N, classes], end points) of images of 224 x 224."""
    with slim.variable_scope(scope, "alexnet_v2", [inputs]) as sc:
        collection = sc.original_name_scope + "_end_points"
        with slim.arg_scope([slim.conv2d, slim.fully_connected, slim.max_pool2d], outputs_collections=[collection]):
            net = slim.conv2d(inputs, 64, [11, 11], 4, padding="VALID", scope="conv1")
            net = slim.max_pool2d(net, [3, 3], 2, scope="pool1")
            net = slim.conv2d(net, 192, [5, 5], scope="conv2")
            net = slim.max_pool2d(net, [3, 3], 2, scope="pool2")
            net = slim.conv2d(net, 384, [3, 3], scope="conv3")
            net = slim.conv2d(net, 384, [3, 3], scope="conv4")
            net = slim.conv2d(net, 256, [3, 3], scope="conv5")
            net = slim.max_pool2d(net, [3, 3], 2, scope="pool5")
            with slim.arg_scope(
                [slim.conv2d],
                weights_initializer=trunc_normal(0.005),
                biases_initializer=slim.constant_initializer(0.1),
            ):
                net = slim.conv2d(net, 4096, [5, 5], padding="VALID", scope="fc6")
                net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout6")
                net = slim.conv2d(net, 4096, [1, 1], scope="fc7")
                net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout7")
                net = slim.conv2d(
                    net,
                    num_classes,
                    [1, 1],
                    activation_fn=None,
                    normalizer_fn=None,
                    biases_initializer=slim.zeros_initializer(),
                    scope="fc8",
                )
            end_points = slim.convert_collection_to_dict(collection)
            if spatial_squeeze:
                net = array.squeeze(net, [1, 2], name="fc8/squeezed")
                end_points[sc.name + "/fc8"] = net
            return net, end_points


alexnet_v2.default_image_size = 224  # type: ignore[attr-defined]
