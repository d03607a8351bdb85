"""Inception-ResNet v2: Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual
Connections on Learning", 2016.

    with slim.arg_scope(inception_resnet_v2.inception_resnet_v2_arg_scope()):
        logits, end_points = inception_resnet_v2.inception_resnet_v2(images)        # [N, 299, 299, 3] -> [N, 1001]
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.collections import GraphKeys, NamesOfCollections
from jax_slim.core.scopes import variable_scope
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import avg_pool2d, max_pool2d
from jax_slim.layers.repetition import repeat
from jax_slim.layers.shaping import flatten
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._stages import Stage, avg_pool, branches, conv, max_pool, mixed, run
from jax_slim.nets.inception_utils import require_map
from jax_slim.regularizers import l2_regularizer

Activation = Callable[[jax.Array], jax.Array]


def block35(
    net: jax.Array,
    scale: float = 1.0,
    activation_fn: Activation | None = jax.nn.relu,
    scope: Any = None,
    reuse: Any = None,
) -> jax.Array:
    """Adds an Inception module's outputs to its inputs: Inception-ResNet-A, on maps of 35 x 35 (figure 16).

    Args:
      net: [N, H, W, C].
      scale: by which the module's outputs are multiplied before they are added.
      activation_fn: applied to the sum, or None. With `jax.nn.relu6` what is added is cut to -6 ... 6.
      scope: the variable scope; by default 'Block35'.
      reuse: whether to share the variables that an earlier call made under `scope`.

    Returns:
      An array like `net`.
    """
    parts = (
        [conv("Conv2d_1x1", 32)],
        [conv("Conv2d_0a_1x1", 32), conv("Conv2d_0b_3x3", 32)],
        [conv("Conv2d_0a_1x1", 32), conv("Conv2d_0b_3x3", 48), conv("Conv2d_0c_3x3", 64)],
    )
    return _residual(parts, "Block35", net, scale, activation_fn, scope, reuse)


def block17(
    net: jax.Array,
    scale: float = 1.0,
    activation_fn: Activation | None = jax.nn.relu,
    scope: Any = None,
    reuse: Any = None,
) -> jax.Array:
    """Inception-ResNet-B, on maps of 17 x 17 (figure 17): as `block35`; `scope` is by default 'Block17'."""
    parts = (
        [conv("Conv2d_1x1", 192)],
        [conv("Conv2d_0a_1x1", 128), conv("Conv2d_0b_1x7", 160), conv("Conv2d_0c_7x1", 192)],
    )
    return _residual(parts, "Block17", net, scale, activation_fn, scope, reuse)


def block8(
    net: jax.Array,
    scale: float = 1.0,
    activation_fn: Activation | None = jax.nn.relu,
    scope: Any = None,
    reuse: Any = None,
) -> jax.Array:
    """Inception-ResNet-C, on maps of 8 x 8 (figure 19): as `block35`; `scope` is by default 'Block8'."""
    parts = (
        [conv("Conv2d_1x1", 192)],
        [conv("Conv2d_0a_1x1", 192), conv("Conv2d_0b_1x3", 224), conv("Conv2d_0c_3x1", 256)],
    )
    return _residual(parts, "Block8", net, scale, activation_fn, scope, reuse)


def _residual(
    parts: Sequence[Sequence[Stage]],
    default_scope: str,
    net: jax.Array,
    scale: float,
    activation_fn: Activation | None,
    scope: Any,
    reuse: Any,
) -> jax.Array:
    with variable_scope(scope, default_scope, [net], reuse=reuse):
        joined = branches(*parts)(net)
        up = conv2d(joined, net.shape[-1], 1, normalizer_fn=None, activation_fn=None, scope="Conv2d_1x1") * scale
        if activation_fn is jax.nn.relu6:
            up = jnp.clip(up, -6.0, 6.0)  # so that the sum can be quantized
        net = net + up
        return net if activation_fn is None else activation_fn(net)


def inception_resnet_v2_base(
    inputs: jax.Array,
    final_endpoint: str = "Conv2d_7b_1x1",
    output_stride: int = 16,
    align_feature_maps: bool = False,
    scope: Any = None,
    activation_fn: Activation | None = jax.nn.relu,
) -> tuple[jax.Array, dict[str, Any]]:
    """The convolutions of Inception-ResNet v2.

    Args:
      inputs: [N, H, W, 3]; of 75 x 75 or more for the whole net, of any size with `align_feature_maps`.
      final_endpoint: where to stop: 'Conv2d_1a_3x3', 'Conv2d_2a_3x3', 'Conv2d_2b_3x3', 'MaxPool_3a_3x3',
        'Conv2d_3b_1x1', 'Conv2d_4a_3x3', 'MaxPool_5a_3x3', 'Mixed_5b', 'Mixed_6a', 'PreAuxLogits', 'Mixed_7a' or
        'Conv2d_7b_1x1'.
      output_stride: pixels of the inputs for one of 'PreAuxLogits': 16, or 8, which does not halve the map in
        'Mixed_6a' but dilates the convolutions after it; then 'PreAuxLogits' is the last end point.
      align_feature_maps: whether all padding is SAME, so that the maps lie centered on each other.
      scope: the variable scope; by default 'InceptionResnetV2'.
      activation_fn: what follows the sums of the residual blocks.

    Returns:
      The activations at `final_endpoint`, [N, 8, 8, 1536] at the last one for 299 x 299, and all until then by name.

    Raises:
      ValueError: there is no such `final_endpoint` or `output_stride`, or the inputs are so small that a window does
        not fit.
    """
    function = "inception_resnet_v2_base"
    if output_stride not in (8, 16):
        raise ValueError(f"{function}: output_stride must be 8 or 16, got {output_stride!r}.")
    dilated = output_stride == 8
    padding = "SAME" if align_feature_maps else "VALID"
    some: dict[str, Any] = {"padding": padding}
    halved: dict[str, Any] = {"padding": padding, "stride": 2}
    once: dict[str, Any] = {"padding": padding, "stride": 1 if dilated else 2}

    def at_17(net: jax.Array) -> jax.Array:
        with arg_scope([conv2d], rate=2 if dilated else 1):
            return repeat(net, 20, block17, scale=0.10, activation_fn=activation_fn)

    def at_8(net: jax.Array) -> jax.Array:
        net = repeat(net, 9, block8, scale=0.20, activation_fn=activation_fn)
        net = block8(net, activation_fn=None)
        return conv2d(net, 1536, 1, scope="Conv2d_7b_1x1")

    mixed_6a = mixed(
        "Mixed_6a",
        [conv("Conv2d_1a_3x3", 384, **once)],
        [conv("Conv2d_0a_1x1", 256), conv("Conv2d_0b_3x3", 256), conv("Conv2d_1a_3x3", 384, **once)],
        [max_pool("MaxPool_1a_3x3", **once)],
    )
    stages = [
        conv("Conv2d_1a_3x3", 32, **halved),
        conv("Conv2d_2a_3x3", 32, **some),
        conv("Conv2d_2b_3x3", 64),
        max_pool("MaxPool_3a_3x3", **halved),
        conv("Conv2d_3b_1x1", 80, **some),
        conv("Conv2d_4a_3x3", 192, **some),
        max_pool("MaxPool_5a_3x3", **halved),
        mixed(
            "Mixed_5b",
            [conv("Conv2d_1x1", 96)],
            [conv("Conv2d_0a_1x1", 48), conv("Conv2d_0b_5x5", 64)],
            [conv("Conv2d_0a_1x1", 64), conv("Conv2d_0b_3x3", 96), conv("Conv2d_0c_3x3", 96)],
            [avg_pool("AvgPool_0a_3x3"), conv("Conv2d_0b_1x1", 64)],
        ),
        # The end points pass over the blocks at 35 x 35.
        Stage(
            "Mixed_6a",
            lambda net: mixed_6a(repeat(net, 10, block35, scale=0.17, activation_fn=activation_fn)),
        ),
        Stage("PreAuxLogits", at_17),
        mixed(
            "Mixed_7a",
            [conv("Conv2d_0a_1x1", 256), conv("Conv2d_1a_3x3", 384, **halved)],
            [conv("Conv2d_0a_1x1", 256), conv("Conv2d_1a_3x3", 288, **halved)],
            [conv("Conv2d_0a_1x1", 256), conv("Conv2d_0b_3x3", 288), conv("Conv2d_1a_3x3", 320, **halved)],
            [max_pool("MaxPool_1a_3x3", **halved)],
        ),
        Stage("Conv2d_7b_1x1", at_8),
    ]
    if dilated and final_endpoint in ("Mixed_7a", "Conv2d_7b_1x1"):
        raise ValueError(
            f"{function}: final_endpoint must be 'PreAuxLogits' or earlier with output_stride=8, "
            f"got {final_endpoint!r}."
        )
    with (
        variable_scope(scope, "InceptionResnetV2", [inputs]),
        arg_scope([conv2d, max_pool2d, avg_pool2d], stride=1, padding="SAME"),
    ):
        return run(function, inputs, stages, final_endpoint)


def inception_resnet_v2(
    inputs: jax.Array,
    num_classes: int | None = 1001,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    reuse: Any = None,
    scope: Any = "InceptionResnetV2",
    create_aux_logits: bool = True,
    activation_fn: Activation | None = jax.nn.relu,
) -> tuple[jax.Array, dict[str, Any]]:
    """Classifies images by forty residual Inception modules, and by a second, auxiliary head in the midst of them.

    Args:
      inputs: [N, H, W, 3]; made for 299 x 299. The auxiliary head's weights depend on the size, and need 107 x 107 or
        more; without it every size from 75 x 75 on will do.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout is on and `batch_norm` uses the batch's moments.
      dropout_keep_prob: the probability with which dropout keeps a feature.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.
      create_aux_logits: whether to make the auxiliary head, whose loss helps the lower layers to learn.
      activation_fn: what follows the sums of the residual blocks.

    Returns:
      The logits [N, num_classes], or the features [N, 1, 1, 1536]; and the end points: those of
      `inception_resnet_v2_base`, 'AuxLogits', 'global_pool', 'PreLogitsFlatten', 'Logits' and 'Predictions'.

    Raises:
      ValueError: the inputs are too small.
    """
    with (
        variable_scope(scope, "InceptionResnetV2", [inputs], reuse=reuse) as sc,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = inception_resnet_v2_base(inputs, scope=sc, activation_fn=activation_fn)
        if create_aux_logits and num_classes:
            with variable_scope("AuxLogits"):
                aux = end_points["PreAuxLogits"]
                require_map("inception_resnet_v2", aux, inputs)
                aux = avg_pool2d(aux, 5, stride=3, padding="VALID", scope="Conv2d_1a_3x3")
                aux = conv2d(aux, 128, 1, scope="Conv2d_1b_1x1")
                aux = conv2d(aux, 768, aux.shape[1:3], padding="VALID", scope="Conv2d_2a_5x5")
                aux = flatten(aux)
                end_points["AuxLogits"] = fully_connected(aux, num_classes, activation_fn=None, scope="Logits")
        with variable_scope("Logits"):
            net = avg_pool2d(net, net.shape[1:3], padding="VALID", scope="AvgPool_1a_8x8")
            end_points["global_pool"] = net
            if not num_classes:
                return net, end_points
            net = dropout(flatten(net), dropout_keep_prob, is_training=is_training, scope="Dropout")
            end_points["PreLogitsFlatten"] = net
            logits = end_points["Logits"] = fully_connected(net, num_classes, activation_fn=None, scope="Logits")
            end_points["Predictions"] = softmax(logits, scope="Predictions")
    return logits, end_points


inception_resnet_v2.default_image_size = 299  # pyright: ignore[reportFunctionMemberAccess]


def inception_resnet_v2_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    activation_fn: Activation | None = jax.nn.relu,
    batch_norm_updates_collections: NamesOfCollections = GraphKeys.UPDATE_OPS,
    batch_norm_scale: bool = False,
) -> Scope:
    """The defaults Inception-ResNet v2 is trained with: `batch_norm`, L2 loss on weights and biases.

    Args:
      weight_decay: the scale of the L2 loss on weights and biases.
      batch_norm_decay: how much of a moving average stays in each update. The default needs tens of thousands of steps
        until the averages are good.
      batch_norm_epsilon: added to the variance, inside the root.
      activation_fn: what follows a convolution.
      batch_norm_updates_collections: where the new moving averages are listed; None updates them in place.
      batch_norm_scale: whether `batch_norm` has a `gamma`.

    Returns:
      A scope for `arg_scope`.
    """
    parameters: dict[str, Any] = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "updates_collections": batch_norm_updates_collections,
        "fused": None,
        "scale": batch_norm_scale,
    }
    with (
        arg_scope(
            [conv2d, fully_connected],
            weights_regularizer=l2_regularizer(weight_decay),
            biases_regularizer=l2_regularizer(weight_decay),
        ),
        arg_scope(
            [conv2d], activation_fn=activation_fn, normalizer_fn=batch_norm, normalizer_params=parameters
        ) as scope,
    ):
        return scope
