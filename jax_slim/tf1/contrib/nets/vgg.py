"""`slim.nets.vgg`: the VGG nets of Simonyan and Zisserman, 2014."""

from typing import Any

from jax_slim.tf1.contrib.nets import layers as slim
from jax_slim.tf1.python import array


def vgg_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The defaults that the nets are trained with."""
    with slim.arg_scope([slim.conv2d, slim.fully_connected], activation_fn=slim.relu, weights_regularizer=slim.l2_regularizer(weight_decay),
                        biases_initializer=slim.zeros_initializer()):  # fmt: skip
        with slim.arg_scope([slim.conv2d], padding="SAME") as scope:
            return scope


def _vgg(depths: tuple[int, ...], default: str, inputs: Any, num_classes: Any, is_training: Any, keep_prob: float, squeeze: bool, scope: Any,
         padding: str) -> tuple[Any, Any]:  # fmt: skip
    with slim.variable_scope(scope, default, [inputs]) as sc:
        collection = sc.original_name_scope + "_end_points"
        with slim.arg_scope([slim.conv2d, slim.fully_connected, slim.max_pool2d], outputs_collections=collection):
            net = inputs
            for stage, (times, depth) in enumerate(zip(depths, (64, 128, 256, 512, 512), strict=True), start=1):
                net = slim.repeat(net, times, slim.conv2d, depth, [3, 3], scope=f"conv{stage}")
                net = slim.max_pool2d(net, [2, 2], scope=f"pool{stage}")
            net = slim.conv2d(net, 4096, [7, 7], padding=padding, scope="fc6")
            net = slim.dropout(net, keep_prob, is_training=is_training, scope="dropout6")
            net = slim.conv2d(net, 4096, [1, 1], scope="fc7")
            net = slim.dropout(net, keep_prob, is_training=is_training, scope="dropout7")
            net = slim.conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8")
            end_points = slim.convert_collection_to_dict(collection)
            if squeeze:
                net = array.squeeze(net, [1, 2], name="fc8/squeezed")
                end_points[sc.name + "/fc8"] = net
            return net, end_points


def vgg_a(inputs: Any, num_classes: Any = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5, spatial_squeeze: bool = True,
          scope: Any = "vgg_a", fc_conv_padding: str = "VALID") -> tuple[Any, Any]:  # fmt: skip
    """The net of 11 layers: (logits [N, classes], end points)."""
    return _vgg(
        (1, 1, 2, 2, 2),
        "vgg_a",
        inputs,
        num_classes,
        is_training,
        dropout_keep_prob,
        spatial_squeeze,
        scope,
        fc_conv_padding,
    )


def vgg_16(inputs: Any, num_classes: Any = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5, spatial_squeeze: bool = True,
           scope: Any = "vgg_16", fc_conv_padding: str = "VALID") -> tuple[Any, Any]:  # fmt: skip
    """The net of 16 layers: (logits [N, classes], end points)."""
    return _vgg(
        (2, 2, 3, 3, 3),
        "vgg_16",
        inputs,
        num_classes,
        is_training,
        dropout_keep_prob,
        spatial_squeeze,
        scope,
        fc_conv_padding,
    )


def vgg_19(inputs: Any, num_classes: Any = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5, spatial_squeeze: bool = True,
           scope: Any = "vgg_19", fc_conv_padding: str = "VALID") -> tuple[Any, Any]:  # fmt: skip
    """The net of 19 layers: (logits [N, classes], end points)."""
    return _vgg(
        (2, 2, 4, 4, 4),
        "vgg_19",
        inputs,
        num_classes,
        is_training,
        dropout_keep_prob,
        spatial_squeeze,
        scope,
        fc_conv_padding,
    )


for _net in (vgg_a, vgg_16, vgg_19):
    _net.default_image_size = 224  # type: ignore[attr-defined]
vgg_d, vgg_e = vgg_16, vgg_19
