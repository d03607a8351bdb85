"""`tf.keras.Model`, `Sequential` and their training, against figures of Keras 2 in TensorFlow's graph mode."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

K = tf.keras
_CONSTANT = tf.constant_initializer
_RANDOM = np.random.RandomState(0)
_X = _RANDOM.randn(10, 4).astype("float32")
_Y = np.eye(2)[_RANDOM.randint(0, 2, 10)].astype("float32")


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


def test_a_functional_model_learns_as_keras_does(tmp_path):
    inputs = K.Input((4,), name="inp")
    net = K.layers.Dense(3, activation="relu", kernel_initializer=_CONSTANT(0.1), name="d1")(inputs)
    net = K.layers.BatchNormalization(name="bn")(net)
    outputs = K.layers.Dense(
        2, activation="softmax", kernel_initializer=_CONSTANT([[0.1, 0.2], [0.3, -0.1], [0.2, 0.2]]), name="d2",
        kernel_regularizer=K.regularizers.l2(0.01),
    )(net)  # fmt: skip
    model = K.Model(inputs, outputs)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(_X, _Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], [0.7135161, 0.7114597], rtol=1e-5)
    np.testing.assert_allclose(history["acc"], [0.5, 0.5])
    assert model.metrics_names == ["loss", "acc"]
    np.testing.assert_allclose(model.evaluate(_X, _Y, verbose=0), [0.69307727, 0.6], rtol=1e-5)
    np.testing.assert_allclose(model.predict(_X)[0], [0.5408054, 0.45919454], rtol=1e-4)
    names = [v.op.name for v in tf.global_variables()]
    assert names[:2] + names[4:9] + names[11:14] == [
        "d1/kernel", "d1/bias", "bn/moving_mean", "bn/moving_variance", "d2/kernel", "d2/bias", "training/Adam/iter",
        "training/Adam/decay", "training/Adam/learning_rate", "training/Adam/d1/kernel/m",
    ]  # fmt: skip

    model.save_weights(str(tmp_path / "ck"))
    saved = dict(tf.train.list_variables(str(tmp_path / "ck")))
    slot = "layer_with_weights-2/kernel/.OPTIMIZER_SLOT/optimizer/v/.ATTRIBUTES/VARIABLE_VALUE"
    assert saved[slot] == [3, 2] and saved["optimizer/iter/.ATTRIBUTES/VARIABLE_VALUE"] == []
    before = model.predict(_X)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    assert abs(model.predict(_X) - before).max() > 0.01
    model.load_weights(str(tmp_path / "ck")).assert_consumed()
    np.testing.assert_allclose(model.predict(_X), before, rtol=1e-5)
    with pytest.raises(NotImplementedError, match="HDF5"):
        model.save_weights(str(tmp_path / "ck.h5"))


class _Net(K.Model):
    def __init__(self):
        super().__init__(name="net")
        self.d1 = K.layers.Dense(5, activation="relu", kernel_initializer=_CONSTANT(0.1))
        self.blocks = [K.layers.Dense(4, kernel_initializer=_CONSTANT(0.2)), K.layers.BatchNormalization()]
        kernel = [[0.1, 0.2, 0.3], [0.3, -0.1, 0.2], [0.2, 0.2, 0.1], [0.4, 0.1, 0]]
        self.out = K.layers.Dense(3, kernel_initializer=_CONSTANT(kernel), activation="softmax")

    def call(self, x, training=None):
        x = self.d1(x)
        for block in self.blocks:
            x = block(x)
        return self.out(x)


def test_a_class_of_ones_own_learns_as_keras_does():
    rs = np.random.RandomState(0)
    x, y = rs.randn(10, 4).astype("float32"), rs.randint(0, 3, 10)
    model = _Net()
    model.compile(K.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    weights = {0: 1.0, 1: 2.0, 2: 0.5}
    history = model.fit(x, y, 5, 2, verbose=0, shuffle=False, validation_split=0.2, class_weight=weights).history
    np.testing.assert_allclose(history["loss"], [1.2132, 1.1286], atol=1e-4)
    np.testing.assert_allclose(history["acc"], [0.25, 0.375], atol=1e-4)
    np.testing.assert_allclose(history["val_loss"], [1.0618, 1.0512], atol=1e-4)
    assert len(model.trainable_weights) == 8 and len(model.non_trainable_weights) == 2 and len(model.layers) == 4
    model.trainable = False
    assert not model.trainable_weights and not model.blocks[0].trainable


def test_several_outputs_and_operations_between_layers():
    rs = np.random.RandomState(0)
    x, y = rs.randn(10, 4).astype("float32"), rs.randint(0, 3, 10)
    i1, i2 = K.Input((4,)), K.Input((2,))
    a = K.layers.Dense(3, kernel_initializer=_CONSTANT(0.1), name="a")(i1)
    b = tf.nn.relu(K.layers.concatenate([a, i2]) * 2.0 - 1.0)
    o1 = K.layers.Dense(1, kernel_initializer=_CONSTANT(0.3), name="o1", activation="sigmoid")(b)
    o2 = K.layers.Dense(2, kernel_initializer=_CONSTANT(0.2), name="o2")(K.layers.Dropout(0.0)(b))
    model = K.Model([i1, i2], [o1, o2])
    model.compile(
        K.optimizers.RMSprop(0.01, momentum=0.5, centered=True), ["binary_crossentropy", "mse"],
        metrics={"o1": "accuracy", "o2": ["mae"]}, loss_weights=[1.0, 0.5],
    )  # fmt: skip
    y1, y2 = (y > 0).astype("float32"), rs.randn(10, 2).astype("float32")
    x2 = rs.randn(10, 2).astype("float32")
    sample_weight = [np.linspace(0.5, 1.5, 10), np.ones(10)]
    model.fit([x, x2], [y1, y2], 4, 2, shuffle=False, verbose=0, sample_weight=sample_weight)
    found = model.evaluate([x, x2], [y1, y2], verbose=0)
    assert model.metrics_names == ["loss", "o1_loss", "o2_loss", "o1_acc", "o2_mean_absolute_error"]
    np.testing.assert_allclose(found, [1.0176, 0.7561, 0.5229, 0.4, 0.6005], atol=1e-4)
    names = ["input_1", "a", "input_2", "concatenate", "tf_op_layer_mul", "tf_op_layer_sub", "tf_op_layer_Relu"]
    assert [layer.name for layer in model.layers] == [*names, "dropout", "o1", "o2"]
    again = model([tf.constant(x[:2]), tf.constant(x2[:2])])
    np.testing.assert_allclose(K.backend.eval(again[1]), [[0.0575, -0.1321], [0.0982, -0.078]], atol=1e-4)


@pytest.mark.parametrize(
    ("optimizer", "losses"),
    [
        (lambda: K.optimizers.Adadelta(1.0), [0.6362, 0.6321, 0.6279]),
        (lambda: K.optimizers.Adamax(0.01), [0.6362, 0.6077, 0.5813]),
        (lambda: K.optimizers.Adam(0.01, amsgrad=True, clipnorm=0.1), [0.6362, 0.6077, 0.5806]),
        (lambda: K.optimizers.RMSprop(0.01, momentum=0.9), [0.6362, 0.551, 0.4464]),
    ],
)
def test_optimizers_take_keras_steps(optimizer, losses):
    rs = np.random.RandomState(0)
    x = rs.randn(10, 4).astype("float32")
    rs.randint(0, 3, 10)
    y = rs.randn(10, 2).astype("float32")
    model = K.Sequential([K.layers.Dense(2, input_shape=(4,), kernel_initializer=_CONSTANT(0.1))])
    model.compile(optimizer(), "mse")
    np.testing.assert_allclose(model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"], losses, atol=1e-4)


def test_data_sets_generators_and_callbacks(capsys):
    data = tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(5)
    model = K.Sequential([K.layers.Dense(2, kernel_initializer=_CONSTANT(0.1))])
    model.compile(tf.train.GradientDescentOptimizer(0.1), "mse")
    stop = K.callbacks.EarlyStopping("loss", patience=1, min_delta=1e9)
    seen = []
    watch = K.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["loss"]))
    history = model.fit(data, epochs=5, callbacks=[stop, watch], verbose=0)
    assert history.epoch == [0, 1] and seen == history.history["loss"] and seen[1] < seen[0]
    found = model.predict_generator(iter([(_X[:3], _Y[:3])]), steps=1)
    np.testing.assert_allclose(found, model.predict(_X[:3]))
    model.summary()
    assert "Total params: 10" in capsys.readouterr().out
    with pytest.raises(ValueError, match="must be 1 arrays for"):
        model.train_on_batch(_X, [_Y, _Y])


def test_objects_are_saved_under_tensorflows_keys(tmp_path):
    with tf.Session() as session:
        dense, x = tf.layers.Dense(2, kernel_initializer=_CONSTANT(0.5)), tf.placeholder(tf.float32, [None, 4])
        loss, step = tf.reduce_mean(tf.square(dense(x))), tf.train.get_or_create_global_step()
        optimizer = tf.train.AdamOptimizer(0.1)
        train = optimizer.minimize(loss, step)
        checkpoint = tf.train.Checkpoint(layer=dense, opt=optimizer, step=step)
        session.run(tf.global_variables_initializer())
        session.run(train, {x: _X})
        manager = tf.train.CheckpointManager(checkpoint, str(tmp_path), max_to_keep=1)
        path = manager.save()
        names = [n.replace("/.ATTRIBUTES/VARIABLE_VALUE", "") for n, _ in tf.train.list_variables(path)]
        assert names == [
            "_CHECKPOINTABLE_OBJECT_GRAPH", "layer/bias", "layer/bias/.OPTIMIZER_SLOT/opt/m",
            "layer/bias/.OPTIMIZER_SLOT/opt/v", "layer/kernel", "layer/kernel/.OPTIMIZER_SLOT/opt/m",
            "layer/kernel/.OPTIMIZER_SLOT/opt/v", "opt/beta1_power", "opt/beta2_power", "save_counter", "step",
        ]  # fmt: skip
        kernel = session.run(dense.kernel)
        session.run(train, {x: _X})
        assert manager.save() != path and len(manager.checkpoints) == 1
        assert tf.train.latest_checkpoint(str(tmp_path)) == manager.latest_checkpoint
        session.run(tf.global_variables_initializer())
        checkpoint.restore(manager.latest_checkpoint).assert_consumed().run_restore_ops()
        assert session.run(step) == 2 and not np.allclose(session.run(dense.kernel), kernel)
        other = tf.train.Checkpoint(layer=dense, unknown=tf.Variable(1.0))
        with pytest.raises(AssertionError, match="not assigned a value"):
            other.restore(manager.latest_checkpoint).assert_existing_objects_matched()
