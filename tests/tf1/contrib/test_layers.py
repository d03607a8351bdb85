"""Layers of slim in graphs: nodes by TensorFlow's names, collections, end points, nets."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1 import modules

slim = modules.module("contrib.slim")


def test_nodes_have_the_names_that_programs_fetch():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        with slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(0.1), normalizer_fn=slim.batch_norm):
            slim.conv2d(x, 4, [3, 3], scope="conv1")
        names = {op.name for op in graph.get_operations()}
        assert {
            "conv1/weights", "conv1/weights/read", "conv1/Conv2D", "conv1/BatchNorm/FusedBatchNormV3",
            "conv1/BatchNorm/AssignMovingAvg",
            "conv1/BatchNorm/AssignMovingAvg_1", "conv1/kernel/Regularizer/l2_regularizer", "conv1/Relu",
        } <= names  # fmt: skip
        assert "conv1/BiasAdd" not in names


def test_a_dilated_convolution_goes_by_way_of_batches():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        y = slim.conv2d(
            tf.ones([1, 5, 5, 1]),
            1,
            3,
            rate=2,
            activation_fn=None,
            weights_initializer=tf.ones_initializer(),
            scope="c",
        )
        session.run(tf.global_variables_initializer())
        assert session.run(y)[0, 2, 2, 0] == 9.0
        assert "c/SpaceToBatchND" in {op.name for op in graph.get_operations()}


@pytest.mark.parametrize(
    ("net", "size", "last", "variables"),
    [
        ("vgg.vgg_a", 224, "vgg_a/fc8/squeezed", 22),
        ("inception.inception_v1", 224, "InceptionV1/Logits/SpatialSqueeze", 116),
    ],
)
def test_nets_end_as_in_tf_slim(net, size, last, variables):
    with tf.Graph().as_default():
        file, _, name = net.partition(".")
        module = modules.module("contrib.slim.nets").__getattr__(file)
        x = tf.placeholder(tf.float32, [None, size, size, 3])
        logits, end_points = getattr(module, name)(x, 10)
        assert (logits.op.name, logits.shape.as_list()) == (last, [None, 10])
        assert len(slim.get_model_variables()) == variables
        assert end_points


def test_renormalization_moves_what_training_compares_with():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(np.arange(8.0, dtype=np.float32).reshape(4, 2))
        slim.batch_norm(x, renorm=True, renorm_decay=0.5, scope="bn")
        session.run(tf.global_variables_initializer())
        session.run(tf.get_collection("update_ops"))
        mean = next(v for v in tf.global_variables() if v.op.name == "bn/renorm_mean")
        np.testing.assert_allclose(session.run(mean), [1.5, 2.0])


def test_layers_that_are_not_trained_leave_no_updates():
    with tf.Graph().as_default():
        slim.batch_norm(tf.ones([2, 3, 3, 2]), trainable=False)
        assert tf.get_collection("update_ops") == []


def test_an_error_names_the_line_of_the_program_also_for_what_a_layer_makes():
    with tf.Graph().as_default(), tf.Session() as sess:
        outputs = slim.fully_connected(tf.ones([2, 3]), 4)
        with pytest.raises(tf.errors.FailedPreconditionError, match=r"made at \S*test_layers\.py:\d+"):
            sess.run(outputs)


def test_groups_need_known_sizes_of_what_they_reduce():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="undefined dimensions 2"):
        tf.contrib.layers.group_norm(tf.placeholder(tf.float32, [1, 32, None, 4]), groups=2)


def test_pooling_along_three_axes_turns_channels_around():
    with tf.Graph().as_default(), tf.Session() as session:
        x = np.arange(2 * 3 * 4 * 2, dtype=np.float32).reshape(1, 2, 3, 4, 2)
        y = tf.contrib.layers.avg_pool3d(x, [3, 2, 2], stride=1, data_format="NCDHW")
        assert (y.op.name, y.shape.as_list()) == ("AvgPool3D/transpose_1", [1, 2, 1, 3, 1])
        np.testing.assert_allclose(session.run(y)[0, 1, 0, 2, 0], x[0, 1, :, 2:4, :].mean())


def test_helpers_of_layers():
    utils = tf.contrib.layers.utils
    with tf.Graph().as_default() as graph:
        assert utils.constant_value(0.5) == 0.5
        assert utils.constant_value(tf.constant("a")) == b"a"
        assert utils.constant_value(tf.Variable(1.0)) is None
        with pytest.raises(ValueError, match="wrong type"):
            utils.constant_value(tf.constant(1.0), tf.int32)
        for n, value in ((0, 1), (2, [1]), (3, tf.TensorShape([2, None, 1]))):
            with pytest.raises(ValueError, match="positive integer"):
                utils.n_positive_integers(n, value)
        one = tf.constant(1.0)
        assert tf.contrib.framework.get_graph_from_inputs([one]) is graph
        with pytest.raises(ValueError, match="not from the passed-in graph"):
            tf.contrib.framework.get_graph_from_inputs([one], graph=tf.Graph())


def test_npairs_loss_of_several_labels():
    random = np.random.default_rng(0)
    anchors, positives = random.normal(size=(2, 3, 4)).astype(np.float32)
    labels = np.array([[1, 0, 1], [0, 1, 1], [1, 0, 0]])
    with tf.Graph().as_default(), tf.Session() as session:
        rows = [tf.SparseTensor(np.argwhere(r), np.ones(r.sum()), [3]) for r in labels]
        loss = tf.contrib.losses.metric_learning.npairs_loss_multilabel(rows, anchors, positives, 0.02)
        found = session.run(loss)
        with pytest.raises(TypeError, match="SparseTensors"):
            tf.contrib.losses.metric_learning.npairs_loss_multilabel([tf.ones([3])], anchors, positives)
    shared = (labels @ labels.T) / (labels @ labels.T).sum(1, keepdims=True)
    logits = anchors.astype(float) @ positives.T
    entropy = (np.log(np.exp(logits).sum(1)) - (shared * logits).sum(1)).mean()
    length = (anchors**2).sum(1).mean() + (positives**2).sum(1).mean()
    assert found == pytest.approx(entropy + 0.25 * 0.02 * length, rel=1e-5)


def test_a_layer_of_ones_own_convolves_with_another_kernel():
    """What layers with weight standardization or spectral normalization do."""

    class Doubled(tf.layers.Conv2D):
        def call(self, inputs):
            return self._convolution_op(inputs, 2.0 * self.kernel)

    with tf.Graph().as_default(), tf.Session() as session:
        layer = Doubled(1, 3, padding="same", kernel_initializer=tf.ones_initializer())
        found = layer.apply(tf.ones([1, 4, 4, 1]))
        session.run(tf.global_variables_initializer())
        assert session.run(found)[0, 1, 1, 0] == 18.0


def test_a_layer_of_keras_and_of_tf_layers_has_variables_by_scope():
    class Both(tf.keras.layers.Conv2D, tf.layers.Layer):
        pass

    with tf.Graph().as_default():
        for _ in range(2):
            with tf.variable_scope("conv", reuse=tf.AUTO_REUSE) as scope:
                Both(2, 3, name=scope.name, _scope=scope, _reuse=scope.reuse).apply(tf.ones([1, 4, 4, 1]))
        assert [v.op.name for v in tf.global_variables()] == ["conv/kernel", "conv/bias"]
