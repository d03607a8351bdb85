"""`custom_gradient` of functions that read variables."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def test_the_gradient_function_gets_the_variables_that_the_function_reads():
    seen = []

    @tf.custom_gradient
    def scaled(x):
        w = tf.get_variable("w", initializer=3.0, use_resource=True)
        tf.get_variable("fixed", initializer=1.0, use_resource=True, trainable=False)

        def gradient(dy, variables):
            seen.extend(variables)
            return dy * 10.0, [tf.reduce_sum(dy * 100.0)]

        return x * w, gradient

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([1.0, 2.0])
        y = scaled(x)
        w = tf.trainable_variables()[0]
        found = tf.gradients(y, [x, w])
        session.run(tf.global_variables_initializer())
        values = session.run([y, *found])
    assert [v.name for v in seen] == ["w:0"]
    np.testing.assert_array_equal(values[0], [3.0, 6.0])
    np.testing.assert_array_equal(values[1], [10.0, 10.0])
    assert values[2] == 200.0


def test_what_variables_need_is_refused():
    @tf.custom_gradient
    def without_parameter(x):
        return x * tf.get_variable("a", initializer=1.0, use_resource=True), lambda dy: dy

    @tf.custom_gradient
    def of_the_first_kind(x):
        return x * tf.get_variable("b", initializer=1.0), lambda dy: dy

    @tf.custom_gradient
    def too_few(x):
        return x * tf.get_variable("c", initializer=1.0, use_resource=True), lambda dy, variables: (dy, [])

    with tf.Graph().as_default():
        x = tf.constant(1.0)
        with pytest.raises(TypeError, match="grad_fn must accept a 'variables' keyword"):
            without_parameter(x)
        with pytest.raises(TypeError, match="must be `ResourceVariable`s"):
            of_the_first_kind(x)
        with pytest.raises(ValueError, match="gradient for each variable"):
            tf.gradients(too_few(x), x)
