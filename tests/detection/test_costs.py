"""What a detector is trained for: equal to the Object Detection API's losses."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ssd_recordings as recordings
from jax_slim import detection

RNG = np.random.default_rng(1)


def hard_examples(*arrays, **options):
    return np.asarray(jax.jit(functools.partial(detection.hard_examples, **options))(*arrays))


@jax.jit
def costs(logits, codes, anchors):
    targets = detection.assign_targets(anchors, recordings.BOXES, recordings.CLASSES, recordings.COUNTS)
    return detection.ssd_costs(logits, codes, anchors, targets)


@pytest.mark.parametrize("net", ["ssd_mobilenet_v1", "ssd_mobilenet_v2"])
def test_the_losses_of_the_object_detection_api(net):
    there = recordings.recorded(net)
    found = costs(there["class_predictions"], there["box_encodings"], there["anchors"])
    np.testing.assert_allclose(found, there["losses"], rtol=1e-5)


def test_costs_of_boxes_and_classes():
    near, far = detection.smooth_l1(np.array([[0.5, 0.0], [3.0, 1.0]]), np.zeros((2, 2)))
    assert (float(near), float(far)) == (0.125, 2.5 + 0.5)
    logits, classes = RNG.normal(size=(6, 4)).astype(np.float32) * 3, RNG.integers(0, 4, 6)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(
        detection.class_costs(logits, classes, "softmax"), -np.log(shares[np.arange(6), classes]), rtol=1e-5
    )
    chances, wanted = 1 / (1 + np.exp(-logits)), np.eye(4)[classes]
    np.testing.assert_allclose(
        detection.class_costs(logits, classes),
        -(wanted * np.log(chances) + (1 - wanted) * np.log(1 - chances)).sum(-1),
        rtol=1e-5,
    )


def test_three_of_the_background_for_each_object():
    costs = np.array([1, 9, 8, 7, 6, 5, 4, 3.0])
    positive = np.array([1, 0, 0, 0, 0, 0, 0, 0])
    assert np.flatnonzero(hard_examples(costs, positive)).tolist() == [0, 1, 2, 3]
    ignored = costs == 8
    assert np.flatnonzero(hard_examples(costs, positive, ignored=ignored)).tolist() == [0, 1, 3, 4]
    assert not hard_examples(costs, positive * 0).any()
    assert np.flatnonzero(hard_examples(costs, positive * 0, min_negatives_per_image=2)).tolist() == [1, 2]
    # Only the highest costs are looked at: the object is not among them, so nothing counts.
    assert not hard_examples(costs, positive, num_hard_examples=4).any()


def test_of_boxes_that_lie_on_each_other_one_counts():
    boxes = np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.5], [0, 0, 0.5, 0.501], [0.5, 0.5, 1, 1]])
    found = hard_examples(np.array([1, 4, 3, 2.0]), np.array([1, 0, 0, 0]), boxes, iou_threshold=0.9)
    assert np.flatnonzero(found).tolist() == [0, 1, 3]


def test_gradients_reach_what_counts_alone():
    anchors = np.array([[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0, 0.5, 0.5, 1]], np.float32)
    logits = jnp.zeros((1, 3, 2)).at[0, 1, 0].set(5.0)

    def total(logits, codes):
        objects = anchors[None, :1] + 0.01, np.zeros((1, 1), int), np.ones(1, int)
        targets = detection.assign_targets(anchors, *objects)
        return sum(detection.ssd_costs(logits, codes, anchors, targets, "softmax", None, None, 1.0, 0))

    of_logits, of_codes = jax.jit(jax.grad(total, (0, 1)))(logits, jnp.ones((1, 3, 4)))
    assert np.abs(of_logits[0]).sum(-1).astype(bool).tolist() == [True, False, True]
    assert np.abs(of_codes[0]).sum(-1).astype(bool).tolist() == [True, False, False]
    assert np.isfinite(of_codes).all()


def test_refusals():
    with pytest.raises(ValueError, match="kind must be 'sigmoid' or 'softmax', got 'focal'"):
        detection.class_costs(np.zeros((2, 3)), np.zeros(2, int), "focal")
    with pytest.raises(ValueError, match="must have the same shape, got"):
        detection.smooth_l1(np.zeros((2, 4)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match="boxes must be given with iou_threshold, got None"):
        detection.hard_examples(np.zeros(3), np.zeros(3), iou_threshold=0.5)
