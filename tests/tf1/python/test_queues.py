"""Queues: which shapes their elements may have."""

import pytest

import jax_slim.tf1 as tf


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: tf.FIFOQueue(1, [tf.float32], shapes=[[None]]), "must be fully defined"),
        (lambda: tf.RandomShuffleQueue(1, 0, [tf.float32], shapes=[[None, 2]]), "must be fully defined"),
        (lambda: tf.PaddingFIFOQueue(1, [tf.float32], shapes=[tf.TensorShape(None)]), "must have a defined rank"),
        (lambda: tf.PaddingFIFOQueue(1, [tf.float32], shapes=None), "a list of shapes must be provided"),
    ],
)
def test_shapes_that_a_queue_cannot_have(make, says):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=says):
        make()


def test_one_shape_alone():
    with tf.Graph().as_default():
        assert tf.FIFOQueue(1, tf.float32, shapes=[2, 3]).dequeue().shape.as_list() == [2, 3]
        assert tf.FIFOQueue(1, tf.float32, shapes=[]).dequeue().shape.as_list() == []
        assert tf.PaddingFIFOQueue(1, tf.float32, shapes=[[None]]).dequeue().shape.as_list() == [None]
