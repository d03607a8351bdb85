"""Boxes of which the best are kept, in compiled programs: results of a fixed size, filled up with zeros."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.detection.suppression import non_max_suppression


def select(boxes: Any, scores: Any, most: int, threshold: Any, least: Any) -> tuple[Any, Any, Any]:
    """The boxes kept, best first, their scores, and how many they are.

    Args:
      boxes: [n, 4], two corners in any order.
      scores: [n]; only those above `least` count, and of equal ones the first is taken.
      most: how many are kept at most, and the length of the results.
      threshold: boxes go whose intersection over union with one that is kept is above it.

    Returns:
      int32 [most], the scores' type [most], int32 [].
    """
    boxes, scores = jnp.asarray(boxes, jnp.float32), jnp.asarray(scores)
    if not most or not scores.shape[0]:
        return jnp.zeros(most, jnp.int32), jnp.zeros(most, scores.dtype), jnp.int32(0)
    corners = jnp.minimum(boxes[:, :2], boxes[:, 2:]), jnp.maximum(boxes[:, :2], boxes[:, 2:])
    picked, count = non_max_suppression(jnp.concatenate(corners, 1), scores, most, threshold, least)
    there, kept = picked >= 0, jnp.maximum(picked, 0)
    return kept, jnp.where(there, scores[kept], 0), count


def combined(
    boxes: Any, scores: Any, per_class: int, size: int, threshold: Any, least: Any, clip_boxes: bool
) -> tuple[Any, Any, Any, Any]:
    """The best boxes of all classes, each class by itself: boxes, scores, classes (all of length `size`), and how many.

    Args:
      boxes: [batch, n, 1 or classes, 4]; scores: [batch, n, classes].
      per_class: how many boxes of a class are kept at most.
      clip_boxes: whether corners are cut to [0, 1].
    """
    boxes, scores = jnp.asarray(boxes, jnp.float32), jnp.asarray(scores, jnp.float32)
    classes = scores.shape[2]
    if boxes.shape[2] == 1:
        boxes = jnp.broadcast_to(boxes, (*boxes.shape[:2], classes, 4))

    def of_class(own: Any, values: Any) -> Any:
        kept, found, count = select(own, values, per_class, threshold, least)
        return own[kept], jnp.where(jnp.arange(per_class) < count, found, -jnp.inf)

    def of_image(own: Any, values: Any) -> Any:
        corners, found = jax.vmap(of_class, in_axes=1)(own, values)  # [classes, per_class, ...]
        corners, found = corners.reshape(-1, 4), found.reshape(-1)
        found, places = jax.lax.top_k(found, min(size, found.shape[0]))
        there = found > -jnp.inf
        labels = (places // per_class).astype(jnp.float32)
        corners = jnp.clip(corners[places], 0, 1) if clip_boxes else corners[places]
        results = [jnp.where(there[:, None], corners, 0), jnp.where(there, found, 0), jnp.where(there, labels, 0)]
        rest = size - found.shape[0]
        padded = [jnp.pad(r, [(0, rest)] + [(0, 0)] * (r.ndim - 1)) for r in results]
        return *padded, there.sum(dtype=jnp.int32)

    return jax.vmap(of_image)(boxes, scores)
