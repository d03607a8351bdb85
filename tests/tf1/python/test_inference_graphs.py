"""`optimize_for_inference_lib` and `remove_training_nodes`: the same numbers from fewer nodes."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.python import inference_graphs

slim = tf.contrib.slim
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(2, 6, 6, 3)).astype(np.float32)


def frozen(build):
    """A graph with random variables as constants, and what it computes of the images."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 6, 6, 3], name="x")
        with slim.arg_scope([slim.batch_norm], is_training=False, scale=True, epsilon=0.01):
            out = tf.identity(build(x), name="out")
        for variable in tf.global_variables():
            session.run(variable.assign(RNG.uniform(0.5, 1.5, variable.shape.as_list())))
        wanted = session.run(out, {x: IMAGES})
        return tf.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["out"]), wanted


def run(definition):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(definition, name="")
        return session.run("out:0", {"x:0": IMAGES})


def optimized(definition):
    return inference_graphs.optimize_for_inference(definition, ["x"], ["out"], tf.float32.as_datatype_enum)


def test_batch_norm_goes_into_the_weights():
    def net(x):
        x = slim.conv2d(x, 4, 3, normalizer_fn=slim.batch_norm, scope="c1")
        x = slim.separable_conv2d(x, None, 3, depth_multiplier=2, normalizer_fn=slim.batch_norm, scope="c2")
        return slim.batch_norm(slim.conv2d(x, 5, 1, activation_fn=None, scope="c3"), scope="bn3")

    definition, wanted = frozen(net)
    found = optimized(definition)
    nodes = {node.name: node for node in found.node}
    assert not {"Identity", "FusedBatchNormV3"} & {n.op for n in found.node if n.name != "out"}
    assert nodes["c1/BatchNorm/FusedBatchNormV3"].op == "BiasAdd"
    assert list(nodes["c1/Conv2D"].input) == ["x", "c1/Conv2D_weights"]
    assert "c1/BatchNorm/gamma" not in nodes
    np.testing.assert_allclose(run(found), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("where", ["Conv2D", "weights/read"])
def test_what_others_use_too_is_left_as_it_was(where):
    def net(x):
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, activation_fn=None):
            y = slim.conv2d(x, 3, 1, scope="c")
            if where == "Conv2D":
                return y + tf.get_default_graph().get_tensor_by_name("c/Conv2D:0")
            weights = tf.get_default_graph().get_tensor_by_name("c/weights/read:0")
            return y + tf.nn.conv2d(x, weights, 1, "SAME")

    definition, wanted = frozen(net)
    np.testing.assert_allclose(run(optimized(definition)), wanted, rtol=1e-5, atol=1e-5)


def test_training_nodes_are_spliced_out():
    def net(x):
        x = tf.identity(tf.check_numerics(x, "x"))
        with tf.control_dependencies([tf.identity(x, name="kept")]):
            return tf.multiply(x, 2)

    definition, wanted = frozen(net)
    found = tf.graph_util.remove_training_nodes(definition, ["out"])
    assert sorted(n.name for n in found.node if n.op == "Identity") == ["kept", "out"]
    assert "CheckNumerics" not in {n.op for n in found.node}
    np.testing.assert_array_equal(run(found), wanted)


def test_names_of_nodes_that_are_gone_are_forgotten():
    definition = tf.GraphDef()
    definition.node.add(name="a", op="Const")
    definition.node.add(name="a/read", op="Identity", input=["a"])
    last = definition.node.add(name="b", op="Relu", input=["a/read"])
    last.attr["_class"].list.s.append(b"loc:@a/read")
    found = tf.graph_util.remove_training_nodes(definition)
    assert [(n.name, list(n.input), "_class" in n.attr) for n in found.node] == [("a", [], False), ("b", ["a"], False)]


def test_says_what_is_no_graph():
    definition = tf.GraphDef()
    definition.node.add(name="a", op="Relu", input=["b"])
    with pytest.raises(ValueError, match="Input for a not found: b"):
        optimized(definition)
    definition.node.add(name="a", op="Relu")
    with pytest.raises(ValueError, match="Duplicate node names detected for a"):
        optimized(definition)
