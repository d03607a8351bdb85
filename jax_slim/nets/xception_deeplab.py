"""The aligned Xception nets of DeepLab, with 41, 65 and 71 layers.

    with slim.arg_scope(xception_deeplab.xception_arg_scope()):
        net, end_points = xception_deeplab.xception_65(
            images, is_training=False, global_pool=False, output_stride=16
        )                                                     # [N, 513, 513, 3] -> [N, 33, 33, 2048]

As Chollet's Xception, with strides in place of pooling, so that rates can take their place, and more layers. After
Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation", 2018.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs, convert_collection_to_dict
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import truncated_normal_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.encodings import softmax
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import check_images
from jax_slim.nets.conv_blocks import fixed_padding
from jax_slim.nets.resnet_utils import Block, blocks_output_stride, conv2d_same, stack_blocks_dense
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]

_BOUND = 6.0
"""Where bounded activations end, on either side."""


@add_arg_scope
def separable_conv2d_same(
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int,
    depth_multiplier: int,
    stride: int,
    rate: int = 1,
    use_explicit_padding: bool = True,
    regularize_depthwise: bool = False,
    scope: str = "separable_conv",
    **kwargs: Any,
) -> jax.Array:
    """A depthwise and a 1 x 1 convolution that pad the same for inputs of any size, each normalized and activated.

    Creates '<scope>_depthwise' and '<scope>_pointwise'; with `regularize_depthwise` one layer, '<scope>'.

    Args:
      inputs: [N, H, W, C].
      num_outputs: the channels of the result.
      kernel_size: height and width of the depthwise kernel.
      depth_multiplier: how many results the depthwise convolution has of each channel.
      stride: of the depthwise convolution.
      rate: distance between its taps.
      use_explicit_padding: whether to pad by the kernel where there is a stride; else by the size of the map.
      regularize_depthwise: whether both are one `slim.separable_conv2d`, without anything in between.
      scope: the name.
      **kwargs: other arguments of both layers.

    Returns:
      [N, ceil(H / stride), ceil(W / stride), num_outputs].
    """
    padding = "SAME"
    if stride > 1 and use_explicit_padding:
        inputs, padding = fixed_padding(inputs, [kernel_size] * 2, rate), "VALID"
    shared: dict[str, Any] = dict(
        depth_multiplier=depth_multiplier, stride=stride, rate=rate, padding=padding, **kwargs
    )
    if regularize_depthwise:
        return separable_conv2d(inputs, num_outputs, kernel_size, scope=scope, **shared)
    net = separable_conv2d(inputs, None, kernel_size, scope=f"{scope}_depthwise", **shared)
    return conv2d(net, num_outputs, 1, scope=f"{scope}_pointwise", **kwargs)


@add_arg_scope
def xception_module(
    inputs: jax.Array,
    depth_list: Sequence[int],
    skip_connection_type: str,
    stride: int,
    unit_rate_list: Sequence[int] = (1, 1, 1),
    rate: int = 1,
    activation_fn_in_separable_conv: bool = False,
    regularize_depthwise: bool = False,
    use_bounded_activation: bool = False,
    use_explicit_padding: bool = True,
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Three separable convolutions, and a way around them: [N, H, W, C] -> [N, H', W', depth_list[-1]].

    Args:
      inputs: [N, H, W, C].
      depth_list: the channels after each of the three.
      skip_connection_type: what is added to their result: "conv", a 1 x 1 convolution of the inputs, called 'shortcut';
        "sum", the inputs; "none", nothing.
      stride: of the last of the three.
      unit_rate_list: the rates of the three, by which `rate` is multiplied.
      rate: distance between the taps of their kernels.
      activation_fn_in_separable_conv: whether each of their convolutions is followed by a ReLU, or each pair preceded.
      regularize_depthwise, use_explicit_padding: as for `separable_conv2d_same`.
      use_bounded_activation: whether activations are kept within 6 of 0.
      outputs_collections: collections that list the result.
      scope: the variable scope; by default "xception_module", made unique.

    Raises:
      ValueError: there are not three depths or rates, or `skip_connection_type` is none of the three.
    """
    for argument, values in (("depth_list", depth_list), ("unit_rate_list", unit_rate_list)):
        if len(values) != 3:
            raise ValueError(f"xception_module: {argument} must have three elements, got {values!r}.")
    if skip_connection_type not in ("conv", "sum", "none"):
        raise ValueError(
            f"xception_module: skip_connection_type must be 'conv', 'sum' or 'none', got {skip_connection_type!r}."
        )
    activation = jax.nn.relu6 if use_bounded_activation else jax.nn.relu
    bounded = _bounded if use_bounded_activation else lambda net: net
    with variable_scope(scope, "xception_module", [inputs]) as sc:
        net = inputs
        for index, (depth, unit_rate) in enumerate(zip(depth_list, unit_rate_list, strict=True), 1):
            if not activation_fn_in_separable_conv:
                net = activation(net)
            net = separable_conv2d_same(
                net, depth, 3, depth_multiplier=1, stride=stride if index == 3 else 1, rate=rate * unit_rate,
                activation_fn=activation if activation_fn_in_separable_conv else bounded if use_bounded_activation
                else None,
                use_explicit_padding=use_explicit_padding, regularize_depthwise=regularize_depthwise,
                scope=f"separable_conv{index}",
            )  # fmt: skip
        if skip_connection_type != "none":
            around = inputs
            if skip_connection_type == "conv":
                around = conv2d(inputs, depth_list[-1], 1, stride=stride, activation_fn=None, scope="shortcut")
            net = bounded(net) + bounded(around)
            if use_bounded_activation:
                net = jax.nn.relu6(net)
        return collect_named_outputs(outputs_collections, sc.name, net)


