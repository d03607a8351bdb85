"""COCO's and PASCAL VOC's numbers, equal to pycocotools' and to the Object Detection API's."""

import numpy as np
import pytest

from jax_slim.detection import BoxEvaluator

# Of `world(seed, images, classes)`: pycocotools 2.0.11's twelve numbers and AP of each class, and the Object Detection
# API's PASCAL AP of each class.
EXPECTED = {
    (0, 25, 4): (
        [
            0.268880168923,
            0.433865213955,
            0.315215065513,
            0.383182565979,
            0.305094126612,
            0.396565934066,
            0.292291666667,
            0.560277777778,
            0.560277777778,
            0.597033730159,
            0.521666666667,
            0.575,
        ],
        [0.212664027688, 0.281336256287, 0.299492736075, 0.282027655643],
        [0.375250544662, 0.495856227106, 0.452723354232, 0.435141391391],
    ),
    (7, 3, 9): (
        [
            0.338896746818,
            0.48114097124,
            0.45756718529,
            0.3875,
            0.566749174917,
            0.375,
            0.328571428571,
            0.497619047619,
            0.497619047619,
            0.425,
            0.583333333333,
            0.4,
        ],
        [-1.0, 0.617161716172, 0.370297029703, 0.233333333333, 0.66798679868, -1.0, 0.33201320132, 0.0, 0.151485148515],
        [float("nan"), 1.0, 0.5, 0.333333333333, 0.833333333333, float("nan"), 0.444444444444, 0.0, 0.25],
    ),
}
NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]


def world(seed, images, classes):
    """Images with objects of all sizes, groups among them, and detections: good, bad, doubled, mistaken, with ties."""
    rng = np.random.default_rng(seed)
    for _ in range(images):
        count = rng.integers(0, 8)
        centres, sides = rng.uniform(20, 380, (count, 2)), np.exp(rng.uniform(np.log(8), np.log(220), (count, 2)))
        there = np.round(np.concatenate([centres - sides / 2, centres + sides / 2], 1), 1)
        true_classes, crowd = rng.integers(0, classes, count), rng.random(count) < 0.15
        areas = np.round((there[:, 2:] - there[:, :2]).prod(1) * rng.uniform(0.5, 1, count), 1)
        seen = rng.random(count) < 0.85
        of = np.repeat(np.arange(count), rng.integers(1, 4, count) * seen)
        moved = there[of] + rng.normal(0, 1, (len(of), 4)) * np.tile(sides, 2)[of] * 0.07
        found_classes = np.where(rng.random(len(of)) < 0.9, true_classes[of], rng.integers(0, classes, len(of)))
        wrong = rng.integers(0, 6)
        centres, sides = rng.uniform(20, 380, (wrong, 2)), rng.uniform(5, 200, (wrong, 2))
        found = np.round(np.concatenate([moved, np.concatenate([centres - sides / 2, centres + sides / 2], 1)]), 1)
        found_classes = np.concatenate([found_classes, rng.integers(0, classes, wrong)])
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        yield found, np.round(rng.random(len(found)), 2), found_classes, there, true_classes, crowd, areas


@pytest.mark.parametrize("made", EXPECTED)
def test_equal_to_pycocotools(made):
    evaluator = BoxEvaluator(made[2])
    for found, scores, classes, there, true_classes, crowd, areas in world(*made):
        evaluator.add(found, scores, classes, there, true_classes, crowd, areas=areas)
    numbers, by_class, _ = EXPECTED[made]
    assert list(evaluator.coco()) == NAMES
    np.testing.assert_allclose(list(evaluator.coco().values()), numbers, atol=1e-11)
    np.testing.assert_allclose(evaluator.coco_by_class(), by_class, atol=1e-11)


@pytest.mark.parametrize("made", EXPECTED)
def test_equal_to_the_object_detection_api_s_pascal_metric(made):
    evaluator = BoxEvaluator(made[2])
    for number, (found, scores, classes, there, true_classes, difficult, _) in enumerate(world(*made)):
        scores += np.random.default_rng(number).uniform(0, 1e-3, len(scores))  # the API orders ties by chance
        evaluator.add(found, scores, classes, there, true_classes, difficult=difficult)
    measured = evaluator.voc()
    np.testing.assert_allclose(measured["AP"], EXPECTED[made][2], atol=1e-11)
    assert measured["mAP"] == pytest.approx(np.nanmean(EXPECTED[made][2]))


def test_by_hand():
    evaluator = BoxEvaluator(2)
    evaluator.add([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]], [0.9, 0.8, 0.7], [0, 0, 0],
                  [[0, 0, 10, 10], [50, 50, 60, 60]], [0, 0])  # fmt: skip
    # Right, the same once more, right: precisions 1, 1/2, 2/3.
    assert evaluator.voc()["AP"][0] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert evaluator.voc(eleven_points=True)["AP"][0] == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)
    assert np.isnan(evaluator.voc()["AP"][1])
    assert evaluator.coco()["AR1"] == 0.5 and evaluator.coco()["AR10"] == 1
    assert evaluator.coco()["APl"] == -1
    assert len(evaluator) == 1


def test_nothing_found_and_nothing_there():
    evaluator = BoxEvaluator(1)
    assert evaluator.coco()["AP"] == -1 and np.isnan(evaluator.voc()["mAP"])
    evaluator.add([], [], [], [[0, 0, 1, 1]], [0])
    assert evaluator.coco()["AP"] == 0 and evaluator.voc()["mAP"] == 0
    evaluator.add([[0, 0, 1, 1]], [0.5], [0], [], [])
    assert evaluator.coco()["AP"] == 0


def test_refusals():
    evaluator = BoxEvaluator(2)
    with pytest.raises(ValueError, match="classes must be from 0 to 1, got 2 to 2"):
        evaluator.add([[0, 0, 1, 1]], [0.5], [2], [], [])
    with pytest.raises(ValueError, match=r"scores must have shape \[1\], one for each box, got \(2,\)"):
        evaluator.add([[0, 0, 1, 1]], [0.5, 0.4], [1], [], [])
    with pytest.raises(ValueError, match=r"true_boxes must have shape \[N, 4\], got \(1, 3\)"):
        evaluator.add([], [], [], [[0, 0, 1]], [0])
    assert len(evaluator) == 0
