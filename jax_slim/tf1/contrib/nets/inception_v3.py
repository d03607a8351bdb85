"""`slim.nets.inception_v3`: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015."""

from typing import Any

from jax_slim.tf1.contrib.nets import layers as slim
from jax_slim.tf1.contrib.nets.inception_stages import (
    Stage,
    avg_pool,
    checked_depth,
    conv,
    fork,
    head,
    inception_arg_scope,
    max_pool,
    mixed,
    reduced_kernel,  # fmt: skip
    run,
)
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import array

trunc_normal = slim.trunc_normal


def inception_v3_arg_scope(weight_decay: float = 0.00004, batch_norm_var_collection: str = "moving_vars", batch_norm_decay: float = 0.9997,
                           batch_norm_epsilon: float = 0.001, updates_collections: Any = GraphKeys.UPDATE_OPS, use_fused_batchnorm: bool = True,
                           **more: Any) -> Any:  # fmt: skip
    """The defaults that the net is trained with."""
    return inception_arg_scope(weight_decay, batch_norm_decay=batch_norm_decay, batch_norm_epsilon=batch_norm_epsilon,
                               batch_norm_var_collection=batch_norm_var_collection, updates_collections=updates_collections,
                               use_fused_batchnorm=use_fused_batchnorm, **more)  # fmt: skip


def _stages(depth: Any) -> list[Stage]:
    def layer(name: str, of: int, kernel: Any = None, **arguments: Any) -> Stage:
        return conv(name, depth(of), kernel, **arguments)

    valid, halved = {"padding": "VALID"}, {"padding": "VALID", "stride": 2}
    average = avg_pool("AvgPool_0a_3x3")
    stages = [
        layer("Conv2d_1a_3x3", 32, **halved),
        layer("Conv2d_2a_3x3", 32, **valid),
        layer("Conv2d_2b_3x3", 64),
        max_pool("MaxPool_3a_3x3", **halved),
        layer("Conv2d_3b_1x1", 80, **valid),
        layer("Conv2d_4a_3x3", 192, **valid),
        max_pool("MaxPool_5a_3x3", **halved),
    ]
    # The names that break the pattern are those of the checkpoints.
    for name, first, second, pool in (
        ("Mixed_5b", "Conv2d_0a_1x1", "Conv2d_0b_5x5", 32),
        ("Mixed_5c", "Conv2d_0b_1x1", "Conv_1_0c_5x5", 64),
        ("Mixed_5d", "Conv2d_0a_1x1", "Conv2d_0b_5x5", 64),
    ):
        stages.append(mixed(
            name,
            [layer("Conv2d_0a_1x1", 64)],
            [layer(first, 48), layer(second, 64)],
            [layer("Conv2d_0a_1x1", 64), layer("Conv2d_0b_3x3", 96), layer("Conv2d_0c_3x3", 96)],
            [average, layer("Conv2d_0b_1x1", pool)],
        ))  # fmt: skip
    stages.append(mixed(
        "Mixed_6a",
        [layer("Conv2d_1a_1x1", 384, [3, 3], **halved)],
        [layer("Conv2d_0a_1x1", 64), layer("Conv2d_0b_3x3", 96), layer("Conv2d_1a_1x1", 96, [3, 3], **halved)],
        [max_pool("MaxPool_1a_3x3", **halved)],
    ))  # fmt: skip
    for name, of in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        stages.append(mixed(
            name,
            [layer("Conv2d_0a_1x1", 192)],
            [layer("Conv2d_0a_1x1", of), layer("Conv2d_0b_1x7", of), layer("Conv2d_0c_7x1", 192)],
            [layer("Conv2d_0a_1x1", of), layer("Conv2d_0b_7x1", of), layer("Conv2d_0c_1x7", of), layer("Conv2d_0d_7x1", of), layer("Conv2d_0e_1x7", 192)],
            [average, layer("Conv2d_0b_1x1", 192)],
        ))  # fmt: skip
    stages.append(mixed(
        "Mixed_7a",
        [layer("Conv2d_0a_1x1", 192), layer("Conv2d_1a_3x3", 320, **halved)],
        [layer("Conv2d_0a_1x1", 192), layer("Conv2d_0b_1x7", 192), layer("Conv2d_0c_7x1", 192), layer("Conv2d_1a_3x3", 192, **halved)],
        [max_pool("MaxPool_1a_3x3", **halved)],
    ))  # fmt: skip
    for name, tall in (("Mixed_7b", "Conv2d_0b_3x1"), ("Mixed_7c", "Conv2d_0c_3x1")):
        stages.append(mixed(
            name,
            [layer("Conv2d_0a_1x1", 320)],
            [layer("Conv2d_0a_1x1", 384), fork(layer("Conv2d_0b_1x3", 384), layer(tall, 384))],
            [layer("Conv2d_0a_1x1", 448), layer("Conv2d_0b_3x3", 384), fork(layer("Conv2d_0c_1x3", 384), layer("Conv2d_0d_3x1", 384))],
            [average, layer("Conv2d_0b_1x1", 192)],
        ))  # fmt: skip
    return stages


