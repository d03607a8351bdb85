"""Boxes relative to anchors: what a detector's outputs say.

Source: Ren et al., "Faster R-CNN", 2015; the scales are those that the Object Detection API and SSD train with.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.detection.boxes import check_boxes

SCALE_FACTORS = (10.0, 10.0, 5.0, 5.0)
_TINY = 1e-8


def encode_boxes(boxes: Any, anchors: Any, scale_factors: Sequence[float] = SCALE_FACTORS) -> jax.Array:
    """How boxes differ from their anchors: [..., 4] -> [..., 4] of t_y, t_x, t_h, t_w.

    t_y is the way from the anchor's centre to the box's in heights of the anchor, t_h the logarithm of their heights'
    ratio, each times its factor.

    Args:
      boxes, anchors: y_min, x_min, y_max, x_max; shapes that broadcast.
      scale_factors: of t_y, t_x, t_h and t_w.

    Raises:
      ValueError: the last axis is not of size 4, or there are not four factors above 0.
    """
    factors = _factors("encode_boxes", scale_factors)
    place, size = _centres_and_sizes(check_boxes("encode_boxes", "boxes", boxes))
    anchor_place, anchor_size = _centres_and_sizes(check_boxes("encode_boxes", "anchors", anchors))
    # An empty box, as those are that fill up a batch, has a code that is finite.
    size, anchor_size = jnp.maximum(size, 0) + _TINY, anchor_size + _TINY
    codes = jnp.concatenate([(place - anchor_place) / anchor_size, jnp.log(size / anchor_size)], -1)
    return codes * factors


def decode_boxes(codes: Any, anchors: Any, scale_factors: Sequence[float] = SCALE_FACTORS) -> jax.Array:
    """The boxes that codes say: the inverse of `encode_boxes`, with the same arguments and errors."""
    factors = _factors("decode_boxes", scale_factors)
    codes = check_boxes("decode_boxes", "codes", codes) / factors
    place, size = _centres_and_sizes(check_boxes("decode_boxes", "anchors", anchors))
    half = jnp.exp(codes[..., 2:]) * size / 2
    centre = codes[..., :2] * size + place
    return jnp.concatenate([centre - half, centre + half], -1)


def _centres_and_sizes(boxes: jax.Array) -> tuple[jax.Array, jax.Array]:
    size = boxes[..., 2:] - boxes[..., :2]
    return boxes[..., :2] + size / 2, size


def _factors(function: str, given: Sequence[float]) -> jax.Array:
    if len(given) != 4 or not all(factor > 0 for factor in given):
        raise ValueError(f"{function}: scale_factors must be four numbers above 0, got {tuple(given)}.")
    return jnp.asarray(given, jnp.float32)
