"""Dense tensors as sparse ones, ids of indicators, the ends of sparse rows, flattened inner axes."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1 import modules

sparse_ops = modules.module("contrib.layers.python.ops.sparse_ops")
layers = modules.module("contrib.layers.python.layers.layers")


def test_elements_that_are_not_ignored_are_kept():
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(sparse_ops.dense_to_sparse_tensor(tf.constant([["a", ""], ["", "b"]])))
        assert found.values.tolist() == [b"a", b"b"]
        assert found.indices.tolist() == [[0, 0], [1, 1]] and found.dense_shape.tolist() == [2, 2]
        kept = session.run(sparse_ops.dense_to_sparse_tensor(tf.constant([0.0, 7.0]), 7.0))
        assert kept.values.tolist() == [0.0]


def test_indicators_become_ids_from_the_left():
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(sparse_ops.indicators_to_sparse_ids(tf.constant([[0, 0, 10, 0], [0, 5, 0, 2]])))
        assert found.indices.tolist() == [[0, 0], [1, 0], [1, 1]]
        assert found.values.tolist() == [2, 1, 3] and found.dense_shape.tolist() == [2, 2]
        with pytest.raises(ValueError, match="not integer"):
            sparse_ops.indicators_to_sparse_ids(tf.constant([1]), dtype=tf.float32)


def test_rows_end_after_their_last_element():
    with tf.Graph().as_default(), tf.Session() as session:
        rows = tf.SparseTensor([[2, 0], [0, 4], [0, 1]], tf.constant([1, 1, 1]), [3, 5])
        assert session.run(sparse_ops.sparse_row_envelope(rows)).tolist() == [5, 0, 1]
        with pytest.raises(ValueError, match="same axis"):
            sparse_ops.sparse_row_envelope(rows, 1, 1)


def test_inner_axes_are_joined():
    values = np.arange(24).reshape(2, 3, 4)
    with tf.Graph().as_default(), tf.Session() as session:
        flat = layers._inner_flatten(tf.constant(values), 2)
        assert flat.shape.as_list() == [2, 12]
        np.testing.assert_array_equal(session.run(flat), values.reshape(2, 12))
        sparse = layers._inner_flatten(sparse_ops.dense_to_sparse_tensor(tf.constant(values)), 1)
        assert session.run(tf.sparse_tensor_to_dense(sparse)).tolist() == list(range(24))
        with pytest.raises(ValueError, match="rank"):
            layers._inner_flatten(tf.constant(values), 4)
