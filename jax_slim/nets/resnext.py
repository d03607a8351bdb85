"""ResNeXt: Xie et al., "Aggregated Residual Transformations for Deep Neural Networks", 2017.

    with slim.arg_scope(resnext.resnext_arg_scope()):
        logits, end_points = resnext.resnext_50_32x4d(images, 1000, is_training=False)      # [N, 224, 224, 3]

A residual net whose 3 x 3 convolutions are cut into groups: 32 with 4 channels each in the first block. As in its
authors' own net, and in PyTorch's, a block's stride is in its first unit, and maps are padded alike on either side.
"""

from typing import Any

import jax

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import variance_scaling_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d, grouped_conv2d
from jax_slim.nets import resnet_utils
from jax_slim.nets.resnet_utils import Block
from jax_slim.nets.resnet_v1 import NetAndEndPoints, four_blocks, resnet_v1
from jax_slim.regularizers import l2_regularizer


@add_arg_scope
def bottleneck(
    inputs: jax.Array,
    depth: int,
    depth_bottleneck: int,
    num_groups: int,
    stride: int,
    rate: int = 1,
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Adds to the inputs what 1 x 1, grouped 3 x 3 and 1 x 1 convolutions make of them; then ReLU.

    Args:
      inputs: [N, H, W, C]. Where C is not `depth`, a 1 x 1 convolution takes the place of the identity.
      depth: the channels of the result.
      depth_bottleneck: the channels within, of all groups together.
      num_groups: how many groups.
      stride: of the 3 x 3 convolution, and of the shortcut.
      rate: distance between the taps of the 3 x 3 convolution.
      outputs_collections: collections that list the result, under the name of the scope.
      scope: the variable scope; by default "bottleneck_v1", made unique.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), depth].
    """
    with variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        if depth == inputs.shape[-1]:
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(inputs, depth, 1, stride=stride, activation_fn=None, scope="shortcut")
        residual = conv2d(inputs, depth_bottleneck, 1, scope="conv1")
        residual = grouped_conv2d(
            residual, depth_bottleneck, 3, num_groups, stride=stride, rate=rate, padding=[(rate, rate)] * 2,
            scope="conv2",
        )  # fmt: skip
        residual = conv2d(residual, depth, 1, activation_fn=None, scope="conv3")
        return collect_named_outputs(outputs_collections, sc.name, jax.nn.relu(shortcut + residual))


def resnext_50_32x4d(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "resnext_50_32x4d",
) -> NetAndEndPoints:
    """The net with 50 layers and 32 groups of 4 channels. [N, 224, 224, 3] -> [N, num_classes].

    Arguments and results as `resnet_v1.resnet_v1`.
    """
    return resnet_v1(
        inputs, _blocks(scope, (3, 4, 6, 3), 32, 4), num_classes, is_training, global_pool, output_stride,
        spatial_squeeze=spatial_squeeze, reuse=reuse, scope=scope, unit_strides="first", symmetric_padding=True,
    )  # fmt: skip


def _blocks(net: str, units: tuple[int, int, int, int], num_groups: int, width: int) -> list[Block]:
    """The four blocks of the paper's table: as ResNet's, with `num_groups` times `width` channels within at first."""
    blocks = []
    for block in four_blocks(net, units):
        args = [
            {**unit, "depth_bottleneck": unit["depth"] // 256 * num_groups * width, "num_groups": num_groups}
            for unit in block.args
        ]
        blocks.append(Block(block.scope, bottleneck, args))
    return blocks


def resnext_arg_scope(weight_decay: float = 0.0001, batch_norm_decay: float = 0.997, **kwargs: Any) -> Scope:
    """The defaults the net is trained with; arguments as `resnet_utils.resnet_arg_scope`."""
    with (
        arg_scope(resnet_utils.resnet_arg_scope(weight_decay, batch_norm_decay, **kwargs)),
        arg_scope(
            [grouped_conv2d],
            weights_regularizer=l2_regularizer(weight_decay),
            weights_initializer=variance_scaling_initializer(),
            normalizer_fn=batch_norm,
        ) as scope,
    ):
        return scope


resnext_50_32x4d.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]
