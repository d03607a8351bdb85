"""Transforms that make one node of several: the same outputs, fewer nodes."""

import collections

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.python.graph_transforms import TransformGraph

RANDOM = np.random.default_rng(1)
IMAGES = RANDOM.uniform(-1, 1, (1, 9, 8, 2)).astype(np.float32)


def weights(*shape):
    return RANDOM.normal(size=shape).astype(np.float32) * 0.3


def transformed(make, transform):
    """The types of the nodes after a transform of a graph; its output is the same as before."""
    with tf.Graph().as_default() as graph:
        tf.identity(make(tf.placeholder(tf.float32, IMAGES.shape, name="images")), name="out")
    definition = graph.as_graph_def()
    made = TransformGraph(definition, ["images"], ["out"], [transform])
    found = []
    for one in (definition, made):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(one, name="")
            found.append(session.run("out:0", {"images:0": IMAGES}))
    np.testing.assert_allclose(found[1], found[0], atol=1e-6)
    return collections.Counter(node.op for node in made.node)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_convolutions_with_holes(padding):
    whole = weights(3, 3, 2, 4)
    found = transformed(lambda x: tf.nn.atrous_conv2d(x, whole, 2, padding), "flatten_atrous_conv")
    assert not {"SpaceToBatchND", "BatchToSpaceND"} & set(found)
    assert found["Conv2D"] == 1


def test_a_convolution_with_other_borders_stays():
    borders = [[3, 3], [2, 4]]

    def make(x):
        y = tf.nn.conv2d(tf.space_to_batch_nd(x, [1, 2], borders), weights(3, 3, 2, 4), [1, 1, 1, 1], "VALID")
        return tf.batch_to_space_nd(y, [1, 2], [[0, 0], [0, 0]])

    assert transformed(make, "flatten_atrous_conv")["SpaceToBatchND"] == 1


def test_mirrored_borders():
    def make(x):
        y = tf.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], "REFLECT")
        return tf.nn.conv2d(y, weights(3, 3, 2, 4), [1, 2, 2, 1], "VALID")

    found = transformed(make, "fuse_pad_and_conv")
    assert found["FusedPadConv2D"] == 1
    assert not {"MirrorPad", "Conv2D"} & set(found)

    def used_twice(x):
        y = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")
        return tf.nn.conv2d(y, weights(3, 3, 2, 2), [1, 1, 1, 1], "SAME") + y

    assert transformed(used_twice, "fuse_pad_and_conv")["MirrorPad"] == 1


def test_older_concatenation_and_other_names():
    found = transformed(lambda x: tf.concat([x, x * 2.0], 3), "backport_concatv2")
    assert found["Concat"] == 1
    assert not found["ConcatV2"]
    double = 'rename_node(old_node_name=mul, new_node_name="double")'
    assert transformed(lambda x: tf.add(x * 2.0, 1.0), double)["Mul"] == 1
    with pytest.raises(ValueError, match="must be a name that is free, out is"):
        transformed(lambda x: x * 2.0, 'rename_node(old_node_name=mul, new_node_name="out")')
