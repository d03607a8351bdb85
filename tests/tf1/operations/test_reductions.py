"""Reductions of half precision, where NumPy's own sums stop: 256 and one more are 256 in bfloat16."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

# The values are those of TensorFlow 2.21, but for the product, which it rounds on the way, and the gradient of biases,
# which it adds in bfloat16.
WANTED = {
    "sum": (lambda x: tf.reduce_sum(x), 2000),
    "sum of rows": (lambda x: tf.reduce_sum(x, 1), 1000),
    "mean": (lambda x: tf.reduce_mean(x, 1), 1),
    "product": (lambda x: tf.reduce_prod(x * 1.0078125, 1), 2400),
    "norm": (lambda x: tf.math.reduce_euclidean_norm(x, 1), 31.625),
    "half the squares": (lambda x: tf.nn.l2_loss(x), 1000),
    "logarithm of a sum of powers": (lambda x: tf.reduce_logsumexp(x, 1), 7.90625),
    "softmax": (lambda x: tf.nn.softmax(x), 0.00099945),
    "log_softmax": (lambda x: tf.nn.log_softmax(x), -6.90625),
    "gradient of biases": (lambda x: _of_biases(tf.transpose(x)), 1000),
}


def _of_biases(values):
    biases = tf.zeros([2], values.dtype)
    return tf.gradients(tf.nn.bias_add(values, biases), biases)[0]


@pytest.mark.parametrize("name", WANTED)
def test_many_values_of_bfloat16_are_added_in_float32(name):
    make, wanted = WANTED[name]
    with tf.Graph().as_default(), tf.Session() as session:
        values = tf.placeholder(tf.float32, [2, 1000])
        found = make(tf.cast(values, tf.bfloat16))
        assert found.dtype == tf.bfloat16
        found = session.run(found, {values: np.ones((2, 1000))})
    np.testing.assert_allclose(found.astype("f"), wanted, rtol=1e-5)
    assert found.dtype == tf.bfloat16.as_numpy_dtype


def test_integers_are_added_in_their_own_type():
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(tf.reduce_sum(tf.constant([200, 100], tf.uint8)))
    assert found.dtype == np.uint8
    assert found == 44
