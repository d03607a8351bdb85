"""The area under a ROC curve from histograms."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def test_scores_of_one_bin_count_as_equal():
    labels = np.array([True, False, True, False, False, True])
    scores = np.array([3.6, 3.9, 1.2, 0.3, -5.0, 9.0], np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        y, p = tf.placeholder(tf.bool, [3]), tf.placeholder(tf.float32, [3])
        area, update = tf.contrib.metrics.auc_using_histogram(y, p, [0.0, 4.0], nbins=4)
        session.run(tf.local_variables_initializer())
        assert np.isnan(session.run(area))
        for half in (slice(None, 3), slice(3, None)):
            session.run(update, {y: labels[half], p: scores[half]})
        found = session.run(area)
        assert [v.name for v in tf.local_variables()] == [
            f"auc_using_histogram/hist_{k}_acc:0" for k in ("true", "false")
        ]
        with pytest.raises(ValueError, match="dtype bool"):
            tf.contrib.metrics.auc_using_histogram(tf.constant([1]), p, [0.0, 4.0])
    bins = np.clip(np.floor(scores), 0, 3)
    over = bins[labels][:, None] - bins[~labels][None]
    np.testing.assert_allclose(found, (over > 0).mean() + (over == 0).mean() / 2, rtol=1e-6)
