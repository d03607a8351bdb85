"""The VGG nets: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014.

    with slim.arg_scope(vgg.vgg_arg_scope()):
        logits, end_points = vgg.vgg_16(images)         # [N, 224, 224, 3] -> [N, 1000]

The dense layers are convolutions, so that a trained net also runs over larger images (`spatial_squeeze=False`).
"""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.collections import convert_collection_to_dict
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import zeros_initializer
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.pooling import max_pool2d
from jax_slim.layers.repetition import repeat
from jax_slim.layers.stochastic import dropout
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


def vgg_arg_scope(weight_decay: float = 0.0005) -> Scope:
    """The defaults the VGG nets are trained with: ReLU, SAME padding, L2 loss on weights.

    Args:
      weight_decay: the scale of the L2 loss on weights.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope(
            [conv2d, fully_connected],
            activation_fn=jax.nn.relu,
            weights_regularizer=l2_regularizer(weight_decay),
            biases_initializer=zeros_initializer(),
        ),
        arg_scope([conv2d], padding="SAME") as scope,
    ):
        return scope


def vgg_a(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "vgg_a",
    fc_conv_padding: str = "VALID",
    global_pool: bool = False,
) -> NetAndEndPoints:
    """VGG with 11 layers, configuration A of the paper. Arguments and results as `vgg_16`."""
    return _vgg(
        (1, 1, 2, 2, 2), inputs, num_classes, is_training, dropout_keep_prob, spatial_squeeze, reuse, scope, "vgg_a",
        fc_conv_padding, global_pool,
    )  # fmt: skip


def vgg_16(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "vgg_16",
    fc_conv_padding: str = "VALID",
    global_pool: bool = False,
) -> NetAndEndPoints:
    """VGG with 16 layers, configuration D of the paper.

    Args:
      inputs: [N, H, W, 3]; made for 224 x 224.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout is on.
      dropout_keep_prob: the probability with which dropout keeps a unit.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.
      fc_conv_padding: "VALID" for the net of the paper, where 'fc6' covers its whole 7 x 7 input; "SAME" to keep a map
        of predictions over the image, or for inputs smaller than 193 pixels.
      global_pool: whether to average over the spatial axes before classifying: allows inputs of any size.

    Returns:
      The logits: [N, num_classes], or [N, H', W', num_classes] without `spatial_squeeze`, or the features before them;
      and the end points: 'vgg_16/conv1/conv1_1', ..., 'vgg_16/fc8' -> outputs.
    """
    return _vgg(
        (2, 2, 3, 3, 3), inputs, num_classes, is_training, dropout_keep_prob, spatial_squeeze, reuse, scope, "vgg_16",
        fc_conv_padding, global_pool,
    )  # fmt: skip


def vgg_19(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "vgg_19",
    fc_conv_padding: str = "VALID",
    global_pool: bool = False,
) -> NetAndEndPoints:
    """VGG with 19 layers, configuration E of the paper. Arguments and results as `vgg_16`."""
    return _vgg(
        (2, 2, 4, 4, 4), inputs, num_classes, is_training, dropout_keep_prob, spatial_squeeze, reuse, scope, "vgg_19",
        fc_conv_padding, global_pool,
    )  # fmt: skip


def _vgg(
    repetitions: tuple[int, ...],
    inputs: jax.Array,
    num_classes: int | None,
    is_training: bool,
    dropout_keep_prob: float,
    spatial_squeeze: bool,
    reuse: Any,
    scope: str,
    default_scope: str,
    fc_conv_padding: str,
    global_pool: bool,
) -> NetAndEndPoints:
    with variable_scope(scope, default_scope, [inputs], reuse=reuse) as sc:
        collection = sc.original_name_scope + "_end_points"
        with arg_scope([conv2d, fully_connected, max_pool2d], outputs_collections=collection):
            net = inputs
            for stage, (times, depth) in enumerate(zip(repetitions, (64, 128, 256, 512, 512), strict=True), start=1):
                net = repeat(net, times, conv2d, depth, [3, 3], scope=f"conv{stage}")
                net = max_pool2d(net, [2, 2], scope=f"pool{stage}")
            net = conv2d(net, 4096, [7, 7], padding=fc_conv_padding, scope="fc6")
            net = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout6")
            net = conv2d(net, 4096, [1, 1], scope="fc7")
            end_points = convert_collection_to_dict(collection)
            if global_pool:
                net = end_points["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
            if num_classes:
                net = dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout7")
                net = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8")
                if spatial_squeeze:
                    if net.shape[1:3] != (1, 1):
                        raise ValueError(
                            f"{scope}: spatial_squeeze needs logits of one pixel, got a map of {net.shape[1:3]} from "
                            f"inputs of shape {inputs.shape}. Use inputs of 224 x 224, global_pool=True, or "
                            "spatial_squeeze=False."
                        )
                    net = jnp.squeeze(net, (1, 2))
                end_points[sc.name + "/fc8"] = net
        return net, end_points


for _net in (vgg_a, vgg_16, vgg_19):
    _net.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]

# TF-Slim's other names for configurations D and E.
vgg_d = vgg_16
vgg_e = vgg_19
