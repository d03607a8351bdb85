"""The nets that DeepLab takes features from: a table by the names of research/deeplab.

Each has its scope of defaults, its options, and the end points that a decoder may refine the features with.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.nets import mobilenet as mobilenets
from jax_slim.nets import mobilenet_v2, mobilenet_v3, resnet_v1_beta, xception_deeplab
from jax_slim.nets.conv_blocks import expand_input_by_factor

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]
Net = Callable[..., NetAndEndPoints]


class Extraction(NamedTuple):
    """How features are to be made.

    Attributes:
      output_stride: how many times smaller than the images they are.
      is_training: that of batch norm.
      weight_decay, batch_norm_decay: of the net's scope.
      reuse: whether its variables are shared.
      options: of the net, by name.
    """

    output_stride: int
    is_training: bool
    weight_decay: float
    batch_norm_decay: float
    reuse: Any
    options: Mapping[str, Any]


Extract = Callable[[jax.Array, Extraction], NetAndEndPoints]


class Backbone(NamedTuple):
    """A net that features are taken from.

    Attributes:
      extract: makes (features, end points) of images.
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


def _mobilenet(base: Net, scope: str, final_endpoint: str, conv_defs: Mapping[str, Any] | None = None) -> Extract:
    def extract(images: jax.Array, asked: Extraction) -> NetAndEndPoints:
        options = dict(asked.options)
        if base is mobilenet_v2.mobilenet_base and options.get("depth_multiplier", 1.0) != 1.0:
            # Thinner nets of research/deeplab keep odd numbers of channels.
            options = {"divisible_by": 1, "min_depth": 1, **options}
        learning = asked.is_training
        with arg_scope(mobilenets.training_scope(learning, asked.weight_decay, bn_decay=asked.batch_norm_decay)):
            return base(
                images, conv_defs=conv_defs, output_stride=asked.output_stride, final_endpoint=final_endpoint,
                scope=scope, reuse=asked.reuse, is_training=learning, **options,
            )  # fmt: skip

    return extract


def _classifier(net: Net, arg_scope_of: Callable[..., Scope], *of_scope: str) -> Extract:
    """A net that classifies, without its head; `of_scope` are the options that its scope takes, and not the net."""

    def extract(images: jax.Array, asked: Extraction) -> NetAndEndPoints:
        options = dict(asked.options)
        scope = {name: options.pop(name) for name in of_scope if name in options}
        with arg_scope(arg_scope_of(asked.weight_decay, asked.batch_norm_decay, **scope)):
            return net(
                images, is_training=asked.is_training, global_pool=False, output_stride=asked.output_stride,
                reuse=asked.reuse, **options,
            )  # fmt: skip

    return extract


def _unit(scope: str, ends: Sequence[str], last: str) -> dict[int, str]:
    return {stride: f"{scope}/{end}/{last}" for stride, end in zip((4, 8, 16), ends, strict=True)}


def _of_xceptions() -> dict[str, Backbone]:
    found = {}
    for name, ends in (("xception_41", (2, 3)), ("xception_65", (2, 3)), ("xception_71", (3, 5))):
        blocks = [*(f"entry_flow/block{number}" for number in ends), "exit_flow/block1"]
        points = _unit(name, [f"{block}/unit_1" for block in blocks], "xception_module/separable_conv2_pointwise")
        options = frozenset({"multi_grid", "use_bounded_activation"})
        net = _classifier(
            getattr(xception_deeplab, name), xception_deeplab.xception_arg_scope, "use_bounded_activation"
        )
        found[name] = Backbone(net, points, options)
    return found


def _of_resnets() -> dict[str, Backbone]:
    found = {}
    for layers, units in (("50", (2, 3, 5)), ("101", (2, 3, 22))):
        name = f"resnet_v1_{layers}"
        ends = [f"block{number}/unit_{unit}" for number, unit in enumerate(units, 1)]
        points = _unit(name, ends, "bottleneck_v1/conv3")
        for suffix in ("", "_beta"):
            net = _classifier(getattr(resnet_v1_beta, name + suffix), resnet_v1_beta.resnet_arg_scope)
            found[name + suffix] = Backbone(net, points, frozenset({"multi_grid"}))
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
