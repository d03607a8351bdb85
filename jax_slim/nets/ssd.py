"""SSD on the MobileNets: Liu et al., "SSD: Single Shot MultiBox Detector", 2016, as the Object Detection API builds it.

with slim.arg_scope(ssd.ssd_arg_scope()):
    logits, end_points = ssd.ssd_mobilenet_v2(images, 90)          # [N, 300, 300, 3] -> [N, 1917, 91]
found = slim.detection.detect(logits, end_points["BoxEncodings"], end_points["Anchors"])

Variables have the names of the API's checkpoints: 'FeatureExtractor/MobilenetV2/Conv/weights',
'BoxPredictor_0/BoxEncodingPredictor/weights'.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import VariableScope, variable_scope
from jax_slim.detection.anchors import multiple_grid_anchors, ssd_box_specs
from jax_slim.initializers import truncated_normal_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets import mobilenet as _mobilenet
from jax_slim.nets import mobilenet_v1 as _mobilenet_v1
from jax_slim.nets import mobilenet_v2 as _mobilenet_v2
from jax_slim.nets._heads import check_images
from jax_slim.nets._variants import variant
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]
Maps = dict[str, jax.Array]

# The channels of the maps behind the backbone's.
_DEPTHS = (512, 256, 256, 128)
_BASE_STDDEV = 0.09


def ssd_arg_scope(
    weight_decay: float = 0.00004,
    stddev: float = 0.03,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
) -> Scope:
    """The defaults that the API trains these nets with: ReLU6, `batch_norm`, L2 loss on weights.

    Args:
      weight_decay: the scale of the L2 loss.
      stddev: of the initial weights, but for the backbone's, which begin as in classification.
      batch_norm_decay: how much of the moving averages stays in each update.
      batch_norm_epsilon: added to variances.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope(
            [conv2d, separable_conv2d],
            activation_fn=jax.nn.relu6,
            normalizer_fn=batch_norm,
            weights_regularizer=l2_regularizer(weight_decay),
            weights_initializer=truncated_normal_initializer(stddev=stddev),
        ),
        arg_scope([batch_norm], center=True, scale=True, decay=batch_norm_decay, epsilon=batch_norm_epsilon) as scope,
    ):
        return scope


