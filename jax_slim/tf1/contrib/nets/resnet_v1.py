"""`slim.nets.resnet_v1`: the residual nets of He et al., 2015."""

from typing import Any

from jax_slim.tf1.contrib.nets import layers as slim
from jax_slim.tf1.contrib.nets import resnet_utils
from jax_slim.tf1.python import reductions

resnet_arg_scope = resnet_utils.resnet_arg_scope


@slim.add_arg_scope
def bottleneck(
    inputs: Any,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    rate: int = 1,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """A unit: three convolutions beside a shortcut."""
    with slim.variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        if depth == slim.last_dimension(inputs.get_shape(), min_rank=4):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = slim.conv2d(inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut")
        residual = slim.conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = resnet_utils.conv2d_same(residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        residual = slim.conv2d(residual, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        return slim.collect_named_outputs(outputs_collections, sc.name, slim.relu(shortcut + residual))


def resnet_v1(inputs: Any, blocks: Any, num_classes: Any = None, is_training: Any = None, global_pool: bool = True, output_stride: Any = None,
              include_root_block: bool = True, reuse: Any = None, scope: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """A net of blocks: (activations or logits, end points).

    Raises:
      ValueError: an output stride that cannot be reached.
    """
    with slim.variable_scope(scope, "resnet_v1", [inputs], reuse=reuse) as sc:
        collection = sc.original_name_scope + "_end_points"
        with slim.arg_scope([slim.conv2d, bottleneck, resnet_utils.stack_blocks_dense], outputs_collections=collection):
            with (
                slim.arg_scope([slim.batch_norm], is_training=is_training)
                if is_training is not None
                else slim.arg_scope([])
            ):
                net = inputs
                if include_root_block:
                    if output_stride is not None:
                        if output_stride % 4 != 0:
                            raise ValueError("The output_stride needs to be a multiple of 4.")
                        output_stride /= 4
                    net = resnet_utils.conv2d_same(net, 64, 7, stride=2, scope="conv1")
                    net = slim.max_pool2d(net, [3, 3], stride=2, scope="pool1")
                net = resnet_utils.stack_blocks_dense(net, blocks, output_stride)
                if global_pool:
                    net = reductions.reduce_mean(net, [1, 2], name="pool5", keepdims=True)
                if num_classes is not None:
                    net = slim.conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits")
                end_points = slim.convert_collection_to_dict(collection)
                if num_classes is not None:
                    end_points["predictions"] = slim.softmax(net, scope="predictions")
                return net, end_points


def resnet_v1_block(scope: str, base_depth: int, num_units: int, stride: int) -> resnet_utils.Block:
    """A block of `num_units` units, of which the last has the stride."""
    unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth, "stride": 1}
    return resnet_utils.Block(scope, bottleneck, [unit] * (num_units - 1) + [{**unit, "stride": stride}])


def _blocks(units: tuple[int, ...]) -> list[resnet_utils.Block]:
    return [resnet_v1_block(f"block{i + 1}", 64 << i, n, stride=2 if i < 3 else 1) for i, n in enumerate(units)]


def resnet_v1_50(inputs: Any, num_classes: Any = None, is_training: Any = None, global_pool: bool = True, output_stride: Any = None, reuse: Any = None,
                 scope: Any = "resnet_v1_50") -> tuple[Any, Any]:  # fmt: skip
    """The net of 50 layers."""
    return resnet_v1(
        inputs, _blocks((3, 4, 6, 3)), num_classes, is_training, global_pool, output_stride, True, reuse, scope
    )


def resnet_v1_101(inputs: Any, num_classes: Any = None, is_training: Any = None, global_pool: bool = True, output_stride: Any = None, reuse: Any = None,
                  scope: Any = "resnet_v1_101") -> tuple[Any, Any]:  # fmt: skip
    """The net of 101 layers."""
    return resnet_v1(
        inputs, _blocks((3, 4, 23, 3)), num_classes, is_training, global_pool, output_stride, True, reuse, scope
    )


def resnet_v1_152(inputs: Any, num_classes: Any = None, is_training: Any = None, global_pool: bool = True, output_stride: Any = None, reuse: Any = None,
                  scope: Any = "resnet_v1_152") -> tuple[Any, Any]:  # fmt: skip
    """The net of 152 layers."""
    return resnet_v1(
        inputs, _blocks((3, 8, 36, 3)), num_classes, is_training, global_pool, output_stride, True, reuse, scope
    )


def resnet_v1_200(inputs: Any, num_classes: Any = None, is_training: Any = None, global_pool: bool = True, output_stride: Any = None, reuse: Any = None,
                  scope: Any = "resnet_v1_200") -> tuple[Any, Any]:  # fmt: skip
    """The net of 200 layers."""
    return resnet_v1(
        inputs, _blocks((3, 24, 36, 3)), num_classes, is_training, global_pool, output_stride, True, reuse, scope
    )


for _net in (resnet_v1, resnet_v1_50, resnet_v1_101, resnet_v1_152, resnet_v1_200):
    _net.default_image_size = 224  # type: ignore[attr-defined]
