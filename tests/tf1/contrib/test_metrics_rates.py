"""Rates of false predictions."""

import numpy as np

import jax_slim.tf1 as tf

metrics = tf.contrib.metrics


def test_rates_grow_over_batches():
    with tf.Graph().as_default(), tf.Session() as session:
        predictions, labels = tf.placeholder(tf.float32, [4]), tf.placeholder(tf.int32, [4])
        whole = [
            metrics.streaming_false_positive_rate(predictions, labels),
            metrics.streaming_false_negative_rate(predictions, labels),
        ]
        names = {v.op.name for v in tf.local_variables()}
        session.run(tf.local_variables_initializer())
        assert session.run([value for value, _ in whole]) == [0.0, 0.0]
        for batch in ([1, 1, 0, 0], [0, 1, 0, 1]), ([1, 0, 0, 0], [0, 0, 0, 1]):
            updated = session.run([update for _, update in whole], {predictions: batch[0], labels: batch[1]})
        assert session.run([value for value, _ in whole]) == updated
    np.testing.assert_allclose(updated, [2 / 5, 2 / 3])
    assert "false_positive_rate/true_negatives/count" in names


def test_numbers_and_rates_at_thresholds():
    with tf.Graph().as_default(), tf.Session() as session:
        arguments = tf.constant([0.1, 0.6, 0.9, 0.4]), tf.constant([0, 0, 1, 1]), [0.3, 0.7]
        updates = [
            metrics.streaming_false_positives_at_thresholds(*arguments)[1],
            metrics.streaming_false_positive_rate_at_thresholds(*arguments)[1],
            metrics.streaming_false_negative_rate_at_thresholds(*arguments)[1],
        ]
        session.run(tf.local_variables_initializer())
        found = session.run(updates)
        assert tf.local_variables()[0].op.name == "false_positives"
    np.testing.assert_allclose(found, [[1, 0], [0.5, 0], [0, 0.5]], rtol=1e-6)
