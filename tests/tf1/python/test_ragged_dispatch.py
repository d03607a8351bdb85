"""TensorFlow's functions, and operators, of ragged tensors. The values are those of TensorFlow 2.21's compat.v1."""

import pytest

import jax_slim.tf1 as tf
from tf1 import ragged_cases

CASES = [
    ('rt*[[1],[2],[3],[4]]', [[3, 1, 4, 1], [], [15, 27, 6], [24]]),
    ('rt+[[100]]', [[103, 101, 104, 101], [], [105, 109, 102], [106]]),
    ('inner*[1,10]', [[[1, 20], [3, 40]], [], [[5, 60]]]),
    ('nest+[[[1]],[[2]],[[3]],[[4]]]', [[[2, 3], [4]], [], [[7, 8, 9]], [[], [11]]]),
    ('rt>2', [[True, False, True, False], [], [True, True, False], [True]]),
    ('~bo', [[False, True, False, False], [], [True, False, False], [True]]),
    ('bo&bo', [[True, False, True, True], [], [False, True, True], [False]]),
    ('abs(-rt)', [[3, 1, 4, 1], [], [5, 9, 2], [6]]),
    ('tf.maximum(rt,3)', [[3, 3, 4, 3], [], [5, 9, 3], [6]]),
    ('tf.add_n([rt,rt,rt])', [[9, 3, 12, 3], [], [15, 27, 6], [18]]),
    ('tf.cast(rt,tf.float32)', [[3.0, 1.0, 4.0, 1.0], [], [5.0, 9.0, 2.0], [6.0]]),
    ('tf.rank(nest)', 3),
    ('tf.size(nest)', 7),
    ('tf.one_hot(rt,3)',
     [[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0],
     [0.0, 0.0, 1.0]], [[0.0, 0.0, 0.0]]]),
    ("tf.strings.join([tf.ragged.constant([['a'],['b','c']]),tf.ragged.constant([['x'],['y','z']])],'-')",
     [[b'a-x'], [b'b-y', b'c-z']]),
    ("tf.strings.reduce_join(tf.ragged.constant([['a'],['b','c']]),axis=1,separator=',')", [b'a', b'b,c']),
]  # fmt: skip


def test_values_are_those_of_tensorflow():
    ragged_cases.check(CASES)


def test_tensors_that_do_not_fit_the_rows_are_refused():
    with tf.Graph().as_default(), tf.Session() as session:
        rows = tf.ragged.constant([[1, 2], [], [3]])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Unable to broadcast"):
            session.run(rows + [[1, 2, 3]])
        with pytest.raises(ValueError, match="tensor of rank 3 to the rows of a RaggedTensor of rank 2"):
            rows + [[[1]]]
        with pytest.raises(ValueError, match="must be greater than indices"):
            tf.one_hot(rows, 3, axis=1)


def test_one_function_under_each_of_its_names():
    assert tf.add is tf.math.add is tf.compat.v1.add
    assert tf.add.__doc__ and tf.add.__name__ == "add"


def test_ragged_values_are_constants_and_feeds():
    with tf.Graph().as_default(), tf.Session() as session:
        value = tf.ragged.constant_value([[[1, 2]], [], [[3], []]])
        assert value.to_list() == [[[1, 2]], [], [[3], []]] and value.dtype == "int64"
        assert session.run(tf.add(value, 1)).to_list() == [[[2, 3]], [], [[4], []]]
        fed = tf.ragged.placeholder(tf.int64, 2)
        found, total = session.run([fed, tf.reduce_sum(fed)], {fed: value})
        assert found.to_list() == value.to_list() and total == 6
        with pytest.raises(TypeError, match="must be a RaggedTensorValue"):
            session.run(fed, {fed: [[[1]]]})
