"""Parts of ragged tensors by keys and numbers. The values are those of TensorFlow 2.21's compat.v1."""

import pytest

import jax_slim.tf1 as tf
from tf1 import ragged_cases

CASES = [
    ('rt[0]', [3, 1, 4, 1]),
    ('rt[-1]', [6]),
    ('rt[1:3]', [[], [5, 9, 2]]),
    ('rt[::-1]', [[6], [5, 9, 2], [], [3, 1, 4, 1]]),
    ('rt[:, 1:]', [[1, 4, 1], [], [9, 2], []]),
    ('rt[:, -2:]', [[4, 1], [], [9, 2], [6]]),
    ('rt[:, ::-1]', [[1, 4, 1, 3], [], [2, 9, 5], [6]]),
    ('rt[:, -1:-3:-1]', [[1, 4], [], [2, 9], [6]]),
    ('rt[:, 10:]', [[], [], [], []]),
    ('rt[2, 1]', 9),
    ('rt[..., :1]', [[3], [], [5], [6]]),
    ('rt[tf.newaxis]', [[[3, 1, 4, 1], [], [5, 9, 2], [6]]]),
    ('rt[:, tf.newaxis]', [[[3, 1, 4, 1]], [[]], [[5, 9, 2]], [[6]]]),
    ('nest[0,1]', [3]),
    ('nest[3,1,0]', 7),
    ('nest[1:, ::-1, ::-1]', [[], [[6, 5, 4]], [[7], []]]),
    ('inner[:, :, 0]', [[1, 3], [], [5]]),
    ('inner[:, 1:]', [[[3, 4]], [], []]),
    ('rt[2:1]', []),
    ('rt[:, tf.constant(1):]', [[1, 4, 1], [], [9, 2], []]),
    ('tf.gather(rt,[[1,2],[3,0]])', [[[], [5, 9, 2]], [[6], [3, 1, 4, 1]]]),
    ('tf.gather(nest,[3,0])', [[[], [7]], [[1, 2], [3]]]),
    ('tf.gather(rt,tf.ragged.constant([[0,2],[],[1]]))', [[[3, 1, 4, 1], [5, 9, 2]], [], [[]]]),
    ('tf.gather([10,20,30],tf.ragged.constant([[0,2],[],[1]]))', [[10, 30], [], [20]]),
    ('tf.batch_gather(nest, tf.ragged.constant([[1],[],[0,0],[]]))', [[[3]], [], [[4, 5, 6], [4, 5, 6]], []]),
    ('tf.gather_nd(rt,[[0,2],[2,1]])', [4, 9]),
    ('tf.gather_nd(nest,[[0,1],[3,1]])', [[3], [7]]),
    ('tf.gather_nd(nest,[[0,0,1],[3,1,0]])', [2, 7]),
    ('tf.ragged.boolean_mask(rt, bo)', [[3, 4, 1], [], [9, 2], []]),
    ('tf.ragged.boolean_mask(rt,[True,False,True,True])', [[3, 1, 4, 1], [5, 9, 2], [6]]),
    ('tf.ragged.boolean_mask(nest, tf.ragged.constant([[True,False],[],[True],[False,True]]))',
     [[[1, 2]], [], [[4, 5, 6]], [[7]]]),
    ('tf.ragged.boolean_mask([[[1,2],[3,4]],[[5,6],[7,8]]],[[[True,False],[True,True]],[[False,False],[False,True]]])',
     [[[1], [3, 4]], [[], [8]]]),
    ('tf.where(bo)', [[0, 0], [0, 2], [0, 3], [2, 1], [2, 2]]),
    ('tf.where(bo, rt, -rt)', [[3, -1, 4, 1], [], [-5, 9, 2], [-6]]),
    ('tf.where([True,False,True,False],rt,rt*10)', [[3, 1, 4, 1], [], [5, 9, 2], [60]]),
]  # fmt: skip


def test_values_are_those_of_tensorflow():
    ragged_cases.check(CASES)


def test_what_is_no_index_is_refused():
    with tf.Graph().as_default():
        rows = tf.ragged.constant([[1, 2], [], [3]])
        with pytest.raises(ValueError, match="inner ragged dimension"):
            rows[:, 0]
        with pytest.raises(IndexError, match="Row key 3 out of bounds"):
            rows[3]
        with pytest.raises(ValueError, match="single ellipsis"):
            rows[..., ...]
        with pytest.raises(ValueError, match="both None or both non-None"):
            tf.where(rows > 1, rows)
        with pytest.raises(ValueError, match="axis of a RaggedTensor must be 0, got 1"):
            tf.gather(rows, [0], axis=1)
        with pytest.raises(ValueError, match="mask cannot be scalar"):
            tf.ragged.boolean_mask(rows, True)


def test_gradients_go_to_what_was_taken():
    with tf.Graph().as_default(), tf.Session() as session:
        values = tf.constant([3.0, 1, 4, 1, 5, 9])
        rows = tf.RaggedTensor.from_row_splits(values, [0, 3, 3, 6])
        ends = tf.RaggedTensor.from_nested_row_splits(values, [[0, 1, 3], [0, 3, 3, 6]])
        asked = [
            tf.reduce_sum(tf.gather(rows, [2, 0, 0]) * [[1.0], [2.0], [3.0]]),
            tf.reduce_sum(rows[:, 1:] ** 2),
            tf.reduce_sum(tf.gather(ends, [1]).to_tensor() ** 2),
            tf.reduce_sum(rows.to_sparse().values * 3.0),
        ]
        found = session.run([tf.convert_to_tensor(tf.gradients(y, values)[0]) for y in asked])
    assert [f.tolist() for f in found] == [
        [5, 5, 5, 1, 1, 1], [0, 2, 8, 0, 10, 18], [0, 0, 0, 2, 10, 18], [3] * 6,
    ]  # fmt: skip
