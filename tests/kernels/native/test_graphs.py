"""Graphs that TensorFlow wrote, with native kernels and without."""

import shutil

import jax
import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim import graphs
from jax_slim.inference import constants, fusing
from jax_slim.kernels import native

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler"),
]
IMAGES = np.random.RandomState(0).uniform(-1, 1, (3, 12, 10, 3)).astype(np.float32)


def net(images):
    """A stem padded apart, a depthwise layer with batch norm, a shortcut and a classifier, all of constants."""
    random = np.random.RandomState(1)

    def drawn(*shape):
        return tf.constant(random.normal(size=shape).astype(np.float32) / 4)

    y = tf.nn.conv2d(tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]]), drawn(3, 3, 3, 24), [1, 2, 2, 1], "VALID")
    x = tf.nn.relu6(tf.nn.bias_add(y, drawn(24)))
    y = tf.nn.depthwise_conv2d(x, drawn(3, 3, 24, 1), [1] * 4, "SAME")
    vectors = [tf.constant(random.uniform(0.5, 2, 24).astype(np.float32)) for _ in range(4)]
    y, *_ = tf.nn.fused_batch_norm(y, *vectors, epsilon=0.01, is_training=False)
    y = tf.nn.conv2d(tf.nn.relu6(y), drawn(1, 1, 24, 24), [1] * 4, "SAME")
    y = tf.reduce_mean(tf.nn.relu(tf.nn.bias_add(y, drawn(24)) + x), [1, 2])
    return tf.nn.softmax(tf.matmul(y, drawn(24, 5)) + drawn(5), name="out")


@pytest.fixture(scope="module")
def definition():
    with tf.Graph().as_default() as graph:
        net(tf.placeholder(tf.float32, [None, 12, 10, 3], name="images"))
        return graph.as_graph_def()


@pytest.mark.parametrize("precision", [None, "bfloat16"])
def test_a_loaded_graph_computes_what_xla_does(library, definition, monkeypatch, precision):
    monkeypatch.setattr(constants, "worth_fusing", lambda: False)
    want = np.asarray(graphs.load(definition, outputs="out")({}, IMAGES))
    monkeypatch.setattr(constants, "worth_fusing", lambda: True)  # tests have several devices
    asked = []
    for name in ("fused_convolution", "convolution_of_bfloat16"):
        function = getattr(native, name)
        monkeypatch.setattr(fusing, name, lambda *a, f=function, n=name, **k: asked.append(n) or f(*a, **k))
    loaded = graphs.load(definition, outputs="out")
    with jax.default_matmul_precision(precision):
        got = np.asarray(loaded({}, IMAGES))
        close = {"rtol": 1e-5, "atol": 1e-6} if precision is None or not native.has_bfloat16() else {"atol": 1e-2}
        np.testing.assert_allclose(got, want, **close)
        np.testing.assert_allclose(loaded({}, IMAGES[:1]), want[:1], **close)
    assert ("convolution_of_bfloat16" in asked) == (precision == "bfloat16" and native.has_bfloat16())
    assert "fused_convolution" in asked
