"""Inception v4: Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual
Connections on Learning", 2016.

    with slim.arg_scope(inception_v4.inception_v4_arg_scope()):
        logits, end_points = inception_v4.inception_v4(images)          # [N, 299, 299, 3] -> [N, 1001]
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax

from jax_slim.core.arg_scope import arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.layers.encodings import softmax
from jax_slim.layers.pooling import avg_pool2d, max_pool2d
from jax_slim.layers.shaping import flatten
from jax_slim.layers.stochastic import dropout
from jax_slim.nets._stages import Stage, avg_pool, branches, conv, fork, max_pool, mixed, run
from jax_slim.nets.inception_utils import inception_arg_scope, require_map

inception_v4_arg_scope = inception_arg_scope

_VALID: dict[str, Any] = {"padding": "VALID"}
_HALVED: dict[str, Any] = {"padding": "VALID", "stride": 2}

_INCEPTION_A = (
    [conv("Conv2d_0a_1x1", 96)],
    [conv("Conv2d_0a_1x1", 64), conv("Conv2d_0b_3x3", 96)],
    [conv("Conv2d_0a_1x1", 64), conv("Conv2d_0b_3x3", 96), conv("Conv2d_0c_3x3", 96)],
    [avg_pool("AvgPool_0a_3x3"), conv("Conv2d_0b_1x1", 96)],
)
_REDUCTION_A = (
    [conv("Conv2d_1a_3x3", 384, **_HALVED)],
    [conv("Conv2d_0a_1x1", 192), conv("Conv2d_0b_3x3", 224), conv("Conv2d_1a_3x3", 256, **_HALVED)],
    [max_pool("MaxPool_1a_3x3", **_HALVED)],
)
_INCEPTION_B = (
    [conv("Conv2d_0a_1x1", 384)],
    [conv("Conv2d_0a_1x1", 192), conv("Conv2d_0b_1x7", 224), conv("Conv2d_0c_7x1", 256)],
    [
        conv("Conv2d_0a_1x1", 192),
        conv("Conv2d_0b_7x1", 192),
        conv("Conv2d_0c_1x7", 224),
        conv("Conv2d_0d_7x1", 224),
        conv("Conv2d_0e_1x7", 256),
    ],
    [avg_pool("AvgPool_0a_3x3"), conv("Conv2d_0b_1x1", 128)],
)
_REDUCTION_B = (
    [conv("Conv2d_0a_1x1", 192), conv("Conv2d_1a_3x3", 192, **_HALVED)],
    [
        conv("Conv2d_0a_1x1", 256),
        conv("Conv2d_0b_1x7", 256),
        conv("Conv2d_0c_7x1", 320),
        conv("Conv2d_1a_3x3", 320, **_HALVED),
    ],
    [max_pool("MaxPool_1a_3x3", **_HALVED)],
)
_INCEPTION_C = (
    [conv("Conv2d_0a_1x1", 256)],
    [conv("Conv2d_0a_1x1", 384), fork(conv("Conv2d_0b_1x3", 256), conv("Conv2d_0c_3x1", 256))],
    [
        conv("Conv2d_0a_1x1", 384),
        conv("Conv2d_0b_3x1", 448),
        conv("Conv2d_0c_1x3", 512),
        fork(conv("Conv2d_0d_1x3", 256), conv("Conv2d_0e_3x1", 256)),
    ],
    [avg_pool("AvgPool_0a_3x3"), conv("Conv2d_0b_1x1", 256)],
)


def block_inception_a(inputs: jax.Array, scope: Any = None, reuse: Any = None) -> jax.Array:
    """Inception-A, figure 4 of the paper: [N, H, W, C] -> [N, H, W, 384]; `scope` is by default 'BlockInceptionA'."""
    return _block(_INCEPTION_A, "BlockInceptionA", inputs, scope, reuse)


def block_reduction_a(inputs: jax.Array, scope: Any = None, reuse: Any = None) -> jax.Array:
    """Reduction-A, figure 7 of the paper: [N, H, W, C] -> [N, H', W', 640 + C]; by default 'BlockReductionA'.

    H' is (H - 1) // 2, here and in `block_reduction_b`.
    """
    return _block(_REDUCTION_A, "BlockReductionA", inputs, scope, reuse)


def block_inception_b(inputs: jax.Array, scope: Any = None, reuse: Any = None) -> jax.Array:
    """Inception-B, figure 5 of the paper: [N, H, W, C] -> [N, H, W, 1024]; `scope` is by default 'BlockInceptionB'."""
    return _block(_INCEPTION_B, "BlockInceptionB", inputs, scope, reuse)


def block_reduction_b(inputs: jax.Array, scope: Any = None, reuse: Any = None) -> jax.Array:
    """Reduction-B, figure 8 of the paper: [N, H, W, C] -> [N, H', W', 512 + C]; by default 'BlockReductionB'."""
    return _block(_REDUCTION_B, "BlockReductionB", inputs, scope, reuse)


def block_inception_c(inputs: jax.Array, scope: Any = None, reuse: Any = None) -> jax.Array:
    """Inception-C, figure 6 of the paper: [N, H, W, C] -> [N, H, W, 1536]; `scope` is by default 'BlockInceptionC'."""
    return _block(_INCEPTION_C, "BlockInceptionC", inputs, scope, reuse)


def _block(
    parts: Sequence[Sequence[Stage]], default_scope: str, inputs: jax.Array, scope: Any, reuse: Any
) -> jax.Array:
    with (
        arg_scope([conv2d, avg_pool2d, max_pool2d], stride=1, padding="SAME"),
        variable_scope(scope, default_scope, [inputs], reuse=reuse),
    ):
        return branches(*parts)(inputs)


def _stage(name: str, block: Callable[..., jax.Array]) -> Stage:
    return Stage(name, lambda net: block(net, name))


_STAGES = [
    # The stem, figure 3 of the paper.
    conv("Conv2d_1a_3x3", 32, **_HALVED),
    conv("Conv2d_2a_3x3", 32, **_VALID),
    conv("Conv2d_2b_3x3", 64),
    mixed("Mixed_3a", [max_pool("MaxPool_0a_3x3", **_HALVED)], [conv("Conv2d_0a_3x3", 96, **_HALVED)]),
    mixed(
        "Mixed_4a",
        [conv("Conv2d_0a_1x1", 64), conv("Conv2d_1a_3x3", 96, **_VALID)],
        [
            conv("Conv2d_0a_1x1", 64),
            conv("Conv2d_0b_1x7", 64),
            conv("Conv2d_0c_7x1", 64),
            conv("Conv2d_1a_3x3", 96, **_VALID),
        ],
    ),
    mixed("Mixed_5a", [conv("Conv2d_1a_3x3", 192, **_HALVED)], [max_pool("MaxPool_1a_3x3", **_HALVED)]),
    # Figure 9.
    *(_stage(f"Mixed_5{letter}", block_inception_a) for letter in "bcde"),
    _stage("Mixed_6a", block_reduction_a),
    *(_stage(f"Mixed_6{letter}", block_inception_b) for letter in "bcdefgh"),
    _stage("Mixed_7a", block_reduction_b),
    *(_stage(f"Mixed_7{letter}", block_inception_c) for letter in "bcd"),
]


def inception_v4_base(
    inputs: jax.Array, final_endpoint: str = "Mixed_7d", scope: Any = None
) -> tuple[jax.Array, dict[str, Any]]:
    """The convolutions of Inception v4.

    Args:
      inputs: [N, H, W, 3]; of 75 x 75 or more for the whole net.
      final_endpoint: where to stop: 'Conv2d_1a_3x3', 'Conv2d_2a_3x3', 'Conv2d_2b_3x3', 'Mixed_3a', 'Mixed_4a',
        'Mixed_5a' to 'Mixed_5e', 'Mixed_6a' to 'Mixed_6h', or 'Mixed_7a' to 'Mixed_7d'.
      scope: the variable scope; by default 'InceptionV4'.

    Returns:
      The activations at `final_endpoint`, [N, 8, 8, 1536] at the last one for 299 x 299, and all until then by name.

    Raises:
      ValueError: there is no such `final_endpoint`, or the inputs are so small that a window does not fit.
    """
    with (
        variable_scope(scope, "InceptionV4", [inputs]),
        arg_scope([conv2d, max_pool2d, avg_pool2d], stride=1, padding="SAME"),
    ):
        return run("inception_v4_base", inputs, _STAGES, final_endpoint)


def inception_v4(
    inputs: jax.Array,
    num_classes: int | None = 1001,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    reuse: Any = None,
    scope: Any = "InceptionV4",
    create_aux_logits: bool = True,
) -> tuple[jax.Array, dict[str, Any]]:
    """Classifies images by fourteen Inception modules, and by a second, auxiliary head in the midst of them.

    Args:
      inputs: [N, H, W, 3]; made for 299 x 299. The auxiliary head's weights depend on the size, and need 107 x 107 or
        more; without it every size from 75 x 75 on will do.
      num_classes: how many classes; None or 0 leaves out the last layer and returns the features before it.
      is_training: whether dropout is on and `batch_norm` uses the batch's moments.
      dropout_keep_prob: the probability with which dropout keeps a feature.
      reuse: whether to share the variables that an earlier call made under `scope`.
      scope: the variable scope.
      create_aux_logits: whether to make the auxiliary head, whose loss helps the lower layers to learn.

    Returns:
      The logits [N, num_classes], or the features [N, 1, 1, 1536]; and the end points: those of `inception_v4_base`,
      'AuxLogits', 'global_pool', 'PreLogitsFlatten', 'Logits' and 'Predictions'.

    Raises:
      ValueError: the inputs are too small.
    """
    with (
        variable_scope(scope, "InceptionV4", [inputs], reuse=reuse) as sc,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, end_points = inception_v4_base(inputs, scope=sc)
        with arg_scope([conv2d, max_pool2d, avg_pool2d], stride=1, padding="SAME"):
            if create_aux_logits and num_classes:
                with variable_scope("AuxLogits"):
                    aux = end_points["Mixed_6h"]
                    require_map("inception_v4", aux, inputs)
                    aux = avg_pool2d(aux, [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5")
                    aux = conv2d(aux, 128, [1, 1], scope="Conv2d_1b_1x1")
                    aux = conv2d(aux, 768, aux.shape[1:3], padding="VALID", scope="Conv2d_2a")
                    aux = flatten(aux)
                    aux = fully_connected(aux, num_classes, activation_fn=None, scope="Aux_logits")
                    end_points["AuxLogits"] = aux
            with variable_scope("Logits"):
                net = avg_pool2d(net, net.shape[1:3], padding="VALID", scope="AvgPool_1a")
                end_points["global_pool"] = net
                if not num_classes:
                    return net, end_points
                net = dropout(net, dropout_keep_prob, scope="Dropout_1b")
                net = end_points["PreLogitsFlatten"] = flatten(net, scope="PreLogitsFlatten")
                logits = end_points["Logits"] = fully_connected(net, num_classes, activation_fn=None, scope="Logits")
                end_points["Predictions"] = softmax(logits, scope="Predictions")
    return logits, end_points


inception_v4.default_image_size = 299  # pyright: ignore[reportFunctionMemberAccess]
