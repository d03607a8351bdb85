"""DenseNet: Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks", 2017.

    with slim.arg_scope(densenet.densenet_arg_scope()):
        logits, end_points = densenet.densenet121(images, 1000, is_training=False)      # [N, 224, 224, 3] -> [N, 1000]

Every layer of a block sees the results of all before it. Variables have the names of pudae/tensorflow-densenet, which
is written with TF-Slim.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, add_arg_scope, arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.initializers import zeros_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import avg_pool2d, max_pool2d
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._heads import check_images, squeezed
from jax_slim.nets._variants import variant
from jax_slim.nets.resnet_utils import conv2d_same, root_pool
from jax_slim.regularizers import l2_regularizer

NetAndEndPoints = tuple[jax.Array, dict[str, Any]]


@add_arg_scope
def normalized_conv(
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int,
    keep_prob: float = 1.0,
    is_training: bool = True,
    scope: str | None = None,
) -> jax.Array:
    """Normalizes, activates and then convolves: [N, H, W, C] -> [N, H, W, num_outputs].

    Args:
      inputs: [N, H, W, C].
      num_outputs: the channels of the result.
      kernel_size: height and width of the filters.
      keep_prob: how much of the result is kept in training.
      is_training: whether any is dropped.
      scope: the variable scope; by default "xx", made unique.
    """
    with variable_scope(scope, "xx", [inputs]):
        net = conv2d(batch_norm(inputs, activation_fn=jax.nn.relu), num_outputs, kernel_size)
        return dropout(net, keep_prob, is_training=is_training)


def densenet(
    inputs: jax.Array,
    num_classes: int | None = 1000,
    is_training: bool = True,
    num_layers: Sequence[int] = (6, 12, 24, 16),
    growth_rate: int = 32,
    num_filters: int = 64,
    reduction: float = 0.5,
    dropout_keep_prob: float = 1.0,
    symmetric_padding: bool = False,
    reuse: Any = None,
    scope: str = "densenet",
) -> NetAndEndPoints:
    """Classifies images by a net of any blocks: [N, H, W, 3] -> [N, num_classes].

    Args:
      inputs: [N, H, W, C].
      num_classes: how many classes; None or 0 leaves out the last layer and returns [N, 1, 1, C] features.
      is_training: whether `batch_norm` uses the batch's moments, and dropout is on.
      num_layers: how many layers each block has.
      growth_rate: how many channels a layer adds.
      num_filters: the channels of the first convolution.
      reduction: the part of the channels that is left out between blocks.
      dropout_keep_prob: how much of the results of convolutions within blocks is kept in training.
      symmetric_padding: whether the first convolution and pooling pad alike on either side, as in PyTorch and Keras,
        and not by the size of their maps.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.

    Returns:
      The logits or features; and the end points: 'conv1', 'dense_block1', 'transition_block1', ..., 'dense_block4',
      'final_block', 'global_pool', 'logits' and 'predictions'.

    Raises:
      ValueError: `inputs` are no images.
    """
    check_images("densenet", inputs)
    ends: dict[str, Any] = {}
    with (
        variable_scope(scope, reuse=reuse),
        arg_scope([batch_norm, normalized_conv], is_training=is_training),
        arg_scope([normalized_conv], keep_prob=dropout_keep_prob),
    ):
        if symmetric_padding:
            net = conv2d_same(inputs, num_filters, 7, stride=2, scope="conv1")
        else:
            net = conv2d(inputs, num_filters, 7, stride=2, scope="conv1")
        net = ends["conv1"] = batch_norm(net, activation_fn=jax.nn.relu)
        net = root_pool(net, symmetric_padding)
        for number, layers in enumerate(num_layers, 1):
            with variable_scope(f"dense_block{number}"):
                for layer in range(1, layers + 1):
                    with variable_scope(f"conv_block{layer}"):
                        narrow = normalized_conv(net, growth_rate * 4, 1, scope="x1")
                        net = jnp.concatenate([net, normalized_conv(narrow, growth_rate, 3, scope="x2")], axis=-1)
            ends[f"dense_block{number}"] = net
            if number < len(num_layers):
                with variable_scope(f"transition_block{number}"):
                    net = normalized_conv(net, int(net.shape[-1] * (1 - reduction)), 1, keep_prob=1.0, scope="blk")
                    net = ends[f"transition_block{number}"] = avg_pool2d(net, 2, stride=2, padding="VALID")
        with variable_scope("final_block"):
            net = ends["final_block"] = batch_norm(net, activation_fn=jax.nn.relu)
        net = ends["global_pool"] = jnp.mean(net, axis=(1, 2), keepdims=True)
        if num_classes:
            net = conv2d(net, num_classes, 1, biases_initializer=zeros_initializer(), scope="logits")
            net = ends["logits"] = squeezed(scope, net, inputs)
            ends["predictions"] = softmax(net, scope="predictions")
    return net, ends


def densenet_arg_scope(
    weight_decay: float = 1e-4, batch_norm_decay: float = 0.99, batch_norm_epsilon: float = 1.1e-5
) -> Scope:
    """The defaults the nets are trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      batch_norm_decay: how much of the moving averages stays in each update.
      batch_norm_epsilon: added to variances.

    Returns:
      A scope for `arg_scope`.
    """
    with (
        arg_scope(
            [conv2d], weights_regularizer=l2_regularizer(weight_decay), activation_fn=None, biases_initializer=None
        ),
        arg_scope([batch_norm], scale=True, decay=batch_norm_decay, epsilon=batch_norm_epsilon),
        arg_scope([max_pool2d], padding="SAME") as scope,
    ):
        return scope


densenet.default_image_size = 224  # pyright: ignore[reportFunctionMemberAccess]

densenet121 = variant(densenet, "densenet121", "DenseNet-121.", num_layers=(6, 12, 24, 16), scope="densenet121")
densenet161 = variant(
    densenet, "densenet161", "DenseNet-161.",
    num_layers=(6, 12, 36, 24), growth_rate=48, num_filters=96, scope="densenet161",
)  # fmt: skip
densenet169 = variant(densenet, "densenet169", "DenseNet-169.", num_layers=(6, 12, 32, 32), scope="densenet169")
densenet201 = variant(densenet, "densenet201", "DenseNet-201.", num_layers=(6, 12, 48, 32), scope="densenet201")
