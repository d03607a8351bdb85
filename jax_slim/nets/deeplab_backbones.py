"""The nets that DeepLab takes features from: a table by the names of research/deeplab.

Each has its scope of defaults, its options, and the end points that a decoder may refine the features with.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax

from jax_slim.core.arg_scope import arg_scope
from jax_slim.nets import mobilenet as mobilenets
from jax_slim.nets import mobilenet_v2, mobilenet_v3, resnet_v1_beta, xception_deeplab
from jax_slim.nets.conv_blocks import expand_input_by_factor

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]
Extract = Callable[..., NetAndEndPoints]


class Backbone(NamedTuple):
    """A net that features are taken from.

    Attributes:
      extract: (images, output_stride, is_training, weight_decay, batch_norm_decay, reuse, options) -> (features, end
        points); `is_training` is that of batch norm.
      decoder_end_points: stride -> the end point there that a decoder takes.
      options: which of `depth_multiplier`, `divisible_by`, `multi_grid` and `use_bounded_activation` it has.
      atrous_rates: of the pyramid at an output stride of 16, as published; () for no pyramid.
      decoder_output_stride: as published; () for no decoder.
    """

    extract: Extract
    decoder_end_points: Mapping[int, str]
    options: frozenset[str]
    atrous_rates: tuple[int, ...] = (6, 12, 18)
    decoder_output_stride: tuple[int, ...] = (4,)


def _segmentation_defs(conv_defs: Mapping[str, Any], expansions: Mapping[int, int]) -> dict[str, Any]:
    """`conv_defs` with blocks, by their numbers counted from 0, expanded to so many channels."""
    spec = list(conv_defs["spec"])
    for index, size in expansions.items():
        # As a factor of the layer before, so that a depth multiplier reaches it.
        factor = expand_input_by_factor(size / spec[index - 1].params["num_outputs"])
        spec[index] = spec[index]._replace(params={**spec[index].params, "expansion_size": factor})
    return {**conv_defs, "spec": spec}


V3_LARGE_SEGMENTATION = _segmentation_defs(mobilenet_v3.V3_LARGE_DETECTION, {13: 336, 14: 480, 15: 480})
V3_SMALL_SEGMENTATION = _segmentation_defs(mobilenet_v3.V3_SMALL_DETECTION, {9: 144, 10: 288, 11: 288})


def _mobilenet(base: Extract, scope: str, final_endpoint: str, conv_defs: Mapping[str, Any] | None = None) -> Extract:
    def extract(
        images: jax.Array,
        output_stride: int,
        is_training: bool,
        weight_decay: float,
        batch_norm_decay: float,
        reuse: Any,
        options: Mapping[str, Any],
    ) -> NetAndEndPoints:
        options = dict(options)
        if base is mobilenet_v2.mobilenet_base and options.get("depth_multiplier", 1.0) != 1.0:
            # Thinner nets of research/deeplab keep odd numbers of channels.
            options = {"divisible_by": 1, "min_depth": 1, **options}
        defaults = mobilenets.training_scope(is_training, weight_decay, bn_decay=batch_norm_decay)
        with arg_scope(defaults):
            return base(
                images, conv_defs=conv_defs, output_stride=output_stride, final_endpoint=final_endpoint, scope=scope,
                reuse=reuse, is_training=is_training, **options,
            )  # fmt: skip

    return extract


def _xception(net: Extract) -> Extract:
    def extract(
        images: jax.Array,
        output_stride: int,
        is_training: bool,
        weight_decay: float,
        batch_norm_decay: float,
        reuse: Any,
        options: Mapping[str, Any],
    ) -> NetAndEndPoints:
        options = dict(options)
        bounded = options.pop("use_bounded_activation", False)
        defaults = xception_deeplab.xception_arg_scope(weight_decay, batch_norm_decay, use_bounded_activation=bounded)
        with arg_scope(defaults):
            return net(
                images, is_training=is_training, global_pool=False, output_stride=output_stride, reuse=reuse, **options
            )

    return extract


def _resnet(net: Extract) -> Extract:
    def extract(
        images: jax.Array,
        output_stride: int,
        is_training: bool,
        weight_decay: float,
        batch_norm_decay: float,
        reuse: Any,
        options: Mapping[str, Any],
    ) -> NetAndEndPoints:
        with arg_scope(resnet_v1_beta.resnet_arg_scope(weight_decay, batch_norm_decay)):
            return net(
                images, is_training=is_training, global_pool=False, output_stride=output_stride, reuse=reuse, **options
            )

    return extract


def _unit(scope: str, ends: Sequence[str], last: str) -> dict[int, str]:
    return {stride: f"{scope}/{end}/{last}" for stride, end in zip((4, 8, 16), ends, strict=True)}


def _of_xceptions() -> dict[str, Backbone]:
    found = {}
    for name, ends in (("xception_41", (2, 3)), ("xception_65", (2, 3)), ("xception_71", (3, 5))):
        blocks = [*(f"entry_flow/block{number}" for number in ends), "exit_flow/block1"]
        points = _unit(name, [f"{block}/unit_1" for block in blocks], "xception_module/separable_conv2_pointwise")
        options = frozenset({"multi_grid", "use_bounded_activation"})
        found[name] = Backbone(_xception(getattr(xception_deeplab, name)), points, options)
    return found


def _of_resnets() -> dict[str, Backbone]:
    found = {}
    for layers, units in (("50", (2, 3, 5)), ("101", (2, 3, 22))):
        name = f"resnet_v1_{layers}"
        ends = [f"block{number}/unit_{unit}" for number, unit in enumerate(units, 1)]
        points = _unit(name, ends, "bottleneck_v1/conv3")
        for suffix in ("", "_beta"):
            net = getattr(resnet_v1_beta, name + suffix)
            found[name + suffix] = Backbone(_resnet(net), points, frozenset({"multi_grid"}))
    return found


BACKBONES: Mapping[str, Backbone] = {
    "mobilenet_v2": Backbone(
        _mobilenet(mobilenet_v2.mobilenet_base, "MobilenetV2", "layer_18"),
        {4: "layer_4/depthwise_output", 8: "layer_7/depthwise_output", 16: "layer_14/depthwise_output"},
        frozenset({"depth_multiplier", "divisible_by"}),
        (),
        (),
    ),
    "mobilenet_v3_large_seg": Backbone(
        _mobilenet(mobilenet_v3.mobilenet_base, "MobilenetV3", "layer_17", V3_LARGE_SEGMENTATION),
        {4: "layer_4/depthwise_output", 8: "layer_7/depthwise_output", 16: "layer_13/depthwise_output"},
        frozenset({"depth_multiplier"}),
        (),
        (8,),
    ),
    "mobilenet_v3_small_seg": Backbone(
        _mobilenet(mobilenet_v3.mobilenet_base, "MobilenetV3", "layer_13", V3_SMALL_SEGMENTATION),
        {4: "layer_2/depthwise_output", 8: "layer_4/depthwise_output", 16: "layer_9/depthwise_output"},
        frozenset({"depth_multiplier"}),
        (),
        (8,),
    ),
    **_of_xceptions(),
    **_of_resnets(),
}
"""Name in research/deeplab -> the net."""
