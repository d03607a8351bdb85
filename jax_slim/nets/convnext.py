"""ConvNeXt: Liu et al., "A ConvNet for the 2020s", 2022.

    with slim.arg_scope(convnext.convnext_arg_scope()):
        logits, end_points = convnext.convnext_tiny(images, 1000, is_training=False)       # [N, 224, 224, 3]

A residual net that takes over what vision transformers do: few activations and normalizations, wide layers of single
pixels, and depthwise convolutions of 7 x 7 pixels for all that pixels have to do with each other.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import truncated_normal_initializer
from jax_slim.kernels.activations import gelu
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.example_normalization import layer_norm
from jax_slim.layers.scaling import layer_scale
from jax_slim.layers.separables import separable_conv2d
from jax_slim.layers.stochastic import drop_path
from jax_slim.nets._heads import check_images
from jax_slim.nets._variants import variant
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


@add_arg_scope
def block(
    inputs: jax.Array,
    kernel_size: int = 7,
    expansion: int = 4,
    keep_prob: float = 1.0,
    is_training: bool = True,
    scope: str | None = None,
) -> jax.Array:
    """Adds to the inputs what a depthwise convolution, and two layers of single pixels, make of them.

    Args:
      inputs: [N, H, W, C].
      kernel_size: height and width of the depthwise filters.
      expansion: how many times as many channels there are between the two layers.
      keep_prob: how often, in training, the result counts beside the inputs.
      is_training: whether it is left out at random.
      scope: the variable scope; by default "block", made unique.

    Returns:
      An array like `inputs`.
    """
    depth = inputs.shape[-1]
    with variable_scope(scope, "block", [inputs]):
        net = separable_conv2d(inputs, None, kernel_size, scope="depthwise")
        net = layer_norm(net)
        net = fully_connected(net, depth * expansion, activation_fn=gelu, scope="expand")
        net = fully_connected(net, depth, scope="project")
        return inputs + drop_path(layer_scale(net), keep_prob, is_training=is_training)


def convnext(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    depths: Sequence[int] = (3, 3, 9, 3),
    widths: Sequence[int] = (96, 192, 384, 768),
    survival_prob: float = 0.9,
    reuse: Any = None,
    scope: str = "convnext",
) -> NetAndEndPoints:
    """Classifies images by a net of any stages: [N, H, W, 3] -> [N, num_classes].

    Args:
      inputs: [N, H, W, C].
      num_classes: how many classes; None or 0 leaves out the last layer and returns [N, C] features.
      is_training: whether blocks are left out at random.
      depths: how many blocks each stage has.
      widths: the channels of each stage.
      survival_prob: how often the last block's result is kept in training; earlier blocks are kept more often.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.

    Returns:
      The logits or features; and the end points: 'stem', 'stage_1/block_1', ..., 'stage_1' to 'stage_4' (maps 4, 8, 16
      and 32 times smaller than the images), 'global_pool', 'logits' and 'predictions'.

    Raises:
      ValueError: `inputs` are no images.
    """
    check_images("convnext", inputs)
    ends: dict[str, Any] = {}
    before, total = 0, max(sum(depths) - 1, 1)
    with variable_scope(scope, reuse=reuse):
        with variable_scope("stem"):
            net = ends["stem"] = layer_norm(conv2d(inputs, widths[0], 4, stride=4, padding="VALID"))
        for number, (depth, width) in enumerate(zip(depths, widths, strict=True), 1):
            with variable_scope(f"stage_{number}"):
                if number > 1:
                    with variable_scope("downsample"):
                        net = conv2d(layer_norm(net), width, 2, stride=2, padding="VALID")
                for index in range(depth):
                    kept = 1 - (1 - survival_prob) * (before + index) / total
                    net = block(net, keep_prob=kept, is_training=is_training, scope=f"block_{index + 1}")
                    ends[f"stage_{number}/block_{index + 1}"] = net
            ends[f"stage_{number}"] = net
            before += depth
        net = ends["global_pool"] = layer_norm(jnp.mean(net, axis=(1, 2)))
        if num_classes:
            net = ends["logits"] = fully_connected(net, num_classes, scope="logits")
            ends["predictions"] = softmax(net, scope="predictions")
    return net, ends


def convnext_arg_scope(weight_decay: float = 0.0) -> Scope:
    """The defaults the nets are trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights. The paper's 0.05 is no loss but the optimizer's own: AdamW's.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope(
            [conv2d, separable_conv2d, fully_connected],
            activation_fn=None,
            weights_initializer=truncated_normal_initializer(stddev=0.02),
            weights_regularizer=l2_regularizer(weight_decay),
        ),
        arg_scope([layer_norm], begin_norm_axis=-1, epsilon=1e-6) as scope,
    ):
        return scope


convnext.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]


convnext_tiny = variant(
    convnext, "convnext_tiny", "ConvNeXt-T.",
    depths=(3, 3, 9, 3), widths=(96, 192, 384, 768), survival_prob=0.9, scope="convnext_tiny",
)  # fmt: skip
convnext_small = variant(
    convnext, "convnext_small", "ConvNeXt-S.",
    depths=(3, 3, 27, 3), widths=(96, 192, 384, 768), survival_prob=0.6, scope="convnext_small",
)  # fmt: skip
convnext_base = variant(
    convnext, "convnext_base", "ConvNeXt-B.",
    depths=(3, 3, 27, 3), widths=(128, 256, 512, 1024), survival_prob=0.5, scope="convnext_base",
)  # fmt: skip
convnext_large = variant(
    convnext, "convnext_large", "ConvNeXt-L.",
    depths=(3, 3, 27, 3), widths=(192, 384, 768, 1536), survival_prob=0.5, scope="convnext_large",
)  # fmt: skip
