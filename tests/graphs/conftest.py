"""A net as a frozen graph, with what frozen graphs have: small constants, and batch norm, bias and limits apart."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def tiny(images, data_format="NHWC"):
    """A stem, a depthwise layer, a projection, a shortcut and a classifier, of constants."""
    random = np.random.RandomState(1)

    def drawn(*shape):
        return tf.constant(random.normal(size=shape).astype(np.float32) / 4)

    first = data_format == "NCHW"
    strides = [1, 1, 2, 2] if first else [1, 2, 2, 1]
    if first:
        images = tf.transpose(images, [0, 3, 1, 2])
    around = [[0, 0], [0, 0], [1, 1], [1, 1]] if first else [[0, 0], [1, 1], [1, 1], [0, 0]]
    y = tf.nn.conv2d(tf.pad(images, around), drawn(3, 3, 3, 8), strides, "VALID", data_format=data_format)
    x = tf.nn.relu6(tf.nn.bias_add(y, drawn(8), data_format=data_format))
    y = tf.nn.depthwise_conv2d(x, drawn(3, 3, 8, 1), [1] * 4, "SAME", data_format=data_format)
    vectors = [tf.constant(random.uniform(0.5, 2, 8).astype(np.float32)) for _ in range(4)]
    y, *_ = tf.nn.fused_batch_norm(y, *vectors, epsilon=0.01, is_training=False, data_format=data_format)
    y = tf.nn.relu6(y)
    y = tf.nn.bias_add(tf.nn.conv2d(y, drawn(1, 1, 8, 8), [1] * 4, "SAME", data_format=data_format), drawn(8),
                       data_format=data_format)  # fmt: skip
    y = tf.nn.relu(y + x)
    y = tf.nn.conv2d(y, drawn(1, 1, 8, 40), [1] * 4, "SAME", data_format=data_format)
    y = tf.reduce_mean(y, [2, 3] if first else [1, 2])
    return tf.nn.softmax(tf.matmul(y, drawn(40, 5)) + drawn(5), name="out")


@pytest.fixture(scope="package", params=["NHWC", "NCHW"])
def tiny_net(request):
    """The graph, with the input "images:0" and the output "out:0", and what a session gives for the test's images."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        out = tiny(tf.placeholder(tf.float32, [None, 6, 6, 3], name="images"), request.param)
        images = np.random.RandomState(0).uniform(-1, 1, (4, 6, 6, 3)).astype(np.float32)
        return graph.as_graph_def(), session.run(out, {"images:0": images})
