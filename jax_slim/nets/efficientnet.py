"""EfficientNet: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019.

    with slim.arg_scope(efficientnet.efficientnet_arg_scope()):
        logits, end_points = efficientnet.efficientnet_b0(images, 1000, is_training=False)      # [N, 224, 224, 3]

B1 to B7 are B0, wider, deeper and for larger images. The lite nets, for phones, have ReLU6 and no squeeze and
excitation; those for the Edge TPU begin with whole convolutions in the place of expansion and depthwise convolution.

Variables have the names that tensorflow/tpu gives them, whose checkpoints so load: those of Keras's layers, such as
'efficientnet-b0/blocks_1/conv2d_1/kernel'.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import variance_scaling_initializer
from jax_slim.kernels.activations import swish
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.scaling import squeeze_and_excitation
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import drop_path, dropout
from jax_slim.nets._heads import check_images
from jax_slim.nets._variants import variant
from jax_slim.nets.conv_blocks import fixed_padding, make_divisible
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]
Function = Callable[[jax.Array], jax.Array]


class Stage(NamedTuple):
    """A line of the paper's table: blocks of the same kind.

    Attributes:
      repeats: how many blocks.
      kernel: height and width of their depthwise convolutions, or of the whole ones.
      stride: of the first block; the others' is 1.
      expansion: how many times as many channels as its input a block has within.
      filters: the channels of the results.
      whole: whether a convolution over all channels is in the place of expansion and depthwise convolution.
      skip: whether inputs are added to results of the same shape.
      counted: the channels of the inputs that the expansion goes by, where the table has others than there are.
    """

    repeats: int
    kernel: int
    stride: int
    expansion: int
    filters: int
    whole: bool = False
    skip: bool = True
    counted: int | None = None


B0 = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
EDGETPU = (
    Stage(1, 3, 1, 4, 24, whole=True, skip=False, counted=24),
    Stage(2, 3, 2, 8, 32, whole=True),
    Stage(4, 3, 2, 8, 48, whole=True),
    Stage(5, 5, 2, 8, 96),
    Stage(4, 5, 1, 8, 144),
    Stage(2, 5, 2, 8, 192),
)
# Of the whole net's blocks, those at its end are left out the more often in training: the last one in a fifth of cases.
_SURVIVAL = 0.8
_DEFAULT_NAME = re.compile(r"(Conv|SeparableConv2d|BatchNorm|fully_connected)(_\d+)?")
_TENSORFLOWS = {
    "Conv": "conv2d", "SeparableConv2d": "depthwise_conv2d", "BatchNorm": "tpu_batch_normalization",
    "fully_connected": "dense", "weights": "kernel", "depthwise_weights": "depthwise_kernel", "biases": "bias",
}  # fmt: skip


def _named_as_in_tensorflow(getter: Callable[..., Any], name: str, **arguments: Any) -> Any:
    """A getter of variables that gives those of layers without a scope the names of Keras's layers."""
    parts = []
    for part in name.split("/"):
        found = _DEFAULT_NAME.fullmatch(part)
        parts.append(_TENSORFLOWS[found[1]] + (found[2] or "") if found else _TENSORFLOWS.get(part, part))
    return getter("/".join(parts), **arguments)


