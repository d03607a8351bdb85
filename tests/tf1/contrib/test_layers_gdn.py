"""`gdn`: values by the definition in float64, both data formats, the bound's gradient."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


@pytest.mark.parametrize(("inverse", "shape"), [(False, (2, 3, 4)), (True, (1, 2, 3, 4)), (False, (1, 2, 2, 1, 4))])
def test_values_are_those_of_the_definition(inverse, shape):
    draw = np.random.default_rng(0)
    x = draw.normal(size=shape)
    beta, gamma = draw.uniform(1, 2, 4), draw.uniform(0.1, 1, (4, 4))
    root = np.sqrt((beta**2 - 2.0**-36) + np.square(x) @ (gamma**2 - 2.0**-36))
    expected = x * root if inverse else x / root
    turned = np.moveaxis(x, -1, 1)
    with tf.Graph().as_default(), tf.Session() as session:
        last = tf.contrib.layers.gdn(tf.constant(x, tf.float32), inverse=inverse, name="g")
        first = tf.contrib.layers.gdn(
            tf.constant(turned, tf.float32), inverse=inverse, data_format="channels_first", name="g", reuse=True
        )
        session.run(tf.global_variables_initializer())
        for variable, value in zip(tf.trainable_variables(), (beta, gamma), strict=True):
            assert variable.name in ("g/reparam_beta:0", "g/reparam_gamma:0")
            variable.load(value, session)
        np.testing.assert_allclose(session.run(last), expected, rtol=1e-5)
        np.testing.assert_allclose(np.moveaxis(session.run(first), 1, -1), expected, rtol=1e-5)


def test_a_gradient_passes_the_bound_where_it_leads_back():
    with tf.Graph().as_default(), tf.Session() as session:
        layer = tf.contrib.layers.GDN(name="g")
        layer.apply(tf.ones([1, 1, 2]))
        beta = tf.trainable_variables()[0]
        below = tf.gradients(layer.beta, beta, [tf.constant([1.0, -1.0])])[0]
        session.run(tf.global_variables_initializer())
        beta.load([-0.5, -0.5], session)
        up, down = session.run(below)
        assert up == 0.0 and down < 0.0
    with tf.Graph().as_default(), pytest.raises(ValueError, match="channel dimension"):
        tf.contrib.layers.gdn(tf.placeholder(tf.float32, [1, 2, None]))
    with pytest.raises(ValueError, match="data_format"):
        tf.contrib.layers.GDN(data_format="NHWC")


def test_vectors_are_shrunk_into_the_ball():
    with tf.Graph().as_default(), tf.Session() as session:
        y = tf.contrib.layers.poincare_normalize(tf.constant([[3.0, 4.0], [0.3, 0.4]]), epsilon=0.5)
        np.testing.assert_allclose(session.run(y), [[0.3, 0.4], [0.3, 0.4]], rtol=1e-6)
