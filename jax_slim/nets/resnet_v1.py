"""Residual nets, the first version: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015.

    with slim.arg_scope(resnet_v1.resnet_arg_scope()):
        logits, end_points = resnet_v1.resnet_v1_50(images, 1000, is_training=False)   # [N, 224, 224, 3] -> [N, 1000]

    # Features for dense prediction: a map 16 times smaller than the images, of any size.
    with slim.arg_scope(resnet_v1.resnet_arg_scope()):
        net, end_points = resnet_v1.resnet_v1_101(images, None, False, global_pool=False, output_stride=16)

As in TF-Slim a block's stride is in its last unit, not in its first.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import add_arg_scope, arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs, convert_collection_to_dict
from jax_slim.core.scopes import variable_scope
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.encodings import softmax
from jax_slim.nets import resnet_utils
from jax_slim.nets._heads import check_images, squeezed
from jax_slim.nets.resnet_utils import Block

resnet_arg_scope = resnet_utils.resnet_arg_scope
NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


@add_arg_scope
def bottleneck(
    inputs: jax.Array,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    rate: int = 1,
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
    use_bounded_activations: bool = False,
    stride_first: bool = False,
) -> jax.Array:
    """Adds to the inputs what 1 x 1, 3 x 3 and 1 x 1 convolutions make of them; then ReLU.

    Args:
      inputs: [N, H, W, C]. Where C is not `depth`, a 1 x 1 convolution takes the place of the identity.
      depth: the channels of the result.
      depth_bottleneck: the channels within.
      stride: of the 3 x 3 convolution, or the first one, and of the shortcut.
      rate: distance between the taps of the 3 x 3 convolution.
      outputs_collections: collections that list the result, under the name of the scope.
      scope: the variable scope; by default "bottleneck_v1", made unique.
      use_bounded_activations: whether values are kept within [-6, 6], for computing with few bits.
      stride_first: whether the first 1 x 1 convolution has the stride, as in the paper, and not the 3 x 3 one.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), depth].
    """
    with variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        bounded = jax.nn.relu6 if use_bounded_activations else None
        if depth == inputs.shape[-1]:
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(inputs, depth, [1, 1], stride=stride, activation_fn=bounded, scope="shortcut")
        first, second = (stride, 1) if stride_first else (1, stride)
        residual = conv2d(inputs, depth_bottleneck, [1, 1], stride=first, scope="conv1")
        residual = resnet_utils.conv2d_same(residual, depth_bottleneck, 3, second, rate=rate, scope="conv2")
        residual = conv2d(residual, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        if use_bounded_activations:
            output = jax.nn.relu6(shortcut + jnp.clip(residual, -6.0, 6.0))
        else:
            output = jax.nn.relu(shortcut + residual)
        return collect_named_outputs(outputs_collections, sc.name, output)


def resnet_v1(
    inputs: jax.Array,
    blocks: Sequence[Block],
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    include_root_block: bool = True,
    spatial_squeeze: bool = True,
    store_non_strided_activations: bool = False,
    reuse: Any = None,
    scope: str | None = None,
    unit_strides: str = "last",
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """Runs a residual net made of any blocks.

    Args:
      inputs: [N, H, W, C]. For classification 224 x 224; where features shall lie on a regular grid, sizes that are
        1 more than a multiple of 32.
      blocks: the blocks, such as `resnet_v1_block` makes.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether `batch_norm` uses the batch's moments; None leaves that to the scopes around.
      global_pool: whether to average over the spatial axes before classifying.
      output_stride: how many times smaller than the images the last map may be; strides beyond become rates. None
        keeps them all: 32.
      include_root_block: whether the net begins with a 7 x 7 convolution and pooling, together of stride 4.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      store_non_strided_activations: whether the blocks' end points are their results before their strides.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope; by default "resnet_v1", made unique.
      unit_strides: where the blocks' strides are: "last", in their last units, as TF-Slim has them; "first", in the
        first unit of the next block, as torchvision, timm and others have them; "first_1x1", there in the first
        convolution, as in the paper and in Keras. Weights fit all three, and are right in one.
      symmetric_padding: whether the first pooling pads its map by a pixel on either side, as PyTorch and Keras do, and
        not by its size.

    Returns:
      The logits: [N, num_classes], or [N, H', W', num_classes] without `spatial_squeeze`, or the features before them;
      and the end points by name: each convolution, unit and block, 'global_pool', '<scope>/logits', 'predictions', ...

    Raises:
      ValueError: `output_stride` is not reached by the strides, or `spatial_squeeze` meets a map.
    """
    check_images("resnet_v1", inputs)
    blocks = resnet_utils.moved_strides("resnet_v1", blocks, unit_strides)
    root_stride = 4 if include_root_block else 1
    output_stride = resnet_utils.blocks_output_stride("resnet_v1", blocks, output_stride, root_stride)
    with variable_scope(scope, "resnet_v1", [inputs], reuse=reuse) as sc:
        collection = sc.original_name_scope + "_end_points"
        with (
            arg_scope([conv2d, bottleneck, resnet_utils.stack_blocks_dense], outputs_collections=collection),
            arg_scope([batch_norm], **({} if is_training is None else {"is_training": is_training})),
        ):
            net = inputs
            if include_root_block:
                net = resnet_utils.conv2d_same(net, 64, 7, stride=2, scope="conv1")
                net = resnet_utils.root_pool(net, symmetric_padding)
            net = resnet_utils.stack_blocks_dense(net, blocks, output_stride, store_non_strided_activations)
            end_points = convert_collection_to_dict(collection)
            if global_pool:
                net = end_points["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
            if num_classes:
                net = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits")
                end_points[sc.name + "/logits"] = net
                if spatial_squeeze:
                    net = end_points[sc.name + "/spatial_squeeze"] = squeezed(sc.name, net, inputs)
                end_points["predictions"] = softmax(net, scope="predictions")
        return net, end_points


def resnet_v1_block(scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """A block of bottleneck units.

    Args:
      scope: the block's variable scope.
      base_depth: the channels within the units; their results have four times as many.
      num_units: how many.
      stride: of the last unit; the others' is 1.
    """
    unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth}
    strides = [1] * (num_units - 1) + [stride]
    return Block(scope, bottleneck, [{**unit, "stride": stride} for stride in strides])


def resnet_v1_50(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    store_non_strided_activations: bool = False,
    min_base_depth: int = 8,
    depth_multiplier: float = 1,
    reuse: Any = None,
    scope: str = "resnet_v1_50",
    unit_strides: str = "last",
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """The residual net with 50 layers. [N, 224, 224, 3] -> [N, num_classes].

    Args:
      min_base_depth: the fewest channels that `depth_multiplier` may leave within a unit.
      depth_multiplier: how many times as wide as in the paper the blocks are.
      others: as `resnet_v1`.

    Returns:
      As `resnet_v1`.
    """
    blocks = four_blocks(scope, (3, 4, 6, 3), min_base_depth, depth_multiplier)
    return resnet_v1(
        inputs, blocks, num_classes, is_training, global_pool, output_stride, True, spatial_squeeze,
        store_non_strided_activations, reuse, scope, unit_strides, symmetric_padding,
    )  # fmt: skip


def resnet_v1_101(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    store_non_strided_activations: bool = False,
    min_base_depth: int = 8,
    depth_multiplier: float = 1,
    reuse: Any = None,
    scope: str = "resnet_v1_101",
    unit_strides: str = "last",
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """The residual net with 101 layers. Arguments and results as `resnet_v1_50`."""
    blocks = four_blocks(scope, (3, 4, 23, 3), min_base_depth, depth_multiplier)
    return resnet_v1(
        inputs, blocks, num_classes, is_training, global_pool, output_stride, True, spatial_squeeze,
        store_non_strided_activations, reuse, scope, unit_strides, symmetric_padding,
    )  # fmt: skip


def resnet_v1_152(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    store_non_strided_activations: bool = False,
    spatial_squeeze: bool = True,
    min_base_depth: int = 8,
    depth_multiplier: float = 1,
    reuse: Any = None,
    scope: str = "resnet_v1_152",
    unit_strides: str = "last",
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """The residual net with 152 layers. Arguments and results as `resnet_v1_50`."""
    blocks = four_blocks(scope, (3, 8, 36, 3), min_base_depth, depth_multiplier)
    return resnet_v1(
        inputs, blocks, num_classes, is_training, global_pool, output_stride, True, spatial_squeeze,
        store_non_strided_activations, reuse, scope, unit_strides, symmetric_padding,
    )  # fmt: skip


def resnet_v1_200(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    store_non_strided_activations: bool = False,
    spatial_squeeze: bool = True,
    min_base_depth: int = 8,
    depth_multiplier: float = 1,
    reuse: Any = None,
    scope: str = "resnet_v1_200",
    unit_strides: str = "last",
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """The residual net with 200 layers. Arguments and results as `resnet_v1_50`."""
    blocks = four_blocks(scope, (3, 24, 36, 3), min_base_depth, depth_multiplier)
    return resnet_v1(
        inputs, blocks, num_classes, is_training, global_pool, output_stride, True, spatial_squeeze,
        store_non_strided_activations, reuse, scope, unit_strides, symmetric_padding,
    )  # fmt: skip


for _net in (resnet_v1, resnet_v1_50, resnet_v1_101, resnet_v1_152, resnet_v1_200):
    _net.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]


def four_blocks(
    net: str, units: tuple[int, int, int, int], min_base_depth: int = 8, depth_multiplier: float = 1
) -> list[Block]:
    """The four blocks of the paper's table, with so many bottleneck units.

    Args:
      net: who asks, for the message.
      units: how many of each block.
      min_base_depth, depth_multiplier: as for `resnet_v1_50`.

    Raises:
      ValueError: `depth_multiplier` is not above 0.
    """
    if depth_multiplier <= 0:
        raise ValueError(f"{net}: depth_multiplier must be above 0, got {depth_multiplier!r}.")
    return [
        resnet_v1_block(f"block{index}", max(int(depth * depth_multiplier), min_base_depth), times, stride)
        for index, (depth, times, stride) in enumerate(zip((64, 128, 256, 512), units, (2, 2, 2, 1), strict=True), 1)
    ]
