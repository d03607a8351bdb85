"""MobileNetV3: Howard et al., "Searching for MobileNetV3", 2019; and MobileNetEdgeTPU, made for Google's accelerator.

with slim.arg_scope(mobilenet_v3.training_scope(is_training=False)):
    logits, end_points = mobilenet_v3.large(images)             # [N, 224, 224, 3] -> [N, 1001]
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax

from jax_slim.core.arg_scope import Scope, add_arg_scope
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.example_normalization import group_norm
from jax_slim.layers.pooling import avg_pool2d
from jax_slim.layers.separables import separable_conv2d
from jax_slim.nets import mobilenet as _mobilenet
from jax_slim.nets._variants import variant
from jax_slim.nets.conv_blocks import expand_input_by_factor, expanded_conv, fixed_padding
from jax_slim.nets.conv_blocks import squeeze_excite as _squeeze_excite
from jax_slim.nets.mobilenet import Op, op

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]
Function = Callable[..., jax.Array]


def _gate(x: jax.Array) -> jax.Array:
    """A sigmoid of straight lines; TF-Slim writes 1 / 6 with five digits."""
    return jax.nn.relu6(x + 3) * 0.16667


def hard_swish(x: jax.Array) -> jax.Array:
    """x * relu6(x + 3) / 6: swish made of straight lines."""
    return x * jax.nn.relu6(x + 3) * (1 / 6)


squeeze_excite = functools.partial(_squeeze_excite, squeeze_factor=4, inner_activation_fn=jax.nn.relu, gating_fn=_gate)


def _exact_gate(x: jax.Array) -> jax.Array:
    return jax.nn.relu6(x + 3) * (1 / 6)


def _se4(expansion_tensor: jax.Array, input_tensor: jax.Array) -> jax.Array:
    del input_tensor
    return squeeze_excite(expansion_tensor)


def _exact_se4(expansion_tensor: jax.Array, input_tensor: jax.Array) -> jax.Array:
    del input_tensor
    return squeeze_excite(expansion_tensor, gating_fn=_exact_gate)


def _padded_conv(net: jax.Array, num_outputs: int, kernel_size: Any, **arguments: Any) -> jax.Array:
    return conv2d(fixed_padding(net, kernel_size), num_outputs, kernel_size, padding="VALID", **arguments)


def _changed(layer: Op, exact_hard_sigmoid: bool, symmetric_padding: bool) -> Op:
    """A layer with the gate of other libraries, or padded as PyTorch pads."""
    params = dict(layer.params)
    if exact_hard_sigmoid and params.get("expansion_transform") is _se4:
        params["expansion_transform"] = _exact_se4
    if symmetric_padding and params.get("stride", 1) > 1:
        if layer.op is conv2d:
            return layer._replace(op=_padded_conv, params=params)
        params["use_explicit_padding"] = True
    return layer._replace(params=params)


def reduce_to_1x1(input_tensor: jax.Array, default_size: int = 7, **kwargs: Any) -> jax.Array:
    """The mean over square maps; over windows of `default_size` where height and width differ.

    Args:
      input_tensor: [N, H, W, C].
      default_size: height and width of the windows over maps that are not square.
      **kwargs: other arguments of `avg_pool2d`.

    Raises:
      TypeError: the net is run with a rate or explicit padding at this layer.
    """
    for name in ("rate", "use_explicit_padding"):
        if name in kwargs:
            raise TypeError(
                f"reduce_to_1x1: {name} must be left out, got {kwargs[name]!r}: output_stride and use_explicit_padding "
                "are for maps. End the net before this layer: base_only=True and final_endpoint='layer_<i>'."
            )
    height, width = input_tensor.shape[1:3]
    window = [height, width] if height == width else [default_size, default_size]
    return avg_pool2d(input_tensor, window, **kwargs)


def mbv3_op(
    ef: float, n: int, k: int, s: int = 1, act: Function = jax.nn.relu, se: Function | None = None, **kwargs: Any
) -> Op:
    """One layer: an expanded convolution.

    Args:
      ef: how many times the channels are expanded.
      n: the channels of the result.
      k: the size of the depthwise kernel.
      s: the stride.
      act: the activation within.
      se: what is done before the projection, such as squeeze and excitation.
      **kwargs: other arguments of `expanded_conv`.
    """
    return op(
        expanded_conv, expansion_size=expand_input_by_factor(ef), kernel_size=(k, k), stride=s, num_outputs=n,
        inner_activation_fn=act, expansion_transform=se, **kwargs,
    )  # fmt: skip


def fused_conv(
    input_tensor: jax.Array,
    num_outputs: int,
    fused_size: int,
    stride: int = 1,
    rate: int = 1,
    use_explicit_padding: bool = False,
    **kwargs: Any,
) -> jax.Array:
    """An expanded convolution with one convolution in place of expansion and depthwise convolution.

    Args:
      input_tensor: [N, H, W, C].
      num_outputs: the channels of the result.
      fused_size: height and width of that convolution's kernel.
      stride, rate: its step and the distance between its taps.
      use_explicit_padding: whether to pad the same for inputs of any size.
      **kwargs: other arguments of `expanded_conv`.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), num_outputs].
    """

    def expand(net: jax.Array, size: int, **arguments: Any) -> jax.Array:
        if use_explicit_padding:
            net, arguments = fixed_padding(net, [fused_size] * 2, rate), {"padding": "VALID", **arguments}
        return conv2d(net, size, fused_size, stride=stride, rate=rate, **arguments)

    return expanded_conv(
        input_tensor, num_outputs, stride=stride, depthwise_location=None, expansion_fn=expand, **kwargs
    )


def mbv3_fused(
    ef: float, n: int, k: int, s: int = 1, act: Function = jax.nn.relu, se: Function | None = None, **kwargs: Any
) -> Op:
    """One layer: as `mbv3_op`, with one k x k convolution in place of expansion and depthwise convolution."""
    return op(
        fused_conv, expansion_size=expand_input_by_factor(ef), fused_size=k, stride=s, num_outputs=n,
        inner_activation_fn=act, expansion_transform=se, **kwargs,
    )  # fmt: skip


mbv3_op_se = functools.partial(mbv3_op, se=_se4)

DEFAULTS: dict[Any, dict[str, Any]] = {
    (batch_norm,): {"center": True, "scale": True},
    (conv2d, fully_connected, separable_conv2d): {"normalizer_fn": batch_norm, "activation_fn": jax.nn.relu},
    (expanded_conv,): {"normalizer_fn": batch_norm, "residual": True},
    (conv2d, separable_conv2d): {"padding": "SAME"},
}
DEFAULTS_GROUP_NORM: dict[Any, dict[str, Any]] = {
    (conv2d, fully_connected, separable_conv2d): {"normalizer_fn": group_norm, "activation_fn": jax.nn.relu},
    (expanded_conv,): {"normalizer_fn": group_norm, "residual": True},
    (conv2d, separable_conv2d): {"padding": "SAME"},
}

V3_LARGE: dict[str, Any] = dict(
    defaults=DEFAULTS,
    spec=[
        # stage 1
        op(conv2d, stride=2, num_outputs=16, kernel_size=(3, 3), activation_fn=hard_swish),
        mbv3_op(ef=1, n=16, k=3),
        # stage 2
        mbv3_op(ef=4, n=24, k=3, s=2),
        mbv3_op(ef=3, n=24, k=3, s=1),
        # stage 3
        mbv3_op_se(ef=3, n=40, k=5, s=2),
        mbv3_op_se(ef=3, n=40, k=5, s=1),
        mbv3_op_se(ef=3, n=40, k=5, s=1),
        # stage 4
        mbv3_op(ef=6, n=80, k=3, s=2, act=hard_swish),
        mbv3_op(ef=2.5, n=80, k=3, s=1, act=hard_swish),
        mbv3_op(ef=184 / 80, n=80, k=3, s=1, act=hard_swish),
        mbv3_op(ef=184 / 80, n=80, k=3, s=1, act=hard_swish),
        mbv3_op_se(ef=6, n=112, k=3, s=1, act=hard_swish),
        mbv3_op_se(ef=6, n=112, k=3, s=1, act=hard_swish),
        # stage 5
        mbv3_op_se(ef=6, n=160, k=5, s=2, act=hard_swish),
        mbv3_op_se(ef=6, n=160, k=5, s=1, act=hard_swish),
        mbv3_op_se(ef=6, n=160, k=5, s=1, act=hard_swish),
        # stage 6
        op(conv2d, stride=1, kernel_size=[1, 1], num_outputs=960, activation_fn=hard_swish),
        op(reduce_to_1x1, default_size=7, stride=1),
        op(
            conv2d, stride=1, kernel_size=[1, 1], num_outputs=1280, normalizer_fn=None, activation_fn=hard_swish,
        ),
    ],
)  # fmt: skip

# Neither squeeze and excitation, nor hard swish, nor 5 x 5 kernels: for accelerators that are slow at those.
V3_LARGE_MINIMALISTIC: dict[str, Any] = dict(
    defaults=DEFAULTS,
    spec=[
        # stage 1
        op(conv2d, stride=2, num_outputs=16, kernel_size=(3, 3)),
        mbv3_op(ef=1, n=16, k=3),
        # stage 2
        mbv3_op(ef=4, n=24, k=3, s=2),
        mbv3_op(ef=3, n=24, k=3, s=1),
        # stage 3
        mbv3_op(ef=3, n=40, k=3, s=2),
        mbv3_op(ef=3, n=40, k=3, s=1),
        mbv3_op(ef=3, n=40, k=3, s=1),
        # stage 4
        mbv3_op(ef=6, n=80, k=3, s=2),
        mbv3_op(ef=2.5, n=80, k=3, s=1),
        mbv3_op(ef=184 / 80, n=80, k=3, s=1),
        mbv3_op(ef=184 / 80, n=80, k=3, s=1),
        mbv3_op(ef=6, n=112, k=3, s=1),
        mbv3_op(ef=6, n=112, k=3, s=1),
        # stage 5
        mbv3_op(ef=6, n=160, k=3, s=2),
        mbv3_op(ef=6, n=160, k=3, s=1),
        mbv3_op(ef=6, n=160, k=3, s=1),
        # stage 6
        op(conv2d, stride=1, kernel_size=[1, 1], num_outputs=960),
        op(reduce_to_1x1, default_size=7, stride=1),
        op(conv2d, stride=1, kernel_size=[1, 1], num_outputs=1280, normalizer_fn=None),
    ],
)

V3_SMALL: dict[str, Any] = dict(
    defaults=DEFAULTS,
    spec=[
        # stage 1
        op(conv2d, stride=2, num_outputs=16, kernel_size=(3, 3), activation_fn=hard_swish),
        # stage 2
        mbv3_op_se(ef=1, n=16, k=3, s=2),
        # stage 3
        mbv3_op(ef=72 / 16, n=24, k=3, s=2),
        mbv3_op(ef=88 / 24, n=24, k=3, s=1),
        # stage 4
        mbv3_op_se(ef=4, n=40, k=5, s=2, act=hard_swish),
        mbv3_op_se(ef=6, n=40, k=5, s=1, act=hard_swish),
        mbv3_op_se(ef=6, n=40, k=5, s=1, act=hard_swish),
        mbv3_op_se(ef=3, n=48, k=5, s=1, act=hard_swish),
        mbv3_op_se(ef=3, n=48, k=5, s=1, act=hard_swish),
        # stage 5
        mbv3_op_se(ef=6, n=96, k=5, s=2, act=hard_swish),
        mbv3_op_se(ef=6, n=96, k=5, s=1, act=hard_swish),
        mbv3_op_se(ef=6, n=96, k=5, s=1, act=hard_swish),
        # stage 6
        op(conv2d, stride=1, kernel_size=[1, 1], num_outputs=576, activation_fn=hard_swish),
        op(reduce_to_1x1, default_size=7, stride=1),
        op(
            conv2d, stride=1, kernel_size=[1, 1], num_outputs=1024, normalizer_fn=None, activation_fn=hard_swish,
        ),
    ],
)  # fmt: skip

V3_SMALL_MINIMALISTIC: dict[str, Any] = dict(
    defaults=DEFAULTS,
    spec=[
        # stage 1
        op(conv2d, stride=2, num_outputs=16, kernel_size=(3, 3)),
        # stage 2
        mbv3_op(ef=1, n=16, k=3, s=2),
        # stage 3
        mbv3_op(ef=72 / 16, n=24, k=3, s=2),
        mbv3_op(ef=88 / 24, n=24, k=3, s=1),
        # stage 4
        mbv3_op(ef=4, n=40, k=3, s=2),
        mbv3_op(ef=6, n=40, k=3, s=1),
        mbv3_op(ef=6, n=40, k=3, s=1),
        mbv3_op(ef=3, n=48, k=3, s=1),
        mbv3_op(ef=3, n=48, k=3, s=1),
        # stage 5
        mbv3_op(ef=6, n=96, k=3, s=2),
        mbv3_op(ef=6, n=96, k=3, s=1),
        mbv3_op(ef=6, n=96, k=3, s=1),
        # stage 6
        op(conv2d, stride=1, kernel_size=[1, 1], num_outputs=576),
        op(reduce_to_1x1, default_size=7, stride=1),
        op(conv2d, stride=1, kernel_size=[1, 1], num_outputs=1024, normalizer_fn=None),
    ],
)

V3_EDGETPU: dict[str, Any] = dict(
    defaults=DEFAULTS,
    spec=[
        op(conv2d, stride=2, num_outputs=32, kernel_size=(3, 3)),
        mbv3_fused(k=3, s=1, ef=1, n=16),
        mbv3_fused(k=3, s=2, ef=8, n=32),
        mbv3_fused(k=3, s=1, ef=4, n=32),
        mbv3_fused(k=3, s=1, ef=4, n=32),
        mbv3_fused(k=3, s=1, ef=4, n=32),
        mbv3_fused(k=3, s=2, ef=8, n=48),
        mbv3_fused(k=3, s=1, ef=4, n=48),
        mbv3_fused(k=3, s=1, ef=4, n=48),
        mbv3_fused(k=3, s=1, ef=4, n=48),
        mbv3_op(k=3, s=2, ef=8, n=96),
        mbv3_op(k=3, s=1, ef=4, n=96),
        mbv3_op(k=3, s=1, ef=4, n=96),
        mbv3_op(k=3, s=1, ef=4, n=96),
        mbv3_op(k=3, s=1, ef=8, n=96, residual=False),
        mbv3_op(k=3, s=1, ef=4, n=96),
        mbv3_op(k=3, s=1, ef=4, n=96),
        mbv3_op(k=3, s=1, ef=4, n=96),
        mbv3_op(k=5, s=2, ef=8, n=160),
        mbv3_op(k=5, s=1, ef=4, n=160),
        mbv3_op(k=5, s=1, ef=4, n=160),
        mbv3_op(k=5, s=1, ef=4, n=160),
        mbv3_op(k=3, s=1, ef=8, n=192),
        op(conv2d, stride=1, num_outputs=1280, kernel_size=(1, 1)),
    ],
)


def _reduce_consecutive_layers(
    conv_defs: Mapping[str, Any], start_id: int, end_id: int, multiplier: float = 0.5
) -> dict[str, Any]:
    """`conv_defs` with `multiplier` times the channels in the layers from one number to another, counted from 0."""
    spec = list(conv_defs["spec"])
    for index in range(start_id, end_id + 1):
        params = dict(spec[index].params)
        params["num_outputs"] = round(params["num_outputs"] * multiplier)
        spec[index] = spec[index]._replace(params=params)
    return {**conv_defs, "spec": spec}


# What detectors of objects use: half as wide from where the map is 16 times smaller than the images.
V3_LARGE_DETECTION = _reduce_consecutive_layers(V3_LARGE, 13, 16)
V3_SMALL_DETECTION = _reduce_consecutive_layers(V3_SMALL, 9, 12)


@add_arg_scope
def mobilenet(
    input_tensor: jax.Array,
    num_classes: int | None = 1001,
    depth_multiplier: float = 1.0,
    scope: str = "MobilenetV3",
    conv_defs: Mapping[str, Any] | None = None,
    finegrain_classification_mode: bool = False,
    use_groupnorm: bool = False,
    exact_hard_sigmoid: bool = False,
    symmetric_padding: bool = False,
    **kwargs: Any,
) -> NetAndEndPoints:
    """Classifies images: [N, 224, 224, 3] -> [N, num_classes].

    Args:
      input_tensor: [N, H, W, 3].
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      depth_multiplier: how many times as wide as in the paper the net is.
      scope: the variable scope.
      conv_defs: the layers: `V3_LARGE` (the default, None), `V3_SMALL`, ..., or others; see `nets.mobilenet`.
      finegrain_classification_mode: whether the last layer before the classes keeps its width whatever
        `depth_multiplier`.
      use_groupnorm: whether `group_norm` takes the place of `batch_norm`; `groups=` says how many groups, 8 by default.
      exact_hard_sigmoid: whether the gates of squeeze and excitation are exact sixths, as PyTorch's and Keras's are;
        TF-Slim's are 0.16667, with which it trained its own weights.
      symmetric_padding: whether layers with a stride pad as much on either side, as PyTorch does, and not by the size
        of their maps: for weights that were trained so. (`use_explicit_padding` of TF-Slim pads the blocks' inputs.)
      **kwargs: the other arguments of `nets.mobilenet.mobilenet` and `mobilenet_base`: `is_training`, `base_only`,
        `final_endpoint`, `output_stride`, `use_explicit_padding`, `prediction_fn`, `reuse`.

    Returns:
      The logits [N, num_classes], or [N, 1, 1, C] features, or with `base_only` the result of the last layer; and the
      end points: 'layer_1', 'layer_2', ..., 'layer_2/depthwise_output', ..., 'global_pool', 'Logits' and 'Predictions'.

    Raises:
      ValueError: an argument is out of range.
      TypeError: `output_stride` or `use_explicit_padding` meet the pooling before the last layers; see `reduce_to_1x1`.
    """
    conv_defs = V3_LARGE if conv_defs is None else conv_defs
    _mobilenet.refuse_multiplier("mobilenet_v3.mobilenet", kwargs)
    if finegrain_classification_mode:
        *others, last = conv_defs["spec"]
        conv_defs = {**conv_defs, "spec": [*others, last._replace(multiplier_func=lambda params, multiplier: params)]}
    if exact_hard_sigmoid or symmetric_padding:
        spec = [_changed(layer, exact_hard_sigmoid, symmetric_padding) for layer in conv_defs["spec"]]
        conv_defs = {**conv_defs, "spec": spec}
    if use_groupnorm:
        defaults = {**DEFAULTS_GROUP_NORM, (group_norm,): {"groups": kwargs.pop("groups", 8)}}
        conv_defs = {**conv_defs, "defaults": defaults}
    return _mobilenet.mobilenet(
        input_tensor, num_classes=num_classes, conv_defs=conv_defs, scope=scope, multiplier=depth_multiplier, **kwargs
    )


mobilenet.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]

large = variant(mobilenet, "large", "MobileNetV3-Large.", conv_defs=V3_LARGE)
small = variant(mobilenet, "small", "MobileNetV3-Small.", conv_defs=V3_SMALL)
edge_tpu = variant(mobilenet, "edge_tpu", "MobileNetEdgeTPU.", conv_defs=V3_EDGETPU, scope="MobilenetEdgeTPU")
edge_tpu_075 = variant(
    mobilenet, "edge_tpu_075", "MobileNetEdgeTPU with three quarters of the channels, but for the last layer's.",
    conv_defs=V3_EDGETPU, scope="MobilenetEdgeTPU", depth_multiplier=0.75, finegrain_classification_mode=True,
)  # fmt: skip
large_minimalistic = variant(
    mobilenet, "large_minimalistic",
    "MobileNetV3-Large without squeeze and excitation, hard swish and 5 x 5 kernels.", conv_defs=V3_LARGE_MINIMALISTIC,
)  # fmt: skip
small_minimalistic = variant(
    mobilenet, "small_minimalistic",
    "MobileNetV3-Small without squeeze and excitation, hard swish and 5 x 5 kernels.", conv_defs=V3_SMALL_MINIMALISTIC,
)  # fmt: skip


@add_arg_scope
def mobilenet_base(input_tensor: jax.Array, depth_multiplier: float = 1.0, **kwargs: Any) -> NetAndEndPoints:
    """The net without what classifies. Arguments and results as `mobilenet`."""
    return mobilenet(input_tensor, depth_multiplier=depth_multiplier, base_only=True, **kwargs)


def training_scope(**kwargs: Any) -> Scope:
    """The defaults MobileNetV3 is trained with; arguments as `nets.mobilenet.training_scope`."""
    return _mobilenet.training_scope(**kwargs)
