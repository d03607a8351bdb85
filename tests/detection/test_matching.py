"""Anchors are matched as the Object Detection API and SSD's TensorFlow version do."""

import jax
import numpy as np
import pytest

import ssd_recordings as recordings
from jax_slim import detection

assign_targets = jax.jit(detection.assign_targets)
SIMILAR = np.array([[0.9, 0.3, 0.1, 0.6, 0.2], [0.8, 0.3, 0.45, 0.0, 0.1], [0.0, 0.0, 0.3, 0.0, 0.1]])


def test_thresholds_and_forced_matches():
    assert detection.argmax_matcher(SIMILAR, force_match_for_each_row=False).tolist() == [0, -1, -1, 0, -1]
    # Each object gets its best anchor; of two with the same one the first.
    assert detection.argmax_matcher(SIMILAR).tolist() == [0, -1, 2, 0, -1]
    between = detection.argmax_matcher(SIMILAR, None, 0.5, 0.3, force_match_for_each_row=False)
    assert between.tolist() == [0, -2, -2, 0, -1]
    other = detection.argmax_matcher(SIMILAR, None, 0.5, 0.3, False, False)
    assert other.tolist() == [0, -1, -1, 0, -2]


def test_rows_that_fill_up_match_nothing():
    valid = np.array([False, True, False])
    assert detection.argmax_matcher(SIMILAR, valid).tolist() == [1, -1, -1, -1, -1]
    assert detection.argmax_matcher(SIMILAR, np.zeros(3, bool), 0.5, 0.3, False).tolist() == [-1] * 5
    assert detection.argmax_matcher(np.zeros((0, 3))).tolist() == [-1] * 3


@pytest.mark.parametrize("net", ["ssd_mobilenet_v1", "ssd_mobilenet_v2"])
def test_the_targets_of_the_object_detection_api(net):
    there = recordings.recorded(net)
    targets = assign_targets(there["anchors"], recordings.BOXES, recordings.CLASSES, recordings.COUNTS)
    np.testing.assert_array_equal(targets.classes, there["classification_targets"].argmax(-1))
    np.testing.assert_array_equal(targets.positive, there["regression_weights"])
    np.testing.assert_allclose(targets.codes, there["regression_targets"], atol=2e-5)
    assert targets.weights.min() == 1


def test_an_image_without_objects_is_all_background():
    anchors = recordings.recorded("ssd_mobilenet_v1")["anchors"]
    none = assign_targets(anchors, np.zeros((1, 0, 4)), np.zeros((1, 0), int), np.zeros(1, int))
    assert not any(np.any(found) for found in (none.classes, none.positive, none.codes))


def test_refusals():
    with pytest.raises(ValueError, match=r"must have shape \[objects, anchors\], got \(3,\)"):
        detection.argmax_matcher(np.zeros(3))
    with pytest.raises(ValueError, match=r"unmatched_threshold must be at most 0\.5, got 0\.6"):
        detection.argmax_matcher(SIMILAR, None, 0.5, 0.6)
    with pytest.raises(ValueError, match=r"must have shapes \[N, M, 4\], \[N, M\] and \[N\], got"):
        detection.assign_targets(np.zeros((5, 4)), np.zeros((1, 3, 4)), np.zeros((1, 2)), np.zeros(1))
