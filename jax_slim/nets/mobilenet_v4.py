"""MobileNetV4: Qin et al., "MobileNetV4: Universal Models for the Mobile Ecosystem", 2024; the nets of convolutions.

    with slim.arg_scope(mobilenet_v4.mobilenet_v4_arg_scope()):
        logits, end_points = mobilenet_v4.mobilenet_v4_conv_small(images, 1000, is_training=False)

One block, the universal inverted bottleneck, is all that they are made of: with a depthwise convolution before the
expansion, behind it, at both places or at none.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import variance_scaling_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import drop_path, dropout
from jax_slim.nets._heads import check_images
from jax_slim.nets._variants import variant
from jax_slim.nets.conv_blocks import fixed_padding, make_divisible
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


class Conv(NamedTuple):
    """A convolution: the size of its kernel, its stride and its channels."""

    kernel: int
    stride: int
    filters: int


class Fused(NamedTuple):
    """A convolution that expands, and a projection."""

    kernel: int
    stride: int
    expansion: int
    filters: int


class Universal(NamedTuple):
    """A universal inverted bottleneck; a kernel of 0 leaves that depthwise convolution out."""

    first: int
    second: int
    stride: int
    expansion: int
    filters: int


Layer = Conv | Fused | Universal

CONV_SMALL: tuple[Layer, ...] = (
    Conv(3, 2, 32),
    Conv(3, 2, 32),
    Conv(1, 1, 32),
    Conv(3, 2, 96),
    Conv(1, 1, 64),
    Universal(5, 5, 2, 3, 96),
    *[Universal(0, 3, 1, 2, 96)] * 4,
    Universal(3, 0, 1, 4, 96),
    Universal(3, 3, 2, 6, 128),
    Universal(5, 5, 1, 4, 128),
    Universal(0, 5, 1, 4, 128),
    Universal(0, 5, 1, 3, 128),
    *[Universal(0, 3, 1, 4, 128)] * 2,
    Conv(1, 1, 960),
)
CONV_MEDIUM: tuple[Layer, ...] = (
    Conv(3, 2, 32),
    Fused(3, 2, 4, 48),
    Universal(3, 5, 2, 4, 80),
    Universal(3, 3, 1, 2, 80),
    Universal(3, 5, 2, 6, 160),
    *[Universal(3, 3, 1, 4, 160)] * 2,
    Universal(3, 5, 1, 4, 160),
    Universal(3, 3, 1, 4, 160),
    Universal(3, 0, 1, 4, 160),
    Universal(0, 0, 1, 2, 160),
    Universal(3, 0, 1, 4, 160),
    Universal(5, 5, 2, 6, 256),
    Universal(5, 5, 1, 4, 256),
    *[Universal(3, 5, 1, 4, 256)] * 2,
    Universal(0, 0, 1, 4, 256),
    Universal(3, 0, 1, 4, 256),
    Universal(3, 5, 1, 2, 256),
    Universal(5, 5, 1, 4, 256),
    *[Universal(0, 0, 1, 4, 256)] * 2,
    Universal(5, 0, 1, 2, 256),
    Conv(1, 1, 960),
)


@add_arg_scope
def universal_block(
    inputs: jax.Array,
    num_outputs: int,
    first_kernel: int,
    second_kernel: int,
    stride: int = 1,
    expansion: int = 4,
    activation_fn: Callable[[jax.Array], jax.Array] = jax.nn.relu,
    keep_prob: float = 1.0,
    is_training: bool = True,
    symmetric_padding: bool = False,
    scope: str | None = None,
) -> jax.Array:
    """A universal inverted bottleneck: a depthwise convolution, an expansion, another one, and a projection.

    Args:
      inputs: [N, H, W, C].
      num_outputs: the channels of the result.
      first_kernel, second_kernel: height and width of the depthwise filters before and behind the expansion; 0 leaves
        them out.
      stride: of the second depthwise convolution, or of the first one where there is no second.
      expansion: how many times as many channels there are within.
      activation_fn: behind the expansion and the second depthwise convolution.
      keep_prob: how often, in training, the result counts beside the inputs, where it has their shape.
      is_training: whether it is left out at random.
      symmetric_padding: whether, with a stride, maps are padded alike on either side, and not by their size.
      scope: the variable scope; by default "universal", made unique.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), num_outputs].

    Raises:
      ValueError: there is a stride, and no depthwise convolution that could have it.
    """
    if stride > 1 and not (first_kernel or second_kernel):
        raise ValueError(f"universal_block: stride must be 1 without depthwise convolutions, got {stride}.")

    def depthwise(net: jax.Array, kernel: int, stride: int, **arguments: Any) -> jax.Array:
        padding, net = _padded(net, kernel, stride, symmetric_padding)
        return separable_conv2d(net, None, kernel, stride=stride, padding=padding, **arguments)

    depth = inputs.shape[-1]
    with variable_scope(scope, "universal", [inputs]):
        net = inputs
        if first_kernel:
            net = depthwise(net, first_kernel, 1 if second_kernel else stride, activation_fn=None, scope="first")
        net = conv2d(net, make_divisible(depth * expansion, 8), 1, activation_fn=activation_fn, scope="expand")
        if second_kernel:
            net = depthwise(net, second_kernel, stride, activation_fn=activation_fn, scope="second")
        net = conv2d(net, num_outputs, 1, activation_fn=None, scope="project")
        if net.shape != inputs.shape or stride > 1:
            return net
        return inputs + drop_path(net, keep_prob, is_training=is_training)


def mobilenet_v4(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    layers: Sequence[Layer] = CONV_SMALL,
    dropout_keep_prob: float = 0.8,
    survival_prob: float = 1.0,
    symmetric_padding: bool = False,
    reuse: Any = None,
    scope: str = "MobilenetV4",
) -> NetAndEndPoints:
    """Classifies images by a net of any layers: [N, H, W, 3] -> [N, num_classes].

    Args:
      inputs: [N, H, W, C].
      num_classes: how many classes; None or 0 leaves out the last layer and returns [N, 1, 1, 1280] features.
      is_training: whether `batch_norm` uses the batch's moments, and dropout and stochastic depth are on.
      layers: the table: `CONV_SMALL` or `CONV_MEDIUM`.
      dropout_keep_prob: how much of the features before the last layer is kept in training.
      survival_prob: how often the last layer's result is kept in training; earlier ones are kept more often.
      symmetric_padding: whether layers with a stride pad alike on either side, as PyTorch does, and not by the size of
        their maps: for weights that were trained so.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.

    Returns:
      The logits or features; and the end points: 'layer_1', 'layer_2', ..., 'global_pool', 'head', 'logits' and
      'predictions'.

    Raises:
      ValueError: `inputs` are no images.
    """
    check_images("mobilenet_v4", inputs)
    ends: dict[str, Any] = {}
    net = inputs
    with variable_scope(scope, reuse=reuse), arg_scope([batch_norm], is_training=is_training):
        for number, layer in enumerate(layers, 1):
            name = f"layer_{number}"
            if isinstance(layer, Universal):
                kept = 1 - (1 - survival_prob) * number / len(layers)
                net = universal_block(
                    net, layer.filters, layer.first, layer.second, layer.stride, layer.expansion, keep_prob=kept,
                    is_training=is_training, symmetric_padding=symmetric_padding, scope=name,
                )  # fmt: skip
            else:
                padding, net = _padded(net, layer.kernel, layer.stride, symmetric_padding)
                if isinstance(layer, Fused):
                    with variable_scope(name):
                        wide = net.shape[-1] * layer.expansion
                        net = conv2d(net, wide, layer.kernel, stride=layer.stride, padding=padding, scope="expand")
                        net = conv2d(net, layer.filters, 1, activation_fn=None, scope="project")
                else:
                    net = conv2d(net, layer.filters, layer.kernel, stride=layer.stride, padding=padding, scope=name)
            ends[name] = net
        net = ends["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
        net = ends["head"] = conv2d(net, 1280, 1, scope="head")
        if num_classes:
            net = dropout(jnp.squeeze(net, (1, 2)), dropout_keep_prob, is_training=is_training)
            net = ends["logits"] = fully_connected(net, num_classes, activation_fn=None, scope="logits")
            ends["predictions"] = softmax(net, scope="predictions")
    return net, ends


def _padded(net: jax.Array, kernel: int, stride: int, symmetric: bool) -> tuple[str, jax.Array]:
    """The padding of a convolution, and its input: padded already where that is not to depend on its size."""
    if symmetric and stride > 1:
        return "VALID", fixed_padding(net, [kernel] * 2)
    return "SAME", net


def mobilenet_v4_arg_scope(
    weight_decay: float = 1e-5, batch_norm_decay: float = 0.99, batch_norm_epsilon: float = 1e-3
) -> Scope:
    """The defaults the nets are trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      batch_norm_decay: how much of the moving averages stays in each update.
      batch_norm_epsilon: added to variances.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope(
            [conv2d, separable_conv2d],
            normalizer_fn=batch_norm,
            weights_initializer=variance_scaling_initializer(2.0, "FAN_OUT"),
        ),
        arg_scope([conv2d, separable_conv2d, fully_connected], weights_regularizer=l2_regularizer(weight_decay)),
        arg_scope([batch_norm], scale=True, decay=batch_norm_decay, epsilon=batch_norm_epsilon) as scope,
    ):
        return scope


mobilenet_v4.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]

mobilenet_v4_conv_small = variant(mobilenet_v4, "mobilenet_v4_conv_small", "MobileNetV4-Conv-S.", layers=CONV_SMALL)
mobilenet_v4_conv_medium = variant(
    mobilenet_v4, "mobilenet_v4_conv_medium", "MobileNetV4-Conv-M, for images of 256 x 256.", layers=CONV_MEDIUM
)
mobilenet_v4_conv_medium.default_image_size = 256