@add_arg_scope
def mbconv(
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int,
    stride: int = 1,
    expansion: int = 6,
    squeeze: float | None = 0.25,
    activation_fn: Function = swish,
    skip: bool = True,
    keep_prob: float = 1.0,
    is_training: bool = True,
    symmetric_padding: bool = False,
    scope: str | None = None,
) -> jax.Array:
    """A mobile inverted bottleneck: expands the channels, convolves each, gates them, and projects to fewer.

    Args:
      inputs: [N, H, W, C].
      num_outputs: the channels of the result.
      kernel_size: height and width of the depthwise filters.
      stride: of the depthwise convolution.
      expansion: how many times as many channels there are within; 1 leaves the expansion out.
      squeeze: the channels within the gates, as a part of C; None for no gates.
      activation_fn: behind the expansion, the depthwise convolution, and within the gates.
      skip: whether the inputs are added, where the result has their shape.
      keep_prob: how often, in training, the result counts beside the inputs.
      is_training: whether it is left out at random.
      symmetric_padding: whether, with a stride, maps are padded alike on either side, and not by their size.
      scope: the variable scope; by default "mbconv", made unique.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), num_outputs].
    """
    depth = inputs.shape[-1]
    with variable_scope(scope, "mbconv", [inputs]):
        net = inputs
        if expansion != 1:
            net = batch_norm(conv2d(net, depth * expansion, 1), activation_fn=activation_fn)
        padding, net = _padded(net, kernel_size, stride, symmetric_padding)
        net = separable_conv2d(net, None, kernel_size, stride=stride, padding=padding)
        net = batch_norm(net, activation_fn=activation_fn)
        if squeeze is not None:
            net = squeeze_and_excitation(net, max(1, int(depth * squeeze)), activation_fn, scope="se")
        net = batch_norm(conv2d(net, num_outputs, 1))
        return _added(inputs, net, skip and stride == 1, keep_prob, is_training)


@add_arg_scope
def whole_mbconv(
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int,
    stride: int = 1,
    expansion: int = 8,
    activation_fn: Function = jax.nn.relu,
    skip: bool = True,
    keep_prob: float = 1.0,
    is_training: bool = True,
    symmetric_padding: bool = False,
    stride_first: bool = False,
    counted: int | None = None,
    scope: str | None = None,
) -> jax.Array:
    """As `mbconv`, with one whole convolution for the expansion and the depthwise one, and without gates.

    Args:
      stride_first: whether that convolution has the stride, as timm's has, and not the projection, as TensorFlow's.
      counted: how many channels of inputs the expansion goes by; None means as many as there are.
      others: as `mbconv`.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), num_outputs].
    """
    first, second = (stride, 1) if stride_first else (1, stride)
    with variable_scope(scope, "mbconv", [inputs]):
        padding, net = _padded(inputs, kernel_size, first, symmetric_padding)
        net = conv2d(net, (counted or inputs.shape[-1]) * expansion, kernel_size, stride=first, padding=padding)
        net = batch_norm(net, activation_fn=activation_fn)
        net = batch_norm(conv2d(net, num_outputs, 1, stride=second))
        return _added(inputs, net, skip and stride == 1, keep_prob, is_training)


