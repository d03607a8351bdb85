"""The k best classes: labels as arrays, padded arrays and sparse tensors."""

import jax
import numpy as np
import pytest

import jax_slim as slim

LOGITS = np.float32([[0.1, 0.4, 0.3, 0.2], [0.9, 0.0, 0.8, 0.1]])  # best two: 1, 2 and 0, 2


def update_of(metric, *args, **kwargs):
    model = slim.Model(lambda: metric(*args, **kwargs))
    return float(jax.jit(lambda: model.collect({})[0][1])())


PADDED = np.array([[1, 3, 0], [2, -1, -1]])
SPARSE = slim.metrics.SparseTensor(np.array([[0, 0], [0, 1], [0, 2], [1, 0]]), np.array([1, 3, 0, 2]), (2, 3))


@pytest.mark.parametrize("labels", [PADDED, SPARSE], ids=["padded", "sparse"])
def test_several_labels(labels):
    m = slim.metrics
    assert update_of(m.streaming_sparse_recall_at_k, LOGITS, labels, 2) == pytest.approx(2 / 4)
    assert update_of(m.streaming_sparse_precision_at_k, LOGITS, labels, 2) == pytest.approx(2 / 4)
    assert update_of(m.streaming_sparse_recall_at_k, LOGITS, labels, 2, class_id=2) == 1
    # Row 0: found at rank 1 of at most 2. Row 1: found at rank 2.
    expected = (1 / 2 + 1 / 2) / 2
    assert update_of(m.streaming_sparse_average_precision_at_k, LOGITS, labels, 2) == pytest.approx(expected)


def test_a_repeated_label_counts_once_in_sets_and_twice_in_average_precision():
    labels = np.array([[1, 1]])
    assert update_of(slim.metrics.streaming_sparse_recall_at_k, LOGITS[:1], labels, 2) == 1
    assert update_of(slim.metrics.streaming_sparse_average_precision_at_k, LOGITS[:1], labels, 2) == pytest.approx(
        1 / 2
    )
    twice = slim.metrics.SparseTensor(np.array([[0, 0], [0, 1]]), np.array([1, 1]), (1, 2))  # a set, in TensorFlow
    assert update_of(slim.metrics.streaming_sparse_average_precision_at_k, LOGITS[:1], twice, 2) == 1


def test_one_label_a_row():
    assert update_of(slim.metrics.streaming_sparse_recall_at_k, LOGITS, np.array([1, 1]), 2) == pytest.approx(1 / 2)


def test_more_axes():
    logits, labels = np.stack([LOGITS, LOGITS]), np.stack([PADDED, PADDED])
    weights = np.float32([[1, 1], [0, 0]])
    assert update_of(slim.metrics.streaming_sparse_recall_at_k, logits, labels, 2, weights=weights) == pytest.approx(
        2 / 4
    )


def test_a_label_that_is_no_class_is_never_found():
    assert update_of(slim.metrics.streaming_sparse_recall_at_k, LOGITS, np.array([[1], [7]]), 2) == pytest.approx(1 / 2)


def test_rows_without_labels_can_be_left_out():
    labels = np.array([[1], [-1]])
    metric = slim.metrics.streaming_sparse_average_precision_at_k
    assert np.isnan(update_of(metric, LOGITS, labels, 2))
    assert update_of(metric, LOGITS, labels, 2, np.float32([1, 0])) == 1


def test_top_k_ties_never_push_the_label_out():
    logits = np.zeros((3, 5), np.float32)
    logits[2] = np.nan
    assert update_of(slim.metrics.streaming_recall_at_k, logits, np.array([4, 9, 0]), 1) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda m: m.streaming_sparse_recall_at_k(LOGITS, PADDED, 5), ValueError, r"k must be .* \(2, 4\), got 5"),
        (
            lambda m: m.streaming_sparse_recall_at_k(LOGITS, PADDED[:1], 2),
            ValueError,
            r"must be \(2,\).* got \(1, 3\)",
        ),
        (lambda m: m.streaming_sparse_precision_at_k(LOGITS, PADDED / 2, 2), TypeError, "labels must be class ids"),
        (lambda m: m.streaming_recall_at_k(LOGITS, PADDED, 2), ValueError, r"got \(2, 4\) and \(2, 3\)"),
        (lambda m: m.streaming_recall_at_k(LOGITS, PADDED[:, 0], 0), ValueError, "k must be at least 1, got 0"),
        (
            lambda m: m.streaming_sparse_precision_at_top_k(LOGITS, PADDED),
            ValueError,
            "must be class ids",
        ),
        (
            lambda m: m.sparse_recall_at_top_k(PADDED, PADDED, weights=np.ones(3)),
            ValueError,
            r"predictions \(2,\)",
        ),
    ],
)
def test_refuses(call, kind, message):
    with pytest.raises(kind, match=message):
        slim.Model(lambda: call(slim.metrics)).specs()


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_labels_of_few_bits_among_many_classes(dtype):
    scores = -np.arange(256, dtype=np.float32) * np.ones([2, 1], np.float32)  # best: 0, 1, 2
    labels = np.array([2, 3], dtype)
    assert update_of(slim.metrics.streaming_recall_at_k, scores, labels, 3) == 1 / 2
    recall = slim.metrics.streaming_sparse_recall_at_k
    assert np.isnan(update_of(recall, scores, labels[:, None], 3, class_id=256 + 2))  # which is no label here
