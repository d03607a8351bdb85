"""S3D-G, a net for videos: Xie et al., "Rethinking Spatiotemporal Feature Learning For Video Understanding", 2017.

    with slim.arg_scope(s3dg.s3dg_arg_scope()):
        logits, end_points = s3dg.s3dg(videos, num_classes=400)      # [N, 64, 224, 224, 3] -> [N, 400]

Inception v1 whose convolutions over several frames are split into one over space and one over time, and whose channels
are gated by what the whole video shows. Its names are Inception v1's, so that its checkpoints fit.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import VariableScope, variable_scope
from jax_slim.initializers import truncated_normal_initializer
from jax_slim.layers import _args
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv3d
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import avg_pool3d, max_pool3d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets.i3d_utils import conv3d_spatiotemporal, inception_block_v1_3d, reduced_kernel_size_3d
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]

# Where, and the channels of branch 0, of branches 1 and 2 with two layers each, and of branch 3;
# or the window and the strides of a pooling layer.
_BLOCKS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("Mixed_3b", (64, 96, 128, 16, 32, 32)),
    ("Mixed_3c", (128, 128, 192, 32, 96, 64)),
    ("MaxPool_4a_3x3", ([3, 3, 3], [2, 2, 2])),
    ("Mixed_4b", (192, 96, 208, 16, 48, 64)),
    ("Mixed_4c", (160, 112, 224, 24, 64, 64)),
    ("Mixed_4d", (128, 128, 256, 24, 64, 64)),
    ("Mixed_4e", (112, 144, 288, 32, 64, 64)),
    ("Mixed_4f", (256, 160, 320, 32, 128, 128)),
    ("MaxPool_5a_2x2", ([2, 2, 2], [2, 2, 2])),
    ("Mixed_5b", (256, 160, 320, 32, 128, 128)),
    ("Mixed_5c", (384, 192, 384, 48, 128, 128)),
)
_STEM = ("Conv2d_1a_7x7", "MaxPool_2a_3x3", "Conv2d_2b_1x1", "Conv2d_2c_3x3", "MaxPool_3a_3x3")
_END_POINTS = (*_STEM, *(name for name, _ in _BLOCKS))
# Where the two additions may begin.
_STARTS = (None, "Conv2d_2c_3x3", *(name for name, _ in _BLOCKS if name.startswith("Mixed")))


def s3dg_arg_scope(
    weight_decay: float = 1e-7, batch_norm_decay: float = 0.999, batch_norm_epsilon: float = 0.001
) -> Scope:
    """The defaults S3D-G is trained with: batch normalization, ReLU, L2 loss on weights, split convolutions.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      batch_norm_decay: of the moving averages of batch normalization.
      batch_norm_epsilon: what it adds to the variance.

    Returns:
      A scope for `arg_scope`.
    """
    return video_arg_scope(
        weight_decay, {"decay": batch_norm_decay, "epsilon": batch_norm_epsilon}, separable_conv3d=True
    )


def video_arg_scope(weight_decay: float, batch_norm_params: dict[str, Any], separable_conv3d: bool) -> Scope:
    """What the arg_scopes of S3D-G and I3D have in common."""
    moving = ["moving_vars"]
    batch_norm_params = {
        **batch_norm_params,
        "fused": False,
        "variables_collections": {
            "beta": None,
            "gamma": None,
            "moving_mean": moving,
            "moving_variance": moving,
        },
    }
    with (
        arg_scope(
            [conv3d, conv3d_spatiotemporal],
            weights_regularizer=l2_regularizer(weight_decay),
            activation_fn=jax.nn.relu,
            normalizer_fn=batch_norm,
            normalizer_params=batch_norm_params,
        ),
        arg_scope([conv3d_spatiotemporal], separable=separable_conv3d) as scope,
    ):
        return scope


def self_gating(input_tensor: jax.Array, scope: str, data_format: str = "NDHWC") -> jax.Array:
    """Scales each channel by a factor between 0 and 1 that follows from the means of all channels.

    Args:
      input_tensor: [N, T, H, W, C], or [N, C, T, H, W] when `data_format` is "NCDHW".
      scope: its weights are `scope`/self_gating/transformer_W/weights.
      data_format: "NDHWC" or "NCDHW".

    Returns:
      An array like `input_tensor`.
    """
    _args.choice("self_gating", "data_format", data_format, ("NDHWC", "NCDHW"))
    channels = data_format.index("C")
    window = [input_tensor.shape[data_format.index(axis)] for axis in "DHW"]
    average = avg_pool3d(
        input_tensor,
        window,
        stride=1,
        padding="VALID",
        data_format=data_format,
        scope=scope + "/self_gating/avg_pool3d",
    )
    weights = conv3d(
        average, input_tensor.shape[channels], [1, 1, 1], activation_fn=None, normalizer_fn=None,
        biases_initializer=None, data_format=data_format, weights_initializer=truncated_normal_initializer(0.0, 0.01),
        scope=scope + "/self_gating/transformer_W",
    )  # fmt: skip
    return jax.nn.sigmoid(weights) * input_tensor


def s3dg_base(
    inputs: jax.Array,
    first_temporal_kernel_size: int = 3,
    temporal_conv_startat: str | None = "Conv2d_2c_3x3",
    gating_startat: str | None = "Conv2d_2c_3x3",
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    data_format: str = "NDHWC",
    scope: str | VariableScope = "InceptionV1",
) -> NetAndEndPoints:
    """The layers of S3D-G before the classifier.

    Args:
      inputs: [N, T, H, W, C], or [N, C, T, H, W] when `data_format` is "NCDHW".
      first_temporal_kernel_size: over how many frames the first convolution goes: 1, 3, 5 or 7.
      temporal_conv_startat: from which layer on convolutions go over three frames: 'Conv2d_2c_3x3', 'Mixed_3b', ...,
        'Mixed_5c'; None for none of them.
      gating_startat: from which layer on channels are gated (`self_gating`); None for none.
      final_endpoint: the layer to stop after: 'Conv2d_1a_7x7', 'MaxPool_2a_3x3', 'Conv2d_2b_1x1', 'Conv2d_2c_3x3',
        'MaxPool_3a_3x3', 'Mixed_3b', 'Mixed_3c', 'MaxPool_4a_3x3', 'Mixed_4b' to 'Mixed_4f', 'MaxPool_5a_2x2',
        'Mixed_5b' or 'Mixed_5c'.
      min_depth: the least number of channels of a convolution.
      depth_multiplier: times this, the paper's channels.
      data_format: "NDHWC" or "NCDHW".
      scope: the variable scope.

    Returns:
      The output of `final_endpoint`, and every layer's output by its name up to there.

    Raises:
      ValueError: an argument is not one of those listed, or `depth_multiplier` is not above 0.
    """
    name = "s3dg_base"
    _args.choice(name, "data_format", data_format, ("NDHWC", "NCDHW"))
    _args.rank(name, inputs, data_format)
    _args.choice(name, "first_temporal_kernel_size", first_temporal_kernel_size, (1, 3, 5, 7))
    _args.choice(name, "temporal_conv_startat", temporal_conv_startat, _STARTS)
    _args.choice(name, "gating_startat", gating_startat, _STARTS)
    _args.choice(name, "final_endpoint", final_endpoint, _END_POINTS)
    if depth_multiplier <= 0:
        raise ValueError(f"{name}: depth_multiplier must be greater than 0, got {depth_multiplier}.")
    end_points: dict[str, Any] = {}

    def depth(channels: int) -> int:
        return max(int(channels * depth_multiplier), min_depth)

    def frames(layer: str) -> int:
        return 3 if _reached(layer, temporal_conv_startat) else 1

    def gating(layer: str) -> Callable[..., jax.Array] | None:
        if not _reached(layer, gating_startat):
            return None
        return lambda inputs, scope: self_gating(inputs, scope, data_format=data_format)

    def stem(layer: str, net: jax.Array) -> jax.Array:
        match layer:
            case "Conv2d_1a_7x7":
                # Not split, which is slow on the few channels of an image.
                kernel = [first_temporal_kernel_size, 7, 7]
                return conv3d_spatiotemporal(net, depth(64), kernel, stride=2, separable=False, scope=layer)
            case "Conv2d_2b_1x1":
                return conv3d(net, depth(64), [1, 1, 1], scope=layer)
            case "Conv2d_2c_3x3":
                net = conv3d_spatiotemporal(net, depth(192), [frames(layer), 3, 3], scope=layer)
                gate = gating(layer)
                return net if gate is None else gate(net, scope=layer)
        return max_pool3d(net, [1, 3, 3], stride=[1, 2, 2], scope=layer)

    def block(layer: str, row: tuple[Any, ...], net: jax.Array) -> jax.Array:
        if layer.startswith("MaxPool"):
            return max_pool3d(net, row[0], stride=row[1], scope=layer)
        return inception_block_v1_3d(
            net, *map(depth, row), temporal_kernel_size=frames(layer), self_gating_fn=gating(layer),
            data_format=data_format, scope=layer,
        )  # fmt: skip

    with (
        variable_scope(scope, "InceptionV1", [inputs]),
        arg_scope([conv3d], weights_initializer=truncated_normal_initializer(0.0, 0.01)),
        arg_scope([conv3d, max_pool3d, conv3d_spatiotemporal], stride=1, data_format=data_format, padding="SAME"),
        # TF-Slim leaves this out, and then normalizes along the width of "NCDHW".
        arg_scope([batch_norm], data_format="NHWC" if data_format == "NDHWC" else "NCHW"),
    ):
        net = inputs
        for layer, row in (*((layer, None) for layer in _STEM), *_BLOCKS):
            net = end_points[layer] = stem(layer, net) if row is None else block(layer, row, net)
            if layer == final_endpoint:
                break
    return net, end_points


def _reached(layer: str, start: str | None) -> bool:
    return start is not None and _END_POINTS.index(layer) >= _END_POINTS.index(start)


def s3dg(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    first_temporal_kernel_size: int = 3,
    temporal_conv_startat: str | None = "Conv2d_2c_3x3",
    gating_startat: str | None = "Conv2d_2c_3x3",
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    dropout_keep_prob: float = 0.8,
    is_training: bool = True,
    prediction_fn: Callable[..., jax.Array] = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    data_format: str = "NDHWC",
    scope: str | VariableScope = "InceptionV1",
) -> NetAndEndPoints:
    """Classifies videos.

    Frames need not be square. TF-Slim refuses others where gates are on: the window of their average has height and
    width exchanged there. Here it is the whole frame, as meant.

    Args:
      inputs: [N, T, H, W, C], or [N, C, T, H, W] when `data_format` is "NCDHW"; made for 64 frames of 224 x 224.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      first_temporal_kernel_size, temporal_conv_startat, gating_startat, final_endpoint, min_depth, depth_multiplier: as
        in `s3dg_base`.
      dropout_keep_prob: the probability with which dropout keeps a unit.
      is_training: whether dropout is on and batch normalization uses the statistics of this batch.
      prediction_fn: logits -> class probabilities.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      reuse: whether to share the variables that an earlier call made under `scope`.
      data_format: "NDHWC" or "NCDHW".
      scope: the variable scope.

    Returns:
      The logits [N, num_classes], averaged over time; [N, H', W', num_classes] without `spatial_squeeze`; or features
      [N, T', H', W', channels]. And every layer's output by its name; 'Logits' and 'Predictions' among them.

    Raises:
      ValueError: as `s3dg_base`; or `spatial_squeeze` and the logits are a map of more than one pixel.
    """
    with (
        variable_scope(scope, "InceptionV1", [inputs], reuse=reuse) as sc,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = s3dg_base(
            inputs, first_temporal_kernel_size, temporal_conv_startat, gating_startat, final_endpoint, min_depth,
            depth_multiplier, data_format, sc,
        )  # fmt: skip
        if data_format.startswith("NC"):
            net = jnp.transpose(net, (0, 2, 3, 4, 1))
        return classified(
            "s3dg", net, end_points, num_classes, dropout_keep_prob, prediction_fn, spatial_squeeze, inputs.shape
        )


def classified(
    function: str,
    net: jax.Array,
    end_points: dict[str, Any],
    num_classes: int | None,
    dropout_keep_prob: float,
    prediction_fn: Callable[..., jax.Array],
    spatial_squeeze: bool,
    shape_of_inputs: tuple[int, ...],
) -> NetAndEndPoints:
    """What the heads of S3D-G and I3D have in common; `net` is [N, T, H, W, C]."""
    with variable_scope("Logits"):
        kernel_size = reduced_kernel_size_3d(net, [2, 7, 7])
        net = avg_pool3d(net, kernel_size, stride=1, data_format="NDHWC", scope="AvgPool_0a_7x7")
        if not num_classes:
            return net, end_points
        if spatial_squeeze and net.shape[2:4] != (1, 1):
            raise ValueError(
                f"{function}: spatial_squeeze needs logits of one pixel, got a map of {net.shape[2:4]} from inputs of "
                f"shape {shape_of_inputs}. Use frames of 224 x 224 or less, or spatial_squeeze=False."
            )
        net = dropout(net, dropout_keep_prob, scope="Dropout_0b")
        logits = conv3d(
            net, num_classes, [1, 1, 1], activation_fn=None, normalizer_fn=None, data_format="NDHWC",
            scope="Conv2d_0c_1x1",
        )  # fmt: skip
        logits = jnp.mean(logits, axis=1)
        if spatial_squeeze:
            logits = jnp.squeeze(logits, (1, 2))
        end_points["Logits"] = logits
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


s3dg.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]
