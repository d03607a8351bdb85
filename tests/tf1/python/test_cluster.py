"""Where `replica_device_setter` puts variables."""

import pytest

import jax_slim.tf1 as tf


def test_the_next_variable_goes_to_the_task_with_the_least_bytes():
    training = tf.contrib.training
    strategy = training.GreedyLoadBalancingStrategy(2, training.byte_size_load_fn)
    with tf.Graph().as_default():
        with tf.device(tf.train.replica_device_setter(ps_tasks=2, ps_strategy=strategy)):
            made = [tf.Variable(tf.zeros([size]), use_resource=False) for size in (10, 2, 3, 4, 9)]
        assert [v.device for v in made] == [f"/job:ps/task:{task}" for task in (0, 1, 1, 1, 1)]
        with pytest.raises(ValueError, match="must be known"):
            training.byte_size_load_fn(tf.placeholder(tf.float32, [None]).op)
