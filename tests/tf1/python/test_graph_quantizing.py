"""`quantize_nodes`: nets that compute in eight bits."""

import collections

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.python.graph_transforms import TransformGraph

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.uniform(-1, 1, (2, 6, 6, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def net():
    def weights(*shape):
        return tf.constant(RANDOM.normal(size=shape).astype(np.float32) * 0.3)

    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, IMAGES.shape, name="images")
        y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, weights(3, 3, 3, 8), [1, 1, 1, 1], "SAME"), weights(8)))
        y = tf.nn.max_pool(y, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
        y = tf.concat([tf.nn.relu6(y * weights(8)), tf.nn.avg_pool(y, [1, 3, 3, 1], [1, 1, 1, 1], "SAME")], 3)
        tf.identity(tf.matmul(tf.reshape(y, [2, -1]), weights(144, 5)) + weights(5), name="out")
    return graph.as_graph_def()


def answers(definition):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(definition, name="")
        return session.run("out:0", {"images:0": IMAGES})


def kinds(definition):
    return collections.Counter(node.op for node in definition.node)


def test_numbers_stay_near_and_go_on_in_eight_bits(net):
    wanted = answers(net)
    near = 0.03 * np.abs(wanted).max()
    plain = TransformGraph(net, ["images"], ["out"], ["quantize_nodes"])
    assert kinds(plain)["Dequantize"] == 1
    assert not {"Conv2D", "MatMul", "BiasAdd", "Relu", "MaxPool", "ConcatV2"} & set(kinds(plain))
    folded = TransformGraph(net, ["images"], ["out"], ["quantize_nodes", "fold_constants"])
    assert kinds(folded)["QuantizeV2"] == 1  # the images: weights are constants of eight bits
    np.testing.assert_allclose(answers(folded), wanted, atol=near)
    weighed = TransformGraph(net, ["images"], ["out"], ["quantize_weights(minimum_size=100)", "quantize_nodes"])
    assert kinds(weighed)["QuantizeV2"] == kinds(plain)["QuantizeV2"] - 2


def test_ranges_that_are_given_and_operations_that_stay(net):
    wanted = answers(net)
    ranged = TransformGraph(
        net, ["images"], ["out"], ["quantize_nodes(fallback_min=-8, fallback_max=8, ignore_op=MatMul)"]
    )
    assert not {"Min", "Max"} & set(kinds(ranged))
    assert kinds(ranged)["MatMul"] == 1
    np.testing.assert_allclose(answers(ranged), wanted, atol=0.1 * np.abs(wanted).max())
    with pytest.raises(ValueError, match="fallback_min must be given with fallback_max"):
        TransformGraph(net, ["images"], ["out"], ["quantize_nodes(fallback_min=-4)"])
