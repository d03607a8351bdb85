"""Parts of tensors whose bounds are known only in a run: fed, of variables, or counted by a loop."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.running import executing


def test_batches_that_a_feed_chooses_share_one_program(monkeypatch):
    made = []
    program = executing._Program

    def counted(*arguments):
        made.append(arguments)
        return program(*arguments)

    monkeypatch.setattr(executing, "_Program", counted)
    data = np.arange(40.0, dtype=np.float32).reshape(20, 2)
    with tf.Graph().as_default(), tf.Session() as session:
        number = tf.placeholder(tf.int32, [])
        batch = tf.constant(data)[number * 4 : (number + 1) * 4]
        result = tf.nn.conv2d(tf.reshape(batch, [1, 4, 2, 1]), tf.ones([1, 1, 1, 1]), [1, 1, 1, 1], "SAME")
        for k in range(5):
            assert session.run(result, {number: k}).reshape(4, 2).tolist() == data[4 * k : 4 * k + 4].tolist()
    assert len(made) == 1


def test_a_loop_takes_rows_and_pieces_at_its_counter_with_gradients():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [3, 4])

        def body(i, total):
            return i + 1, total + tf.reduce_sum(x[i, 1:]) + 2 * tf.slice(x, [i, 0], [1, 1])[0, 0]

        _, total = tf.while_loop(lambda i, _: i < 3, body, [tf.constant(0), tf.constant(0.0)])
        values = np.arange(12.0, dtype=np.float32).reshape(3, 4)
        expected = np.array([[2.0, 1.0, 1.0, 1.0]] * 3)
        found, gradient = session.run([total, tf.gradients(total, x)[0]], {x: values})
        assert found == (values * expected).sum()
        assert gradient.tolist() == expected.tolist()


def test_bounds_of_variables_are_looked_up_in_each_run():
    with tf.Graph().as_default(), tf.Session() as session:
        start = tf.Variable(1)
        part = tf.constant(np.arange(6))[start : start + 2]
        session.run(start.initializer)
        assert session.run(part).tolist() == [1, 2]
        session.run(tf.assign(start, 5))
        assert session.run(part).tolist() == [5]


@pytest.mark.parametrize("runs", [1, 5])  # the later runs are compiled
def test_rows_that_there_are_not_are_errors_of_every_run(runs):
    with tf.Graph().as_default(), tf.Session() as session:
        numbers = tf.placeholder(tf.int32, [None])
        table = tf.matmul(tf.ones([3, 2]), tf.ones([2, 2]))
        for found in (tf.gather(table, numbers), tf.gather_nd(table, numbers[:, None]), table[numbers[0]]):
            for _ in range(runs):
                assert session.run(found, {numbers: [2]}).reshape(-1).tolist() == [2.0, 2.0]
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(found, {numbers: [3]})


def test_parts_of_variables_are_assigned():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([1, 2, 3, 4])
        session.run(v.initializer)
        session.run(v[1:3].assign([8, 9]))
        assert session.run(v).tolist() == [1, 8, 9, 4]
        assert not hasattr(v + 1, "assign")
        with pytest.raises(ValueError, match="only supported for variables"):
            _ = tf.identity(v)[0].assign
