"""Intersection over union, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim

LABELS = np.array([[0, 0, 1, 255], [1, 255, 0, 0]])
MASKS = np.array([[0, 1, 1, 0], [0, 2, 0, 0]])
# Class 0: 3 of 5; class 1: 1 of 3; class 2 occurs only where pixels are ignored.
EXPECTED = [3 / 5, 1 / 3, np.nan]


def run(metric, *batches, **arguments):
    """(value, update) after all batches."""
    model = slim.Model(lambda masks, labels: metric(masks, labels, 3, **arguments))
    variables = model.init_local(jax.random.key(0), *batches[0])
    for batch in batches:
        found, collected = model.collect(variables, *batch)
        variables = variables | collected.updates
    return found


def test_of_each_class_without_what_is_ignored():
    halves = [(MASKS[:1], LABELS[:1]), (MASKS[1:], LABELS[1:])]
    before, after = run(slim.metrics.segmentation.streaming_class_iou, *halves)
    np.testing.assert_allclose(before, [1 / 2, 1 / 2, np.nan], rtol=1e-6)
    np.testing.assert_allclose(after, EXPECTED, rtol=1e-6)
    _, mean = run(slim.metrics.segmentation.streaming_mean_iou, *halves)
    np.testing.assert_allclose(mean, (3 / 5 + 1 / 3) / 2, rtol=1e-6)
    _, every = run(slim.metrics.segmentation.streaming_mean_iou, (MASKS % 2, LABELS % 2), ignore_label=None)
    np.testing.assert_allclose(every, (3 / 7 + 1 / 5) / 2, rtol=1e-6)


def test_nothing_yet_is_nothing():
    before, _ = run(slim.metrics.segmentation.streaming_mean_iou, (MASKS, LABELS))
    assert before == 0


def test_of_a_matrix_in_numpy_and_jax():
    matrix = np.array([[3, 1, 0], [1, 1, 0], [0, 0, 0]])
    for kind in (np.asarray, jnp.asarray):
        np.testing.assert_allclose(slim.metrics.segmentation.class_iou(kind(matrix)), EXPECTED, rtol=1e-6)


def test_ids_that_are_none_are_refused():
    with pytest.raises(ValueError, match="labels must be at least 0 and below num_classes=3, got 7"):
        run(slim.metrics.segmentation.streaming_mean_iou, (MASKS, np.where(LABELS == 1, 7, LABELS)))


def test_masks_of_few_bits():
    kinds = [(MASKS.astype(np.uint8), LABELS.astype(np.uint8))]
    _, ious = run(slim.metrics.segmentation.streaming_class_iou, *kinds)
    np.testing.assert_allclose(ious, EXPECTED, rtol=1e-6)
    with pytest.raises(ValueError, match="got 255"):  # -1 is not 255
        run(slim.metrics.segmentation.streaming_mean_iou, *kinds, ignore_label=-1)