def multi_resolution_feature_maps(
    image_features: Mapping[str, jax.Array],
    from_layers: Sequence[str],
    depths: Sequence[int],
    depth_multiplier: float = 1.0,
    min_depth: int = 16,
    use_depthwise: bool = False,
) -> Maps:
    """The maps that a detector looks at: some of a backbone's, then ever smaller ones made of the last of them.

    A new map is a convolution of 1 x 1 to half of its channels, then one of 3 x 3 with stride 2.

    Args:
      image_features: a backbone's end points.
      from_layers: those that are taken as they are.
      depths: the channels of each new map.
      depth_multiplier, min_depth: how many times as many channels there are, and the fewest.
      use_depthwise: whether the second convolution is a depthwise one and one of 1 x 1, as in SSDLite.

    Returns:
      Name -> map, the finest first: 'layer_19', 'layer_19_2_Conv2d_2_3x3_s2_512', ...
    """

    def depth(channels: int) -> int:
        return max(int(channels * depth_multiplier), min_depth)

    maps = {name: image_features[name] for name in from_layers}
    base, net = from_layers[-1], image_features[from_layers[-1]]
    for index, channels in enumerate(depths, start=len(from_layers)):
        half, whole = depth(channels // 2), depth(channels)
        net = conv2d(net, half, [1, 1], padding="SAME", scope=f"{base}_1_Conv2d_{index}_1x1_{half}")
        name = f"{base}_2_Conv2d_{index}_3x3_s2_{whole}"
        if use_depthwise:
            net = separable_conv2d(
                net, None, [3, 3], depth_multiplier=1, stride=2, padding="SAME", scope=f"{name}_depthwise"
            )
            net = conv2d(net, whole, [1, 1], padding="SAME", scope=name)
        else:
            net = conv2d(net, whole, [3, 3], stride=2, padding="SAME", scope=name)
        maps[name] = net
    return maps


def convolutional_box_predictor(
    feature_maps: Sequence[jax.Array],
    num_classes: int,
    anchors_per_location: Sequence[int],
    kernel_size: int = 1,
    use_depthwise: bool = False,
    dropout_keep_prob: float | None = None,
) -> tuple[jax.Array, jax.Array]:
    """What each place of each map says of its anchors: by one convolution for boxes and one for classes.

    Args:
      feature_maps: [N, H, W, C] each.
      num_classes: of objects; the background comes before them.
      anchors_per_location: how many anchors there are at a place, for each map.
      kernel_size: of the convolutions.
      use_depthwise: whether they are a depthwise one and one of 1 x 1.
      dropout_keep_prob: the probability with which dropout keeps what the classes are predicted from; None: no dropout.

    Returns:
      Codes of boxes [N, anchors, 4] (`slim.detection.encode_boxes`), and logits [N, anchors, 1 + num_classes].
    """

    def predicted(net: jax.Array, channels: int, scope: str) -> jax.Array:
        kernel = [kernel_size, kernel_size]
        if use_depthwise:
            net = separable_conv2d(net, None, kernel, depth_multiplier=1, padding="SAME", scope=f"{scope}_depthwise")
            kernel = [1, 1]
        return conv2d(net, channels, kernel, activation_fn=None, normalizer_fn=None, padding="SAME", scope=scope)

    codes, logits = [], []
    for index, (net, count) in enumerate(zip(feature_maps, anchors_per_location, strict=True)):
        with variable_scope(f"BoxPredictor_{index}"):
            boxes = predicted(net, count * 4, "BoxEncodingPredictor")
            if dropout_keep_prob is not None:
                net = dropout(net, keep_prob=dropout_keep_prob)
            classes = predicted(net, count * (num_classes + 1), "ClassPredictor")
        codes.append(boxes.reshape(net.shape[0], -1, 4))
        logits.append(classes.reshape(net.shape[0], -1, num_classes + 1))
    return jnp.concatenate(codes, 1), jnp.concatenate(logits, 1)


def ssd_mobilenet_v1(
    inputs: jax.Array,
    num_classes: int | None = 90,
    is_training: bool = True,
    depth_multiplier: float = 1.0,
    min_depth: int = 16,
    kernel_size: int = 1,
    use_depthwise: bool = False,
    dropout_keep_prob: float | None = None,
    min_scale: float = 0.2,
    max_scale: float = 0.95,
) -> NetAndEndPoints:
    """Finds objects in images: [N, 300, 300, 3] -> [N, 1917, 1 + num_classes].

    Args:
      inputs: [N, H, W, 3], from -1 to 1; H and W of 33 or more.
      num_classes: of objects, without the background; None or 0 leaves out the predictions and returns the last map.
      is_training: whether `batch_norm` uses the batch's moments and dropout is on.
      depth_multiplier: how many times as wide as in the paper the net is.
      min_depth: the fewest channels that this may leave.
      kernel_size: of the convolutions that predict.
      use_depthwise: SSDLite: depthwise convolutions in the place of full ones behind the backbone.
      dropout_keep_prob: the probability with which dropout keeps what classes are predicted from; None: no dropout.
      min_scale, max_scale: of the anchors, as `slim.detection.ssd_box_specs`.

    Returns:
      The logits [N, anchors, 1 + num_classes], the background's first; and the end points: 'BoxEncodings'
      [N, anchors, 4], 'Anchors' [anchors, 4], the maps by their names, and the backbone's end points.

    Raises:
      ValueError: an argument is out of range, or images are too small.
    """

    def backbone(scope: VariableScope) -> Maps:
        return _mobilenet_v1.mobilenet_v1_base(
            inputs, min_depth=min_depth, depth_multiplier=depth_multiplier, scope=scope
        )[1]

    return _ssd(
        "ssd_mobilenet_v1", inputs, num_classes, is_training, "MobilenetV1", backbone,
        ("Conv2d_11_pointwise", "Conv2d_13_pointwise"), depth_multiplier, min_depth, kernel_size, use_depthwise,
        dropout_keep_prob, min_scale, max_scale,
    )  # fmt: skip


def ssd_mobilenet_v2(
    inputs: jax.Array,
    num_classes: int | None = 90,
    is_training: bool = True,
    depth_multiplier: float = 1.0,
    min_depth: int = 16,
    kernel_size: int = 1,
    use_depthwise: bool = False,
    dropout_keep_prob: float | None = None,
    min_scale: float = 0.2,
    max_scale: float = 0.95,
) -> NetAndEndPoints:
    """Finds objects in images: [N, 300, 300, 3] -> [N, 1917, 1 + num_classes].

    Arguments, results and errors as `ssd_mobilenet_v1`, on MobileNetV2.
    """

    def backbone(scope: VariableScope) -> Maps:
        # As in the API: there is no L2 loss on the backbone's depthwise weights.
        with (
            arg_scope([separable_conv2d], weights_regularizer=None),
            arg_scope([_mobilenet.depth_multiplier], min_depth=min_depth),
        ):
            return _mobilenet_v2.mobilenet_base(inputs, depth_multiplier, is_training=None, scope=scope)[1]

    return _ssd(
        "ssd_mobilenet_v2", inputs, num_classes, is_training, "MobilenetV2", backbone,
        ("layer_15/expansion_output", "layer_19"), depth_multiplier, min_depth, kernel_size, use_depthwise,
        dropout_keep_prob, min_scale, max_scale,
    )  # fmt: skip


def _ssd(
    function: str,
    inputs: jax.Array,
    num_classes: int | None,
    is_training: bool,
    backbone_scope: str,
    backbone: Callable[[VariableScope], Maps],
    from_layers: Sequence[str],
    depth_multiplier: float,
    min_depth: int,
    kernel_size: int,
    use_depthwise: bool,
    dropout_keep_prob: float | None,
    min_scale: float,
    max_scale: float,
) -> NetAndEndPoints:
    check_images(function, inputs)
    if min(inputs.shape[1:3]) < 33:
        raise ValueError(f"{function}: inputs must have 33 pixels in height and width or more, got {inputs.shape}.")
    with arg_scope([batch_norm, dropout], is_training=is_training):
        with variable_scope(None, "FeatureExtractor"), variable_scope(backbone_scope) as scope:
            with arg_scope(
                [conv2d, separable_conv2d], weights_initializer=truncated_normal_initializer(stddev=_BASE_STDDEV)
            ):
                end_points = backbone(scope)
            maps = multi_resolution_feature_maps(
                end_points, from_layers, _DEPTHS, depth_multiplier, min_depth, use_depthwise
            )
        end_points = end_points | maps
        if not num_classes:
            return list(maps.values())[-1], end_points
        specs = ssd_box_specs(len(maps), min_scale, max_scale)
        codes, logits = convolutional_box_predictor(
            list(maps.values()), num_classes, [len(boxes) for boxes in specs], kernel_size, use_depthwise,
            dropout_keep_prob,
        )  # fmt: skip
    shortest = min(inputs.shape[1:3])
    end_points["BoxEncodings"] = codes
    end_points["Anchors"] = jnp.asarray(
        multiple_grid_anchors(
            [(net.shape[1], net.shape[2]) for net in maps.values()],
            specs,
            base_size=(shortest / inputs.shape[1], shortest / inputs.shape[2]),
        )
    )
    end_points["Logits"] = logits
    return logits, end_points


for _net in (ssd_mobilenet_v1, ssd_mobilenet_v2):
    _net.default_image_size = 300  # pyright: ignore[reportFunctionMemberAccess]

ssdlite_mobilenet_v1 = variant(
    ssd_mobilenet_v1, "ssdlite_mobilenet_v1", "SSDLite on MobileNet.", kernel_size=3, use_depthwise=True
)
ssdlite_mobilenet_v2 = variant(
    ssd_mobilenet_v2, "ssdlite_mobilenet_v2", "SSDLite on MobileNetV2.", kernel_size=3, use_depthwise=True
)
