"""Inception v2: Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
Covariate Shift", 2015 (figure 5).

    with slim.arg_scope(inception_v2.inception_v2_arg_scope()):
        logits, end_points = inception_v2.inception_v2(images)          # [N, 224, 224, 3] -> [N, 1000]
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import truncated_normal_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import avg_pool2d, max_pool2d
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import squeezed
from jax_slim.nets._stages import Stage, avg_pool, conv, depths, max_pool, mixed, run
from jax_slim.nets.inception_utils import fitting, inception_arg_scope

inception_v2_arg_scope = inception_arg_scope

_normal = functools.partial(truncated_normal_initializer, 0.0)


def inception_v2_base(
    inputs: jax.Array,
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    use_separable_conv: bool = True,
    data_format: str = "NHWC",
    include_root_block: bool = True,
    scope: Any = None,
) -> tuple[jax.Array, dict[str, Any]]:
    """The convolutions of Inception v2.

    Args:
      inputs: [N, H, W, 3], or [N, 3, H, W] when `data_format` is "NCHW"; of any size.
      final_endpoint: where to stop: 'Conv2d_1a_7x7', 'MaxPool_2a_3x3', 'Conv2d_2b_1x1', 'Conv2d_2c_3x3',
        'MaxPool_3a_3x3', 'Mixed_3b', 'Mixed_3c', 'Mixed_4a', 'Mixed_4b', 'Mixed_4c', 'Mixed_4d', 'Mixed_4e',
        'Mixed_5a', 'Mixed_5b' or 'Mixed_5c'.
      min_depth: the fewest channels of a convolution, which `depth_multiplier` does not go below.
      depth_multiplier: by which the channels of all convolutions are multiplied; above 0.
      use_separable_conv: whether 'Conv2d_1a_7x7' is separable; it then has biases and no `batch_norm`.
      data_format: "NHWC" or "NCHW". It reaches `batch_norm` too (in TF-Slim a scope of one's own must see to that).
      include_root_block: whether to begin with what comes before 'Mixed_3b'; if not, `inputs` are its [N, H / 8, W / 8,
        C] activations.
      scope: the variable scope; by default 'InceptionV2'.

    Returns:
      The activations at `final_endpoint`, [N, H / 32, W / 32, 1024] at the last one, and all until then by name.

    Raises:
      ValueError: there is no such `final_endpoint`, `depth_multiplier` is not above 0, `data_format` is none, or "NCHW"
        together with `use_separable_conv`.
    """
    function = "inception_v2_base"
    depth = depths(function, depth_multiplier, min_depth)
    if data_format not in ("NHWC", "NCHW"):
        raise ValueError(f"{function}: data_format must be 'NHWC' or 'NCHW', got {data_format!r}.")
    if data_format == "NCHW" and use_separable_conv:
        raise ValueError(
            f"{function}: use_separable_conv must be False with data_format='NCHW', got {use_separable_conv!r}."
        )
    if use_separable_conv and include_root_block and depth(64) < 3:
        raise ValueError(
            f"{function}: depth_multiplier and min_depth must leave 3 or more of the 64 channels of 'Conv2d_1a_7x7', "
            f"which is separable, got {depth_multiplier} and {min_depth}. Use use_separable_conv=False."
        )
    join = functools.partial(mixed, axis=-1 if data_format == "NHWC" else 1)

    def module(name: str, one: int, reduce3: int, three: int, reduce5: int, five: int, pool: Stage, by: int) -> Stage:
        return join(
            name,
            [conv("Conv2d_0a_1x1", depth(one))],
            [
                conv("Conv2d_0a_1x1", depth(reduce3), weights_initializer=_normal(0.09)),
                conv("Conv2d_0b_3x3", depth(three)),
            ],
            [
                conv("Conv2d_0a_1x1", depth(reduce5), weights_initializer=_normal(0.09)),
                conv("Conv2d_0b_3x3", depth(five)),
                conv("Conv2d_0c_3x3", depth(five)),
            ],
            [pool, conv("Conv2d_0b_1x1", depth(by), weights_initializer=_normal(0.1))],
        )

    def reduction(name: str, reduce3: int, three: int, reduce5: int, five: int) -> Stage:
        return join(
            name,
            [
                conv("Conv2d_0a_1x1", depth(reduce3), weights_initializer=_normal(0.09)),
                conv("Conv2d_1a_3x3", depth(three), stride=2),
            ],
            [
                conv("Conv2d_0a_1x1", depth(reduce5), weights_initializer=_normal(0.09)),
                conv("Conv2d_0b_3x3", depth(five)),
                conv("Conv2d_1a_3x3", depth(five), stride=2),
            ],
            [max_pool("MaxPool_1a_3x3", stride=2)],
        )

    def separable(net: jax.Array) -> jax.Array:
        return separable_conv2d(
            net, depth(64), [7, 7], min(depth(64) // 3, 8), 2, "SAME", weights_initializer=_normal(1.0),
            scope="Conv2d_1a_7x7",
        )  # fmt: skip

    root = [
        Stage("Conv2d_1a_7x7", separable)
        if use_separable_conv
        else conv("Conv2d_1a_7x7", depth(64), stride=2, weights_initializer=_normal(1.0)),
        max_pool("MaxPool_2a_3x3", stride=2),
        conv("Conv2d_2b_1x1", depth(64), weights_initializer=_normal(0.1)),
        conv("Conv2d_2c_3x3", depth(192)),
        max_pool("MaxPool_3a_3x3", stride=2),
    ]
    # Columns as in the paper's figure 5: 1x1 | 3x3 reduce, 3x3 | double 3x3 reduce, double 3x3 | pool, projection.
    average, maximum = avg_pool("AvgPool_0a_3x3"), max_pool("MaxPool_0a_3x3")
    modules = [
        module("Mixed_3b", 64, 64, 64, 64, 96, average, 32),
        module("Mixed_3c", 64, 64, 96, 64, 96, average, 64),
        reduction("Mixed_4a", 128, 160, 64, 96),
        module("Mixed_4b", 224, 64, 96, 96, 128, average, 128),
        module("Mixed_4c", 192, 96, 128, 96, 128, average, 128),
        module("Mixed_4d", 160, 128, 160, 128, 160, average, 96),
        module("Mixed_4e", 96, 128, 192, 160, 192, average, 96),
        reduction("Mixed_5a", 128, 192, 192, 256),
        module("Mixed_5b", 352, 192, 320, 160, 224, average, 128),
        module("Mixed_5c", 352, 192, 320, 192, 224, maximum, 128),
    ]
    with (
        variable_scope(scope, "InceptionV2", [inputs]),
        arg_scope([conv2d, max_pool2d, avg_pool2d], stride=1, padding="SAME", data_format=data_format),
        arg_scope([batch_norm], data_format=data_format),
    ):
        stages = root + modules if include_root_block else modules
        return run(function, inputs, stages, final_endpoint)


def inception_v2(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable[..., jax.Array] = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: Any = "InceptionV2",
    global_pool: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """Classifies images by ten Inception modules.

    Args:
      inputs: [N, H, W, 3]; made for 224 x 224, and smaller ones.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout is on and `batch_norm` uses the batch's moments.
      dropout_keep_prob: the probability with which dropout keeps a feature.
      min_depth, depth_multiplier: as `inception_v2_base`.
      prediction_fn: logits -> class probabilities; called with `scope`.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.
      global_pool: whether to average over the whole last map, for inputs of any size, not over 7 x 7 windows.

    Returns:
      The logits: [N, num_classes], or [N, H', W', num_classes] without `spatial_squeeze`, or the features [N, H', W',
      1024]; and the end points: those of `inception_v2_base`, 'AvgPool_1a' or 'global_pool', 'PreLogits', 'Logits' and
      'Predictions'.

    Raises:
      ValueError: `depth_multiplier` is not above 0, or the inputs are so large that the logits are a map which cannot
        be squeezed.
    """
    depths("inception_v2", depth_multiplier, min_depth)
    with (
        variable_scope(scope, "InceptionV2", [inputs], reuse=reuse) as sc,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = inception_v2_base(inputs, scope=sc, min_depth=min_depth, depth_multiplier=depth_multiplier)
        with variable_scope("Logits"):
            if global_pool:
                net = end_points["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
            else:
                height, width = fitting(net, (7, 7))
                net = avg_pool2d(net, [height, width], padding="VALID", scope=f"AvgPool_1a_{height}x{width}")
                end_points["AvgPool_1a"] = net
            if not num_classes:
                return net, end_points
            net = end_points["PreLogits"] = dropout(net, dropout_keep_prob, scope="Dropout_1b")
            logits = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="Conv2d_1c_1x1")
            if spatial_squeeze:
                logits = squeezed("inception_v2", logits, inputs)
            end_points["Logits"] = logits
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


inception_v2.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]
