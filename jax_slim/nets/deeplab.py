"""DeepLab v3+: a class for each pixel.

    with slim.arg_scope(deeplab.deeplab_arg_scope()):
        logits, end_points = deeplab.deeplab(images, num_classes=21, model_variant="xception_65")
                                                              # [N, 513, 513, 3] -> [N, 129, 129, 21]

Features of a net without its last strides, convolved at several rates and pooled over the image (atrous spatial pyramid
pooling), refined by a decoder with earlier features: Chen et al., "Encoder-Decoder with Atrous Separable Convolution
for Semantic Image Segmentation", 2018. Variables are called as in research/deeplab.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.scopes import AUTO_REUSE, variable_scope
from jax_slim.initializers import truncated_normal_initializer
from jax_slim.kernels.resizing import resize_bilinear
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.pooling import avg_pool2d
from jax_slim.layers.repetition import repeat
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import check_images
from jax_slim.nets._variants import variant
from jax_slim.nets.deeplab_backbones import BACKBONES, Backbone, Extraction
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


@add_arg_scope
def deeplab(
    images: jax.Array,
    num_classes: int | None = 21,
    is_training: bool = False,
    model_variant: str = "mobilenet_v2",
    output_stride: int = 16,
    atrous_rates: Sequence[int] | None = None,
    decoder_output_stride: int | Sequence[int] | None = None,
    image_pyramid: Sequence[float] = (1.0,),
    merge_method: str = "max",
    fine_tune_batch_norm: bool = True,
    add_image_level_feature: bool = True,
    image_pooling_crop_size: Sequence[int] | None = None,
    image_pooling_stride: Sequence[int] = (1, 1),
    aspp_with_batch_norm: bool = True,
    aspp_with_separable_conv: bool = True,
    aspp_with_concat_projection: bool = True,
    aspp_with_squeeze_and_excitation: bool = False,
    aspp_convs_filters: int = 256,
    image_se_uses_qsigmoid: bool = False,
    decoder_use_separable_conv: bool = True,
    decoder_use_sum_merge: bool = False,
    decoder_filters: int = 256,
    decoder_output_is_logits: bool = False,
    logits_kernel_size: int = 1,
    multi_grid: Sequence[int] | None = None,
    depth_multiplier: float = 1.0,
    divisible_by: int | None = None,
    use_bounded_activation: bool = False,
    weight_decay: float = 0.00004,
    batch_norm_decay: float = 0.9997,
    reuse: Any = None,
    scope: str = "semantic",
) -> NetAndEndPoints:
    """Says what each pixel shows: [N, H, W, 3] -> [N, ceil(H / s), ceil(W / s), num_classes].

    s is the decoder's stride, or `output_stride` without one. Sizes that are 1 more than a multiple of `output_stride`
    (513) let features lie on a regular grid; others will do. `nets.deeplab_inference` makes masks of the logits.

    Args:
      images: [N, H, W, 3], from -1 to 1; for "resnet_v1_50" and "resnet_v1_101" 0 to 255, less their mean.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether `batch_norm` uses the batch's moments and dropout is on.
      model_variant: the net below: one of `deeplab_backbones.BACKBONES`.
      output_stride: how many times smaller than the images its last map is: 8, 16 or 32.
      atrous_rates: of the 3 x 3 convolutions of the pyramid; () for none. None: as published for the backbone: 6, 12
        and 18 at an output stride of 16, twice that at 8; none on MobileNets.
      decoder_output_stride: the stride of the earlier features that the decoder takes in, or several, falling; () for
        no decoder. None: as published for the backbone.
      image_pyramid: at which scales of the images the net runs, one after the other.
      merge_method: how the logits of several scales become one: "max" or "avg".
      fine_tune_batch_norm: whether `batch_norm` trains at all; False keeps the moving averages as they are and uses
        them: for batches of less than 12 or so.
      add_image_level_feature: whether the pyramid has features of the whole image.
      image_pooling_crop_size: of the window that these are pooled over, in pixels of the images; None: all.
      image_pooling_stride: its stride, on the map.
      aspp_with_batch_norm: whether there is a pyramid at all; False gives the older net, with `atrous_rates` in its
        last layer.
      aspp_with_separable_conv: whether the pyramid's convolutions are depthwise and 1 x 1.
      aspp_with_concat_projection: whether a 1 x 1 convolution follows the pyramid.
      aspp_with_squeeze_and_excitation: whether the features of the image multiply the others, and do not join them.
      aspp_convs_filters: the channels of each branch.
      image_se_uses_qsigmoid: whether these gates are relu6(x + 3) * 0.16667.
      decoder_use_separable_conv: whether the decoder's convolutions are depthwise and 1 x 1.
      decoder_use_sum_merge: whether the decoder adds features, and does not join them.
      decoder_filters: its channels.
      decoder_output_is_logits: whether it ends in the logits; then it has `num_classes` channels.
      logits_kernel_size: of the last layer without `aspp_with_batch_norm`.
      multi_grid: the rates of the last three units of Xceptions and residual nets, by which theirs are multiplied.
      depth_multiplier: how many times as wide a MobileNet is.
      divisible_by: what the channels of MobileNetV2 are rounded to.
      use_bounded_activation: whether activations of Xceptions stay within 6 of 0, and ReLUs here are ReLU6.
      weight_decay: the scale of the L2 loss on the weights of convolutions, but for depthwise ones.
      batch_norm_decay: how much of the moving averages stays in each update.
      reuse: whether to share the variables that an earlier call made.
      scope: the name of the last layer: 'logits/<scope>'.

    Returns:
      The logits, and the end points: those of the backbone, 'features' and 'decoder'; with several scales
      'logits_0.50', ... in their place.

    Raises:
      ValueError: an argument is out of range, or the backbone has no such option.
    """
    check_images("deeplab", images, "images")
    backbone = _backbone(model_variant)
    if merge_method not in ("max", "avg"):
        raise ValueError(f"deeplab: merge_method must be 'max' or 'avg', got {merge_method!r}.")
    if not image_pyramid or not all(scale > 0 for scale in image_pyramid):
        raise ValueError(f"deeplab: image_pyramid must be one or more scales above 0, got {image_pyramid!r}.")
    given = {
        "multi_grid": multi_grid, "divisible_by": divisible_by,
        "depth_multiplier": None if depth_multiplier == 1.0 else depth_multiplier,
        "use_bounded_activation": use_bounded_activation or None,
    }  # fmt: skip
    options = {name: value for name, value in given.items() if value is not None}
    for name, value in options.items():
        if name not in backbone.options and name != "use_bounded_activation":
            raise ValueError(f"deeplab: {name} must be left out for {model_variant}, got {value!r}.")
    if "use_bounded_activation" not in backbone.options:
        options.pop("use_bounded_activation", None)
    strides = _strides(backbone, decoder_output_stride)
    rates = _rates(backbone, atrous_rates, output_stride)
    if logits_kernel_size != 1 and (aspp_with_batch_norm or not rates):
        raise ValueError(
            "deeplab: logits_kernel_size must be 1 with aspp_with_batch_norm or without rates, got "
            f"{logits_kernel_size!r}."
        )
    learning = bool(is_training and fine_tune_batch_norm)
    activation = jax.nn.relu6 if use_bounded_activation else jax.nn.relu
    shared_reuse = AUTO_REUSE if len(image_pyramid) > 1 and reuse is None else reuse
    asked = Extraction(output_stride, learning, weight_decay, batch_norm_decay, shared_reuse, options)

    def run(images: jax.Array, pooling_size: tuple[int, int] | None) -> NetAndEndPoints:
        features, end_points = backbone.extract(images, asked)
        regularizer = l2_regularizer(weight_decay)
        with (
            arg_scope(
                [conv2d, separable_conv2d],
                weights_regularizer=regularizer, activation_fn=activation, normalizer_fn=batch_norm, reuse=shared_reuse,
            ),
            arg_scope(
                [batch_norm], decay=batch_norm_decay, epsilon=1e-5, center=True, scale=True, is_training=learning
            ),
        ):  # fmt: skip
            if aspp_with_batch_norm:
                gate = None
                if aspp_with_squeeze_and_excitation:
                    gate = _q_sigmoid if image_se_uses_qsigmoid else jax.nn.sigmoid
                window = None
                if pooling_size is not None:
                    window = [scale_dimension(side, 1 / output_stride) for side in pooling_size]
                features = _pyramid(
                    features, rates, aspp_convs_filters, is_training, add_image_level_feature, window,
                    image_pooling_stride, gate, aspp_with_separable_conv, aspp_with_concat_projection,
                )  # fmt: skip
            end_points["features"] = features
            if strides:
                of_logits = decoder_output_is_logits and bool(num_classes)
                depth = num_classes if of_logits else decoder_filters
                assert depth is not None
                features = end_points["decoder"] = _decoder(
                    features, end_points, backbone, strides, images.shape[1:3], depth, of_logits,
                    decoder_use_separable_conv, decoder_use_sum_merge,
                )  # fmt: skip
                if of_logits:
                    return features, end_points
        if not num_classes:
            return features, end_points
        last = (1,) if aspp_with_batch_norm or not rates else rates
        return _logits(features, num_classes, last, logits_kernel_size, regularizer, shared_reuse, scope), end_points

    if tuple(image_pyramid) == (1.0,):
        return run(images, _pair(image_pooling_crop_size))
    height, width = images.shape[1:3]
    largest = max(1.0, *image_pyramid) / (min(strides) if strides else output_stride)
    size = scale_dimension(height, largest), scale_dimension(width, largest)
    found: dict[str, jax.Array] = {}
    for scale in image_pyramid:
        scaled = _resized(images, (scale_dimension(height, scale), scale_dimension(width, scale)))
        pooling = _pair(image_pooling_crop_size)
        if pooling is not None:
            pooling = scale_dimension(pooling[0], scale), scale_dimension(pooling[1], scale)
        found[f"logits_{scale:.2f}"] = _resized(run(scaled, pooling)[0], size)
    every = jnp.stack(list(found.values()))
    return (jnp.max(every, 0) if merge_method == "max" else jnp.mean(every, 0)), dict(found)


def scale_dimension(dim: int, scale: float) -> int:
    """A height or width scaled so that the first and last pixels stay upon each other: 513 by 1 / 16 is 33."""
    return int((dim - 1.0) * scale + 1.0)


def split_separable_conv2d(
    inputs: jax.Array,
    filters: int,
    kernel_size: int = 3,
    rate: int = 1,
    depthwise_weights_initializer_stddev: float = 0.33,
    pointwise_weights_initializer_stddev: float = 0.06,
    scope: str = "separable_conv",
) -> jax.Array:
    """A depthwise and a 1 x 1 convolution, each normalized and activated: '<scope>_depthwise', '<scope>_pointwise'.

    Args:
      inputs: [N, H, W, C].
      filters: the channels of the result.
      kernel_size, rate: of the depthwise convolution.
      depthwise_weights_initializer_stddev, pointwise_weights_initializer_stddev: of the initial weights.
      scope: the name.

    Returns:
      [N, H, W, filters].
    """
    net = separable_conv2d(
        inputs, None, kernel_size, depth_multiplier=1, rate=rate, weights_regularizer=None,
        weights_initializer=truncated_normal_initializer(stddev=depthwise_weights_initializer_stddev),
        scope=f"{scope}_depthwise",
    )  # fmt: skip
    initializer = truncated_normal_initializer(stddev=pointwise_weights_initializer_stddev)
    return conv2d(net, filters, 1, weights_initializer=initializer, scope=f"{scope}_pointwise")


def _pyramid(
    features: jax.Array,
    rates: Sequence[int],
    depth: int,
    is_training: bool,
    of_image: bool,
    window: Sequence[int] | None,
    window_stride: Sequence[int],
    gate: Callable[[jax.Array], jax.Array] | None,
    separable: bool,
    projected: bool,
) -> jax.Array:
    """Atrous spatial pyramid pooling; `gate` turns the features of the image into factors of the others."""
    branches, image = [], None
    size = features.shape[1:3]
    if of_image:
        if window is None:
            image = jnp.mean(features, axis=(1, 2), keepdims=True)
        else:
            # Smaller images than the window was made for are pooled as a whole.
            within = [min(side, of_map) for side, of_map in zip(window, size, strict=True)]
            image = avg_pool2d(features, within, window_stride, padding="VALID")
        own: dict[str, Any] = {"activation_fn": jax.nn.relu}
        if gate is not None:
            own = {"activation_fn": gate, "normalizer_fn": None}
        image = conv2d(image, depth, 1, scope="image_pooling", **own)
        image = _resized(image, size)
        if gate is None:
            branches.append(image)
    branches.append(conv2d(features, depth, 1, scope="aspp0"))
    for index, rate in enumerate(rates, 1):
        if separable:
            branches.append(split_separable_conv2d(features, depth, rate=rate, scope=f"aspp{index}"))
        else:
            branches.append(conv2d(features, depth, 3, rate=rate, scope=f"aspp{index}"))
    net = jnp.concatenate(branches, -1)
    if projected:
        net = conv2d(net, depth, 1, scope="concat_projection")
        net = dropout(net, keep_prob=0.9, is_training=is_training, scope="concat_projection_dropout")
    return net if image is None or gate is None else net * image


def _decoder(
    features: jax.Array,
    end_points: dict[str, Any],
    backbone: Backbone,
    strides: Sequence[int],
    crop_size: Sequence[int],
    depth: int,
    of_logits: bool,
    separable: bool,
    summed: bool,
) -> jax.Array:
    """Refines features with earlier ones, of each of the strides."""
    plain: dict[str, Any] = {"activation_fn": None, "normalizer_fn": None} if of_logits else {}
    with variable_scope("decoder"), arg_scope([conv2d, separable_conv2d], **plain):
        for stage, stride in enumerate(strides):
            suffix = f"_{stage}" if stage else ""
            earlier = conv2d(
                end_points[backbone.decoder_end_points[stride]], depth if summed else 48, 1,
                scope=f"feature_projection0{suffix}",
            )  # fmt: skip
            size = [scale_dimension(side, 1 / stride) for side in crop_size]
            features, earlier = _resized(features, size), _resized(earlier, size)
            if summed:
                if separable and not of_logits:
                    scope = f"decoder_split_sep_conv0{suffix}"
                    features = split_separable_conv2d(features, depth, scope=scope) + earlier
                else:
                    kernel_size = 1 if of_logits else 3
                    features = conv2d(features, depth, kernel_size, scope=f"decoder_conv0{suffix}") + earlier
                continue
            features = jnp.concatenate([features, earlier], -1)
            if separable and not of_logits:
                features = split_separable_conv2d(features, depth, scope=f"decoder_conv0{suffix}")
                features = split_separable_conv2d(features, depth, scope=f"decoder_conv1{suffix}")
            else:
                features = repeat(features, 2, conv2d, depth, 3, scope=f"decoder_conv0{suffix}")
    return features


def _logits(
    features: jax.Array,
    num_classes: int,
    rates: Sequence[int],
    kernel_size: int,
    regularizer: Any,
    reuse: Any,
    name: str,
) -> jax.Array:
    """The sum of the last layers of each rate."""
    with variable_scope("logits"):
        return sum(
            (
                conv2d(
                    features, num_classes, kernel_size, rate=rate, activation_fn=None, normalizer_fn=None,
                    weights_initializer=truncated_normal_initializer(stddev=0.01), weights_regularizer=regularizer,
                    reuse=reuse, scope=f"{name}_{index}" if index else name,
                )
                for index, rate in enumerate(rates)
            ),
            start=jnp.zeros((), features.dtype),
        )  # fmt: skip


def _backbone(model_variant: str) -> Backbone:
    if model_variant not in BACKBONES:
        raise ValueError(f"deeplab: model_variant must be one of {', '.join(BACKBONES)}, got {model_variant!r}.")
    return BACKBONES[model_variant]


def _rates(backbone: Backbone, rates: Sequence[int] | None, output_stride: int) -> tuple[int, ...]:
    if rates is None:
        return tuple(max(1, rate * 16 // output_stride) for rate in backbone.atrous_rates)
    if not all(isinstance(rate, int) and rate > 0 for rate in rates):
        raise ValueError(f"deeplab: atrous_rates must be whole numbers above 0, got {rates!r}.")
    return tuple(rates)


def _strides(backbone: Backbone, strides: int | Sequence[int] | None) -> tuple[int, ...]:
    if strides is None:
        return backbone.decoder_output_stride
    wanted = (strides,) if isinstance(strides, int) else tuple(strides)
    known = backbone.decoder_end_points
    if not set(wanted) <= set(known) or list(wanted) != sorted(set(wanted), reverse=True):
        raise ValueError(
            f"deeplab: decoder_output_stride must be among {', '.join(map(str, known))}, falling, got {strides!r}."
        )
    return wanted


def _pair(size: Sequence[int] | None) -> tuple[int, int] | None:
    return None if size is None else (size[0], size[1])


def _resized(net: jax.Array, size: Sequence[int]) -> jax.Array:
    return net if net.shape[1:3] == tuple(size) else resize_bilinear(net, size, align_corners=True)


def _q_sigmoid(net: jax.Array) -> jax.Array:
    return jax.nn.relu6(net + 3) * 0.16667


def deeplab_arg_scope(weight_decay: float = 0.00004, batch_norm_decay: float = 0.9997) -> Scope:
    """The defaults DeepLab is trained with.

    Args:
      weight_decay: the scale of the L2 loss on the weights of convolutions, but for depthwise ones.
      batch_norm_decay: how much of the moving averages of batch norm stays in each update.

    Returns:
      A scope for `arg_scope`.
    """
    with arg_scope([deeplab], weight_decay=weight_decay, batch_norm_decay=batch_norm_decay) as scope:
        return scope


deeplab.default_image_size = 513  # pyright: ignore[reportFunctionMemberAccess]

# As their published checkpoints were trained; of MobileNetV3, for Cityscapes.
_MOBILE_HEAD: dict[str, Any] = dict(
    output_stride=32, aspp_convs_filters=128, aspp_with_concat_projection=False, aspp_with_squeeze_and_excitation=True,
    image_se_uses_qsigmoid=True, image_pooling_crop_size=(769, 769), image_pooling_stride=(4, 5),
    decoder_use_sum_merge=True, decoder_output_is_logits=True,
)  # fmt: skip
mobilenet_v2 = variant(deeplab, "mobilenet_v2", "DeepLab on MobileNetV2.", model_variant="mobilenet_v2")
mobilenet_v2_050 = variant(
    deeplab, "mobilenet_v2_050", "DeepLab on MobileNetV2 with half of the channels.", model_variant="mobilenet_v2",
    depth_multiplier=0.5,
)  # fmt: skip
mobilenet_v3_large = variant(
    deeplab, "mobilenet_v3_large", "DeepLab on MobileNetV3-Large.", model_variant="mobilenet_v3_large_seg",
    **_MOBILE_HEAD,
)  # fmt: skip
mobilenet_v3_small = variant(
    deeplab, "mobilenet_v3_small", "DeepLab on MobileNetV3-Small.", model_variant="mobilenet_v3_small_seg",
    **_MOBILE_HEAD,
)  # fmt: skip
xception_41 = variant(deeplab, "xception_41", "DeepLab on Xception-41.", model_variant="xception_41")
xception_65 = variant(deeplab, "xception_65", "DeepLab on Xception-65.", model_variant="xception_65")
xception_71 = variant(deeplab, "xception_71", "DeepLab on Xception-71.", model_variant="xception_71")
resnet_v1_50_beta = variant(
    deeplab, "resnet_v1_50_beta", "DeepLab on ResNet-50 with three first convolutions.",
    model_variant="resnet_v1_50_beta", multi_grid=(1, 2, 4),
)  # fmt: skip
resnet_v1_101_beta = variant(
    deeplab, "resnet_v1_101_beta", "DeepLab on ResNet-101 with three first convolutions.",
    model_variant="resnet_v1_101_beta", multi_grid=(1, 2, 4),
)  # fmt: skip
