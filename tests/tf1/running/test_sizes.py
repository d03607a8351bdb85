"""One program for several sizes of what is fed: sizes that leave a compiled part are those of the run."""

import numpy as np

import jax_slim.tf1 as tf


def test_sizes_that_leave_a_program_belong_to_the_run():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2])
        y = tf.matmul(x, tf.ones([2, 2]))
        kept = tf.boolean_mask(y, y[:, 0] > 0)  # the host finds out which, between two programs
        rest = tf.concat([kept, tf.zeros([tf.shape(y)[0], 2])], 0)
        sizes = tf.shape(y)
        gradient = tf.gradients(tf.reduce_sum(tf.square(rest)), x)[0]
        for count in (3, 4, 3, 5, 4, 3):
            found, size, slope = session.run([rest, sizes, gradient], {x: np.ones([count, 2])})
            assert found.shape == (2 * count, 2)
            assert size.tolist() == [count, 2]
            assert slope.tolist() == [[8.0, 8.0]] * count
