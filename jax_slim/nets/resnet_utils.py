"""What the residual nets share: blocks of units, their strides and rates, and the defaults they are trained with.

A residual net is a list of blocks, a block a list of units. Where a map must not become smaller than `output_stride`
allows, units keep their stride out and convolve with holes instead (atrous convolution), so that the same weights see
the same neighbourhoods: Chen et al., "DeepLab", 2016.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.collections import GraphKeys, NamesOfCollections, collect_named_outputs
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import variance_scaling_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.pooling import max_pool2d
from jax_slim.regularizers import l2_regularizer


class Block(NamedTuple):
    """A block of a residual net.

    Attributes:
      scope: the block's variable scope.
      unit_fn: a unit: called as `unit_fn(net, rate=rate, **args[i])`.
      args: the arguments of each unit, a dict; 'stride' among them, 1 where it is absent.
    """

    scope: str
    unit_fn: Callable[..., jax.Array]
    args: Sequence[Mapping[str, Any]]


def subsample(inputs: jax.Array, factor: int, scope: str | None = None) -> jax.Array:
    """Keeps every `factor`-th row and column: [N, H, W, C] -> [N, ceil(H / factor), ceil(W / factor), C]."""
    return inputs if factor == 1 else max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


def root_pool(net: jax.Array, symmetric_padding: bool) -> jax.Array:
    """The pooling behind a net's first convolution; with zeros on either side of the map, or padded by its size."""
    if symmetric_padding:
        net = jnp.pad(net, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return max_pool2d(net, [3, 3], stride=2, padding="VALID", scope="pool1")
    return max_pool2d(net, [3, 3], stride=2, scope="pool1")


def moved_strides(function: str, blocks: Sequence[Block], unit_strides: str) -> Sequence[Block]:
    """Blocks with their strides in the first unit of the next block, where "first" or "first_1x1" asks for that.

    Raises:
      ValueError: `unit_strides` is none of the three, or the last block has a stride, which no block follows.
    """
    choices = ("last", "first", "first_1x1")
    if unit_strides not in choices:
        raise ValueError(f"{function}: unit_strides must be one of {', '.join(choices)}, got {unit_strides!r}.")
    if unit_strides == "last":
        return blocks
    moved, before = [], 1
    for block in blocks:
        units = [dict(unit) for unit in block.args]
        after, units[-1]["stride"] = units[-1].get("stride", 1), 1
        units[0]["stride"] = before
        if unit_strides == "first_1x1":
            units[0]["stride_first"] = True
        moved.append(block._replace(args=units))
        before = after
    if before != 1:
        raise ValueError(
            f"{function}: unit_strides must be 'last' for a last block with a stride, got {unit_strides!r}."
        )
    return moved


@add_arg_scope
def conv2d_same(
    inputs: jax.Array, num_outputs: int, kernel_size: int, stride: int, rate: int = 1, scope: str | None = None
) -> jax.Array:
    """As `conv2d` with padding "SAME", but pads the same for inputs of any size.

    With a stride, "SAME" pads one side more than the other, depending on whether the size is even. Here the padding is
    that of stride 1, so that the result is every `stride`-th pixel of the unstrided one.

    Args:
      inputs: [N, H, W, C].
      num_outputs: the channels of the result.
      kernel_size: the height and width of the filters.
      stride: step between outputs.
      rate: distance between the taps of a filter.
      scope: name of the layer; by default "Conv", made unique.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), num_outputs].
    """
    if stride == 1:
        return conv2d(inputs, num_outputs, kernel_size, stride=1, rate=rate, padding="SAME", scope=scope)
    around = (kernel_size - 1) * rate
    pads = (around // 2, around - around // 2)
    inputs = jnp.pad(inputs, [(0, 0), pads, pads, (0, 0)])
    return conv2d(inputs, num_outputs, kernel_size, stride=stride, rate=rate, padding="VALID", scope=scope)


@add_arg_scope
def stack_blocks_dense(
    net: jax.Array,
    blocks: Sequence[Block],
    output_stride: int | None = None,
    store_non_strided_activations: bool = False,
    outputs_collections: NamesOfCollections = None,
) -> jax.Array:
    """Runs all units of all blocks, with holes in the filters from where the map may not become smaller.

    Args:
      net: [N, H, W, C].
      blocks: the blocks.
      output_stride: how many times smaller than `net` the result may be. Once that is reached, strides become rates.
        None keeps all strides.
      store_non_strided_activations: whether a block's end point is its result before its stride, which then comes
        after it. (A block's stride is in its last unit.)
      outputs_collections: collections that list each block's result, under the name of its scope.

    Returns:
      The result of the last block.

    Raises:
      ValueError: the strides of `blocks` do not pass through `output_stride`.
    """
    blocks_output_stride("stack_blocks_dense", blocks, output_stride)
    current_stride = rate = 1
    for block in blocks:
        with variable_scope(block.scope, "block", [net]) as sc:
            block_stride = 1
            for index, unit in enumerate(block.args):
                stride = unit.get("stride", 1)
                if store_non_strided_activations and index == len(block.args) - 1:
                    stride, block_stride = 1, stride
                dense = current_stride == output_stride
                if "stride" in unit:
                    unit = {**unit, "stride": 1 if dense else stride}
                with variable_scope(f"unit_{index + 1}", values=[net]):
                    net = block.unit_fn(net, rate=rate if dense else 1, **unit)
                if dense:
                    rate *= stride
                else:
                    current_stride *= stride
            net = collect_named_outputs(outputs_collections, sc.name, net)
            if current_stride == output_stride:
                rate *= block_stride
            else:
                net = subsample(net, block_stride)
                current_stride *= block_stride
    return net


def blocks_output_stride(
    function: str, blocks: Sequence[Block], output_stride: int | None, stride_before: int = 1
) -> int | None:
    """The part of a net's `output_stride` that is the blocks', behind layers of stride `stride_before`.

    Raises:
      ValueError: the strides do not pass through it; says so for `function`.
    """
    if output_stride is None:
        return None
    reached = [stride_before]
    for block in blocks:
        for unit in block.args:
            reached.append(reached[-1] * unit.get("stride", 1))
    if output_stride not in reached:
        possible = ", ".join(map(str, dict.fromkeys(reached)))
        raise ValueError(f"{function}: output_stride must be None or one of {possible}, got {output_stride!r}.")
    return int(output_stride) // stride_before


def resnet_arg_scope(
    weight_decay: float = 0.0001,
    batch_norm_decay: float = 0.997,
    batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
    activation_fn: Callable[[jax.Array], jax.Array] | None = jax.nn.relu,
    use_batch_norm: bool = True,
    batch_norm_updates_collections: NamesOfCollections = GraphKeys.UPDATE_OPS,
) -> Scope:
    """The defaults the residual nets are trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      batch_norm_decay: how much of the moving averages stays in each update. The default suits ImageNet; short runs on
        small data sets want less.
      batch_norm_epsilon: added to variances.
      batch_norm_scale: whether `batch_norm` has a `gamma`.
      activation_fn: of convolutions.
      use_batch_norm: whether convolutions are normalized; else they have biases.
      batch_norm_updates_collections: where the new moving averages are listed; None applies them at once.

    Returns:
      A scope for `arg_scope`.
    """
    normalizing: dict[str, Any] = dict(
        decay=batch_norm_decay,
        epsilon=batch_norm_epsilon,
        scale=batch_norm_scale,
        updates_collections=batch_norm_updates_collections,
        fused=None,
    )
    with (
        arg_scope(
            [conv2d],
            weights_regularizer=l2_regularizer(weight_decay),
            weights_initializer=variance_scaling_initializer(),
            activation_fn=activation_fn,
            normalizer_fn=batch_norm if use_batch_norm else None,
            normalizer_params=normalizing,
        ),
        arg_scope([batch_norm], **normalizing),
        # The paper pools without padding; SAME keeps the features aligned with the pixels.
        arg_scope([max_pool2d], padding="SAME") as scope,
    ):
        return scope
