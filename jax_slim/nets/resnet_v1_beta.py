"""The residual nets of DeepLab: as `resnet_v1`, made for dense prediction.

    with slim.arg_scope(resnet_v1_beta.resnet_arg_scope()):
        net, end_points = resnet_v1_beta.resnet_v1_101_beta(
            images, is_training=False, global_pool=False, output_stride=16, multi_grid=(1, 2, 4)
        )                                                     # [N, 513, 513, 3] -> [N, 33, 33, 2048]

The variants called beta begin with three 3 x 3 convolutions where the paper has one of 7 x 7. After Chen et al.,
"Rethinking Atrous Convolution for Semantic Image Segmentation", 2017.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import arg_scope
from jax_slim.core.collections import convert_collection_to_dict
from jax_slim.core.scopes import variable_scope
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import max_pool2d
from jax_slim.nets import resnet_utils, resnet_v1
from jax_slim.nets._heads import check_images
from jax_slim.nets.resnet_utils import Block

resnet_arg_scope = resnet_utils.resnet_arg_scope
NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


def bottleneck(
    inputs: jax.Array,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    unit_rate: int = 1,
    rate: int = 1,
    scope: str | None = None,
) -> jax.Array:
    """As `resnet_v1.bottleneck`, with a rate of its own, `unit_rate`, by which that of the net is multiplied."""
    return resnet_v1.bottleneck(inputs, depth, depth_bottleneck, stride, rate=rate * unit_rate, scope=scope)


def root_block_fn_for_beta_variant(net: jax.Array, depth_multiplier: float = 1.0) -> jax.Array:
    """Three 3 x 3 convolutions, together of stride 2: [N, H, W, 3] -> [N, ceil(H / 2), ceil(W / 2), 128].

    Creates 'conv1_1', 'conv1_2' and 'conv1_3'.
    """
    net = resnet_utils.conv2d_same(net, int(64 * depth_multiplier), 3, stride=2, scope="conv1_1")
    net = resnet_utils.conv2d_same(net, int(64 * depth_multiplier), 3, stride=1, scope="conv1_2")
    return resnet_utils.conv2d_same(net, int(128 * depth_multiplier), 3, stride=1, scope="conv1_3")


def resnet_v1_beta(
    inputs: jax.Array,
    blocks: Sequence[Block],
    num_classes: int | None = None,
    is_training: bool | None = None,
    global_pool: bool = True,
    output_stride: int | None = None,
    root_block_fn: Callable[[jax.Array], jax.Array] | None = None,
    reuse: Any = None,
    scope: str | None = None,
) -> NetAndEndPoints:
    """Runs a residual net made of any blocks, behind any layers of stride 2.

    Args:
      inputs: [N, H, W, C]; sizes that are 1 more than a multiple of 32 let features lie on a regular grid.
      blocks: the blocks, such as `resnet_v1_beta_block` makes.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether `batch_norm` uses the batch's moments; None leaves that to the scopes around.
      global_pool: whether to average over the spatial axes before classifying.
      output_stride: how many times smaller than the images the last map may be; strides beyond become rates. None
        keeps them all: 32.
      root_block_fn: what comes first, of stride 2; None: the 7 x 7 convolution of the paper. Pooling follows it.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope; by default "resnet_v1", made unique.

    Returns:
      [N, H', W', num_classes] logits, or the features before them; and the end points by name: each convolution, unit
      and block, and 'predictions'. (The spatial axes of the logits stay, as in DeepLab.)

    Raises:
      ValueError: `output_stride` is not reached by the strides.
    """
    check_images("resnet_v1_beta", inputs)
    output_stride = resnet_utils.blocks_output_stride("resnet_v1_beta", blocks, output_stride, 4)
    if root_block_fn is None:
        root_block_fn = functools.partial(
            resnet_utils.conv2d_same, num_outputs=64, kernel_size=7, stride=2, scope="conv1"
        )
    with variable_scope(scope, "resnet_v1", [inputs], reuse=reuse) as sc:
        collection = sc.original_name_scope + "_end_points"
        with (
            arg_scope([conv2d, resnet_v1.bottleneck, resnet_utils.stack_blocks_dense], outputs_collections=collection),
            arg_scope([batch_norm], **({} if is_training is None else {"is_training": is_training})),
        ):
            net = root_block_fn(inputs)
            net = max_pool2d(net, 3, stride=2, padding="SAME", scope="pool1")
            net = resnet_utils.stack_blocks_dense(net, blocks, output_stride)
            if global_pool:
                net = jnp.mean(net, axis=(1, 2), keepdims=True)
            if num_classes:
                net = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits")
            end_points = convert_collection_to_dict(collection)
            if num_classes:
                end_points["predictions"] = softmax(net, scope="predictions")
        return net, end_points


def resnet_v1_beta_block(scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """A block of bottleneck units; arguments as `resnet_v1.resnet_v1_block`."""
    unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth, "unit_rate": 1}
    strides = [1] * (num_units - 1) + [stride]
    return Block(scope, bottleneck, [{**unit, "stride": stride} for stride in strides])


def _net(
    units: tuple[int, int, int],
    root_block_fn: Callable[[jax.Array], jax.Array] | None,
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = None,
    global_pool: bool = False,
    output_stride: int | None = None,
    multi_grid: Sequence[int] | None = None,
    reuse: Any = None,
    scope: str | None = None,
) -> NetAndEndPoints:
    rates = (1, 1, 1) if multi_grid is None else tuple(multi_grid)
    if len(rates) != 3:
        raise ValueError(
            f"{scope}: multi_grid must have a rate for each of the three units of 'block4', got {multi_grid!r}."
        )
    last = [{"depth": 2048, "depth_bottleneck": 512, "stride": 1, "unit_rate": rate} for rate in rates]
    blocks = [
        *(
            resnet_v1_beta_block(f"block{index}", depth, times, 2)
            for index, (depth, times) in enumerate(zip((64, 128, 256), units, strict=True), 1)
        ),
        Block("block4", bottleneck, last),
    ]
    return resnet_v1_beta(
        inputs, blocks, num_classes, is_training, global_pool, output_stride, root_block_fn, reuse, scope
    )


def resnet_v1_50(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = None,
    global_pool: bool = False,
    output_stride: int | None = None,
    multi_grid: Sequence[int] | None = None,
    reuse: Any = None,
    scope: str = "resnet_v1_50",
) -> NetAndEndPoints:
    """The residual net with 50 layers: [N, H, W, 3] -> [N, H', W', 2048].

    Args:
      multi_grid: the rates of the three units of the last block, by which the net's rate is multiplied; None: all 1.
      others: as `resnet_v1_beta`.

    Returns:
      As `resnet_v1_beta`.

    Raises:
      ValueError: `output_stride` is not reached by the strides, or `multi_grid` is not three rates.
    """
    units = (3, 4, 6)
    return _net(units, None, inputs, num_classes, is_training, global_pool, output_stride, multi_grid, reuse, scope)


def resnet_v1_101(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = None,
    global_pool: bool = False,
    output_stride: int | None = None,
    multi_grid: Sequence[int] | None = None,
    reuse: Any = None,
    scope: str = "resnet_v1_101",
) -> NetAndEndPoints:
    """The residual net with 101 layers. Arguments and results as `resnet_v1_50`."""
    units = (3, 4, 23)
    return _net(units, None, inputs, num_classes, is_training, global_pool, output_stride, multi_grid, reuse, scope)


def resnet_v1_50_beta(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = None,
    global_pool: bool = False,
    output_stride: int | None = None,
    multi_grid: Sequence[int] | None = None,
    reuse: Any = None,
    scope: str = "resnet_v1_50",
) -> NetAndEndPoints:
    """As `resnet_v1_50`, beginning with three 3 x 3 convolutions."""
    units, root = (3, 4, 6), root_block_fn_for_beta_variant
    return _net(units, root, inputs, num_classes, is_training, global_pool, output_stride, multi_grid, reuse, scope)


def resnet_v1_101_beta(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = None,
    global_pool: bool = False,
    output_stride: int | None = None,
    multi_grid: Sequence[int] | None = None,
    reuse: Any = None,
    scope: str = "resnet_v1_101",
) -> NetAndEndPoints:
    """As `resnet_v1_101`, beginning with three 3 x 3 convolutions."""
    units, root = (3, 4, 23), root_block_fn_for_beta_variant
    return _net(units, root, inputs, num_classes, is_training, global_pool, output_stride, multi_grid, reuse, scope)
