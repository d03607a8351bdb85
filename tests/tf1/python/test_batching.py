"""`tf.train.batch` and its kin."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def first_batch(tensors):
    with tf.Session() as session:
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        found = session.run(tensors)
        coordinator.request_stop()
        coordinator.join(threads)
    return found


@pytest.mark.parametrize("enqueue_many", [False, True])
def test_sparse_tensors_in_batches(enqueue_many):
    with tf.Graph().as_default():
        one = tf.SparseTensor([[0, 1], [1, 0]], [3.0, 4.0], [2, 2])
        found = first_batch(tf.train.batch([one], 2, enqueue_many=enqueue_many))
    assert found.dense_shape.tolist() == ([2, 2] if enqueue_many else [2, 2, 2])
    assert found.values.tolist() == ([3.0, 4.0] if enqueue_many else [3.0, 4.0, 3.0, 4.0])
    assert found.indices.tolist() == (
        [[0, 1], [1, 0]] if enqueue_many else [[0, 0, 1], [0, 1, 0], [1, 0, 1], [1, 1, 0]]
    )


def test_batches_of_what_a_mask_lets_through():
    with tf.Graph().as_default():
        rows = tf.constant([[1, 2], [3, 4], [5, 6]])
        batch = tf.train.maybe_batch([rows], tf.constant([True, False, True]), 2, enqueue_many=True)
        np.testing.assert_array_equal(first_batch(batch), [[1, 2], [5, 6]])
