"""Gradients of LSTM and GRU blocks as operations: TensorFlow 2.21's, and those that JAX derives of the way there."""

import numpy as np

import jax_slim.tf1 as tf
from jax_slim.tf1.graph import building

# Of TensorFlow 2.21: outputs, then gradients of inputs, of BlockLSTMV2 on `_arguments`, two of three steps.
OUTPUTS = [0.1942616, 0.1503612, 0.1834966, 0.1270395, 0.1325517, 0.1440668, 0.1718211, 0.1499680, 0, 0, 0, 0]
GRADIENTS = [
    *[0.0686776, 0.1320392, -0.2828699, 0.1014902, 0.0919313, -0.2506199],
    *[0.0609544, 0.1221649, -0.2591286, 0.0577219, 0.0839714, -0.1939391],
    *[0.0] * 6,
]


def _values(*shape, k):
    return (np.cos(np.arange(np.prod(shape)) * k) * 0.5).astype(np.float32).reshape(shape)


def _arguments():
    shapes = [(3, 2, 3), (2, 2), (2, 2), (5, 8), (2,), (2,), (2,), (8,)]
    scales = [0.7, 0.3, 0.4, 1.1, 0.2, 0.5, 0.9, 1.3]
    return [tf.constant(_values(*shape, k=k)) for shape, k in zip(shapes, scales, strict=True)]


def test_a_block_of_the_second_kind_gives_tensorflows_numbers():
    with tf.Graph().as_default(), tf.Session() as session:
        steps, arguments = tf.constant(2, tf.int64), _arguments()
        made = building.make("BlockLSTMV2", steps, *arguments)
        ones = tf.ones_like(made[1])
        back = building.make("BlockLSTMGradV2", steps, *arguments, *made, ones * 0.5, ones, use_peephole=False)
        outputs, gradients = session.run([made[6], back[0]])
    np.testing.assert_allclose(outputs.ravel(), OUTPUTS, atol=1e-6)
    np.testing.assert_allclose(gradients.ravel(), GRADIENTS, atol=1e-6)


def test_gradients_of_a_block_are_those_of_its_steps():
    with tf.Graph().as_default(), tf.Session() as session:
        steps, arguments = tf.constant(2, tf.int64), _arguments()
        made = building.make("BlockLSTM", steps, *arguments, use_peephole=True, cell_clip=0.0)
        ones = tf.ones_like(made[1])
        back = building.make("BlockLSTMGrad", steps, *arguments, *made, ones * 0.5, ones, use_peephole=True)
        loss = 0.5 * tf.reduce_sum(made[1]) + tf.reduce_sum(made[6])
        derived = tf.gradients(loss, arguments)
        for name, found, wanted in zip(
            ["x", "c", "h", "w", "wci", "wcf", "wco", "b"], *session.run([list(back), derived]), strict=True
        ):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6, err_msg=name)


def test_gradients_of_single_steps():
    with tf.Graph().as_default(), tf.Session() as session:
        x, c, h, w, *holes, b = _arguments()
        x = x[0]
        made = building.make("LSTMBlockCell", x, c, h, w, *holes, b, cell_clip=0.0, use_peephole=True)
        ones = tf.ones([2, 2])
        back = building.make("LSTMBlockCellGrad", x, c, h, w, *holes, b, *made[:6], ones * 0.5, ones, use_peephole=True)
        derived = tf.gradients(0.5 * tf.reduce_sum(made[1]) + tf.reduce_sum(made[6]), [c, b, *holes])
        found, wanted = session.run([[back[0], tf.reduce_sum(back[1], 0), *back[2:]], derived])
        for ours, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)

        given = [x, h, w[:, :4], w[:, 4:6], b[:4], b[4:6]]
        made = building.make("GRUBlockCell", *given)
        back = building.make("GRUBlockCellGrad", *given, *made[:3], ones)
        derived = tf.gradients(tf.reduce_sum(made[3]), [x, h, given[5], given[4]])
        found, wanted = session.run([[*back[:2], tf.reduce_sum(back[2], 0), tf.reduce_sum(back[3], 0)], derived])
        for ours, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
