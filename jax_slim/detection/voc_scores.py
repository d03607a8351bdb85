"""PASCAL VOC's average precision of boxes.

Source: Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", 2010.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jax_slim.detection.coco_scores import overlaps

if TYPE_CHECKING:
    from jax_slim.detection.evaluators import Found


def average_precision(
    images: Sequence["Found"], number: int, iou_threshold: float = 0.5, eleven_points: bool = False
) -> float:
    """The average precision of one class; NaN where there are no objects of it that count."""
    scores, right, objects = [np.zeros(0)], [np.zeros(0, bool)], 0
    for image in images:
        found, there = image.classes == number, image.true_classes == number
        difficult = image.difficult[there]
        objects += int((~difficult).sum())
        good, counts = _judged(overlaps(image.boxes[found], image.true_boxes[there]), difficult, iou_threshold)
        scores.append(image.scores[found][counts])
        right.append(good[counts])
    if not objects:
        return float("nan")
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hits = np.cumsum(np.concatenate(right)[order])
    recall, precision = hits / objects, hits / np.arange(1, len(hits) + 1)
    if eleven_points:
        reached = (precision[recall >= least - 1e-12] for least in np.linspace(0, 1, 11))
        return float(np.mean([part.max() if part.size else 0.0 for part in reached]))
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0) * best_from_here).sum())


def _judged(ious: np.ndarray, difficult: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Whether each detection, the best first, is right, and whether it counts: on a difficult object it does not.

    A detection stands for the object that it overlaps most; the second for the same one is wrong.
    """
    right, counts = np.zeros(len(ious), bool), np.ones(len(ious), bool)
    if not ious.shape[1]:
        return right, counts
    taken = np.zeros(ious.shape[1], bool)
    for place, best in enumerate(ious.argmax(1)):
        if ious[place, best] < least:
            continue
        if difficult[best]:
            counts[place] = False
        elif not taken[best]:
            right[place] = taken[best] = True
    return right, counts
