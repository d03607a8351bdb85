"""Losses of segmentation: a class for each pixel, some of which are to be ignored, or only the hardest counted."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.global_step import get_or_create_global_step
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope
from jax_slim.kernels.resizing import resize_bilinear, resize_nearest_neighbor
from jax_slim.losses import _args, _elements
from jax_slim.losses._weighting import floats, safe_divide
from jax_slim.losses.accounts import record


@operation
def pixel_softmax_cross_entropy(
    logits: Any,
    labels: Any,
    class_weights: Sequence[float] | float = 1.0,
    ignore_label: int | None = 255,
    upsample_logits: bool = True,
    top_k_percent_pixels: float = 1.0,
    hard_example_mining_step: int = 0,
    scope: str | None = None,
) -> jax.Array:
    """Cross entropy of the logits of pixels with the classes of pixels.

        logits, _ = model.function(batch["image"], is_training=True)              # [N, 129, 129, 21]
        slim.losses.segmentation.pixel_softmax_cross_entropy(logits, batch["mask"])        # masks [N, 513, 513]

    Args:
      logits: [N, h, w, classes].
      labels: [N, H, W] or [N, H, W, 1], integers.
      class_weights: how much the pixels of each class count; or one number.
      ignore_label: the class of pixels that do not count; None for none.
      upsample_logits: whether logits are enlarged to the labels, or labels made smaller.
      top_k_percent_pixels: which share of all pixels counts, from 0 to 1: those that cost most.
      hard_example_mining_step: the step at which that share is reached; until then it falls evenly from 1, by the
        program's global step. 0: from the start.
      scope: the name; by default 'softmax_all_pixel_loss', or with mining 'softmax_hard_example_mining'.

    Returns:
      A scalar, which is listed: the sum of what pixels cost divided by the number of those that are not ignored, or
      with mining by the number of hard ones that cost anything. 0 where there are none. A label outside of [0, classes)
      that is not ignored makes it NaN.

    Raises:
      TypeError: `labels` are not integers.
      ValueError: the shapes do not fit, or a number is out of range.

    Source: research/deeplab/utils/train_utils.py.
    """
    function = "pixel_softmax_cross_entropy"
    logits, labels = floats(logits), _args.class_ids(function, labels)
    if labels.ndim == 4 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if logits.ndim != 4 or labels.ndim != 3 or len(logits) != len(labels):
        raise ValueError(
            f"{function}: logits must be [N, h, w, classes] and labels [N, H, W] or [N, H, W, 1], got shapes "
            f"{logits.shape} and {labels.shape}."
        )
    classes = logits.shape[-1]
    weights = _class_weights(function, class_weights, classes)
    if not 0 < top_k_percent_pixels <= 1:
        raise ValueError(f"{function}: top_k_percent_pixels must be above 0 and up to 1, got {top_k_percent_pixels!r}.")
    if hard_example_mining_step < 0:
        raise ValueError(f"{function}: hard_example_mining_step must be at least 0, got {hard_example_mining_step!r}.")
    mining = top_k_percent_pixels < 1
    with name_scope(scope, "softmax_hard_example_mining" if mining else "softmax_all_pixel_loss"):
        if logits.shape[1:3] != labels.shape[1:]:
            if upsample_logits:
                logits = resize_bilinear(logits, labels.shape[1:], align_corners=True)
            else:
                labels = resize_nearest_neighbor(labels[..., None], logits.shape[1:3], align_corners=True)[..., 0]
        counted = jnp.ones(labels.shape, bool) if ignore_label is None else labels != ignore_label
        ids = jnp.where(counted, labels, 0)
        losses = _elements.sparse_softmax_cross_entropy(logits, ids)
        losses = _args.in_range(function, losses, ids, classes, counted.astype(losses.dtype))
        of_pixels = weights if weights.ndim == 0 else jnp.take(weights, ids, mode="clip")
        losses = jnp.where(counted, losses * of_pixels, 0)
        if mining:
            losses = _hardest(losses.reshape(-1), top_k_percent_pixels, hard_example_mining_step)
            number = jnp.sum(losses != 0)
        else:
            number = jnp.sum(counted)
        return record(safe_divide(jnp.sum(losses), number.astype(losses.dtype)), name="loss_value")


def _class_weights(function: str, weights: Sequence[float] | float, classes: int) -> jax.Array:
    values = jnp.asarray(weights, jnp.float32)
    if values.shape not in ((), (classes,)):
        raise ValueError(
            f"{function}: class_weights must be a number or have one for each of the {classes} classes, got shape "
            f"{values.shape}."
        )
    return values


def _hardest(losses: jax.Array, share: float, reached_at: int) -> jax.Array:
    """The largest of the losses, and zeros in the place of the others."""
    ordered = jnp.sort(losses)[::-1]
    if not reached_at:
        return ordered[: math.floor(share * losses.size)]
    # The share changes from step to step, and sizes of arrays cannot.
    done = jnp.minimum(1.0, get_or_create_global_step().astype(jnp.float32) / reached_at)
    kept = jnp.floor((done * share + (1 - done)) * losses.size)
    return jnp.where(jnp.arange(losses.size) < kept, ordered, 0)
