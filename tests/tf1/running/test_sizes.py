"""One program for several sizes of what is fed: sizes that leave a compiled part are those of the run."""

import numpy as np

import jax_slim.tf1 as tf


def test_sizes_that_leave_a_program_belong_to_the_run():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2])
        y = tf.matmul(x, tf.ones([2, 2]))
        kept = tf.boolean_mask(y, y[:, 0] > 0)  # the host finds out which, between two programs
        # The gradient needs the number of rows, which the first program knows, in the second one.
        gradient = tf.gradients([tf.reduce_sum(y), tf.reduce_sum(tf.square(kept))], x)[0]
        for count in (3, 4, 3, 5, 4, 3):
            found, slope = session.run([kept, gradient], {x: np.ones([count, 2])})
            assert found.shape == (count, 2)
            assert slope.tolist() == [[10.0, 10.0]] * count
