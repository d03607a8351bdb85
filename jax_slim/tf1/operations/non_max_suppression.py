"""Boxes of which the best are kept and those that overlap them are not. On the host, unless results are padded to a known size."""

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np

from jax_slim.tf1.graph import errors, known_values, rows
from jax_slim.tf1.operations import arrays, shape_checks, traced_suppression

_f32 = np.float32


def _chosen_shape(op: Any) -> Any:
    """A rule: one vector of a length that is not known; checks boxes and scores."""
    boxes, (scores,) = shape_checks.with_rank(op, 0, 2), shape_checks.with_rank(op, 1, 1)
    shape_checks.merged(op, boxes[0], scores)
    if op.type != "NonMaxSuppressionWithOverlaps":
        shape_checks.merged(op, boxes[1], 4)
    for place in range(2, len(op._inputs)):
        shape_checks.with_rank(op, place, 0)
    return [[None]]


def _padded_shape(op: Any) -> Any:
    _chosen_shape(op)
    most = known_values.constant_value(op._inputs[2])
    length = int(most) if op.attrs["pad_to_max_output_size"] and most is not None else None
    return [[length]] * (len(op.outputs) - 1) + [[]]


def _of_any_size(op: Any) -> bool:
    """Whether how many boxes are given depends on values. Lowered scores are for the host, too: each may come back several times."""
    lowers = len(op._inputs) > 5 and known_values.constant_value(op._inputs[5]) != 0
    return not op.attrs["pad_to_max_output_size"] or lowers


def _part(name: str, value: Any) -> float:
    value = float(value)
    if not 0 <= value <= 1:
        raise errors.InvalidArgumentError(None, None, f"{name} must be in [0, 1]")
    return value


def _overlaps(boxes: np.ndarray) -> Callable[[int, Any], np.ndarray]:
    """(i, others) -> intersection over union with each of them; corners may be in any order; no area, no overlap."""
    boxes = np.asarray(boxes, np.float32)
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    areas = (high - low).prod(1)

    def of(i: int, others: Any) -> np.ndarray:
        common = np.maximum(np.minimum(high[i], high[others]) - np.maximum(low[i], low[others]), _f32(0)).prod(1)
        there = (areas[others] > 0) & (areas[i] > 0)
        return np.divide(common, areas[others] + areas[i] - common, out=np.zeros_like(common), where=there)

    return of


def _select(
    scores: np.ndarray,
    overlap: Callable[[int, Any], np.ndarray],
    most: int,
    threshold: float,
    least: float,
    sigma: float = 0.0,
) -> tuple[list[int], list[float]]:
    """The boxes kept, best first, and their scores; with `sigma` overlapping lowers scores and does not end them."""
    scores = np.asarray(scores, np.float32)
    if sigma > 0:
        return _lowered(scores, overlap, most, threshold, least, -0.5 / sigma)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > least]
    kept: list[int] = []
    while len(order) and len(kept) < most:
        kept.append(int(order[0]))
        order = order[1:][overlap(kept[-1], order[1:]) <= threshold]
    return kept, [float(scores[box]) for box in kept]


def _lowered(
    scores: np.ndarray,
    overlap: Callable[[int, Any], np.ndarray],
    most: int,
    threshold: float,
    least: float,
    scale: float,
) -> tuple[list[int], list[float]]:
    queue = [(-float(s), i, 0) for i, s in enumerate(scores) if s > least]
    heapq.heapify(queue)
    kept: list[int] = []
    kept_scores: list[float] = []
    while queue and len(kept) < most:
        negative, box, begin = heapq.heappop(queue)
        score = before = -negative
        gone = False
        for similarity in overlap(box, kept[begin:])[::-1].tolist():
            if similarity > threshold:
                gone = True
                break
            score = float(_f32(score * np.exp(scale * similarity * similarity)))
            if score <= least:
                break
        if gone:
            continue
        if score == before:
            kept.append(box)
            kept_scores.append(score)
        elif score > least:
            heapq.heappush(queue, (-score, box, len(kept)))
    return kept, kept_scores


def _most(value: Any) -> int:
    if value.ndim:
        raise errors.InvalidArgumentError(None, None, f"max_output_size must be 0-D, got shape {list(value.shape)}")
    return max(int(value), 0)


@rows.row("NonMaxSuppression", host=True, shape=_chosen_shape)
def non_max_suppression(boxes, scores, max_output_size, *, iou_threshold):
    return non_max_suppression_v3(boxes, scores, max_output_size, iou_threshold, -np.inf)


@rows.row("NonMaxSuppressionV2", host=True, shape=_chosen_shape)
def non_max_suppression_v2(boxes, scores, max_output_size, iou_threshold):
    return non_max_suppression_v3(boxes, scores, max_output_size, iou_threshold, -np.inf)


@rows.row("NonMaxSuppressionV3", host=True, shape=_chosen_shape)
def non_max_suppression_v3(boxes, scores, max_output_size, iou_threshold, score_threshold):
    threshold = _part("iou_threshold", iou_threshold)
    kept, _ = _select(scores, _overlaps(boxes), _most(max_output_size), threshold, float(score_threshold))
    return np.array(kept, np.int32)


