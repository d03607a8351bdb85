"""Convolutions that TransformGraph fused: the same as their parts, for every image of a batch."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.graph import building


@pytest.mark.parametrize("mode", ["REFLECT", "SYMMETRIC"])
def test_padding_and_resizing_before_a_convolution(mode):
    random = np.random.default_rng(0)
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.constant(random.normal(size=(2, 4, 5, 3)).astype("f"))
        kernel = tf.constant(random.normal(size=(3, 3, 3, 2)).astype("f"))
        border = [[0, 0], [1, 2], [2, 1], [0, 0]]
        facts = {"mode": mode, "strides": [1, 2, 1, 1], "padding": "VALID"}
        resized = tf.image.resize_bilinear(images, [6, 7])
        pairs = [
            (building.make("FusedPadConv2D", images, border, kernel, **facts), images),
            (building.make("FusedResizeAndPadConv2D", images, [6, 7], border, kernel, **facts), resized),
        ]
        for fused, start in pairs:
            parts = tf.nn.conv2d(tf.pad(start, border, mode), kernel, facts["strides"], "VALID")
            assert fused.shape.as_list() == parts.shape.as_list()
            np.testing.assert_allclose(*session.run([fused, parts]), rtol=1e-5, atol=1e-5)
