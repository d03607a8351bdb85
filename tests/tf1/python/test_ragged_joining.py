"""Ragged tensors together. The values are those of TensorFlow 2.21's compat.v1."""

import pytest

import jax_slim.tf1 as tf
from tf1 import ragged_cases

CASES = [
    ('tf.concat([rt,rt*2],1)', [[3, 1, 4, 1, 6, 2, 8, 2], [], [5, 9, 2, 10, 18, 4], [6, 12]]),
    ('tf.concat([rt,[[1,2],[3,4],[5,6],[7,8]]],1)', [[3, 1, 4, 1, 1, 2], [3, 4], [5, 9, 2, 5, 6], [6, 7, 8]]),
    ('tf.concat([nest,nest],2)', [[[1, 2, 1, 2], [3, 3]], [], [[4, 5, 6, 4, 5, 6]], [[], [7, 7]]]),
    ('tf.concat([nest,nest],0)',
     [[[1, 2], [3]], [], [[4, 5, 6]], [[], [7]], [[1, 2], [3]], [], [[4, 5, 6]], [[], [7]]]),
    ('tf.concat([inner,inner],2)', [[[1, 2, 1, 2], [3, 4, 3, 4]], [], [[5, 6, 5, 6]]]),
    ('tf.stack([rt,rt],0)', [[[3, 1, 4, 1], [], [5, 9, 2], [6]], [[3, 1, 4, 1], [], [5, 9, 2], [6]]]),
    ('tf.stack([rt,rt*2],1)', [[[3, 1, 4, 1], [6, 2, 8, 2]], [[], []], [[5, 9, 2], [10, 18, 4]], [[6], [12]]]),
    ('tf.ragged.stack([[1,2],[3]])', [[1, 2], [3]]),
    ('tf.ragged.stack([1,2])', [1, 2]),
    ('tf.ragged.stack([[[1,2],[3,4]],[[5]]])', [[[1, 2], [3, 4]], [[5]]]),
    ('tf.ragged.stack_dynamic_partitions(rt,[1,0,1,1],2)', [[[]], [[3, 1, 4, 1], [5, 9, 2], [6]]]),
    ('tf.ragged.stack_dynamic_partitions(rt,tf.ragged.constant([[0,1,0,1],[],[2,0,0],[1]]),3)',
     [[3, 4, 9, 2], [1, 1, 6], [5]]),
    ('tf.expand_dims(rt,0)', [[[3, 1, 4, 1], [], [5, 9, 2], [6]]]),
    ('tf.expand_dims(nest,2)', [[[[1, 2]], [[3]]], [], [[[4, 5, 6]]], [[[]], [[7]]]]),
    ('tf.tile(rt,[2,1])', [[3, 1, 4, 1], [], [5, 9, 2], [6], [3, 1, 4, 1], [], [5, 9, 2], [6]]),
    ('tf.tile(nest,[1,1,2])', [[[1, 2, 1, 2], [3, 3]], [], [[4, 5, 6, 4, 5, 6]], [[], [7, 7]]]),
    ('tf.tile(inner,[1,2,2])',
     [[[1, 2, 1, 2], [3, 4, 3, 4], [1, 2, 1, 2], [3, 4, 3, 4]], [], [[5, 6, 5, 6], [5, 6, 5, 6]]]),
    ('tf.unsorted_segment_sum(rt,[0,1,0,1],2)', [[8, 10, 6, 1], [6]]),
    ('tf.unsorted_segment_mean(rf,[0,1,0,1],2)', [[4.0, 5.0, 3.0, 1.0], [6.0]]),
]  # fmt: skip


def test_values_are_those_of_tensorflow():
    ragged_cases.check(CASES)


def test_values_of_other_ranks_or_rows_are_refused():
    with tf.Graph().as_default(), tf.Session() as session:
        rows = tf.ragged.constant([[1, 2], [], [3]])
        with pytest.raises(ValueError, match="one known rank"):
            tf.concat([rows, [1]], 0)
        with pytest.raises(ValueError, match="axis=2 out of bounds"):
            tf.concat([rows, rows], 2)
        with pytest.raises(ValueError, match="may not be empty"):
            tf.ragged.stack([])
        with pytest.raises(tf.errors.InvalidArgumentError, match="as many rows"):
            session.run(tf.concat([rows, tf.gather(rows, tf.placeholder_with_default([0], [None]))], 1))
