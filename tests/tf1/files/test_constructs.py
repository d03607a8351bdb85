"""Conditionals and loops of graphs that were read are what they were."""

import numpy as np
import pytest

import jax_slim.tf1 as tf


def plain_cond(x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: tf.zeros_like(x) - 1.0)


def constants_alone(x):
    return tf.cond(x[0] > 0, lambda: tf.constant([1.0, 2.0]), lambda: tf.constant([3.0, 4.0]))


def nested_conds(x):
    inner = lambda: tf.cond(x[0] > 0, lambda: x + 1.0, lambda: x - 1.0)  # noqa: E731
    return tf.cond(x[1] > 0, inner, lambda: tf.cond(x[0] > 0, lambda: x * 3.0, lambda: tf.identity(x)))


def plain_loop(x):
    return tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * x), [0, x])[1]


def a_cond_in_a_loop(x):
    def body(i, a):
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: a + x, lambda: a * 0.5)

    return tf.while_loop(lambda i, a: i < 5, body, [0, x])[1]


def a_loop_in_a_cond_in_a_loop(x):
    def inner(a):
        return tf.while_loop(lambda j, b: j < 2, lambda j, b: (j + 1, b + x), [0, a])[1]

    def body(i, a):
        return i + 1, tf.cond(a[0] > 1.0, lambda: a - 1.0, lambda: inner(a))

    return tf.while_loop(lambda i, a: i < 4, body, [0, x])[1]


BUILDERS = [plain_cond, constants_alone, nested_conds, plain_loop, a_cond_in_a_loop, a_loop_in_a_cond_in_a_loop]
INPUTS = [[0.5, 1.0], [-0.5, 1.0], [0.5, -1.0], [-0.5, -1.0]]


@pytest.mark.parametrize("build", BUILDERS)
def test_constructs_give_the_same_after_they_were_read(build):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [2], name="x")
        tf.identity(build(x), name="y")
        definition = graph.as_graph_def()
        expected = [session.run("y:0", {x: value}) for value in INPUTS]
    with tf.Graph().as_default(), tf.Session() as session:
        (y,) = tf.import_graph_def(definition, return_elements=["y:0"], name="again")
        for _ in range(2):  # compiled, at the latest, in the second round
            for value, result in zip(INPUTS, expected, strict=True):
                np.testing.assert_allclose(session.run(y, {"again/x:0": value}), result, rtol=1e-6)


@pytest.mark.parametrize("build", [plain_cond, plain_loop, a_cond_in_a_loop])
def test_gradients_go_through_what_was_read(build):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [2], name="x")
        y = tf.identity(build(x), name="y")
        definition = graph.as_graph_def()
        expected = session.run(tf.gradients(y, x)[0], {x: INPUTS[0]})
    with tf.Graph().as_default(), tf.Session() as session:
        mine = tf.constant(INPUTS[0])
        (y,) = tf.import_graph_def(definition, {"x": mine}, ["y:0"])
        np.testing.assert_allclose(session.run(tf.gradients(y, mine)[0]), expected, rtol=1e-6)


def test_gradients_that_were_made_before_writing_are_found_again():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [2], name="x")
        tf.identity(tf.gradients(a_cond_in_a_loop(x), x)[0], name="slope")
        definition = graph.as_graph_def()
        expected = session.run("slope:0", {x: INPUTS[0]})
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(definition, name="")
        np.testing.assert_allclose(session.run("slope:0", {"x:0": INPUTS[0]}), expected, rtol=1e-6)
