"""From outputs to detections, equal to the Object Detection API's `postprocess`."""

import functools

import jax
import numpy as np
import pytest

import ssd_recordings as recordings
from jax_slim import detection


@pytest.mark.parametrize("net", ["ssd_mobilenet_v1", "ssd_mobilenet_v2"])
def test_the_detections_of_the_object_detection_api(net):
    there = recordings.recorded(net)
    found = jax.jit(detection.detect)(there["class_predictions"], there["box_encodings"], there["anchors"])
    np.testing.assert_array_equal(found.num_detections, there["num_detections"])
    np.testing.assert_allclose(found.scores, there["detection_scores"], rtol=1e-6)
    np.testing.assert_array_equal(found.classes, there["detection_classes"])
    np.testing.assert_allclose(found.boxes, there["detection_boxes"], atol=1e-6)


def test_softmax_leaves_no_score_for_two_classes_at_once():
    logits = np.array([[[0.0, 9.0, 8.0], [9.0, 0.0, 0.0]]], np.float32)
    anchors = np.array([[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]], np.float32)
    detect = functools.partial(detection.detect, score_converter="softmax", score_threshold=0.2)
    found = jax.tree.map(np.asarray, jax.jit(detect)(logits, np.zeros((1, 2, 4)), anchors))
    assert found.num_detections.tolist() == [2]
    assert found.classes[0, :2].tolist() == [0, 1]
    np.testing.assert_allclose(found.scores[0, :2].sum(), 1, atol=1e-3)
    np.testing.assert_allclose(found.boxes[0, 0], anchors[0])


def test_refusals():
    with pytest.raises(ValueError, match="score_converter must be 'sigmoid' or 'softmax', got 'tanh'"):
        detection.detect(np.zeros((1, 2, 3)), np.zeros((1, 2, 4)), np.zeros((2, 4)), "tanh")
    with pytest.raises(ValueError, match=r"shapes \[N, A, C\], \[N, A, 4\] and \[A, 4\], got"):
        detection.detect(np.zeros((1, 2, 3)), np.zeros((1, 2, 4)), np.zeros((3, 4)))
