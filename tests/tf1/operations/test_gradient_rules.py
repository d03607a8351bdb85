"""Gradients where TensorFlow 1's differ from what the derivative would be."""

import numpy as np

import jax_slim.tf1 as tf


def test_cumprod_has_no_derivative_where_an_element_is_zero() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([[1.0, 2.0, 3.0], [0.0, 4.0, 5.0]])
        (found,) = session.run(tf.gradients(tf.cumprod(x, 1), x))
    np.testing.assert_array_equal(found, [[9.0, 4.0, 2.0], [np.nan, 0.0, 0.0]])


def test_values_of_one_hot_get_no_gradient() -> None:
    with tf.Graph().as_default():
        on = tf.placeholder(tf.float32, [])
        assert tf.gradients(tf.one_hot([1], 3, on), on) == [None]


def test_gradient_has_the_known_sizes_of_its_input() -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 3])
        (found,) = tf.gradients(tf.split(x, 3, axis=tf.placeholder(tf.int32, [])), x)
        assert found.shape.as_list() == [2, 3]
