"""A small net as TensorFlow's tools freeze them, and XLA's convolutions in the place of native kernels."""

import jax
import jax.numpy as jnp
import numpy as np

import jax_slim as slim
import jax_slim.tf1 as tf
from jax_slim.inference import constants, fusing
from jax_slim.tf1.running import executing

IMAGES = np.random.RandomState(0).uniform(-1, 1, (4, 6, 6, 3)).astype(np.float32)


def frozen_net(data_format="NHWC"):
    """The graph, with the input "images:0" and the output "out:0", and what XLA's plain forms make of IMAGES."""
    with tf.Graph().as_default() as graph, tf.Session() as session, slim.kernel_forms("lax"):
        out = _net(tf.placeholder(tf.float32, [None, 6, 6, 3], name="images"), data_format)
        return graph.as_graph_def(), session.run(out, {"images:0": IMAGES})


def stand_in_for_kernels(monkeypatch):
    """Lets programs have native kernels, which XLA computes; the list gets (low, high, has a shortcut) of each."""
    asked = []

    def convolution(inputs, weights, bias, shortcut, excitation, *, geometry, activation, tile):
        low, high, *others = activation
        assert excitation is None and others == [0, 1, False]
        asked.append((low, high, shortcut is not None))
        y = jax.lax.conv_general_dilated(
            inputs, weights, geometry.windows.strides, geometry.windows.padding, precision="highest",
            dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=geometry.groups,
        )  # fmt: skip
        return jnp.clip(y + bias if shortcut is None else y + bias + shortcut, low, high)

    for module in (constants, executing):
        monkeypatch.setattr(module, "worth_fusing", lambda: True)
    monkeypatch.setattr(fusing, "fused_convolution", convolution)
    monkeypatch.setattr(fusing, "panels", lambda weights, tile: weights)
    monkeypatch.setattr(fusing, "sum_of_pixels", lambda images: images.sum((1, 2), jnp.float32))
    return asked


def _net(images, data_format):
    """A stem that is padded apart, a depthwise layer, a projection, a shortcut and a classifier, of constants."""
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
