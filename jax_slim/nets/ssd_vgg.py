"""SSD on VGG: Liu et al., "SSD: Single Shot MultiBox Detector", 2016, with the names of balancap/SSD-Tensorflow.

with slim.arg_scope(ssd_vgg.ssd_arg_scope()):
    logits, end_points = ssd_vgg.ssd_vgg_300(images, 20)           # [N, 300, 300, 3] -> [N, 8732, 21]
found = slim.detection.detect(logits, end_points["BoxEncodings"], end_points["Anchors"], "softmax", 0.01, 0.45)
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.core.variables import model_variable
from jax_slim.detection.anchors import multiple_grid_anchors
from jax_slim.initializers import ones_initializer, xavier_initializer, zeros_initializer
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.pooling import max_pool2d
from jax_slim.layers.repetition import repeat
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import check_images
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


class _Map(NamedTuple):
    """A map that predicts: its block, its anchors and the distance of its places in images of 300 pixels."""

    block: str
    size: float
    next_size: float
    ratios: tuple[float, ...]
    step: float


_FEW, _MORE = (2.0, 0.5), (2.0, 0.5, 3.0, 1 / 3)
_MAPS = (
    _Map("block4", 21, 45, _FEW, 8),
    _Map("block7", 45, 99, _MORE, 16),
    _Map("block8", 99, 153, _MORE, 32),
    _Map("block9", 153, 207, _MORE, 64),
    _Map("block10", 207, 261, _FEW, 100),
    _Map("block11", 261, 315, _FEW, 300),
)
_SIDE = 300
# x, y, width, height in the files; y, x, height, width everywhere here.
_FROM_FILES = (1, 0, 3, 2)


def ssd_arg_scope(weight_decay: float = 0.0005) -> Scope:
    """The defaults that SSD on VGG is trained with: ReLU, SAME padding, L2 loss on weights.

    Args:
      weight_decay: the scale of the L2 loss on weights.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope(
            [conv2d],
            activation_fn=jax.nn.relu,
            weights_regularizer=l2_regularizer(weight_decay),
            weights_initializer=xavier_initializer(),
            biases_initializer=zeros_initializer(),
        ),
        arg_scope([conv2d, max_pool2d], padding="SAME") as scope,
    ):
        return scope


def ssd_vgg_300(
    inputs: jax.Array,
    num_classes: int | None = 20,
    is_training: bool = True,
    dropout_keep_prob: float = 0.5,
    width: float = 1.0,
    reuse: Any = None,
    scope: str = "ssd_300_vgg",
) -> NetAndEndPoints:
    """Finds objects in images: [N, 300, 300, 3] -> [N, 8732, 1 + num_classes].

    Args:
      inputs: [N, H, W, 3], less the means of red, green and blue; made for 300 x 300, H and W of 256 or more.
      num_classes: of objects, without the background; None or 0 leaves out the predictions and returns the last map.
      is_training: whether dropout is on.
      dropout_keep_prob: the probability with which dropout keeps a unit.
      width: how many times as many channels as in the paper there are.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.

    Returns:
      The logits [N, anchors, 1 + num_classes], the background's first; and the end points: 'BoxEncodings'
      [N, anchors, 4], 'Anchors' [anchors, 4], and the maps 'block1' to 'block11'. Scores are their softmax.

    Raises:
      ValueError: `width` is not above 0, or images are too small.
    """
    check_images("ssd_vgg_300", inputs)
    if not width > 0:
        raise ValueError(f"ssd_vgg_300: width must be above 0, got {width!r}.")
    if min(inputs.shape[1:3]) < 256:
        raise ValueError(f"ssd_vgg_300: inputs must have 256 pixels in height and width or more, got {inputs.shape}.")

    def depth(channels: int) -> int:
        return max(int(channels * width), 1)

    end_points: dict[str, Any] = {}
    with variable_scope(scope, "ssd_300_vgg", [inputs], reuse=reuse), arg_scope([dropout], is_training=is_training):
        net = inputs
        for stage, (times, channels) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), start=1):
            net = end_points[f"block{stage}"] = repeat(
                net, times, conv2d, depth(channels), [3, 3], scope=f"conv{stage}"
            )
            size, stride = (3, 1) if stage == 5 else (2, 2)
            net = max_pool2d(net, [size, size], stride=stride, scope=f"pool{stage}")
        net = end_points["block6"] = conv2d(net, depth(1024), [3, 3], rate=6, scope="conv6")
        net = dropout(net, keep_prob=dropout_keep_prob)
        net = end_points["block7"] = conv2d(net, depth(1024), [1, 1], scope="conv7")
        net = dropout(net, keep_prob=dropout_keep_prob)
        for block, (squeezed, channels, stride) in enumerate(
            ((256, 512, 2), (128, 256, 2), (128, 256, 1), (128, 256, 1)), start=8
        ):
            with variable_scope(f"block{block}"):
                net = conv2d(net, depth(squeezed), [1, 1], scope="conv1x1")
                if stride == 2:  # Caffe's padding, the same on all sides
                    net = jnp.pad(net, ((0, 0), (1, 1), (1, 1), (0, 0)))
                net = conv2d(net, depth(channels), [3, 3], stride=stride, padding="VALID", scope="conv3x3")
            end_points[f"block{block}"] = net
        if not num_classes:
            return net, end_points
        codes, logits = [], []
        for row in _MAPS:
            with variable_scope(f"{row.block}_box"):
                net = end_points[row.block]
                if row.block == "block4":
                    net = _l2_normalization(net)
                count = 2 + len(row.ratios)
                found = conv2d(net, count * 4, [3, 3], activation_fn=None, scope="conv_loc")
                codes.append(found.reshape(net.shape[0], -1, 4)[..., jnp.array(_FROM_FILES)])
                found = conv2d(net, count * (num_classes + 1), [3, 3], activation_fn=None, scope="conv_cls")
                logits.append(found.reshape(net.shape[0], -1, num_classes + 1))
    end_points["BoxEncodings"] = jnp.concatenate(codes, 1)
    end_points["Anchors"] = _anchors(inputs.shape[1:3], [end_points[row.block].shape[1:3] for row in _MAPS])
    end_points["Logits"] = jnp.concatenate(logits, 1)
    return end_points["Logits"], end_points


ssd_vgg_300.default_image_size = _SIDE  # pyright: ignore[reportFunctionMemberAccess]


def _l2_normalization(net: jax.Array) -> jax.Array:
    """Each place's channels as a vector of length 1, times a learned scale for each channel."""
    with variable_scope(None, "L2Normalization"):
        scale = model_variable("gamma", (net.shape[-1],), net.dtype, initializer=ones_initializer())
    return net * jax.lax.rsqrt(jnp.maximum(jnp.square(net).sum(-1, keepdims=True), 1e-12)) * scale


def _anchors(image: tuple[int, ...], shapes: list[tuple[int, int]]) -> jax.Array:
    specs = []
    for row in _MAPS:
        square, between = row.size / _SIDE, math.sqrt(row.size * row.next_size) / _SIDE
        specs.append([(square, 1.0), (between, 1.0), *((square, ratio) for ratio in row.ratios)])
    steps = [(row.step / _SIDE, row.step / _SIDE) for row in _MAPS] if tuple(image) == (_SIDE, _SIDE) else None
    return jnp.asarray(multiple_grid_anchors(shapes, specs, strides=steps))
