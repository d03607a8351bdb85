"""Gradients with respect to resource variables that loops and conditionals read inside of themselves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim.tf1 as tf

START = np.random.RandomState(0).normal(size=(3, 3)).astype(np.float32) * 0.5
X = np.arange(6, dtype=np.float32).reshape(2, 3) / 6


def in_a_loop(w, x):
    return tf.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, w))), [0, x])[1]


def in_a_conditional(w, x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.tanh(tf.matmul(x, w)), lambda: x)


def in_a_conditional_in_a_loop(w, x):
    def body(i, h):
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.tanh(tf.matmul(h, w)), lambda: h * 2)

    return tf.while_loop(lambda i, h: i < 3, body, [0, x])[1]


def rows(w, x):
    return tf.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, tf.tanh(h * tf.gather(w, i) + h)), [0, x])[1]


def slow(function, w, x):
    """The same in jax.numpy."""
    if function is in_a_conditional:
        return jnp.tanh(x @ w)
    for i in range(3):
        if function is in_a_loop or (function is in_a_conditional_in_a_loop and i % 2 == 0):
            x = jnp.tanh(x @ w)
        elif function is rows:
            x = jnp.tanh(x * w[i] + x)
        else:
            x = x * 2
    return x


@pytest.mark.parametrize("function", [in_a_loop, in_a_conditional, in_a_conditional_in_a_loop, rows])
@pytest.mark.parametrize("use_resource", [True, False])
def test_first_and_second_order_are_jax_s(function, use_resource):
    with tf.Graph().as_default(), tf.Session() as sess:
        w = tf.get_variable("w", initializer=START, use_resource=use_resource)
        x = tf.placeholder(tf.float32, [2, 3])
        y = tf.reduce_sum(function(w, x) ** 2)
        (first,) = tf.gradients(y, w)
        (second,) = tf.gradients(tf.reduce_sum(first**2), w)
        assert first.shape.as_list() == [3, 3]
        sess.run(tf.global_variables_initializer())
        found = sess.run([first, second], {x: X})
    total = lambda w: (slow(function, w, X) ** 2).sum()  # noqa: E731
    expected = jax.grad(total)(START), jax.grad(lambda w: (jax.grad(total)(w) ** 2).sum())(START)
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=1e-5)


def test_an_optimizer_trains_what_a_loop_reads():
    with tf.Graph().as_default(), tf.Session() as sess:
        w = tf.get_variable("w", initializer=START, use_resource=True)
        loss = tf.reduce_sum(in_a_loop(w, tf.constant(X)) ** 2)
        step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        sess.run(tf.global_variables_initializer())
        sess.run(step)
        found = sess.run(w)
    gradient = jax.grad(lambda w: (slow(in_a_loop, w, X) ** 2).sum())(START)
    np.testing.assert_allclose(found, START - 0.1 * gradient, rtol=1e-5, atol=1e-6)
