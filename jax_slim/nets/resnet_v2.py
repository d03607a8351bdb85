"""Residual nets, the second version: He, Zhang, Ren and Sun, "Identity Mappings in Deep Residual Networks", 2016.

    with slim.arg_scope(resnet_v2.resnet_arg_scope()):
        logits, end_points = resnet_v2.resnet_v2_101(images, 1001, is_training=False)   # [N, 299, 299, 3] -> [N, 1001]

Here normalization and ReLU come before each convolution, so that nothing but additions lies on the way from a unit's
inputs to its outputs. As in TF-Slim a block's stride is in its last unit, not in its first.
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
) -> jax.Array:
    """Adds to the inputs what 1 x 1, 3 x 3 and 1 x 1 convolutions make of them after normalization and ReLU.

    Args:
      inputs: [N, H, W, C]. Where C is not `depth`, a 1 x 1 convolution takes the place of the identity.
      depth: the channels of the result.
      depth_bottleneck: the channels within.
      stride: of the 3 x 3 convolution and of the shortcut.
      rate: distance between the taps of the 3 x 3 convolution.
      outputs_collections: collections that list the result, under the name of the scope.
      scope: the variable scope; by default "bottleneck_v2", made unique.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), depth].
    """
    with variable_scope(scope, "bottleneck_v2", [inputs]) as sc:
        preact = batch_norm(inputs, activation_fn=jax.nn.relu, scope="preact")
        if depth == inputs.shape[-1]:
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(
                preact, depth, [1, 1], stride=stride, normalizer_fn=None, activation_fn=None, scope="shortcut"
            )
        residual = conv2d(preact, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = resnet_utils.conv2d_same(residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        residual = conv2d(residual, depth, [1, 1], stride=1, normalizer_fn=None, activation_fn=None, scope="conv3")
        return collect_named_outputs(outputs_collections, sc.name, shortcut + residual)


def resnet_v2(
    inputs: jax.Array,
    blocks: Sequence[Block],
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    include_root_block: bool = True,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str | None = None,
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """Runs a residual net made of any blocks.

    Args:
      inputs: [N, H, W, C]. Where features shall lie on a regular grid, sizes that are 1 more than a multiple of 32.
      blocks: the blocks, such as `resnet_v2_block` makes.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether `batch_norm` uses the batch's moments; None leaves that to the scopes around.
      global_pool: whether to average over the spatial axes before classifying.
      output_stride: how many times smaller than the images the last map may be; strides beyond become rates. None
        keeps them all: 32.
      include_root_block: whether the net begins with a 7 x 7 convolution and pooling, together of stride 4.
      spatial_squeeze: whether to drop the two spatial axes, of size 1, from the logits.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope; by default "resnet_v2", made unique.
      symmetric_padding: whether the first pooling has zeros on either side of its map, as Keras's has, and is not
        padded by its size.

    Returns:
      The logits: [N, num_classes], or [N, H', W', num_classes] without `spatial_squeeze`, or the features before them;
      and the end points by name: each convolution, unit and block, 'global_pool', '<scope>/logits', 'predictions', ...

    Raises:
      ValueError: `output_stride` is not reached by the strides, or `spatial_squeeze` meets a map.
    """
    check_images("resnet_v2", inputs)
    root_stride = 4 if include_root_block else 1
    output_stride = resnet_utils.blocks_output_stride("resnet_v2", blocks, output_stride, root_stride)
    with variable_scope(scope, "resnet_v2", [inputs], reuse=reuse) as sc:
        collection = sc.original_name_scope + "_end_points"
        with (
            arg_scope([conv2d, bottleneck, resnet_utils.stack_blocks_dense], outputs_collections=collection),
            arg_scope([batch_norm], **({} if is_training is None else {"is_training": is_training})),
        ):
            net = inputs
            if include_root_block:
                # The first unit normalizes and activates: nothing does so here.
                with arg_scope([conv2d], activation_fn=None, normalizer_fn=None):
                    net = resnet_utils.conv2d_same(net, 64, 7, stride=2, scope="conv1")
                net = resnet_utils.root_pool(net, symmetric_padding)
            net = resnet_utils.stack_blocks_dense(net, blocks, output_stride)
            net = batch_norm(net, activation_fn=jax.nn.relu, scope="postnorm")
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


def resnet_v2_block(scope: str, base_depth: int, num_units: int, stride: int) -> Block:
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


def resnet_v2_50(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "resnet_v2_50",
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """The residual net with 50 layers. [N, 224, 224, 3] -> [N, num_classes]. Arguments and results as `resnet_v2`."""
    return resnet_v2(
        inputs, _blocks((3, 4, 6, 3)), num_classes, is_training, global_pool, output_stride, True, spatial_squeeze,
        reuse, scope, symmetric_padding,
    )  # fmt: skip


def resnet_v2_101(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "resnet_v2_101",
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """The residual net with 101 layers. Arguments and results as `resnet_v2`."""
    return resnet_v2(
        inputs, _blocks((3, 4, 23, 3)), num_classes, is_training, global_pool, output_stride, True, spatial_squeeze,
        reuse, scope, symmetric_padding,
    )  # fmt: skip


def resnet_v2_152(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "resnet_v2_152",
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """The residual net with 152 layers. Arguments and results as `resnet_v2`."""
    return resnet_v2(
        inputs, _blocks((3, 8, 36, 3)), num_classes, is_training, global_pool, output_stride, True, spatial_squeeze,
        reuse, scope, symmetric_padding,
    )  # fmt: skip


def resnet_v2_200(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "resnet_v2_200",
    symmetric_padding: bool = False,
) -> NetAndEndPoints:
    """The residual net with 200 layers. Arguments and results as `resnet_v2`."""
    return resnet_v2(
        inputs, _blocks((3, 24, 36, 3)), num_classes, is_training, global_pool, output_stride, True, spatial_squeeze,
        reuse, scope, symmetric_padding,
    )  # fmt: skip


for _net in (resnet_v2, resnet_v2_50, resnet_v2_101, resnet_v2_152, resnet_v2_200):
    _net.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]


def _blocks(units: tuple[int, int, int, int]) -> list[Block]:
    """The four blocks of the paper's table, with so many units."""
    return [
        resnet_v2_block(f"block{index}", depth, times, stride)
        for index, (depth, times, stride) in enumerate(zip((64, 128, 256, 512), units, (2, 2, 2, 1), strict=True), 1)
    ]
