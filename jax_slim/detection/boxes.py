"""Boxes as arrays [..., 4] of y_min, x_min, y_max, x_max: areas, intersections over unions, windows.

Coordinates are parts of the image's sides, from 0 to 1, wherever nothing else is said; any unit serves here.
"""

from typing import Any

import jax
import jax.numpy as jnp


def check_boxes(function: str, argument: str, boxes: Any) -> jax.Array:
    """`boxes` as a float array of boxes.

    Raises:
      ValueError: the last axis is not of size 4.
    """
    array = jnp.asarray(boxes)
    if array.ndim == 0 or array.shape[-1] != 4:
        raise ValueError(
            f"{function}: {argument} must have shape [..., 4] (y_min, x_min, y_max, x_max), got {array.shape}."
        )
    return array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(jnp.float32)


def area(boxes: Any) -> jax.Array:
    """Areas of boxes: [..., 4] -> [...]; 0 for those turned inside out.

    Raises:
      ValueError: the last axis is not of size 4.
    """
    boxes = check_boxes("area", "boxes", boxes)
    sides = jnp.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return sides[..., 0] * sides[..., 1]


def iou(boxes: Any, others: Any) -> jax.Array:
    """Intersection over union of each of some boxes with each of others: [..., N, 4], [..., M, 4] -> [..., N, M].

        slim.detection.iou([[0, 0, 2, 2]], [[0, 0, 2, 1], [3, 3, 4, 4]])      # [[0.5, 0.]]

    Args:
      boxes, others: y_min, x_min, y_max, x_max, in the same unit.

    Returns:
      From 0 to 1; 0 where they have no area in common.

    Raises:
      ValueError: the last axis is not of size 4.
    """
    boxes, others = check_boxes("iou", "boxes", boxes), check_boxes("iou", "others", others)
    first, second = boxes[..., :, None, :], others[..., None, :, :]
    common = area(
        jnp.concatenate(
            [jnp.maximum(first[..., :2], second[..., :2]), jnp.minimum(first[..., 2:], second[..., 2:])], -1
        )
    )
    union = area(first) + area(second) - common
    # A gradient through 0 / 0 would be NaN.
    return jnp.where(common > 0, common / jnp.where(common > 0, union, 1), 0)


def clip_to_window(boxes: Any, window: Any = (0.0, 0.0, 1.0, 1.0)) -> jax.Array:
    """The parts of boxes that lie in a window; what lies outside becomes an empty box at its edge.

    Args:
      boxes: [..., 4].
      window: y_min, x_min, y_max, x_max; by default the image.

    Raises:
      ValueError: the last axis is not of size 4.
    """
    boxes = check_boxes("clip_to_window", "boxes", boxes)
    window = check_boxes("clip_to_window", "window", window)
    low, high = jnp.tile(window[..., :2], 2), jnp.tile(window[..., 2:], 2)
    return jnp.clip(boxes, low, high)