def _bounded(net: jax.Array) -> jax.Array:
    return jnp.clip(net, -_BOUND, _BOUND)


def xception_block(
    scope: str,
    depth_list: Sequence[int],
    skip_connection_type: str,
    num_units: int,
    stride: int,
    unit_rate_list: Sequence[int] | None = None,
    **unit: Any,
) -> Block:
    """A block of `num_units` equal modules; other arguments as `xception_module`, `unit_rate_list` None: all 1."""
    args = dict(
        depth_list=depth_list, skip_connection_type=skip_connection_type, stride=stride,
        unit_rate_list=(1, 1, 1) if unit_rate_list is None else tuple(unit_rate_list), **unit,
    )  # fmt: skip
    return Block(scope, xception_module, [args] * num_units)


def xception(
    inputs: jax.Array,
    blocks: Sequence[Block],
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    keep_prob: float = 0.5,
    output_stride: int | None = None,
    reuse: Any = None,
    scope: str | None = None,
) -> NetAndEndPoints:
    """Runs an Xception net made of any blocks, behind two 3 x 3 convolutions of together stride 2.

    Args:
      inputs: [N, H, W, C].
      blocks: the blocks, such as `xception_block` makes.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether `batch_norm` uses the batch's moments and dropout is on.
      global_pool: whether to average over the spatial axes before classifying.
      keep_prob: the probability with which dropout keeps a unit before the last layer.
      output_stride: how many times smaller than the images the last map may be; strides beyond become rates. None
        keeps them all.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope; by default "xception", made unique.

    Returns:
      [N, H', W', num_classes] logits, or the features before them; and the end points by name: each convolution,
      module and block, 'global_pool', '<scope>/logits' and 'predictions'. (The spatial axes of the logits stay, as in
      DeepLab.)

    Raises:
      ValueError: `output_stride` is not reached by the strides.
    """
    check_images("xception", inputs)
    output_stride = blocks_output_stride("xception", blocks, output_stride, 2)
    with variable_scope(scope, "xception", [inputs], reuse=reuse) as sc:
        collection = sc.original_name_scope + "end_points"
        listed = [conv2d, separable_conv2d, xception_module, stack_blocks_dense]
        with (
            arg_scope(listed, outputs_collections=collection),
            arg_scope([batch_norm], **({} if is_training is None else {"is_training": is_training})),
        ):
            net = conv2d_same(inputs, 32, 3, stride=2, scope="entry_flow/conv1_1")
            net = conv2d_same(net, 64, 3, stride=1, scope="entry_flow/conv1_2")
            net = stack_blocks_dense(net, blocks, output_stride)
            end_points = convert_collection_to_dict(collection)
            if global_pool:
                net = end_points["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
            if num_classes:
                training: dict[str, Any] = {} if is_training is None else {"is_training": is_training}
                net = dropout(net, keep_prob=keep_prob, scope="prelogits_dropout", **training)
                net = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits")
                end_points[f"{sc.name}/logits"] = net
                end_points["predictions"] = softmax(net, scope="predictions")
    return net, end_points


_ENTRY = (
    ("entry_flow/block1", 128, 2),
    ("entry_flow/block2", 256, 2),
    ("entry_flow/block3", 728, 2),
)
_LONG_ENTRY = (
    ("entry_flow/block1", 128, 2),
    ("entry_flow/block2", 256, 1),
    ("entry_flow/block3", 256, 2),
    ("entry_flow/block4", 728, 1),
    ("entry_flow/block5", 728, 2),
)


def _net(
    entry: Sequence[tuple[str, int, int]],
    middle_units: int,
    inputs: jax.Array,
    num_classes: int | None,
    regularize_depthwise: bool,
    multi_grid: Sequence[int] | None,
    spatial_squeeze: bool,
    **kwargs: Any,
) -> NetAndEndPoints:
    own: dict[str, Any] = {"regularize_depthwise": regularize_depthwise}
    blocks = [
        *(xception_block(name, [depth] * 3, "conv", 1, stride, **own) for name, depth, stride in entry),
        xception_block("middle_flow/block1", [728, 728, 728], "sum", middle_units, 1, **own),
        xception_block("exit_flow/block1", [728, 1024, 1024], "conv", 1, 2, **own),
        xception_block(
            "exit_flow/block2", [1536, 1536, 2048], "none", 1, 1, multi_grid,
            activation_fn_in_separable_conv=True, **own,
        ),
    ]  # fmt: skip
    net, end_points = xception(inputs, blocks, num_classes, **kwargs)
    if num_classes and spatial_squeeze and net.shape[1:3] == (1, 1):
        net = jnp.squeeze(net, (1, 2))
        end_points["predictions"] = jnp.squeeze(end_points["predictions"], (1, 2))
    return net, end_points


def xception_65(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    keep_prob: float = 0.5,
    output_stride: int | None = None,
    regularize_depthwise: bool = False,
    multi_grid: Sequence[int] | None = None,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "xception_65",
) -> NetAndEndPoints:
    """The net with 65 layers: [N, 299, 299, 3] -> [N, num_classes].

    Args:
      inputs: [N, H, W, 3].
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training, global_pool, keep_prob, output_stride, reuse, scope: as for `xception`.
      regularize_depthwise: as for `separable_conv2d_same`.
      multi_grid: the rates of the three last separable convolutions, by which the net's rate is multiplied.
      spatial_squeeze: whether logits of one pixel lose their spatial axes. (DeepLab's own keep them.)

    Returns:
      The logits [N, num_classes], or the features [N, H', W', 2048]; and the end points: see `xception`.

    Raises:
      ValueError: `output_stride` is not reached by the strides, or `multi_grid` is not three rates.
    """
    return _net(
        _ENTRY, 16, inputs, num_classes, regularize_depthwise, multi_grid, spatial_squeeze, is_training=is_training,
        global_pool=global_pool, keep_prob=keep_prob, output_stride=output_stride, reuse=reuse, scope=scope,
    )  # fmt: skip


def xception_41(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    keep_prob: float = 0.5,
    output_stride: int | None = None,
    regularize_depthwise: bool = False,
    multi_grid: Sequence[int] | None = None,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "xception_41",
) -> NetAndEndPoints:
    """The net with 41 layers: half as many modules in the middle. Arguments and results as `xception_65`."""
    return _net(
        _ENTRY, 8, inputs, num_classes, regularize_depthwise, multi_grid, spatial_squeeze, is_training=is_training,
        global_pool=global_pool, keep_prob=keep_prob, output_stride=output_stride, reuse=reuse, scope=scope,
    )  # fmt: skip


def xception_71(
    inputs: jax.Array,
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    keep_prob: float = 0.5,
    output_stride: int | None = None,
    regularize_depthwise: bool = False,
    multi_grid: Sequence[int] | None = None,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: str = "xception_71",
) -> NetAndEndPoints:
    """The net with 71 layers: two more modules at the entry. Arguments and results as `xception_65`."""
    return _net(
        _LONG_ENTRY, 16, inputs, num_classes, regularize_depthwise, multi_grid, spatial_squeeze,
        is_training=is_training, global_pool=global_pool, keep_prob=keep_prob, output_stride=output_stride,
        reuse=reuse, scope=scope,
    )  # fmt: skip


for _function in (xception_41, xception_65, xception_71):
    _function.default_image_size = 299  # pyright: ignore[reportFunctionMemberAccess]


def xception_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    batch_norm_scale: bool = True,
    weights_initializer_stddev: float = 0.09,
    regularize_depthwise: bool = False,
    use_batch_norm: bool = True,
    use_bounded_activation: bool = False,
) -> Scope:
    """The defaults the Xception nets are trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      batch_norm_decay: how much of the moving averages stays in each update.
      batch_norm_epsilon: added to variances.
      batch_norm_scale: whether `batch_norm` has a `gamma`.
      weights_initializer_stddev: of the initial weights.
      regularize_depthwise: whether that loss is on depthwise weights too.
      use_batch_norm: whether convolutions are normalized; else they have biases.
      use_bounded_activation: whether activations are kept within 6 of 0, and strides pad by the size of the map.

    Returns:
      A scope for `arg_scope`.
    """
    activation: Callable[..., jax.Array] = jax.nn.relu6 if use_bounded_activation else jax.nn.relu
    with (
        arg_scope(
            [conv2d, separable_conv2d],
            weights_initializer=truncated_normal_initializer(stddev=weights_initializer_stddev),
            activation_fn=activation,
            normalizer_fn=batch_norm if use_batch_norm else None,
        ),
        arg_scope([batch_norm], decay=batch_norm_decay, epsilon=batch_norm_epsilon, scale=batch_norm_scale),
        arg_scope([conv2d], weights_regularizer=l2_regularizer(weight_decay)),
        arg_scope(
            [separable_conv2d], weights_regularizer=l2_regularizer(weight_decay) if regularize_depthwise else None
        ),
        arg_scope(
            [xception_module],
            use_bounded_activation=use_bounded_activation,
            use_explicit_padding=not use_bounded_activation,
        ) as scope,
    ):
        return scope
