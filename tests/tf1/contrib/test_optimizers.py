"""`optimize_loss`: a whole training operation."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def test_a_step_clips_decays_and_counts():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=[3.0, 4.0])
        step = tf.train.get_or_create_global_step()
        train = tf.contrib.layers.optimize_loss(
            tf.reduce_sum(tf.square(v)) / 2.0, step, 0.5, "SGD", clip_gradients=1.0,
            learning_rate_decay_fn=lambda rate, at: tf.train.exponential_decay(rate, at, 1, 0.5),
            summaries=tf.contrib.layers.OPTIMIZER_SUMMARIES,
        )  # fmt: skip
        tags = [s.op.name for s in tf.get_collection("summaries")]
        session.run(tf.global_variables_initializer())
        assert session.run(train) == 12.5
        np.testing.assert_allclose(session.run(v), [3.0 - 0.5 * 0.6, 4.0 - 0.5 * 0.8], rtol=1e-6)
        session.run(train)
        np.testing.assert_allclose(session.run(v), [3.0 - 0.75 * 0.6, 4.0 - 0.75 * 0.8], rtol=1e-6)
        assert session.run(step) == 2
    names = ["learning_rate_1", "global_norm/gradient_norm", "loss", "gradients/v_0", "gradient_norm/v_0"]
    assert tags == [f"OptimizeLoss/{name}" for name in [*names, "global_norm/clipped_gradient_norm"]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"optimizer": "Sgd"}, "Optimizer name should be one of"),
        ({"optimizer": "SGD", "summaries": ["losses"]}, "Summaries should be one of"),
        ({"optimizer": "SGD", "learning_rate": None}, "Learning rate is None"),
        ({"optimizer": "SGD", "clip_gradients": "all"}, "Unknown type"),
    ],
)
def test_arguments_that_are_none_of_the_known_are_refused(arguments, says):
    with tf.Graph().as_default():
        v = tf.get_variable("v", initializer=1.0)
        with pytest.raises(ValueError, match=says):
            tf.contrib.layers.optimize_loss(
                v * 1.0, tf.train.get_or_create_global_step(), **{"learning_rate": 0.1, **arguments}
            )


def test_adaptive_clipping_cuts_down_to_the_usual_norm():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=10.0)
        step = tf.train.get_or_create_global_step()
        clip = tf.contrib.layers.adaptive_clipping_fn()
        train = tf.contrib.layers.optimize_loss(v * 5.0, step, 0.1, "SGD", clip_gradients=clip)
        tags = [s.op.name for s in tf.get_collection("summaries")]
        session.run(tf.global_variables_initializer())
        session.run(train)
        assert session.run(v) == pytest.approx(9.8916, abs=1e-4)  # 10 - 0.1 * exp(0.05 * log(5))
    assert "OptimizeLoss/learning_rate" not in tags  # only a rate that decays is summarized


def test_a_multiplier_may_be_a_tensor_of_another_type():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=10.0)
        factor = tf.placeholder(tf.float64, [])
        train = tf.contrib.layers.optimize_loss(
            v * 5.0, tf.train.get_or_create_global_step(), 0.1, "SGD", gradient_multipliers={v: factor}
        )
        session.run(tf.global_variables_initializer())
        session.run(train, {factor: 7.0})
        assert session.run(v) == 6.5
