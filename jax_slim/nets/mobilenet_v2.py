"""MobileNetV2: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018.

with slim.arg_scope(mobilenet_v2.training_scope(is_training=False)):
    logits, end_points = mobilenet_v2.mobilenet(images)            # [N, 224, 224, 3] -> [N, 1001]
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax

from jax_slim.core.arg_scope import Scope, add_arg_scope
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.example_normalization import group_norm
from jax_slim.layers.separables import separable_conv2d
from jax_slim.nets import mobilenet as _mobilenet
from jax_slim.nets._variants import variant
from jax_slim.nets.conv_blocks import expand_input_by_factor, expanded_conv
from jax_slim.nets.mobilenet import op

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]

_WITH_WEIGHTS = (conv2d, fully_connected, separable_conv2d)
_EXPANDED = {"expansion_size": expand_input_by_factor(6), "split_expansion": 1, "residual": True}

V2_DEF: dict[str, Any] = dict(
    defaults={
        # What changes the net's variables, and so is no matter of training.
        (batch_norm,): {"center": True, "scale": True},
        _WITH_WEIGHTS: {"normalizer_fn": batch_norm, "activation_fn": jax.nn.relu6},
        (expanded_conv,): {**_EXPANDED, "normalizer_fn": batch_norm},
        (conv2d, separable_conv2d): {"padding": "SAME"},
    },
    spec=[
        op(conv2d, stride=2, num_outputs=32, kernel_size=[3, 3]),
        op(expanded_conv, expansion_size=expand_input_by_factor(1, divisible_by=1), num_outputs=16),
        op(expanded_conv, stride=2, num_outputs=24),
        op(expanded_conv, stride=1, num_outputs=24),
        op(expanded_conv, stride=2, num_outputs=32),
        op(expanded_conv, stride=1, num_outputs=32),
        op(expanded_conv, stride=1, num_outputs=32),
        op(expanded_conv, stride=2, num_outputs=64),
        op(expanded_conv, stride=1, num_outputs=64),
        op(expanded_conv, stride=1, num_outputs=64),
        op(expanded_conv, stride=1, num_outputs=64),
        op(expanded_conv, stride=1, num_outputs=96),
        op(expanded_conv, stride=1, num_outputs=96),
        op(expanded_conv, stride=1, num_outputs=96),
        op(expanded_conv, stride=2, num_outputs=160),
        op(expanded_conv, stride=1, num_outputs=160),
        op(expanded_conv, stride=1, num_outputs=160),
        op(expanded_conv, stride=1, num_outputs=320),
        op(conv2d, stride=1, kernel_size=[1, 1], num_outputs=1280),
    ],
)

V2_DEF_GROUP_NORM: dict[str, Any] = dict(
    defaults={
        _WITH_WEIGHTS: {"normalizer_fn": group_norm, "activation_fn": jax.nn.relu6},
        (expanded_conv,): {**_EXPANDED, "normalizer_fn": group_norm},
        (conv2d, separable_conv2d): {"padding": "SAME"},
    },
    spec=V2_DEF["spec"],
)


@add_arg_scope
def mobilenet(
    input_tensor: jax.Array,
    num_classes: int | None = 1001,
    depth_multiplier: float = 1.0,
    scope: str = "MobilenetV2",
    conv_defs: Mapping[str, Any] | None = None,
    finegrain_classification_mode: bool = False,
    min_depth: int | None = None,
    divisible_by: int | None = None,
    activation_fn: Callable[..., jax.Array] | None = None,
    **kwargs: Any,
) -> NetAndEndPoints:
    """Classifies images: [N, 224, 224, 3] -> [N, num_classes].

    Args:
      input_tensor: [N, H, W, 3]; H and W of 33 or more.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      depth_multiplier: how many times as wide as in the paper the net is.
      scope: the variable scope.
      conv_defs: other layers; see `nets.mobilenet`. None: the paper's, `V2_DEF`.
      finegrain_classification_mode: whether the last layer before the classes keeps its width where `depth_multiplier`
        is below 1.
      min_depth: the fewest channels that `depth_multiplier` may leave; None: 8.
      divisible_by: what numbers of channels are rounded to; None: 8.
      activation_fn: takes the place of ReLU6.
      **kwargs: the other arguments of `nets.mobilenet.mobilenet` and `mobilenet_base`: `is_training`, `base_only`,
        `final_endpoint`, `output_stride`, `use_explicit_padding`, `prediction_fn`, `reuse`.

    Returns:
      The logits [N, num_classes], or [N, 1, 1, 1280] features, or with `base_only` the last map; and the end points:
      'layer_1' to 'layer_19', 'layer_2/depthwise_output', ..., 'global_pool', 'Logits' and 'Predictions'.

    Raises:
      ValueError: an argument is out of range.
    """
    conv_defs = V2_DEF if conv_defs is None else conv_defs
    _mobilenet.refuse_multiplier("mobilenet_v2.mobilenet", kwargs)
    if finegrain_classification_mode and depth_multiplier < 1:
        *others, last = conv_defs["spec"]
        wide = {**last.params, "num_outputs": last.params["num_outputs"] / depth_multiplier}
        conv_defs = {**conv_defs, "spec": [*others, last._replace(params=wide)]}
    if activation_fn is not None:
        if _WITH_WEIGHTS not in conv_defs["defaults"]:
            raise ValueError(
                "mobilenet_v2.mobilenet: conv_defs must have defaults for (slim.conv2d, slim.fully_connected, "
                "slim.separable_conv2d) when activation_fn is given."
            )
        defaults = dict(conv_defs["defaults"])
        defaults[_WITH_WEIGHTS] = {**defaults[_WITH_WEIGHTS], "activation_fn": activation_fn}
        conv_defs = {**conv_defs, "defaults": defaults}
    # What is None here may still come from a scope around.
    with _mobilenet.safe_arg_scope([_mobilenet.depth_multiplier], min_depth=min_depth, divisible_by=divisible_by):
        return _mobilenet.mobilenet(
            input_tensor,
            num_classes=num_classes,
            conv_defs=conv_defs,
            scope=scope,
            multiplier=depth_multiplier,
            **kwargs,
        )


mobilenet.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]

mobilenet_v2_140 = variant(
    mobilenet, "mobilenet_v2_140", "MobileNetV2 with 1.4 times the channels.", depth_multiplier=1.4
)
mobilenet_v2_050 = variant(
    mobilenet, "mobilenet_v2_050", "MobileNetV2 with half of the channels, but for the last layer's.",
    depth_multiplier=0.50, finegrain_classification_mode=True,
)  # fmt: skip
mobilenet_v2_035 = variant(
    mobilenet, "mobilenet_v2_035", "MobileNetV2 with 0.35 times the channels, but for the last layer's.",
    depth_multiplier=0.35, finegrain_classification_mode=True,
)  # fmt: skip


@add_arg_scope
def mobilenet_base(input_tensor: jax.Array, depth_multiplier: float = 1.0, **kwargs: Any) -> NetAndEndPoints:
    """The net without what classifies: [N, 224, 224, 3] -> [N, 7, 7, 1280]. Arguments and results as `mobilenet`."""
    return mobilenet(input_tensor, depth_multiplier=depth_multiplier, base_only=True, **kwargs)


@add_arg_scope
def mobilenet_base_group_norm(input_tensor: jax.Array, depth_multiplier: float = 1.0, **kwargs: Any) -> NetAndEndPoints:
    """As `mobilenet_base`, with `group_norm` for small batches; `groups=` says how many groups, 8 by default."""
    defaults = {**V2_DEF_GROUP_NORM["defaults"], (group_norm,): {"groups": kwargs.pop("groups", 8)}}
    kwargs["conv_defs"] = {**V2_DEF_GROUP_NORM, "defaults": defaults}
    return mobilenet(input_tensor, depth_multiplier=depth_multiplier, base_only=True, **kwargs)


def training_scope(**kwargs: Any) -> Scope:
    """The defaults MobileNetV2 is trained with; arguments as `nets.mobilenet.training_scope`."""
    return _mobilenet.training_scope(**kwargs)
