"""In which order a run does what it does, and what of it stays when something fails."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def test_what_fails_comes_before_what_waits_for_a_queue():
    with tf.Graph().as_default(), tf.Session() as session:
        queue = tf.FIFOQueue(1, tf.float32, shapes=[[]])
        element = queue.dequeue()
        counter = tf.Variable(0, dtype=tf.int64).count_up_to(0)
        session.run(tf.global_variables_initializer())
        session.run(queue.close())
        with pytest.raises(tf.errors.OutOfRangeError, match="limit of 0"):
            session.run([element, counter])
        with pytest.raises(tf.errors.OutOfRangeError, match="limit of 0"):
            session.run(tf.FIFOQueue(1, [tf.float32, tf.int64]).enqueue([element, counter]))


def test_a_compiled_program_writes_nothing_after_a_check_that_fails():
    with tf.Graph().as_default(), tf.Session() as session:
        limited = tf.train.limit_epochs(tf.ones([3]), num_epochs=6)
        weight = tf.Variable(np.zeros(3, np.float32))
        steps = tf.Variable(0)
        with tf.control_dependencies([weight.assign_add(limited)]):
            step = steps.assign_add(1)
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        for _ in range(6):
            session.run(step)
        for _ in range(2):
            with pytest.raises(tf.errors.OutOfRangeError, match="limit of 6"):
                session.run(step)
        np.testing.assert_array_equal(session.run(weight), [6, 6, 6])
        assert session.run(steps) == 6
