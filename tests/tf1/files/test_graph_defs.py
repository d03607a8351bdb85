"""GraphDefs: written and read again, with other inputs, below scopes, frozen."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def definition():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        w = tf.get_variable("w", initializer=[[1.0], [2.0]])
        with tf.control_dependencies([tf.constant(0, name="before")]):
            tf.identity(tf.matmul(x, w, name="y"), name="z")
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return tf.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["z"])


def test_a_graph_that_was_read_gives_what_the_first_one_gave():
    with tf.Graph().as_default() as graph:
        (z,) = tf.import_graph_def(definition(), return_elements=["z:0"])
        assert z.name == "import/z:0"
        assert z.shape.as_list() == [None, 1]
        assert [op.name for op in z.op.inputs[0].op.control_inputs] == ["import/before"]
        assert graph.get_tensor_by_name("import/w:0").op.type == "Const"
        with tf.Session() as session:
            assert session.run(z, {"import/x:0": [[1.0, 1.0]]}).tolist() == [[3.0]]


def test_other_inputs_take_the_place_of_nodes():
    with tf.Graph().as_default(), tf.Session() as session:
        mine = tf.constant([[2.0, 0.0]])
        after = tf.no_op(name="mine")
        (z,) = tf.import_graph_def(definition(), {"x": mine, "^before": after}, ["z:0"], name="")
        assert [op.name for op in z.op.inputs[0].op.control_inputs] == ["mine"]
        assert session.run(z).tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"input_map": {"q:0": np.zeros((1, 2), np.float32)}}, r"not found in graph_def: \[q:0\]"),
        ({"return_elements": ["q"]}, "Requested return_element 'q' not found"),
        ({"return_elements": ["z:1"]}, "Requested return_element 'z:1' not found"),
    ],
)
def test_names_that_are_not_there_are_refused(arguments, says):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=says):
        tf.import_graph_def(definition(), **arguments)


def test_a_node_of_an_unknown_type_is_named():
    broken = definition()
    broken.node.add(name="odd", op="NoSuchOperation")
    with tf.Graph().as_default(), pytest.raises(tf.errors.NotFoundError, match=r"NoSuchOperation.*odd"):
        tf.import_graph_def(broken)


def test_gradients_go_on_after_a_meta_graph_was_read(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.get_variable("w", initializer=[1.0, 2.0])
        loss = tf.reduce_sum(tf.nn.softplus(tf.sin(w)))
        train = tf.train.GradientDescentOptimizer(0.5).minimize(loss, name="train")
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
        session.run(train)
        expected = session.run(w)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(path + ".meta", import_scope="old").restore(session, path)
        session.run("old/train")
        np.testing.assert_allclose(session.run("old/w:0"), expected, rtol=1e-6)
