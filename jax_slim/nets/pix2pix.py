"""pix2pix: Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2016.

with slim.arg_scope(pix2pix.pix2pix_arg_scope()):
    logits, end_points = pix2pix.pix2pix_generator(edges, num_outputs=3)     # [N, 256, 256, C] -> [N, 256, 256, 3]
    photos = end_points["predictions"]                                       # within [-1, 1]
    judged, _ = pix2pix.pix2pix_discriminator(jnp.concatenate([edges, photos], 3), [64, 128, 256, 512])
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import random_normal_initializer
from jax_slim.kernels.resizing import resize_nearest_neighbor
from jax_slim.layers import _args
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.example_normalization import instance_norm
from jax_slim.layers.stochastic import dropout
from jax_slim.layers.transposes import conv2d_transpose
from jax_slim.nets._padding import padded

_leaky_relu = functools.partial(jax.nn.leaky_relu, negative_slope=0.2)


class Block(NamedTuple):
    """One step of the encoder and the step of the decoder that undoes it.

    Attributes:
      num_filters: how many channels both have.
      decoder_keep_prob: the probability with which dropout keeps a unit of the decoder's; 0 for no dropout.
    """

    num_filters: int
    decoder_keep_prob: float


_BLOCKS = (
    Block(64, 0.5),
    Block(128, 0.5),
    Block(256, 0.5),
    Block(512, 0),
    Block(512, 0),
    Block(512, 0),
    Block(512, 0),
)


def pix2pix_arg_scope() -> Scope:
    """The defaults pix2pix is trained with: instance normalization and normal weights.

    Returns:
      A scope for `arg_scope`.
    """
    with arg_scope(
        [conv2d, conv2d_transpose],
        normalizer_fn=instance_norm,
        normalizer_params={"center": True, "scale": True, "epsilon": 0.00001},
        weights_initializer=random_normal_initializer(0, 0.02),
    ) as scope:
        return scope


def upsample(
    net: jax.Array, num_outputs: int, kernel_size: Sequence[int], method: str = "nn_upsample_conv"
) -> jax.Array:
    """Enlarges images and convolves them with a 4 x 4 kernel.

    Args:
      net: [N, H, W, C].
      num_outputs: how many channels the result has.
      kernel_size: the factors for height and width.
      method: "nn_upsample_conv" repeats pixels, then convolves, which leaves no checkerboard; "conv2d_transpose" is a
        transposed convolution.

    Returns:
      [N, H * kernel_size[0], W * kernel_size[1], num_outputs].

    Raises:
      ValueError: `method` is unknown.
    """
    _args.choice("upsample", "method", method, ("nn_upsample_conv", "conv2d_transpose"))
    if method == "conv2d_transpose":
        return conv2d_transpose(net, num_outputs, [4, 4], stride=kernel_size, activation_fn=None)
    net = resize_nearest_neighbor(net, (net.shape[1] * kernel_size[0], net.shape[2] * kernel_size[1]))
    return conv2d(net, num_outputs, [4, 4], activation_fn=None)


def pix2pix_generator(
    net: jax.Array,
    num_outputs: int,
    blocks: Sequence[Block] | None = None,
    upsample_method: str = "nn_upsample_conv",
    is_training: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """Redraws images: a U-Net, whose decoder also sees what the encoder saw at the same size.

    Its variables are in 'encoder', 'decoder' and 'output' of the scope that is open. Dropout is always on, in use too:
    it is the noise that the paper draws with. So `model.apply` needs a key, unless the `blocks` have no dropout.

    Args:
      net: [N, H, W, C]; H and W multiples of 2 ** len(blocks), 128 by default.
      num_outputs: how many channels the result has.
      blocks: the steps of encoder and decoder, the outermost first; by default the paper's, for 256 x 256.
      upsample_method: how the decoder enlarges; see `upsample`.
      is_training: ignored: nothing here differs in training.

    Returns:
      The logits [N, H, W, num_outputs], and the end points 'encoder0', ..., 'decoder0', ..., 'logits', 'predictions'
      -> outputs; the predictions are the logits' tanh.

    Raises:
      ValueError: H or W cannot be halved as often as there are blocks, or `upsample_method` is unknown.
    """
    del is_training
    _args.rank("pix2pix_generator", net, "NHWC")
    blocks = list(blocks or _BLOCKS)
    for side, size in (("height", net.shape[1]), ("width", net.shape[2])):
        if size % 2 ** len(blocks):
            raise ValueError(
                f"pix2pix_generator: net must have a {side} that {len(blocks)} blocks can halve, a multiple of "
                f"{2 ** len(blocks)}, got {size}. Resize the images or give fewer blocks."
            )
    end_points: dict[str, Any] = {}
    encoded: list[jax.Array] = []
    with (
        variable_scope("encoder"),
        arg_scope([conv2d], stride=2, activation_fn=_leaky_relu),
    ):
        for number, block in enumerate(blocks):
            if number == 0:
                net = conv2d(net, block.num_filters, [4, 4], normalizer_fn=None)
            elif number < len(blocks) - 1:
                net = conv2d(net, block.num_filters, [4, 4])
            else:
                net = conv2d(net, block.num_filters, [4, 4], activation_fn=None, normalizer_fn=None)
            encoded.append(net)
            end_points[f"encoder{number}"] = net
    with variable_scope("decoder"), arg_scope([dropout], is_training=True):
        for number, block in enumerate(reversed(blocks)):
            if number > 0:
                net = jnp.concatenate([net, encoded[-number - 1]], axis=3)
            net = upsample(jax.nn.relu(net), block.num_filters, [2, 2], method=upsample_method)
            if block.decoder_keep_prob > 0:
                net = dropout(net, keep_prob=block.decoder_keep_prob)
            end_points[f"decoder{number}"] = net
    with variable_scope("output"):
        logits = conv2d(net, num_outputs, [4, 4], activation_fn=None, normalizer_fn=None)
        end_points["logits"] = logits
        end_points["predictions"] = jnp.tanh(logits)
    return logits, end_points


def pix2pix_discriminator(
    net: jax.Array,
    num_filters: Sequence[int],
    padding: int = 2,
    pad_mode: str = "REFLECT",
    activation_fn: Callable[[jax.Array], jax.Array] = _leaky_relu,
    is_training: bool = False,
) -> tuple[jax.Array, dict[str, Any]]:
    """Tells drawn images from real ones, patch by patch.

    Its variables are in 'conv0', 'conv1', ... of the scope that is open.

    Args:
      net: [N, H, W, C]: images, beside what they were drawn from.
      num_filters: the channels of each convolution, two at least; all but the last halve the image. [64, 128, 256, 512]
        sees patches of 70 x 70 pixels.
      padding: how many pixels are added on each side before each convolution.
      pad_mode: what they are: "REFLECT", "SYMMETRIC" or "CONSTANT".
      activation_fn: what follows all convolutions but that of the logits.
      is_training: ignored: nothing here differs in training.

    Returns:
      The logits [N, H', W', 1], one for each patch, and the end points 'conv0', ..., 'logits', 'predictions' ->
      outputs; the predictions are probabilities.

    Raises:
      ValueError: `num_filters` are fewer than two, `padding` negative, `pad_mode` unknown, or the image too small.
    """
    del is_training
    name = "pix2pix_discriminator"
    _args.rank(name, net, "NHWC")
    num_filters = list(num_filters)
    if len(num_filters) < 2:
        raise ValueError(f"{name}: num_filters must name the channels of two convolutions or more, got {num_filters}.")
    if padding < 0:
        raise ValueError(f"{name}: padding must be 0 pixels or more, got {padding}.")
    end_points: dict[str, Any] = {}

    def framed(net: jax.Array) -> jax.Array:
        return padded(name, net, (padding, padding), (padding, padding), pad_mode) if padding else net

    last = len(num_filters) - 1
    with arg_scope([conv2d], stride=2, padding="VALID", activation_fn=activation_fn):
        net = end_points["conv0"] = conv2d(framed(net), num_filters[0], [4, 4], normalizer_fn=None, scope="conv0")
        for number in range(1, last):
            scope = f"conv{number}"
            net = end_points[scope] = conv2d(framed(net), num_filters[number], [4, 4], scope=scope)
        scope = f"conv{last}"
        net = end_points[scope] = conv2d(framed(net), num_filters[-1], [4, 4], stride=1, scope=scope)
        logits = conv2d(
            framed(net), 1, [4, 4], stride=1, activation_fn=None, normalizer_fn=None, scope=f"conv{len(num_filters)}"
        )
        end_points["logits"] = logits
        end_points["predictions"] = jax.nn.sigmoid(logits)
    return logits, end_points
