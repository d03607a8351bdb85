"""Ready-made estimators from known weights: variables, metrics and predictions of TensorFlow's."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

E, fc = tf.estimator, tf.feature_column
_RANDOM = np.random.RandomState(0)
_X = {
    "a": _RANDOM.randn(12).astype("float32"),
    "b": _RANDOM.randn(12, 2).astype("float32"),
    "c": _RANDOM.choice(["u", "v", "w"], 12),
    "wt": np.linspace(0.5, 1.5, 12).astype("float32"),
}
_Y = _RANDOM.randint(0, 3, 12)
_NUMBERS = _RANDOM.randn(12).astype("float32")


def _columns():
    numbers = [fc.numeric_column("a"), fc.numeric_column("b", shape=2)]
    return numbers, [fc.categorical_column_with_vocabulary_list("c", ["u", "v", "w"])]


def _input(labels, epochs=1):
    return E.inputs.numpy_input_fn(_X, labels, batch_size=12, num_epochs=epochs, shuffle=False)


def _trained(estimator, labels):
    """Trains 3 steps from weights between -1 and 1: (names, what evaluation gives, the first prediction)."""
    estimator.train(_input(labels, None), steps=1)
    path = tf.train.latest_checkpoint(estimator.model_dir)
    names = [name for name, _ in tf.train.list_variables(path)]
    with tf.Graph().as_default(), tf.Session() as session:
        kept = []
        for name in names:
            value = tf.train.load_variable(path, name)
            if name.endswith(("kernel", "weights")):
                value = np.linspace(-1, 1, value.size).reshape(value.shape).astype(value.dtype)
            elif name.endswith(("Adagrad", "Ftrl")):
                value = np.full_like(value, 0.1)
            elif name != "global_step":
                value = np.zeros_like(value)
            kept.append(tf.Variable(value, name=name))
        session.run(tf.global_variables_initializer())
        tf.train.Saver(kept).save(session, path)
    estimator.train(_input(labels, None), steps=3)
    return names, estimator.evaluate(_input(labels)), next(estimator.predict(_input(None)))


def test_a_net_for_two_classes_with_words_and_weights(tmp_path):
    numbers, words = _columns()
    net = E.DNNClassifier(
        [4], [*numbers, fc.indicator_column(words[0])], model_dir=str(tmp_path), weight_column="wt",
        label_vocabulary=["no", "yes"], optimizer=tf.train.GradientDescentOptimizer(0.01),
    )  # fmt: skip
    names, found, first = _trained(net, np.array(["no", "yes"])[(_Y > 0).astype(int)])
    assert names[:3] == ["dnn/hiddenlayer_0/bias", "dnn/hiddenlayer_0/kernel", "dnn/logits/bias"]
    wanted = {
        "accuracy": 0.504, "accuracy_baseline": 0.542, "auc": 0.442, "auc_precision_recall": 0.476,
        "average_loss": 0.715, "global_step": 4, "label/mean": 0.542, "loss": 8.585, "precision": 0.528,
        "prediction/mean": 0.516, "recall": 0.783,
    }  # fmt: skip
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert abs(found[name] - value) < 1e-3, name
    assert first["classes"].tolist() == [b"yes"] and first["all_classes"].tolist() == [b"no", b"yes"]
    np.testing.assert_allclose(first["probabilities"], [0.498, 0.502], atol=1e-3)


def test_a_linear_model(tmp_path):
    numbers, words = _columns()
    names, found, first = _trained(
        E.LinearClassifier(numbers + words, model_dir=str(tmp_path)), (_Y > 0).astype("int64")
    )
    assert "linear/linear_model/c/weights/part_0/Ftrl_1" in names and "linear/linear_model/bias_weights" in names
    for name, value in {"average_loss": 0.862, "loss": 10.348, "auc": 0.543, "prediction/mean": 0.281}.items():
        assert abs(found[name] - value) < 1e-3, name
    np.testing.assert_allclose(first["logits"], [-1.153], atol=1e-3)


def test_a_linear_model_and_a_net_together(tmp_path):
    numbers, words = _columns()
    both = E.DNNLinearCombinedRegressor(str(tmp_path), words, dnn_feature_columns=numbers, dnn_hidden_units=[3])
    names, found, first = _trained(both, _NUMBERS)
    assert "dnn/hiddenlayer_0/kernel/Adagrad" in names and "linear/linear_model/c/weights/Ftrl" in names
    for name, value in {"average_loss": 2.034, "loss": 24.412, "prediction/mean": -0.741}.items():
        assert abs(found[name] - value) < 1e-3, name
    np.testing.assert_allclose(first["predictions"], [-0.113], atol=1e-3)


def test_what_does_not_fit_is_said(tmp_path):
    with pytest.raises(ValueError, match="n_classes must be > 1"):
        E.BaselineClassifier(n_classes=1)
    with pytest.raises(ValueError, match="Unsupported optimizer name"):
        E.LinearRegressor(_columns()[0], model_dir=str(tmp_path), optimizer="none").train(_input(_NUMBERS), steps=1)
