"""Non-maximum suppression: greedy, of fixed sizes."""

import functools

import jax
import numpy as np
import pytest

from jax_slim import detection
from jax_slim.detection.suppression import survivors

RNG = np.random.default_rng(5)
COUNT = 40
CENTRES = RNG.uniform(0.2, 0.8, (COUNT, 2))
BOXES = np.concatenate([CENTRES - 0.15, CENTRES + RNG.uniform(0.1, 0.2, (COUNT, 2))], -1).astype(np.float32)
SCORES = RNG.integers(0, 12, COUNT).astype(np.float32) / 12  # with ties


def multiclass(boxes, scores, *arguments, **options):
    function = functools.partial(detection.multiclass_non_max_suppression, **options)
    return jax.jit(lambda boxes, scores: function(boxes, scores, *arguments))(boxes, scores)


def greedy(boxes, scores, most, iou_threshold, score_threshold=-np.inf):
    overlaps = np.asarray(jax.jit(detection.iou)(boxes, boxes))
    picked = []
    for place in np.argsort(-scores, kind="stable"):
        if scores[place] > score_threshold and all(overlaps[place, other] <= iou_threshold for other in picked):
            picked.append(int(place))
    return picked[:most]


@pytest.mark.parametrize(("most", "iou", "score"), [(40, 0.3, -np.inf), (5, 0.3, 0.2), (40, 0.0, 0.5), (40, 1.0, 0.9)])
def test_picks_greedily(most, iou, score):
    picked, count = jax.jit(detection.non_max_suppression, static_argnums=2)(BOXES, SCORES, most, iou, score)
    expected = greedy(BOXES, SCORES, most, iou, score)
    assert picked[:count].tolist() == expected
    assert picked[count:].tolist() == [-1] * (most - len(expected))


@pytest.mark.parametrize("iou", [0.0, 0.2, 0.6, 0.99])
def test_survivors_are_all_that_greed_would_pick(iou):
    stay = jax.jit(survivors)(BOXES, SCORES, iou)
    assert np.flatnonzero(stay).tolist() == sorted(greedy(BOXES, SCORES, COUNT, iou))


def test_classes_are_suppressed_apart_and_the_best_of_all_kept():
    scores = np.stack([SCORES, SCORES[::-1], np.zeros(COUNT)], 1)
    found = multiclass(BOXES, scores, 0.0, 0.3, 6, 9, window=None)
    expected = [(scores[at, c], c, at) for c in range(3) for at in greedy(BOXES, scores[:, c], 6, 0.3, 0.0)]
    expected = sorted(expected, key=lambda row: -row[0])[:9]
    np.testing.assert_allclose(found.scores, [score for score, _, _ in expected])
    assert found.classes.tolist() == [number for _, number, _ in expected]
    np.testing.assert_array_equal(found.boxes, BOXES[[at for _, _, at in expected]])
    assert int(found.num_detections) == 9


def test_what_lies_outside_goes_and_zeros_fill_up():
    boxes = np.array([[0.5, 0.5, 1.5, 1.5], [1.2, 1.2, 2, 2], [0, 0, 0.2, 0.2]], np.float32)
    found = multiclass(boxes, np.array([[0.5], [0.9], [0.1]]), max_total_detections=7)
    assert int(found.num_detections) == 2
    np.testing.assert_allclose(np.asarray(found.boxes)[:3], [[0.5, 0.5, 1, 1], [0, 0, 0.2, 0.2], [0, 0, 0, 0]])
    np.testing.assert_allclose(found.scores, [0.5, 0.1, 0, 0, 0, 0, 0])


def test_refusals():
    with pytest.raises(ValueError, match=r"shapes \[N, 4\] and \[N\], got \(40, 4\) and \(40, 1\)"):
        detection.non_max_suppression(BOXES, SCORES[:, None], 3)
    with pytest.raises(ValueError, match="max_output_size must be at least 1, got 0"):
        detection.non_max_suppression(BOXES, SCORES, 0)
    with pytest.raises(ValueError, match="max_total_detections must be at least 1, got 0"):
        detection.multiclass_non_max_suppression(BOXES, SCORES[:, None], max_total_detections=0)
