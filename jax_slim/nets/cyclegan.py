"""CycleGAN's generator: Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks".

images, end_points = cyclegan.cyclegan_generator_resnet(photos)      # [N, 256, 256, 3] -> the same, within [-1, 1]
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import random_normal_initializer
from jax_slim.kernels.resizing import resize_bilinear, resize_nearest_neighbor
from jax_slim.layers import _args
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.example_normalization import instance_norm
from jax_slim.layers.transposes import conv2d_transpose
from jax_slim.nets._padding import padded
from jax_slim.regularizers import l2_regularizer


def cyclegan_arg_scope(
    instance_norm_center: bool = True,
    instance_norm_scale: bool = True,
    instance_norm_epsilon: float = 0.001,
    weights_init_stddev: float = 0.02,
    weight_decay: float = 0.0,
) -> Scope:
    """The defaults CycleGAN is trained with: instance normalization and normal weights.

    Args:
      instance_norm_center: whether instance normalization learns an offset.
      instance_norm_scale: whether it learns a factor.
      instance_norm_epsilon: what it adds to the variance.
      weights_init_stddev: the standard deviation of the first weights.
      weight_decay: the scale of the L2 loss on weights; 0 for none.

    Returns:
      A scope for `arg_scope`.
    """
    with arg_scope(
        [conv2d],
        normalizer_fn=instance_norm,
        normalizer_params={
            "center": instance_norm_center,
            "scale": instance_norm_scale,
            "epsilon": instance_norm_epsilon,
        },
        weights_initializer=random_normal_initializer(0, weights_init_stddev),
        weights_regularizer=l2_regularizer(weight_decay) if weight_decay and weight_decay > 0 else None,
    ) as scope:
        return scope


def cyclegan_upsample(
    net: jax.Array,
    num_outputs: int,
    stride: Sequence[int],
    method: str = "conv2d_transpose",
    pad_mode: str = "REFLECT",
    align_corners: bool = False,
) -> jax.Array:
    """Enlarges images and convolves them, in the variable scope 'upconv'.

    Args:
      net: [N, H, W, C].
      num_outputs: how many channels the result has.
      stride: the factors for height and width.
      method: "nn_upsample_conv" repeats pixels, then convolves; "bilinear_upsample_conv" mixes neighbours, then
        convolves; "conv2d_transpose" is a transposed convolution.
      pad_mode: how the first two pad before they convolve: "REFLECT", "SYMMETRIC" or "CONSTANT".
      align_corners: whether the first two put the last pixels of both images on each other.

    Returns:
      [N, H * stride[0], W * stride[1], num_outputs]. "conv2d_transpose" is made for strides of 2; with others its
      images are one pixel smaller or larger, as in TF-Slim.

    Raises:
      ValueError: `method` or `pad_mode` is unknown.
    """
    methods = ("nn_upsample_conv", "bilinear_upsample_conv", "conv2d_transpose")
    _args.choice("cyclegan_upsample", "method", method, methods)
    with variable_scope("upconv"):
        if method == "conv2d_transpose":
            net = conv2d_transpose(net, num_outputs, kernel_size=[3, 3], stride=stride, padding="VALID")
            # "SAME" would cut this row and column off at the other side, where the convolutions of the encoder did not.
            return net[:, 1:, 1:, :]
        resize = resize_nearest_neighbor if method == "nn_upsample_conv" else resize_bilinear
        net = resize(net, (net.shape[1] * stride[0], net.shape[2] * stride[1]), align_corners)
        net = padded("cyclegan_upsample", net, (1, 1), (1, 1), pad_mode)
        return conv2d(net, num_outputs, kernel_size=[3, 3], padding="VALID")


def cyclegan_generator_resnet(
    images: jax.Array,
    arg_scope_fn: Callable[[], Scope] = cyclegan_arg_scope,
    num_resnet_blocks: int = 6,
    num_filters: int = 64,
    upsample_fn: Callable[..., jax.Array] = cyclegan_upsample,
    kernel_size: int | Sequence[int] = 3,
    tanh_linear_slope: float = 0.0,
    is_training: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """Redraws images in another style: two halvings, residual blocks, two doublings.

    Its variables are in 'input', 'encoder', 'residual_blocks', 'decoder' and 'output' of the scope that is open: open
    one for each generator.

    Args:
      images: [N, H, W, C]; H and W multiples of 4. The paper uses 6 blocks for 128 pixels, 9 for 256.
      arg_scope_fn: () -> the defaults of the layers.
      num_resnet_blocks: how many residual blocks.
      num_filters: how many channels the first convolution has; the residual blocks have four times as many.
      upsample_fn: (net, num_outputs, stride) -> enlarged net, such as `functools.partial(cyclegan_upsample,
        method="nn_upsample_conv")`.
      kernel_size: height and width of the convolutions between the first and the last; one int means a square.
      tanh_linear_slope: this times the logits is added to the result: keeps a gradient where tanh has none.
      is_training: ignored: nothing here differs in training.

    Returns:
      The images [N, H, W, C], and the end points 'encoder_0', ..., 'logits', 'predictions' -> outputs.

    Raises:
      ValueError: H or W is no multiple of 4, or `upsample_fn` does not double its input.
    """
    del is_training
    name = "cyclegan_generator_resnet"
    _args.rank(name, images, "NHWC")
    for side, size in (("height", images.shape[1]), ("width", images.shape[2])):
        if size % 4:
            raise ValueError(f"{name}: images must have a {side} that is a multiple of 4, got {size}. Crop or resize.")
    kernel_size = _args.sizes(name, "kernel_size", kernel_size, 2)
    rows, columns = (((size - 1) // 2, size // 2) for size in kernel_size)
    end_points: dict[str, Any] = {}

    def mirrored(net: jax.Array) -> jax.Array:
        return padded(name, net, rows, columns, "REFLECT")

    with arg_scope(arg_scope_fn()):
        with variable_scope("input"):
            net = padded(name, images, (3, 3), (3, 3), "REFLECT")
            net = end_points["encoder_0"] = conv2d(net, num_filters, [7, 7], padding="VALID")
        with (
            variable_scope("encoder"),
            arg_scope([conv2d], stride=2, activation_fn=jax.nn.relu, padding="VALID"),
        ):
            net = end_points["encoder_1"] = conv2d(mirrored(net), num_filters * 2, kernel_size)
            net = end_points["encoder_2"] = conv2d(mirrored(net), num_filters * 4, kernel_size)
        with (
            variable_scope("residual_blocks"),
            arg_scope([conv2d], stride=1, activation_fn=jax.nn.relu, padding="VALID"),
        ):
            for block in range(num_resnet_blocks):
                with variable_scope(f"block_{block}"):
                    residual = conv2d(mirrored(net), num_filters * 4, kernel_size)
                    residual = conv2d(mirrored(residual), num_filters * 4, kernel_size, activation_fn=None)
                    net = end_points[f"resnet_block_{block}"] = net + residual
        with (
            variable_scope("decoder"),
            arg_scope([conv2d], kernel_size=kernel_size, stride=1, activation_fn=jax.nn.relu),
        ):
            for number, channels in ((1, num_filters * 2), (2, num_filters)):
                with variable_scope(f"decoder{number}"):
                    net = upsample_fn(net, num_outputs=channels, stride=[2, 2])
                end_points[f"decoder{number}"] = net
        if net.shape[1:3] != images.shape[1:3]:
            raise ValueError(
                f"{name}: upsample_fn must double height and width, got {net.shape[1:3]} in the end from images of "
                f"{images.shape[1:3]}."
            )
        with variable_scope("output"):
            net = padded(name, net, (3, 3), (3, 3), "REFLECT")
            logits = conv2d(net, images.shape[3], [7, 7], activation_fn=None, normalizer_fn=None, padding="VALID")
            end_points["logits"] = logits
            end_points["predictions"] = jnp.tanh(logits) + logits * tanh_linear_slope
    return end_points["predictions"], end_points
