"""Xception: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.

    with slim.arg_scope(xception.xception_arg_scope()):
        logits, end_points = xception.xception(images, 1000, is_training=False)      # [N, 299, 299, 3] -> [N, 1000]

Layers are called as in the author's own net, in Keras. The deeper nets of DeepLab are `nets.xception_deeplab`.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import max_pool2d
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import check_images
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


def xception(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.5,
    symmetric_padding: bool = False,
    reuse: Any = None,
    scope: str = "Xception",
) -> NetAndEndPoints:
    """Classifies images: [N, 299, 299, 3] -> [N, num_classes].

    Args:
      inputs: [N, H, W, C].
      num_classes: how many classes; None or 0 leaves out the last layer and returns [N, 2048] features.
      is_training: whether `batch_norm` uses the batch's moments, and dropout is on.
      dropout_keep_prob: how much of the features before the last layer is kept in training.
      symmetric_padding: whether poolings pad alike on either side, as PyTorch does, and not by the size of their maps.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.

    Returns:
      The logits or features; and the end points: 'block1' to 'block14', 'global_pool', 'logits' and 'predictions'.

    Raises:
      ValueError: `inputs` are no images.
    """
    check_images("xception", inputs)
    ends: dict[str, Any] = {}
    with variable_scope(scope, reuse=reuse), arg_scope([batch_norm], is_training=is_training):
        # Entry flow
        net = conv2d(inputs, 32, 3, stride=2, padding="VALID", activation_fn=jax.nn.relu, scope="block1_conv1")
        net = conv2d(net, 64, 3, padding="VALID", activation_fn=jax.nn.relu, scope="block1_conv2")
        ends["block1"] = net
        for block, depths in ((2, (128, 128)), (3, (256, 256)), (4, (728, 728))):
            net = ends[f"block{block}"] = _smaller(net, block, depths, block > 2, symmetric_padding)
        # Middle flow
        for block in range(5, 13):
            net = ends[f"block{block}"] = net + _separable(net, block, (728, 728, 728))
        # Exit flow
        net = ends["block13"] = _smaller(net, 13, (728, 1024), True, symmetric_padding)
        for index, depth in ((1, 1536), (2, 2048)):
            net = separable_conv2d(net, depth, 3, activation_fn=jax.nn.relu, scope=f"block14_sepconv{index}")
        ends["block14"] = net
        net = ends["global_pool"] = jnp.mean(net, axis=(1, 2))
        if num_classes:
            net = dropout(net, dropout_keep_prob, is_training=is_training)
            net = ends["logits"] = fully_connected(net, num_classes, activation_fn=None, scope="logits")
            ends["predictions"] = softmax(net, scope="predictions")
    return net, ends


def _separable(net: jax.Array, block: int, depths: tuple[int, ...], activated: bool = True) -> jax.Array:
    """Activations and separable convolutions in turn; `activated` says whether one comes first."""
    for index, depth in enumerate(depths, 1):
        net = jax.nn.relu(net) if activated or index > 1 else net
        net = separable_conv2d(net, depth, 3, scope=f"block{block}_sepconv{index}")
    return net


def _smaller(net: jax.Array, block: int, depths: tuple[int, ...], activated: bool, symmetric: bool) -> jax.Array:
    """A block that halves the map, with a convolution as its shortcut."""
    shortcut = conv2d(net, depths[-1], 1, stride=2, scope=f"block{block}_shortcut")
    net = _separable(net, block, depths, activated)
    if symmetric:
        net = jnp.pad(net, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=jnp.finfo(net.dtype).min)
    net = max_pool2d(net, 3, stride=2, padding="VALID" if symmetric else "SAME", scope=f"block{block}_pool")
    return shortcut + net


def xception_arg_scope(
    weight_decay: float = 1e-5, batch_norm_decay: float = 0.99, batch_norm_epsilon: float = 1e-3
) -> Scope:
    """The defaults the net is trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      batch_norm_decay: how much of the moving averages stays in each update.
      batch_norm_epsilon: added to variances.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope([conv2d, separable_conv2d], activation_fn=None, normalizer_fn=batch_norm),
        arg_scope([conv2d, separable_conv2d, fully_connected], weights_regularizer=l2_regularizer(weight_decay)),
        arg_scope([batch_norm], scale=True, decay=batch_norm_decay, epsilon=batch_norm_epsilon) as scope,
    ):
        return scope


xception.default_image_size = 299  # pyright: ignore[reportFunctionMemberAccess]
