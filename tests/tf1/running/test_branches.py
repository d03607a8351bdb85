"""What a conditional's branches have to do with each other."""

import numpy as np

import jax_slim.tf1 as tf


def test_a_branchs_tensor_is_used_in_branches_of_the_same_predicate():
    """Preprocessing that keeps its random numbers for a second image does so, also in nested conditionals."""
    kept = {}
    with tf.Graph().as_default(), tf.Session() as session:
        flag, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [2])

        def keep(name, value):
            kept[name] = value
            return value

        first = tf.cond(flag, lambda: x + keep("drawn", tf.random_uniform([2], seed=1)), lambda: x)
        second = tf.cond(flag, lambda: x - kept["drawn"], lambda: -x)
        tf.cond(flag, lambda: tf.cond(x[0] > 0.0, lambda: keep("deep", x * 3.0), lambda: x), lambda: x)
        third = tf.cond(flag, lambda: tf.cond(x[0] > 0.0, lambda: kept["deep"] + 1.0, lambda: x), lambda: x)
        for _ in range(5):
            for value in (True, False):
                a, b, c = session.run([first, second, third], {flag: value, x: [1.0, 2.0]})
                np.testing.assert_allclose(a + b, [2.0, 4.0] if value else [0.0, 0.0], rtol=1e-6)
                np.testing.assert_array_equal(c, [4.0, 7.0] if value else [1.0, 2.0])


def test_a_branch_that_waits_for_what_the_host_does_knows_its_predicate():
    with tf.Graph().as_default(), tf.Session() as session:
        p = tf.placeholder(tf.float32, [None])
        v = tf.Variable([0.0], validate_shape=False)
        update = tf.group(tf.assign(v, tf.boolean_mask(p, p > 0.0), validate_shape=False))
        chosen = tf.cond(tf.reduce_sum(p) >= 1.0, lambda: update, tf.no_op)
        session.run(tf.global_variables_initializer())
        for values, expected in (([2.0, -1.0], True), ([0.5], False), ([1.0, 2.0], True)):
            assert session.run(chosen, {p: values}) == expected
            assert session.run(v).tolist() == [x for x in values if x > 0]
