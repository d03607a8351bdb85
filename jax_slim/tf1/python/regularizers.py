"""`tf.contrib.layers`' regularizers: functions of a variable that give a loss, as nodes."""

import numbers
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import math, reductions

Regularizer = Callable[..., Any]


def _check(scale: Any) -> None:
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"scale cannot be an integer: {scale}")
    if isinstance(scale, numbers.Real) and scale < 0.0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale:g}")


def _nothing(scale: Any) -> bool:
    if isinstance(scale, numbers.Real) and scale == 0.0:
        from jax_slim.tf1.python import logging

        logging.info("Scale of 0 disables regularizer.")
        return True
    return False


def l1_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """scale * sum(|weights|); with scale 0.0 None.

    Raises:
      ValueError: the scale is an integer or negative.
    """
    _check(scale)
    if _nothing(scale):
        return lambda _: None

    def l1(weights: Any, name: str | None = None) -> Any:
        with graphs.name_scope(scope, "l1_regularizer", [weights]) as name:
            factor = conversion.convert_to_tensor(scale, dtype=weights.dtype.base_dtype, name="scale")
            return math.multiply(factor, reductions.reduce_sum(math.abs(weights)), name=name)

    return l1


def l2_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """scale * sum(weights ** 2) / 2; with scale 0.0 None.

    Raises:
      ValueError: the scale is an integer or negative.
    """
    _check(scale)
    if _nothing(scale):
        return lambda _: None

    def l2(weights: Any) -> Any:
        from jax_slim.tf1.python import nn_losses

        with graphs.name_scope(scope, "l2_regularizer", [weights]) as name:
            factor = conversion.convert_to_tensor(scale, dtype=weights.dtype.base_dtype, name="scale")
            return math.multiply(factor, nn_losses.l2_loss(weights), name=name)

    return l2


def l1_l2_regularizer(scale_l1: Any = 1.0, scale_l2: Any = 1.0, scope: str | None = None) -> Regularizer:
    """The sum of both.

    Raises:
      ValueError: a scale is an integer.
    """
    if isinstance(scale_l1, numbers.Integral):
        raise ValueError(f"scale_l1 cannot be an integer: {scale_l1}")
    if isinstance(scale_l2, numbers.Integral):
        raise ValueError(f"scale_l2 cannot be an integer: {scale_l2}")
    scope = scope or "l1_l2_regularizer"
    if scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=scope)


def sum_regularizer(regularizer_list: Any, scope: str | None = None) -> Any:
    """The sum of several; None entries are left out, and of none it is None."""
    found = [r for r in regularizer_list if r is not None]
    if not found:
        return None

    def sum_reg(weights: Any) -> Any:
        with graphs.name_scope(scope, "sum_regularizer", [weights]) as name:
            losses = [loss for loss in (r(weights) for r in found) if loss is not None]
            return math.add_n(losses, name=name) if losses else None

    return sum_reg


def apply_regularization(regularizer: Regularizer, weights_list: Any = None) -> Any:
    """The sum of a regularizer's losses over the weights (by default the collection WEIGHTS), added to the regularization losses.

    Raises:
      ValueError: the regularizer gives no scalar.
    """
    if not weights_list:
        weights_list = graphs.get_collection(GraphKeys.WEIGHTS)
    if not weights_list:
        raise ValueError("No weights to regularize.")
    with graphs.name_scope("get_regularization_penalty", values=weights_list) as scope:
        penalties = [regularizer(w) for w in weights_list]
        penalties = [p if p is not None else conversion.constant(0.0) for p in penalties]
        for p in penalties:
            if p.get_shape().ndims != 0:
                raise ValueError(
                    f"regularizer must return a scalar Tensor instead of a Tensor with rank {p.get_shape().ndims}."
                )
        total = math.add_n(penalties, name=scope)
        graphs.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
        return total
