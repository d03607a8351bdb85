"""Gradients where TensorFlow 1's differ from what the derivative would be."""

import numpy as np
import pytest

import jax_slim.tf1 as tf
from jax_slim.tf1.graph import building


def test_cumprod_has_no_derivative_where_an_element_is_zero() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([[1.0, 2.0, 3.0], [0.0, 4.0, 5.0]])
        (found,) = session.run(tf.gradients(tf.cumprod(x, 1), x))
    np.testing.assert_array_equal(found, [[9.0, 4.0, 2.0], [np.nan, 0.0, 0.0]])


def test_values_of_one_hot_get_no_gradient() -> None:
    with tf.Graph().as_default():
        on = tf.placeholder(tf.float32, [])
        assert tf.gradients(tf.one_hot([1], 3, on), on) == [None]


def test_gradient_has_the_known_sizes_of_its_input() -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 3])
        (found,) = tf.gradients(tf.split(x, 3, axis=tf.placeholder(tf.int32, [])), x)
        assert found.shape.as_list() == [2, 3]


def test_what_takes_a_gradient_is_what_tensorflow_lets():
    """Paddings, regularizers and orders are constants; of a self-adjoint matrix the lower triangle is read."""
    with tf.Graph().as_default(), tf.Session() as session:
        make = building.make
        matrix = tf.constant([[3.0, 1.0], [1.0, 2.0]], tf.float64)
        number, row = tf.constant(0.5, tf.float64), tf.constant([2.0, 3.0], tf.float64)
        solved = make("MatrixSolveLs", matrix, matrix, number)
        spread = make("MatrixDiagV3", row, 0, -1, -1, number)
        assert tf.gradients([solved, spread], number) == [None]
        assert tf.gradients(tf.polygamma(row, row), row)[0] is not None
        values = make("SelfAdjointEigV2", matrix, compute_v=False)[0]
        root = make("MatrixSquareRoot", tf.stack([matrix, matrix]))
        kinds = tf.constant([1.0 + 2.0j])
        made = [
            tf.gradients(values[1] * 2.0, matrix)[0], tf.gradients(tf.sign(kinds), kinds, tf.ones_like(kinds))[0],
            tf.gradients(make("NextAfter", row, number), [row, number])[1], tf.matmul(root, root)[1],
            tf.gradients(root, matrix)[0],
        ]  # fmt: skip
        eigen, sign, after, square, of_root = session.run(made)
    vector = np.linalg.eigh(np.array([[3.0, 1.0], [1.0, 2.0]]))[1][:, 1]
    np.testing.assert_allclose(eigen, 2 * np.array([[vector[0] ** 2, 0], [2 * vector[0] * vector[1], vector[1] ** 2]]))
    np.testing.assert_allclose(square, [[3, 1], [1, 2]])
    assert sign.tolist() == [0]
    assert after == 0
    # The sum of X + dX, where X dX + dX X = dA, is tr(S dA) for the S of X S + S X = 1.
    x = np.linalg.eigh(np.array([[3.0, 1.0], [1.0, 2.0]]))
    turned = x[1].T @ np.ones((2, 2)) @ x[1] / (np.sqrt(x[0])[:, None] + np.sqrt(x[0]))
    np.testing.assert_allclose(of_root, 2 * x[1] @ turned @ x[1].T)


def test_what_was_taken_of_the_largest_goes_back_to_them():
    with tf.Graph().as_default(), tf.Session() as session:
        make = building.make
        rows = tf.constant([[4.0, 1.0, 2.0], [2.0, 2.0, 5.0]])
        found = [make("NthElement", rows, 1), make("NthElement", rows, 0, reverse=True)]
        gradients = [tf.gradients(one, rows, tf.constant([2.0, 3.0]))[0] for one in found]
        values, returned = session.run([found, gradients])
        assert [v.tolist() for v in values] == [[2, 2], [4, 5]]
        assert [b.tolist() for b in returned] == [[[0, 0, 2], [1.5, 1.5, 0]], [[2, 0, 0], [0, 0, 3]]]
        facts = dict(ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        image = tf.reshape(tf.constant([1.0, 2, 4, 3]), [1, 2, 2, 1])
        other = tf.reshape(tf.constant([5.0, 6, 7, 8]), [1, 2, 2, 1])
        pooled = tf.nn.max_pool(image, facts["ksize"], facts["strides"], "VALID")
        taken = make("MaxPoolGradGrad", image, pooled, other, **facts)
        _, _, back = tf.gradients(taken, [image, pooled, other])
        assert session.run(taken).ravel().tolist() == [7]
        assert session.run(back).ravel().tolist() == [0, 0, 1, 0]
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"at least n\+1=4 columns"):
            session.run(make("NthElement", rows, tf.placeholder_with_default(3, [])))
