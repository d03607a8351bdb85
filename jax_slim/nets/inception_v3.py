"""Inception v3: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015.

    with slim.arg_scope(inception_v3.inception_v3_arg_scope()):
        logits, end_points = inception_v3.inception_v3(images)          # [N, 299, 299, 3] -> [N, 1000]

The pre-trained nets have 1001 classes, the first of which is the background.
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
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import avg_pool2d, max_pool2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import squeezed
from jax_slim.nets._stages import Stage, avg_pool, conv, depths, fork, max_pool, mixed, run
from jax_slim.nets.inception_utils import fitting, inception_arg_scope, require_map

inception_v3_arg_scope = inception_arg_scope


def inception_v3_base(
    inputs: jax.Array,
    final_endpoint: str = "Mixed_7c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
    count_padding: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """The convolutions of Inception v3.

    Args:
      inputs: [N, H, W, 3]; of 75 x 75 or more for the whole net.
      final_endpoint: where to stop: 'Conv2d_1a_3x3', 'Conv2d_2a_3x3', 'Conv2d_2b_3x3', 'MaxPool_3a_3x3',
        'Conv2d_3b_1x1', 'Conv2d_4a_3x3', 'MaxPool_5a_3x3', 'Mixed_5b', 'Mixed_5c', 'Mixed_5d', 'Mixed_6a', 'Mixed_6b',
        'Mixed_6c', 'Mixed_6d', 'Mixed_6e', 'Mixed_7a', 'Mixed_7b' or 'Mixed_7c'.
      min_depth: the fewest channels of a convolution, which `depth_multiplier` does not go below.
      depth_multiplier: by which the channels of all convolutions are multiplied; above 0.
      scope: the variable scope; by default 'InceptionV3'.
      count_padding: whether means over 3 x 3 windows count the zeros beyond the border, as PyTorch's do: for weights
        that were trained so (torchvision's, and timm's but for its ports of TF-Slim's).

    Returns:
      The activations at `final_endpoint`, [N, 8, 8, 2048] at the last one for 299 x 299, and all until then by name.

    Raises:
      ValueError: there is no such `final_endpoint`, `depth_multiplier` is not above 0, or the inputs are so small that
        a window does not fit.
    """
    function = "inception_v3_base"
    depth = depths(function, depth_multiplier, min_depth)

    def layer(name: str, of: int, *kernel: int, **arguments: Any) -> Stage:
        return conv(name, depth(of), kernel or None, **arguments)

    valid = {"padding": "VALID"}
    halved = {"padding": "VALID", "stride": 2}
    average = avg_pool("AvgPool_0a_3x3", count_padding)
    stages = [
        layer("Conv2d_1a_3x3", 32, **halved),
        layer("Conv2d_2a_3x3", 32, **valid),
        layer("Conv2d_2b_3x3", 64),
        max_pool("MaxPool_3a_3x3", **halved),
        layer("Conv2d_3b_1x1", 80, **valid),
        layer("Conv2d_4a_3x3", 192, **valid),
        max_pool("MaxPool_5a_3x3", **halved),
    ]
    # Figure 5 of the paper. The names that break the pattern are those of the checkpoints.
    for name, first, second, pool in (
        ("Mixed_5b", "Conv2d_0a_1x1", "Conv2d_0b_5x5", 32),
        ("Mixed_5c", "Conv2d_0b_1x1", "Conv_1_0c_5x5", 64),
        ("Mixed_5d", "Conv2d_0a_1x1", "Conv2d_0b_5x5", 64),
    ):
        stages += [
            mixed(
                name,
                [layer("Conv2d_0a_1x1", 64)],
                [layer(first, 48), layer(second, 64)],
                [layer("Conv2d_0a_1x1", 64), layer("Conv2d_0b_3x3", 96), layer("Conv2d_0c_3x3", 96)],
                [average, layer("Conv2d_0b_1x1", pool)],
            )
        ]
    stages += [
        mixed(
            "Mixed_6a",
            [layer("Conv2d_1a_1x1", 384, 3, 3, **halved)],
            [layer("Conv2d_0a_1x1", 64), layer("Conv2d_0b_3x3", 96), layer("Conv2d_1a_1x1", 96, 3, 3, **halved)],
            [max_pool("MaxPool_1a_3x3", **halved)],
        )
    ]
    # Figure 6, with n = 7.
    for name, of in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        stages += [
            mixed(
                name,
                [layer("Conv2d_0a_1x1", 192)],
                [layer("Conv2d_0a_1x1", of), layer("Conv2d_0b_1x7", of), layer("Conv2d_0c_7x1", 192)],
                [
                    layer("Conv2d_0a_1x1", of),
                    layer("Conv2d_0b_7x1", of),
                    layer("Conv2d_0c_1x7", of),
                    layer("Conv2d_0d_7x1", of),
                    layer("Conv2d_0e_1x7", 192),
                ],
                [average, layer("Conv2d_0b_1x1", 192)],
            )
        ]
    stages += [
        mixed(
            "Mixed_7a",
            [layer("Conv2d_0a_1x1", 192), layer("Conv2d_1a_3x3", 320, **halved)],
            [
                layer("Conv2d_0a_1x1", 192),
                layer("Conv2d_0b_1x7", 192),
                layer("Conv2d_0c_7x1", 192),
                layer("Conv2d_1a_3x3", 192, **halved),
            ],
            [max_pool("MaxPool_1a_3x3", **halved)],
        )
    ]
    # Figure 7.
    for name, tall in (("Mixed_7b", "Conv2d_0b_3x1"), ("Mixed_7c", "Conv2d_0c_3x1")):
        stages += [
            mixed(
                name,
                [layer("Conv2d_0a_1x1", 320)],
                [layer("Conv2d_0a_1x1", 384), fork(layer("Conv2d_0b_1x3", 384), layer(tall, 384))],
                [
                    layer("Conv2d_0a_1x1", 448),
                    layer("Conv2d_0b_3x3", 384),
                    fork(layer("Conv2d_0c_1x3", 384), layer("Conv2d_0d_3x1", 384)),
                ],
                [average, layer("Conv2d_0b_1x1", 192)],
            )
        ]
    with (
        variable_scope(scope, "InceptionV3", [inputs]),
        arg_scope([conv2d, max_pool2d, avg_pool2d], stride=1, padding="SAME"),
    ):
        return run(function, inputs, stages, final_endpoint)


def inception_v3(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable[..., jax.Array] = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    create_aux_logits: bool = True,
    scope: Any = "InceptionV3",
    global_pool: bool = False,
    count_padding: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """Classifies images by eleven Inception modules, and by a second, auxiliary head in the midst of them.

    Args:
      inputs: [N, H, W, 3]; made for 299 x 299, and smaller ones down to 107 x 107 (75 x 75 without the auxiliary head).
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout is on and `batch_norm` uses the batch's moments.
      dropout_keep_prob: the probability with which dropout keeps a feature.
      min_depth, depth_multiplier: as `inception_v3_base`.
      prediction_fn: logits -> class probabilities; called with `scope`.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      reuse: whether to share the variables that an earlier call made under `scope`.
      create_aux_logits: whether to make the auxiliary head, whose loss helps the lower layers to learn.
      scope: the variable scope.
      global_pool: whether to average over the whole last map, for inputs of any size, not over 8 x 8 windows.
      count_padding: as `inception_v3_base`.

    Returns:
      The logits: [N, num_classes], or [N, H', W', num_classes] without `spatial_squeeze`, or the features [N, H', W',
      2048]; and the end points: those of `inception_v3_base`, 'AuxLogits', 'AvgPool_1a' or 'global_pool', 'PreLogits',
      'Logits' and 'Predictions'.

    Raises:
      ValueError: `depth_multiplier` is not above 0, the inputs are too small, or so large that the logits (also the
        auxiliary ones, from 347 x 347 on) are a map which cannot be squeezed.
    """
    function = "inception_v3"
    depth = depths(function, depth_multiplier, min_depth)
    with (
        variable_scope(scope, "InceptionV3", [inputs], reuse=reuse) as sc,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = inception_v3_base(
            inputs, scope=sc, min_depth=min_depth, depth_multiplier=depth_multiplier, count_padding=count_padding
        )
        if create_aux_logits and num_classes:
            with (
                arg_scope([conv2d, max_pool2d, avg_pool2d], stride=1, padding="SAME"),
                variable_scope("AuxLogits"),
            ):
                aux = end_points["Mixed_6e"]
                require_map(function, aux, inputs)
                aux = avg_pool2d(aux, [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5")
                aux = conv2d(aux, depth(128), [1, 1], scope="Conv2d_1b_1x1")
                height, width = fitting(aux, (5, 5))
                aux = conv2d(
                    aux, depth(768), [height, width], padding="VALID",
                    weights_initializer=truncated_normal_initializer(0.0, 0.01), scope=f"Conv2d_2a_{height}x{width}",
                )  # fmt: skip
                aux = conv2d(
                    aux, num_classes, [1, 1], activation_fn=None, normalizer_fn=None,
                    weights_initializer=truncated_normal_initializer(0.0, 0.001), scope="Conv2d_2b_1x1",
                )  # fmt: skip
                if spatial_squeeze:
                    if aux.shape[1:3] != (1, 1):
                        raise ValueError(
                            f"{function}: inputs must be of less than 347 x 347 pixels with create_aux_logits and "
                            f"spatial_squeeze, got shape {inputs.shape}: the auxiliary logits are a map of "
                            f"{aux.shape[1:3]}. Use create_aux_logits=False, or spatial_squeeze=False."
                        )
                    aux = jnp.squeeze(aux, (1, 2))
                end_points["AuxLogits"] = aux
        with variable_scope("Logits"):
            if global_pool:
                net = end_points["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
            else:
                height, width = fitting(net, (8, 8))
                net = avg_pool2d(net, [height, width], padding="VALID", scope=f"AvgPool_1a_{height}x{width}")
                end_points["AvgPool_1a"] = net
            if not num_classes:
                return net, end_points
            net = end_points["PreLogits"] = dropout(net, dropout_keep_prob, scope="Dropout_1b")
            logits = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="Conv2d_1c_1x1")
            if spatial_squeeze:
                logits = squeezed(function, logits, inputs)
            end_points["Logits"] = logits
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


inception_v3.default_image_size = 299  # pyright: ignore[reportFunctionMemberAccess]
