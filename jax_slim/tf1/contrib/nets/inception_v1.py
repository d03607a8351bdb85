"""`slim.nets.inception_v1`: Szegedy et al., "Going Deeper with Convolutions", 2014."""

from typing import Any

from jax_slim.tf1.contrib.nets import layers as slim
from jax_slim.tf1.contrib.nets.inception_stages import Stage, conv, head, inception_arg_scope, max_pool, mixed, run

trunc_normal = slim.trunc_normal


def inception_v1_arg_scope(
    weight_decay: float = 0.00004,
    use_batch_norm: bool = True,
    batch_norm_var_collection: str = "moving_vars",
    **more: Any,
) -> Any:
    """The defaults that the net is trained with."""
    return inception_arg_scope(
        weight_decay, use_batch_norm, batch_norm_var_collection=batch_norm_var_collection, **more
    )


def _module(
    name: str, one: int, reduce3: int, three: int, reduce5: int, five: int, pool: int, third: str = "Conv2d_0b_3x3"
) -> Stage:
    return mixed(
        name,
        [conv("Conv2d_0a_1x1", one)],
        [conv("Conv2d_0a_1x1", reduce3), conv("Conv2d_0b_3x3", three)],
        [conv("Conv2d_0a_1x1", reduce5), conv(third, five)],
        [max_pool("MaxPool_0a_3x3"), conv("Conv2d_0b_1x1", pool)],
    )


def inception_v1_base(
    inputs: Any, final_endpoint: str = "Mixed_5c", scope: Any = "InceptionV1"
) -> tuple[Any, dict[str, Any]]:
    """(activations at `final_endpoint`, all until then by name).

    Raises:
      ValueError: there is no such end point.
    """
    stages = [
        conv("Conv2d_1a_7x7", 64, stride=2),
        max_pool("MaxPool_2a_3x3", stride=2),
        conv("Conv2d_2b_1x1", 64),
        conv("Conv2d_2c_3x3", 192),
        max_pool("MaxPool_3a_3x3", stride=2),
        _module("Mixed_3b", 64, 96, 128, 16, 32, 32),
        _module("Mixed_3c", 128, 128, 192, 32, 96, 64),
        max_pool("MaxPool_4a_3x3", stride=2),
        _module("Mixed_4b", 192, 96, 208, 16, 48, 64),
        _module("Mixed_4c", 160, 112, 224, 24, 64, 64),
        _module("Mixed_4d", 128, 128, 256, 24, 64, 64),
        _module("Mixed_4e", 112, 144, 288, 32, 64, 64),
        _module("Mixed_4f", 256, 160, 320, 32, 128, 128),
        max_pool("MaxPool_5a_2x2", stride=2),
        _module("Mixed_5b", 256, 160, 320, 32, 128, 128, third="Conv2d_0a_3x3"),
        _module("Mixed_5c", 384, 192, 384, 48, 128, 128),
    ]
    with slim.variable_scope(scope, "InceptionV1", [inputs]):
        with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_initializer=trunc_normal(0.01)):
            with slim.arg_scope([slim.conv2d, slim.max_pool2d], stride=1, padding="SAME"):
                return run(inputs, stages, final_endpoint)


def inception_v1(inputs: Any, num_classes: Any = 1000, is_training: Any = True, dropout_keep_prob: float = 0.8, prediction_fn: Any = slim.softmax,
                 spatial_squeeze: bool = True, reuse: Any = None, scope: Any = "InceptionV1") -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """(logits [N, classes], end points) of images of 224 x 224."""
    with slim.variable_scope(scope, "InceptionV1", [inputs, num_classes], reuse=reuse) as sc:
        with slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training):
            net, end_points = inception_v1_base(inputs, scope=sc)
            with slim.variable_scope("Logits"):
                net = slim.avg_pool2d(net, [7, 7], stride=1, scope="MaxPool_0a_7x7")
                logits, end_points = head(
                    net,
                    end_points,
                    num_classes,
                    dropout_keep_prob,
                    spatial_squeeze,
                    prediction_fn,
                    ("Dropout_0b", "Conv2d_0c_1x1"),
                )
                del end_points["PreLogits"]
                return logits, end_points


inception_v1.default_image_size = 224  # type: ignore[attr-defined]
