"""COCO's average precision and recall of boxes.

Source: Lin et al., "Microsoft COCO: Common Objects in Context", 2014; where that is silent, pycocotools decides.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jax_slim.detection.evaluators import Found

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AREAS = {"": (0.0, 1e10), "s": (0.0, 32.0**2), "m": (32.0**2, 96.0**2), "l": (96.0**2, 1e10)}
COUNTS = (1, 10, 100)


class Curves(NamedTuple):
    """What the twelve numbers are means of; -1 where a class has no objects of that size.

    Attributes:
      precision: [thresholds, recalls, classes, areas, counts].
      recall: [thresholds, classes, areas, counts].
    """

    precision: np.ndarray
    recall: np.ndarray


class _Matched(NamedTuple):
    """The detections of a class in an image: [D] scores; [thresholds, D]: are they right, do they not count."""

    scores: np.ndarray
    right: np.ndarray
    ignored: np.ndarray
    objects: int


def overlaps(boxes: np.ndarray, others: np.ndarray, crowd: np.ndarray | None = None) -> np.ndarray:
    """Intersection over union: [N, 4], [M, 4] -> [N, M]; of groups the part of the box that lies in them."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    sides = np.maximum(np.minimum(boxes[:, None, 2:], others[None, :, 2:]) - low, 0)
    common = sides[..., 0] * sides[..., 1]
    areas, other_areas = ((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) for b in (boxes, others))
    whole = areas[:, None] + other_areas - common
    if crowd is not None:
        whole = np.where(crowd, areas[:, None], whole)
    return np.divide(common, whole, out=np.zeros_like(common), where=common > 0)


def curves(images: Sequence["Found"], num_classes: int) -> Curves:
    """Precision and recall of all classes, sizes and numbers of detections."""
    precision = np.full((len(THRESHOLDS), len(RECALLS), num_classes, len(AREAS), len(COUNTS)), -1.0)
    recall = np.full((len(THRESHOLDS), num_classes, len(AREAS), len(COUNTS)), -1.0)
    for number in range(num_classes):
        here = [part for image in images if (part := _of_class(image, number)) is not None]
        for place, span in enumerate(AREAS.values()):
            matched = [_match(*part, span) for part in here]
            if not sum(part.objects for part in matched):
                continue
            for index, count in enumerate(COUNTS):
                precision[:, :, number, place, index], recall[:, number, place, index] = _curve(matched, count)
    return Curves(precision, recall)


def summary(found: Curves) -> dict[str, float]:
    """The twelve numbers."""

    def mean(values: np.ndarray) -> float:
        values = values[values > -1]
        return float(values.mean()) if values.size else -1.0

    most, sizes = len(COUNTS) - 1, list(AREAS)
    precision = found.precision[..., most]
    numbers = {
        "AP": mean(precision[..., 0]),
        "AP50": mean(precision[0, ..., 0]),
        "AP75": mean(precision[5, ..., 0]),
        **{f"AP{size}": mean(precision[..., place]) for place, size in enumerate(sizes) if size},
    }
    numbers |= {f"AR{count}": mean(found.recall[:, :, 0, index]) for index, count in enumerate(COUNTS)}
    return numbers | {f"AR{size}": mean(found.recall[:, :, place, most]) for place, size in enumerate(sizes) if size}


def by_class(found: Curves) -> np.ndarray:
    """AP of each class: [classes]."""
    return found.precision[:, :, :, 0, -1].mean((0, 1))  # a class has all values or none


def _of_class(image: "Found", number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """The boxes of one class: found and there, with their overlaps; None where there are neither."""
    found, there = np.flatnonzero(image.classes == number)[: COUNTS[-1]], np.flatnonzero(image.true_classes == number)
    if not found.size and not there.size:
        return None
    boxes, crowd = image.boxes[found], image.crowd[there]
    sides = boxes[:, 2:] - boxes[:, :2]
    return (
        overlaps(boxes, image.true_boxes[there], crowd), image.scores[found], sides[:, 0] * sides[:, 1], crowd,
        image.areas[there],
    )  # fmt: skip


def _match(
    ious: np.ndarray, scores: np.ndarray, sizes: np.ndarray, crowd: np.ndarray, areas: np.ndarray,
    span: tuple[float, float],
) -> _Matched:  # fmt: skip
    """Gives each detection, the best first, the object that it overlaps most of those left.

    Objects of other sizes and groups do not count, and come last: only what fits no other is given to them.
    """
    uncounted = crowd | (areas < span[0]) | (areas > span[1])
    order = np.argsort(uncounted, kind="stable")
    ious, crowd, uncounted = ious[:, order], crowd[order], uncounted[order]
    counted = int((~uncounted).sum())
    right = np.zeros((len(THRESHOLDS), len(scores)), bool)
    ignored = np.zeros_like(right)
    for row, threshold in enumerate(THRESHOLDS):
        free = np.ones(len(crowd), bool)
        least = min(threshold, 1 - 1e-10)
        for place, overlap in enumerate(ious):
            able = (free | crowd) & (overlap >= least)
            part = slice(0, counted) if able[:counted].any() else slice(counted, None)
            if not able[part].any():
                continue
            best = np.where(able[part], overlap[part], -1)
            # Of equal overlaps the last.
            taken = (part.start or 0) + len(best) - 1 - int(best[::-1].argmax())
            free[taken] = False
            right[row, place] = True
            ignored[row, place] = uncounted[taken]
    ignored |= ~right & ((sizes < span[0]) | (sizes > span[1]))
    return _Matched(scores, right, ignored, counted)


def _curve(matched: Sequence[_Matched], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Precision at all recalls, and the recall at the end, of up to `count` detections an image."""
    scores = np.concatenate([part.scores[:count] for part in matched])
    order = np.argsort(-scores, kind="stable")
    right = np.concatenate([part.right[:, :count] for part in matched], 1)[:, order]
    ignored = np.concatenate([part.ignored[:, :count] for part in matched], 1)[:, order]
    objects = sum(part.objects for part in matched)
    hits, misses = (np.cumsum(kind & ~ignored, 1, dtype=np.float64) for kind in (right, ~right))
    precision = np.zeros((len(THRESHOLDS), len(RECALLS)))
    for row, (hit, miss) in enumerate(zip(hits, misses, strict=True)):
        share = hit / (hit + miss + np.spacing(1))
        best_from_here = np.maximum.accumulate(share[::-1])[::-1]
        places = np.searchsorted(hit / objects, RECALLS, side="left")
        reached = places < len(share)
        precision[row, reached] = best_from_here[places[reached]]
    return precision, hits[:, -1] / objects if len(scores) else np.zeros(len(THRESHOLDS))
