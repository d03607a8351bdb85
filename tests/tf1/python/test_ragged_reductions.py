"""Sums and means over the axes of ragged tensors. The values are those of TensorFlow 2.21's compat.v1."""

import pytest

import jax_slim.tf1 as tf
from tf1 import ragged_cases

CASES = [
    ('tf.reduce_sum(rt,0)', [14, 10, 6, 1]),
    ('tf.reduce_sum(nest,0)', [[5, 7, 6], [10]]),
    ('tf.reduce_sum(nest,[0,2])', [18, 10]),
    ('tf.reduce_mean(rf,0)', [4.666666507720947, 5.0, 3.0, 1.0]),
    ('tf.reduce_mean(nest,[0,1])', [3.75, 3.5, 6.0]),
    ('tf.reduce_any(bo,1)', [True, False, True, False]),
    ('tf.reduce_all(bo,0)', [False, False, True, True]),
    ('tf.reduce_sum(inner,2)', [[3, 7], [], [11]]),
    ('tf.reduce_sum(nest,[0,2],keepdims=True)', [[[18], [10]]]),
]  # fmt: skip


def test_values_are_those_of_tensorflow():
    ragged_cases.check(CASES)


def test_axes_that_are_not_there_are_refused():
    with tf.Graph().as_default():
        rows = tf.ragged.constant([[1, 2], [], [3]])
        assert tf.reduce_sum(rows, axis=1, name="totals").op.name.startswith("totals/")
        with pytest.raises(ValueError, match="ints from -2 to 1, got 2"):
            tf.reduce_sum(rows, 2)
        with pytest.raises(ValueError, match=r"each axis once, got \[1, -1\]"):
            tf.reduce_max(rows, [1, -1])
