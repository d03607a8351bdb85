"""`tf.contrib.gan`: models, losses by their formulas, and training in turns."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

tfgan, layers = tf.contrib.gan, tf.contrib.layers


def _generator(inputs):
    return layers.fully_connected(inputs, 2, activation_fn=None, scope="fc")


def _discriminator(data, unused):
    return layers.fully_connected(data, 1, activation_fn=None, scope="fc")


def _model():
    real = tf.constant(np.random.RandomState(0).randn(4, 2) + 3, tf.float32)
    return tfgan.gan_model(_generator, _discriminator, real, tf.ones([4, 3]))


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        yield


def test_losses_are_what_they_are_called():
    real, fake = np.array([[1.0], [-2.0]], "float32"), np.array([[0.5], [3.0]], "float32")
    wargs = tfgan.losses.wargs

    def entropy(x, label):
        return np.mean(np.maximum(x, 0) - x * label + np.log1p(np.exp(-abs(x))))

    smoothed = 0.75 + 0.125
    wanted = {
        wargs.wasserstein_generator_loss(fake): -1.75,
        wargs.wasserstein_discriminator_loss(real, fake): 1.75 + 0.5,
        wargs.least_squares_generator_loss(fake): np.mean((fake - 1) ** 2) / 2,
        wargs.least_squares_discriminator_loss(real, fake): (np.mean((real - 1) ** 2) + np.mean(fake**2)) / 2,
        wargs.modified_generator_loss(fake): entropy(fake, 1),
        wargs.modified_discriminator_loss(real, fake): entropy(real, smoothed) + entropy(fake, 0),
        wargs.minimax_generator_loss(fake): -(entropy(np.ones_like(fake), 1) + entropy(fake, 0)),
    }
    with tf.Session() as session:
        for found, value in zip(session.run(list(wanted)), wanted.values(), strict=True):
            np.testing.assert_allclose(found, value, rtol=1e-5)
    assert len(tf.losses.get_losses()) == len(wanted)


def test_both_nets_train_in_turns(tmp_path):
    model = _model()
    assert [v.op.name for v in model.generator_variables] == ["Generator/fc/weights", "Generator/fc/biases"]
    assert [v.op.name for v in model.discriminator_variables] == ["Discriminator/fc/weights", "Discriminator/fc/biases"]
    loss = tfgan.gan_loss(model, gradient_penalty_weight=1.0, add_summaries=False)
    ops = tfgan.gan_train_ops(model, loss, tf.train.AdamOptimizer(0.1), tf.train.AdamOptimizer(0.1))
    hooks = [tf.train.StopAtStepHook(num_steps=3)]
    steps = tfgan.GANTrainSteps(generator_train_steps=1, discriminator_train_steps=2)
    assert tfgan.gan_train(ops, str(tmp_path), tfgan.get_sequential_train_hooks(steps), hooks=hooks) == 3
    path = tf.train.latest_checkpoint(str(tmp_path))
    # Adam's powers say how often each was applied: 0.9 ** (steps + 1).
    powers = sorted(tf.train.load_variable(path, n) for n, _ in tf.train.list_variables(path) if "beta1_power" in n)
    np.testing.assert_allclose(powers, [0.9**7, 0.9**4], rtol=1e-5)


def test_models_that_go_there_and_back():
    x, y = tf.ones([2, 2]), tf.zeros([2, 2])
    model = tfgan.cyclegan_model(_generator, _discriminator, x, y)
    loss = tfgan.cyclegan_loss(model, add_summaries=False)
    ops = tfgan.gan_train_ops(
        model, loss, tf.train.GradientDescentOptimizer(0.1), tf.train.GradientDescentOptimizer(0.1)
    )
    assert "ModelX2Y/Generator/fc/weights" in [v.op.name for v in tf.trainable_variables()]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(loss.loss_x2y.generator_loss)
        for _ in range(3):
            session.run([ops.generator_train_op, ops.global_step_inc_op])
        assert session.run(loss.loss_x2y.generator_loss) < before and session.run("global_step:0") == 3


def test_pictures_pools_and_conditions():
    images = np.arange(3 * 4, dtype="float32").reshape(3, 2, 2, 1)
    one_hot = tf.one_hot([0, 2], 3)
    conditioned = tfgan.features.condition_tensor_from_onehot(tf.zeros([2, 2, 2]), one_hot, embedding_size=4)
    pooled = tfgan.features.tensor_pool(tf.constant([1.0]), pool_size=2)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        picture = session.run(tfgan.eval.image_reshaper(tf.constant(images)))
        np.testing.assert_array_equal(picture[0, :, :, 0], [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 0, 0], [10, 11, 0, 0]])
        assert session.run(conditioned).shape == (2, 2, 2)
        assert [session.run(pooled).tolist() for _ in range(4)] == [[1.0]] * 4
