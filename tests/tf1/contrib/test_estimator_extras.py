"""Single names of `tf.contrib`, and Keras's loss objects."""

import numpy as np

import jax_slim.tf1 as tf


def test_gradients_are_clipped_together():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([3.0, 4.0])
        optimizer = tf.contrib.estimator.clip_gradients_by_norm(tf.train.GradientDescentOptimizer(1.0), 1.0)
        step = optimizer.minimize(tf.reduce_sum(v * [3.0, 4.0]))
        session.run(tf.global_variables_initializer())
        session.run(step)
        np.testing.assert_allclose(session.run(v), [2.4, 3.2], rtol=1e-6)


def test_a_staging_area_gives_what_was_put_down_before():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        area = tf.contrib.staging.StagingArea([tf.float32], shapes=[[]])
        put, got = area.put([x]), area.get()
        session.run(put, {x: 1.0})
        session.run(put, {x: 2.0})
        assert session.run([got, area.size()])[0] == [1.0] and session.run(area.size()) == 1


def test_losses_of_keras_as_objects():
    truth, guess = tf.constant([[0.0], [1.0]]), tf.constant([[1.0], [3.0]])
    losses = tf.keras.losses
    with tf.Session() as session:
        mean, total, weighted = session.run(
            [
                losses.MeanSquaredError()(truth, guess),
                losses.MeanSquaredError(reduction="sum")(truth, guess),
                losses.MeanAbsoluteError()(truth, guess, sample_weight=[1.0, 0.0]),
            ]
        )
        entropy = session.run(losses.BinaryCrossentropy(from_logits=True)(truth, guess))
    assert (mean, total, weighted) == (2.5, 5.0, 0.5)
    np.testing.assert_allclose(entropy, np.mean([np.log1p(np.exp(1)), np.log1p(np.exp(-3))]), rtol=1e-6)


def test_layers_are_normalized():
    with tf.Graph().as_default():
        x = tf.constant(np.random.RandomState(0).randn(3, 5), tf.float32)
        found = tf.keras.backend.eval(tf.keras.layers.LayerNormalization()(x))
    np.testing.assert_allclose(found.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(found.std(1), 1, atol=1e-2)
