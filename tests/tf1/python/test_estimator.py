"""tf.estimator: what its functions are called with, and what they refuse."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

X = np.arange(6, dtype=np.float32)


def model_fn(features, labels, mode, params):
    scale = tf.get_variable("scale", [], initializer=tf.zeros_initializer())
    outputs = features["x"] * scale
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions={"y": outputs})
    loss = tf.losses.mean_squared_error(labels, outputs)
    step = tf.train.GradientDescentOptimizer(params["rate"]).minimize(loss, tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=step)


def data(**options):
    return tf.estimator.inputs.numpy_input_fn({"x": X}, 3 * X, batch_size=4, **options)


def test_it_trains_evaluates_and_predicts(tmp_path):
    model = tf.estimator.Estimator(model_fn, tmp_path, params={"rate": 0.05})
    model.train(data(num_epochs=None, shuffle=True), steps=30)
    assert model.get_variable_value("scale") == pytest.approx(3, abs=1e-3)
    metrics = model.evaluate(data(shuffle=False))
    assert metrics["global_step"] == 30 and metrics["loss"] < 1e-3
    found = [p["y"] for p in model.predict(data(shuffle=False))]
    np.testing.assert_allclose(found, 3 * X, atol=0.01)


def test_a_model_without_what_the_mode_needs_is_refused():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match=r"Missing train_op\."):
            tf.estimator.EstimatorSpec(tf.estimator.ModeKeys.TRAIN, loss=tf.constant(1.0))
        with pytest.raises(ValueError, match=r"Missing predictions\."):
            tf.estimator.EstimatorSpec(tf.estimator.ModeKeys.PREDICT)


def test_shuffling_must_be_said():
    with pytest.raises(ValueError, match="shuffle must be provided"):
        tf.estimator.inputs.numpy_input_fn({"x": X}, X)


def test_parameters_that_a_model_does_not_take_are_refused(tmp_path):
    with pytest.raises(ValueError, match="does not include params argument"):
        tf.estimator.Estimator(lambda features, labels, mode: None, tmp_path, params={"rate": 1})
