"""Optimizers of the room tf1: sparse updates, both kinds of variables, nodes and slots."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

START = np.arange(8, dtype=np.float32).reshape(4, 2) / 10 + 0.5
INDICES = [2, 0, 2]
WEIGHTS = np.array([[1.0, 2.0], [-0.5, 1.0], [0.25, -3.0]], np.float32)

OPTIMIZERS = {
    "gradient descent": lambda: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adagrad": lambda: tf.train.AdagradOptimizer(0.1),
    "adadelta": lambda: tf.train.AdadeltaOptimizer(1.0, epsilon=1e-3),
    "rmsprop": lambda: tf.train.RMSPropOptimizer(0.01, momentum=0.5, centered=True),
    "ftrl": lambda: tf.train.FtrlOptimizer(
        0.1, l1_regularization_strength=0.01, l2_shrinkage_regularization_strength=0.1
    ),
    "proximal adagrad": lambda: tf.train.ProximalAdagradOptimizer(0.1, l1_regularization_strength=0.01),
    "proximal descent": lambda: tf.train.ProximalGradientDescentOptimizer(0.1, l2_regularization_strength=0.1),
}


def after_two_steps(make, sparse: bool, use_resource: bool) -> np.ndarray:
    """The variable after two steps along a gradient that is 0 but for two rows."""
    with tf.Graph().as_default():
        v = tf.get_variable("v", initializer=START, use_resource=use_resource)
        if sparse:
            loss = tf.reduce_sum(tf.gather(v, INDICES) * WEIGHTS)
        else:
            picked = np.zeros((3, 4), np.float32)
            picked[np.arange(3), INDICES] = 1.0
            loss = tf.reduce_sum(tf.matmul(picked, v) * WEIGHTS)
        step = make().minimize(loss)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(step)
            session.run(step)
            return session.run(v)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_sparse_updates_move_the_same_rows_and_no_others(name):
    dense = after_two_steps(OPTIMIZERS[name], sparse=False, use_resource=False)
    sparse = after_two_steps(OPTIMIZERS[name], sparse=True, use_resource=False)
    np.testing.assert_allclose(sparse[[0, 2]], dense[[0, 2]], rtol=1e-5)
    np.testing.assert_array_equal(sparse[[1, 3]], START[[1, 3]])
    np.testing.assert_allclose(after_two_steps(OPTIMIZERS[name], sparse=True, use_resource=True), sparse, rtol=1e-6)


def test_adam_with_rows_moves_the_whole_variable_as_with_a_dense_gradient():
    make = lambda: tf.train.AdamOptimizer(0.1)  # noqa: E731
    dense = after_two_steps(make, sparse=False, use_resource=False)
    np.testing.assert_allclose(after_two_steps(make, sparse=True, use_resource=False), dense, rtol=1e-5)
    np.testing.assert_allclose(after_two_steps(make, sparse=True, use_resource=True), dense, rtol=1e-5)


def test_lazy_adam_leaves_other_rows_alone():
    moved = after_two_steps(lambda: tf.contrib.opt.LazyAdamOptimizer(0.1), sparse=True, use_resource=False)
    np.testing.assert_array_equal(moved[[1, 3]], START[[1, 3]])
    assert (moved[[0, 2]] != START[[0, 2]]).all()


def test_nodes_of_an_update_are_tensorflows():
    with tf.Graph().as_default() as graph:
        v = tf.get_variable("a/v", [3, 2])
        train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(
            tf.reduce_sum(tf.gather(v, [0, 2])), tf.train.create_global_step()
        )
        names = [op.name for op in graph.get_operations() if op.name.startswith("Momentum")]
    assert train.type == "AssignAdd"
    assert names == [
        "Momentum/learning_rate",
        "Momentum/momentum",
        "Momentum/update_a/v/Unique",
        "Momentum/update_a/v/Shape",
        "Momentum/update_a/v/strided_slice/stack",
        "Momentum/update_a/v/strided_slice/stack_1",
        "Momentum/update_a/v/strided_slice/stack_2",
        "Momentum/update_a/v/strided_slice",
        "Momentum/update_a/v/UnsortedSegmentSum",
        "Momentum/update_a/v/SparseApplyMomentum",
        "Momentum/update",
        "Momentum/value",
        "Momentum",
    ]


def test_a_constraint_is_applied_after_the_update():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=[1.0, -1.0], constraint=lambda t: tf.clip_by_value(t, -0.5, 0.5))
        step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(v))
        session.run(tf.global_variables_initializer())
        session.run(step)
        assert session.run(v).tolist() == [0.5, -0.5]


def test_weight_decay_apart_from_the_gradient():
    with tf.Graph().as_default(), tf.Session() as session:
        v, w = tf.get_variable("v", initializer=2.0), tf.get_variable("w", initializer=2.0)
        optimizer = tf.contrib.opt.extend_with_decoupled_weight_decay(tf.train.GradientDescentOptimizer)(
            0.1, learning_rate=1.0
        )
        step = optimizer.minimize(v + w, decay_var_list=[v])
        session.run(tf.global_variables_initializer())
        session.run(step)
        np.testing.assert_allclose(session.run([v, w]), [2.0 - 0.2 - 1.0, 1.0], rtol=1e-6)


def test_a_swapping_saver_restores_averages_into_variables(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=1.0)
        optimizer = tf.contrib.opt.MovingAverageOptimizer(tf.train.GradientDescentOptimizer(1.0), average_decay=0.5)
        step = optimizer.minimize(v)
        saver = optimizer.swapping_saver()
        session.run(tf.global_variables_initializer())
        session.run(step)
        path = saver.save(session, str(tmp_path / "model"))
    assert tf.train.load_variable(path, "v") == 0.5
    assert tf.train.load_variable(path, "v/ExponentialMovingAverage") == 0.0


def test_scipys_minimizer_finds_the_minimum_within_bounds():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=[3.0, 3.0])
        loss = tf.reduce_sum(tf.square(v - [1.0, -1.0]))
        optimizer = tf.contrib.opt.ScipyOptimizerInterface(loss, var_to_bounds={v: (0.0, np.inf)})
        session.run(tf.global_variables_initializer())
        optimizer.minimize(session)
        np.testing.assert_allclose(session.run(v), [1.0, 0.0], atol=1e-4)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda v: tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0)),
            ValueError,
            "No gradients provided",
        ),
        (lambda v: tf.train.GradientDescentOptimizer(0.1).apply_gradients([]), ValueError, "No variables provided"),
        (
            lambda v: tf.train.GradientDescentOptimizer(0.1).apply_gradients([(object(), v)]),
            TypeError,
            "Gradient must be",
        ),
        (lambda v: tf.train.FtrlOptimizer(0.1, learning_rate_power=0.5), ValueError, "learning_rate_power"),
        (lambda v: tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.0), ValueError, "must be positive"),
        (
            lambda v: tf.train.GradientDescentOptimizer(0.1).compute_gradients(v * 1.0, gate_gradients=7),
            ValueError,
            "gate_gradients",
        ),
    ],
)
def test_wrong_use_raises_tensorflows_errors(call, error, says):
    with tf.Graph().as_default():
        v = tf.get_variable("v", initializer=1.0)
        with pytest.raises(error, match=says):
            call(v)
