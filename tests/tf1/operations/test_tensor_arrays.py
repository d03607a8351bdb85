"""Static shapes of what tensor arrays and gathers give."""

import jax_slim.tf1 as tf


def test_concat_of_a_split_array_knows_all_sizes_but_the_first() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        pieces = tf.TensorArray(tf.float32, 2).split(tf.ones([3, 4]), [1, 2])
        whole = pieces.concat()
        assert whole.shape.as_list() == [None, 4]
        assert session.run(whole).shape == (3, 4)


def test_gradient_rows_of_a_gather_have_the_known_sizes() -> None:
    with tf.Graph().as_default():
        table = tf.placeholder(tf.float32, [None, 4])
        (found,) = tf.gradients(tf.gather(table, [1, 2, 1]), table)
        assert found.values.shape.as_list() == [3, 4]
