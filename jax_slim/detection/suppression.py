"""Of boxes that overlap much only the best: non-maximum suppression of fixed sizes, so that it can be compiled.

Greedy, as TensorFlow's `non_max_suppression` is: the best box stays, what overlaps it too much goes, and so on.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.detection.boxes import area, check_boxes, clip_to_window, iou


class Detections(NamedTuple):
    """What was found in each image, the best first, filled up with zeros.

    Attributes:
      boxes: [..., most, 4].
      scores: [..., most].
      classes: int32 [..., most]; 0 is the first class of the data.
      num_detections: int32 [...]: how many there are.
    """

    boxes: jax.Array
    scores: jax.Array
    classes: jax.Array
    num_detections: jax.Array


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: int,
    iou_threshold: float = 0.5,
    score_threshold: float = -jnp.inf,
) -> tuple[jax.Array, jax.Array]:
    """Picks the best boxes that do not overlap too much.

    Args:
      boxes: [N, 4].
      scores: [N].
      max_output_size: how many to pick, at most.
      iou_threshold: a box goes when its intersection over union with a better one is above this.
      score_threshold: only boxes with a score above this are picked.

    Returns:
      int32 [max_output_size]: which boxes, the best first, of equal scores the first; -1 fills up. And int32: how many.

    Raises:
      ValueError: shapes that do not fit, or `max_output_size` below 1.
    """
    boxes, scores = check_boxes("non_max_suppression", "boxes", boxes), jnp.asarray(scores)
    if boxes.ndim != 2 or scores.shape != boxes.shape[:1]:
        raise ValueError(
            f"non_max_suppression: boxes and scores must have shapes [N, 4] and [N], got {boxes.shape} and "
            f"{scores.shape}. jax.vmap takes batches."
        )
    if max_output_size < 1:
        raise ValueError(f"non_max_suppression: max_output_size must be at least 1, got {max_output_size}.")
    picked = jnp.full(max_output_size, -1, jnp.int32)
    if not len(boxes):
        return picked, jnp.int32(0)

    def more(state: tuple[jax.Array, ...]) -> jax.Array:
        count, _, left = state
        return (count < max_output_size) & (left.max() > -jnp.inf)

    def pick(state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        count, picked, left = state
        best = left.argmax().astype(jnp.int32)
        gone = (iou(boxes[best][None], boxes)[0] > iou_threshold).at[best].set(True)
        return count + 1, picked.at[count].set(best), jnp.where(gone, -jnp.inf, left)

    left = jnp.where(scores > score_threshold, scores, -jnp.inf)
    count, picked, _ = jax.lax.while_loop(more, pick, (jnp.int32(0), picked, left))
    return picked, count


def survivors(boxes: Any, scores: Any, iou_threshold: float) -> jax.Array:
    """Which boxes `non_max_suppression` would pick of all, bool [N]: faster where most of many boxes stay.

    A box stays exactly when no better one that stays overlaps it too much. That is made true for all boxes at once,
    again and again, until nothing changes: after few rounds, as chains of overlaps are short.
    """
    boxes, scores = check_boxes("survivors", "boxes", boxes), jnp.asarray(scores)
    place = jnp.arange(len(boxes))
    better = (scores[:, None] > scores) | ((scores[:, None] == scores) & (place[:, None] < place))
    rivals = better & (iou(boxes, boxes) > iou_threshold)

    def settle(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        stay, _ = state
        following = ~(rivals & stay[:, None]).any(0)
        return following, (following != stay).any()

    return jax.lax.while_loop(lambda state: state[1], settle, (jnp.ones(len(boxes), bool), jnp.asarray(True)))[0]


def multiclass_non_max_suppression(
    boxes: Any,
    scores: Any,
    score_threshold: float = 1e-8,
    iou_threshold: float = 0.6,
    max_detections_per_class: int = 100,
    max_total_detections: int = 100,
    window: Any = (0.0, 0.0, 1.0, 1.0),
) -> Detections:
    """`non_max_suppression` for each class, then the best of all classes.

    Args:
      boxes: [N, 4].
      scores: [N, classes], without the background.
      score_threshold, iou_threshold: as for `non_max_suppression`.
      max_detections_per_class, max_total_detections: how many are kept.
      window: where boxes are cut off; those outside of it go. None: nowhere.

    Returns:
      `Detections` of one image; `jax.vmap` takes batches.

    Raises:
      ValueError: shapes that do not fit, or a number below 1.
    """
    function = "multiclass_non_max_suppression"
    boxes, scores = check_boxes(function, "boxes", boxes), jnp.asarray(scores)
    if boxes.ndim != 2 or scores.ndim != 2 or len(scores) != len(boxes):
        raise ValueError(
            f"{function}: boxes and scores must have shapes [N, 4] and [N, classes], got {boxes.shape} and "
            f"{scores.shape}. jax.vmap takes batches."
        )
    if max_total_detections < 1:
        raise ValueError(f"{function}: max_total_detections must be at least 1, got {max_total_detections}.")
    most = min(max_detections_per_class, max(len(boxes), 1))

    def of_class(scores: jax.Array) -> tuple[jax.Array, jax.Array]:
        picked, _ = non_max_suppression(boxes, scores, most, iou_threshold, score_threshold)
        return picked, jnp.where(picked >= 0, scores[jnp.maximum(picked, 0)], -jnp.inf)

    picked, found = jax.vmap(of_class, in_axes=1)(scores)
    kept = boxes[jnp.maximum(picked, 0)]
    if window is not None:
        kept = clip_to_window(kept, window)
        found = jnp.where(area(kept) > 0, found, -jnp.inf)
    classes = jnp.broadcast_to(jnp.arange(scores.shape[1], dtype=jnp.int32)[:, None], picked.shape)
    short = max(max_total_detections - found.size, 0)
    flat = jnp.pad(found.reshape(-1), (0, short), constant_values=-jnp.inf)
    best, order = jax.lax.top_k(flat, max_total_detections)
    there, order = best > -jnp.inf, jnp.minimum(order, found.size - 1)
    return Detections(
        jnp.where(there[:, None], kept.reshape(-1, 4)[order], 0),
        jnp.where(there, best, 0),
        jnp.where(there, classes.reshape(-1)[order], 0),
        there.sum(dtype=jnp.int32),
    )
