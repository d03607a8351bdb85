"""Boxes: areas, overlaps, windows, codes."""

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim import detection

RNG = np.random.default_rng(0)
iou = jax.jit(detection.iou)


def boxes(count):
    corners = RNG.uniform(0, 1, (count, 2, 2))
    return np.concatenate([corners.min(1), corners.max(1)], -1)


def slow_iou(box, other):
    sides = [max(0, min(box[2 + i], other[2 + i]) - max(box[i], other[i])) for i in (0, 1)]
    common = sides[0] * sides[1]
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
    return common / (sum(areas) - common) if common else 0


def test_iou_of_all_pairs():
    some, others = boxes(7), boxes(5)
    expected = [[slow_iou(a, b) for b in others] for a in some]
    np.testing.assert_allclose(iou(some, others), expected, rtol=1e-5, atol=1e-6)
    assert iou(np.zeros((2, 4)), np.zeros((0, 4))).shape == (2, 0)
    # Empty boxes overlap nothing, and have a gradient.
    assert iou(np.zeros((1, 4)), np.zeros((1, 4))).item() == 0
    assert np.isfinite(jax.jit(jax.grad(lambda x: detection.iou(x, x).sum()))(np.zeros((2, 4), np.float32))).all()


def test_areas_and_windows():
    given = np.array([[0.0, 0.25, 0.5, 1.0], [0.5, 0.5, 0.2, 0.9]], np.float32)
    np.testing.assert_allclose(detection.area(given), [0.375, 0])
    cut = detection.clip_to_window([[-0.5, 0.5, 0.5, 2.0], [2.0, 2.0, 3.0, 3.0]])
    np.testing.assert_allclose(cut, [[0, 0.5, 0.5, 1], [1, 1, 1, 1]])
    np.testing.assert_allclose(detection.clip_to_window([[0.0, 0.0, 9.0, 9.0]], [1, 2, 3, 4]), [[1, 2, 3, 4]])


def test_codes_say_boxes():
    given, anchors = boxes(9), boxes(9) + [0, 0, 0.1, 0.1]
    codes = detection.encode_boxes(given, anchors)
    height, width = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    np.testing.assert_allclose(
        codes[:, 0], 10 * ((given[:, 0] + given[:, 2]) - (anchors[:, 0] + anchors[:, 2])) / 2 / height, rtol=1e-3
    )
    np.testing.assert_allclose(codes[:, 3], 5 * np.log((given[:, 3] - given[:, 1]) / width), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(detection.decode_boxes(codes, anchors), given, atol=1e-5)
    assert np.isfinite(detection.encode_boxes(np.zeros((1, 4)), anchors[:1])).all()


def test_refusals():
    with pytest.raises(ValueError, match=r"iou: others must have shape \[\.\.\., 4\] .*, got \(3,\)"):
        slim.detection.iou(np.zeros((2, 4)), np.zeros(3))
    with pytest.raises(ValueError, match="decode_boxes: scale_factors must be four numbers above 0, got"):
        slim.detection.decode_boxes(np.zeros((2, 4)), np.zeros((2, 4)), (1, 1, 1))