@rows.row("NonMaxSuppressionV4", host=_of_any_size, static=("max_output_size",), shape=_padded_shape)
def non_max_suppression_v4(boxes, scores, max_output_size, iou_threshold, score_threshold, *, pad_to_max_output_size):
    if arrays.xp(boxes, scores, iou_threshold, score_threshold) is not np:
        most = _most(max_output_size)
        kept, _, count = traced_suppression.select(boxes, scores, most, iou_threshold, score_threshold)
        return kept, count
    kept = non_max_suppression_v3(boxes, scores, max_output_size, iou_threshold, score_threshold)
    count = np.int32(len(kept))
    if pad_to_max_output_size:
        kept = np.pad(kept, (0, _most(max_output_size) - len(kept)))
    return kept, np.asarray(count)


@rows.row("NonMaxSuppressionV5", host=_of_any_size, static=("max_output_size", "soft_nms_sigma"), shape=_padded_shape)
def non_max_suppression_v5(
    boxes, scores, max_output_size, iou_threshold, score_threshold, soft_nms_sigma, *, pad_to_max_output_size
):
    if soft_nms_sigma < 0:
        raise errors.InvalidArgumentError(None, None, "soft_nms_sigma must be non-negative")
    most = _most(max_output_size)
    if arrays.xp(boxes, scores, iou_threshold, score_threshold) is not np:
        return traced_suppression.select(boxes, scores, most, iou_threshold, score_threshold)
    found = _select(
        scores,
        _overlaps(boxes),
        most,
        _part("iou_threshold", iou_threshold),
        float(score_threshold),
        float(soft_nms_sigma),
    )
    kept, kept_scores = np.array(found[0], np.int32), np.array(found[1], scores.dtype)
    count = np.asarray(np.int32(len(kept)))
    if pad_to_max_output_size:
        kept, kept_scores = (np.pad(v, (0, most - len(v))) for v in (kept, kept_scores))
    return kept, kept_scores, count


@rows.row("NonMaxSuppressionWithOverlaps", host=True, shape=_chosen_shape)
def non_max_suppression_with_overlaps(overlaps, scores, max_output_size, overlap_threshold, score_threshold):
    kept, _ = _select(
        scores,
        lambda i, others: overlaps[others, i],
        _most(max_output_size),
        float(overlap_threshold),
        float(score_threshold),
    )
    return np.array(kept, np.int32)


def _combined_shape(op: Any) -> Any:
    boxes, scores = shape_checks.with_rank(op, 0, 4), shape_checks.with_rank(op, 1, 3)
    batch = shape_checks.merged(op, boxes[0], scores[0])
    shape_checks.merged(op, boxes[1], scores[1])
    shape_checks.merged(op, boxes[3], 4)
    per_class, total = (known_values.constant_value(op._inputs[place]) for place in (2, 3))
    size = None if total is None else int(total)
    if op.attrs["pad_per_class"]:
        known = None not in (size, scores[2]) and per_class is not None
        size = min(size, int(per_class) * scores[2]) if known else None  # type: ignore[type-var, operator]
    return [[batch, size, 4], [batch, size], [batch, size], [batch]]


@rows.row("CombinedNonMaxSuppression", static=("max_output_size_per_class", "max_total_size"), shape=_combined_shape)
def combined_non_max_suppression(
    boxes,
    scores,
    max_output_size_per_class,
    max_total_size,
    iou_threshold,
    score_threshold,
    *,
    pad_per_class,
    clip_boxes,
):
    per_class, total = int(max_output_size_per_class), int(max_total_size)
    if per_class <= 0 or total <= 0:
        raise errors.InvalidArgumentError(None, None, "max_size_per_class and max_total_size must be positive")
    batch, _, shared, _ = boxes.shape
    classes = scores.shape[2]
    if shared not in (1, classes):
        raise errors.InvalidArgumentError(
            None, None, "third dimension of boxes must be either 1 or equal to the third dimension of scores"
        )
    size = min(total, per_class * classes) if pad_per_class else total
    if arrays.xp(boxes, scores, iou_threshold, score_threshold) is not np:
        return traced_suppression.combined(
            boxes, scores, per_class, size, iou_threshold, score_threshold, clip_boxes=clip_boxes
        )
    threshold, least = _part("iou_threshold", iou_threshold), float(score_threshold)
    out_boxes = np.zeros((batch, size, 4), np.float32)
    out_scores, out_classes = np.zeros((batch, size), np.float32), np.zeros((batch, size), np.float32)
    counts = np.zeros(batch, np.int32)
    for example in range(batch):
        found = []
        for label in range(classes):
            own = boxes[example, :, 0 if shared == 1 else label]
            kept, kept_scores = _select(scores[example, :, label], _overlaps(own), per_class, threshold, least)
            found.extend((s, label, own[k]) for k, s in zip(kept, kept_scores, strict=True))
        found.sort(key=lambda entry: -entry[0])
        counts[example] = count = min(len(found), size)
        for place, (score, label, box) in enumerate(found[:count]):
            out_boxes[example, place] = np.clip(box, 0, 1) if clip_boxes else box
            out_scores[example, place], out_classes[example, place] = score, label
    return out_boxes, out_scores, out_classes, counts
