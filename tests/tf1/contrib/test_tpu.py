"""`tf.contrib.tpu`: programs for TPUs run as one."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

tpu = tf.contrib.tpu


def test_an_estimator_for_tpus_trains_on_whatever_there_is(tmp_path):
    seen = []

    def input_fn(params):
        x = np.arange(8, dtype="float32").reshape(8, 1)
        return tf.data.Dataset.from_tensor_slices((x, 2 * x)).repeat().batch(params["batch_size"], drop_remainder=True)

    def model_fn(features, labels, mode, params):
        seen.append((mode, params["batch_size"]))
        scale = tf.get_variable("scale", [], initializer=tf.zeros_initializer())
        predictions = features * scale
        if mode == tf.estimator.ModeKeys.PREDICT:
            return tpu.TPUEstimatorSpec(mode, predictions={"y": predictions})
        loss = tf.losses.mean_squared_error(labels, predictions)
        optimizer = tpu.CrossShardOptimizer(tf.train.GradientDescentOptimizer(0.02))
        train_op = optimizer.minimize(loss, tf.train.get_global_step())
        metrics = (lambda labels, y: {"error": tf.metrics.mean_absolute_error(labels, y)}, [labels, predictions])
        return tpu.TPUEstimatorSpec(mode, loss=loss, train_op=train_op, eval_metrics=metrics)

    config = tpu.RunConfig(model_dir=str(tmp_path), tpu_config=tpu.TPUConfig(iterations_per_loop=10))
    estimator = tpu.TPUEstimator(model_fn, config=config, train_batch_size=4, eval_batch_size=2, use_tpu=False)
    estimator.train(input_fn, steps=12)
    found = estimator.evaluate(input_fn, steps=2)
    assert seen == [("train", 4), ("eval", 2)] and found["error"] < 0.1 and found["global_step"] == 12
    with pytest.raises(ValueError, match="reserved keys"):
        tpu.TPUEstimator(model_fn, params={"batch_size": 1})


def test_computations_run_in_the_graph():
    with tf.Graph().as_default(), tf.Session() as session:
        (doubled,) = tpu.rewrite(lambda x: x * 2.0, [tf.constant(3.0)])
        (grown,) = tpu.repeat(3, lambda x: x + 2.0, [tf.constant(1.0)])
        with tpu.bfloat16_scope():
            half = tf.get_variable("w", [2], tf.bfloat16, initializer=tf.ones_initializer())
        assert half.dtype == tf.bfloat16 and tf.global_variables()[0].dtype.base_dtype == tf.float32
        session.run(tf.global_variables_initializer())
        assert session.run([doubled, grown, tpu.cross_replica_sum(doubled)]) == [6.0, 7.0, 6.0]
        assert session.run(tpu.shutdown_system()) is None
    with pytest.raises(RuntimeError, match="Leave use_tpu False"):
        tf.contrib.cluster_resolver.TPUClusterResolver("name")
