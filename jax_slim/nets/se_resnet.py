"""Residual nets with gates: Hu, Shen and Sun, "Squeeze-and-Excitation Networks", 2017.

with slim.arg_scope(se_resnet.se_resnet_arg_scope()):
    logits, end_points = se_resnet.se_resnet_50(images, 1000, is_training=False)      # [N, 224, 224, 3] -> [N, 1000]
"""

from typing import Any

import jax

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import variance_scaling_initializer
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.scaling import squeeze_and_excitation
from jax_slim.nets import resnet_utils
from jax_slim.nets.resnet_v1 import NetAndEndPoints, four_blocks, resnet_v1
from jax_slim.regularizers import l2_regularizer


@add_arg_scope
def bottleneck(
    inputs: jax.Array,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    rate: int = 1,
    reduction: int = 16,
    stride_first: bool = False,
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Adds to the inputs what 1 x 1, 3 x 3 and 1 x 1 convolutions, and gates for their channels, make of them; ReLU.

    Args:
      inputs: [N, H, W, C]. Where C is not `depth`, a 1 x 1 convolution takes the place of the identity.
      depth: the channels of the result.
      depth_bottleneck: the channels within.
      stride: of the 3 x 3 convolution, or the first one, and of the shortcut.
      rate: distance between the taps of the 3 x 3 convolution.
      reduction: how many times fewer channels the gates have within.
      stride_first: whether the first 1 x 1 convolution has the stride, and not the 3 x 3 one.
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
        first, second = (stride, 1) if stride_first else (1, stride)
        residual = conv2d(inputs, depth_bottleneck, 1, stride=first, scope="conv1")
        residual = resnet_utils.conv2d_same(residual, depth_bottleneck, 3, second, rate=rate, scope="conv2")
        residual = conv2d(residual, depth, 1, activation_fn=None, scope="conv3")
        residual = squeeze_and_excitation(residual, depth // reduction)
        return collect_named_outputs(outputs_collections, sc.name, jax.nn.relu(shortcut + residual))


def se_resnet_50(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "se_resnet_50",
    symmetric_padding: bool = False,
    stride_first: bool = False,
) -> NetAndEndPoints:
    """The net with 50 layers. [N, 224, 224, 3] -> [N, num_classes]. A block's stride is in its first unit.

    Args:
      stride_first: whether strides are in the first convolutions of units, as in the authors' own net.
      others: as `resnet_v1.resnet_v1`.

    Returns:
      As `resnet_v1.resnet_v1`.
    """
    blocks = [block._replace(unit_fn=bottleneck) for block in four_blocks(scope, (3, 4, 6, 3))]
    return resnet_v1(
        inputs, blocks, num_classes, is_training, global_pool, output_stride, spatial_squeeze=spatial_squeeze,
        reuse=reuse, scope=scope, unit_strides="first_1x1" if stride_first else "first",
        symmetric_padding=symmetric_padding,
    )  # fmt: skip


def se_resnet_arg_scope(weight_decay: float = 0.0001, batch_norm_decay: float = 0.997, **kwargs: Any) -> Scope:
    """The defaults the net is trained with; arguments as `resnet_utils.resnet_arg_scope`."""
    with (
        arg_scope(resnet_utils.resnet_arg_scope(weight_decay, batch_norm_decay, **kwargs)),
        arg_scope(
            [squeeze_and_excitation],
            weights_regularizer=l2_regularizer(weight_decay),
            weights_initializer=variance_scaling_initializer(),
        ) as scope,
    ):
        return scope


se_resnet_50.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]
