"""Gradients of conditionals that are evaluated again on the host, and of those that stay compiled."""

import numpy as np

import jax_slim.tf1 as tf


def test_a_conditional_evaluated_again_does_not_assign_twice():
    with tf.Graph().as_default():
        x, flag = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.bool, [])
        count = tf.Variable(0.0)

        def squared():
            with tf.control_dependencies([tf.assign_add(count, 1.0)]):
                return tf.py_func(lambda a: a, [tf.constant(2.0)], tf.float32) * x * x

        y = tf.cond(flag, squared, lambda: x)
        (gradient,) = tf.gradients(y, x)
        with tf.Session() as session:
            session.run(count.initializer)
            for run in (1, 2):
                values = session.run([y, gradient], {x: [1.0, 2.0, 3.0], flag: True})
                np.testing.assert_allclose(values, [[2, 8, 18], [4, 8, 12]])
                assert session.run(count) == run
            np.testing.assert_allclose(session.run(gradient, {x: [1.0, 2.0, 3.0], flag: False}), [1, 1, 1])


def test_a_conditional_with_constants_is_differentiated_where_it_is_compiled():
    from jax_slim.tf1.running import planning

    with tf.Graph().as_default():
        x, flag = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.bool, [])
        (gradient,) = tf.gradients(tf.cond(flag, lambda: x * tf.constant([1.0, 2.0, 3.0]), lambda: x), x)
        feeds = [x, flag]
        units = planning.units_of(planning.needed([gradient], feeds), None, feeds)
        assert not any(unit.host for unit in units)


def test_a_choice_among_values_that_are_there_anyway():
    """Branches that compute nothing: the other one's gradient is 0, and both can be told at run time."""
    with tf.Graph().as_default(), tf.Session() as session:
        images, late = tf.ones([1, 3, 3, 1]), tf.get_variable("late", [], initializer=tf.zeros_initializer())
        kernel = tf.get_variable("kernel", [2, 2, 1, 1], initializer=tf.constant_initializer(0.3))
        plain = tf.nn.conv2d(images, kernel, [1, 1, 1, 1], "VALID")
        rounded = tf.round(plain)
        chosen = tf.cond(late > 0.5, lambda: rounded, lambda: plain)
        gradient = tf.gradients(chosen, kernel)[0]
        session.run(tf.global_variables_initializer())
        found, slopes = session.run([chosen, gradient])
        assert abs(found - 1.2).max() < 1e-6 and (slopes == 4).all()
        late.load(1.0, session)
        found, slopes = session.run([chosen, gradient])
        assert (found == 1).all() and (slopes == 0).all()
