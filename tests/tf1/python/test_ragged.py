"""Rows of different lengths. The values are those of TensorFlow 2.21's compat.v1."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

VALUES = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0]
ROWS = [[3.0, 1.0, 4.0, 1.0], [], [5.0, 9.0, 2.0]]


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def test_rows_are_said_in_five_ways(session):
    made = [
        tf.RaggedTensor.from_row_splits(VALUES, [0, 4, 4, 7]),
        tf.RaggedTensor.from_row_lengths(VALUES, [4, 0, 3]),
        tf.RaggedTensor.from_row_starts(VALUES, [0, 4, 4]),
        tf.RaggedTensor.from_row_limits(VALUES, [4, 4, 7]),
        tf.RaggedTensor.from_value_rowids(VALUES, [0, 0, 0, 0, 2, 2, 2]),
    ]
    assert [value.to_list() for value in session.run(made)] == [ROWS] * 5
    rows = made[0]
    found = session.run([rows.nrows(), rows.row_lengths(), rows.value_rowids(), rows.bounding_shape()])
    assert [f.tolist() for f in found] == [3, [4, 0, 3], [0, 0, 0, 0, 2, 2, 2], [3, 4]]
    assert rows.shape.as_list() == [3, None] and rows.ragged_rank == 1
    assert tf.RaggedTensor.from_value_rowids(VALUES, [0] * 7, nrows=4).eval().to_list() == [VALUES, [], [], []]
    with pytest.raises(ValueError, match="private"):
        tf.RaggedTensor(rows.values, rows.row_splits)


def test_to_tensors_and_back(session):
    rows = tf.RaggedTensor.from_row_splits(VALUES, [0, 4, 4, 7])
    dense = [[3, 1, 4, 1], [-1, -1, -1, -1], [5, 9, 2, -1]]
    nested = tf.RaggedTensor.from_nested_row_splits(VALUES, [[0, 2, 3], [0, 4, 4, 7]])
    texts = tf.ragged.constant([["a", "b"], ["c"]])
    found = session.run([rows.to_tensor(-1.0), nested.to_tensor(9.0), texts.to_tensor(), rows.to_sparse()])
    assert found[0].tolist() == dense
    assert found[1].tolist() == [[[3, 1, 4, 1], [9, 9, 9, 9]], [[5, 9, 2, 9], [9, 9, 9, 9]]]
    assert found[2].tolist() == [[b"a", b"b"], [b"c", b""]]
    assert found[3].indices.tolist() == [[0, 0], [0, 1], [0, 2], [0, 3], [2, 0], [2, 1], [2, 2]]
    assert found[3].dense_shape.tolist() == [3, 4]
    back = [
        tf.RaggedTensor.from_tensor(dense, padding=-1),
        tf.RaggedTensor.from_tensor(dense, lengths=[4, 0, 3]),
        tf.RaggedTensor.from_sparse(rows.to_sparse()),
    ]
    assert [value.to_list() for value in session.run(back)] == [ROWS] * 3
    with pytest.raises(ValueError, match="lengths or padding"):
        tf.RaggedTensor.from_tensor(dense, [1], 1)


def test_constants_of_nested_lists(session):
    assert tf.ragged.constant([[1, 2], [], [3]]).eval().to_list() == [[1, 2], [], [3]]
    assert tf.ragged.constant([[[1, 2], [3]], []]).eval().to_list() == [[[1, 2], [3]], []]
    inner = tf.ragged.constant([[[1, 2], [3, 4]], []], ragged_rank=1)
    assert inner.ragged_rank == 1 and inner.shape.as_list() == [2, None, 2]
    with pytest.raises(ValueError, match="same nesting depth"):
        tf.ragged.constant([[1], 2])


def test_arithmetic_and_reductions(session):
    rows = tf.RaggedTensor.from_row_splits(VALUES, [0, 4, 4, 7])
    assert session.run(1.0 - rows).to_list() == [[-2, 0, -3, 0], [], [-4, -8, -1]]
    assert session.run(tf.ragged.map_flat_values(tf.multiply, rows, rows)).to_list()[2] == [25, 81, 4]
    sums = [tf.reduce_sum(rows, axis=axis) for axis in (0, 1, None)]
    assert [np.asarray(v).tolist() for v in session.run(sums)] == [[8, 10, 6, 1], [9, 0, 16], 25]
    means, least = session.run([tf.reduce_mean(rows, axis=1), tf.reduce_min(rows, axis=0)])
    np.testing.assert_allclose(means, [2.25, np.nan, 16 / 3], rtol=1e-6)
    assert least.tolist() == [3, 1, 2, 1]
    flags = tf.ragged.constant([[True, False], [], [False]])
    assert session.run(tf.reduce_any(flags, axis=1)).tolist() == [True, False, False]
    assert session.run(tf.reduce_all(flags, axis=1)).tolist() == [False, True, False]
    with pytest.raises(tf.errors.InvalidArgumentError, match="identical ragged splits"):
        session.run(rows + tf.RaggedTensor.from_row_splits(VALUES, [0, 3, 4, 7]))


def test_gradients_reach_the_values(session):
    values = tf.constant(VALUES)
    rows = tf.RaggedTensor.from_row_splits(values, [0, 4, 4, 7])
    (found,) = tf.gradients(tf.reduce_sum(rows.to_tensor(7.0) ** 2), values)
    np.testing.assert_array_equal(session.run(tf.convert_to_tensor(found)), 2 * np.array(VALUES))
    (found,) = tf.gradients(tf.reduce_sum(tf.reduce_sum(rows, axis=1) ** 2), values)
    np.testing.assert_array_equal(session.run(tf.convert_to_tensor(found)), [18] * 4 + [32] * 3)


def test_ranges_and_segments(session):
    assert tf.ragged.range([0, 5, 8], [3, 3, 12], 2).eval().to_list() == [[0, 2], [], [8, 10]]
    assert tf.ragged.range([3, 0]).eval().to_list() == [[0, 1, 2], []]
    found = session.run([
        tf.ragged.row_splits_to_segment_ids([0, 2, 2, 5]),
        tf.ragged.segment_ids_to_row_splits([0, 0, 2, 2, 2], 5),
    ])  # fmt: skip
    assert [f.tolist() for f in found] == [[0, 0, 2, 2, 2], [0, 2, 2, 5, 5, 5]]
