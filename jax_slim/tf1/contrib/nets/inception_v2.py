"""`slim.nets.inception_v2`: Inception with batch normalization, Ioffe and Szegedy, 2015."""

from typing import Any

from jax_slim.tf1.contrib.nets import layers as slim
from jax_slim.tf1.contrib.nets.inception_stages import (
    Stage,
    avg_pool,
    checked_depth,
    conv,
    head,
    inception_arg_scope,
    max_pool,
    mixed,
    reduced_kernel,
    run,  # fmt: skip
)

trunc_normal = slim.trunc_normal


def inception_v2_arg_scope(
    weight_decay: float = 0.00004, batch_norm_var_collection: str = "moving_vars", **more: Any
) -> Any:
    """The defaults that the net is trained with."""
    return inception_arg_scope(weight_decay, batch_norm_var_collection=batch_norm_var_collection, **more)


def inception_v2_base(
    inputs: Any, final_endpoint: str = "Mixed_5c", min_depth: int = 16, depth_multiplier: float = 1.0, scope: Any = None
) -> tuple[Any, dict[str, Any]]:
    """(activations at `final_endpoint`, all until then by name).

    Raises:
      ValueError: there is no such end point, or `depth_multiplier` is not above 0.
    """
    depth = checked_depth(depth_multiplier, min_depth)
    small, wide = {"weights_initializer": trunc_normal(0.09)}, {"weights_initializer": trunc_normal(0.1)}

    def module(name: str, one: int, reduce3: int, three: int, reduce5: int, five: int, pool: Stage, by: int) -> Stage:
        return mixed(
            name,
            [conv("Conv2d_0a_1x1", depth(one))],
            [conv("Conv2d_0a_1x1", depth(reduce3), **small), conv("Conv2d_0b_3x3", depth(three))],
            [
                conv("Conv2d_0a_1x1", depth(reduce5), **small),
                conv("Conv2d_0b_3x3", depth(five)),
                conv("Conv2d_0c_3x3", depth(five)),
            ],
            [pool, conv("Conv2d_0b_1x1", depth(by), **wide)],
        )

    def reduction(name: str, reduce3: int, three: int, reduce5: int, five: int) -> Stage:
        return mixed(
            name,
            [conv("Conv2d_0a_1x1", depth(reduce3), **small), conv("Conv2d_1a_3x3", depth(three), stride=2)],
            [
                conv("Conv2d_0a_1x1", depth(reduce5), **small),
                conv("Conv2d_0b_3x3", depth(five)),
                conv("Conv2d_1a_3x3", depth(five), stride=2),
            ],
            [max_pool("MaxPool_1a_3x3", stride=2)],
        )

    def first(net: Any) -> Any:
        return slim.separable_conv2d(net, depth(64), [7, 7], depth_multiplier=min(int(depth(64) / 3), 8), stride=2, weights_initializer=trunc_normal(1.0),
                                     scope="Conv2d_1a_7x7")  # fmt: skip

    average, maximum = avg_pool("AvgPool_0a_3x3"), max_pool("MaxPool_0a_3x3")
    stages = [
        ("Conv2d_1a_7x7", first),
        max_pool("MaxPool_2a_3x3", stride=2),
        conv("Conv2d_2b_1x1", depth(64), **wide),
        conv("Conv2d_2c_3x3", depth(192)),
        max_pool("MaxPool_3a_3x3", stride=2),
        module("Mixed_3b", 64, 64, 64, 64, 96, average, 32),
        module("Mixed_3c", 64, 64, 96, 64, 96, average, 64),
        reduction("Mixed_4a", 128, 160, 64, 96),
        module("Mixed_4b", 224, 64, 96, 96, 128, average, 128),
        module("Mixed_4c", 192, 96, 128, 96, 128, average, 128),
        module("Mixed_4d", 160, 128, 160, 128, 160, average, 96),
        module("Mixed_4e", 96, 128, 192, 160, 192, average, 96),
        reduction("Mixed_5a", 128, 192, 192, 256),
        module("Mixed_5b", 352, 192, 320, 160, 224, average, 128),
        module("Mixed_5c", 352, 192, 320, 192, 224, maximum, 128),
    ]
    with (
        slim.variable_scope(scope, "InceptionV2", [inputs]),
        slim.arg_scope(
            [slim.conv2d, slim.max_pool2d, slim.avg_pool2d, slim.separable_conv2d], stride=1, padding="SAME"
        ),
    ):
        return run(inputs, stages, final_endpoint)


def inception_v2(inputs: Any, num_classes: Any = 1000, is_training: Any = True, dropout_keep_prob: float = 0.8, min_depth: int = 16,
                 depth_multiplier: float = 1.0, prediction_fn: Any = slim.softmax, spatial_squeeze: bool = True, reuse: Any = None,
                 scope: Any = "InceptionV2") -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """(logits [N, classes], end points) of images of 224 x 224.

    Raises:
      ValueError: `depth_multiplier` is not above 0.
    """
    checked_depth(depth_multiplier, min_depth)
    with slim.variable_scope(scope, "InceptionV2", [inputs, num_classes], reuse=reuse) as sc:
        with slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training):
            net, end_points = inception_v2_base(
                inputs, scope=sc, min_depth=min_depth, depth_multiplier=depth_multiplier
            )
            with slim.variable_scope("Logits"):
                kernel = reduced_kernel(net, [7, 7])
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


inception_v2.default_image_size = 224  # type: ignore[attr-defined]
