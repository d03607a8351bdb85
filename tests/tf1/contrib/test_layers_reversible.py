"""`rev_block` and `recompute_grad`: gradients without the values between."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def _layer(x, side=None):
    w = tf.get_variable("w", [2, 2], initializer=tf.random_normal_initializer(seed=1))
    return tf.tanh(tf.matmul(x, w) + (side[0] if side else 0.0))


def _gradients(is_training, x, side):
    with tf.Graph().as_default(), tf.Session() as session:
        halves, side = tf.split(tf.constant(x), 2, axis=1), tf.constant(side)
        ys = tf.contrib.layers.rev_block(*halves, _layer, _layer, 2, f_side_input=[side], is_training=is_training)
        loss = tf.reduce_sum(ys[0] * [1.0, 2.0]) + tf.reduce_sum(ys[1] ** 2)
        names = [v.name for v in tf.trainable_variables()]
        session.run([v.initializer for v in tf.trainable_variables()])
        wanted = [*halves, side, *tf.trainable_variables()]
        return names, session.run([*ys, *tf.gradients(loss, wanted)])


def test_a_reversible_block_has_the_gradients_of_one_that_keeps_its_values():
    draw = np.random.default_rng(0)
    x, side = draw.normal(size=(3, 4)).astype(np.float32), draw.normal(size=(3, 2)).astype(np.float32)
    (names, efficient), (_, plain) = _gradients(True, x, side), _gradients(False, x, side)
    assert names == [f"revblock/revlayer_{i}/{part}/w:0" for i in range(2) for part in "fg"]
    for ours, kept in zip(efficient, plain, strict=True):
        np.testing.assert_allclose(ours, kept, rtol=2e-5, atol=2e-6)


def test_a_block_goes_back_from_its_outputs_to_its_inputs():
    with tf.Graph().as_default(), tf.Session() as session:
        x1, x2 = tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])
        block = tf.contrib.layers.RevBlock(_layer, [_layer, _layer], num_layers=2)
        back = block.backward(*block.forward(x1, x2))
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(session.run(back), [[[1.0, 2.0]], [[3.0, 4.0]]], rtol=1e-6)
        assert len(block.trainable_weights) == 4
        with pytest.raises(ValueError, match="num_layers = 3, got 2"):
            tf.contrib.layers.RevBlock(_layer, [_layer, _layer], num_layers=3)


def test_values_computed_again_give_the_same_gradients():
    times = []

    def layer(x, is_recomputing=False):
        times.append(is_recomputing)
        initial = tf.constant_initializer([1.0, -2.0, 3.0, 4.0])
        return tf.layers.dense(tf.nn.relu(x), 2, use_bias=False, name="d", kernel_initializer=initial)

    with tf.Graph().as_default(), tf.Session() as session, tf.variable_scope("s", use_resource=True):
        x = tf.constant([[1.0, 0.0], [-1.0, 2.0]])
        y = tf.contrib.layers.recompute_grad(layer)(x)
        w = tf.trainable_variables()[0]
        found = tf.gradients(tf.reduce_sum(y * y), [x, w])
        session.run(tf.global_variables_initializer())
        y, dx, dw = session.run([y, *found])
    assert times == [False, True]
    np.testing.assert_array_equal(y, [[1.0, -2.0], [6.0, 8.0]])
    np.testing.assert_array_equal(dx, [[10.0, 0.0], [0.0, 100.0]])
    np.testing.assert_array_equal(dw, [[2.0, -4.0], [24.0, 32.0]])


def test_what_cannot_be_computed_again_is_refused():
    with tf.Graph().as_default(), tf.variable_scope("s", use_resource=True):
        x, around = tf.constant([[1.0]]), tf.constant(2.0)
        with pytest.raises(ValueError, match="closes over Tensor"):
            tf.contrib.layers.recompute_grad(lambda x: x * around)
        with pytest.raises(ValueError, match="must be Tensors"):
            tf.contrib.layers.recompute_grad(use_data_dep=False)(lambda x: x)(1.0)
        y = tf.contrib.layers.recompute_grad(lambda x: tf.layers.dense(x, 1))(x)
        tf.contrib.layers.recompute_grad(lambda x: tf.layers.dense(x, 1))(x)
        with pytest.raises(ValueError, match=r"different|does not exist"):
            tf.gradients([y, tf.contrib.layers.recompute_grad(lambda x: tf.layers.dense(x, 1))(x)], x)
