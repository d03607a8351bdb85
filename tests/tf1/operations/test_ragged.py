"""Ragged operations of graphs, with TensorFlow 2.21's values."""

import jax_slim.tf1 as tf
from jax_slim.tf1.graph import building

VALUES = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0]


def test_rows_are_taken_by_number():
    with tf.Graph().as_default(), tf.Session() as session:
        outer, inner = tf.constant([0, 2, 3], tf.int64), tf.constant([0, 4, 4, 7], tf.int64)
        splits, values = building.make(
            "RaggedGather", [outer, inner], tf.constant(VALUES), tf.constant([[1, 0]]), OUTPUT_RAGGED_RANK=3
        )
        splits, values = session.run([splits, values])
        assert [s.tolist() for s in splits] == [[0, 2], [0, 1, 3], [0, 3, 7, 7]]
        assert values.tolist() == [5, 9, 2, 3, 1, 4, 1]


def test_rows_become_a_tensor_of_a_size_asked_for():
    with tf.Graph().as_default(), tf.Session() as session:
        cut = building.make(
            "RaggedTensorToTensor", tf.constant([-1, 2], tf.int64), tf.constant(VALUES), 8.0,
            [tf.constant([0, 4, 4, 7], tf.int64)], row_partition_types=["ROW_SPLITS"],
        )  # fmt: skip
        whole = building.make(
            "RaggedTensorToTensor", tf.constant(-1, tf.int64), tf.constant(VALUES), 8.0,
            [tf.constant(3, tf.int64), tf.constant([0, 0, 0, 0, 2, 2, 2], tf.int64)],
            row_partition_types=["FIRST_DIM_SIZE", "VALUE_ROWIDS"],
        )  # fmt: skip
        cut, whole = session.run([cut, whole])
        assert cut.tolist() == [[3, 1], [8, 8], [5, 9]]
        assert whole.tolist() == [[3, 1, 4, 1], [8, 8, 8, 8], [5, 9, 2, 8]]
