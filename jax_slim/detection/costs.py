"""What a detector is trained for: costs of boxes and classes, and which anchors count.

Source: Liu et al., "SSD: Single Shot MultiBox Detector", 2016, as the Object Detection API computes it.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.detection.box_coders import SCALE_FACTORS, decode_boxes
from jax_slim.detection.boxes import check_boxes
from jax_slim.detection.matching import Targets
from jax_slim.detection.suppression import survivors


def smooth_l1(predictions: Any, targets: Any, delta: float = 1.0) -> jax.Array:
    """Half the square of differences up to `delta`, straight beyond, summed over the last axis: [..., D] -> [...].

    Raises:
      ValueError: the shapes differ.
    """
    predictions, targets = jnp.asarray(predictions), jnp.asarray(targets)
    if predictions.shape != targets.shape:
        raise ValueError(
            f"smooth_l1: predictions and targets must have the same shape, got {predictions.shape} and {targets.shape}."
        )
    size = jnp.abs(predictions - targets)
    near = jnp.minimum(size, delta)
    return (near * (size - near / 2)).sum(-1)


def class_costs(logits: Any, classes: Any, kind: str = "sigmoid") -> jax.Array:
    """Cross entropy of logits with classes, summed over the classes: [..., C], int [...] -> [...].

    Args:
      logits: with the background as the first class.
      classes: from 0, the background, to C - 1.
      kind: "sigmoid": each class by itself, as the API trains the MobileNets; "softmax": one of them all, as SSD's
        authors do.

    Raises:
      ValueError: the shapes do not fit, or there is no such kind.
    """
    logits, classes = jnp.asarray(logits), jnp.asarray(classes)
    if logits.shape[:-1] != classes.shape:
        raise ValueError(
            f"class_costs: classes must have the shape of logits without the last axis, got {classes.shape} for "
            f"{logits.shape}."
        )
    logits = logits.astype(jnp.promote_types(logits.dtype, jnp.float32))
    if kind == "softmax":
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), classes[..., None], -1)[..., 0]
    if kind != "sigmoid":
        raise ValueError(f"class_costs: kind must be 'sigmoid' or 'softmax', got {kind!r}.")
    wanted = jnp.take_along_axis(logits, classes[..., None], -1)[..., 0]
    return jax.nn.softplus(logits).sum(-1) - wanted


def hard_examples(
    costs: Any,
    positive: Any,
    boxes: Any = None,
    ignored: Any = None,
    num_hard_examples: int | None = None,
    iou_threshold: float | None = None,
    max_negatives_per_positive: float = 3.0,
    min_negatives_per_image: int = 0,
) -> jax.Array:
    """Which anchors of an image count: those with objects, and of the background those that cost most.

    Args:
      costs: [anchors], of the classes.
      positive: [anchors], whether an object is matched.
      boxes: [anchors, 4], what is predicted there; needed with `iou_threshold`.
      ignored: bool [anchors], which anchors are neither objects nor background; None: none.
      num_hard_examples: only so many anchors of the highest costs are looked at; None: all.
      iou_threshold: of boxes that overlap more than this only the one that costs most is looked at (objects too);
        None or 1: all.
      max_negatives_per_positive: how many anchors of the background count for each one with an object.
      min_negatives_per_image: how many at least, also where there is no object.

    Returns:
      bool [anchors].

    Raises:
      ValueError: shapes that do not fit, or no `boxes` with an `iou_threshold`.
    """
    costs, positive = jnp.asarray(costs), jnp.asarray(positive) > 0
    if costs.ndim != 1 or positive.shape != costs.shape:
        raise ValueError(
            f"hard_examples: costs and positive must have shape [anchors], got {costs.shape} and {positive.shape}."
        )
    looked_at = jnp.ones(costs.shape, bool)
    if iou_threshold is not None and iou_threshold < 1:
        if boxes is None:
            raise ValueError("hard_examples: boxes must be given with iou_threshold, got None.")
        looked_at = survivors(check_boxes("hard_examples", "boxes", boxes), costs, iou_threshold)
    order = jnp.argsort(jnp.where(looked_at, -costs, jnp.inf), stable=True)
    looked_at, positive = looked_at[order], positive[order]
    if num_hard_examples is not None:
        looked_at &= jnp.arange(costs.size) < num_hard_examples
    positive &= looked_at
    negative = looked_at & ~positive
    if ignored is not None:
        negative &= ~jnp.asarray(ignored, bool)[order]
    most = jnp.maximum((max_negatives_per_positive * positive.sum()).astype(jnp.int32), min_negatives_per_image)
    chosen = positive | (negative & (negative.cumsum() <= most))
    return jnp.zeros(costs.shape, bool).at[order].set(chosen)


def ssd_costs(
    logits: Any,
    codes: Any,
    anchors: Any,
    targets: Targets,
    kind: str = "sigmoid",
    num_hard_examples: int | None = 3000,
    iou_threshold: float | None = 0.99,
    max_negatives_per_positive: float = 3.0,
    min_negatives_per_image: int = 3,
    scale_factors: Any = SCALE_FACTORS,
) -> tuple[jax.Array, jax.Array]:
    """The two costs of a single-shot detector: of places and of classes, for each object that anchors were matched to.

        localization, classification = slim.detection.ssd_costs(logits, codes, anchors, targets)
        slim.losses.add_loss(localization)
        slim.losses.add_loss(classification)

    Args:
      logits: [N, anchors, 1 + classes].
      codes: [N, anchors, 4], as `encode_boxes`.
      anchors: [anchors, 4].
      targets: of `assign_targets`.
      kind: as for `class_costs`.
      num_hard_examples, iou_threshold, max_negatives_per_positive, min_negatives_per_image: as for `hard_examples`; by
        default those that ssd_mobilenet_v2_coco is trained with.
      scale_factors: of the codes.

    Returns:
      localization, classification: scalars, sums over the anchors that count divided by the number of matched ones.

    Raises:
      ValueError: shapes that do not fit.
    """
    logits, codes = jnp.asarray(logits), check_boxes("ssd_costs", "codes", codes)
    anchors = check_boxes("ssd_costs", "anchors", anchors)
    if logits.ndim != 3 or codes.shape[:2] != logits.shape[:2] or logits.shape[1] != len(anchors):
        raise ValueError(
            "ssd_costs: logits, codes and anchors must have shapes [N, A, C], [N, A, 4] and [A, 4], got "
            f"{logits.shape}, {codes.shape} and {anchors.shape}."
        )
    places = smooth_l1(codes.astype(jnp.float32), targets.codes) * targets.positive
    costs = class_costs(logits, targets.classes, kind) * targets.weights

    def count(example: tuple[jax.Array, ...]) -> jax.Array:
        costs, positive, codes, weights = example
        return hard_examples(
            costs, positive, decode_boxes(codes, anchors, scale_factors), weights == 0, num_hard_examples,
            iou_threshold, max_negatives_per_positive, min_negatives_per_image,
        )  # fmt: skip

    # One image at a time: each compares all of its boxes with each other.
    given = jax.lax.stop_gradient((costs, targets.positive, codes, targets.weights))
    counted = jax.lax.map(count, given).astype(jnp.float32)
    matched = jnp.maximum(targets.positive.sum(), 1)
    return (places * counted).sum() / matched, (costs * counted).sum() / matched