def inception_v3_base(
    inputs: Any, final_endpoint: str = "Mixed_7c", min_depth: int = 16, depth_multiplier: float = 1.0, scope: Any = None
) -> tuple[Any, dict[str, Any]]:
    """(activations at `final_endpoint`, all until then by name).

    Raises:
      ValueError: there is no such end point, or `depth_multiplier` is not above 0.
    """
    stages = _stages(checked_depth(depth_multiplier, min_depth))
    with slim.variable_scope(scope, "InceptionV3", [inputs]):
        with slim.arg_scope([slim.conv2d, slim.max_pool2d, slim.avg_pool2d], stride=1, padding="SAME"):
            return run(inputs, stages, final_endpoint)


def inception_v3(inputs: Any, num_classes: Any = 1000, is_training: Any = True, dropout_keep_prob: float = 0.8, min_depth: int = 16,
                 depth_multiplier: float = 1.0, prediction_fn: Any = slim.softmax, spatial_squeeze: bool = True, reuse: Any = None,
                 create_aux_logits: bool = True, scope: Any = "InceptionV3") -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """(logits [N, classes], end points, the auxiliary logits among them) of images of 299 x 299.

    Raises:
      ValueError: `depth_multiplier` is not above 0.
    """
    depth = checked_depth(depth_multiplier, min_depth)
    with slim.variable_scope(scope, "InceptionV3", [inputs, num_classes], reuse=reuse) as sc:
        with slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training):
            net, end_points = inception_v3_base(
                inputs, scope=sc, min_depth=min_depth, depth_multiplier=depth_multiplier
            )
            if create_aux_logits:
                with slim.arg_scope([slim.conv2d, slim.max_pool2d, slim.avg_pool2d], stride=1, padding="SAME"):
                    aux = end_points["Mixed_6e"]
                    with slim.variable_scope("AuxLogits"):
                        aux = slim.avg_pool2d(aux, [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5")
                        aux = slim.conv2d(aux, depth(128), [1, 1], scope="Conv2d_1b_1x1")
                        kernel = reduced_kernel(aux, [5, 5])
                        aux = slim.conv2d(aux, depth(768), kernel, weights_initializer=trunc_normal(0.01), padding="VALID",
                                          scope=f"Conv2d_2a_{kernel[0]}x{kernel[1]}")  # fmt: skip
                        aux = slim.conv2d(aux, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, weights_initializer=trunc_normal(0.001),
                                          scope="Conv2d_2b_1x1")  # fmt: skip
                        if spatial_squeeze:
                            aux = array.squeeze(aux, [1, 2], name="SpatialSqueeze")
                        end_points["AuxLogits"] = aux
            with slim.variable_scope("Logits"):
                kernel = reduced_kernel(net, [8, 8])
                net = slim.avg_pool2d(net, kernel, padding="VALID", scope=f"AvgPool_1a_{kernel[0]}x{kernel[1]}")
                return head(
                    net,
                    end_points,
                    num_classes,
                    dropout_keep_prob,
                    spatial_squeeze,
                    prediction_fn,
                    ("Dropout_1b", "Conv2d_1c_1x1"),
                )


inception_v3.default_image_size = 299  # type: ignore[attr-defined]
