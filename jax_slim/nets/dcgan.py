"""DCGAN: Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional GANs", 2015.

images, _ = dcgan.generator(noise)                 # [N, 64] -> [N, 32, 32, 3]
logits, _ = dcgan.discriminator(images)            # [N, 32, 32, 3] -> [N, 1]
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.layers import _args
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.transposes import conv2d_transpose

_leaky_relu = functools.partial(jax.nn.leaky_relu, negative_slope=0.2)


def discriminator(
    inputs: jax.Array,
    depth: int = 64,
    is_training: bool = True,
    reuse: Any = None,
    scope: str = "Discriminator",
    fused_batch_norm: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """Tells drawn images from real ones.

    Halves the image and doubles the channels until one pixel is left: log2(S) convolutions.

    Args:
      inputs: [N, S, S, C], S a power of 2.
      depth: how many channels the first convolution has.
      is_training: whether batch normalization uses the statistics of this batch and updates its moving averages.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.
      fused_batch_norm: whether moving variances follow the unbiased variance, as TensorFlow's fused kernel does.

    Returns:
      The logits [N, 1], large for real images, and the end points 'conv1', ..., 'logits' -> outputs.

    Raises:
      ValueError: `inputs` are no squares whose side is a power of 2.
    """
    _args.rank("discriminator", inputs, "NHWC")
    height, width = inputs.shape[1:3]
    if height != width:
        raise ValueError(f"discriminator: inputs must be as high as wide, got {height} x {width}. Crop or resize them.")
    _power_of_two("discriminator", "inputs must have a side that is", width)
    end_points: dict[str, Any] = {}
    with (
        variable_scope(scope, values=[inputs], reuse=reuse),
        arg_scope([batch_norm], **_batch_norm_params(is_training, fused_batch_norm)),
        arg_scope([conv2d], stride=2, activation_fn=_leaky_relu),
    ):
        net = inputs
        for number in range(1, width.bit_length()):
            name = f"conv{number}"
            normalizer_fn = None if number == 1 else batch_norm
            net = conv2d(net, depth * 2 ** (number - 1), 4, normalizer_fn=normalizer_fn, scope=name)
            end_points[name] = net
        logits = conv2d(net, 1, kernel_size=1, stride=1, padding="VALID", normalizer_fn=None, activation_fn=None)
        end_points["logits"] = logits = jnp.reshape(logits, (-1, 1))
    return logits, end_points


def generator(
    inputs: jax.Array,
    depth: int = 64,
    final_size: int = 32,
    num_outputs: int = 3,
    is_training: bool = True,
    reuse: Any = None,
    scope: str = "Generator",
    fused_batch_norm: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """Draws images from noise.

    Makes 4 x 4 pixels of the noise, then doubles the image and halves the channels until it has `final_size`.

    Args:
      inputs: [N, D] random numbers.
      depth: how many channels the last transposed convolution has.
      final_size: height and width of the images in pixels: a power of 2, at least 8.
      num_outputs: how many channels the images have.
      is_training: whether batch normalization uses the statistics of this batch and updates its moving averages.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.
      fused_batch_norm: whether moving variances follow the unbiased variance, as TensorFlow's fused kernel does.

    Returns:
      The images [N, final_size, final_size, num_outputs], of any range (apply jnp.tanh for the paper's), and the end
      points 'deconv1', ..., 'logits' -> outputs.

    Raises:
      ValueError: `inputs` are not of rank 2, or `final_size` is no power of 2 of at least 8.
    """
    _args.rank("generator", inputs, "ND")
    _power_of_two("generator", "final_size must be", final_size)
    if final_size < 8:
        raise ValueError(f"generator: final_size must be at least 8 pixels, got {final_size}.")
    num_layers = final_size.bit_length() - 2
    end_points: dict[str, Any] = {}
    with (
        variable_scope(scope, values=[inputs], reuse=reuse),
        arg_scope([batch_norm], **_batch_norm_params(is_training, fused_batch_norm)),
        arg_scope([conv2d_transpose], normalizer_fn=batch_norm, stride=2),
    ):
        net = inputs[:, None, None, :]
        net = conv2d_transpose(net, depth * 2 ** (num_layers - 1), 4, stride=1, padding="VALID", scope="deconv1")
        end_points["deconv1"] = net
        for number in range(2, num_layers):
            name = f"deconv{number}"
            net = end_points[name] = conv2d_transpose(net, depth * 2 ** (num_layers - number), 4, scope=name)
        name = f"deconv{num_layers}"
        net = end_points[name] = conv2d_transpose(net, depth, 4, normalizer_fn=None, activation_fn=None, scope=name)
        logits = end_points["logits"] = conv2d(
            net, num_outputs, 1, padding="VALID", normalizer_fn=None, activation_fn=None, scope="logits"
        )
    return logits, end_points


def _batch_norm_params(is_training: bool, fused: bool) -> dict[str, Any]:
    return {"is_training": is_training, "zero_debias_moving_mean": True, "fused": fused}


def _power_of_two(function: str, what: str, size: int) -> None:
    if size < 1 or size & (size - 1):
        raise ValueError(f"{function}: {what} a power of 2, got {size}.")
