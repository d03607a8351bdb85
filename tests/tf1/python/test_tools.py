"""Profiles of graphs, and graphs cut or frozen by TensorFlow's tools."""

import jax_slim.tf1 as tf
from jax_slim.tf1.python import freezing, stripping


def net():
    x = tf.placeholder(tf.float32, [1, 4, 4, 3], name="x")
    with tf.variable_scope("net"):
        weights = tf.get_variable("w", [3, 3, 3, 2], initializer=tf.ones_initializer())
        return tf.nn.relu(tf.nn.conv2d(x, weights, 1, "SAME"), name="out")


def test_parameters_and_operations_are_counted(capsys):
    with tf.Graph().as_default() as graph:
        net()
        options = tf.profiler.ProfileOptionBuilder.trainable_variables_parameter()
        assert tf.profiler.profile(graph, options=options).total_parameters == 54
        assert "net/w (--/54 params)" in capsys.readouterr().out
        counted = tf.profiler.profile(graph, options=tf.profiler.ProfileOptionBuilder.float_operation())
        assert counted.total_float_ops == 2 * 32 * 27


def test_a_frozen_graph_has_constants_for_variables(tmp_path):
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        net()
        saver = tf.train.Saver()
        sess.run(tf.global_variables_initializer())
        path = saver.save(sess, str(tmp_path / "model"))
        frozen = freezing.freeze_graph_with_def_protos(
            graph.as_graph_def(), saver.as_saver_def(), path, "net/out", output_graph=str(tmp_path / "frozen.pb")
        )
    assert {n.name: n.op for n in frozen.node}["net/w"] == "Const"
    assert type(frozen).FromString((tmp_path / "frozen.pb").read_bytes()) == frozen
    cut = stripping.strip_unused(frozen, ["net/Conv2D"], ["net/out"], tf.float32.as_datatype_enum)
    assert [(n.name, n.op) for n in cut.node] == [("net/Conv2D", "Placeholder"), ("net/out", "Relu")]


def test_a_cluster_of_several_workers_is_told_that_each_trains_alone(caplog):
    with caplog.at_level("WARNING"):
        tf.train.Server({"ps": ["h:1"], "worker": ["h:2"]}, "worker", 0)
        assert "trains alone" not in caplog.text
        tf.train.Server({"ps": ["h:1"], "worker": ["h:2", "h:3"]}, "worker", 0)
    assert "2 workers, but this process trains alone" in caplog.text
