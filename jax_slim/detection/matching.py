"""Which object each anchor stands for, and what a detector is to say there."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.detection.box_coders import SCALE_FACTORS, encode_boxes
from jax_slim.detection.boxes import check_boxes, iou

UNMATCHED = -1
IGNORED = -2


def argmax_matcher(
    similarity: Any,
    valid: Any = None,
    matched_threshold: float = 0.5,
    unmatched_threshold: float | None = None,
    negatives_lower_than_unmatched: bool = True,
    force_match_for_each_row: bool = True,
) -> jax.Array:
    """Matches each anchor with the object it resembles most, where that is enough.

    Args:
      similarity: [objects, anchors], `iou` for instance.
      valid: bool [objects]: which rows are objects; the others, which fill up a batch, match nothing. None: all.
      matched_threshold: what makes a match.
      unmatched_threshold: below it an anchor is of the background; by default `matched_threshold`.
      negatives_lower_than_unmatched: whether anchors between the thresholds are ignored; False: those below both are,
        and those between are of the background.
      force_match_for_each_row: whether each object also gets the anchor that resembles it most, however little; of
        several objects with the same one the first.

    Returns:
      int32 [anchors]: the number of the object, -1 for the background, -2 for what is ignored.

    Raises:
      ValueError: `similarity` is not of rank 2, or the thresholds are not in order.
    """
    similarity = jnp.asarray(similarity)
    if similarity.ndim != 2:
        raise ValueError(
            f"argmax_matcher: similarity must have shape [objects, anchors], got {similarity.shape}. jax.vmap takes "
            "batches."
        )
    low = matched_threshold if unmatched_threshold is None else unmatched_threshold
    if low > matched_threshold:
        raise ValueError(f"argmax_matcher: unmatched_threshold must be at most {matched_threshold}, got {low}.")
    objects, anchors = similarity.shape
    if not objects:
        return jnp.full(anchors, UNMATCHED, jnp.int32)
    there = jnp.ones(objects, bool) if valid is None else jnp.asarray(valid, bool)
    similarity = jnp.where(there[:, None], similarity, -1)
    best = similarity.max(0)
    below, between = (UNMATCHED, IGNORED) if negatives_lower_than_unmatched else (IGNORED, UNMATCHED)
    matches = jnp.where(best < low, below, similarity.argmax(0).astype(jnp.int32))
    matches = jnp.where((best >= low) & (best < matched_threshold), between, matches)
    if force_match_for_each_row:
        forced = (similarity.argmax(1)[:, None] == jnp.arange(anchors)) & there[:, None]
        matches = jnp.where(forced.any(0), forced.argmax(0).astype(jnp.int32), matches)
    return jnp.where(there.any(), matches, UNMATCHED)


class Targets(NamedTuple):
    """What a detector is to say at each anchor of each image.

    Attributes:
      classes: int32 [N, anchors]; 0 is the background, the data's classes begin at 1.
      codes: [N, anchors, 4], as `encode_boxes`; 0 where nothing is matched.
      positive: [N, anchors], 1 where an object is matched, else 0.
      weights: [N, anchors], of the classes' costs: 0 where an anchor is ignored, else 1.
    """

    classes: jax.Array
    codes: jax.Array
    positive: jax.Array
    weights: jax.Array


def assign_targets(
    anchors: Any,
    boxes: Any,
    classes: Any,
    num_boxes: Any,
    scale_factors: Any = SCALE_FACTORS,
    **matching: Any,
) -> Targets:
    """Matches the objects of a batch with anchors, and says what is to be predicted there.

        targets = slim.detection.assign_targets(anchors, batch["boxes"], batch["classes"], batch["num_boxes"])

    Args:
      anchors: [anchors, 4].
      boxes: [N, most, 4]: the objects of each image, filled up to the same number.
      classes: int [N, most]: 0 is the first class of the data.
      num_boxes: int [N]: how many of them there are.
      scale_factors: as for `encode_boxes`.
      **matching: the thresholds of `argmax_matcher`.

    Returns:
      `Targets`; nothing of them has a gradient.

    Raises:
      ValueError: shapes that do not fit, or as `argmax_matcher`.
    """
    anchors, boxes = check_boxes("assign_targets", "anchors", anchors), check_boxes("assign_targets", "boxes", boxes)
    classes, num_boxes = jnp.asarray(classes), jnp.asarray(num_boxes)
    if boxes.ndim != 3 or classes.shape != boxes.shape[:2] or num_boxes.shape != boxes.shape[:1]:
        raise ValueError(
            "assign_targets: boxes, classes and num_boxes must have shapes [N, M, 4], [N, M] and [N], got "
            f"{boxes.shape}, {classes.shape} and {num_boxes.shape}."
        )
    if not boxes.shape[1]:  # no image of the batch has any: gathering needs a row
        boxes, classes = jnp.zeros((len(boxes), 1, 4), boxes.dtype), jnp.zeros((len(boxes), 1), classes.dtype)

    def of_image(boxes: jax.Array, classes: jax.Array, count: jax.Array) -> Targets:
        valid = jnp.arange(len(boxes)) < count
        matches = argmax_matcher(iou(boxes, anchors), valid, **matching)
        positive, row = matches >= 0, jnp.maximum(matches, 0)
        codes = encode_boxes(boxes[row], anchors, scale_factors)
        return Targets(
            jnp.where(positive, classes[row].astype(jnp.int32) + 1, 0),
            jnp.where(positive[:, None], codes, 0),
            positive.astype(jnp.float32),
            (matches != IGNORED).astype(jnp.float32),
        )

    return jax.lax.stop_gradient(jax.vmap(of_image)(boxes, classes, num_boxes))
