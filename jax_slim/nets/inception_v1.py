"""Inception v1, also GoogLeNet: Szegedy et al., "Going Deeper with Convolutions", 2014.

    with slim.arg_scope(inception_v1.inception_v1_arg_scope()):
        logits, end_points = inception_v1.inception_v1(images)          # [N, 224, 224, 3] -> [N, 1000]

With batch normalization, without the paper's auxiliary classifiers, and with 3 x 3 for its 5 x 5 convolutions.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import truncated_normal_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import avg_pool2d, max_pool2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import squeezed
from jax_slim.nets._stages import Stage, conv, max_pool, max_pool_from_the_first, mixed, padded_conv, run
from jax_slim.nets.inception_utils import inception_arg_scope

inception_v1_arg_scope = inception_arg_scope


def inception_v1_base(
    inputs: jax.Array,
    final_endpoint: str = "Mixed_5c",
    include_root_block: bool = True,
    scope: Any = "InceptionV1",
    symmetric_padding: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """The convolutions of Inception v1.

    Args:
      inputs: [N, H, W, 3]; of any size.
      final_endpoint: where to stop: 'Conv2d_1a_7x7', 'MaxPool_2a_3x3', 'Conv2d_2b_1x1', 'Conv2d_2c_3x3',
        'MaxPool_3a_3x3', 'Mixed_3b', 'Mixed_3c', 'MaxPool_4a_3x3', 'Mixed_4b', 'Mixed_4c', 'Mixed_4d', 'Mixed_4e',
        'Mixed_4f', 'MaxPool_5a_2x2', 'Mixed_5b' or 'Mixed_5c'.
      include_root_block: whether to begin with what comes before 'Mixed_3b'; if not, `inputs` are its [N, H / 8, W / 8,
        C] activations.
      scope: the variable scope.
      symmetric_padding: whether the first convolution pads as much on either side, as PyTorch does, and not by the size
        of the images, and windows of maxima begin at the first pixel: for weights of torchvision's GoogLeNet.

    Returns:
      The activations at `final_endpoint`, [N, H / 32, W / 32, 1024] at the last one, and all until then by name.

    Raises:
      ValueError: there is no such `final_endpoint`.
    """
    first, pool = (padded_conv, max_pool_from_the_first) if symmetric_padding else (conv, max_pool)
    root = [
        first("Conv2d_1a_7x7", 64, stride=2),
        pool("MaxPool_2a_3x3", stride=2),
        conv("Conv2d_2b_1x1", 64),
        conv("Conv2d_2c_3x3", 192),
        pool("MaxPool_3a_3x3", stride=2),
    ]
    # Columns as in the paper's table 1: 1x1 | 3x3 reduce, 3x3 | "5x5" reduce, "5x5" | pool projection.
    modules = [
        _module("Mixed_3b", 64, 96, 128, 16, 32, 32),
        _module("Mixed_3c", 128, 128, 192, 32, 96, 64),
        pool("MaxPool_4a_3x3", stride=2),
        _module("Mixed_4b", 192, 96, 208, 16, 48, 64),
        _module("Mixed_4c", 160, 112, 224, 24, 64, 64),
        _module("Mixed_4d", 128, 128, 256, 24, 64, 64),
        _module("Mixed_4e", 112, 144, 288, 32, 64, 64),
        _module("Mixed_4f", 256, 160, 320, 32, 128, 128),
        pool("MaxPool_5a_2x2", stride=2),
        _module("Mixed_5b", 256, 160, 320, 32, 128, 128, third="Conv2d_0a_3x3"),
        _module("Mixed_5c", 384, 192, 384, 48, 128, 128),
    ]
    with (
        variable_scope(scope, "InceptionV1", [inputs]),
        arg_scope([conv2d, fully_connected], weights_initializer=truncated_normal_initializer(0.0, 0.01)),
        arg_scope([conv2d, max_pool2d], stride=1, padding="SAME"),
    ):
        parts = root + modules if include_root_block else modules
        return run("inception_v1_base", inputs, parts, final_endpoint)


def _module(
    name: str, one: int, reduce3: int, three: int, reduce5: int, five: int, pool: int, third: str = "Conv2d_0b_3x3"
) -> Stage:
    return mixed(
        name,
        [conv("Conv2d_0a_1x1", one)],
        [conv("Conv2d_0a_1x1", reduce3), conv("Conv2d_0b_3x3", three)],
        [conv("Conv2d_0a_1x1", reduce5), conv(third, five)],
        [max_pool("MaxPool_0a_3x3"), conv("Conv2d_0b_1x1", pool)],
    )


def inception_v1(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    prediction_fn: Callable[..., jax.Array] = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: Any = "InceptionV1",
    global_pool: bool = False,
    symmetric_padding: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """Classifies images by nine Inception modules.

    Args:
      inputs: [N, H, W, 3]; made for 224 x 224.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout is on and `batch_norm` uses the batch's moments.
      dropout_keep_prob: the probability with which dropout keeps a feature.
      prediction_fn: logits -> class probabilities; called with `scope`.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.
      global_pool: whether to average over the whole last map, for inputs of any size, not over 7 x 7 windows.
      symmetric_padding: as `inception_v1_base`.

    Returns:
      The logits: [N, num_classes], or [N, H', W', num_classes] without `spatial_squeeze`, or the features [N, H', W',
      1024]; and the end points: those of `inception_v1_base`, 'AvgPool_0a_7x7' or 'global_pool', 'Logits' and
      'Predictions'.

    Raises:
      ValueError: the inputs are too small for the 7 x 7 window, or so large that the logits are a map which cannot be
        squeezed.
    """
    with (
        variable_scope(scope, "InceptionV1", [inputs], reuse=reuse) as sc,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = inception_v1_base(inputs, scope=sc, symmetric_padding=symmetric_padding)
        with variable_scope("Logits"):
            if global_pool:
                net = end_points["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
            else:
                if min(net.shape[1:3]) < 7:
                    raise ValueError(
                        f"inception_v1: inputs must be of 193 x 193 pixels or more without global_pool, got shape "
                        f"{inputs.shape}: 'AvgPool_0a_7x7' needs a map of 7 x 7, this one has {net.shape[1:3]}. "
                        "Use global_pool=True."
                    )
                net = end_points["AvgPool_0a_7x7"] = avg_pool2d(net, [7, 7], stride=1, scope="AvgPool_0a_7x7")
            if not num_classes:
                return net, end_points
            net = dropout(net, dropout_keep_prob, scope="Dropout_0b")
            logits = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="Conv2d_0c_1x1")
            if spatial_squeeze:
                logits = squeezed("inception_v1", logits, inputs)
            end_points["Logits"] = logits
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


inception_v1.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]
