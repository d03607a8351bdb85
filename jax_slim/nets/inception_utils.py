"""What the Inception nets share: the defaults they are trained with, and how their heads fit onto small images."""

from collections.abc import Callable, Sequence
from typing import Any

import jax

from jax_slim.core.arg_scope import Scope, arg_scope
from jax_slim.core.collections import GraphKeys, NamesOfCollections
from jax_slim.initializers import variance_scaling_initializer
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.dense import fully_connected
from jax_slim.regularizers import l2_regularizer


def inception_arg_scope(
    weight_decay: float = 0.00004,
    use_batch_norm: bool = True,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    activation_fn: Callable[[jax.Array], jax.Array] | None = jax.nn.relu,
    batch_norm_updates_collections: NamesOfCollections = GraphKeys.UPDATE_OPS,
    batch_norm_scale: bool = False,
) -> Scope:
    """The defaults the Inception nets are trained with.

    Args:
      weight_decay: the scale of the L2 loss on weights.
      use_batch_norm: whether convolutions are followed by `batch_norm`; else they have biases.
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
        arg_scope([conv2d, fully_connected], weights_regularizer=l2_regularizer(weight_decay)),
        arg_scope(
            [conv2d],
            weights_initializer=variance_scaling_initializer(),
            activation_fn=activation_fn,
            normalizer_fn=batch_norm if use_batch_norm else None,
            normalizer_params=parameters if use_batch_norm else {},
        ) as scope,
    ):
        return scope


def fitting(net: jax.Array, kernel_size: Sequence[int]) -> tuple[int, int]:
    """The window, no larger than the map of `net` [N, H, W, C]: what small images have left of it."""
    return min(net.shape[1], kernel_size[0]), min(net.shape[2], kernel_size[1])


def require_map(function: str, net: jax.Array, inputs: jax.Array) -> None:
    """Refuses inputs that leave less than the 5 x 5 pixels which an auxiliary head pools.

    Raises:
      ValueError: the map `net` is smaller.
    """
    if min(net.shape[1:3]) < 5:
        raise ValueError(
            f"{function}: inputs must be of 107 x 107 pixels or more with create_aux_logits, got shape {inputs.shape}. "
            "Use larger images, or create_aux_logits=False."
        )
