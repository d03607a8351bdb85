"""Gradients of loops whose bodies the host evaluates, since sizes in them depend on data."""

import numpy as np

import jax_slim.tf1 as tf


def test_the_gradient_of_the_least_masked_element_goes_to_that_element():
    random = np.random.RandomState(0)
    xs, masks = random.rand(12, 3).astype("float32"), random.rand(12, 3) > 0.3
    masks[:, 0] = True
    with tf.Graph().as_default(), tf.Session() as sess:
        x, mask = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.bool, [None, 3])
        least = tf.map_fn(lambda row: tf.reduce_min(tf.boolean_mask(row[0], row[1])), (x, mask), tf.float32)
        (gradient,) = tf.gradients(tf.reduce_sum(least * least), x)
        for _ in range(2):
            found = sess.run(gradient, {x: xs, mask: masks})
    places = np.where(masks, xs, 9).argmin(1)
    expected = np.zeros((12, 3), np.float32)
    expected[range(12), places] = 2 * xs[range(12), places]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
