"""`slim.nets.resnet_utils`: blocks of residual nets, their strides and rates, and the defaults they are trained with."""

from collections import namedtuple
from typing import Any

from jax_slim.tf1.contrib.nets import layers as slim
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import padding


class Block(namedtuple("Block", ["scope", "unit_fn", "args"])):
    """A block: its scope, the function that makes a unit, and each unit's arguments."""


def subsample(inputs: Any, factor: int, scope: Any = None) -> Any:
    """Every `factor`-th row and column."""
    return inputs if factor == 1 else slim.max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


@slim.add_arg_scope
def conv2d_same(inputs: Any, num_outputs: int, kernel_size: int, stride: int, rate: int = 1, scope: Any = None) -> Any:
    """A convolution with a stride whose padding does not depend on the size of the inputs."""
    if stride == 1:
        return slim.conv2d(inputs, num_outputs, kernel_size, stride=1, rate=rate, padding="SAME", scope=scope)
    total = kernel_size + (kernel_size - 1) * (rate - 1) - 1
    begin = total // 2
    inputs = padding.pad(inputs, [[0, 0], [begin, total - begin], [begin, total - begin], [0, 0]])
    return slim.conv2d(inputs, num_outputs, kernel_size, stride=stride, rate=rate, padding="VALID", scope=scope)


@slim.add_arg_scope
def stack_blocks_dense(net: Any, blocks: Any, output_stride: Any = None, outputs_collections: Any = None) -> Any:
    """All blocks one after the other; from `output_stride` on convolutions have rates in place of strides.

    Raises:
      ValueError: the strides do not reach `output_stride`.
    """
    current_stride = rate = 1
    for block in blocks:
        with slim.variable_scope(block.scope, "block", [net]) as sc:
            for i, unit in enumerate(block.args):
                if output_stride is not None and current_stride > output_stride:
                    raise ValueError("The target output_stride cannot be reached.")
                with slim.variable_scope(f"unit_{i + 1}", values=[net]):
                    if output_stride is not None and current_stride == output_stride:
                        net = block.unit_fn(net, rate=rate, **dict(unit, stride=1))
                        rate *= unit.get("stride", 1)
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        current_stride *= unit.get("stride", 1)
            net = slim.collect_named_outputs(outputs_collections, sc.name, net)
    if output_stride is not None and current_stride != output_stride:
        raise ValueError("The target output_stride cannot be reached.")
    return net


def resnet_arg_scope(
    weight_decay: float = 0.0001,
    batch_norm_decay: float = 0.997,
    batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
) -> Any:
    """The defaults that residual nets are trained with."""
    parameters = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "scale": batch_norm_scale,
        "updates_collections": GraphKeys.UPDATE_OPS,
    }
    with slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(weight_decay), weights_initializer=slim.variance_scaling_initializer(),
                        activation_fn=slim.relu, normalizer_fn=slim.batch_norm, normalizer_params=parameters):  # fmt: skip
        with (
            slim.arg_scope([slim.batch_norm], **parameters),
            slim.arg_scope([slim.max_pool2d], padding="SAME") as scope,
        ):
            return scope
