"""From a detector's outputs to what is in a picture."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.detection.box_coders import SCALE_FACTORS, decode_boxes
from jax_slim.detection.boxes import check_boxes
from jax_slim.detection.suppression import Detections, multiclass_non_max_suppression


def detect(
    logits: Any,
    codes: Any,
    anchors: Any,
    score_converter: str = "sigmoid",
    score_threshold: float = 1e-8,
    iou_threshold: float = 0.6,
    max_detections_per_class: int = 100,
    max_total_detections: int = 100,
    scale_factors: Any = SCALE_FACTORS,
) -> Detections:
    """The objects that a detector's outputs speak of, the best first.

        logits, end_points = model.apply(model.variables, images)
        found = slim.detection.detect(logits, end_points["BoxEncodings"], end_points["Anchors"])
        found.boxes[0][: found.num_detections[0]]

    Args:
      logits: [N, anchors, 1 + classes], the first of them the background's.
      codes: [N, anchors, 4], as `encode_boxes`.
      anchors: [anchors, 4].
      score_converter: "sigmoid" or "softmax": what makes scores of logits, as the detector was trained.
      score_threshold, iou_threshold, max_detections_per_class, max_total_detections: as for
        `multiclass_non_max_suppression`; the defaults are the Object Detection API's.
      scale_factors: of the codes.

    Returns:
      `Detections` [N, ...]: boxes as parts of the image's sides, cut off at its edges.

    Raises:
      ValueError: shapes that do not fit, or there is no such converter.
    """
    boxes, scores = decoded(logits, codes, anchors, score_converter, scale_factors)

    def of_image(boxes: jax.Array, scores: jax.Array) -> Detections:
        return multiclass_non_max_suppression(
            boxes, scores, score_threshold, iou_threshold, max_detections_per_class, max_total_detections
        )

    return jax.vmap(of_image)(boxes, scores)


def decoded(
    logits: Any, codes: Any, anchors: Any, score_converter: str = "sigmoid", scale_factors: Any = SCALE_FACTORS
) -> tuple[jax.Array, jax.Array]:
    """The boxes of all anchors [N, anchors, 4], and their scores [N, anchors, classes] without the background.

    Args and errors as `detect`'s.
    """
    converters = {"sigmoid": jax.nn.sigmoid, "softmax": jax.nn.softmax}
    if score_converter not in converters:
        raise ValueError(f"detect: score_converter must be 'sigmoid' or 'softmax', got {score_converter!r}.")
    logits, codes = jnp.asarray(logits), check_boxes("detect", "codes", codes)
    anchors = check_boxes("detect", "anchors", anchors)
    if logits.ndim != 3 or codes.shape[:2] != logits.shape[:2] or logits.shape[1] != len(anchors):
        raise ValueError(
            "detect: logits, codes and anchors must have shapes [N, A, C], [N, A, 4] and [A, 4], got "
            f"{logits.shape}, {codes.shape} and {anchors.shape}."
        )
    scores = converters[score_converter](logits.astype(jnp.float32))[..., 1:]
    return decode_boxes(codes.astype(jnp.float32), anchors, scale_factors), scores
