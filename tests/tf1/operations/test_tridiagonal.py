"""Matrices of three diagonals, against whole ones; their gradients against central differences in float64."""

import numpy as np
import pytest

import jax_slim.tf1 as tf

DIAGONALS = np.array([[1.0, 2, 0.5, 9], [4, 5, 6, 5], [9, 0.5, 1, 2]])
RIGHT = np.array([[1.0, 2], [3, -1], [0.5, 1], [2, 2]])
WHOLE = np.diag(DIAGONALS[1]) + np.diag(DIAGONALS[0, :3], 1) + np.diag(DIAGONALS[2, 1:], -1)


def test_solutions_and_products_of_each_form():
    with tf.Graph().as_default(), tf.Session() as session:
        solve, multiply = tf.linalg.tridiagonal_solve, tf.linalg.tridiagonal_matmul
        parts = [DIAGONALS[0, :3], DIAGONALS[1], DIAGONALS[2, 1:]]
        made = [
            solve(DIAGONALS, RIGHT), solve(parts, RIGHT, "sequence"), solve(WHOLE, RIGHT, "matrix"),
            solve(DIAGONALS, RIGHT.T, transpose_rhs=True), solve(np.stack([DIAGONALS] * 2), np.stack([RIGHT] * 2))[1],
        ]  # fmt: skip
        for found in session.run(made):
            np.testing.assert_allclose(found, np.linalg.solve(WHOLE, RIGHT), rtol=1e-12)
        vector, product = session.run([solve(DIAGONALS, RIGHT[:, 0]), multiply(parts, RIGHT, "sequence")])
        np.testing.assert_allclose(vector, np.linalg.solve(WHOLE, RIGHT[:, 0]), rtol=1e-12)
        np.testing.assert_allclose(product, WHOLE @ RIGHT, rtol=1e-12)
        with pytest.raises(ValueError, match="Expected 3 diagonals got 2"):
            solve(DIAGONALS[:2], RIGHT)
        with pytest.raises(ValueError, match="diagonals_format must be"):
            multiply(DIAGONALS, RIGHT, "rows")


def test_gradients():
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float64, [3, 4])
        for made in (tf.linalg.tridiagonal_solve(given, RIGHT), tf.linalg.tridiagonal_matmul(given, RIGHT)):
            loss = tf.reduce_sum(made * [[1.0, 2.0]])
            found = session.run(tf.gradients(loss, given)[0], {given: DIAGONALS})
            wanted = np.zeros((3, 4))
            for place in np.ndindex(3, 4):
                step = np.zeros((3, 4))
                step[place] = 1e-5
                ends = [session.run(loss, {given: DIAGONALS + sign * step}) for sign in (1, -1)]
                wanted[place] = (ends[0] - ends[1]) / 2e-5
            np.testing.assert_allclose(found, wanted, atol=1e-8)
