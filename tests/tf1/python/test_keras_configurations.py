"""`serialize`, `deserialize` and `get` of `tf.keras`, and what regularizers and constraints compute."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

keras = tf.keras


def _same(kind, made, wanted):
    config = kind.serialize(made)
    assert config == wanted
    assert kind.serialize(kind.deserialize(config)) == wanted
    return config


def test_objects_come_back_from_their_configurations():
    with tf.Graph().as_default():
        _same(
            keras.regularizers,
            keras.regularizers.l1_l2(0.5, 0.25),
            {"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.25}},
        )
        norm = {"max_value": 3.0, "axis": 0}
        _same(keras.constraints, keras.constraints.MaxNorm(3.0), {"class_name": "MaxNorm", "config": norm})
        config = {"value": 2.0, "dtype": "float32"}
        _same(keras.initializers, tf.constant_initializer(2.0), {"class_name": "Constant", "config": config})
        made = keras.optimizers.deserialize(keras.optimizers.serialize(keras.optimizers.SGD(0.1, momentum=0.9)))
        assert isinstance(made, keras.optimizers.SGD)
        np.testing.assert_allclose(keras.optimizers.serialize(made)["config"]["momentum"], 0.9)
        loss = keras.losses.deserialize(
            keras.losses.serialize(keras.losses.BinaryCrossentropy(from_logits=True)),
            {"BinaryCrossentropy": keras.losses.BinaryCrossentropy},
        )
        assert loss.get_config()["from_logits"] is True
    assert keras.losses.serialize(keras.losses.get("mse")) == "mean_squared_error"
    assert keras.activations.serialize(keras.activations.get("relu")) == "relu"
    assert keras.activations.get(None)(3) == 3
    for kind, title in (
        (keras.regularizers, "regularizer"),
        (keras.constraints, "constraint"),
        (keras.initializers, "initializer"),
    ):
        assert kind.get(None) is None
        with pytest.raises(ValueError, match=f"Unknown {title}: nothing"):
            kind.get("nothing")
        with pytest.raises(ValueError, match="Improper config"):
            kind.deserialize({"class": "x"})


def test_layers_come_back_from_their_configurations():
    with tf.Graph().as_default():
        dense = keras.layers.Dense(
            4, "relu", kernel_regularizer=keras.regularizers.l2(0.5), bias_constraint="non_neg", name="first"
        )
        config = keras.layers.serialize(dense)
        assert config["class_name"] == "Dense"
        assert {k: config["config"][k] for k in ("name", "units", "activation", "use_bias")} == {
            "name": "first", "units": 4, "activation": "relu", "use_bias": True,
        }  # fmt: skip
        again = keras.layers.deserialize(config)
        assert again.get_config() == dense.get_config() and again.kernel_regularizer.l2 == 0.5
        conv = keras.layers.Conv2D(3, (2, 3), strides=2, padding="same")
        again = keras.layers.deserialize(keras.layers.serialize(conv))
        assert again.get_config() == conv.get_config()
        assert again(np.ones([1, 4, 6, 2], np.float32)).shape.as_list() == [1, 2, 3, 3]

        @keras.utils.register_keras_serializable("Mine")
        class Scaled(keras.layers.Layer):
            def __init__(self, factor, **kwargs):
                super().__init__(**kwargs)
                self.factor = factor

            def get_config(self):
                return {"factor": self.factor, **super().get_config()}

        config = keras.layers.serialize(Scaled(3, name="s"))
        assert config["class_name"] == "Mine>Scaled"
        assert keras.layers.deserialize(config).factor == 3
        keras.utils.get_custom_objects().pop("Mine>Scaled")
        with pytest.raises(ValueError, match="Unknown layer: Mine>Scaled"):
            keras.layers.deserialize(config)
        with keras.utils.custom_object_scope({"Mine>Scaled": Scaled}):
            assert keras.layers.deserialize(config).name == "s"


def test_regularizers_and_constraints_compute_what_they_say():
    w = np.array([[3.0, -0.5], [4.0, 0.0]], np.float32)
    c = keras.constraints
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(w)
        made = [keras.regularizers.l1_l2(0.5, 2.0)(x), keras.regularizers.l1(0.1)(x)]
        made += [c.max_norm(2.0)(x), c.NonNeg()(x), c.UnitNorm(1)(x), c.MinMaxNorm(1.0, 2.0, 0.5)(x)]
        both, one, capped, positive, unit, between = session.run(made)
        kept = tf.Variable(w, constraint=c.get("non_neg"), use_resource=True)
        dense = keras.layers.Dense(1, kernel_constraint=c.NonNeg())
        dense(x)
        assert isinstance(dense.kernel.constraint, c.NonNeg) and kept.constraint is not None
    np.testing.assert_allclose([both, one], [0.5 * 7.5 + 2 * 25.25, 0.75], rtol=1e-6)
    np.testing.assert_allclose(capped, w * [2 / 5, 1], rtol=1e-5)
    np.testing.assert_array_equal(positive, np.maximum(w, 0))
    np.testing.assert_allclose(unit, w / np.linalg.norm(w, axis=1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(between, w * [3.5 / 5, 0.75 / 0.5], rtol=1e-5)
