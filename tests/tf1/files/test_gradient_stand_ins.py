"""Gradients of a type of our own in GraphDefs: TensorFlow finds a type that it knows, we find ours again."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


@pytest.fixture
def definition():
    """A loop and its gradient."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2], name="x")
        _, y = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * x), [0, x], name="loop")
        tf.identity(tf.gradients(y, x)[0], name="slope")
        return graph.as_graph_def()


def stand_in(definition):
    (node,) = [n for n in definition.node if n.op == "PyFuncStateless"]
    return node


def test_files_have_types_of_tensorflow_alone(definition):
    assert "SlimGradient" not in {n.op for n in definition.node}
    node = stand_in(definition)
    assert node.attr["token"].s == b"jax-slim: the gradient of loop/while_context"
    assert len(node.attr["Tin"].list.type) == len(node.input)
    assert {"token", "Tin", "Tout"} == {name for name in node.attr if not name.startswith("_")}


@pytest.mark.parametrize("prefix", ["", "again"])
def test_they_are_gradients_again_when_they_are_read(definition, prefix):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.import_graph_def(definition, name=prefix)
        scope = f"{prefix}/" if prefix else ""
        assert "SlimGradient" in {op.type for op in graph.get_operations()}
        found = session.run(f"{scope}slope:0", {f"{scope}x:0": [2.0, 3.0]})
    np.testing.assert_allclose(found, [4 * 2.0**3, 4 * 3.0**3], rtol=1e-6)


@pytest.mark.parametrize("places", [[7, 8], [0, 0, 0, 0, 0], [-1]])
def test_refuses_what_says_nothing(definition, places):
    values = stand_in(definition).attr["_slim_places"].list.i
    values[:] = places
    with tf.Graph().as_default(), pytest.raises(ValueError, match="does not say what it is the gradient of"):
        tf.import_graph_def(definition)
