"""Random numbers of tf1: those of TensorFlow's own kernels, in the session and its later runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.operations import philox

# What TensorFlow 2.21 draws in graph mode (the kernels are those of 1.15): the first and the second run of a session.
DRAWN = {
    "uniform": (
        lambda: tf.random_uniform([5], seed=3),
        [
            [0.3869294, 0.36002624, 0.9768796, 0.08651638, 0.5038012],
            [0.47964334, 0.29272044, 0.9550446, 0.20956695, 0.37514734],
        ],
    ),
    "normal of half": (
        lambda: tf.random_normal([5], dtype=tf.float16, seed=3),
        [[1.062, -0.8784, 0.1119, 0.185, 0.909], [1.169, -0.3215, 0.2935, 0.07623, -0.5625]],
    ),
    "truncated double": (
        lambda: tf.truncated_normal([7], dtype=tf.float64, seed=3),
        [[-1.98915126, 0.86133197, 0.50015425], [0.20655075, -0.89775307, -0.57691561]],
    ),
    "truncated": (
        lambda: tf.truncated_normal([9], seed=3),
        [
            [1.0616621, -0.8785783, 0.11187216, 0.18511717, -0.16233478],
            [-0.505003, 1.3330936, 0.02697726, -0.8263079, 0.511817],
        ],
    ),
    "integers": (
        lambda: tf.random_uniform([5], 2, 77, dtype=tf.int64, seed=9),
        [[30, 60, 31, 42, 59], [53, 26, 16, 4, 27]],
    ),
    "classes": (
        lambda: tf.random.categorical([[0.0, 1.0, 2.0], [1.0, 0.0, 5.0]], 6, seed=4),
        [[[2, 2, 1, 2, 2, 1], [2, 2, 2, 2, 2, 2]], [[0, 1, 2, 2, 2, 1], [2, 2, 2, 2, 2, 2]]],
    ),
    "shuffle": (lambda: tf.random_shuffle(tf.range(6), seed=5), [[1, 5, 2, 0, 4, 3], [2, 5, 3, 0, 4, 1]]),
    "gamma": (
        lambda: tf.random_gamma([5], [0.5, 1.0, 3.0], seed=3),
        [[[2.1882465e-03, 1.0226454, 3.2647812], [3.5188273e-02, 0.719284, 3.7314193]], None],
    ),
    "stateless": (
        lambda: tf.random.stateless_uniform([5], [3, 9], minval=1, maxval=100, dtype=tf.int32),
        [[31, 12, 4, 56, 4]] * 2,
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_numbers_are_tensorflows(name):
    make, expected = DRAWN[name]
    with tf.Graph().as_default():
        drawn = make()
        with tf.Session() as session:
            runs = [session.run(drawn), session.run(drawn)]
    for found, wanted in zip(runs, expected, strict=True):
        if wanted is not None:
            np.testing.assert_allclose(
                found[: len(wanted)], wanted, rtol=2e-3 if found.dtype == np.float16 else 2e-5, atol=1e-6
            )


@pytest.mark.parametrize("kind", ["unit", "normal", "truncated"])
def test_many_numbers_begin_like_few_and_are_those_of_traced_programs(kind):
    stream = philox.of_seeds(87654321, 5, np.uint64(3))
    many = philox.draw(kind, stream, 9001, np.float32)
    np.testing.assert_allclose(many[:50], philox.draw(kind, stream, 50, np.float32), atol=1e-6)
    with jax.enable_x64(True):
        traced = jax.jit(lambda first: philox.draw(kind, stream._replace(first=first), 9001, np.float32))(jnp.uint64(3))
    np.testing.assert_allclose(many, np.asarray(traced), atol=1e-6)


def test_without_a_seed_sessions_differ_and_with_one_they_do_not():
    with tf.Graph().as_default():
        unseeded, seeded = tf.random_uniform([4]), tf.random_uniform([4], seed=1)
        runs = []
        for _ in range(2):
            with tf.Session() as session:
                runs.append(session.run([unseeded, seeded]))
    assert not np.array_equal(runs[0][0], runs[1][0])
    np.testing.assert_array_equal(runs[0][1], runs[1][1])