def efficientnet(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    stages: Sequence[Stage] = B0,
    width: float = 1.0,
    depth: float = 1.0,
    dropout_keep_prob: float = 0.8,
    survival_prob: float = _SURVIVAL,
    squeeze: float | None = 0.25,
    activation_fn: Function = swish,
    fixed_ends: bool = False,
    symmetric_padding: bool = False,
    stride_first: bool = False,
    reuse: Any = None,
    scope: str = "efficientnet-b0",
) -> NetAndEndPoints:
    """Classifies images by a net of any stages: [N, H, W, 3] -> [N, num_classes].

    Args:
      inputs: [N, H, W, C].
      num_classes: how many classes; None or 0 leaves out the last layer and returns [N, 1, 1, C] features.
      is_training: whether `batch_norm` uses the batch's moments, and dropout and stochastic depth are on.
      stages: the table: `B0` or `EDGETPU`.
      width: how many times as wide as the table the net is; channels are multiples of 8.
      depth: how many times as many blocks the stages have, rounded up.
      dropout_keep_prob: how much of the features before the last layer is kept in training.
      survival_prob: how often the last block's result is kept in training; earlier blocks are kept more often.
      squeeze: the channels within the gates, as a part of a block's inputs; None for no gates.
      activation_fn: of all layers.
      fixed_ends: whether stem, head, and the depths of the first and last stage are those of the table.
      symmetric_padding: whether layers with a stride pad alike on either side, as PyTorch does, and not by the size of
        their maps: for weights that were trained so.
      stride_first: as for `whole_mbconv`: timm's EdgeTPU nets.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.

    Returns:
      The logits or features; and the end points: 'stem', 'block_0', ..., 'reduction_1' to 'reduction_5' (the last maps
      of each size), 'head_1x1', 'global_pool', 'logits' and 'predictions'.

    Raises:
      ValueError: `inputs` are no images.
    """
    check_images("efficientnet", inputs)

    def wide(filters: int) -> int:
        return make_divisible(filters * width, 8)

    ends: dict[str, Any] = {}
    blocks = _blocks(stages, depth, fixed_ends)
    common: dict[str, Any] = {
        "activation_fn": activation_fn, "is_training": is_training, "symmetric_padding": symmetric_padding,
    }  # fmt: skip
    with (
        variable_scope(scope, reuse=reuse, custom_getter=_named_as_in_tensorflow),
        arg_scope([batch_norm], is_training=is_training),
    ):
        with variable_scope("stem"):
            padding, net = _padded(inputs, 3, 2, symmetric_padding)
            net = conv2d(net, 32 if fixed_ends else wide(32), 3, stride=2, padding=padding)
            net = ends["stem"] = batch_norm(net, activation_fn=activation_fn)
        reductions = 0
        for index, stage in enumerate(blocks):
            arguments = {
                **common, "stride": stage.stride, "expansion": stage.expansion, "skip": stage.skip,
                "keep_prob": 1 - (1 - survival_prob) * index / len(blocks), "scope": f"blocks_{index}",
            }  # fmt: skip
            if stage.whole:
                counted = stage.counted and wide(stage.counted)
                net = whole_mbconv(
                    net, wide(stage.filters), stage.kernel, stride_first=stride_first, counted=counted, **arguments
                )
            else:
                net = mbconv(net, wide(stage.filters), stage.kernel, squeeze=squeeze, **arguments)
            ends[f"block_{index}"] = net
            if index + 1 == len(blocks) or blocks[index + 1].stride > 1:
                reductions += 1
                ends[f"reduction_{reductions}"] = net
        with variable_scope("head"):
            net = batch_norm(conv2d(net, 1280 if fixed_ends else wide(1280), 1), activation_fn=activation_fn)
            ends["head_1x1"] = net
            net = ends["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
            if num_classes:
                net = dropout(jnp.squeeze(net, (1, 2)), dropout_keep_prob, is_training=is_training)
                limits = variance_scaling_initializer(1 / 3, "FAN_OUT", uniform=True)
                net = fully_connected(net, num_classes, activation_fn=None, weights_initializer=limits)
                ends["logits"] = net
                ends["predictions"] = softmax(net, scope="predictions")
    return net, ends


def _blocks(stages: Sequence[Stage], depth: float, fixed_ends: bool) -> list[Stage]:
    """Each block as a stage of its own: only the first one of a stage has its stride."""
    blocks = []
    for index, stage in enumerate(stages):
        at_an_end = index in (0, len(stages) - 1)
        repeats = stage.repeats if fixed_ends and at_an_end else math.ceil(stage.repeats * depth)
        blocks += [stage, *[stage._replace(stride=1)] * (repeats - 1)]
    return blocks


def _padded(net: jax.Array, kernel_size: int, stride: int, symmetric: bool) -> tuple[str, jax.Array]:
    """The padding of a convolution, and its input: padded already where that is not to depend on its size."""
    if symmetric and stride > 1:
        return "VALID", fixed_padding(net, [kernel_size] * 2)
    return "SAME", net


def _added(inputs: jax.Array, net: jax.Array, skip: bool, keep_prob: float, is_training: bool) -> jax.Array:
    if not skip or inputs.shape != net.shape:
        return net
    return inputs + drop_path(net, keep_prob, is_training=is_training)


def efficientnet_arg_scope(
    weight_decay: float = 1e-5, batch_norm_decay: float = 0.99, batch_norm_epsilon: float = 1e-3
) -> Scope:
    """The defaults the nets are trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights and biases.
      batch_norm_decay: how much of the moving averages stays in each update.
      batch_norm_epsilon: added to variances.

    Returns:
      A scope for `arg_scope`.
    """
    regularizer = l2_regularizer(weight_decay)
    with (
        arg_scope(
            [conv2d, separable_conv2d, squeeze_and_excitation],
            weights_initializer=variance_scaling_initializer(2.0, "FAN_OUT"),
        ),
        arg_scope([conv2d, separable_conv2d], activation_fn=None, biases_initializer=None),
        arg_scope(
            [conv2d, separable_conv2d, squeeze_and_excitation, fully_connected],
            weights_regularizer=regularizer, biases_regularizer=regularizer,
        ),
        arg_scope([batch_norm], decay=batch_norm_decay, epsilon=batch_norm_epsilon, scale=True) as scope,
    ):  # fmt: skip
        return scope


def _scaled(name: str, title: str, size: int, **defaults: Any) -> Any:
    net = variant(efficientnet, name, f"{title}, for images of {size} x {size}.", **defaults)
    net.default_image_size = size
    return net


def _by_the_table(letter: str, width: float, depth: float, size: int, keep: float) -> Any:
    return _scaled(
        f"efficientnet_{letter}", f"EfficientNet-{letter.upper()}", size,
        width=width, depth=depth, dropout_keep_prob=keep, scope=f"efficientnet-{letter}",
    )  # fmt: skip


def _lite(number: int, width: float, depth: float, size: int, keep: float) -> Any:
    return _scaled(
        f"efficientnet_lite{number}", f"EfficientNet-lite{number}", size, width=width, depth=depth, squeeze=None,
        activation_fn=jax.nn.relu6, fixed_ends=True, dropout_keep_prob=keep, scope=f"efficientnet-lite{number}",
    )  # fmt: skip


def _edgetpu(letter: str, width: float, depth: float, size: int, keep: float) -> Any:
    return _scaled(
        f"efficientnet_edgetpu_{letter.lower()}", f"EfficientNet-EdgeTPU-{letter}", size, num_classes=1001,
        stages=EDGETPU, width=width, depth=depth, squeeze=None, activation_fn=jax.nn.relu, dropout_keep_prob=keep,
        scope=f"efficientnet-edgetpu-{letter}",
    )  # fmt: skip


# name, width, depth, image size, dropout_keep_prob
efficientnet_b0 = _by_the_table("b0", 1.0, 1.0, 224, 0.8)
efficientnet_b1 = _by_the_table("b1", 1.0, 1.1, 240, 0.8)
efficientnet_b2 = _by_the_table("b2", 1.1, 1.2, 260, 0.7)
efficientnet_b3 = _by_the_table("b3", 1.2, 1.4, 300, 0.7)
efficientnet_b4 = _by_the_table("b4", 1.4, 1.8, 380, 0.6)
efficientnet_b5 = _by_the_table("b5", 1.6, 2.2, 456, 0.6)
efficientnet_b6 = _by_the_table("b6", 1.8, 2.6, 528, 0.5)
efficientnet_b7 = _by_the_table("b7", 2.0, 3.1, 600, 0.5)
efficientnet_lite0 = _lite(0, 1.0, 1.0, 224, 0.8)
efficientnet_lite1 = _lite(1, 1.0, 1.1, 240, 0.8)
efficientnet_lite2 = _lite(2, 1.1, 1.2, 260, 0.7)
efficientnet_lite3 = _lite(3, 1.2, 1.4, 280, 0.7)
efficientnet_lite4 = _lite(4, 1.4, 1.8, 300, 0.7)
efficientnet_edgetpu_s = _edgetpu("S", 1.0, 1.0, 224, 0.8)
efficientnet_edgetpu_m = _edgetpu("M", 1.0, 1.1, 240, 0.8)
efficientnet_edgetpu_l = _edgetpu("L", 1.2, 1.4, 300, 0.7)
