"""Vision transformers: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2020.

    with slim.arg_scope(vit.vit_arg_scope()):
        logits, end_points = vit.vit_small_16(images, 1000, is_training=False)       # [N, 224, 224, 3] -> [N, 1000]

Images are cut into squares of 16 x 16 pixels, which are the words of a sequence; one more word, which is learned,
gathers what the classes are read from.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.precision import to_compute
from jax_slim.core.scopes import variable_scope
from jax_slim.core.variables import model_variable
from jax_slim.initializers import truncated_normal_initializer, zeros_initializer
from jax_slim.kernels.activations import gelu
from jax_slim.layers.attention import multi_head_attention
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.example_normalization import layer_norm
from jax_slim.layers.repetition import repeat, stack
from jax_slim.layers.stochastic import drop_path, dropout
from jax_slim.nets._heads import check_images
from jax_slim.nets._variants import variant
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


@add_arg_scope
def block(
    inputs: jax.Array,
    survival_prob: float = 1.0,
    num_heads: int = 6,
    expansion: int = 4,
    keep_prob: float = 1.0,
    is_training: bool = True,
    scope: str | None = None,
) -> jax.Array:
    """A layer of a transformer: adds what attention, and then two dense layers, make of a sequence.

    Args:
      inputs: [N, T, C].
      survival_prob: how often, in training, either of the two counts beside its inputs.
      num_heads: of the attention.
      expansion: how many times as many channels there are between the dense layers.
      keep_prob: how much of the results of both is kept in training.
      is_training: whether anything is dropped.
      scope: the variable scope; by default "block", made unique.

    Returns:
      An array like `inputs`.
    """
    depth = inputs.shape[-1]

    def kept(net: jax.Array) -> jax.Array:
        return drop_path(dropout(net, keep_prob, is_training=is_training), survival_prob, is_training=is_training)

    with variable_scope(scope, "block", [inputs]):
        mixed = multi_head_attention(layer_norm(inputs), num_heads, is_training=is_training)
        net = inputs + kept(mixed)
        with variable_scope("mlp"):
            wide = fully_connected(layer_norm(net), depth * expansion, activation_fn=gelu, scope="expand")
            return net + kept(fully_connected(wide, depth, scope="project"))


def vit(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    patch_size: int = 16,
    depth: int = 12,
    width: int = 384,
    num_heads: int = 6,
    dropout_keep_prob: float = 1.0,
    survival_prob: float = 1.0,
    embedded_size: int = 224,
    scan: bool = False,
    reuse: Any = None,
    scope: str = "vit",
) -> NetAndEndPoints:
    """Classifies images by a transformer of any size: [N, H, W, 3] -> [N, num_classes].

    Args:
      inputs: [N, H, W, C].
      num_classes: how many classes; None or 0 leaves out the last layer and returns [N, width] features.
      is_training: whether anything is dropped.
      patch_size: height and width of the squares; rows and columns that are left over at the end are not seen.
      depth: how many blocks.
      width: the channels.
      num_heads: of each block's attention.
      dropout_keep_prob: how much is kept, in training, of what is embedded and of the results within blocks.
      survival_prob: how often the last block's results are kept in training; earlier blocks are kept more often.
      embedded_size: the size of images for which places have a learned vector each; for others these are resized.
      scan: whether the blocks are compiled once, as a loop (`slim.repeat`): compiles faster, runs a little slower. All
        blocks are then kept alike: `survival_prob` must be 1.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.

    Returns:
      The logits or features; and the end points: 'embedding' [N, T, width], 'blocks', 'global_pool' (the word that was
      added), 'logits' and 'predictions'.

    Raises:
      ValueError: `inputs` are no images, or smaller than a square, or `scan` comes with a `survival_prob`.
    """
    check_images("vit", inputs)
    if min(inputs.shape[1:3]) < patch_size:
        raise ValueError(f"vit: inputs must be of {patch_size} x {patch_size} pixels or more, got {inputs.shape}.")
    if scan and survival_prob != 1:
        raise ValueError(f"vit: survival_prob must be 1 with scan=True, got {survival_prob!r}.")
    ends: dict[str, Any] = {}
    with (
        variable_scope(scope, reuse=reuse),
        arg_scope([block], num_heads=num_heads, keep_prob=dropout_keep_prob, is_training=is_training),
    ):
        net = conv2d(inputs, width, patch_size, stride=patch_size, padding="VALID", scope="embedding")
        net = _with_places(net, embedded_size // patch_size)
        net = ends["embedding"] = dropout(net, dropout_keep_prob, is_training=is_training)
        if scan:
            net = repeat(net, depth, block, scope="blocks", scan=True)
        else:
            rates = [1 - (1 - survival_prob) * index / max(depth - 1, 1) for index in range(depth)]
            net = stack(net, block, rates, scope="blocks")
        ends["blocks"] = net
        net = ends["global_pool"] = layer_norm(net)[:, 0]
        if num_classes:
            net = fully_connected(net, num_classes, weights_initializer=zeros_initializer(), scope="logits")
            ends["logits"] = net
            ends["predictions"] = softmax(net, scope="predictions")
    return net, ends


def _with_places(net: jax.Array, side: int) -> jax.Array:
    """A map [N, H, W, C] as a sequence [N, 1 + H * W, C] that begins with a learned word and knows its places."""
    batch, height, width, depth = net.shape
    initializer = truncated_normal_initializer(stddev=0.02)
    first = to_compute(model_variable("cls_token", [1, 1, depth], initializer=initializer))
    shape = [1, 1 + side * side, depth]
    places = to_compute(model_variable("position_embedding", shape, initializer=initializer))
    if (height, width) != (side, side):
        mapped = places[:, 1:].reshape(1, side, side, depth)
        mapped = jax.image.resize(mapped, (1, height, width, depth), "bicubic")
        places = jnp.concatenate([places[:, :1], mapped.reshape(1, -1, depth)], axis=1)
    words = net.reshape(batch, height * width, depth)
    first, places = first.astype(words.dtype), places.astype(words.dtype)
    # The learned word is added to a place of zeros: copies of it would have to be cut over a mesh as the images are.
    added = jnp.concatenate([first + places[:, :1], places[:, 1:]], axis=1)
    return jnp.pad(words, ((0, 0), (1, 0), (0, 0))) + added


def vit_arg_scope(weight_decay: float = 0.0) -> Scope:
    """The defaults the nets are trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights. The decay of the papers is no loss but the optimizer's own:
        AdamW's.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope([conv2d, fully_connected], activation_fn=None),
        arg_scope(
            [conv2d, fully_connected, multi_head_attention],
            weights_initializer=truncated_normal_initializer(stddev=0.02),
            weights_regularizer=l2_regularizer(weight_decay),
        ),
        arg_scope([layer_norm], begin_norm_axis=-1, epsilon=1e-6) as scope,
    ):
        return scope


vit.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]

vit_small_16 = variant(vit, "vit_small_16", "ViT-S/16.", width=384, num_heads=6, scope="vit_small_16")
vit_base_16 = variant(vit, "vit_base_16", "ViT-B/16.", width=768, num_heads=12, scope="vit_base_16")
