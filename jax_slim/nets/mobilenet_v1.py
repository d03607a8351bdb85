"""MobileNet: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017.

with slim.arg_scope(mobilenet_v1.mobilenet_v1_arg_scope(is_training=False)):
    logits, end_points = mobilenet_v1.mobilenet_v1(images, 1001, is_training=False)   # [N, 224, 224, 3] -> [N, 1001]
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.collections import GraphKeys, NamesOfCollections
from jax_slim.core.scopes import VariableScope, variable_scope
from jax_slim.initializers import truncated_normal_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import avg_pool2d
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import check_images, squeezed
from jax_slim.nets._variants import variant
from jax_slim.nets.conv_blocks import fixed_padding
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


class Conv(NamedTuple):
    """A convolution: kernel [height, width], stride, channels of the result."""

    kernel: Sequence[int]
    stride: int
    depth: int


class DepthSepConv(NamedTuple):
    """A depthwise convolution with kernel and stride, then a 1 x 1 convolution to `depth` channels."""

    kernel: Sequence[int]
    stride: int
    depth: int


MOBILENETV1_CONV_DEFS = (
    Conv(kernel=[3, 3], stride=2, depth=32),
    DepthSepConv(kernel=[3, 3], stride=1, depth=64),
    DepthSepConv(kernel=[3, 3], stride=2, depth=128),
    DepthSepConv(kernel=[3, 3], stride=1, depth=128),
    DepthSepConv(kernel=[3, 3], stride=2, depth=256),
    DepthSepConv(kernel=[3, 3], stride=1, depth=256),
    DepthSepConv(kernel=[3, 3], stride=2, depth=512),
    DepthSepConv(kernel=[3, 3], stride=1, depth=512),
    DepthSepConv(kernel=[3, 3], stride=1, depth=512),
    DepthSepConv(kernel=[3, 3], stride=1, depth=512),
    DepthSepConv(kernel=[3, 3], stride=1, depth=512),
    DepthSepConv(kernel=[3, 3], stride=1, depth=512),
    DepthSepConv(kernel=[3, 3], stride=2, depth=1024),
    DepthSepConv(kernel=[3, 3], stride=1, depth=1024),
)


def mobilenet_v1_base(
    inputs: jax.Array,
    final_endpoint: str = "Conv2d_13_pointwise",
    min_depth: int = 8,
    depth_multiplier: float = 1.0,
    conv_defs: Sequence[Conv | DepthSepConv] | None = None,
    output_stride: int | None = None,
    use_explicit_padding: bool = False,
    scope: str | VariableScope | None = None,
) -> NetAndEndPoints:
    """The net without what classifies.

    Args:
      inputs: [N, H, W, 3].
      final_endpoint: the last layer to run: 'Conv2d_0', 'Conv2d_1_depthwise', 'Conv2d_1_pointwise', ...
      min_depth: the fewest channels that `depth_multiplier` may leave.
      depth_multiplier: how many times as wide as in the paper the net is.
      conv_defs: other layers, a list of `Conv` and `DepthSepConv`; None: the paper's.
      output_stride: how many times smaller than the images the last map may be: 8, 16 or 32; strides beyond become
        rates. None keeps them all: 32.
      use_explicit_padding: whether to pad the same for inputs of any size.
      scope: the variable scope; by default "MobilenetV1", made unique.

    Returns:
      The result of the last layer; and each layer's by its name.

    Raises:
      ValueError: an argument is out of range.
    """
    function = "mobilenet_v1_base"
    conv_defs = MOBILENETV1_CONV_DEFS if conv_defs is None else conv_defs
    if not depth_multiplier > 0:
        raise ValueError(f"{function}: depth_multiplier must be above 0, got {depth_multiplier!r}.")
    if output_stride not in (None, 8, 16, 32):
        raise ValueError(f"{function}: output_stride must be None, 8, 16 or 32, got {output_stride!r}.")
    known = _end_points(function, conv_defs)
    if final_endpoint not in known:
        raise ValueError(f"{function}: final_endpoint must be one of {', '.join(known)}, got {final_endpoint!r}.")

    def depth(definition: Conv | DepthSepConv) -> int:
        return max(int(definition.depth * depth_multiplier), min_depth)

    def around(net: jax.Array, definition: Conv | DepthSepConv, rate: int = 1) -> jax.Array:
        return fixed_padding(net, definition.kernel, rate) if use_explicit_padding else net

    net, end_points = inputs, {}
    current_stride = rate = 1
    with (
        variable_scope(scope, "MobilenetV1", [inputs]),
        arg_scope([conv2d, separable_conv2d], padding="VALID" if use_explicit_padding else "SAME"),
    ):
        for index, definition in enumerate(conv_defs):
            stride, layer_rate, name = definition.stride, 1, f"Conv2d_{index}"
            if current_stride == output_stride:
                stride, layer_rate = 1, rate
                rate *= definition.stride
            else:
                current_stride *= stride
            if isinstance(definition, Conv):
                net = around(net, definition)
                net = conv2d(net, depth(definition), definition.kernel, stride=definition.stride, scope=name)
                end_points[name] = net
                if name == final_endpoint:
                    return net, end_points
                continue
            net = around(net, definition, layer_rate)
            net = separable_conv2d(
                net, None, definition.kernel, depth_multiplier=1, stride=stride, rate=layer_rate,
                scope=f"{name}_depthwise",
            )  # fmt: skip
            end_points[f"{name}_depthwise"] = net
            if f"{name}_depthwise" == final_endpoint:
                return net, end_points
            net = conv2d(net, depth(definition), [1, 1], stride=1, scope=f"{name}_pointwise")
            end_points[f"{name}_pointwise"] = net
            if f"{name}_pointwise" == final_endpoint:
                return net, end_points
    raise AssertionError(final_endpoint)  # known above


def _end_points(function: str, conv_defs: Sequence[Conv | DepthSepConv]) -> list[str]:
    """The names of all layers."""
    found = []
    for index, definition in enumerate(conv_defs):
        if isinstance(definition, DepthSepConv):
            found += [f"Conv2d_{index}_depthwise", f"Conv2d_{index}_pointwise"]
        elif isinstance(definition, Conv):
            found.append(f"Conv2d_{index}")
        else:
            raise ValueError(f"{function}: conv_defs must be a list of Conv and DepthSepConv, got {definition!r}.")
    return found


def mobilenet_v1(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    dropout_keep_prob: float = 0.999,
    is_training: bool = True,
    min_depth: int = 8,
    depth_multiplier: float = 1.0,
    conv_defs: Sequence[Conv | DepthSepConv] | None = None,
    prediction_fn: Callable[..., jax.Array] | None = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "MobilenetV1",
    global_pool: bool = False,
    use_explicit_padding: bool = False,
) -> NetAndEndPoints:
    """Classifies images: [N, 224, 224, 3] -> [N, num_classes].

    Args:
      inputs: [N, H, W, 3]; made for 224 x 224.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      dropout_keep_prob: the probability with which dropout keeps a unit.
      is_training: whether dropout is on and `batch_norm` uses the batch's moments.
      min_depth, depth_multiplier, conv_defs: as `mobilenet_v1_base`.
      prediction_fn: (logits, scope=) -> class probabilities; None leaves them out.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.
      global_pool: whether to average over the whole map; else over windows of 7 x 7, or of the map where it is smaller.
        The former takes images of any size.
      use_explicit_padding: as `mobilenet_v1_base`.

    Returns:
      The logits, or the features before them; and the end points: those of `mobilenet_v1_base`, 'AvgPool_1a' or
      'global_pool', 'Logits' and 'Predictions'.

    Raises:
      ValueError: as `mobilenet_v1_base`, or `spatial_squeeze` meets a map.
    """
    check_images("mobilenet_v1", inputs)
    with (
        variable_scope(scope, "MobilenetV1", [inputs], reuse=reuse) as sc,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        defined = MOBILENETV1_CONV_DEFS if conv_defs is None else conv_defs
        net, end_points = mobilenet_v1_base(
            inputs, _end_points("mobilenet_v1", defined)[-1], min_depth, depth_multiplier, conv_defs,
            use_explicit_padding=use_explicit_padding, scope=sc,
        )  # fmt: skip
        with variable_scope("Logits"):
            if global_pool:
                net = end_points["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
            else:
                window = [min(net.shape[1], 7), min(net.shape[2], 7)]
                net = end_points["AvgPool_1a"] = avg_pool2d(net, window, padding="VALID", scope="AvgPool_1a")
            if not num_classes:
                return net, end_points
            net = dropout(net, keep_prob=dropout_keep_prob, scope="Dropout_1b")
            logits = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="Conv2d_1c_1x1")
            if spatial_squeeze:
                logits = squeezed(scope, logits, inputs)
        end_points["Logits"] = logits
        if prediction_fn:
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


mobilenet_v1.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]

mobilenet_v1_075 = variant(
    mobilenet_v1, "mobilenet_v1_075", "MobileNet with three quarters of the channels.", depth_multiplier=0.75
)
mobilenet_v1_050 = variant(
    mobilenet_v1, "mobilenet_v1_050", "MobileNet with half of the channels.", depth_multiplier=0.50
)
mobilenet_v1_025 = variant(
    mobilenet_v1, "mobilenet_v1_025", "MobileNet with a quarter of the channels.", depth_multiplier=0.25
)


def mobilenet_v1_arg_scope(
    is_training: bool | None = True,
    weight_decay: float = 0.00004,
    stddev: float = 0.09,
    regularize_depthwise: bool = False,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    batch_norm_updates_collections: NamesOfCollections = GraphKeys.UPDATE_OPS,
    normalizer_fn: Callable[..., jax.Array] | None = batch_norm,
) -> Scope:
    """The defaults MobileNet is trained with.

    Args:
      is_training: whether `batch_norm` uses the batch's moments; None leaves that to the scopes around.
      weight_decay: the scale of the L2 loss on weights.
      stddev: of the initial weights.
      regularize_depthwise: whether depthwise weights have that loss too.
      batch_norm_decay: how much of the moving averages stays in each update.
      batch_norm_epsilon: added to variances.
      batch_norm_updates_collections: where the new moving averages are listed; None applies them at once.
      normalizer_fn: what takes the place of the biases.

    Returns:
      A scope for `arg_scope`.
    """
    normalizing: dict[str, Any] = dict(
        center=True,
        scale=True,
        decay=batch_norm_decay,
        epsilon=batch_norm_epsilon,
        updates_collections=batch_norm_updates_collections,
    )
    if is_training is not None:
        normalizing["is_training"] = is_training
    regularizer = l2_regularizer(weight_decay)
    with (
        arg_scope(
            [conv2d, separable_conv2d],
            weights_initializer=truncated_normal_initializer(stddev=stddev),
            activation_fn=jax.nn.relu6,
            normalizer_fn=normalizer_fn,
        ),
        arg_scope([batch_norm], **normalizing),
        arg_scope([conv2d], weights_regularizer=regularizer),
        arg_scope([separable_conv2d], weights_regularizer=regularizer if regularize_depthwise else None) as scope,
    ):
        return scope
